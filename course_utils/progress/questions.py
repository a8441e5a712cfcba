"""Questions from earlier topics, asked again at growing distances.

A question comes up two days after its exercise has passed. A right answer puts it one box further (Leitner's boxes), and
the next box asks later; a wrong answer puts it back into the first.
"""

from __future__ import annotations

import contextlib
import dataclasses
import html
import math
import tomllib
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from course_utils._arrays import require
from course_utils.checks.record import NewerRecord, Recalled, Record, now, read, update

DAYS = (1, 3, 7, 21, 60)  # until the next time, by box
_FIRST = timedelta(days=2)
_AT_ONCE = 3


@dataclass(frozen=True)
class Question:
    """A question to recall something by.

    Parameters
    ----------
    name, topic, exercise
        Its own name, and the exercise whose passing brings it.
    ask
        The question.
    answer
        A number, true or false, or the letter of the right option.
    why
        The reason, shown after the answer.
    options
        What there is to choose from, if anything.
    """

    name: str
    topic: str
    exercise: str
    ask: str
    answer: str | float | bool
    why: str
    options: tuple[str, ...] = ()

    @property
    def choices(self) -> dict[str, str]:
        """The options by letter."""
        return dict(zip("abcdef", self.options, strict=False))

    @property
    def kind(self) -> str:
        """What an answer looks like."""
        if self.options:
            return "a letter, such as " + '"a"'
        return "True or False" if isinstance(self.answer, bool) else "a number"

    def is_right(self, given: str | float | bool) -> bool:
        """Whether an answer is right; numbers may be off by two in a hundred.

        Raises
        ------
        ValueError
            If it is no answer of the kind that is asked for.
        """
        if self.options:
            letter = given.strip().lower() if isinstance(given, str) else ""
            require(
                letter in self.choices, "given", f"one of the letters {', '.join(self.choices)}", repr(given)
            )
            return letter == self.answer
        wants_bool = isinstance(self.answer, bool)
        fits = isinstance(given, bool) == wants_bool and isinstance(given, (int, float))
        require(fits, "given", self.kind, repr(given))
        return given is self.answer if wants_bool else math.isclose(given, self.answer, rel_tol=0.02)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Round:
    """The questions that are due, shown with how to answer them.

    Parameters
    ----------
    questions
        At most three.
    upcoming
        When the next one is due, if none is now.
    """

    questions: tuple[Question, ...]
    upcoming: datetime | None = None

    def _nothing(self) -> str:
        if self.upcoming is None:
            return f"No question is due. The first come {_FIRST.days} days after you have passed an exercise."
        return f"No question is due. The next comes on {self.upcoming:%d %B}."

    def __repr__(self) -> str:
        if not self.questions:
            return self._nothing()
        return "\n\n".join(
            "\n".join(
                [
                    f"{question.name} (from {question.topic})",
                    question.ask,
                    *(f"  {letter}) {text}" for letter, text in question.choices.items()),
                    _call(question),
                ]
            )
            for question in self.questions
        )

    def _repr_html_(self) -> str:
        if not self.questions:
            return f"<p>{html.escape(self._nothing())}</p>"
        return "".join(
            f'<div style="margin:8px 0;max-width:60em"><b>{html.escape(question.topic)}</b><br>{html.escape(question.ask)}'
            + "".join(f"<br>&emsp;{letter}) {html.escape(text)}" for letter, text in question.choices.items())
            + f"<br><code>{html.escape(_call(question))}</code></div>"
            for question in self.questions
        )


def _call(question: Question) -> str:
    return f'answer("{question.name}", …)  with {question.kind}'


@dataclass(frozen=True)
class Reply:
    """What comes of an answer.

    Parameters
    ----------
    question
        What was asked.
    right
        Whether the answer was right.
    days
        Until it is asked again; ``None`` while its exercise hasn't passed.
    """

    question: Question
    right: bool
    days: int | None

    def __repr__(self) -> str:
        word = "✓ Right." if self.right else "✗ Not right."
        if self.days is None:
            return f"{word} {self.question.why} Its turn comes once {self.question.exercise} has passed."
        due = "tomorrow" if self.days == 1 else f"in {self.days} days"
        return f"{word} {self.question.why} It comes again {due}."

    def _repr_html_(self) -> str:
        return f'<div role="status" style="max-width:60em">{html.escape(repr(self))}</div>'


@cache
def load_questions() -> dict[str, Question]:
    """All questions, by name."""
    bank = tomllib.loads(Path(__file__).with_name("questions.toml").read_text(encoding="utf-8"))
    return {
        name: Question(name, topic, **{**entry, "options": tuple(entry.get("options", ()))})
        for topic, entries in bank.items()
        for name, entry in entries.items()
    }


def _when(question: Question, record: Record) -> datetime | None:
    """When a question is due; ``None`` while its exercise hasn't passed."""
    tried = record.tried(question.topic, question.exercise)
    if tried is None or not tried.passed:
        return None
    before = record.recalled.get(question.name)
    return tried.latest + _FIRST if before is None else before.latest + timedelta(days=_days(before.box))


def _days(box: int) -> int:
    return DAYS[min(max(box, 0), len(DAYS) - 1)]


def due(record: Record) -> list[Question]:
    """The questions that are due, those that have waited longest first."""
    times = {name: _when(question, record) for name, question in load_questions().items()}
    waiting = sorted((when, name) for name, when in times.items() if when is not None and when <= now())
    return [load_questions()[name] for _, name in waiting]


def recall(folder: str | Path = ".") -> Round:
    """Up to three questions from topics passed some days ago.

    Parameters
    ----------
    folder
        Where the notebooks are.

    Examples
    --------
    >>> recall("no such folder")
    No question is due. The first come 2 days after you have passed an exercise.
    """
    try:
        record = read(Path(folder))
    except NewerRecord:
        record = Record()
    times = [when for question in load_questions().values() if (when := _when(question, record)) is not None]
    return Round(tuple(due(record)[:_AT_ONCE]), min(times, default=None))


def answer(name: str, given: str | float | bool, folder: str | Path = ".") -> Reply:
    """Answer a question of :func:`recall`.

    Parameters
    ----------
    name
        The question's name.
    given
        The letter of an option, a number, or ``True`` or ``False``.
    folder
        Where the notebooks are.

    Raises
    ------
    ValueError
        If there is no such question, or the answer isn't of the kind that it asks for.

    Examples
    --------
    >>> answer("numpy-cov", "b", "no such folder")
    ✓ Right. np.cov divides by n − 1 and np.var by n unless told otherwise, and the ratio mixes them. Its turn comes once fit_line has passed.
    """
    require(name in load_questions(), "name", "the name of a question, as recall() shows it", repr(name))
    question = load_questions()[name]
    right, days = question.is_right(given), None

    def change(record: Record) -> Record:
        nonlocal days
        if (when := _when(question, record)) is None:
            return record
        before = record.recalled.get(name)
        early = before is not None and when > now()  # twice on a day counts once
        box = (before.box if before is not None else 0) + (not early) if right else 0
        days = _days(box)
        return dataclasses.replace(record, recalled={**record.recalled, name: Recalled(box, now())})

    with contextlib.suppress(OSError, NewerRecord):  # then it can't be kept
        update(Path(folder), change)
    return Reply(question, right, days)
