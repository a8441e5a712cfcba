"""Activation functions, each with its derivative; NumPy arrays or torch tensors of any shape.

A derivative is taken at the input x, not at the output. Where a function has a corner, its derivative is the one from
the left, as in torch: 0 for ReLU at 0.
"""

from __future__ import annotations

from course_utils._arrays import Array, as_arrays, require
from course_utils.regression import sigmoid

__all__ = [
    "elu",
    "elu_derivative",
    "leaky_relu",
    "leaky_relu_derivative",
    "maxout",
    "maxout_derivative",
    "prelu",
    "prelu_derivative",
    "relu",
    "relu_derivative",
    "sigmoid",
    "sigmoid_derivative",
    "tanh",
    "tanh_derivative",
]


def sigmoid_derivative(x: Array) -> Array:
    """Slope of the sigmoid, ``σ(x) (1 − σ(x))``: at most ¼, and almost 0 where it saturates.

    Examples
    --------
    >>> float(sigmoid_derivative(0.0))
    0.25
    """
    s = sigmoid(x)
    return s * sigmoid(-as_arrays(x=x)[1][0])  # 1 − σ(x) = σ(−x), without cancellation


def tanh(x: Array) -> Array:
    """Hyperbolic tangent: bounded by ±1 and zero-centred; ``tanh x = 2 σ(2x) − 1``.

    Examples
    --------
    >>> float(tanh(0.0))
    0.0
    """
    xp, (x,) = as_arrays(x=x)
    return xp.tanh(x)


def tanh_derivative(x: Array) -> Array:
    """Slope of tanh, ``1 − tanh² x``.

    Examples
    --------
    >>> float(tanh_derivative(0.0))
    1.0
    """
    return 1 - tanh(x) ** 2


def relu(x: Array) -> Array:
    """Rectified linear unit, ``max(0, x)``.

    References
    ----------
    Nair and Hinton, *Rectified Linear Units Improve Restricted Boltzmann Machines* (2010).

    Examples
    --------
    >>> relu([-2.0, 3.0])
    array([0., 3.])
    """
    xp, (x,) = as_arrays(x=x)
    return xp.clip(x, min=0)


def relu_derivative(x: Array) -> Array:
    """Slope of ReLU: 1 for x > 0, otherwise 0; a unit that is never positive learns nothing more.

    Examples
    --------
    >>> relu_derivative([-2.0, 0.0, 3.0])
    array([0., 0., 1.])
    """
    return leaky_relu_derivative(x, 0.0)


def leaky_relu(x: Array, negative_slope: float = 0.01) -> Array:
    """Leaky ReLU: x for x > 0, ``α x`` otherwise.

    Parameters
    ----------
    x
        Of any shape.
    negative_slope
        α, as torch calls it.

    References
    ----------
    Maas, Hannun and Ng, *Rectifier Nonlinearities Improve Neural Network Acoustic Models* (2013).

    Examples
    --------
    >>> leaky_relu([-2.0, 3.0], 0.1)
    array([-0.2,  3. ])
    """
    xp, (x,) = as_arrays(x=x)
    return xp.where(x > 0, x, negative_slope * x)


def leaky_relu_derivative(x: Array, negative_slope: float = 0.01) -> Array:
    """Slope of leaky ReLU: 1 for x > 0, otherwise α.

    Examples
    --------
    >>> leaky_relu_derivative([-2.0, 3.0], 0.1)
    array([0.1, 1. ])
    """
    xp, (x,) = as_arrays(x=x)
    return xp.where(x > 0, xp.ones_like(x), negative_slope * xp.ones_like(x))


def prelu(x: Array, a: Array) -> Array:
    """Leaky ReLU whose slope for negative inputs is learnt, one for each channel.

    Parameters
    ----------
    x
        (n, channels, …).
    a
        Slopes (channels,), or one for all: shape (1,).

    References
    ----------
    He, Zhang, Ren and Sun, *Delving Deep into Rectifiers* (2015).

    Examples
    --------
    >>> prelu([[-2.0, -2.0]], [0.5, 0.25])
    array([[-1. , -0.5]])
    """
    xp, x, a = _channels(x, a)
    return xp.where(x > 0, x, a * x)


