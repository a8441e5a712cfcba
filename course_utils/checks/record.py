"""What has been passed here: one small file beside the notebooks, written by the checks. Nothing is sent anywhere.

``progress.json`` holds names, counts and times, no code and no answers. To start anew, delete it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

NAME = "progress.json"
_VERSION = 1
_MAX_BYTES = 2**20
_PATIENCE = 0.5  # seconds to wait for another notebook that is writing


@dataclass(frozen=True)
class Tried:
    """What came of the checks of one exercise.

    Parameters
    ----------
    attempts
        How many checks found an answer, up to the first that it passed.
    first, latest
        When the first and the last of them ran.
    passed
        Whether the last of them passed.
    """

    attempts: int
    first: datetime
    latest: datetime
    passed: bool


@dataclass(frozen=True)
class Recalled:
    """What came of a question from an earlier topic.

    Parameters
    ----------
    box
        How often in a row it was answered rightly.
    latest
        When it was last answered.
    """

    box: int
    latest: datetime


@dataclass(frozen=True)
class Record:
    """All that the file says.

    Parameters
    ----------
    exercises
        By topic and exercise.
    recalled
        By the question's name.
    """

    exercises: Mapping[str, Mapping[str, Tried]] = field(default_factory=dict)
    recalled: Mapping[str, Recalled] = field(default_factory=dict)

    def tried(self, topic: str, exercise: str) -> Tried | None:
        """What came of an exercise, or ``None`` if it wasn't tried."""
        return self.exercises.get(topic, {}).get(exercise)


class NewerRecord(ValueError):
    """The file was written by a later version of the course."""


def now() -> datetime:
    """The time, to the second."""
    return datetime.now(UTC).replace(microsecond=0)


def read(folder: Path) -> Record:
    """The record in ``folder``; an empty one if there is none, or none that can be read.

    Raises
    ------
    NewerRecord
        If a later version of the course has written it.
    """
    try:
        return _parse(folder / NAME)
    except NewerRecord:
        raise
    except (OSError, ValueError):
        return Record()


def update(folder: Path, change: Callable[[Record], Record]) -> None:
    """Replace the record in ``folder`` by ``change`` of it, in one step, whoever else is writing.

    Raises
    ------
    OSError
        If the folder can't be written, or another process doesn't stop writing.
    NewerRecord
        If a later version of the course has written the file; it is left as it is.
    """
    from filelock import FileLock

    path = folder / NAME
    if not folder.is_dir():  # the lock would make it
        raise FileNotFoundError(folder)
    with FileLock(folder / ".progress.lock", timeout=_PATIENCE):
        try:
            before = _parse(path)
        except FileNotFoundError:
            before = Record()
        except NewerRecord:
            raise
        except ValueError:
            path.replace(folder / "progress-unreadable.json")
            before = Record()
        after = change(before)
        if after != before:
            temporary = folder / f".progress.{os.getpid()}.tmp"
            temporary.write_text(_text(after), encoding="utf-8")
            temporary.replace(path)


def note_checks(folder: Path, topic: str, passed: Mapping[str, bool]) -> None:
    """Write down which exercises' checks have just passed and which haven't; if that can't be done, leave it."""
    if not passed:
        return
    with contextlib.suppress(OSError, NewerRecord):  # a check's answer matters more than its record
        update(folder, lambda record: _with_checks(record, topic, passed, now()))


def _with_checks(record: Record, topic: str, passed: Mapping[str, bool], at: datetime) -> Record:
    tried = dict(record.exercises.get(topic, {}))
    for exercise, well in passed.items():
        before = tried.get(exercise, Tried(0, at, at, False))
        if not before.passed:
            tried[exercise] = Tried(before.attempts + 1, before.first, at, well)
    return dataclasses.replace(record, exercises={**record.exercises, topic: tried})


def _text(record: Record) -> str:
    content = {"version": _VERSION, **dataclasses.asdict(record)}
    return json.dumps(content, indent=1, sort_keys=True, default=datetime.isoformat) + "\n"


def _parse(path: Path) -> Record:
    """The record in a file; ``ValueError`` if it isn't one."""
    if path.stat().st_size > _MAX_BYTES:
        raise ValueError("too large")
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8"))
        if content["version"] > _VERSION:
            raise NewerRecord(f"{path.name} was written by a later version of the course.")
        exercises = {
            topic: {name: _tried(**entry) for name, entry in entries.items()}
            for topic, entries in content["exercises"].items()
        }
        recalled = {name: _recalled(**entry) for name, entry in content["recalled"].items()}
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"not a record: {error}") from error
    return Record(exercises, recalled)


def _tried(attempts: int, first: str, latest: str, passed: bool) -> Tried:
    return Tried(int(attempts), _time(first), _time(latest), bool(passed))


def _recalled(box: int, latest: str) -> Recalled:
    return Recalled(int(box), _time(latest))


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
