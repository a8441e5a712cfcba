"""Pictures of coloured shapes with everything known about them: classes, boxes, masks and captions from one description."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from course_utils._arrays import require

SHAPES = ("circle", "square", "triangle")
COLOURS = {
    "red": (0.86, 0.15, 0.18),
    "green": (0.12, 0.62, 0.26),
    "blue": (0.14, 0.32, 0.88),
    "yellow": (0.96, 0.82, 0.12),
    "purple": (0.58, 0.22, 0.72),
    "white": (0.97, 0.97, 0.97),
}
SMALL, LARGE = (0.09, 0.12), (0.17, 0.21)  # radii as shares of the picture; the gap tells small from large
VISIBLE = 0.6
_MARGIN = 0.12  # by which one direction must outdo the other, so that a caption is certain
_CORNERS = {"square": 4, "triangle": 3}


@dataclass(frozen=True)
class Thing:
    """One shape in a scene.

    Parameters
    ----------
    shape
        One of :data:`SHAPES`.
    colour
        A key of :data:`COLOURS`.
    radius
        Of the circle through its corners, in pixels.
    angle
        By which it is turned, in radians.
    centre
        (x, y) in pixels from the upper left corner of the picture.
    """

    shape: str
    colour: str
    radius: float
    angle: float
    centre: tuple[float, float]


@dataclass(frozen=True)
class Scenes:
    """Pictures and all that is true of them; n scenes, at most m things in one, s pixels a side.

    Parameters
    ----------
    images
        (n, 3, s, s) float32 from 0 to 1.
    things
        What each shows, back to front.
    boxes
        (n, m, 4) float32: x1, y1, x2, y2 in pixels, tight around what is visible of each thing; zeros where none is.
    labels
        (n, m) int64: numbers in ``shapes``, −1 where no thing is.
    semantic
        (n, s, s) int64: 0 for background, otherwise 1 + the label.
    instances
        (n, s, s) int64: 0 for background, otherwise 1 + the thing's number.
    captions
        A sentence for each.
    shapes
        The names that the labels stand for.
    """

    images: np.ndarray
    things: list[list[Thing]]
    boxes: np.ndarray
    labels: np.ndarray
    semantic: np.ndarray
    instances: np.ndarray
    captions: list[str]
    shapes: tuple[str, ...] = SHAPES


def make_scenes(n: int, *, size: int = 64, least: int = 1, most: int = 4, seed: int = 0) -> Scenes:
    """Draw n random scenes.

    Every thing lies within the picture and at least 60 % of it is visible. Where a scene shows two, one is clearly left
    of the other or clearly above it, so that the caption follows from the picture.

    Parameters
    ----------
    n
        How many.
    size
        Pixels a side, at least 32.
    least, most
        How many things a scene shows, from 1 to 5.
    seed
        The same seed gives the same scenes.

    Examples
    --------
    >>> scenes = make_scenes(2, least=2, most=2, seed=4)
    >>> scenes.images.shape, scenes.boxes.shape
    ((2, 3, 64, 64), (2, 2, 4))
    >>> scenes.captions[0]
    'a small purple circle left of a small white square'
    """
    require(n >= 1, "n", "at least 1", n)
    require(size >= 32, "size", "at least 32 pixels", size)
    require(1 <= least <= most <= 5, "least, most", "numbers with 1 <= least <= most <= 5", (least, most))
    rng = np.random.default_rng(seed)
    scenes = [_random_things(rng, size, int(count)) for count in rng.integers(least, most + 1, n)]
    return draw_scenes(scenes, size=size, most=most, seed=seed)


def draw_scenes(
    things: Sequence[Sequence[Thing]], *, size: int = 64, most: int | None = None, seed: int = 0
) -> Scenes:
    """Draw given things, back to front, over a gradient with noise.

    Parameters
    ----------
    things
        For each scene its things, at least one.
    size
        Pixels a side.
    most
        Room for so many in ``boxes`` and ``labels``; by default as many as the fullest scene shows.
    seed
        Of backgrounds and noise.

    Raises
    ------
    ValueError
        If a scene is empty or a thing's shape or colour isn't known.
    """
    require(len(things) > 0 and all(map(len, things)), "things", "at least one thing in each scene", "none")
    for thing in (thing for scene in things for thing in scene):
        require(thing.shape in SHAPES, "shape", f"one of {', '.join(SHAPES)}", thing.shape)
        require(thing.colour in COLOURS, "colour", f"one of {', '.join(COLOURS)}", thing.colour)
    most = max(map(len, things)) if most is None else most
    require(most >= max(map(len, things)), "most", "room for the fullest scene", most)
    rng = np.random.default_rng(seed)
    n = len(things)
    images = np.empty((n, 3, size, size), np.float32)
    instances = np.zeros((n, size, size), np.int64)
    labels = np.full((n, most), -1)
    for i, scene in enumerate(things):
        labels[i, : len(scene)] = [SHAPES.index(thing.shape) for thing in scene]
        images[i], instances[i] = _draw(scene, size, rng)
    semantic = np.take_along_axis(np.pad(labels + 1, ((0, 0), (1, 0))), instances.reshape(n, -1), axis=1)
    return Scenes(
        images,
        [list(scene) for scene in things],
        _boxes(instances, most),
        labels,
        semantic.reshape(n, size, size),
        instances,
        [caption(scene, size) for scene in things],
    )


def _random_things(rng: np.random.Generator, size: int, count: int) -> list[Thing]:
    while True:
        things: list[Thing] = []
        for _ in range(count):
            radius = size * rng.uniform(*(SMALL, LARGE)[rng.integers(2)])
            x, y = rng.uniform(radius + 1, size - radius - 1, 2)
            shape, colour = SHAPES[rng.integers(3)], list(COLOURS)[rng.integers(6)]
            things.append(
                Thing(shape, colour, float(radius), float(rng.uniform(0, 2 * math.pi)), (float(x), float(y)))
            )
        if _legible(things, size):
            return things


def _legible(things: Sequence[Thing], size: int) -> bool:
    """Whether enough is visible of each thing, and a pair has one clear direction."""
    if len(things) == 2:
        (x0, y0), (x1, y1) = things[0].centre, things[1].centre
        if abs(abs(x0 - x1) - abs(y0 - y1)) < _MARGIN * size:
            return False
    pairs = [(a, b) for i, a in enumerate(things) for b in things[i + 1 :]]
    if all(math.dist(a.centre, b.centre) > a.radius + b.radius for a, b in pairs):
        return True  # nothing touches: no need to draw
    covers = [_coverage(thing, size) for thing in things]
    seen = np.ones((size, size), np.float32)
    for cover in reversed(covers):  # from the front
        if (cover * seen).sum() < VISIBLE * cover.sum():
            return False
        seen *= 1 - cover
    return True


def _coverage(thing: Thing, size: int) -> np.ndarray:
    """How much of each pixel a thing covers, (size, size) from 0 to 1: its signed distance, cut off half a pixel away."""
    pixels = np.arange(size, dtype=np.float32) + np.float32(0.5)
    dx, dy = pixels - np.float32(thing.centre[0]), pixels[:, None] - np.float32(thing.centre[1])
    if thing.shape == "circle":
        distance = np.sqrt(dx * dx + dy * dy) - np.float32(thing.radius)
    else:
        # A convex polygon: the farthest of its edges decides.
        corners = _CORNERS[thing.shape]
        normals = thing.angle + 2 * math.pi * np.arange(corners) / corners
        edges = [np.float32(math.cos(a)) * dx + np.float32(math.sin(a)) * dy for a in normals]
        distance = np.maximum.reduce(edges) - np.float32(thing.radius * math.cos(math.pi / corners))
    cover: np.ndarray = np.clip(np.float32(0.5) - distance, 0, 1)
    return cover


def _draw(scene: Sequence[Thing], size: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The picture (3, size, size), and the number of the thing in front at each pixel."""
    ends = rng.uniform(0.25, 0.65, (2, 3)).astype(np.float32)
    ends = ends * 0.35 + ends.mean(axis=1, keepdims=True) * 0.65  # nearly grey: colour is for things
    angle = rng.uniform(0, 2 * math.pi)
    ramp = np.linspace(-1, 1, size, dtype=np.float32)
    share = 0.5 + 0.35 * (np.float32(math.cos(angle)) * ramp + np.float32(math.sin(angle)) * ramp[:, None])
    image = ends[0][:, None, None] + (ends[1] - ends[0])[:, None, None] * share
    instances = np.zeros((size, size), np.int64)
    for number, thing in enumerate(scene, start=1):
        cover = _coverage(thing, size)
        image += cover * (np.array(COLOURS[thing.colour], np.float32)[:, None, None] - image)
        instances[cover > 0.5] = number
    image += rng.normal(0, 0.02, image.shape).astype(np.float32)
    return np.clip(image, 0, 1), instances


