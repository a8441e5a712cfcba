"""Optimizers as single steps, and trajectories from many starts at once.

All follow one contract, and so does a student's own::

    step(w, gradient, state, **hyper) -> (w, state)

``gradient`` is a callable that returns ∇L at the weights it is given, ``state`` a dict, empty before the first step. A
step changes neither its weights nor its state in place. Weights are arrays of any shape, NumPy or torch.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

from course_utils._arrays import Array, as_arrays, require

State = dict[str, Any]
GradientOf = Callable[[Array], Array]
Step = Callable[..., tuple[Array, State]]


def gradient_descent(
    w: Array, gradient: GradientOf, state: State, *, learning_rate: float = 0.1
) -> tuple[Array, State]:
    """One step down the gradient: ``w ← w − α ∇L(w)``.

    Parameters
    ----------
    w
        Weights, of any shape.
    gradient
        Returns ∇L at given weights, in their shape.
    state
        Not used.
    learning_rate
        α.

    Returns
    -------
    w, state
        After the step.

    Examples
    --------
    >>> gradient_descent(3.0, lambda w: 2 * w, {}, learning_rate=0.25)
    (1.5, {})
    """
    return w - learning_rate * gradient(w), state


def momentum(
    w: Array, gradient: GradientOf, state: State, *, learning_rate: float = 0.1, mu: float = 0.9
) -> tuple[Array, State]:
    """Momentum: ``p ← μ p − α ∇L(w)``, ``w ← w + p``.

    Parameters
    ----------
    w, gradient, learning_rate
        As in :func:`gradient_descent`.
    state
        Holds ``p``.
    mu
        The momentum constant μ. torch's convention keeps ``−p/α``: the same path while α doesn't change.

    References
    ----------
    Polyak, *Some methods of speeding up the convergence of iteration methods* (1964).
    """
    p = mu * state.get("p", 0.0) - learning_rate * gradient(w)
    return w + p, {"p": p}


def nesterov(
    w: Array, gradient: GradientOf, state: State, *, learning_rate: float = 0.1, mu: float = 0.9
) -> tuple[Array, State]:
    """Nesterov's momentum, with the gradient where momentum will lead: ``p ← μ p − α ∇L(w + μ p)``, ``w ← w + p``.

    Parameters
    ----------
    w, gradient, state, learning_rate, mu
        As in :func:`momentum`.

    References
    ----------
    Sutskever, Martens, Dahl and Hinton, *On the importance of initialization and momentum in deep learning* (2013).
    """
    p = mu * state.get("p", 0.0)
    p = p - learning_rate * gradient(w + p)
    return w + p, {"p": p}


def adagrad(
    w: Array, gradient: GradientOf, state: State, *, learning_rate: float = 0.5, eps: float = 1e-8
) -> tuple[Array, State]:
    """AdaGrad: ``c ← c + g²``, ``w ← w − α g / (√c + ε)``; steps shrink like 1/√t.

    Parameters
    ----------
    w, gradient, learning_rate
        As in :func:`gradient_descent`.
    state
        Holds ``c``.
    eps
        ε keeps the first division finite.

    References
    ----------
    Duchi, Hazan and Singer, *Adaptive Subgradient Methods*, JMLR 12 (2011).
    """
    g = gradient(w)
    c = state.get("c", 0.0) + g**2
    return w - learning_rate * g / (c**0.5 + eps), {"c": c}


def rmsprop(
    w: Array,
    gradient: GradientOf,
    state: State,
    *,
    learning_rate: float = 0.05,
    beta: float = 0.9,
    eps: float = 1e-8,
) -> tuple[Array, State]:
    """RMSprop: ``s ← β s + (1 − β) g²``, ``w ← w − α g / (√s + ε)``.

    Parameters
    ----------
    w, gradient, learning_rate, eps
        As in :func:`adagrad`.
    state
        Holds ``s``.
    beta
        β in [0, 1): how slowly old gradients are forgotten.

    References
    ----------
    Tieleman and Hinton, *Neural Networks for Machine Learning*, lecture 6.5 (2012).
    """
    g = gradient(w)
    s = beta * state.get("s", 0.0) + (1 - beta) * g**2
    return w - learning_rate * g / (s**0.5 + eps), {"s": s}


def adam(
    w: Array,
    gradient: GradientOf,
    state: State,
    *,
    learning_rate: float = 0.1,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
) -> tuple[Array, State]:
    """Adam: momentum over a running scale, both corrected for starting at zero.

    ``p ← β₁ p + (1 − β₁) g``, ``s ← β₂ s + (1 − β₂) g²``, ``w ← w − α p̂ / (√ŝ + ε)`` with ``p̂ = p / (1 − β₁ᵗ)`` and
    ``ŝ = s / (1 − β₂ᵗ)`` at step t = 1, 2, …

    Parameters
    ----------
    w, gradient, learning_rate, eps
        As in :func:`adagrad`.
    state
        Holds ``p``, ``s`` and ``t``; p and s uncorrected.
    beta1, beta2
        How slowly old gradients and their squares are forgotten.

    References
    ----------
    Kingma and Ba, *Adam: A Method for Stochastic Optimization* (2015).
    """
    g, t = gradient(w), state.get("t", 0) + 1
    p = beta1 * state.get("p", 0.0) + (1 - beta1) * g
    s = beta2 * state.get("s", 0.0) + (1 - beta2) * g**2
    p_hat, s_hat = p / (1 - beta1**t), s / (1 - beta2**t)
    return w - learning_rate * p_hat / (s_hat**0.5 + eps), {"p": p, "s": s, "t": t}


def adamw(
    w: Array,
    gradient: GradientOf,
    state: State,
    *,
    learning_rate: float = 0.1,
    weight_decay: float = 0.01,
    **hyper: float,
) -> tuple[Array, State]:
    """Adam with weight decay of its own, kept apart from the scaled gradient: first ``w ← w − α λ w``, then :func:`adam`.

    Parameters
    ----------
    w, gradient, state, learning_rate
        As in :func:`adam`.
    weight_decay
        λ. The weights end closer to 0 than the minimum of the loss.
    **hyper
        ``beta1``, ``beta2`` and ``eps`` of :func:`adam`.

    References
    ----------
    Loshchilov and Hutter, *Decoupled Weight Decay Regularization* (2019).
    """
    moved, state = adam(w, gradient, state, learning_rate=learning_rate, **hyper)
    return moved - learning_rate * weight_decay * w, state


def newton(
    w: Array,
    gradient: GradientOf,
    state: State,
    *,
    hessian: Callable[[Array], Array],
    learning_rate: float = 1.0,
) -> tuple[Array, State]:
    """Newton's method: ``w ← w − α H⁻¹ ∇L(w)``, by solving, not inverting. Drawn to saddles as much as to minima.

    Parameters
    ----------
    w
        Weights (…, d); leading axes are separate problems.
    gradient, state, learning_rate
        As in :func:`gradient_descent`; α = 1 is the pure method.
    hessian
        Returns H at given weights, (…, d, d).

    Raises
    ------
    LinAlgError
        If H is singular.

    References
    ----------
    Nocedal and Wright, *Numerical Optimization*, section 3.3.
    """
    xp, (w, g, H) = as_arrays(w=w, gradient=gradient(w), hessian=hessian(w))
    require(
        H.shape == (*w.shape, w.shape[-1]),
        "hessian",
        f"shape {(*w.shape, w.shape[-1])}",
        f"shape {tuple(H.shape)}",
    )
    return w - learning_rate * xp.linalg.solve(H, g[..., None])[..., 0], state


OPTIMIZERS: dict[str, Step] = {
    "gradient descent": gradient_descent,
    "momentum": momentum,
    "nesterov": nesterov,
    "adagrad": adagrad,
    "rmsprop": rmsprop,
    "adam": adam,
    "adamw": adamw,
    "newton": newton,
}

SCHEDULES: dict[str, Callable[[float], float]] = {
    "constant": lambda _: 1.0,
    "step": lambda done: 0.5 ** math.floor(4 * done),
    "cosine": lambda done: (1 + math.cos(math.pi * done)) / 2,
    "warm-up": lambda done: (
        min(1.0, 10 * done) if done < 0.1 else (1 + math.cos(math.pi * (done - 0.1) / 0.9)) / 2
    ),
}
"""What to multiply the learning rate by when a share ``done`` of all steps, from 0 to 1, has been taken.

