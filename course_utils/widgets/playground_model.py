"""What the optimizer playground shows: races, verdicts and basins. Nothing here knows of a browser."""

from __future__ import annotations

import math
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache, partial
from typing import Any

import numpy as np

from course_utils._arrays import require
from course_utils.optimizers import OPTIMIZERS, SCHEDULES, Step, trajectory
from course_utils.surfaces import SURFACES, Surface

MINE = "yours"
HYPER = {
    "momentum": ("mu",),
    "nesterov": ("mu",),
    "adagrad": ("eps",),
    "rmsprop": ("beta", "eps"),
    "adam": ("beta1", "beta2", "eps"),
    "adamw": ("beta1", "beta2", "eps", "weight_decay"),
}
STARTS = {
    "bowl": (-2.5, 2.0),
    "ravine": (-2.6, 1.1),
    "Rosenbrock": (-1.2, 1.0),
    "Beale": (-1.0, -1.0),
    "Himmelblau": (-0.6, -1.2),
    "Booth": (-3.5, 6.5),
    "saddle": (-2.4, 0.01),
    "monkey saddle": (1.6, 1.9),
    "three-hump camel": (2.1, 1.6),
    "Styblinski–Tang": (0.4, 4.4),
    "Rastrigin": (-2.3, 1.8),
    "plateau": (-2.6, 1.6),
}
_PATIENCE = 2.0  # seconds for a student's own rule
_FAR = 10.0  # diverged: this many windows away


@dataclass(frozen=True)
class Settings:
    """Everything that decides a race.

    Parameters
    ----------
    start
        Where all begin.
    steps
        How many steps each takes.
    factor
        Multiplies every learning rate.
    rates
        Learning rates by optimizer, where they are not those that :func:`suggested_rates` gives.
    schedule
        A key of :data:`course_utils.optimizers.SCHEDULES`.
    mu, beta, beta1, beta2, eps, weight_decay
        As the optimizers name them; ``beta`` is RMSprop's.
    noise
        Standard deviation of what is added to each gradient; 1 is as large as the gradient at the surface's own start.
    seed
        Of the noise, which is the same for all.
    """

    start: tuple[float, float]
    steps: int = 120
    factor: float = 1.0
    rates: dict[str, float] = field(default_factory=dict)
    schedule: str = "constant"
    mu: float = 0.9
    beta: float = 0.9
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    weight_decay: float = 0.01
    noise: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        require(
            len(self.start) == 2 and all(map(math.isfinite, self.start)), "start", "two numbers", self.start
        )
        require(1 <= self.steps <= 1000, "steps", "a number from 1 to 1000", self.steps)
        require(self.schedule in SCHEDULES, "schedule", f"one of {', '.join(SCHEDULES)}", self.schedule)
        require(self.noise >= 0, "noise", "a number ≥ 0", self.noise)
        require(self.factor > 0, "factor", "a number > 0", self.factor)


@dataclass(frozen=True)
class Path:
    """Where one optimizer went.

    Parameters
    ----------
    points
        (k + 1, 2): the start and where each of k steps led; it ends early where it diverged or failed.
    losses
        The surface's height at each, (k + 1,).
    outcome
        ``"ran"``, ``"diverged"`` or ``"failed"``.
    message
        Why it failed, in words.
    """

    points: np.ndarray
    losses: np.ndarray
    outcome: str = "ran"
    message: str = ""


@dataclass(frozen=True)
class Landmarks:
    """What a picture of a surface needs to know of it.

    Parameters
    ----------
    minima
        All minima in the window, global and local, (m, 2), the lowest first.
    lowest
        The least loss in the window.
    """

    minima: np.ndarray
    lowest: float


def landmarks(surface: Surface) -> Landmarks:
    """Find the minima of a surface within its window: cells lower than all around them, refined by Newton's method."""
    grid = window_grid(surface, 201)
    heights = surface(grid)
    inner = heights[1:-1, 1:-1]
    around = [
        heights[1 + i : heights.shape[0] - 1 + i, 1 + j : heights.shape[1] - 1 + j]
        for i in (-1, 0, 1)
        for j in (-1, 0, 1)
        if (i, j) != (0, 0)
    ]
    points = grid[1:-1, 1:-1][np.all(inner <= np.stack(around), axis=0)]
    for _ in range(8 if len(points) else 0):
        H = surface.hessian(points) + 1e-9 * np.eye(2)
        points = points - np.linalg.solve(H, surface.gradient(points)[..., None])[..., 0]
    if len(points):
        x0, x1, y0, y1 = surface.bounds
        inside = np.all((points >= [x0, y0]) & (points <= [x1, y1]), axis=1)
        points = points[inside & (np.linalg.eigvalsh(surface.hessian(points)).min(axis=1) > 1e-3)]
        points = points[surface(points).argsort()] if len(points) else points
    distinct: list[np.ndarray] = []
    for point in points:
        if all(np.linalg.norm(point - other) > 0.01 * span(surface) for other in distinct):
            distinct.append(point)
    minima = np.array(distinct).reshape(-1, 2)
    lowest = min(float(heights.min()), *map(float, surface(minima))) if len(minima) else float(heights.min())
    return Landmarks(minima, lowest)


