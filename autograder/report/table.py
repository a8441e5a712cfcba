"""Grades as a table that any gradebook can read."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.report.files import write_whole

if TYPE_CHECKING:
    from autograder.batch.store import Result


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
    table = io.StringIO(newline="")
    writer = csv.writer(table)
    writer.writerow(["submission", "status", "score", "max_score", *questions, "seconds", "unstable"])
    for result in results:
        scores = {question.name: f"{question.score:g}" for question in result.questions}
        row = [_harmless(result.submission), result.status, f"{result.score:g}", f"{result.max_score:g}"]
        ends = [f"{result.seconds:.1f}", " ".join(result.unstable)]
        writer.writerow([*row, *(scores.get(name, "") for name in questions), *ends])
    write_whole(path, table.getvalue())


def _harmless(name: str) -> str:
    """A name that no spreadsheet takes for a formula."""
    return f"'{name}" if name[:1] in "=+-@\t\r" else name
