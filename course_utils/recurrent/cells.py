"""Recurrent layers forwards and backwards through time.

Sequences are (batch, time, features). NumPy arrays go step by step, torch tensors through torch's own kernels and its
autograd; both have torch's weight layout, with one bias instead of two.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from course_utils._arrays import Array, as_arrays, require, require_axes
from course_utils.regression import sigmoid


def rnn_forward(x: Array, h0: Array, W_xh: Array, W_hh: Array, b: Array) -> Array:
    """Recurrent layer: ``h_t = tanh(W_xh x_t + W_hh h_{t−1} + b)``, with the same weights at each step.

    Parameters
    ----------
    x
        Inputs (n, T, d).
    h0
        State before the first step (n, k).
    W_xh, W_hh, b
        (k, d), (k, k) and (k,).

    Returns
    -------
    array
        h after each step (n, T, k).

    References
    ----------
    Goodfellow, Bengio and Courville, *Deep Learning*, section 10.2.

    Examples
    --------
    >>> h = rnn_forward([[[1.0], [0.0]]], [[0.0]], [[1.0]], [[1.0]], [0.0])
    >>> h.round(3).ravel()  # tanh(1), tanh(tanh(1))
    array([0.762, 0.642])
    """
    _, (x, h0, W_xh, W_hh, b) = as_arrays(x=x, h0=h0, W_xh=W_xh, W_hh=W_hh, b=b)
    _require_shapes(x, h0, W_xh, W_hh, b, gates=1)
    if not isinstance(x, np.ndarray):
        return _torch_layer("RNN", x, (h0[None],), W_xh, W_hh, b)[0]
    h, states = h0, []
    pushes = x @ W_xh.T + b  # of all steps at once; only the memory needs a loop
    for t in range(x.shape[1]):
        h = np.tanh(pushes[:, t] + h @ W_hh.T)
        states.append(h)
    return np.stack(states, axis=1)


def rnn_backward(
    dh: Array, x: Array, h0: Array, W_xh: Array, W_hh: Array, b: Array
) -> tuple[Array, Array, Array, Array, Array]:
    """Gradients of a loss through :func:`rnn_forward`, backwards through time.

    From the last step on ``da_t = (dh_t + W_hhᵀ da_{t+1}) (1 − h_t²)``; ``dx_t = W_xhᵀ da_t``; the weights' gradients add
    up over all steps, ``dW_xh = Σ da_t x_tᵀ``, ``dW_hh = Σ da_t h_{t−1}ᵀ``, ``db = Σ da_t``.

    Parameters
    ----------
    dh
        Gradient with respect to every state (n, T, k); zeros where the loss doesn't look.
    x, h0, W_xh, W_hh, b
        As they went in.

    Returns
    -------
    dx, dh0, dW_xh, dW_hh, db
        In the shapes of the arguments.

    References
    ----------
    Werbos, *Backpropagation Through Time*, Proceedings of the IEEE 78 (1990).
    """
    _, (dh, x, h0, W_xh, W_hh, b) = as_arrays(dh=dh, x=x, h0=h0, W_xh=W_xh, W_hh=W_hh, b=b)
    _require_shapes(x, h0, W_xh, W_hh, b, gates=1)
    _require_upstream(dh, x, h0)
    if not isinstance(x, np.ndarray):
        return _torch_gradients(lambda *leaves: rnn_forward(*leaves), dh, x, h0, W_xh, W_hh, b)
    h = rnn_forward(x, h0, W_xh, W_hh, b)
    da, back = np.zeros_like(h), np.zeros_like(h0)
    for t in reversed(range(x.shape[1])):
        da[:, t] = (dh[:, t] + back) * (1 - h[:, t] ** 2)
        back = da[:, t] @ W_hh
    return da @ W_xh, back, *_weight_gradients(da, x, h0, h)


def lstm_forward(
    x: Array, h0: Array, c0: Array, W_xh: Array, W_hh: Array, b: Array
) -> tuple[Array, tuple[Array, Array]]:
    """Long short-term memory: gates decide what to forget, what to remember, and what to say.

    ``(i, f, g, o) = W_xh x_t + W_hh h_{t−1} + b``, then ``c_t = σ(f) c_{t−1} + σ(i) tanh(g)`` and
    ``h_t = σ(o) tanh(c_t)``.

    Parameters
    ----------
    x
        Inputs (n, T, d).
    h0, c0
        State and cell before the first step (n, k).
    W_xh, W_hh, b
        (4k, d), (4k, k) and (4k,): the rows of i, f, g and o one after another, as in torch.

    Returns
    -------
    h, (h_T, c_T)
        h after each step (n, T, k), and the last state and cell (n, k).

    References
    ----------
    Hochreiter and Schmidhuber, *Long Short-Term Memory*, Neural Computation 9 (1997); forget gate after Gers,
    Schmidhuber and Cummins (2000).

    Examples
    --------
    >>> W, zero = np.zeros((4, 1)), np.zeros((1, 1))
    >>> h, (h_T, c_T) = lstm_forward([[[1.0]]], zero, [[2.0]], W, W, np.zeros(4))
    >>> c_T  # all gates half open: half of the cell is forgotten
    array([[1.]])
    """
    _, (x, h0, c0, W_xh, W_hh, b) = as_arrays(x=x, h0=h0, c0=c0, W_xh=W_xh, W_hh=W_hh, b=b)
    _require_shapes(x, h0, W_xh, W_hh, b, gates=4)
    require(c0.shape == h0.shape, "c0", f"shape {tuple(h0.shape)}", f"shape {tuple(c0.shape)}")
    if not isinstance(x, np.ndarray):
        h, (h_last, c_last) = _torch_layer("LSTM", x, (h0[None], c0[None]), W_xh, W_hh, b)
        return h, (h_last[0], c_last[0])
    states, cells, _ = _lstm_steps(x, h0, c0, W_xh, W_hh, b)
    return states, (states[:, -1], cells[:, -1])


def _lstm_steps(
    x: np.ndarray, h: np.ndarray, c: np.ndarray, W_xh: np.ndarray, W_hh: np.ndarray, b: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """States and cells (n, T, k), and the open gates (n, T, 4, k)."""
    k, states, cells, gates = h.shape[1], [], [], []
    pushes = x @ W_xh.T + b
    for t in range(x.shape[1]):
        a = (pushes[:, t] + h @ W_hh.T).reshape(-1, 4, k)
        gate = sigmoid(a)
        gate[:, 2] = np.tanh(a[:, 2])
        i, f, g, o = (gate[:, number] for number in range(4))
        c = f * c + i * g
        h = o * np.tanh(c)
        states.append(h)
        cells.append(c)
        gates.append(gate)
    return np.stack(states, axis=1), np.stack(cells, axis=1), np.stack(gates, axis=1)


def lstm_backward(
    dh: Array, x: Array, h0: Array, c0: Array, W_xh: Array, W_hh: Array, b: Array
) -> tuple[Array, Array, Array, Array, Array, Array]:
    """Gradients of a loss through :func:`lstm_forward`, backwards through time.

    Along the cell the gradient is only multiplied by the forget gate, ``dc_{t−1} = σ(f_t) dc_t + …``: with open gates it
    reaches far back.

    Parameters
    ----------
    dh
        Gradient with respect to every state (n, T, k).
    x, h0, c0, W_xh, W_hh, b
        As they went in.

    Returns
    -------
    dx, dh0, dc0, dW_xh, dW_hh, db
        In the shapes of the arguments.
    """
    _, (dh, x, h0, c0, W_xh, W_hh, b) = as_arrays(dh=dh, x=x, h0=h0, c0=c0, W_xh=W_xh, W_hh=W_hh, b=b)
    _require_shapes(x, h0, W_xh, W_hh, b, gates=4)
    _require_upstream(dh, x, h0)
    if not isinstance(x, np.ndarray):
        return _torch_gradients(lambda *leaves: lstm_forward(*leaves)[0], dh, x, h0, c0, W_xh, W_hh, b)
    h, c, gates = _lstm_steps(x, h0, c0, W_xh, W_hh, b)
    n, T, k = h.shape
    da = np.zeros((n, T, 4, k), h.dtype)
    dh_back, dc = np.zeros_like(h0), np.zeros_like(c0)
    for t in reversed(range(T)):
        i, f, g, o = (gates[:, t, number] for number in range(4))
        before, squashed = c[:, t - 1] if t else c0, np.tanh(c[:, t])
        dh_t = dh[:, t] + dh_back
        dc = dc + dh_t * o * (1 - squashed**2)
        slopes = (i * (1 - i), f * (1 - f), 1 - g**2, o * (1 - o))
        for number, upstream in enumerate((dc * g, dc * before, dc * i, dh_t * squashed)):
            da[:, t, number] = upstream * slopes[number]
        dc = dc * f
        dh_back = da[:, t].reshape(n, 4 * k) @ W_hh
    flat = da.reshape(n, T, 4 * k)
    return flat @ W_xh, dh_back, dc, *_weight_gradients(flat, x, h0, h)


def _weight_gradients(
    da: np.ndarray, x: np.ndarray, h0: np.ndarray, h: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sums over samples and steps: da xᵀ, da h_{t−1}ᵀ, da."""
    before = np.concatenate([h0[:, None], h[:, :-1]], axis=1)
    rows = da.reshape(-1, da.shape[2])
    return rows.T @ x.reshape(len(rows), -1), rows.T @ before.reshape(len(rows), -1), rows.sum(axis=0)


