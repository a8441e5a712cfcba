"""Two-dimensional functions to watch optimizers on: bowls, ravines, saddles, plateaus, many minima.

Points are arrays (…, 2), so that many are evaluated in one call; NumPy arrays or torch tensors.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from course_utils._arrays import Array, as_arrays, require

if TYPE_CHECKING:
    import torch

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


def model_surface(
    model: torch.nn.Module,
    loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
    data: tuple[torch.Tensor, torch.Tensor],
    weights: Sequence[tuple[str, int]],
    reach: float = 3.0,
) -> Surface:
    """The loss of a small network over two of its weights, all others as they are.

    Parameters
    ----------
    model
        Any module.
    loss
        ``loss(outputs, y)``, a mean over samples.
    data
        (x, y) to compute it on.
    weights
        Two of (name of the parameter, index in it flattened).
    reach
        The window ends so far on both sides of where the two weights are.

    Returns
    -------
    Surface
        Takes NumPy arrays and tensors as all others do; ``shows`` says by how much mini-batches of 16 scatter its gradient.

    Examples
    --------
    >>> import torch
    >>> net = torch.nn.Linear(2, 1, bias=False)
    >>> net.weight.data = torch.tensor([[1.0, 2.0]])
    >>> x = torch.eye(2)
    >>> surface = model_surface(net, torch.nn.functional.mse_loss, (x, net(x)), [("weight", 0), ("weight", 1)])
    >>> surface(np.array([[1.0, 2.0], [1.0, 4.0]]))
    array([0., 2.])
    """
    import torch

    parameters = {name: value.detach() for name, value in model.named_parameters()}
    require(len(weights) == 2, "weights", "two of (name, index)", len(weights))
    for name, index in weights:
        known = name in parameters and 0 <= index < parameters[name].numel()
        require(known, "weights", f"names among {', '.join(parameters)} and an index in each", (name, index))
    x, y = (part.detach() for part in data)

    def one(pair: torch.Tensor, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        changed = dict(parameters)
        for value, (name, index) in zip(pair, weights, strict=True):
            chosen = torch.zeros(parameters[name].numel(), dtype=torch.bool, device=value.device)
            chosen[index] = True
            changed[name] = torch.where(chosen.reshape(changed[name].shape), value, changed[name])
        return loss(torch.func.functional_call(model, changed, (x,)), y)

    def batched(function: Any, a: Any, b: Any) -> Any:
        """The function at pairs of any shape, in the library and precision in which they came."""
        as_tensors = torch.stack([torch.as_tensor(a), torch.as_tensor(b)], dim=-1)
        pairs = as_tensors.to(x.device, x.dtype).reshape(-1, 2)
        values = torch.func.vmap(lambda pair: function(pair, x, y), chunk_size=1024)(pairs).detach()
        values = values.reshape(*as_tensors.shape[:-1], *values.shape[1:])
        return (
            values.to(a) if isinstance(a, torch.Tensor) else values.cpu().numpy().astype(np.asarray(a).dtype)
        )

    def slope(a: Any, b: Any) -> tuple[Any, Any]:
        gradient = batched(torch.func.grad(one), a, b)
        return gradient[..., 0], gradient[..., 1]

    centre = torch.stack([parameters[name].flatten()[index] for name, index in weights])
    each = torch.func.vmap(torch.func.grad(one), in_dims=(None, 0, 0))(centre, x[:, None], y[:, None])
    scatter = float(each.std(dim=0).mean()) / 4
    (u, v) = centre.tolist()
    return Surface(
        "a network's loss",
        lambda a, b: batched(one, a, b),
        slope,
        (u - reach, u + reach, v - reach, v + reach),
        (),
        (),
        f"Two weights of a network, the others held. Mini-batches of 16 scatter its gradient by about {scatter:.2g}: "
        "turn the noise up to that.",
    )
