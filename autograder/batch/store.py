"""Results in one SQLite file, one transaction a submission, so that a run that is killed loses nothing it finished."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from autograder.judge import Judged, QuestionResult
from course_utils.checks import Outcome

_SCHEMA = """
create table if not exists results (
    submission text primary key,
    content    text not null,  -- sha256 of what was handed in
    tests      text not null,  -- sha256 of the tests it was graded by
    status     text not null check (status in ('graded', 'partial', 'invalid')),
    score      real not null,
    max_score  real not null,
    seconds    real not null,
    reason     text,           -- why it is invalid
    problems   text not null,  -- JSON: cells that failed, in words
    questions  text not null,  -- JSON: each question with its outcomes
    graded_at  text not null default (datetime('now'))
) strict
"""


@dataclass(frozen=True)
class Result:
    """The grade of one submission, as it is stored.

    Parameters
    ----------
    submission
        Its name.
    status
        ``"graded"``, ``"partial"`` or ``"invalid"``.
    score, max_score
        Points earned, and points there are.
    seconds
        How long grading took.
    reason
        Why it is invalid, or ``None``.
    problems
        Cells that failed, in words.
    questions
        One for each exercise; empty if invalid.
    """

    submission: str
    status: str
    score: float
    max_score: float
    seconds: float
    reason: str | None
    problems: tuple[str, ...]
    questions: tuple[QuestionResult, ...]

    @classmethod
    def of(cls, submission: str, judged: Judged) -> Result:
        """The result of a submission that was judged."""
        reason = judged.problems[0] if judged.status == "invalid" else None
        earned = judged.status, judged.score, judged.possible, judged.seconds
        return cls(submission, *earned, reason, judged.problems, judged.questions)

    @classmethod
    def invalid(cls, submission: str, reason: str, max_score: float) -> Result:
        """The result of a submission that can't be judged."""
        return cls(submission, "invalid", 0.0, max_score, 0.0, reason, (), ())


class Store:
    """The results of one assignment. Use it in one thread.

    Parameters
    ----------
    path
        The SQLite file; it is made if it isn't there.
    """

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("pragma journal_mode = wal")
        self._connection.execute(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def is_graded(self, submission: str, content: str, tests: str) -> bool:
        """Whether that content of that submission has been graded by those tests."""
        query = "select 1 from results where submission = ? and content = ? and tests = ?"
        return self._connection.execute(query, (submission, content, tests)).fetchone() is not None

    def save(self, result: Result, content: str, tests: str) -> None:
        """Write a result, in place of an earlier one of the same submission."""
        self._connection.execute(
            "insert or replace into results (submission, content, tests, status, score, max_score, seconds, reason, problems, questions)"
            " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                result.submission,
                content,
                tests,
                result.status,
                result.score,
                result.max_score,
                result.seconds,
                result.reason,
                json.dumps(result.problems),
                json.dumps([asdict(question) for question in result.questions]),
            ),
        )

    def results(self, contents: Mapping[str, str], tests: str) -> list[Result]:
        """The results of the submissions in ``contents`` (name → digest) by those tests, ordered by name."""
        query = (
            "select submission, status, score, max_score, seconds, reason, problems, questions, content from results"
            " where tests = ? order by submission collate nocase"
        )
        rows = self._connection.execute(query, (tests,)).fetchall()
        return [_result(*row[:-1]) for row in rows if contents.get(row[0]) == row[-1]]


def _result(
    submission: str,
    status: str,
    score: float,
    max_score: float,
    seconds: float,
    reason: str | None,
    problems: str,
    questions: str,
) -> Result:
    graded = [
        QuestionResult(
            **{**question, "outcomes": tuple(Outcome(**outcome) for outcome in question["outcomes"])}
        )
        for question in json.loads(questions)
    ]
    return Result(
        submission, status, score, max_score, seconds, reason, tuple(json.loads(problems)), tuple(graded)
    )
