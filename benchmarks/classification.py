"""Classifiers beside scikit-learn."""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import SVC, LinearSVC

from benchmarks.measure import Row
from course_utils import classification


def rows() -> list[Row]:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2000, 50))
    signs = np.where(X @ rng.normal(size=50) + 3 * rng.normal(size=2000) > 0, 1, -1)
    y = np.argmax(X[:, :5] + rng.normal(size=(2000, 5)), axis=1)
    return [
        Row(
            "support vector machine, 2000 × 50",
            classification.fit_svm,
            (X, signs),
            "sklearn SVC(kernel='linear')",
            lambda: SVC(kernel="linear", C=0.5).fit(X, signs),
        ),
        Row(
            "support vector machine, 2000 × 50",
            classification.fit_svm,
            (X, signs),
            "sklearn LinearSVC (its intercept is penalised)",
            lambda: LinearSVC(C=0.5, loss="hinge", tol=1e-6, max_iter=100_000).fit(X, signs),
        ),
        Row(
            "softmax regression, 5 classes, 2000 × 50",
            lambda X, y: classification.fit_softmax(X, y, lam=0.01),
            (X, y),
            "sklearn newton-cholesky",
            lambda: LogisticRegression(
                C=1 / (0.01 * len(X)), fit_intercept=False, solver="newton-cholesky", tol=1e-8
            ).fit(X, y),
        ),
        Row(
            "Gaussian naive Bayes, 5 classes, fit and predict",
            lambda X, y: classification.GaussianNaiveBayes().fit(X, y).predict(X),
            (X, y),
            "sklearn GaussianNB",
            lambda: GaussianNB().fit(X, y).predict(X),
        ),
    ]
