"""What moves an explorer: sliders, choices, points to drag, cells to press."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from course_utils._arrays import require


@dataclass(frozen=True)
class Slider:
    """A number from ``low`` to ``high``.

    Parameters
    ----------
    label
        What stands beside it.
    low, high, value
        Ends, and where it begins.
    step
        From one position to the next; a factor if ``log``.
    log
        Whether equal steps are equal factors.
    say
        How a value is written, a format such as ``"{:.2f}"``; ``"{:d}"`` makes it an integer.
    play
        Whether a button runs through it.
    pause
        Milliseconds between two pictures at the least, when it runs.
    """

    label: str
    low: float
    high: float
    value: float
    step: float = 1.0
    log: bool = False
    say: str = "{:.3g}"
    play: bool = False
    pause: int = 60

    @property
    def ticks(self) -> list[float]:
        """All values that it can have."""
        if self.log:
            count = round(np.log(self.high / self.low) / np.log(self.step)) + 1
            return [float(f"{value:.6g}") for value in np.geomspace(self.low, self.high, count)]
        count = round((self.high - self.low) / self.step) + 1
        values = [float(f"{value:.9g}") for value in np.linspace(self.low, self.high, count)]
        return [int(value) for value in values] if self.say == "{:d}" else values

    def spec(self) -> dict[str, Any]:
        """Plain data for the face."""
        labels = [self.say.format(value).replace("-", "−") for value in self.ticks]
        return {"kind": "slider", "label": self.label, "ticks": self.ticks, "labels": labels, "play": self.play, "pause": self.pause}  # fmt: skip

    def check(self, name: str, value: Any) -> float:
        """The value as it is kept, or a ``ValueError`` that names it."""
        number = (
            isinstance(value, (int, float)) and not isinstance(value, bool) and self.low <= value <= self.high
        )
        require(number, name, f"a number from {self.low:g} to {self.high:g}", value)
        return min(self.ticks, key=lambda tick: abs(tick - value))


@dataclass(frozen=True)
class Choice:
    """One of several texts."""

    label: str
    options: Sequence[str]
    value: str

    def spec(self) -> dict[str, Any]:
        """Plain data for the face."""
        return {"kind": "choice", "label": self.label, "options": list(self.options)}

    def check(self, name: str, value: Any) -> str:
        """The value as it is kept, or a ``ValueError`` that names it."""
        require(value in self.options, name, f"one of {', '.join(self.options)}", value)
        return str(value)


@dataclass(frozen=True)
class Toggle:
    """Yes or no."""

    label: str
    value: bool = False

    def spec(self) -> dict[str, Any]:
        """Plain data for the face."""
        return {"kind": "toggle", "label": self.label}

    def check(self, name: str, value: Any) -> bool:
        """The value as it is kept, or a ``ValueError`` that names it."""
        require(isinstance(value, bool), name, "True or False", value)
        return bool(value)


@dataclass(frozen=True)
class Again:
    """A button that counts; the count serves as a seed."""

    label: str
    value: int = 0

    def spec(self) -> dict[str, Any]:
        """Plain data for the face."""
        return {"kind": "again", "label": self.label}

    def check(self, name: str, value: Any) -> int:
        """The value as it is kept, or a ``ValueError`` that names it."""
        require(isinstance(value, int) and value >= 0, name, "an integer ≥ 0", value)
        return int(value)


@dataclass(frozen=True)
class Points:
    """Points (x, y) in a window that are dragged, or moved with the arrow keys."""

    value: Sequence[Sequence[float]]
    x: tuple[float, float]
    y: tuple[float, float]

    def spec(self) -> dict[str, Any]:
        """Plain data for the face."""
        return {"kind": "points", "x": list(self.x), "y": list(self.y)}

    def check(self, name: str, value: Any) -> list[list[float]]:
        """The value as it is kept, or a ``ValueError`` that names it."""
        points = np.asarray(value, dtype=float)
        shape = np.asarray(self.value).shape
        require(points.shape == shape, name, f"shape {shape}", f"shape {points.shape}")
        require(bool(np.isfinite(points).all()), name, "finite points", "others")
        return np.clip(points, [self.x[0], self.y[0]], [self.x[1], self.y[1]]).tolist()  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Cells:
    """Numbers in a row; pressing one makes it the next of ``states``."""

    value: Sequence[float]
    states: Sequence[float]

    def spec(self) -> dict[str, Any]:
        """Plain data for the face."""
        return {"kind": "cells", "states": list(self.states)}

    def check(self, name: str, value: Any) -> list[float]:
        """The value as it is kept, or a ``ValueError`` that names it."""
        legal = len(value) == len(self.value) and all(each in self.states for each in value)
        require(legal, name, f"{len(self.value)} numbers out of {list(self.states)}", value)
        return list(value)


Control = Slider | Choice | Toggle | Again | Points | Cells
