"""Many models instead of one: bagging, boosting, and averages.

Samples are rows (n, d). NumPy arrays or torch tensors.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from course_utils._arrays import Array, as_arrays, require, require_axes, require_same_rows
from course_utils.regression import sigmoid

__all__ = [
    "AdaBoost",
    "Bagging",
    "DecisionStump",
    "GradientBoosting",
    "average_parameters",
    "average_predictions",
]


class DecisionStump:
    """One question, two answers: ``left`` where ``x_feature ≤ threshold``, else ``right``.

    Of all features and thresholds it takes the pair with the least weighted squared error, which for targets ±1 and
    answers ±1 is the least weighted number of mistakes. Thresholds lie halfway between neighbouring values.

    Parameters
    ----------
    signs
        Answer with the sign of the mean, −1 or +1, instead of the mean itself: for classification.

    Attributes
    ----------
    feature : int
        Which column is asked about, after :meth:`fit`.
    threshold, left, right : float
        The question's number and the two answers.

    References
    ----------
    Hastie, Tibshirani and Friedman, *The Elements of Statistical Learning*, sections 9.2 and 10.1.

    Examples
    --------
    >>> stump = DecisionStump().fit([[1.0], [2.0], [5.0], [6.0]], [0.0, 0.0, 1.5, 2.5])
    >>> stump.threshold, stump.left, stump.right
    (3.5, 0.0, 2.0)
    """

    def __init__(self, signs: bool = False) -> None:
        self.signs = signs

    def fit(self, X: Array, y: Array, weights: Array | None = None) -> DecisionStump:
        """Find the best question.

        Parameters
        ----------
        X
            Inputs (n, d).
        y
            Targets (n,); −1 and +1 where the stump answers with signs.
        weights
            Of the samples, (n,), not negative; all equal by default.
        """
        X, y, weights = _samples(X, y, weights)
        return self._fit_sorted(X, _sorted(X), y, weights)

    def _fit_sorted(self, X: Array, order: Array, y: Array, weights: Array) -> DecisionStump:
        """Like :meth:`fit`, with each column's order known: boosting sorts once and asks often."""
        xp, _ = as_arrays(weights=weights)
        n = X.shape[0]
        values = xp.take_along_axis(X, order, axis=0)  # (n, d), each column ascending
        w, wy = weights[order], (weights * y)[order]
        W, S = xp.sum(weights), xp.sum(weights * y)
        w_left, s_left = xp.cumulative_sum(w, axis=0)[:-1], xp.cumulative_sum(wy, axis=0)[:-1]  # (n − 1, d)
        w_right, s_right = W - w_left, S - s_left
        possible = (values[1:] > values[:-1]) & (w_left > 0) & (w_right > 1e-12 * W)
        left, right = (
            s / xp.where(possible, w, xp.ones_like(w)) for s, w in ((s_left, w_left), (s_right, w_right))
        )
        if self.signs:
            left, right = (
                xp.where(side < 0, -xp.ones_like(side), xp.ones_like(side)) for side in (left, right)
            )
        # Σ w (y − a)² = Σ w y² − 2 a Σ w y + a² Σ w on either side
        gain = 2 * left * s_left - left**2 * w_left + 2 * right * s_right - right**2 * w_right
        gain = xp.where(possible, gain, xp.full_like(gain, -math.inf))
        best = int(xp.argmax(xp.reshape(gain.T, (-1,)))) if n > 1 else 0
        feature, row = divmod(best, max(1, n - 1))
        if n == 1 or not bool(possible[row, feature]):  # all samples look the same: nothing to ask
            mean = float(S / W)
            answer = (1.0 if mean >= 0 else -1.0) if self.signs else mean
            self.feature, self.threshold, self.left, self.right = 0, math.inf, answer, answer
            return self
        self.feature = feature
        self.threshold = (float(values[row, feature]) + float(values[row + 1, feature])) / 2
        self.left, self.right = float(left[row, feature]), float(right[row, feature])
        return self

    def predict(self, X: Array) -> Array:
        """Answers (n,) for inputs (n, d)."""
        xp, (X,) = as_arrays(X=X)
        require(
            X.ndim == 2 and X.shape[1] > self.feature,
            "X",
            f"shape (n, d) with d > {self.feature}",
            f"shape {tuple(X.shape)}",
        )
        low = X[:, self.feature] <= self.threshold
        answers = xp.ones_like(X[:, 0])
        return xp.where(low, self.left * answers, self.right * answers)


