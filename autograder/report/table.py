"""Grades as a table that any gradebook can read."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autograder.batch.store import Result

_FORMULA = tuple("=+-@\t\r\n＝＋－＠")  # the wide ones count in East Asian spreadsheets


def write_grades(questions: list[str], results: Sequence[Result], path: Path) -> None:
    """Write one row for each submission: its name, status, score, the score of each question, and the seconds it took.

    Parameters
    ----------
    questions
        The columns, in order; a question that a submission was not graded on is left blank.
    results
        The rows.
    path
        The CSV file.
    """
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["submission", "status", "score", "max_score", *questions, "seconds"])
        for result in results:
            scores = {question.name: f"{question.score:g}" for question in result.questions}
            row = [harmless(result.submission), result.status, f"{result.score:g}", f"{result.max_score:g}"]
            writer.writerow([*row, *(scores.get(name, "") for name in questions), f"{result.seconds:.1f}"])


def harmless(name: str) -> str:
    """A name that no spreadsheet takes for a formula."""
    return f"'{name}" if name[:1] in _FORMULA else name
