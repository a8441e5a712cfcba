"""From a master to everything that is made of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock
from nbformat import NotebookNode

from autograder.build.assign import assign, digest
from autograder.build.execute import execute, run_definitions
from autograder.build.lint import Problem, lint
from autograder.build.masters import find_root, master_path, topics
from autograder.build.normalise import normalise, to_text, zip_bytes

__all__ = [
    "Built",
    "Problem",
    "autograder_zip",
    "build_topic",
    "executed_solution",
    "executed_student",
    "find_root",
    "handed_out",
    "lint",
    "master_path",
    "solution_namespace",
    "solution_notebook",
    "stale",
    "stub_namespace",
    "student_notebook",
    "test_sources",
    "topics",
]


@dataclass(frozen=True)
class Built:
    """The files that were made of a master.

    Parameters
    ----------
    student
        What students open: solutions and hidden tests gone, outputs cleared.
    solution
        The solution with its outputs.
    autograder_zip
        What otter and ``course grade`` grade by.
    """

    student: Path
    solution: Path
    autograder_zip: Path


def _paths(topic: str, root: Path) -> Built:
    made = root / "dist" / topic
    return Built(
        root / "notebooks" / f"{topic}.ipynb",
        made / f"{topic}-solution.ipynb",
        made / f"{topic}-autograder.zip",
    )


def _executed(path: Path, made: Literal["student", "solution"], topic: str, root: Path) -> Path:
    """Run a notebook into ``path``, unless its master and what it runs on are the same as at its last run."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_suffix(".lock")):  # who comes second reads what the first has run
        stamp, current = path.with_suffix(".stamp"), digest(topic, root)
        if not path.exists() or not stamp.exists() or stamp.read_text() != current:
            executed = normalise(execute(getattr(assign(topic, root), made), f"{topic}.ipynb"))
            path.write_text(to_text(executed), encoding="utf-8")
            stamp.write_text(current)
    return path


def executed_solution(topic: str, root: Path) -> Path:
    """The solution with its outputs, run only when it has changed since."""
    return _executed(_paths(topic, root).solution, "solution", topic, root)


def executed_student(topic: str, root: Path) -> Path:
    """The notebook as students get it, with its outputs, run only when it has changed since."""
    path = _paths(topic, root).solution.with_name(f"{topic}-student.ipynb")
    return _executed(path, "student", topic, root)


def student_notebook(topic: str, root: Path) -> NotebookNode:
    """The notebook that students get."""
    return assign(topic, root).student


def handed_out(topic: str, root: Path) -> frozenset[str]:
    """The sources of the code cells that students get."""
    cells = student_notebook(topic, root).cells
    return frozenset(cell.source.rstrip() for cell in cells if cell.cell_type == "code")


def solution_notebook(topic: str, root: Path) -> NotebookNode:
    """The notebook with all exercises solved, not executed."""
    return assign(topic, root).solution


def test_sources(topic: str, root: Path) -> dict[str, str]:
    """The source of each question's otter test file, hidden tests included."""
    return assign(topic, root).tests


def solution_namespace(topic: str, root: Path) -> dict[str, Any]:
    """The solved exercises, and what the opening cell of their notebook imports."""
    made = assign(topic, root)
    return run_definitions(made.solution, made.exercises)


def stub_namespace(topic: str, root: Path) -> dict[str, Any]:
    """The exercises as they are handed out, and what the opening cell of their notebook imports."""
    made = assign(topic, root)
    return run_definitions(made.student, made.exercises)


def build_topic(topic: str, root: Path) -> Built:
    """Make everything that is made of the master of ``topic``; twice gives the same bytes.

    The solution is executed only when its master or what it runs on has changed since.
    """
    paths, made = _paths(topic, root), assign(topic, root)
    paths.student.parent.mkdir(parents=True, exist_ok=True)
    paths.student.write_text(to_text(made.student), encoding="utf-8")
    autograder_zip(topic, root)
    executed_solution(topic, root)
    return paths


def autograder_zip(topic: str, root: Path) -> Path:
    """The autograder zip of ``topic``, made anew if it isn't what the master says."""
    path, content = _paths(topic, root).autograder_zip, zip_bytes(assign(topic, root).autograder)
    if not path.exists() or path.read_bytes() != content:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return path


def stale(topic: str, root: Path) -> list[Path]:
    """The files that exist, or should, and are not what the master builds."""
    paths, made = _paths(topic, root), assign(topic, root)
    old = []
    if not paths.student.exists() or paths.student.read_text(encoding="utf-8") != to_text(made.student):
        old.append(paths.student)
    if paths.autograder_zip.exists() and paths.autograder_zip.read_bytes() != zip_bytes(made.autograder):
        old.append(paths.autograder_zip)
    stamp = paths.solution.with_suffix(".stamp")
    if paths.solution.exists() and (not stamp.exists() or stamp.read_text() != digest(topic, root)):
        old.append(paths.solution)
    return old
