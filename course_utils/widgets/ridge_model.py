"""What the ridge widget shows, computed at once for every λ; nothing here knows of a browser."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from course_utils._arrays import require
from course_utils.regression import fit_ridge, polynomial_features


@dataclass(frozen=True)
class RidgePath:
    """Ridge regression along a range of λ. L values of λ, d features, m test samples.

    Parameters
    ----------
    lams
        λ, ascending (L,).
    coefficients
        Weights of the standardised features (L, d).
    intercept
        The training targets' mean, which isn't penalised.
    training_error, test_error
        Root of the mean squared error (L,), in units of the target.
    """

    lams: np.ndarray
    coefficients: np.ndarray
    intercept: float
    training_error: np.ndarray
    test_error: np.ndarray

    @property
    def best(self) -> int:
        """The index of the λ with the lowest test error."""
        return int(np.argmin(self.test_error))

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Predictions for standardised features X (m, d) by every λ: (L, m)."""
        predictions: np.ndarray = self.coefficients @ X.T + self.intercept
        return predictions

    def describe(self, index: int) -> str:
        """One sentence on what is seen at ``lams[index]``."""
        train, test, best = self.training_error[index], self.test_error[index], self.test_error[self.best]
        errors = f"λ = {self.lams[index]:.3g}: training error {train:.3g}, test error {test:.3g}."
        if test <= 1.02 * best:
            return f"{errors} Within 2 % of the lowest test error."
        if self.lams[index] < self.lams[self.best]:
            return f"{errors} Overfitting: λ is too small, the model follows the noise."
        return f"{errors} Underfitting: λ is too large, the weights are held near zero."


def ridge_path(
    X_train: np.ndarray, y_train: np.ndarray, X_test: np.ndarray, y_test: np.ndarray, lams: np.ndarray
) -> RidgePath:
    """Fit every λ in one call and measure both errors.

    Parameters
    ----------
    X_train, X_test
        Features (n, d) and (m, d), standardised with the training part's numbers.
    y_train, y_test
        Targets (n,) and (m,).
    lams
        λ > 0, ascending (L,).
    """
    require(
        X_train.shape[1:] == X_test.shape[1:],
        "X_test",
        f"{X_train.shape[1]} columns",
        f"shape {X_test.shape}",
    )
    require(
        y_train.shape == X_train.shape[:1], "y_train", f"shape ({len(X_train)},)", f"shape {y_train.shape}"
    )
    require(y_test.shape == X_test.shape[:1], "y_test", f"shape ({len(X_test)},)", f"shape {y_test.shape}")
    intercept = float(y_train.mean())
    coefficients = fit_ridge(X_train, y_train - intercept, lams)  # (L, d)
    errors = (
        np.sqrt(np.mean((coefficients @ X.T + intercept - y) ** 2, axis=1))
        for X, y in ((X_train, y_train), (X_test, y_test))
    )
    return RidgePath(lams, coefficients, intercept, *errors)


@dataclass(frozen=True)
class Curve:
    """Noisy samples of a curve, to be fitted by a polynomial.

    Parameters
    ----------
    x_train, y_train, x_test, y_test
        The samples.
    degree
        Of the polynomial.
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    degree: int

    def features(self, x: np.ndarray) -> np.ndarray:
        """Powers of x, standardised with the training part's numbers: (m, degree)."""
        powers = polynomial_features(self.x_train, self.degree)
        standardised: np.ndarray = (polynomial_features(x, self.degree) - powers.mean(axis=0)) / powers.std(
            axis=0
        )
        return standardised


def example_curve(n: int = 15, degree: int = 12, noise: float = 0.35, seed: int = 3) -> Curve:
    """A wave with noise on it: few samples to train on, many to test on."""
    rng = np.random.default_rng(seed)
    x_train, x_test = np.linspace(-1, 1, n) + rng.uniform(-0.3, 0.3, n) / n, np.linspace(-0.97, 0.97, 150)
    y_train, y_test = (np.sin(3.5 * x) + 0.4 * x + rng.normal(0, noise, x.size) for x in (x_train, x_test))
    return Curve(x_train, y_train, x_test, y_test, degree)
