"""Explorers for notebook 05, beside the playground: Newton's method, and saddles in many dimensions."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from course_utils.optimizers import gradient_descent, newton, trajectory
from course_utils.surfaces import SURFACES
from course_utils.widgets.controls import Again, Choice, Points, Slider
from course_utils.widgets.explorer import Explorer
from course_utils.widgets.playground_model import suggested_rates, window_grid
from course_utils.widgets.scene import Panel, Scene, coloured

_N = 81


def newton_scene(name: str, steps: int, start: list[list[float]]) -> Scene:
    """Newton's steps and gradient descent's from one start, and what the curvature says where Newton ends."""
    surface = SURFACES[name]
    x0, x1, y0, y1 = surface.bounds
    corner, size = np.array([x0, y0]), np.array([x1 - x0, y1 - y0])
    begin = corner + size * np.array(start[0])
    rate = suggested_rates(surface)["gradient descent"]
    with np.errstate(all="ignore"):
        paths = {
            "Newton": trajectory(newton, surface.gradient, begin, steps, hessian=surface.hessian),
            "gradient descent": trajectory(
                gradient_descent, surface.gradient, begin, steps, learning_rate=rate
            ),
        }
    heights = surface(window_grid(surface, _N))
    ranks = np.log1p(heights - heights.min())
    # The window is the unit square, so that the start keeps its place on every surface.
    ticks = [
        [(i / 4, f"{low + i * reach / 4:.3g}".replace("-", "−")) for i in range(5)]
        for low, reach in zip(corner, size, strict=True)
    ]
    picture = Panel(name, (0, 1), (0, 1), "w₁", "w₂", height=320, xticks=ticks[0], yticks=ticks[1],
                    describe=f"The surface {name} with two paths from one start")  # fmt: skip
    picture.image(coloured(ranks / ranks.max())[::-1], (0, 1), (0, 1), smooth=True, opacity=0.55)
    styles = {"Newton": ("second", "7 3", "square"), "gradient descent": ("ink", "", "circle")}
    for who, path in paths.items():
        color, dash, shape = styles[who]
        unit = ((path - corner) / size).clip(-9, 9)
        picture.line(unit[:, 0], unit[:, 1], color, dash=dash, name=who)
        picture.dots(unit[1:, 0], unit[1:, 1], color, shape=shape, size=6)
    picture.handles("start", start, [f"start at {begin[0]:.2f}, {begin[1]:.2f}"], "first")
    losses = Panel("height above the lowest", (0, max(steps, 1)), (1e-8, 1e3), "step", "f − min f", ylog=True, height=320,
                   describe="Height against steps for both")  # fmt: skip
    lowest = float(surface(np.array(surface.minima[0]))) if surface.minima else float(heights.min())
    for who, path in paths.items():
        color, dash, _ = styles[who]
        losses.line(range(len(path)), np.clip(surface(path) - lowest, 1e-9, 1e6), color, dash=dash, name=who)
    end = paths["Newton"][-1]
    if not np.isfinite(end).all():
        return Scene(
            [picture, losses],
            "Newton's method left for infinity: the curvature was close to zero on the way.",
        )
    curvature = np.linalg.eigvalsh(surface.hessian(end))
    slope = float(np.linalg.norm(surface.gradient(end)))
    kind = "a minimum" if (curvature > 0).all() else "a maximum" if (curvature < 0).all() else "a saddle"
    where = f"at {kind}" if slope < 1e-3 else "still on its way"
    says = (
        f"After {steps} steps Newton is {where}: gradient {slope:.1e}, curvatures {curvature[0]:.2g} and {curvature[1]:.2g}."
    ).replace("-", "−")
    return Scene([picture, losses], says)


class NewtonExplorer(Explorer):
    """Newton's method beside gradient descent."""

    shows = "Newton jumps to where the local parabola has no slope: to its bottom, its top or its saddle, whichever is near."
    tries = (
        "On the bowl and on the ravine, count Newton's steps. Then count gradient descent's.",
        "Choose the saddle, or Himmelblau with a start near its middle: Newton goes to where no one wants to be.",
    )
    controls = {
        "steps": Slider("steps", 0, 30, 12, say="{:d}", play=True, pause=200),
        "name": Choice("surface", ["bowl", "ravine", "Rosenbrock", "Himmelblau", "saddle", "three-hump camel", "Beale"], "Himmelblau"),
        "start": Points([(0.55, 0.42)], (0.02, 0.98), (0.02, 0.98)),
    }  # fmt: skip
    scene = staticmethod(newton_scene)