def _require_shapes(x: Array, h0: Array, W_xh: Array, W_hh: Array, b: Array, gates: int) -> None:
    require_axes("x", x, "(n, T, d)")
    require_axes("h0", h0, "(n, k)")
    (n, _, d), k = x.shape, h0.shape[1]
    wanted = (
        ("h0", h0, (n, k)),
        ("W_xh", W_xh, (gates * k, d)),
        ("W_hh", W_hh, (gates * k, k)),
        ("b", b, (gates * k,)),
    )
    for name, array, shape in wanted:
        require(tuple(array.shape) == shape, name, f"shape {shape}", f"shape {tuple(array.shape)}")


def _require_upstream(dh: Array, x: Array, h0: Array) -> None:
    wanted = (*x.shape[:2], h0.shape[1])
    require(tuple(dh.shape) == wanted, "dh", f"shape {wanted}", f"shape {tuple(dh.shape)}")


def _torch_layer(kind: str, x: Any, state: tuple[Any, ...], W_xh: Any, W_hh: Any, b: Any) -> Any:
    """Run torch's kernel with given weights; they stay leaves of whatever graph they belong to."""
    import torch

    net = getattr(torch.nn, kind)(x.shape[2], W_hh.shape[1], batch_first=True, device="meta")
    weights = {
        "weight_ih_l0": W_xh,
        "weight_hh_l0": W_hh,
        "bias_ih_l0": b,
        "bias_hh_l0": torch.zeros_like(b),
    }
    hidden = state[0] if kind == "RNN" else state
    return torch.func.functional_call(net, weights, (x, hidden))