def window_grid(surface: Surface, n: int) -> np.ndarray:
    """Points (n, n, 2) over the surface's window; rows go up."""
    x0, x1, y0, y1 = surface.bounds
    grid: np.ndarray = np.stack(np.meshgrid(np.linspace(x0, x1, n), np.linspace(y0, y1, n)), axis=-1)
    return grid


def span(surface: Surface) -> float:
    """The width or height of the window, whichever is larger."""
    x0, x1, y0, y1 = surface.bounds
    return max(x1 - x0, y1 - y0)


def home(surface: Surface) -> tuple[float, float]:
    """A start from which there is something to see: chosen by hand, or a corner of the window's inner half."""
    x0, x1, y0, y1 = surface.bounds
    return STARTS.get(surface.name, (x0 + 0.2 * (x1 - x0), y0 + 0.8 * (y1 - y0)))


def suggested_rates(surface: Surface) -> dict[str, float]:
    """Learning rates with which there is something to see, by optimizer.

    Methods that step in proportion to the gradient get less than 2 / λ with λ the largest curvature at :func:`home` and
    at the minima, for beyond it they diverge; those that scale it get a share of the window; Newton's is 1.
    """
    marked = np.array([home(surface), *landmarks_of(surface).minima])
    curvature = float(np.abs(np.linalg.eigvalsh(surface.hessian(marked))).max())
    stable, wide = 1.0 / max(curvature, 1e-3), span(surface)
    return {
        "gradient descent": _rounded(1.7 * stable),
        "momentum": _rounded(0.6 * stable),
        "nesterov": _rounded(0.6 * stable),
        "adagrad": _rounded(0.08 * wide),
        "rmsprop": _rounded(0.008 * wide),
        "adam": _rounded(0.02 * wide),
        "adamw": _rounded(0.02 * wide),
        "newton": 1.0,
        MINE: _rounded(0.02 * wide),
    }


def _rounded(value: float) -> float:
    return float(f"{value:.2g}")


@cache
def _landmarks_by_name(name: str) -> Landmarks:
    return landmarks(SURFACES[name])


def landmarks_of(surface: Surface) -> Landmarks:
    """:func:`landmarks`, remembered for the surfaces of the library."""
    return _landmarks_by_name(surface.name) if SURFACES.get(surface.name) is surface else landmarks(surface)


def normals(seed: int, n: int) -> np.ndarray:
    """Standard normal pairs (n, 2) that JavaScript can make too: Mulberry32 numbers turned normal by Box and Muller."""
    with np.errstate(over="ignore"):
        t = np.uint32(seed) + np.arange(1, 2 * n + 1, dtype=np.uint32) * np.uint32(0x6D2B79F5)
        t = (t ^ (t >> np.uint32(15))) * (t | np.uint32(1))
        t = t ^ (t + (t ^ (t >> np.uint32(7))) * (t | np.uint32(61)))
    uniform = ((t ^ (t >> np.uint32(14))).astype(float) + 0.5) / 2**32
    radius, angle = np.sqrt(-2 * np.log(uniform[::2])), 2 * np.pi * uniform[1::2]
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def rate_of(name: str, surface: Surface, settings: Settings) -> float:
    """The learning rate of one optimizer: its own or the suggested one, times the common factor."""
    return settings.factor * settings.rates.get(name, suggested_rates(surface)[name])


def race(surface: Surface, settings: Settings, names: list[str], mine: Step | None = None) -> dict[str, Path]:
    """Let optimizers walk from the same start through the same noise.

    Parameters
    ----------
    surface
        What they descend.
    settings
        Start, steps, rates and the rest.
    names
        Keys of :data:`course_utils.optimizers.OPTIMIZERS`.
    mine
        A step function of one's own with the same contract; its path is called "yours". It gets ``learning_rate``, if
        it takes an argument of that name. What goes wrong in it ends its own path only.

    Returns
    -------
    dict
        A path for each name, in their order, "yours" last.
    """
    paths = {name: _walk(OPTIMIZERS[name], name, surface, settings) for name in names}
    if mine is not None:
        paths[MINE] = _walk_own(mine, surface, settings)
    return paths


