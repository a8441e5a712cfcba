"""Many dimensions on a page: distances, principal components, t-SNE, and density-based clusters.

Samples are rows (n, d). NumPy arrays or torch tensors.
"""

from __future__ import annotations

import math
from types import ModuleType
from typing import NamedTuple

import numpy as np

from course_utils._arrays import Array, as_arrays, require, require_axes

__all__ = ["PCA", "TSNE", "affinities", "dbscan", "pairwise_squared_distances", "pca", "tsne"]


def pairwise_squared_distances(X: Array, Y: Array | None = None) -> Array:
    """Squared Euclidean distance of each row of X to each row of Y: ``‖x‖² + ‖y‖² − 2 xᵀy``.

    Both are moved to the mean of Y first, for the formula loses digits when points lie far from the origin. Never
    negative; exactly 0 from a row of X to itself when Y is left out.

    Parameters
    ----------
    X
        (n, d).
    Y
        (m, d); X itself by default.

    Returns
    -------
    array
        (n, m).

    Examples
    --------
    >>> pairwise_squared_distances([[0.0, 0.0], [3.0, 4.0]])
    array([[ 0., 25.],
           [25.,  0.]])
    """
    xp, (X, other) = as_arrays(X=X, Y=X if Y is None else Y)
    require_axes("X", X, "(n, d)")
    require(
        other.ndim == 2 and other.shape[1] == X.shape[1],
        "Y",
        f"shape (m, {X.shape[1]})",
        f"shape {tuple(other.shape)}",
    )
    centre = xp.mean(other, axis=0)
    X, other = X - centre, other - centre
    D = xp.sum(X**2, axis=1)[:, None] + xp.sum(other**2, axis=1) - 2 * (X @ other.T)
    D = xp.clip(D, min=0)
    return D * (1 - xp.eye(X.shape[0], dtype=X.dtype, device=X.device)) if Y is None else D


class PCA(NamedTuple):
    """Principal components: ``scores = (X − mean) componentsᵀ``.

    Parameters
    ----------
    scores
        The samples along the components (n, k).
    components
        Directions, orthonormal rows (k, d), the one of largest variance first; the largest entry of each is positive.
    variance
        Along each, (k,), divided by n − 1.
    mean
        Of the samples (d,).
    """

    scores: Array
    components: Array
    variance: Array
    mean: Array


def pca(X: Array, k: int) -> PCA:
    """Principal component analysis: the k directions that keep most of the variance, by singular values.

    ``X − mean = U S Vᵀ``: the components are the rows of Vᵀ, the variances ``S² / (n − 1)``.

    Parameters
    ----------
    X
        Samples (n, d), at least two.
    k
        From 1 to the smaller of n and d.

    References
    ----------
    Bishop, *Pattern Recognition and Machine Learning*, section 12.1.

    Examples
    --------
    >>> pca([[0.0, 1.0], [2.0, 1.0], [4.0, 1.0]], 1).scores
    array([[-2.],
           [ 0.],
           [ 2.]])
    """
    xp, (X,) = as_arrays(X=X)
    require_axes("X", X, "(n, d)")
    require(X.shape[0] >= 2, "X", "at least two samples", X.shape[0])
    require(1 <= k <= min(X.shape), "k", f"a number from 1 to {min(X.shape)}", k)
    mean = xp.mean(X, axis=0)
    _, S, Vt = xp.linalg.svd(X - mean, full_matrices=False)
    largest = xp.take_along_axis(Vt, xp.argmax(xp.abs(Vt), axis=1)[:, None], axis=1)  # (min(n, d), 1)
    components = (Vt * xp.sign(largest))[:k]
    return PCA((X - mean) @ components.T, components, S[:k] ** 2 / (X.shape[0] - 1), mean)


def affinities(X: Array, perplexity: float = 30.0) -> Array:
    """How near t-SNE takes two samples to be: a symmetric matrix P (n, n) that sums to 1.

    ``p_{j|i} ∝ exp(−β_i ‖xᵢ − xⱼ‖²)`` for j ≠ i, with β_i such that the entropy of row i is log(perplexity), so that
    everybody has about ``perplexity`` neighbours; ``P = (p_{j|i} + p_{i|j}) / 2n``. The β_i are found by bisection, all
    at once.

    Parameters
    ----------
    X
        Samples (n, d).
    perplexity
        Above 1 and below n − 1.

    References
    ----------
    Van der Maaten and Hinton, *Visualizing Data using t-SNE*, JMLR 9 (2008).
    """
    xp, (X,) = as_arrays(X=X)
    require_axes("X", X, "(n, d)")
    n = X.shape[0]
    require(1 < perplexity < n - 1, "perplexity", f"a number above 1 and below n − 1 = {n - 1}", perplexity)
    D = pairwise_squared_distances(X)
    eye = xp.eye(n, dtype=X.dtype, device=X.device)
    nearest = xp.min(D + eye * xp.max(D), axis=1)[:, None]
    D = D - nearest  # the same probabilities, and the largest never underflows
    scale = xp.clip(xp.mean(D, axis=1)[:, None], min=1e-25)  # all equal: any β will do
    low, high = xp.log(1e-6 / scale), xp.log(1e8 / scale)
    for _ in range(50):
        middle = (low + high) / 2
        P, entropy = _conditional(xp, D, xp.exp(middle), eye)
        wide = entropy > math.log(perplexity)
        low, high = xp.where(wide, middle, low), xp.where(wide, high, middle)
    return (P + P.T) / (2 * n)