def _torch_gradients(run: Any, dh: Any, *arguments: Any) -> tuple[Any, ...]:
    import torch

    with torch.enable_grad():
        leaves = [argument.detach().requires_grad_() for argument in arguments]
        return torch.autograd.grad(run(*leaves), leaves, dh)


def clip_gradients(gradients: Sequence[Array], max_norm: float) -> tuple[list[Array], float]:
    """Shorten gradients that together are longer than ``max_norm``; their direction stays.

    ``g ← g · min(1, max_norm / ‖g‖)`` with ‖g‖ over all entries of all arrays.

    Parameters
    ----------
    gradients
        Arrays of any shapes.
    max_norm
        Above 0.

    Returns
    -------
    gradients, norm
        New arrays, and the norm before.

    References
    ----------
    Pascanu, Mikolov and Bengio, *On the difficulty of training recurrent neural networks* (2013).

    Examples
    --------
    >>> clip_gradients([np.array([3.0]), np.array([4.0])], 1.0)
    ([array([0.6]), array([0.8])], 5.0)
    """
    require(max_norm > 0, "max_norm", "a number > 0", max_norm)
    require(len(gradients) > 0, "gradients", "at least one array", "none")
    xp, arrays = as_arrays(**{f"gradients[{number}]": gradient for number, gradient in enumerate(gradients)})
    norm = float(sum(xp.sum(array**2) for array in arrays)) ** 0.5
    share = min(1.0, max_norm / norm) if norm > 0 else 1.0
    return [array * share for array in arrays], norm


def gradient_norms(W_hh: Array, steps: int) -> Array:
    """How long the longest gradient can be after going back 0, 1, …, ``steps`` steps of a linear recurrence: ``‖W_hh^t‖₂``.

    It grows or shrinks in the end like the largest absolute eigenvalue to the power of t; tanh only makes it shorter.

    Parameters
    ----------
    W_hh
        (k, k).
    steps
        At least 0.

    Returns
    -------
    array
        (steps + 1,).

    References
    ----------
    Bengio, Simard and Frasconi, *Learning Long-Term Dependencies with Gradient Descent is Difficult* (1994).

    Examples
    --------
    >>> gradient_norms([[0.5, 0.0], [0.0, 0.1]], 3)
    array([1.   , 0.5  , 0.25 , 0.125])
    """
    xp, (W_hh,) = as_arrays(W_hh=W_hh)
    require_axes("W_hh", W_hh, "(k, k)")
    require(W_hh.shape[0] == W_hh.shape[1], "W_hh", "a square matrix", f"shape {tuple(W_hh.shape)}")
    require(steps >= 0, "steps", "a number ≥ 0", steps)
    power, norms = xp.eye(W_hh.shape[0], dtype=W_hh.dtype, device=W_hh.device), []
    for _ in range(steps + 1):
        norms.append(xp.linalg.matrix_norm(power, ord=2))
        power = W_hh.T @ power
    return xp.stack(norms)
