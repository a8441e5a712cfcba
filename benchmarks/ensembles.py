"""Boosting beside scikit-learn."""

from __future__ import annotations

import numpy as np
from sklearn.ensemble import AdaBoostClassifier, GradientBoostingRegressor

from benchmarks.measure import Row
from course_utils.ensembles import AdaBoost, GradientBoosting


def rows() -> list[Row]:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2000, 10))
    signs = np.where((X[:, :2] ** 2).sum(axis=1) > 1.4, 1, -1)
    y = X[:, 0] ** 2 + X[:, 1]
    return [
        Row(
            "AdaBoost, 100 stumps, 2000 × 10",
            lambda X, y: AdaBoost(100).fit(X, y).predict(X),
            (X, signs),
            "sklearn AdaBoostClassifier",
            lambda: AdaBoostClassifier(n_estimators=100).fit(X, signs).predict(X),
        ),
        Row(
            "gradient boosting, 100 stumps, 2000 × 10",
            lambda X, y: GradientBoosting(100).fit(X, y).predict(X),
            (X, y),
            "sklearn GradientBoostingRegressor",
            lambda: GradientBoostingRegressor(n_estimators=100, max_depth=1).fit(X, y).predict(X),
        ),
    ]