def _samples(X: Array, y: Array, weights: Array | None = None) -> tuple[Array, Array, Array]:
    xp, (X, y) = as_arrays(X=X, y=y)
    require_axes("X", X, "(n, d)")
    require_axes("y", y, "(n,)")
    require_same_rows("X", X, "y", y)
    if weights is None:
        return X, y, xp.ones_like(y) / y.shape[0]
    _, (weights, _) = as_arrays(weights=weights, X=X)
    require(weights.shape == y.shape, "weights", f"shape {tuple(y.shape)}", f"shape {tuple(weights.shape)}")
    right = bool(xp.all(weights >= 0)) and float(xp.sum(weights)) > 0
    require(right, "weights", "numbers ≥ 0, not all 0", "others")
    return X, y, weights


def _sorted(X: Array) -> Array:
    """The order of each column (n, d), equal values as they stand."""
    xp, (X,) = as_arrays(X=X)
    return xp.argsort(X, axis=0, stable=True)


class Bagging:
    """Bootstrap aggregating: fit a model to each of many resampled sets, and average or vote. Reduces variance.

    Parameters
    ----------
    fit
        ``fit(X, y) -> model``; any way to fit any model.
    predict
        ``predict(model, X) -> predictions`` (n,).
    models
        How many.
    vote
        Take the label most models say, of equals the lowest, instead of the mean of their numbers.
    seed
        Decides the resampling.

    Attributes
    ----------
    fitted : list
        The models.
    out_of_bag : array
        For each training sample the answer of those models that didn't see it, about 37 % of them: an honest estimate
        without held-out data. NaN for a sample that all of them saw.

    References
    ----------
    Breiman, *Bagging Predictors*, Machine Learning 24 (1996).

    Examples
    --------
    >>> fit = lambda X, y: DecisionStump().fit(X, y)
    >>> bag = Bagging(fit, lambda stump, X: stump.predict(X), models=50).fit([[0.0], [1.0], [8.0], [9.0]], [0, 0, 1, 1])
    >>> bag.predict([[-1.0], [10.0]]).round(1)
    array([0.1, 0.9])
    """

    def __init__(
        self,
        fit: Callable[[Array, Array], Any],
        predict: Callable[[Any, Array], Array],
        models: int = 25,
        vote: bool = False,
        seed: int = 0,
    ) -> None:
        require(models >= 1, "models", "at least 1", models)
        self._fit, self._predict, self.models, self.vote, self.seed = fit, predict, models, vote, seed

    def fit(self, X: Array, y: Array) -> Bagging:
        """Fit every model to n samples drawn with replacement from X (n, d) and y (n,)."""
        X, y, _ = _samples(X, y)
        xp, _ = as_arrays(X=X)
        n, rng = X.shape[0], np.random.default_rng(self.seed)
        chosen = rng.integers(0, n, (self.models, n))
        self.fitted = [
            self._fit(X[rows], y[rows]) for rows in (xp.asarray(c, device=X.device) for c in chosen)
        ]
        seen = np.zeros((self.models, n), bool)
        seen[np.arange(self.models)[:, None], chosen] = True
        answers = xp.stack([xp.astype(self._predict(model, X), X.dtype) for model in self.fitted])
        self.out_of_bag = self._combined(xp, answers, xp.asarray(~seen, device=X.device))
        return self

    def predict(self, X: Array) -> Array:
        """Mean or vote of all models for inputs (n, d)."""
        xp, (X,) = as_arrays(X=X)
        answers = xp.stack([xp.astype(self._predict(model, X), X.dtype) for model in self.fitted])
        return self._combined(xp, answers, xp.ones_like(answers) > 0)

    def _combined(self, xp: Any, answers: Array, counts: Array) -> Array:
        """Over models: answers (models, n) of those that count."""
        weights = xp.astype(counts, answers.dtype)
        total = xp.sum(weights, axis=0)
        if not self.vote:
            mean = xp.sum(answers * weights, axis=0) / xp.where(total > 0, total, xp.ones_like(total))
            return xp.where(total > 0, mean, xp.full_like(mean, math.nan))
        labels = xp.unique_values(answers)
        votes = xp.stack(
            [xp.sum(xp.astype(answers == label, answers.dtype) * weights, axis=0) for label in labels]
        )
        winner = labels[xp.argmax(votes, axis=0)]
        return xp.where(total > 0, winner, xp.full_like(winner, math.nan))