def _conditional(xp: ModuleType, D: Array, beta: Array, eye: Array) -> tuple[Array, Array]:
    """Rows p_{j|i} (n, n) and their entropies (n, 1)."""
    weights = xp.exp(-beta * xp.clip(D, min=0)) * (1 - eye)
    total = xp.sum(weights, axis=1)[:, None]
    P = weights / total
    # H = −Σ p log p with log p = −β D − log total
    return P, xp.log(total) + beta * xp.sum(P * D, axis=1)[:, None]


class TSNE(NamedTuple):
    """A map, and how it came about.

    Parameters
    ----------
    embedding
        Where each sample ended, (n, 2).
    divergence
        Kullback-Leibler divergence of the map from the affinities at the end.
    snapshots
        The map after every ``every`` steps, (s, n, 2); none when ``every`` is 0.
    """

    embedding: Array
    divergence: float
    snapshots: Array


def tsne(
    X: Array,
    perplexity: float = 30.0,
    *,
    steps: int = 1000,
    exaggeration: float = 12.0,
    seed: int = 0,
    every: int = 0,
) -> TSNE:
    """A map of the samples on which near ones stay near: t-distributed stochastic neighbour embedding, exactly, in O(n²).

    On the map ``q_ij ∝ (1 + ‖yᵢ − yⱼ‖²)⁻¹``; the divergence ``Σ p_ij log(p_ij / q_ij)`` falls along its gradient
    ``4 Σⱼ (p_ij − q_ij) (1 + ‖yᵢ − yⱼ‖²)⁻¹ (yᵢ − yⱼ)``. In the first quarter of the steps P is exaggerated, so that
    clusters form. Distances between clusters, and their sizes, mean nothing.

    Parameters
    ----------
    X
        Samples (n, d), at least four.
    perplexity
        How many neighbours count, about; see :func:`affinities`.
    steps
        Of gradient descent with momentum and a gain for each coordinate.
    exaggeration
        Factor on P in the beginning.
    seed
        Of the noise that is added to the start, the two principal components made small.
    every
        Keep the map after so many steps, for an animation.

    References
    ----------
    Van der Maaten and Hinton, *Visualizing Data using t-SNE*, JMLR 9 (2008); learning rate after Belkina and others,
    Nature Communications 10 (2019): n / exaggeration / 4, at least 50.

    Examples
    --------
    >>> X = np.repeat([[0.0, 0.0, 0.0], [9.0, 9.0, 9.0]], 10, axis=0) + np.random.default_rng(0).normal(size=(20, 3))
    >>> Y = tsne(X, perplexity=5, steps=300).embedding
    >>> within = pairwise_squared_distances(Y[:10]).max()
    >>> bool(within < pairwise_squared_distances(Y[:10], Y[10:]).min())
    True
    """
    xp, (X,) = as_arrays(X=X)
    require(steps >= 1, "steps", "at least 1", steps)
    require(every >= 0, "every", "a number ≥ 0", every)
    P = affinities(X, perplexity)
    n = X.shape[0]
    noise = xp.asarray(np.random.default_rng(seed).normal(size=(n, 2)), dtype=X.dtype, device=X.device)
    exaggerated = exaggeration * P
    Y = 1e-4 * _unit_scores(xp, X) + 1e-6 * noise
    rate = max(n / exaggeration / 4, 50.0)
    velocity, gains, snapshots = xp.zeros_like(Y), xp.ones_like(Y), []
    for step in range(steps):
        early = step < steps // 4
        gradient = _kl_gradient(xp, exaggerated if early else P, Y)
        gains = xp.clip(xp.where((gradient > 0) == (velocity > 0), 0.8 * gains, gains + 0.2), min=0.01)
        velocity = (0.5 if early else 0.8) * velocity - rate * gains * gradient
        Y = Y + velocity
        Y = Y - xp.mean(Y, axis=0)
        if every and (step + 1) % every == 0:
            snapshots.append(Y)
    shots = xp.stack(snapshots) if snapshots else xp.zeros((0, n, 2), dtype=X.dtype, device=X.device)
    return TSNE(Y, _divergence(xp, P, Y), shots)


def _unit_scores(xp: ModuleType, X: Array) -> Array:
    """The first two principal components, (n, 2), scaled so that the first has variance 1."""
    k = min(2, *X.shape)
    scores, _, variance, _ = pca(X, k)
    if float(variance[0]) > 0:
        scores = scores / xp.sqrt(variance[0])
    return scores if k == 2 else xp.concat([scores, xp.zeros_like(scores)], axis=1)