def prelu_derivative(x: Array, a: Array) -> tuple[Array, Array]:
    """Slopes of PReLU with respect to x and to a, both in the shape of x.

    The gradient of a loss with respect to ``a`` is the second, times the upstream gradient, summed over all axes but
    the channels'.

    Examples
    --------
    >>> prelu_derivative([[-2.0, 3.0]], [0.5, 0.25])
    (array([[0.5, 1. ]]), array([[-2.,  0.]]))
    """
    xp, x, a = _channels(x, a)
    zero = xp.zeros_like(x)
    return xp.where(x > 0, zero + 1, zero + a), xp.where(x > 0, zero, x)


def _channels(x: Array, a: Array) -> tuple[Array, Array, Array]:
    xp, (x, a) = as_arrays(x=x, a=a)
    require(x.ndim >= 2, "x", "shape (n, channels, …)", f"shape {tuple(x.shape)}")
    require(
        a.ndim == 1 and a.shape[0] in (1, x.shape[1]),
        "a",
        f"shape ({x.shape[1]},) or (1,)",
        f"shape {tuple(a.shape)}",
    )
    return xp, x, xp.reshape(a, (1, -1, *[1] * (x.ndim - 2)))


def elu(x: Array, alpha: float = 1.0) -> Array:
    """Exponential linear unit: x for x > 0, ``α (exp x − 1)`` otherwise.

    References
    ----------
    Clevert, Unterthiner and Hochreiter, *Fast and Accurate Deep Network Learning by Exponential Linear Units* (2016).

    Examples
    --------
    >>> elu([-1000.0, 3.0], 0.5)
    array([-0.5,  3. ])
    """
    xp, (x,) = as_arrays(x=x)
    return xp.where(
        x > 0, x, alpha * xp.expm1(xp.clip(x, max=0))
    )  # clipped, or exp overflows where it isn't used


def elu_derivative(x: Array, alpha: float = 1.0) -> Array:
    """Slope of ELU: 1 for x > 0, ``α exp x`` otherwise.

    Examples
    --------
    >>> elu_derivative([0.0, 3.0], 0.5)
    array([0.5, 1. ])
    """
    xp, (x,) = as_arrays(x=x)
    return xp.where(x > 0, xp.ones_like(x), alpha * xp.exp(xp.clip(x, max=0)))


def maxout(x: Array, W: Array, b: Array) -> Array:
    """Largest of several linear functions: ``max_p (W_p x + b_p)``; with two pieces, twice the parameters of a layer.

    Parameters
    ----------
    x
        Inputs (n, d).
    W
        Weights (pieces, k, d).
    b
        Biases (pieces, k).

    Returns
    -------
    array
        (n, k).

    References
    ----------
    Goodfellow, Warde-Farley, Mirza, Courville and Bengio, *Maxout Networks* (2013).

    Examples
    --------
    >>> maxout([[-2.0], [3.0]], [[[1.0]], [[-1.0]]], [[0.0], [0.0]])  # |x|
    array([[2.],
           [3.]])
    """
    xp, pieces = _pieces(x, W, b)
    return xp.max(pieces, axis=0)


def maxout_derivative(x: Array, W: Array, b: Array) -> Array:
    """Jacobian of maxout with respect to x: for each output, the weights of the piece that is largest; (n, k, d).

    Examples
    --------
    >>> maxout_derivative([[-2.0]], [[[1.0]], [[-1.0]]], [[0.0], [0.0]])
    array([[[-1.]]])
    """
    xp, pieces = _pieces(x, W, b)
    _, (W,) = as_arrays(W=W)
    largest = xp.argmax(pieces, axis=0)  # (n, k)
    return sum(xp.where((largest == p)[..., None], W[p], xp.zeros_like(W[p])) for p in range(W.shape[0]))


def _pieces(x: Array, W: Array, b: Array) -> tuple[Array, Array]:
    xp, (x, W, b) = as_arrays(x=x, W=W, b=b)
    require(x.ndim == 2, "x", "shape (n, d)", f"shape {tuple(x.shape)}")
    require(
        W.ndim == 3 and W.shape[2] == x.shape[1],
        "W",
        f"shape (pieces, k, {x.shape[1]})",
        f"shape {tuple(W.shape)}",
    )
    require(b.shape == W.shape[:2], "b", f"shape {tuple(W.shape[:2])}", f"shape {tuple(b.shape)}")
    return xp, x @ xp.matrix_transpose(W) + b[:, None, :]  # (pieces, n, k)