def _hyper(name: str, surface: Surface, settings: Settings) -> dict[str, Any]:
    hyper: dict[str, Any] = {key: getattr(settings, key) for key in HYPER.get(name, ())}
    if name == "newton":
        # Where a path has long been cut, the Hessian may be zero: anything will do.
        limit = _FAR * span(surface)
        hyper["hessian"] = lambda w: surface.hessian(w) if np.abs(w).max() < limit else np.eye(2)
    return hyper | {"learning_rate": rate_of(name, surface, settings)}


def _bounded(surface: Surface) -> Callable[[Any], Any]:
    """The gradient, taken no farther than ten windows away, so that a path that diverges stays finite."""
    limit = _FAR * span(surface)
    return lambda w: surface.gradient(w.clip(-limit, limit))


def _noise(surface: Surface, settings: Settings) -> np.ndarray | None:
    if settings.noise == 0:
        return None
    slope = np.linalg.norm(surface.gradient(home(surface)))
    pushes: np.ndarray = settings.noise * slope * normals(settings.seed, settings.steps)
    return pushes


def _walk(step: Step, name: str, surface: Surface, settings: Settings) -> Path:
    try:
        points = trajectory(
            step,
            _bounded(surface),
            settings.start,
            settings.steps,
            schedule=SCHEDULES[settings.schedule],
            noise=_noise(surface, settings),
            **_hyper(name, surface, settings),
        )
    except np.linalg.LinAlgError:
        message = "The Hessian can't be inverted here: Newton's method has no step."
        return replace(_judged(surface, np.array([settings.start])), outcome="failed", message=message)
    return _judged(surface, points)


def _judged(surface: Surface, points: np.ndarray) -> Path:
    """Cut a path where it leaves for good, ten windows away."""
    x0, x1, y0, y1 = surface.bounds
    with np.errstate(invalid="ignore", over="ignore"):
        distance = np.abs(points - [(x0 + x1) / 2, (y0 + y1) / 2]).max(axis=1)
    lost = ~(distance <= _FAR * span(surface))
    kept = int(lost.argmax()) if lost.any() else len(points)
    points = points[: max(1, kept)]
    return Path(points, surface(points), "diverged" if lost.any() else "ran")


def _walk_own(mine: Step, surface: Surface, settings: Settings) -> Path:
    """A student's rule: whatever it does, what it reached before is kept and said."""
    import inspect

    gradient, noise = _bounded(surface), _noise(surface, settings)
    w, state = np.array(settings.start, dtype=float), dict[str, Any]()
    try:
        takes_rate = "learning_rate" in inspect.signature(mine).parameters
    except (TypeError, ValueError):
        takes_rate = False
    rate = rate_of(MINE, surface, settings)
    points, until, message = [w], time.monotonic() + _PATIENCE, ""
    for number in range(settings.steps):
        push = 0.0 if noise is None else noise[number]
        scheduled = rate * SCHEDULES[settings.schedule](number / settings.steps)
        call = partial(mine, learning_rate=scheduled) if takes_rate else mine
        try:
            moved, state = call(w.copy(), lambda v, push=push: gradient(np.asarray(v)) + push, state)
            moved = np.asarray(moved, dtype=float)
        except Exception as error:
            message = f"Step {number + 1}: {_where(error)}"
            break
        if moved.shape != (2,):
            message = f"Step {number + 1}: expected weights of shape (2,), got {moved.shape}."
            break
        w = moved
        points.append(w)
        if not np.all(np.abs(w) < 1e6):
            break
        if time.monotonic() > until:
            message = f"Stopped after {number + 1} steps: they took longer than {_PATIENCE:g} seconds."
            break
    path = _judged(surface, np.array(points))
    return replace(path, outcome="failed", message=message) if message else path


