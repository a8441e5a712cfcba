"""Explorers for notebook 03: bias and variance of polynomials, and cross-validation."""

from __future__ import annotations

import numpy as np

from course_utils.model_selection import bias_variance, kfold
from course_utils.regression import polynomial_features
from course_utils.widgets.controls import Again, Slider
from course_utils.widgets.explorer import Explorer
from course_utils.widgets.scene import Panel, Scene

_GRID = np.linspace(-1, 1, 81)
_DEGREES = range(13)
_FITS = 200


def truth(x: np.ndarray) -> np.ndarray:
    """The curve that is to be learnt."""
    wave: np.ndarray = np.sin(3 * x) + 0.4 * x
    return wave


def fitted(x: np.ndarray, y: np.ndarray, degree: int, lam: float, at: np.ndarray = _GRID) -> np.ndarray:
    """Polynomials through samples (fits, n), their intercepts not penalised, at the points ``at``: (fits, points)."""
    if degree == 0:
        return np.repeat(y.mean(axis=1, keepdims=True), len(at), axis=1)
    X = polynomial_features(x.ravel(), degree)[:, -degree:].reshape(*x.shape, degree)
    mean, middle = y.mean(axis=1), X.mean(axis=1)
    X, y = X - middle[:, None], y - mean[:, None]
    # All normal equations of ridge regression at once, (XᵀX + λI) w = Xᵀy.
    grams = X.swapaxes(1, 2) @ X + lam * np.eye(degree)
    w = np.linalg.solve(grams, X.swapaxes(1, 2) @ y[..., None])[..., 0]
    features = polynomial_features(at, degree)[:, -degree:]
    predictions: np.ndarray = mean[:, None] + w @ features.T - (w * middle).sum(axis=1, keepdims=True)
    return predictions


