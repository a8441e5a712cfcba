"""Choosing a model honestly: hold data out, take errors apart, search hyperparameters.

Samples are rows (n, d). NumPy arrays or torch tensors.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from course_utils._arrays import Array, as_arrays, require, require_axes, require_same_rows
from course_utils.regression import mean_squared_error

__all__ = ["BiasVariance", "Trial", "bias_variance", "cross_validate", "kfold", "random_search"]


def kfold(n: int, k: int, seed: int | None = 0) -> list[tuple[np.ndarray, np.ndarray]]:
    """Partition n samples into k sets at random; each is held out once.

    Parameters
    ----------
    n
        Number of samples.
    k
        Number of sets, from 2 to n; ``k = n`` leaves one out at a time. The sizes differ by one at the most.
    seed
        Decides the partition. With ``None`` the samples stay in their order: for data that must not be mixed.

    Returns
    -------
    list of (train, test)
        Arrays of row numbers; each in increasing order.

    References
    ----------
    Hastie, Tibshirani and Friedman, *The Elements of Statistical Learning*, section 7.10.

    Examples
    --------
    >>> [test.tolist() for train, test in kfold(5, 2, seed=None)]
    [[0, 1, 2], [3, 4]]
    """
    require(2 <= k <= n, "k", f"a number from 2 to n = {n}", k)
    order = np.arange(n) if seed is None else np.random.default_rng(seed).permutation(n)
    held_out = [np.sort(fold) for fold in np.array_split(order, k)]
    return [(np.setdiff1d(np.arange(n), fold), fold) for fold in held_out]


def cross_validate(
    fit: Callable[[Array, Array], Any],
    predict: Callable[[Any, Array], Array],
    X: Array,
    y: Array,
    k: int = 5,
    seed: int | None = 0,
    loss: Callable[[Array, Array], Array] = mean_squared_error,
) -> Array:
    """Loss on each of k sets of a model that was fitted to the others.

    Whatever learns from data belongs into ``fit``, scaling and selecting features too; outside, it would have seen the
    samples that are held out.

    Parameters
    ----------
    fit
        ``fit(X, y) -> model``.
    predict
        ``predict(model, X) -> predictions``.
    X
        Inputs (n, d).
    y
        Targets (n, …).
    k, seed
        As in :func:`kfold`.
    loss
        ``loss(predictions, y)``, the mean over samples.

    Returns
    -------
    array
        (k,): their mean estimates the risk, and their spread says how well.

    References
    ----------
    Hastie, Tibshirani and Friedman, *The Elements of Statistical Learning*, section 7.10.

    Examples
    --------
    >>> from course_utils.regression import fit_least_squares
    >>> X, y = [[1.0], [2.0], [3.0], [4.0]], [2.0, 4.0, 6.0, 8.0]
    >>> cross_validate(fit_least_squares, lambda A, X: X @ A, X, y, k=2).round(6)
    array([0., 0.])
    """
    xp, (X, y) = as_arrays(X=X, y=y)
    require_axes("X", X, "(n, d)")
    require_same_rows("X", X, "y", y)
    losses = []
    for train, test in kfold(X.shape[0], k, seed):
        model = fit(X[train], y[train])
        losses.append(xp.asarray(loss(predict(model, X[test]), y[test])))
    return xp.stack(losses)


class BiasVariance(NamedTuple):
    """Parts of the expected squared error at each point, arrays (…): ``error = bias² + variance``."""

    bias: Array
    variance: Array
    error: Array


def bias_variance(predictions: Array, truth: Array) -> BiasVariance:
    """Take the expected squared error apart, over models that were fitted to different samples.

    ``bias = E[f̂(x)] − f(x)``, ``variance = E[(f̂(x) − E f̂(x))²]`` and ``error = E[(f̂(x) − f(x))²]``. Measured against
    noisy targets the error is larger by the variance of the noise.

    Parameters
    ----------
    predictions
        What each model says of each point, (models, …).
    truth
        The function itself at the points, without noise, (…).

    Returns
    -------
    bias, variance, error
        Each (…). The variance divides by the number of models, so that the sum is exact.

    References
    ----------
    Hastie, Tibshirani and Friedman, *The Elements of Statistical Learning*, section 7.3.

    Examples
    --------
    >>> bias, variance, error = bias_variance([[1.0], [3.0]], [4.0])
    >>> bias, variance, error
    (array([-2.]), array([1.]), array([5.]))
    """
    xp, (predictions, truth) = as_arrays(predictions=predictions, truth=truth)
    require(
        predictions.ndim >= 1 and predictions.shape[1:] == truth.shape,
        "predictions",
        f"shape {('models', *truth.shape)}".replace("'", ""),
        f"shape {tuple(predictions.shape)}",
    )
    mean = xp.mean(predictions, axis=0)
    return BiasVariance(
        bias=mean - truth,
        variance=xp.mean((predictions - mean) ** 2, axis=0),
        error=xp.mean((predictions - truth) ** 2, axis=0),
    )


@dataclass(frozen=True)
class Trial:
    """One setting of the hyperparameters, with what came of it.

    Parameters
    ----------
    score
        What ``train`` returned; higher is better. NaN counts as minus infinity: the training diverged.
    hyper
        The setting.
    round
        From which round it is, counted from 0.
    """

    score: float
    hyper: dict[str, float]
    round: int


def random_search(
    train: Callable[..., float],
    space: Mapping[str, tuple[float, float]],
    rounds: int = 3,
    samples: int = 10,
    seed: int = 0,
) -> list[Trial]:
    """Search hyperparameters at random, first coarsely, then finely around the best so far.

    Each is drawn log-uniformly, ``exp(U(log low, log high))``, for what matters is its order of magnitude. After each
    round the range of each halves, in logarithms, around the best setting so far, and stays within ``space``. To search
    a number close to 1, such as a momentum, search its distance from 1.

    Parameters
    ----------
    train
        Takes the hyperparameters by name and returns the score on validation data; higher is better.
    space
        For each hyperparameter the lowest and the highest value, both positive.
    rounds, samples
        Rounds, and settings tried in each.
    seed
        Decides the settings.

    Returns
    -------
    list of Trial
        The best first.

    Raises
    ------
    ValueError
        If a range isn't ``0 < low <= high``.

    References
    ----------
    Bergstra and Bengio, *Random Search for Hyper-Parameter Optimization*, JMLR 13 (2012).

    Examples
    --------
    >>> best, *_ = random_search(lambda rate: -abs(rate - 0.01), {"rate": (1e-5, 1.0)}, rounds=8)
    >>> round(best.hyper["rate"], 3)
    0.01
    """
    require(rounds >= 1, "rounds", "at least 1", rounds)
    require(samples >= 1, "samples", "at least 1", samples)
    for name, limits in space.items():
        low, high = limits
        require(0 < low <= high < math.inf, f"space[{name!r}]", "numbers 0 < low <= high", limits)
    rng = np.random.default_rng(seed)
    bounds = np.log([space[name] for name in space]).reshape(-1, 2)  # (hyperparameters, 2)
    ranges, trials = bounds, list[Trial]()
    for number in range(rounds):
        for setting in rng.uniform(ranges[:, 0], ranges[:, 1], (samples, len(space))):
            hyper = dict(zip(space, np.exp(setting).tolist(), strict=True))
            score = float(train(**hyper))
            trials.append(Trial(-math.inf if math.isnan(score) else score, hyper, number))
        best = np.log([*max(trials, key=lambda trial: trial.score).hyper.values()])
        reach = (bounds[:, 1] - bounds[:, 0]) / 2 ** (number + 2)
        ranges = np.clip(best[:, None] + np.stack([-reach, reach], axis=1), bounds[:, :1], bounds[:, 1:])
    return sorted(trials, key=lambda trial: trial.score, reverse=True)
