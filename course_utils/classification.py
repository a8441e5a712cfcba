"""Classification: margins, probabilities of many classes, and a model that can make new samples.

Samples are rows (n, d). Labels are integers from 0, except where a formula has y = ±1. NumPy arrays or torch tensors.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

from course_utils._arrays import Array, as_arrays, require, require_axes, require_same_rows
from course_utils.regression import add_bias

__all__ = [
    "GaussianNaiveBayes",
    "cross_entropy",
    "fit_softmax",
    "fit_svm",
    "hinge_loss",
    "multiclass_hinge_loss",
    "one_vs_one",
    "one_vs_rest",
    "softmax",
]

Fit = Callable[[Array, Array], tuple[Array, Array]]


def _reduced(xp: ModuleType, losses: Array, reduction: str) -> Array:
    require(reduction in ("mean", "sum", "none"), "reduction", "'mean', 'sum' or 'none'", repr(reduction))
    return losses if reduction == "none" else xp.mean(losses) if reduction == "mean" else xp.sum(losses)


def hinge_loss(scores: Array, y: Array, reduction: str = "mean") -> Array:
    """How far each sample is from the right side of its margin: ``max(0, 1 − y f)``.

    Parameters
    ----------
    scores
        f(x) = wᵀx + b, of any shape.
    y
        Labels −1 and +1, of the same shape.
    reduction
        ``"mean"``, ``"sum"`` or ``"none"``.

    References
    ----------
    Hastie, Tibshirani and Friedman, *The Elements of Statistical Learning*, section 12.3.2.

    Examples
    --------
    >>> hinge_loss([2.0, 0.5, 0.5], [1, 1, -1], reduction="none")
    array([0. , 0.5, 1.5])
    """
    xp, (scores, y) = as_arrays(scores=scores, y=y)
    require(y.shape == scores.shape, "y", f"shape {tuple(scores.shape)}", f"shape {tuple(y.shape)}")
    require(bool(xp.all(xp.abs(y) == 1)), "y", "labels −1 and +1", "others")
    return _reduced(xp, xp.clip(1 - y * scores, min=0), reduction)


def multiclass_hinge_loss(scores: Array, y: Array, reduction: str = "mean") -> Array:
    """Sum over the wrong classes of how far they come within 1 of the true class i: ``Σ_{j≠i} max(0, 1 − f_i + f_j)``.

    Parameters
    ----------
    scores
        f(x), (n, k).
    y
        Labels from 0 to k − 1, (n,).
    reduction
        ``"mean"`` over samples, ``"sum"`` or ``"none"``.

    References
    ----------
    Weston and Watkins, *Support vector machines for multi-class pattern recognition* (1999).

    Examples
    --------
    >>> float(multiclass_hinge_loss([[0.0, 0.0, 0.0]], [1]))
    2.0
    """
    xp, scores, one_hot = _scores_and_labels(scores, y)
    right = xp.sum(scores * one_hot, axis=1, keepdims=True)
    return _reduced(xp, xp.sum(xp.clip(1 - right + scores, min=0) * (1 - one_hot), axis=1), reduction)


def softmax(scores: Array, axis: int = -1) -> Array:
    """Probabilities ``exp(f_j) / Σ exp(f_k)``; the largest score is taken off first, so that none overflows.

    Parameters
    ----------
    scores
        Of any shape.
    axis
        Along which the probabilities sum to 1.

    Examples
    --------
    >>> softmax([[0.0, 0.0], [-1000.0, 1000.0]])
    array([[0.5, 0.5],
           [0. , 1. ]])
    """
    xp, (scores,) = as_arrays(scores=scores)
    exponentials = xp.exp(scores - xp.max(scores, axis=axis, keepdims=True))
    return exponentials / xp.sum(exponentials, axis=axis, keepdims=True)


def cross_entropy(scores: Array, y: Array, reduction: str = "mean") -> Array:
    """Negative log probability of the true class under :func:`softmax`: ``log Σ exp(f_j) − f_i``, from the scores.

    Its gradient with respect to the scores of a sample is ``softmax(f) − onehot(i)``.

    Parameters
    ----------
    scores
        (n, k).
    y
        Labels from 0 to k − 1, (n,).
    reduction
        ``"mean"`` over samples, ``"sum"`` or ``"none"``.

    References
    ----------
    Goodfellow, Bengio and Courville, *Deep Learning*, section 6.2.2.3; arguments as in
    ``torch.nn.functional.cross_entropy``.

    Examples
    --------
    >>> float(cross_entropy([[1000.0, 0.0]], [1]))
    1000.0
    """
    xp, scores, one_hot = _scores_and_labels(scores, y)
    largest = xp.max(scores, axis=1, keepdims=True)
    log_sum = xp.log(xp.sum(xp.exp(scores - largest), axis=1)) + largest[:, 0]
    return _reduced(xp, log_sum - xp.sum(scores * one_hot, axis=1), reduction)


def _scores_and_labels(scores: Array, y: Array) -> tuple[ModuleType, Array, Array]:
    """The scores, and the labels as rows of zeros with a one at the true class."""
    xp, (scores, y) = as_arrays(scores=scores, y=y)
    require_axes("scores", scores, "(n, k)")
    return xp, scores, _one_hot(xp, scores, y, scores.shape[1], "scores")


def _one_hot(xp: ModuleType, like: Array, y: Array, k: int, rows_of: str) -> Array:
    require_axes("y", y, "(n,)")
    require_same_rows(rows_of, like, "y", y)
    classes = xp.arange(k, dtype=like.dtype, device=like.device)
    one_hot = xp.astype(xp.astype(y, like.dtype)[:, None] == classes, like.dtype)
    require(bool(xp.all(xp.sum(one_hot, axis=1) == 1)), "y", f"integers from 0 to {k - 1}", "others")
    return one_hot


def fit_svm(X: Array, y: Array, lam: float = 1.0, max_steps: int = 50) -> tuple[Array, Array]:
    """Linear support vector machine: w and b that minimise ``Σ max(0, 1 − yᵢ (wᵀxᵢ + b)) + λ ‖w‖²``.

    An interior-point method. At the minimum each sample pulls with a weight αᵢ from 0 to 1, ``2 λ w = Σ αᵢ yᵢ xᵢ`` and
    ``Σ αᵢ yᵢ = 0``; ``1 − yᵢ f(xᵢ) = ξᵢ − sᵢ``, where the slack ξᵢ ≥ 0 is the hinge loss, the surplus sᵢ ≥ 0 what a
    sample has beyond its margin, ``αᵢ sᵢ = 0`` and ``(1 − αᵢ) ξᵢ = 0``. Newton's method solves these with μ for the last
    two zeros, and μ shrinks. scikit-learn's ``SVC(kernel="linear", C=1 / (2 λ))`` has the same minimum.

    Parameters
    ----------
    X
        Inputs (n, d).
    y
        Labels −1 and +1, (n,).
    lam
        λ > 0. The margin's width is 2 / ‖w‖; b is not penalised.
    max_steps
        Newton steps at the most.

    Returns
    -------
    w, b
        (d,) and 0-d, in the precision of X; computed in double precision.

    Raises
    ------
    ValueError
        If the labels are not both −1 and +1, or the steps don't suffice.

    References
    ----------
    Cortes and Vapnik, *Support-Vector Networks* (1995); Boyd and Vandenberghe, *Convex Optimization*, section 11.7.

    Examples
    --------
    >>> w, b = fit_svm([[-1.0], [1.0]], [-1, 1], lam=0.001)
    >>> round(float(w[0]), 4), abs(round(float(b), 4))
    (1.0, 0.0)
    """
    xp, (X, y) = as_arrays(X=X, y=y)
    require_axes("X", X, "(n, d)")
    require_axes("y", y, "(n,)")
    require_same_rows("X", X, "y", y)
    labelled = bool(xp.all(xp.abs(y) == 1)) and bool(xp.any(y != y[0]))
    require(labelled, "y", "labels −1 and +1, both of them", "others")
    require(lam > 0, "lam", "a number > 0", lam)
    # Newton's systems grow ill-conditioned near the minimum: single precision would stop short of it.
    dtype, X, y = X.dtype, xp.astype(X, xp.float64), xp.astype(y, xp.float64)
    A = y[:, None] * add_bias(X)  # y f(x) = A θ with θ = (w, b)
    P = 2 * lam * xp.eye(A.shape[1], dtype=X.dtype, device=X.device)
    P[-1, -1] = 0  # b isn't penalised
    theta, alpha = _feasible_start(xp, A, y, lam)
    slack = 1 + xp.clip(1 - A @ theta, min=0)
    surplus = slack - (1 - A @ theta)
    tolerance = float(xp.finfo(X.dtype).eps) ** 0.6
    for _ in range(max_steps):
        gap = float(xp.sum(alpha * surplus + (1 - alpha) * slack))  # how far the loss can be from its minimum
        loss = float(xp.sum(xp.clip(1 - A @ theta, min=0)) + lam * xp.sum(theta[:-1] ** 2))
        if gap <= tolerance * loss:
            theta = xp.astype(theta, dtype)
            return theta[:-1], theta[-1]
        mu = 0.1 * gap / (2 * y.shape[0])
        D = surplus / alpha + slack / (1 - alpha)
        v = (1 - A @ theta + mu / alpha - mu / (1 - alpha)) / D
        d_theta = xp.linalg.solve(P + A.T @ (A / D[:, None]), A.T @ (alpha + v) - P @ theta)
        d_alpha = v - (A @ d_theta) / D
        d_surplus = (mu - surplus * (alpha + d_alpha)) / alpha
        d_slack = (mu - slack * (1 - alpha - d_alpha)) / (1 - alpha)
        moves = ((alpha, d_alpha), (1 - alpha, -d_alpha), (surplus, d_surplus), (slack, d_slack))
        falls = max(float(xp.max(-change / value)) for value, change in moves)
        step = min(1.0, 0.99 / max(falls, 1e-9))  # after which all four are still positive
        theta, alpha = theta + step * d_theta, alpha + step * d_alpha
        surplus, slack = surplus + step * d_surplus, slack + step * d_slack
    raise ValueError(f"max_steps: expected enough steps to reach the minimum, {max_steps} did not suffice")


def _feasible_start(xp: ModuleType, A: Array, y: Array, lam: float) -> tuple[Array, Array]:
    """Pulls that balance, ``Σ αᵢ yᵢ = 0``, as strong as serves best, and the weights that they make."""
    positives = xp.sum(xp.where(y > 0, xp.ones_like(y), xp.zeros_like(y)))
    size = xp.where(y > 0, positives, y.shape[0] - positives)  # of each sample's class
    alpha = xp.min(size) / (2 * size)
    pull = (A.T @ alpha)[:-1]
    strength = (
        2 * lam * xp.sum(alpha) / xp.clip(xp.sum(pull**2), min=float(xp.finfo(A.dtype).smallest_normal))
    )
    alpha = xp.clip(strength, max=1) * alpha
    w = (A.T @ alpha)[:-1] / (2 * lam)
    return xp.concat([w, xp.zeros_like(w[:1])]), alpha


def fit_softmax(X: Array, y: Array, lam: float = 1e-3, max_steps: int = 50) -> Array:
    """Weights W (k, d) that minimise the mean :func:`cross_entropy` of the scores X Wᵀ plus ``(λ/2) ‖W‖²``, by Newton's method.

    Parameters
    ----------
    X
        Inputs (n, d); see :func:`course_utils.regression.add_bias` for intercepts.
    y
        Labels from 0 to k − 1, (n,), each class at least once.
    lam
        λ > 0: without it adding the same vector to all rows of W changes nothing, and no minimum is unique.
    max_steps
        Newton steps at the most.

    Raises
    ------
    ValueError
        If a class is missing, λ is not positive, or the steps don't suffice.

    References
    ----------
    Bishop, *Pattern Recognition and Machine Learning*, section 4.3.4.

    Examples
    --------
    >>> W = fit_softmax([[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]], [0, 1, 2], lam=0.1)
    >>> W.shape
    (3, 2)
    """
    xp, (X, y) = as_arrays(X=X, y=y)
    require_axes("X", X, "(n, d)")
    require(lam > 0, "lam", "a number > 0", lam)
    n, d = X.shape
    k = int(xp.max(y)) + 1
    one_hot = _one_hot(xp, X, y, k, "X")
    require(bool(xp.all(xp.sum(one_hot, axis=0) > 0)), "y", f"every class from 0 to {k - 1}", "some missing")
    W = xp.zeros((k, d), dtype=X.dtype, device=X.device)
    identity = xp.eye(k * d, dtype=X.dtype, device=X.device)
    tolerance = float(xp.finfo(X.dtype).eps) ** 0.4
    for _ in range(max_steps):
        P = softmax(X @ W.T)  # (n, k)
        gradient = (P - one_hot).T @ X / n + lam * W
        block = {
            (i, j): X.T @ (X * (P[:, i] * (float(i == j) - P[:, j]))[:, None]) / n
            for i in range(k)
            for j in range(i, k)
        }
        rows = [xp.concat([block[min(i, j), max(i, j)] for j in range(k)], axis=1) for i in range(k)]
        H = xp.concat(rows, axis=0) + lam * identity
        step = xp.reshape(xp.linalg.solve(H, xp.reshape(gradient, (k * d,))), (k, d))
        W = W - step
        if float(xp.max(xp.abs(step))) <= tolerance * (1 + float(xp.max(xp.abs(W)))):
            return W
    raise ValueError(
        f"max_steps: expected enough steps to reach the minimum, {max_steps} did not suffice; a larger lam helps"
    )


def one_vs_rest(fit: Fit, X: Array, y: Array) -> Callable[[Array], Array]:
    """Train one binary model a class, each against all others; return the function that scores new samples (m, k).

    The class with the largest score is the prediction.

    Parameters
    ----------
    fit
        Takes X and labels −1 and +1, returns (w, b); :func:`fit_svm`, for example.
    X
        Inputs (n, d).
    y
        Labels from 0 to k − 1, (n,), at least two classes.

    Examples
    --------
    >>> scores = one_vs_rest(fit_svm, [[-2.0, 0.0], [2.0, 0.0], [0.0, 3.0]], [0, 1, 2])
    >>> scores([[5.0, 0.0]]).argmax(axis=1)
    array([1])
    """
    xp, X, one_hot = _classes(X, y)
    models = [fit(X, 2 * one_hot[:, i] - 1) for i in range(one_hot.shape[1])]

    def scores(X: Array) -> Array:
        _, (X,) = as_arrays(X=X)
        return xp.stack([X @ w + b for w, b in models], axis=1)

    return scores


def one_vs_one(fit: Fit, X: Array, y: Array) -> Callable[[Array], Array]:
    """Train a binary model for each of the k (k − 1) / 2 pairs of classes; return the function that counts votes (m, k).

    The class with most votes is the prediction; of equals, the first.

    Parameters
    ----------
    fit, X, y
        As in :func:`one_vs_rest`.

    Examples
    --------
    >>> votes = one_vs_one(fit_svm, [[-2.0, 0.0], [2.0, 0.0], [0.0, 3.0]], [0, 1, 2])
    >>> votes([[5.0, 0.0]])
    array([[0., 2., 1.]])
    """
    xp, X, one_hot = _classes(X, y)
    k = one_hot.shape[1]
    models = {}
    for i in range(k):
        for j in range(i + 1, k):
            chosen = (one_hot[:, i] + one_hot[:, j]) > 0
            models[i, j] = fit(X[chosen], (one_hot[:, i] - one_hot[:, j])[chosen])

    def votes(X: Array) -> Array:
        _, (X,) = as_arrays(X=X)
        counts = [xp.zeros_like(X[:, 0]) for _ in range(k)]
        for (i, j), (w, b) in models.items():
            for_i = xp.astype(X @ w + b > 0, X.dtype)
            counts[i], counts[j] = counts[i] + for_i, counts[j] + 1 - for_i
        return xp.stack(counts, axis=1)

    return votes


def _classes(X: Array, y: Array) -> tuple[ModuleType, Array, Array]:
    xp, (X, y) = as_arrays(X=X, y=y)
    require_axes("X", X, "(n, d)")
    one_hot = _one_hot(xp, X, y, int(xp.max(y)) + 1, "X")
    require(
        bool(xp.all(xp.sum(one_hot, axis=0) > 0)) and one_hot.shape[1] > 1,
        "y",
        "at least two classes, none missing",
        "others",
    )
    return xp, X, one_hot


class GaussianNaiveBayes:
    """Generative classifier: each feature of each class is normal, independent of the others given the class.

    ``P(y = c | x) ∝ P(c) Π_i N(x_i; μ_ci, σ²_ci)``; computed from logarithms, for the products underflow.

    Parameters
    ----------
    smoothing
        This share of the largest variance of any feature is added to all variances, so that none is zero.

    Attributes
    ----------
    prior, mean, variance : array
        P(c) (k,), μ and σ² (k, d), after :meth:`fit`.

    References
    ----------
    Hastie, Tibshirani and Friedman, *The Elements of Statistical Learning*, section 6.6.3.

    Examples
    --------
    >>> model = GaussianNaiveBayes().fit([[0.0], [1.0], [9.0], [10.0]], [0, 0, 1, 1])
    >>> model.predict([[2.0], [8.0]])
    array([0, 1])
    """

    def __init__(self, smoothing: float = 1e-9) -> None:
        self.smoothing = smoothing

    def fit(self, X: Array, y: Array) -> GaussianNaiveBayes:
        """Count the classes, and take mean and variance of each feature in each.

        Parameters
        ----------
        X
            Inputs (n, d).
        y
            Labels from 0 to k − 1, (n,), at least two classes.
        """
        xp, X, one_hot = _classes(X, y)
        counts = xp.sum(one_hot, axis=0)[:, None]  # (k, 1)
        self.prior = counts[:, 0] / X.shape[0]
        self.mean = one_hot.T @ X / counts
        squares = [one_hot[:, c] @ (X - self.mean[c]) ** 2 for c in range(one_hot.shape[1])]
        widest = xp.max(xp.var(X, axis=0))
        self.variance = xp.stack(squares) / counts + self.smoothing * widest
        return self

    def _log_joint(self, X: Array) -> tuple[ModuleType, Array]:
        xp, (X,) = as_arrays(X=X)
        require_axes("X", X, "(n, d)")
        require(X.shape[1] == self.mean.shape[1], "X", f"{self.mean.shape[1]} columns", X.shape[1])
        # A class at a time: (n, k, d) numbers at once would not fit into a processor's cache.
        distances = [(X - self.mean[c]) ** 2 @ (1 / self.variance[c]) for c in range(self.mean.shape[0])]
        log_scale = xp.sum(xp.log(2 * xp.pi * self.variance), axis=1)
        return xp, xp.log(self.prior) - (xp.stack(distances, axis=1) + log_scale) / 2

    def predict_proba(self, X: Array) -> Array:
        """P(y = c | x), (n, k)."""
        return softmax(self._log_joint(X)[1])

    def predict(self, X: Array) -> Array:
        """The likeliest class of each sample, (n,)."""
        xp, log_joint = self._log_joint(X)
        return xp.argmax(log_joint, axis=1)

    def sample(self, n: int, seed: int = 0) -> tuple[Array, Array]:
        """New pairs: a class from the prior, then each feature from its normal distribution.

        Returns
        -------
        X, y
            (n, d) and (n,), of the kind the model was fitted to.
        """
        import numpy as np

        require(n >= 0, "n", "a number ≥ 0", n)
        xp = as_arrays(mean=self.mean)[0]
        rng = np.random.default_rng(seed)
        like = {"dtype": self.mean.dtype, "device": self.mean.device}
        uniform = xp.asarray(rng.random(n), **like)
        y = xp.sum(xp.astype(uniform[:, None] >= xp.cumulative_sum(self.prior)[:-1], xp.int64), axis=1)
        noise = xp.asarray(rng.normal(size=(n, self.mean.shape[1])), **like)
        return xp.take(self.mean, y, axis=0) + noise * xp.sqrt(xp.take(self.variance, y, axis=0)), y