def _student_t(xp: ModuleType, Y: Array) -> Array:
    """``(1 + ‖yᵢ − yⱼ‖²)⁻¹`` for i ≠ j, 0 on the diagonal; (n, n)."""
    squares = xp.sum(Y**2, axis=1)
    W = Y @ (-2 * Y.T)
    W += squares[:, None] + 1  # in place: a map is redrawn a thousand times
    W += squares
    W = 1 / W
    W[xp.arange(Y.shape[0]), xp.arange(Y.shape[0])] = 0
    return W


def _kl_gradient(xp: ModuleType, P: Array, Y: Array) -> Array:
    W = _student_t(xp, Y)
    pull = (P - W / xp.sum(W)) * W
    return 4 * (xp.sum(pull, axis=1)[:, None] * Y - pull @ Y)


def _divergence(xp: ModuleType, P: Array, Y: Array) -> float:
    W = _student_t(xp, Y)
    tiny = float(xp.finfo(P.dtype).smallest_normal)
    return float(xp.sum(P * xp.log(xp.clip(P, min=tiny) / xp.clip(W / xp.sum(W), min=tiny))))


def dbscan(X: Array, eps: float, min_samples: int = 5) -> Array:
    """Clusters where samples are dense, and noise elsewhere.

    A core point has at least ``min_samples`` samples, itself included, within ``eps``. Core points within eps of one
    another are of one cluster; another point within eps of a core point joins its cluster, of several the one with the
    lowest number; the rest is noise. Clusters are numbered by their first core point.

    Parameters
    ----------
    X
        Samples (n, d).
    eps
        Radius > 0, in the units of X.
    min_samples
        At least 1.

    Returns
    -------
    array
        Labels (n,): integers from 0, −1 for noise; as scikit-learn's DBSCAN gives them.

    References
    ----------
    Ester, Kriegel, Sander and Xu, *A Density-Based Algorithm for Discovering Clusters* (1996).

    Examples
    --------
    >>> dbscan([[0.0], [0.1], [0.2], [5.0], [9.0], [9.1], [9.2]], eps=0.15, min_samples=2)
    array([ 0,  0,  0, -1,  1,  1,  1])
    """
    xp, (X,) = as_arrays(X=X)
    require_axes("X", X, "(n, d)")
    require(eps > 0, "eps", "a number > 0", eps)
    require(min_samples >= 1, "min_samples", "at least 1", min_samples)
    i, j = _neighbours(X, eps)
    n = X.shape[0]
    counts = 1 + _count(xp, i, n) + _count(xp, j, n)
    core = counts >= min_samples
    joined = core[i] & core[j]
    component = _components(xp, i[joined], j[joined], n)  # the lowest number of a point in it
    first = xp.where(core & (component == xp.arange(n, device=component.device)), 1, 0)
    number = xp.cumulative_sum(first) - 1  # of the cluster, at its first core point
    labels = xp.where(core, number[component], n)
    # Border points: the lowest label among core neighbours, from either end of a pair.
    for a, b in ((i, j), (j, i)):
        labels = _lowest(labels, a[~core[a] & core[b]], labels[b[~core[a] & core[b]]])
    return xp.where(labels == n, -1, labels)


def _neighbours(X: Array, eps: float) -> tuple[Array, Array]:
    """All pairs i < j within eps: by a k-d tree, or on a torch device by blocks of the distance matrix."""
    if isinstance(X, np.ndarray):
        from scipy.spatial import cKDTree

        pairs = cKDTree(X).query_pairs(eps, output_type="ndarray")
        return pairs[:, 0], pairs[:, 1]
    import torch

    found = []
    for start in range(0, len(X), 2048):
        near = torch.cdist(X[start : start + 2048], X, compute_mode="donot_use_mm_for_euclid_dist") <= eps
        pairs = near.nonzero()
        pairs[:, 0] += start
        found.append(pairs[pairs[:, 0] < pairs[:, 1]])
    i, j = torch.cat(found).T
    return i, j


def _count(xp: ModuleType, index: Array, n: int) -> Array:
    counts: Array = xp.bincount(index, minlength=n)
    return counts


def _components(xp: ModuleType, i: Array, j: Array, n: int) -> Array:
    """For each of n points the lowest number of a point that it is connected with."""
    lowest = xp.arange(n, device=i.device)
    while True:
        before = lowest
        lowest = _lowest(_lowest(lowest, i, lowest[j]), j, lowest[i])
        lowest = lowest[lowest]  # whoever is low there is low here too: paths halve
        lowest = lowest[lowest]
        if bool(xp.all(lowest == before)):
            return lowest


def _lowest(values: Array, index: Array, others: Array) -> Array:
    """Values (n,) with each ``values[index]`` lowered to the least of its ``others``."""
    if isinstance(values, np.ndarray):
        lowered = values.copy()
        np.minimum.at(lowered, index, others)
        return lowered
    return values.scatter_reduce(0, index, others, "amin")
