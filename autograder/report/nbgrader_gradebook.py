"""Grades in nbgrader's own database, written through nbgrader's own interface."""

from __future__ import annotations

import os
import sqlite3
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC
from pathlib import Path
from typing import Any

from sqlalchemy.exc import SAWarning

from autograder.report.grades import Book, Grade, Graded

_MARK = int.from_bytes(b"cour")  # SQLite's application_id of what is written here


def write_nbgrader(book: Book, titles: Mapping[str, str], path: Path) -> None:
    """Write a gradebook that ``nbgrader export`` and the formgrader read.

    An assignment has one notebook, and a grade cell for each question. Deductions are nbgrader's late penalty. Who handed in nothing has no
    submission. A file of this name is replaced if it was written by this function.

    Raises
    ------
    ValueError
        If there is another file of this name.
    """
    from nbgrader.api import Gradebook  # type: ignore[import-untyped, unused-ignore]

    if path.exists() and not _is_ours(path):
        raise ValueError(
            f"{path} is there already, and is no gradebook that was exported: give another --to."
        )
    path.unlink(missing_ok=True)
    with _quietly(), _programs_of_this_python(), Gradebook(f"sqlite:///{path.resolve()}") as gradebook:
        for person in book.roster.people:
            first, last = person.first_and_last
            lms = person.canvas_id or None
            gradebook.add_student(
                person.key, first_name=first, last_name=last, email=person.email, lms_user_id=lms
            )
        for graded in book.topics:
            _add_assignment(gradebook, graded, titles[graded.topic])
            for person in book.roster.people:
                grade = book.grade(person, graded.topic)
                if grade.has_score:
                    _add_submission(gradebook, graded, titles[graded.topic], grade)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"pragma application_id = {_MARK}")


def _is_ours(path: Path) -> bool:
    """Whether a file is a gradebook that was written here, not one in which somebody grades."""
    try:
        with closing(sqlite3.connect(path)) as connection:
            return bool(connection.execute("pragma application_id").fetchone() == (_MARK,))
    except sqlite3.DatabaseError:
        return False


def _add_assignment(gradebook: Any, graded: Graded, title: str) -> None:
    gradebook.add_assignment(title)
    gradebook.add_notebook(graded.topic, title)
    for question, possible in graded.possible.items():
        # nbgrader tells what a person marked from what was tested by the kind of the cell.
        kind = "markdown" if question in graded.manual else "code"
        gradebook.add_grade_cell(question, graded.topic, title, max_score=possible, cell_type=kind)


def _add_submission(gradebook: Any, graded: Graded, title: str, grade: Grade) -> None:
    time = grade.time.astimezone(UTC) if grade.time else None
    submission = gradebook.add_submission(title, grade.person.key, timestamp=time)
    (notebook,) = submission.notebooks
    notebook.late_submission_penalty = grade.deduction.points
    for entry in notebook.grades:
        points = grade.points.get(entry.name)
        if entry.name in graded.manual:
            entry.manual_score = points
        else:
            entry.auto_score = points or 0.0
        entry.needs_manual_grade = entry.name in grade.unmarked
    gradebook.db.commit()


@contextmanager
def _quietly() -> Iterator[None]:
    """Without SQLAlchemy's warnings on how nbgrader adds its objects, which nobody here can act on."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)
        yield


@contextmanager
def _programs_of_this_python() -> Iterator[None]:
    """Let nbgrader find ``alembic``, which it calls by name, also where the environment isn't activated."""
    before = os.environ.get("PATH", "")
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), before])
    try:
        yield
    finally:
        os.environ["PATH"] = before
