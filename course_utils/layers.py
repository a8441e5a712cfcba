"""Layers of a network, forwards and backwards, and how to start their weights. NumPy arrays or torch tensors."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from course_utils._arrays import Array, as_arrays, require

__all__ = [
    "BatchNormState",
    "batch_norm",
    "batch_norm_backward",
    "dropout",
    "he_normal",
    "inverted_dropout",
    "linear",
    "linear_backward",
    "xavier_normal",
]


def linear(x: Array, weight: Array, bias: Array | None = None) -> Array:
    """Fully connected layer: ``y = x Wᵀ + b``.

    Parameters
    ----------
    x
        Inputs (…, d).
    weight
        W (k, d), as torch has it.
    bias
        b (k,).

    Returns
    -------
    array
        (…, k).

    Examples
    --------
    >>> linear([[1.0, 2.0]], [[3.0, 4.0]], [0.5])
    array([[11.5]])
    """
    _, (x, weight) = as_arrays(x=x, weight=weight)
    require(weight.ndim == 2, "weight", "shape (k, d)", f"shape {tuple(weight.shape)}")
    require(
        x.ndim >= 1 and x.shape[-1] == weight.shape[1],
        "x",
        f"shape (…, {weight.shape[1]})",
        f"shape {tuple(x.shape)}",
    )
    if bias is None:
        return x @ weight.T
    _, (bias, _) = as_arrays(bias=bias, x=x)
    require(
        bias.shape == weight.shape[:1], "bias", f"shape ({weight.shape[0]},)", f"shape {tuple(bias.shape)}"
    )
    return x @ weight.T + bias


def linear_backward(dy: Array, x: Array, weight: Array) -> tuple[Array, Array, Array]:
    """Gradients of a loss through :func:`linear`: ``dx = dy W``, ``dW = dyᵀ x``, ``db = Σ dy``.

    Parameters
    ----------
    dy
        Gradient with respect to the output (…, k).
    x, weight
        As they went in.

    Returns
    -------
    dx, dweight, dbias
        In the shapes of x, weight and bias.

    Examples
    --------
    >>> linear_backward([[1.0]], [[1.0, 2.0]], [[3.0, 4.0]])
    (array([[3., 4.]]), array([[1., 2.]]), array([1.]))
    """
    xp, (dy, x, weight) = as_arrays(dy=dy, x=x, weight=weight)
    wanted = (*x.shape[:-1], weight.shape[0])
    require(dy.shape == wanted, "dy", f"shape {wanted}", f"shape {tuple(dy.shape)}")
    rows_y, rows_x = xp.reshape(dy, (-1, dy.shape[-1])), xp.reshape(x, (-1, x.shape[-1]))
    return dy @ weight, rows_y.T @ rows_x, xp.sum(rows_y, axis=0)


class BatchNormState(NamedTuple):
    """Running statistics of each channel, (c,): what batch norm uses instead of a batch's own after training."""

    mean: Array
    variance: Array


