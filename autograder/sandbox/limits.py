"""What a submission may use, and what is raised when that doesn't work out."""

from __future__ import annotations

from dataclasses import dataclass

from course_utils.checks import StudentError


@dataclass(frozen=True)
class Limits:
    """What a submission may use.

    Parameters
    ----------
    cell_seconds, call_seconds, submission_seconds
        Wall time for one cell, for one call of a function, and for everything together.
    memory_bytes
        Resident memory of all its processes.
    file_bytes
        Its private folder, and each file in it.
    processes
        Processes at once.
    """

    cell_seconds: float = 30.0
    call_seconds: float = 10.0
    submission_seconds: float = 300.0
    memory_bytes: int = 4 * 2**30
    file_bytes: int = 256 * 2**20
    processes: int = 32


@dataclass(frozen=True)
class CellResult:
    """What came of running a cell.

    Parameters
    ----------
    ok
        Whether it ran to its end.
    error
        What it raised, or ``None``.
    seconds
        How long it ran.
    timed_out
        Whether it had to be stopped.
    """

    ok: bool
    error: StudentError | None = None
    seconds: float = 0.0
    timed_out: bool = False


# Both pass through `except Exception`, so that a test that catches errors, or the code that runs it, can't take them
# for a mistake of the student's.


class SubmissionTimeout(BaseException):
    """The time for the whole submission is up."""


class SandboxFault(BaseException):
    """The sandbox itself failed: nothing that the student could have done."""
