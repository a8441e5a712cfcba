"""Grades for the gradebook, feedback for each student, and a picture of the class for the instructor."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.report.class_report import write_class_report
from autograder.report.feedback import write_feedback
from autograder.report.table import write_grades

if TYPE_CHECKING:
    from autograder.batch.store import Result


def write(topic: str, questions: list[str], results: Sequence[Result], out: Path) -> None:
    """Write ``grades.csv``, ``feedback/<submission>.html`` and ``report.html`` to the folder ``out``."""
    write_grades(questions, results, out / "grades.csv")
    write_feedback(topic, results, out / "feedback")
    write_class_report(topic, questions, results, out / "report.html")
