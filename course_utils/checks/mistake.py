"""What a check raises, and what comes of running one."""

from __future__ import annotations

from dataclasses import dataclass


class Mistake(AssertionError):
    """A wrong answer whose cause is known, or at least described.

    Parameters
    ----------
    kind
        A slug such as ``"factor"``; reports count by it.
    sentence
        What the student is told. It holds no number of the input or of the right answer, because the feedback
        on hidden tests shows it.
    detail
        The call with its input, what came back and what was expected; shown for public checks only.
    """

    def __init__(self, kind: str, sentence: str, detail: str = "") -> None:
        super().__init__(f"{sentence}\n{detail}".rstrip())
        self.kind = kind
        self.sentence = sentence
        self.detail = detail


class StudentError(Exception):
    """The student's code raised, in this process or behind a proxy.

    Parameters
    ----------
    type_name, message
        Of the exception that was raised.
    line, line_number
        The student's own line that was running, and its number in its cell; ``None`` when unknown.
    cell
        The number of that cell in the notebook, if known.
    """

    def __init__(
        self,
        type_name: str,
        message: str,
        line: str | None = None,
        line_number: int | None = None,
        cell: int | None = None,
    ) -> None:
        super().__init__(f"{type_name}: {message}")
        self.type_name = type_name
        self.message = message
        self.line = line
        self.line_number = line_number
        self.cell = cell


class CallTimeout(Exception):
    """A call into the student's code did not come back in time."""


@dataclass(frozen=True)
class Outcome:
    """What one test case said.

    Parameters
    ----------
    case
        The name of the test case, in words.
    hidden
        Whether students may see only ``sentence``, not ``detail``.
    points
        What the case is worth.
    passed
        Whether those points were earned.
    kind, sentence, detail
        Of the mistake, as in :class:`Mistake`; ``None`` when the case passed.
    """

    case: str
    hidden: bool
    points: float
    passed: bool
    kind: str | None = None
    sentence: str | None = None
    detail: str | None = None

    @property
    def shown(self) -> str:
        """What the student reads: of a hidden test the kind of mistake, not its numbers."""
        return "\n".join(part for part in (self.sentence, None if self.hidden else self.detail) if part)