def draw(n: int, noise: float, fits: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Samples (fits, n) of noisy points on the curve."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1, 1, (fits, n))
    return x, truth(x) + noise * rng.normal(size=x.shape)


def bias_variance_scene(degree: int, noise: float, n: int, lam: float, seed: int) -> Scene:
    """Two hundred fits of one degree, and what each degree would give."""
    x, y = draw(n, noise, _FITS, seed)
    parts = [bias_variance(fitted(x, y, each, lam), truth(_GRID)) for each in _DEGREES]
    bias = [float((part.bias**2).mean()) for part in parts]
    variance = [float(part.variance.mean()) for part in parts]
    curves = fitted(x, y, degree, lam)
    picture = Panel("30 of 200 fits", (-1, 1), (-2.4, 2.4), "x", "y", height=290,
                    describe="Thirty fitted curves, their mean, and the true curve")  # fmt: skip
    for curve in curves[:30]:
        picture.line(_GRID, curve.clip(-9, 9), "quiet", width=0.8, opacity=0.6)
    picture.line(_GRID, truth(_GRID), "third", width=2.5, name="the truth")
    picture.line(_GRID, curves.mean(axis=0), "second", dash="7 3", width=2.5, name="mean of 200 fits")
    picture.dots(x[0], y[0], "ink", size=5, name="one of the 200 samples")
    top = 0.6
    errors = Panel("what each degree gives", (-0.5, 12.5), (0, top), "degree", "squared error", height=290,
                   describe="Squared bias, variance and their sum against the degree")  # fmt: skip
    for values, color, dash, name in (
        (bias, "first", "", "bias²"),
        (variance, "second", "7 3", "variance"),
        (np.add(bias, variance), "ink", "2 3", "their sum"),
    ):
        errors.line(_DEGREES, np.clip(values, None, 3), color, dash=dash, name=name)
    errors.segments([degree], [0], [degree], [top], "quiet", dash="3 3")
    for values, color in ((bias, "first"), (variance, "second")):
        errors.dots([degree], [min(values[degree], top)], color, size=10)
    b, v = bias[degree], variance[degree]
    best = int(np.argmin(np.add(bias, variance)))
    verdict = "variance rules: overfitting" if v > b else "bias rules: underfitting"
    if degree == best:
        verdict = "the least of all degrees"
    says = (
        f"Degree {degree}: bias² {b:.3f} + variance {v:.3f} = error {b + v:.3f}; {verdict}. Least error at degree {best}. "
        f"Against noisy targets {noise**2:.3f} comes on top."
    )
    return Scene([picture, errors], says)


class BiasVarianceExplorer(Explorer):
    """Two hundred polynomials at once, and what their error is made of."""

    shows = "Fit the same model to 200 samples: how far the mean is from the truth is bias, how far the fits are from their mean is variance."
    tries = (
        "Move the degree from 0 to 12: where does variance take over?",
        "At degree 12 raise λ, or the number of points: both bring variance down. Which one raises bias?",
    )
    controls = {
        "degree": Slider("degree", 0, 12, 3, say="{:d}"),
        "noise": Slider("noise σ", 0.0, 1.0, 0.4, step=0.05, say="{:.2f}"),
        "n": Slider("points in a sample", 14, 104, 24, step=5, say="{:d}"),
        "lam": Slider("λ", 1e-6, 10.0, 1e-6, step=10**0.25, log=True, say="{:.2g}"),
        "seed": Again("draw again"),
    }
    scene = staticmethod(bias_variance_scene)


def cross_validation_scene(k: int, degree: int, seed: int) -> Scene:
    """Who is held out when, and what it says about each degree."""
    n, noise = 20, 0.35
    x, y = (part[0] for part in draw(n, noise, 1, 100 + seed))
    folds = kfold(n, k, seed=seed)
    plan = Panel("who is held out", (0, n), (k + 0.5, 0.5), "sample", "round", height=280,
                 describe="A row for each round: the samples held out are filled")  # fmt: skip
    for number, (kept, held) in enumerate(folds, 1):
        plan.bars(kept, kept + 0.85, np.full(len(kept), number - 0.35), np.full(len(kept), number + 0.35), "first", opacity=0.35, name="fitted to" if number == 1 else "")  # fmt: skip
        plan.bars(held, held + 0.85, np.full(len(held), number - 0.35), np.full(len(held), number + 0.35), "second", name="held out" if number == 1 else "")  # fmt: skip
    degrees = range(9)
    losses = np.array(
        [
            [
                float(((fitted(x[None, kept], y[None, kept], each, 1e-6, x[held])[0] - y[held]) ** 2).mean())
                for kept, held in folds
            ]
            for each in degrees
        ]
    )
    dense = np.linspace(-1, 1, 401)
    training = [float(((fitted(x[None], y[None], each, 1e-6, x)[0] - y) ** 2).mean()) for each in degrees]
    real = [
        float(((fitted(x[None], y[None], each, 1e-6, dense)[0] - truth(dense)) ** 2).mean()) + noise**2
        for each in degrees
    ]
    mean, spread = losses.mean(axis=1), losses.std(axis=1) / np.sqrt(k)
    top = 1.0
    panel = Panel("what it says", (-0.5, 8.5), (0, top), "degree", "squared error", height=280,
                  describe="Cross-validation error, training error and true error against the degree")  # fmt: skip
    panel.segments(degrees, np.clip(mean - spread, 0, 3), degrees, np.clip(mean + spread, 0, 3), "first", width=5, opacity=0.4)  # fmt: skip
    panel.line(degrees, mean.clip(max=3), "first", name="held out, mean ± its standard error")
    panel.line(degrees, training, "second", dash="7 3", name="training")
    panel.line(degrees, np.clip(real, None, 3), "third", dash="2 3", name="on endless new data")
    panel.segments([degree], [0], [degree], [top], "quiet", dash="3 3")
    panel.dots(
        [degree] * 3, [min(v, top) for v in (mean[degree], training[degree], real[degree])], "ink", size=7
    )
    choice = int(mean.argmin())
    says = (
        f"Degree {degree}: training {training[degree]:.2f}, held out {mean[degree]:.2f}, on new data {real[degree]:.2f}. "
        f"{k} folds choose degree {choice}; the best is {int(np.argmin(real))}, training error would choose {int(np.argmin(training))}."
    )
    return Scene([plan, panel], says)


class CrossValidationExplorer(Explorer):
    """k-fold cross-validation beside the training error and the true one."""

    shows = "Every sample is held out once; the mean error on what was held out says how a model will do on data it hasn't seen."
    tries = (
        "Follow the training error to the right: it never rises. Which error rises, and where?",
        "Set k to 20, leaving one out at a time, and draw again some times: does the choice get steadier?",
    )
    controls = {
        "k": Slider("folds k", 2, 20, 5, say="{:d}"),
        "degree": Slider("degree", 0, 8, 3, say="{:d}"),
        "seed": Again("draw again"),
    }
    scene = staticmethod(cross_validation_scene)
