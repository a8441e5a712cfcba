"""Two-dimensional functions to watch optimizers on: bowls, ravines, saddles, plateaus, many minima.

Points are arrays (…, 2), so that many are evaluated in one call; NumPy arrays or torch tensors.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from course_utils._arrays import Array, as_arrays, require

Function = Callable[[Array, Array], Array]
Gradient = Callable[[Array, Array], tuple[Array, Array]]


@dataclass(frozen=True)
class Surface:
    """A function of two weights, with what is known about it.

    Parameters
    ----------
    name
        As it is called in the literature.
    f, df
        The function of x and y, and its two partial derivatives.
    bounds
        (x_min, x_max, y_min, y_max) of the part worth seeing.
    minima
        Its global minima.
    saddles
        Its saddle points within the bounds, as far as they have a closed form.
    shows
        What there is to see, in words.
    """

    name: str
    f: Function
    df: Gradient
    bounds: tuple[float, float, float, float]
    minima: tuple[tuple[float, float], ...]
    saddles: tuple[tuple[float, float], ...]
    shows: str

    def __call__(self, w: Array) -> Array:
        """The height at points w (…, 2): an array (…)."""
        _, w = _points(w)
        return self.f(w[..., 0], w[..., 1])

    def gradient(self, w: Array) -> Array:
        """The gradient at points w (…, 2): an array (…, 2)."""
        xp, w = _points(w)
        return xp.stack(self.df(w[..., 0], w[..., 1]), axis=-1)

    def hessian(self, w: Array, h: float = 1e-5) -> Array:
        """The Hessian at points w (…, 2), from centred differences of the gradient: an array (…, 2, 2)."""
        xp, w = _points(w)
        steps = h * xp.eye(2, dtype=w.dtype, device=w.device)
        columns = [(self.gradient(w + steps[i]) - self.gradient(w - steps[i])) / (2 * h) for i in range(2)]
        H = xp.stack(columns, axis=-1)
        return (H + xp.matrix_transpose(H)) / 2


def _points(w: Array) -> tuple[Array, Array]:
    xp, (w,) = as_arrays(w=w)
    require(w.ndim >= 1 and w.shape[-1] == 2, "w", "points of shape (…, 2)", f"shape {tuple(w.shape)}")
    return xp, w


def _exp(x: Array) -> Array:
    return as_arrays(x=x)[0].exp(x)


def _cos(x: Array) -> Array:
    return as_arrays(x=x)[0].cos(x)


def _sin(x: Array) -> Array:
    return as_arrays(x=x)[0].sin(x)


def _beale_terms(x: Array, y: Array) -> tuple[Array, Array, Array]:
    return 1.5 - x + x * y, 2.25 - x + x * y**2, 2.625 - x + x * y**3


def _beale(x: Array, y: Array) -> Array:
    a, b, c = _beale_terms(x, y)
    return a**2 + b**2 + c**2


def _beale_gradient(x: Array, y: Array) -> tuple[Array, Array]:
    a, b, c = _beale_terms(x, y)
    dx = 2 * (a * (y - 1) + b * (y**2 - 1) + c * (y**3 - 1))
    return dx, 2 * x * (a + 2 * b * y + 3 * c * y**2)


def _himmelblau_gradient(x: Array, y: Array) -> tuple[Array, Array]:
    a, b = x**2 + y - 11, x + y**2 - 7
    return 4 * x * a + 2 * b, 2 * a + 4 * y * b


_TURN = 2 * math.pi

SURFACES = {
    surface.name: surface
    for surface in (
        Surface(
            "bowl",
            lambda x, y: (x**2 + y**2) / 2,
            lambda x, y: (x, y),
            (-3, 3, -3, 3),
            ((0.0, 0.0),),
            (),
            "Equally steep everywhere around: every method walks straight down.",
        ),
        Surface(
            "ravine",
            lambda x, y: (x**2 + 40 * y**2) / 2,
            lambda x, y: (x, 40 * y),
            (-3, 3, -1.5, 1.5),
            ((0.0, 0.0),),
            (),
            "Forty times steeper across than along: plain gradient descent zigzags, momentum smooths it.",
        ),
        Surface(
            "Rosenbrock",
            lambda x, y: (1 - x) ** 2 + 100 * (y - x**2) ** 2,
            lambda x, y: (-2 * (1 - x) - 400 * x * (y - x**2), 200 * (y - x**2)),
            (-2, 2, -1, 3),
            ((1.0, 1.0),),
            (),
            "A curved valley: easy to find, slow to follow.",
        ),
        Surface(
            "Beale",
            _beale,
            _beale_gradient,
            (-4.5, 4.5, -4.5, 4.5),
            ((3.0, 0.5),),
            ((0.0, 1.0),),
            "A flat plain between steep corners.",
        ),
        Surface(
            "Himmelblau",
            lambda x, y: (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2,
            _himmelblau_gradient,
            (-5, 5, -5, 5),
            ((3.0, 2.0), (-2.805118, 3.131312), (-3.779310, -3.283186), (3.584428, -1.848126)),
            ((0.086678, 2.884255), (-3.073026, -0.081353), (3.385154, 0.073852), (-0.127961, -1.953715)),
            "Four equal minima: where you end depends on where you start.",
        ),
        Surface(
            "Booth",
            lambda x, y: (x + 2 * y - 7) ** 2 + (2 * x + y - 5) ** 2,
            lambda x, y: (10 * x + 8 * y - 34, 8 * x + 10 * y - 38),
            (-5, 7, -4, 9),
            ((1.0, 3.0),),
            (),
            "A slanted bowl: the axes of the valley are not those of the weights.",
        ),
        Surface(
            "saddle",
            lambda x, y: x**2 - y**2 + y**4 / 8,
            lambda x, y: (2 * x, -2 * y + y**3 / 2),
            (-3, 3, -3.5, 3.5),
            ((0.0, 2.0), (0.0, -2.0)),
            ((0.0, 0.0),),
            "Down one way, up the other: started on the ridge, most methods stall, and Newton is drawn in.",
        ),
        Surface(
            "monkey saddle",
            lambda x, y: x**3 - 3 * x * y**2 + (x**2 + y**2) ** 2 / 2,
            lambda x, y: (3 * x**2 - 3 * y**2 + 2 * x * (x**2 + y**2), -6 * x * y + 2 * y * (x**2 + y**2)),
            (-2.5, 2.5, -2.5, 2.5),
            ((-1.5, 0.0), (0.75, 1.299038), (0.75, -1.299038)),
            ((0.0, 0.0),),
            "A saddle for two legs and a tail: even the curvature is zero in the middle.",
        ),
        Surface(
            "three-hump camel",
            lambda x, y: 2 * x**2 - 1.05 * x**4 + x**6 / 6 + x * y + y**2,
            lambda x, y: (4 * x - 4.2 * x**3 + x**5 + y, x + 2 * y),
            (-2.5, 2.5, -2.5, 2.5),
            ((0.0, 0.0),),
            (),
            "Two local minima beside the global one.",
        ),
        Surface(
            "Styblinski–Tang",
            lambda x, y: (x**4 - 16 * x**2 + 5 * x + y**4 - 16 * y**2 + 5 * y) / 2,
            lambda x, y: (2 * x**3 - 16 * x + 2.5, 2 * y**3 - 16 * y + 2.5),
            (-5, 5, -5, 5),
            ((-2.903534, -2.903534),),
            (),
            "Four minima of unequal depth.",
        ),
        Surface(
            "Rastrigin",
            lambda x, y: 20 + x**2 + y**2 - 10 * (_cos(_TURN * x) + _cos(_TURN * y)),
            lambda x, y: (2 * x + 10 * _TURN * _sin(_TURN * x), 2 * y + 10 * _TURN * _sin(_TURN * y)),
            (-3, 3, -3, 3),
            ((0.0, 0.0),),
            (),
            "A bowl full of dents: noise or large steps help to get out of them.",
        ),
        Surface(
            "plateau",
            lambda x, y: 1 - _exp(-(x**2 + y**2) / 2),
            lambda x, y: (x * _exp(-(x**2 + y**2) / 2), y * _exp(-(x**2 + y**2) / 2)),
            (-5, 5, -5, 5),
            ((0.0, 0.0),),
            (),
            "Flat far out, where the gradient vanishes: methods that scale it keep going.",
        ),
    )
}
