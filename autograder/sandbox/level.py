"""How well a student's code is walled in, and how well it can be on this machine."""

from __future__ import annotations

from enum import StrEnum

from autograder.sandbox import bubblewrap, landlock
from autograder.sandbox.limits import SandboxFault


class Level(StrEnum):
    """From the best to none; ``docs/threat_model.md`` says what each gives."""

    BUBBLEWRAP = "bubblewrap"
    LANDLOCK = "landlock"
    NONE = "none"

    @property
    def problem(self) -> str | None:
        """``None`` if this machine gives it; otherwise one sentence with the cure."""
        if self is Level.BUBBLEWRAP:
            return bubblewrap.available()
        return landlock.available() if self is Level.LANDLOCK else None


def best_level() -> Level:
    """The best that this machine gives."""
    return next(level for level in Level if level.problem is None)


def best_walls() -> Level:
    """The best that this machine gives.

    Raises
    ------
    SandboxFault
        If it gives none.
    """
    if (level := best_level()) is Level.NONE:
        raise SandboxFault(f"{Level.BUBBLEWRAP.problem} {Level.LANDLOCK.problem}")
    return level