def _boxes(instances: np.ndarray, most: int) -> np.ndarray:
    """The least box around each thing's visible pixels; pixel k spans k to k + 1."""
    n, size = instances.shape[:2]
    boxes = np.zeros((n, most, 4), np.float32)
    for j in range(most):
        mask = instances == j + 1
        columns, rows = mask.any(axis=1), mask.any(axis=2)
        there = columns.any(axis=1)
        first = [axis.argmax(axis=1) for axis in (columns, rows)]
        last = [size - axis[:, ::-1].argmax(axis=1) for axis in (columns, rows)]
        boxes[there, j] = np.stack([*first, *last], axis=1)[there]
    return boxes


def caption(things: Sequence[Thing], size: int = 64) -> str:
    """A sentence that follows from the picture: one thing's looks, where two stand to each other, or all from the left.

    Parameters
    ----------
    things
        What the scene shows.
    size
        Pixels a side of the picture, which decides what is large.

    Examples
    --------
    >>> caption([Thing("circle", "red", 6, 0, (50, 20)), Thing("square", "blue", 12, 0, (20, 25))])
    'a large blue square left of a small red circle'
    """
    if len(things) == 2:
        a, b = things
        across = abs(a.centre[0] - b.centre[0]) > abs(a.centre[1] - b.centre[1])
        first, second = sorted(things, key=lambda thing: thing.centre[not across])
        return f"{_looks(first, size)} {'left of' if across else 'above'} {_looks(second, size)}"
    *rest, last = (_looks(thing, size) for thing in sorted(things, key=lambda thing: thing.centre[0]))
    return f"{', '.join(rest)} and {last}" if rest else last


def _looks(thing: Thing, size: int) -> str:
    large = thing.radius > size * (SMALL[1] + LARGE[0]) / 2
    return f"a {'large' if large else 'small'} {thing.colour} {thing.shape}"