``step`` halves it each quarter; ``cosine`` lets it fall to 0 along half a wave (Loshchilov and Hutter, *SGDR*, 2017);
``warm-up`` lets it rise from 0 in the first tenth and then fall in the same way (Goyal and others, *Accurate, Large
Minibatch SGD*, 2017).
"""


def trajectory(
    step: Step,
    gradient: GradientOf,
    start: Array,
    steps: int,
    *,
    schedule: Callable[[float], float] | None = None,
    noise: Array | None = None,
    **hyper: Any,
) -> Array:
    """Where ``steps`` steps lead from ``start``; many starts are one call.

    Parameters
    ----------
    step
        A function of this module, or one of your own with the same contract.
    gradient
        Returns ∇L at given weights.
    start
        Weights (…, d).
    steps
        How many steps to take.
    schedule
        One of :data:`SCHEDULES`, or a function like them; multiplies ``learning_rate``, which must be given with it.
    noise
        Added to the gradient, one for each step: (steps, …) that broadcasts with the weights.
    **hyper
        Passed to every step.

    Returns
    -------
    array
        (steps + 1, …, d): the start and the weights after each step.

    Raises
    ------
    ValueError
        If ``steps`` is negative, a step returns weights of another shape, or there isn't noise for each step.

    Examples
    --------
    >>> trajectory(gradient_descent, lambda w: w, [8.0], 3, learning_rate=0.5)[:, 0]
    array([8., 4., 2., 1.])
    """
    require(steps >= 0, "steps", "a number ≥ 0", steps)
    xp, (w,) = as_arrays(start=start)
    require(
        noise is None or len(noise) == steps,
        "noise",
        f"{steps} entries",
        None if noise is None else len(noise),
    )
    require(
        schedule is None or "learning_rate" in hyper, "learning_rate", "a number beside a schedule", "none"
    )
    path = [w]
    state: State = {}
    for number in range(steps):
        noisy = gradient if noise is None else partial(_noisy, gradient, noise[number])
        now = (
            hyper
            if schedule is None
            else hyper | {"learning_rate": hyper["learning_rate"] * schedule(number / steps)}
        )
        w, state = step(w, noisy, state, **now)
        require(
            getattr(w, "shape", None) == path[0].shape,
            "step",
            f"weights of shape {tuple(path[0].shape)}",
            type(w).__name__,
        )
        path.append(w)
    return xp.stack(path)


def _noisy(gradient: GradientOf, noise: Array, w: Array) -> Array:
    return gradient(w) + noise