def batch_norm(
    x: Array,
    gamma: Array,
    beta: Array,
    state: BatchNormState | None = None,
    training: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> tuple[Array, BatchNormState]:
    """Batch normalisation: ``y = γ (x − E[x]) / √(Var[x] + ε) + β``, for each channel.

    Parameters
    ----------
    x
        (n, c) or (n, c, …): mean and variance are over all axes but the channels'.
    gamma, beta
        γ and β, (c,).
    state
        From the call before; None before the first: mean 0, variance 1.
    training
        Whether to use the batch's own statistics, and to move the running ones towards them. Otherwise the running
        ones are used and stay.
    momentum
        How far: ``running ← (1 − momentum) running + momentum · batch``, with the batch's variance divided by N − 1, as
        in torch.
    eps
        ε.

    Returns
    -------
    y, state
        The result in the shape of x, and the new state; nothing is changed in place.

    Raises
    ------
    ValueError
        If shapes don't fit, or a channel has one value only in training: its variance is 0.

    References
    ----------
    Ioffe and Szegedy, *Batch Normalization* (2015).

    Examples
    --------
    >>> y, state = batch_norm([[1.0], [3.0]], [1.0], [0.0], eps=0.0)
    >>> y.tolist(), state.mean.tolist()
    ([[-1.0], [1.0]], [0.2])
    """
    xp, (x, gamma, beta) = as_arrays(x=x, gamma=gamma, beta=beta)
    axes, shape = _channel_axes(x, gamma, beta)
    if state is None:
        state = BatchNormState(xp.zeros_like(gamma), xp.ones_like(gamma))
    if training:
        count = math.prod(x.shape[axis] for axis in axes)
        require(count > 1, "x", "more than one value for each channel in training", f"shape {tuple(x.shape)}")
        mean, variance = xp.mean(x, axis=axes), xp.var(x, axis=axes)
        state = BatchNormState(
            (1 - momentum) * state.mean + momentum * mean,
            (1 - momentum) * state.variance + momentum * variance * count / (count - 1),
        )
    else:
        mean, variance = state
    normalised = (x - xp.reshape(mean, shape)) / xp.sqrt(xp.reshape(variance, shape) + eps)
    return xp.reshape(gamma, shape) * normalised + xp.reshape(beta, shape), state


def batch_norm_backward(dy: Array, x: Array, gamma: Array, eps: float = 1e-5) -> tuple[Array, Array, Array]:
    """Gradients of a loss through :func:`batch_norm` in training, where mean and variance depend on x too.

    ``dx = γ / √(Var + ε) · (dy − E[dy] − x̂ E[dy x̂])``, ``dγ = Σ dy x̂``, ``dβ = Σ dy``, with means over the batch.

    Parameters
    ----------
    dy
        Gradient with respect to the output, in the shape of x.
    x, gamma, eps
        As they went in.

    Returns
    -------
    dx, dgamma, dbeta
        In the shapes of x, gamma and beta.
    """
    xp, (dy, x, gamma) = as_arrays(dy=dy, x=x, gamma=gamma)
    axes, shape = _channel_axes(x, gamma, gamma)
    require(dy.shape == x.shape, "dy", f"shape {tuple(x.shape)}", f"shape {tuple(dy.shape)}")
    scale = xp.sqrt(xp.reshape(xp.var(x, axis=axes), shape) + eps)
    normalised = (x - xp.reshape(xp.mean(x, axis=axes), shape)) / scale
    along = xp.reshape(xp.mean(dy * normalised, axis=axes), shape)
    dx = (
        xp.reshape(gamma, shape)
        / scale
        * (dy - xp.reshape(xp.mean(dy, axis=axes), shape) - normalised * along)
    )
    return dx, xp.sum(dy * normalised, axis=axes), xp.sum(dy, axis=axes)


def _channel_axes(x: Array, gamma: Array, beta: Array) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The axes to average over, and the shape in which a channel's number meets x."""
    require(x.ndim >= 2, "x", "shape (n, c, …)", f"shape {tuple(x.shape)}")
    for name, parameter in (("gamma", gamma), ("beta", beta)):
        require(
            parameter.shape == (x.shape[1],),
            name,
            f"shape ({x.shape[1]},)",
            f"shape {tuple(parameter.shape)}",
        )
    return (0, *range(2, x.ndim)), (1, -1, *[1] * (x.ndim - 2))


def dropout(x: Array, keep: float, training: bool = True, seed: int = 0) -> Array:
    """Dropout as it was first published: units are zeroed in training, and all scaled by ``keep`` afterwards.

    Parameters
    ----------
    x
        Activations of any shape.
    keep
        The probability p in (0, 1] that a unit is kept. torch's p is the probability that it is dropped, 1 − keep.
    training
        Whether to zero units, or to return ``keep · x``, which is what training gives on average.
    seed
        Decides which units; use another in every step.

    References
    ----------
    Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov, *Dropout*, JMLR 15 (2014).

    Examples
    --------
    >>> dropout([2.0, 4.0], keep=0.5, training=False)
    array([1., 2.])
    """
    _, (x,) = as_arrays(x=x)
    return x * _mask(x, keep, seed) if training else x * keep


def inverted_dropout(x: Array, keep: float, training: bool = True, seed: int = 0) -> Array:
    """Dropout that divides by ``keep`` in training, so that nothing is left to do afterwards.

    Parameters
    ----------
    x, keep, training, seed
        As in :func:`dropout`; ``torch.nn.functional.dropout`` works like this.

    Examples
    --------
    >>> inverted_dropout([2.0, 4.0], keep=0.5, training=False)
    array([2., 4.])
    """
    _, (x,) = as_arrays(x=x)
    return x * _mask(x, keep, seed) / keep if training else x


def _mask(x: Array, keep: float, seed: int) -> Array:
    require(0 < keep <= 1, "keep", "a probability in (0, 1]", keep)
    if isinstance(x, np.ndarray):
        return np.asarray(np.random.default_rng(seed).random(x.shape) < keep, dtype=x.dtype)
    import torch

    generator = torch.Generator(device=x.device).manual_seed(seed)
    return (torch.rand(x.shape, generator=generator, device=x.device) < keep).to(x.dtype)


def xavier_normal(shape: tuple[int, ...], seed: int = 0, like: Array | None = None) -> Array:
    """Weights drawn from ``N(0, 1/n)`` with n inputs to a unit, so that activations keep their variance.

    torch's ``xavier_normal_`` divides by the mean of inputs and outputs instead, a compromise for the way back.

    Parameters
    ----------
    shape
        (outputs, inputs, …) as in torch: n is the product of all but the first.
    seed
        Decides the weights.
    like
        An array whose library, device and dtype the weights get; NumPy's float64 by default.

    References
    ----------
    Glorot and Bengio, *Understanding the difficulty of training deep feedforward neural networks* (2010).

    Examples
    --------
    >>> round(float(xavier_normal((100, 400)).std()), 3)
    0.05
    """
    return _normal(shape, 1.0, seed, like)


def he_normal(shape: tuple[int, ...], seed: int = 0, like: Array | None = None) -> Array:
    """Weights drawn from ``N(0, 2/n)`` with n inputs to a unit: twice as much, for ReLU lets half of them through.

    Parameters
    ----------
    shape, seed, like
        As in :func:`xavier_normal`.

    References
    ----------
    He, Zhang, Ren and Sun, *Delving Deep into Rectifiers* (2015).

    Examples
    --------
    >>> round(float(he_normal((100, 200)).std()), 1)
    0.1
    """
    return _normal(shape, 2.0, seed, like)


def _normal(shape: tuple[int, ...], gain: float, seed: int, like: Any) -> Array:
    require(len(shape) >= 2 and min(shape) >= 1, "shape", "(outputs, inputs, …)", shape)
    scale = math.sqrt(gain / math.prod(shape[1:]))
    weights = scale * np.random.default_rng(seed).normal(size=shape)
    if like is None:
        return weights
    xp, (like,) = as_arrays(like=like)
    return xp.asarray(weights, dtype=like.dtype, device=like.device)
