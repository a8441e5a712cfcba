"""The topics of the course, as ``course build`` reads them from the masters."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from course_utils.checks.record import Record


@dataclass(frozen=True)
class Topic:
    """A notebook of the course.

    Parameters
    ----------
    name, title
        Such as ``"01_regression"`` and ``"Regression"``.
    needs
        The names of the topics that come before it.
    exercises
        The minutes that each takes, by name, in order.
    """

    name: str
    title: str
    needs: tuple[str, ...]
    exercises: dict[str, int]

    @property
    def number(self) -> str:
        """Its two digits."""
        return self.name[:2]

    def passed(self, record: Record) -> int:
        """How many of its exercises have passed."""
        tried = [record.tried(self.name, exercise) for exercise in self.exercises]
        return sum(each is not None and each.passed for each in tried)

    def is_done(self, record: Record) -> bool:
        """Whether all of its exercises have passed."""
        return self.passed(record) == len(self.exercises)


@cache
def load_topics() -> dict[str, Topic]:
    """All topics, by name."""
    index = json.loads(Path(__file__).with_name("topics.json").read_text(encoding="utf-8"))
    return {
        name: Topic(name, entry["title"], tuple(entry["needs"]), entry["exercises"])
        for name, entry in index.items()
    }
