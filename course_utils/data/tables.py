"""Tables from scikit-learn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from course_utils._arrays import require


@dataclass(frozen=True)
class Split:
    """A training and a test part that share no sample; features standardised with the training part's numbers.

    Parameters
    ----------
    X_train, X_test
        Features, (n, d) float64; each column of ``X_train`` has mean 0 and standard deviation 1.
    y_train, y_test
        Targets, (n,): numbers, or labels 0 and 1.
    feature_names
        One for each column.
    target_names
        What 0 and 1 mean; empty for numbers.
    """

    X_train: np.ndarray
    y_train: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray
    feature_names: tuple[str, ...]
    target_names: tuple[str, ...] = ()


def load_diabetes_split(test_fraction: float = 0.3, seed: int = 0) -> Split:
    """Progression of diabetes after one year (a number) from ten features of 442 patients.

    Parameters
    ----------
    test_fraction
        The share of samples that is kept for testing.
    seed
        Decides who goes where; the same seed always gives the same split.

    Examples
    --------
    >>> split = load_diabetes_split()
    >>> split.X_train.shape, split.X_test.shape
    ((309, 10), (133, 10))
    """
    from sklearn.datasets import load_diabetes

    table = load_diabetes(scaled=False)
    names = ("age", "sex", "bmi", "bp", "cholesterol", "ldl", "hdl", "chol/hdl", "log trigl.", "glucose")
    return _split(table.data, table.target, names, (), test_fraction, seed)


def load_breast_cancer_split(test_fraction: float = 0.3, seed: int = 0) -> Split:
    """Malignant (1) or benign (0), from 30 features of the cell nuclei of 569 biopsies.

    scikit-learn labels malignant 0; here it is 1, for it is the class that one looks for.

    Parameters
    ----------
    test_fraction, seed
        As in :func:`load_diabetes_split`.

    Examples
    --------
    >>> split = load_breast_cancer_split()
    >>> split.target_names, int(split.y_train.sum() + split.y_test.sum())
    (('benign', 'malignant'), 212)
    """
    from sklearn.datasets import load_breast_cancer

    table = load_breast_cancer()
    return _split(
        table.data,
        (1 - table.target).astype(float),
        tuple(map(str, table.feature_names)),
        ("benign", "malignant"),
        test_fraction,
        seed,
    )


def _split(
    X: Any,
    y: Any,
    feature_names: tuple[str, ...],
    target_names: tuple[str, ...],
    test_fraction: float,
    seed: int,
) -> Split:
    require(0 < test_fraction < 1, "test_fraction", "a number between 0 and 1", test_fraction)
    order = np.random.default_rng(seed).permutation(len(X))
    held_out = round(test_fraction * len(X))
    test, train = order[:held_out], order[held_out:]
    mean, scale = X[train].mean(axis=0), X[train].std(axis=0)
    return Split(
        (X[train] - mean) / scale, y[train], (X[test] - mean) / scale, y[test], feature_names, target_names
    )
