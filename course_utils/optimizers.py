"""Optimizers as single steps, and trajectories from many starts at once.

All follow one contract, and so does a student's own::

    step(w, gradient, state, **hyper) -> (w, state)

``gradient`` is a callable that returns ∇L at the weights it is given, ``state`` a dict, empty before the first step. A
step changes neither its weights nor its state in place. Weights are arrays of any shape, NumPy or torch.
"""

from __future__ import annotations

from collections.abc import Callable
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
    "newton": newton,
}


def trajectory(step: Step, gradient: GradientOf, start: Array, steps: int, **hyper: Any) -> Array:
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
    **hyper
        Passed to every step.

    Returns
    -------
    array
        (steps + 1, …, d): the start and the weights after each step.

    Raises
    ------
    ValueError
        If ``steps`` is negative, or a step returns weights of another shape.

    Examples
    --------
    >>> trajectory(gradient_descent, lambda w: w, [8.0], 3, learning_rate=0.5)[:, 0]
    array([8., 4., 2., 1.])
    """
    require(steps >= 0, "steps", "a number ≥ 0", steps)
    xp, (w,) = as_arrays(start=start)
    path = [w]
    state: State = {}
    for _ in range(steps):
        w, state = step(w, gradient, state, **hyper)
        require(
            getattr(w, "shape", None) == path[0].shape,
            "step",
            f"weights of shape {tuple(path[0].shape)}",
            type(w).__name__,
        )
        path.append(w)
    return xp.stack(path)