class AdaBoost:
    """Boosting by reweighting: each stump works on what those before it got wrong. Reduces bias.

    In each round a stump h is fitted with the samples' weights; ``ε`` is the weight of its mistakes,
    ``α = ½ log((1 − ε) / ε)``, and ``w ← w exp(−α y h(x))``, made to sum to 1 again. Predicts the sign of ``Σ α h(x)``.

    Parameters
    ----------
    rounds
        Stumps at the most; fewer when one makes no mistakes at all, or none is better than guessing.

    Attributes
    ----------
    stumps : list of DecisionStump
        In their order.
    alphas : list of float
        How much each counts.

    References
    ----------
    Freund and Schapire, *A Decision-Theoretic Generalization of On-Line Learning*, JCSS 55 (1997).

    Examples
    --------
    >>> model = AdaBoost(3).fit([[0.0], [1.0], [2.0], [3.0]], [-1, 1, 1, -1])  # no single question will do
    >>> model.predict([[0.0], [1.0], [2.0], [3.0]])
    array([-1.,  1.,  1., -1.])
    """

    def __init__(self, rounds: int = 50) -> None:
        require(rounds >= 1, "rounds", "at least 1", rounds)
        self.rounds = rounds

    def fit(self, X: Array, y: Array) -> AdaBoost:
        """Fit to inputs (n, d) and labels −1 and +1, (n,)."""
        X, y, w = _samples(X, y)
        xp, _ = as_arrays(X=X)
        both = bool(xp.all(xp.abs(y) == 1)) and bool(xp.any(y != y[0]))
        require(both, "y", "labels −1 and +1, both of them", "others")
        order = _sorted(X)
        self.stumps: list[DecisionStump] = []
        self.alphas: list[float] = []
        for _ in range(self.rounds):
            stump = DecisionStump(signs=True)._fit_sorted(X, order, y, w)
            wrong = stump.predict(X) != y
            error = float(xp.sum(xp.where(wrong, w, xp.zeros_like(w))))
            if error >= 0.5 - 1e-12:
                break
            flawless = error <= 1e-12
            # A stump without mistakes would count infinitely; it decides alone from here on.
            alpha = 0.5 * math.log((1 - error) / max(error, 1e-12))
            self.stumps.append(stump)
            self.alphas.append(alpha)
            if flawless:
                break
            w = w * xp.exp(xp.where(wrong, alpha * xp.ones_like(w), -alpha * xp.ones_like(w)))
            w = w / xp.sum(w)
        return self

    def scores(self, X: Array) -> Array:
        """``Σ α h(x)`` for inputs (n, d): (n,)."""
        return self.staged_scores(X)[-1]

    def staged_scores(self, X: Array) -> Array:
        """The scores after each round, (rounds + 1, n); zeros at first."""
        xp, (X,) = as_arrays(X=X)
        steps = [alpha * stump.predict(X) for alpha, stump in zip(self.alphas, self.stumps, strict=True)]
        return xp.cumulative_sum(xp.stack([xp.zeros_like(X[:, 0]), *steps]), axis=0)

    def predict(self, X: Array) -> Array:
        """Labels −1 or +1, (n,); +1 where the scores are even."""
        xp, (scores,) = as_arrays(scores=self.scores(X))
        return xp.where(scores < 0, -xp.ones_like(scores), xp.ones_like(scores))


