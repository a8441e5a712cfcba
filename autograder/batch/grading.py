"""The grading of one submission, wherever it happens: in a thread here, or on a worker of a cluster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from autograder.batch.collect import Submission, read_notebook
from autograder.batch.store import Result
from autograder.judge import judge, possible_points
from autograder.sandbox.level import Level, best_walls
from autograder.sandbox.limits import Limits, SandboxFault


@dataclass(frozen=True)
class Work:
    """What is the same for all submissions of a class.

    Parameters
    ----------
    topic
        The assignment.
    tests
        The source of each question's otter test file.
    handed_out
        The sources of the code cells as students got them.
    limits
        What a submission may use.
    level
        How well students' code is walled in; as well as the machine that grades it can, if ``None``.
    repeat
        How often each submission is graded, to see whether its score is always the same.
    """

    topic: str
    tests: Mapping[str, str]
    handed_out: frozenset[str]
    limits: Limits
    level: Level | None
    repeat: int = 1


@dataclass(frozen=True)
class Fault:
    """Why a submission was not graded, through no fault of the student's.

    Parameters
    ----------
    reason
        In words.
    may_pass
        Whether it is worth trying again: the machine was at fault, not the tests or the grader's code.
    worker
        The address of the cluster's worker that it happened on, or ``None``.
    """

    reason: str
    may_pass: bool
    worker: str | None = None


def grade_one(work: Work, submission: Submission) -> Result | Fault:
    """Grade a submission; whatever happens, say what came of it."""
    try:
        return _grade(work, submission)
    except (SandboxFault, OSError, MemoryError) as fault:
        return Fault(_in_words(fault), may_pass=True)
    except Exception as error:
        return Fault(_in_words(error), may_pass=False)


def _grade(work: Work, submission: Submission) -> Result:
    notebook = read_notebook(submission, work.topic)
    if isinstance(notebook, str):
        return Result.invalid(submission.name, notebook, possible_points(work.tests))
    results = [
        Result.of(
            submission.name,
            judge(
                notebook,
                work.tests,
                handed_out=work.handed_out,
                limits=work.limits,
                level=work.level or best_walls(),
            ),
        )
        for _ in range(work.repeat)
    ]
    return replace(results[0], repeats=work.repeat, unstable=_unstable(results))


def _unstable(results: list[Result]) -> tuple[str, ...]:
    """The questions whose score is not the same in all results."""
    same_question = zip(*(result.questions for result in results), strict=True)
    return tuple(asked[0].name for asked in same_question if len({question.score for question in asked}) > 1)


def _in_words(error: BaseException) -> str:
    return str(error) if isinstance(error, SandboxFault) else f"{type(error).__name__}: {error}"
