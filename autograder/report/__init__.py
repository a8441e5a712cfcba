"""Grades for the gradebook, feedback for each student, and a picture of the class for the instructor."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.report.class_report import summarise, write_class_report
from autograder.report.feedback import write_feedback
from autograder.report.files import write_whole
from autograder.report.table import write_grades

if TYPE_CHECKING:
    from autograder.batch.handed_in import HandedIn
    from autograder.batch.store import Result, Written
    from autograder.build import Rubric


def write(
    topic: str,
    questions: list[str],
    results: Sequence[Result],
    out: Path,
    found: Sequence[HandedIn] = (),
    written: Sequence[Written] = (),
    rubrics: Sequence[Rubric] = (),
) -> None:
    """Write ``grades.csv``, ``feedback/<submission>.html``, ``report.html`` and ``report.json`` to the folder ``out``."""
    write_grades(questions, results, out / "grades.csv")
    write_feedback(topic, results, out / "feedback", written, rubrics)
    report = summarise(topic, questions, results, found)
    write_class_report(report, results, out / "report.html")
    write_whole(out / "report.json", report.to_json())
