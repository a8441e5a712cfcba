"""What an explorer shows: panels with marks, as plain data that the browser draws and a test can read."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from course_utils._arrays import require

Mark = dict[str, Any]
Range = tuple[float, float]


def numbers(values: ArrayLike) -> list[float]:
    """Six significant digits, more than any screen shows; what isn't finite goes far outside every picture."""
    array = np.nan_to_num(np.atleast_1d(np.asarray(values, dtype=float)), nan=1e9, posinf=1e9, neginf=-1e9)
    return [float(f"{value:.6g}") for value in array.ravel().tolist()]


def data_url(picture: np.ndarray, photograph: bool = False) -> str:
    """A picture (rows, columns[, 3 or 4]), uint8 or floats from 0 to 1, as an address: PNG, or JPEG for photographs."""
    from PIL import Image

    pixels = picture if picture.dtype == np.uint8 else (255 * np.clip(picture, 0, 1)).round().astype(np.uint8)
    image, memory = Image.fromarray(pixels), io.BytesIO()
    photograph = photograph and image.mode != "RGBA"
    if photograph:
        image.save(memory, "JPEG", quality=88)
    else:
        image.save(memory, "PNG", compress_level=1)
    text = base64.b64encode(memory.getvalue()).decode()
    return f"data:image/{'jpeg' if photograph else 'png'};base64,{text}"


def coloured(values: np.ndarray, limit: float | None = None) -> np.ndarray:
    """Numbers as colours: from 0 to ``limit`` from dark to light, or around 0 from blue over white to red, if any is < 0.

    Both scales are legible to the colour-blind, and on paper.
    """
    import matplotlib as mpl

    reach = float(np.abs(values).max()) if limit is None else limit
    reach = reach if reach > 0 else 1.0
    signed = bool((values < 0).any())
    colours = mpl.colormaps["RdBu_r" if signed else "viridis"]
    scaled = (values / reach + 1) / 2 if signed else values / reach
    picture: np.ndarray = (255 * colours(np.clip(scaled, 0, 1))[..., :3]).astype(np.uint8)
    return picture