class GradientBoosting:
    """Boosting by gradients: each learner is fitted to what the sum so far leaves over, and added with a small rate.

    For squared error the negative gradient is the residual ``y − f(x)``; for ``"logistic"`` loss, with labels 0 and 1,
    it is ``y − σ(f(x))``. ``f ← f + rate · h``.

    Parameters
    ----------
    rounds
        How many learners.
    learning_rate
        Small rates need more rounds and overfit later.
    loss
        ``"squared"`` or ``"logistic"``.
    fit_base
        ``fit_base(X, residuals) -> model`` with a method ``predict``; regression stumps by default.

    References
    ----------
    Friedman, *Greedy Function Approximation: A Gradient Boosting Machine*, Annals of Statistics 29 (2001).

    Examples
    --------
    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0.0, 1.0, 4.0, 9.0]
    >>> GradientBoosting(rounds=200).fit(X, y).predict(X).round(1)
    array([0., 1., 4., 9.])
    """

    def __init__(
        self,
        rounds: int = 100,
        learning_rate: float = 0.1,
        loss: str = "squared",
        fit_base: Callable[[Array, Array], Any] | None = None,
    ) -> None:
        require(rounds >= 1, "rounds", "at least 1", rounds)
        require(learning_rate > 0, "learning_rate", "a number > 0", learning_rate)
        require(loss in ("squared", "logistic"), "loss", "'squared' or 'logistic'", repr(loss))
        self.rounds, self.learning_rate, self.loss, self.fit_base = rounds, learning_rate, loss, fit_base

    def fit(self, X: Array, y: Array) -> GradientBoosting:
        """Fit to inputs (n, d) and targets (n,): numbers, or labels 0 and 1 for the logistic loss."""
        X, y, w = _samples(X, y)
        xp, _ = as_arrays(X=X)
        mean = float(xp.mean(y))
        if self.loss == "logistic":
            right = bool(xp.all((y == 0) | (y == 1))) and 0 < mean < 1
            require(right, "y", "labels 0 and 1, both of them", "others")
            mean = math.log(mean / (1 - mean))
        order = None if self.fit_base else _sorted(X)
        self.start, self.models = mean, []
        f = xp.full_like(y, mean)
        for _ in range(self.rounds):
            residuals = y - (f if self.loss == "squared" else sigmoid(f))
            model = (
                self.fit_base(X, residuals)
                if self.fit_base
                else DecisionStump()._fit_sorted(X, order, residuals, w)
            )
            self.models.append(model)
            f = f + self.learning_rate * model.predict(X)
        return self

    def staged_scores(self, X: Array) -> Array:
        """f(x) after each round, (rounds + 1, n)."""
        xp, (X,) = as_arrays(X=X)
        steps = [self.learning_rate * model.predict(X) for model in self.models]
        return xp.cumulative_sum(xp.stack([xp.full_like(X[:, 0], self.start), *steps]), axis=0)

    def predict(self, X: Array) -> Array:
        """Numbers (n,); for the logistic loss the probability of label 1."""
        f = self.staged_scores(X)[-1]
        return f if self.loss == "squared" else sigmoid(f)


def average_predictions(probabilities: Array) -> Array:
    """Mean of what several models say: for independent models better than one of them, nearly always.

    Parameters
    ----------
    probabilities
        (models, …).

    Returns
    -------
    array
        (…).

    Examples
    --------
    >>> average_predictions([[0.25, 0.75], [0.75, 0.25]])
    array([0.5, 0.5])
    """
    xp, (probabilities,) = as_arrays(probabilities=probabilities)
    require(probabilities.ndim >= 1, "probabilities", "shape (models, …)", "a single number")
    return xp.mean(probabilities, axis=0)


def average_parameters(models: Sequence[Any]) -> Any:
    """One model with the mean of several models' parameters.

    For snapshots of one training run this often helps, for they lie close together. For independently trained networks it
    almost never works: their hidden units stand in different orders.

    Parameters
    ----------
    models
        Mappings from names to arrays, such as state dicts, or torch modules; all alike.

    Returns
    -------
    mapping or module
        Of the same kind as the first. Integers, such as batch norm's counters, are the first model's.

    References
    ----------
    Izmailov and others, *Averaging Weights Leads to Wider Optima and Better Generalization* (2018).

    Examples
    --------
    >>> average_parameters([{"w": np.array([1.0, 2.0])}, {"w": np.array([3.0, 6.0])}])
    {'w': array([2., 4.])}
    """
    require(len(models) > 0, "models", "at least one", "none")
    states = [model if isinstance(model, Mapping) else model.state_dict() for model in models]
    first = states[0]
    for state in states[1:]:
        alike = state.keys() == first.keys() and all(state[name].shape == first[name].shape for name in first)
        require(alike, "models", "the same names and shapes in all", "others")
    average = {}
    for name, value in first.items():
        xp, (converted,) = as_arrays(**{name.replace(".", "_"): value})
        mean = (
            xp.mean(xp.stack([state[name] for state in states]), axis=0)
            if converted.dtype == value.dtype
            else value
        )
        average[name] = mean
    if isinstance(models[0], Mapping):
        return average
    result = copy.deepcopy(models[0])
    result.load_state_dict(average)
    return result
