"""Results in one SQLite file, one transaction a submission, so that a run that is killed loses nothing it finished."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from autograder.batch.handed_in import HandedIn
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
    graded_at  text not null default (datetime('now')),
    repeats    integer not null default 1,  -- how often it was graded
    unstable   text not null default '[]'   -- JSON: the questions whose score was not always the same
) strict;
create table if not exists written (
    submission text not null,
    question   text not null,
    points     real,           -- null: commented on, but not marked yet
    items      text not null,  -- JSON: what was given of the rubric, item → share
    comment    text not null,
    answer     text not null,  -- sha256 of the answer that was marked
    primary key (submission, question)
) strict;
create table if not exists rubric (
    question text not null,
    item     text not null,
    points   real not null,    -- what the instructor made of the master's points
    primary key (question, item)
) strict;
create table if not exists handed_in (
    submission text primary key,
    content    text not null,  -- as in results
    tests      text not null,  -- of the run that found it
    facts      text not null   -- JSON: what the download says of it
) strict
"""
_LATER_COLUMNS = {"repeats": "integer not null default 1", "unstable": "text not null default '[]'"}

_COLUMNS = "submission, status, score, max_score, seconds, reason, problems, questions, repeats, unstable"


@dataclass(frozen=True)
class Written:
    """What a person gave for one written answer.

    Parameters
    ----------
    submission, question
        Whose answer, and to what.
    points
        Points earned; ``None`` if it is not marked yet, only commented on.
    items
        What was given of the rubric: item → share of its points.
    comment
        A sentence for the student; may be empty.
    answer
        The sha256 of the answer that was marked, so that another answer handed in later counts as unmarked.
    """

    submission: str
    question: str
    points: float | None
    items: Mapping[str, float]
    comment: str
    answer: str = ""


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
    repeats
        How often it was graded; the rest of this is what came of it the first time.
    unstable
        The questions whose score was not the same each time: for a person to look at.
    """

    submission: str
    status: str
    score: float
    max_score: float
    seconds: float
    reason: str | None
    problems: tuple[str, ...]
    questions: tuple[QuestionResult, ...]
    repeats: int = 1
    unstable: tuple[str, ...] = ()

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
        self._connection.executescript(_SCHEMA)
        there = {name for _, name, *_ in self._connection.execute("pragma table_info(results)")}
        for name, kind in _LATER_COLUMNS.items():
            if name not in there:
                self._connection.execute(f"alter table results add column {name} {kind}")

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def is_graded(self, submission: str, content: str, tests: str, repeats: int = 1) -> bool:
        """Whether that content of that submission has been graded by those tests, that often or more."""
        query = "select 1 from results where submission = ? and content = ? and tests = ? and repeats >= ?"
        return self._connection.execute(query, (submission, content, tests, repeats)).fetchone() is not None

    def save(self, result: Result, content: str, tests: str) -> None:
        """Write a result, in place of an earlier one of the same submission."""
        self._connection.execute(
            "insert or replace into results (submission, content, tests, status, score, max_score, seconds, reason,"
            " problems, questions, repeats, unstable) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
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
                result.repeats,
                json.dumps(result.unstable),
            ),
        )

    def results(self, contents: Mapping[str, str], tests: str) -> list[Result]:
        """The results of the submissions in ``contents`` (name → digest) by those tests, ordered by name."""
        query = f"select {_COLUMNS}, content from results where tests = ? order by submission collate nocase"
        rows = self._connection.execute(query, (tests,)).fetchall()
        return [_result(*row[:-1]) for row in rows if contents.get(row[0]) == row[-1]]

    def note(self, found: Sequence[HandedIn], tests: str) -> None:
        """Write what the download says of the submissions of this run, in place of an earlier run's."""
        rows = [(entry.submission, entry.content, tests, entry.to_json()) for entry in found]
        with self.transaction():
            self._connection.execute("delete from handed_in")
            self._connection.executemany("insert into handed_in values (?, ?, ?, ?)", rows)

    def handed_in(self) -> list[HandedIn]:
        """What the download said of the submissions of the latest run, ordered by name."""
        query = "select submission, content, facts from handed_in order by submission collate nocase"
        return [HandedIn.from_json(*row) for row in self._connection.execute(query).fetchall()]

    def latest(self) -> list[Result]:
        """The results of the submissions of the latest run, ordered by name."""
        query = (
            f"select {_COLUMNS} from results join handed_in using (submission, content, tests)"
            " order by submission collate nocase"
        )
        return [_result(*row) for row in self._connection.execute(query).fetchall()]

    def adopt(self, other: Path) -> None:
        """Take over the results of the latest run of another store, in place of those here."""
        latest = "other.results join other.handed_in using (submission, content, tests)"
        self._connection.execute("attach ? as other", (str(other),))
        try:
            self._connection.execute(f"insert or replace into results select results.* from {latest}")
        finally:
            self._connection.execute("detach other")

    def save_written(
        self,
        submission: str,
        question: str,
        points: float | None,
        items: Mapping[str, float],
        comment: str,
        answer: str = "",
    ) -> None:
        """Write what was given for a written answer, in place of what was given before; see :class:`Written`."""
        self._connection.execute(
            "insert or replace into written values (?, ?, ?, ?, ?, ?)",
            (submission, question, points, json.dumps(dict(items)), comment, answer),
        )

    def clear_written(self, submission: str, question: str) -> None:
        """Make a written answer unmarked again."""
        self._connection.execute(
            "delete from written where submission = ? and question = ?", (submission, question)
        )

    def written(self) -> list[Written]:
        """Everything that was given for written answers."""
        query = "select submission, question, points, items, comment, answer from written order by rowid"
        rows = self._connection.execute(query).fetchall()
        return [
            Written(who, what, points, json.loads(items), *rest) for who, what, points, items, *rest in rows
        ]

    def written_points(self) -> dict[str, dict[str, float]]:
        """The points of written answers: submission → question → points."""
        found: dict[str, dict[str, float]] = {}
        for written in self.written():
            if written.points is not None:
                found.setdefault(written.submission, {})[written.question] = written.points
        return found

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is written inside is written together, or not at all."""
        self._connection.execute("begin immediate")
        try:
            yield
        except BaseException:
            self._connection.execute("rollback")
            raise
        self._connection.execute("commit")

    def save_rubric(self, question: str, item: str, points: float) -> None:
        """Write the points of a rubric's item, where the instructor changed the master's."""
        self._connection.execute("insert or replace into rubric values (?, ?, ?)", (question, item, points))

    def rubric(self, question: str) -> dict[str, float]:
        """The points of the rubric's items that the instructor changed."""
        query = "select item, points from rubric where question = ?"
        return dict(self._connection.execute(query, (question,)).fetchall())


def _result(
    submission: str,
    status: str,
    score: float,
    max_score: float,
    seconds: float,
    reason: str | None,
    problems: str,
    questions: str,
    repeats: int,
    unstable: str,
) -> Result:
    graded = [
        QuestionResult(
            **{**question, "outcomes": tuple(Outcome(**outcome) for outcome in question["outcomes"])}
        )
        for question in json.loads(questions)
    ]
    return Result(
        submission,
        status,
        score,
        max_score,
        seconds,
        reason,
        tuple(json.loads(problems)),
        tuple(graded),
        repeats,
        tuple(json.loads(unstable)),
    )
