"""Regression beside scikit-learn and np.polyfit."""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge

from benchmarks.measure import Row
from course_utils import regression


def rows() -> list[Row]:
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(2000, 50)), rng.normal(size=(2000, 3))
    lams = np.logspace(-3, 3, 60)
    x_many, y_many = rng.normal(size=(10_000, 50)), rng.normal(size=(10_000, 50))
    labels = (X @ rng.normal(size=50) + rng.normal(size=2000) > 0).astype(float)
    least_squares = LinearRegression(fit_intercept=False)
    logistic = LogisticRegression(
        C=1 / (0.1 * len(X)), fit_intercept=False, solver="newton-cholesky", tol=1e-8
    )
    return [
        Row(
            "ridge, 60 values of λ, 2000 × 50",
            regression.fit_ridge,
            (X, Y, lams),
            "sklearn Ridge in a loop",
            lambda: [
                Ridge(alpha=lam, fit_intercept=False, solver="cholesky").fit(X, Y).coef_ for lam in lams
            ],
        ),
        Row(
            "10,000 straight lines through 50 points",
            regression.fit_line,
            (x_many, y_many),
            "np.polyfit in a loop",
            lambda: [np.polyfit(x, y, 1) for x, y in zip(x_many, y_many, strict=True)],
        ),
        Row(
            "least squares, 2000 × 50",
            regression.fit_least_squares,
            (X, Y),
            "sklearn LinearRegression",
            lambda: least_squares.fit(X, Y),
        ),
        Row(
            "logistic regression with L2, 2000 × 50",
            lambda X, y: regression.fit_logistic(X, y, lam=0.1),
            (X, labels),
            "sklearn newton-cholesky",
            lambda: logistic.fit(X, labels),
        ),
    ]