def _where(error: Exception) -> str:
    """The error and the line of the student's code that it came from."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename != __file__]
    line = f", in `{own[0].line}`" if own and own[0].line else ""
    return f"{type(error).__name__}: {error}{line}"


@dataclass(frozen=True)
class Verdict:
    """What came of one path, in numbers and words.

    Parameters
    ----------
    name, rate
        The optimizer and its learning rate.
    loss
        Where it ended.
    steps
        After how many steps it had gone 99 % of the way from the first loss to the lowest; ``None`` if it never did.
    said
        The same in words.
    """

    name: str
    rate: float
    loss: float
    steps: int | None
    said: str


def verdicts(surface: Surface, settings: Settings, paths: dict[str, Path]) -> list[Verdict]:
    """Judge each path of a race."""
    lowest = landmarks_of(surface).lowest
    rows = []
    for name, path in paths.items():
        goal = lowest + 0.01 * (float(path.losses[0]) - lowest)
        there = path.losses <= goal
        steps = int(there.argmax()) if there.any() and path.outcome != "diverged" else None
        said = path.message or ("diverged" if path.outcome == "diverged" else _reached(surface, path, steps))
        rows.append(Verdict(name, rate_of(name, surface, settings), float(path.losses[-1]), steps, said))
    return rows


def _reached(surface: Surface, path: Path, steps: int | None) -> str:
    minima = landmarks_of(surface).minima
    near = len(minima) and np.linalg.norm(minima - path.points[-1], axis=1).min() < 0.03 * span(surface)
    if steps is not None:
        return "at a lowest point" if near else "almost as low as it gets"
    return "in a local minimum" if near else "still on its way"


@dataclass(frozen=True)
class Basins:
    """Where each start of a grid leads.

    Parameters
    ----------
    end
        Number of the minimum it ends at, −1 where it ends at none, (n, n) int16; rows go up.
    steps
        Steps until it was near that minimum and stayed, (n, n) int16; the number of steps taken where it ends at none.
    """

    end: np.ndarray
    steps: np.ndarray


def basins(
    surface: Surface, name: str, settings: Settings, n: int = 256, device: str | None = None
) -> Basins:
    """Let one optimizer walk from n × n starts at once, in single precision, on ``device`` when it is given.

    Parameters
    ----------
    surface, settings
        As in :func:`race`; its start isn't used, noise neither.
    name
        A key of :data:`course_utils.optimizers.OPTIMIZERS`.
    n
        Starts along each axis.
    device
        Where torch computes; ``None`` for NumPy.
    """
    require(name in OPTIMIZERS, "name", f"one of {', '.join(OPTIMIZERS)}", name)
    start: Any = window_grid(surface, n).reshape(-1, 2).astype(np.float32)
    minima: Any = landmarks_of(surface).minima.astype(np.float32)
    if device is not None:
        import torch

        start, minima = torch.tensor(start, device=device), torch.tensor(minima, device=device)
    hyper = _hyper(name, surface, settings)
    if name == "newton":
        hyper["hessian"] = lambda w: _regular(surface, w)
    gradient, schedule = _bounded(surface), SCHEDULES[settings.schedule]
    near = (0.03 * span(surface)) ** 2
    w, state, end, since = start, dict[str, Any](), None, None
    for number in range(settings.steps):
        rate = hyper["learning_rate"] * schedule(number / settings.steps)
        w, state = OPTIMIZERS[name](w.clip(-1e6, 1e6), gradient, state, **hyper | {"learning_rate": rate})
        distances = [((w - minimum) ** 2).sum(-1) for minimum in minima]
        now = _nearest(distances, near, w)
        if end is None or since is None:
            end, since = now, 0 * now
        since = since * (now == end) + (number + 1) * (now != end)  # when it last changed
        end = now
    require(end is not None, "steps", "at least 1", settings.steps)
    to_numpy = np.asarray if device is None else lambda tensor: tensor.cpu().numpy()
    end, since = (to_numpy(part).reshape(n, n).astype(np.int16) for part in (end, since))
    return Basins(end, np.where(end < 0, np.int16(settings.steps), since))


def _nearest(distances: list[Any], near: float, w: Any) -> Any:
    """The number of the minimum that each point is near to, −1 for none."""
    end = (0 * w[..., 0]).astype(np.int16) if isinstance(w, np.ndarray) else (0 * w[..., 0]).short()
    end = end - 1
    for number, distance in enumerate(distances):
        inside = distance < near
        end = end * ~inside + number * inside
    return end


def _regular(surface: Surface, w: Any) -> Any:
    # Single precision needs a wider difference than the default, and no Hessian of a grid may be quite singular.
    H = surface.hessian(w.clip(-1e3, 1e3), h=1e-2)
    H[..., 0, 0] += 1e-6
    H[..., 1, 1] += 1e-6
    return H
