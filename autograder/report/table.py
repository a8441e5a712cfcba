"""Grades as a table that any gradebook can read."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.report.files import write_whole

if TYPE_CHECKING:
    from autograder.batch.store import Result

_FORMULA = tuple("=+-@\t\r\n＝＋－＠")  # the wide ones count in East Asian spreadsheets


def write_grades(questions: list[str], results: Sequence[Result], path: Path) -> None:
    """Write one row for each submission.

    It has the name, status, score, the score of each question, the seconds it took, and the questions whose score was not the
    same each time.

    Parameters
    ----------
    questions
        The columns, in order; a question that a submission was not graded on is left blank.
    results
        The rows.
    path
        The CSV file.
    """
    rows = [["submission", "status", "score", "max_score", *questions, "seconds", "unstable"]]
    for result in results:
        scores = {question.name: f"{question.score:g}" for question in result.questions}
        row = [harmless(result.submission), result.status, f"{result.score:g}", f"{result.max_score:g}"]
        ends = [f"{result.seconds:.1f}", " ".join(result.unstable)]
        rows.append([*row, *(scores.get(name, "") for name in questions), *ends])
    write_whole(path, table(rows))


def table(rows: Iterable[Sequence[str]]) -> str:
    """The rows as CSV."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue()


def harmless(name: str) -> str:
    """A name that no spreadsheet takes for a formula."""
    return f"'{name}" if name[:1] in _FORMULA else name