@dataclass
class Panel:
    """One picture with axes.

    Colours are ``"first"`` to ``"fourth"``, ``"ink"`` and ``"quiet"``, which follow the reader's theme, or any of CSS. A mark
    with a ``name`` stands in the legend.

    Parameters
    ----------
    title
        Short; stands above.
    xdomain, ydomain
        What the axes span; ``(high, low)`` turns one round.
    xlabel, ylabel
        With units.
    describe
        What is seen, for those who don't see it.
    xlog, ylog
        Logarithmic axes.
    bare
        Without axes: a picture, or a diagram.
    width, height
        In pixels at 100 %; wider than 420 takes the whole row.
    xticks, yticks
        Pairs of value and text, in place of numbers.
    """

    title: str
    xdomain: Range
    ydomain: Range
    xlabel: str = ""
    ylabel: str = ""
    describe: str = ""
    xlog: bool = False
    ylog: bool = False
    bare: bool = False
    width: int = 360
    height: int = 250
    xticks: Sequence[tuple[float, str]] | None = None
    yticks: Sequence[tuple[float, str]] | None = None
    marks: list[Mark] = field(default_factory=list)

    def line(self, x: ArrayLike, y: ArrayLike, color: str = "first", **style: Any) -> None:
        """Points joined by straight lines. Style: ``dash`` such as ``"7 3"``, ``width``, ``opacity``, ``name``."""
        self._add(
            "line",
            style,
            {"dash": "", "width": 2, "opacity": 1, "name": ""},
            color=color,
            x=numbers(x),
            y=numbers(y),
        )

    def segments(
        self, x0: ArrayLike, y0: ArrayLike, x1: ArrayLike, y1: ArrayLike, color: str = "ink", **style: Any
    ) -> None:
        """Straight lines that aren't joined. Style as for :meth:`line`, and ``arrow`` for arrowheads."""
        ends = {"x0": numbers(x0), "y0": numbers(y0), "x1": numbers(x1), "y1": numbers(y1)}
        self._add(
            "segments",
            style,
            {"dash": "", "width": 1.5, "opacity": 1, "name": "", "arrow": False},
            color=color,
            **ends,
        )

    def area(self, x: ArrayLike, y: ArrayLike, color: str = "first", **style: Any) -> None:
        """A filled polygon. Style: ``opacity``, ``name``."""
        self._add("area", style, {"opacity": 0.2, "name": ""}, color=color, x=numbers(x), y=numbers(y))

    def dots(self, x: ArrayLike, y: ArrayLike, color: str = "first", **style: Any) -> None:
        """Points. Style: ``shape`` (``"circle"``, ``"square"``, ``"cross"``), ``size`` in pixels, ``opacity``, ``name``."""
        self._add("dots", style, {"shape": "circle", "size": 7, "opacity": 1, "name": ""}, color=color, x=numbers(x), y=numbers(y))  # fmt: skip

    def bars(
        self, x0: ArrayLike, x1: ArrayLike, y0: ArrayLike, y1: ArrayLike, color: str = "first", **style: Any
    ) -> None:
        """Rectangles between corners. Style: ``fill``, or else an outline of ``dash`` and ``width``; ``opacity``, ``name``."""
        corners = {"x0": numbers(x0), "x1": numbers(x1), "y0": numbers(y0), "y1": numbers(y1)}
        self._add(
            "bars",
            style,
            {"fill": True, "dash": "", "width": 2, "opacity": 1, "name": ""},
            color=color,
            **corners,
        )

    def text(self, x: ArrayLike, y: ArrayLike, text: str | Sequence[str], color: str = "ink", **style: Any) -> None:  # fmt: skip
        """Words at places. Style: ``anchor`` (``"start"``, ``"middle"``, ``"end"``), ``size``, ``bold``, moved ``dx``, ``dy`` pixels."""
        words = [text] if isinstance(text, str) else list(text)
        defaults = {"anchor": "middle", "size": 11, "bold": False, "dx": 0, "dy": 4}
        self._add("text", style, defaults, color=color, x=numbers(x), y=numbers(y), text=words)

    def image(self, picture: np.ndarray, x: Range, y: Range, **style: Any) -> None:
        """A picture, its first row on top, over a part of the panel. Style: ``smooth`` for photographs, ``opacity``."""
        upright = self.ydomain[0] < self.ydomain[1]
        address = data_url(picture, photograph=style.get("smooth", False))
        across, up = numbers(sorted(x)), numbers(sorted(y, reverse=not upright))
        self._add("image", style, {"smooth": False, "opacity": 1}, href=address, x=across, y=up)

    def handles(
        self,
        control: str,
        points: ArrayLike,
        labels: Sequence[str],
        color: str = "first",
        index: Sequence[int] | None = None,
        **style: Any,
    ) -> None:
        """Points of the control of that name, or those at ``index``, to be dragged. Style: ``shape``."""
        xy = np.asarray(points, dtype=float).reshape(-1, 2)
        own = list(range(len(xy)) if index is None else index)
        self._add("handles", style, {"shape": "circle"}, control=control, color=color, x=numbers(xy[:, 0]), y=numbers(xy[:, 1]), labels=list(labels), index=own)  # fmt: skip

    def cells(self, control: str, rows: int, columns: int, labels: Sequence[str]) -> None:
        """A grid of unit squares from (0, 0), the first row on top, of the control of that name, to be pressed."""
        row, column = np.divmod(np.arange(rows * columns), columns)
        edges = {"x0": numbers(column), "x1": numbers(column + 1), "y0": numbers(rows - 1 - row), "y1": numbers(rows - row)}  # fmt: skip
        self._add("cells", {}, {}, control=control, labels=list(labels), **edges)

    def _add(self, kind: str, style: dict[str, Any], defaults: dict[str, Any], **content: Any) -> None:
        for name in style:
            require(name in defaults, name, f"one of {', '.join(defaults)}", "an unknown style")
        self.marks.append({"kind": kind} | defaults | style | content)

    def spec(self) -> dict[str, Any]:
        """Plain data."""
        own = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return own | {"describe": self.describe or self.title, "xdomain": numbers(self.xdomain), "ydomain": numbers(self.ydomain)}  # fmt: skip


@dataclass
class Scene:
    """All panels, and one or two sentences that say what is seen.

    Parameters
    ----------
    panels
        Side by side where there is room.
    says
        Read aloud to those who don't see the pictures.
    """

    panels: list[Panel]
    says: str

    def spec(self) -> dict[str, Any]:
        """Plain data."""
        return {"panels": [panel.spec() for panel in self.panels], "says": self.says}


def span(*arrays: ArrayLike, margin: float = 0.05) -> Range:
    """From the smallest to the largest of all values, with a margin."""
    values = np.concatenate([np.ravel(np.asarray(array, dtype=float)) for array in arrays])
    values = values[np.isfinite(values)]
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
    extra = margin * ((high - low) or 1.0)
    return low - extra, high + extra