_DIMENSIONS = (1, 2, 3, 4, 5, 6, 8, 10)


@lru_cache(maxsize=32)
def share_of_minima(shift: float) -> np.ndarray:
    """Of 20,000 random symmetric matrices in each dimension, the share with positive eigenvalues only."""
    rng = np.random.default_rng(0)
    shares = []
    for d in _DIMENSIONS:
        A = rng.normal(size=(20_000, d, d))
        H = (A + A.swapaxes(1, 2)) / np.sqrt(8 * d) + shift * np.eye(d)
        shares.append((np.linalg.eigvalsh(H)[:, 0] > 0).mean())
    return np.array(shares)


def saddle_scene(dimension: int, shift: float, seed: int) -> Scene:
    """Curvatures at one random stationary point, and how rare minima are."""
    A = np.random.default_rng(seed).normal(size=(dimension, dimension))
    curvatures = np.linalg.eigvalsh((A + A.T) / np.sqrt(8 * dimension) + shift * np.eye(dimension))
    one = Panel(f"curvatures in {dimension} dimensions", (-1.6, 2.6), (0, 1), "curvature (eigenvalue of the Hessian)", height=230,
                yticks=[], describe="A stroke for each eigenvalue")  # fmt: skip
    for sign, color, name in ((1, "first", "uphill"), (-1, "second", "downhill")):
        own = curvatures[np.sign(curvatures) == sign]
        one.segments(own, np.full(len(own), 0.1), own, np.full(len(own), 0.9), color, width=2, name=name, dash="" if sign == 1 else "6 3")  # fmt: skip
    one.segments([0], [0], [0], [1], "ink", width=1)
    shares = share_of_minima(shift)
    rare = Panel("how often is it a minimum?", (0.5, 10.5), (1e-5, 1.5), "dimensions", "share of stationary points", ylog=True, height=230,
                 describe="Share of random stationary points that are minima, against dimensions")  # fmt: skip
    seen = shares > 0
    rare.line(np.array(_DIMENSIONS)[seen], shares[seen], "first")
    rare.dots(np.array(_DIMENSIONS)[seen], shares[seen], "first")
    rare.line(
        _DIMENSIONS, [0.5**d for d in _DIMENSIONS], "quiet", dash="2 3", name="if each sign were a coin"
    )
    down = int((curvatures < 0).sum())
    kind = "a minimum" if down == 0 else "a maximum" if down == dimension else "a saddle"
    none = [d for d, share in zip(_DIMENSIONS, shares, strict=True) if share == 0]
    says = f"{down} of {dimension} directions lead down: {kind}." + (
        f" In {none[0]} dimensions not one of 20,000 is a minimum." if none else ""
    )
    return Scene([one, rare], says)


class SaddleExplorer(Explorer):
    """Random stationary points: the more dimensions, the fewer minima."""

    shows = "At a minimum every direction leads up. The more directions there are, the less likely that is: nearly all stationary points are saddles."
    tries = (
        "Raise the dimensions from 1 to 10, drawing again at each: when did you last see a minimum?",
        "Raise the mean curvature: low down on a loss, where curvatures are mostly positive, minima come back.",
    )
    controls = {
        "dimension": Slider("dimensions", 1, 100, 10, say="{:d}"),
        "shift": Slider("mean curvature", 0.0, 1.0, 0.0, step=0.1, say="{:.1f}"),
        "seed": Again("draw again"),
    }
    scene = staticmethod(saddle_scene)
