"""From a master to everything that is made of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import nbformat
from filelock import FileLock
from nbformat import NotebookNode

from autograder.build.assign import assign, digest
from autograder.build.colab import with_install_cell
from autograder.build.execute import execute, run_definitions
from autograder.build.gradescope import gradescope_members
from autograder.build.index import describe, index_path, index_text
from autograder.build.lint import Problem, lint
from autograder.build.masters import find_root, master_path, topics
from autograder.build.nbgrader import CONFIG, nbgrader_notebook
from autograder.build.normalise import normalise, to_text, zip_bytes
from autograder.build.rubric import Item, Rubric, rubrics

__all__ = [
    "Built",
    "Item",
    "Problem",
    "Rubric",
    "autograder_zip",
    "build_topic",
    "executed_solution",
    "executed_student",
    "find_root",
    "gradescope_zip",
    "handed_out",
    "lint",
    "master_path",
    "nbgrader_notebook",
    "rubrics",
    "solution_namespace",
    "solution_notebook",
    "stale",
    "stub_namespace",
    "student_notebook",
    "test_sources",
    "topics",
    "write_index",
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
        What otter grades by.
    gradescope_zip
        What Gradescope makes a container of.
    nbgrader
        nbgrader's source notebook; the configuration that goes with it lies above ``source/``.
    """

    student: Path
    solution: Path
    autograder_zip: Path
    gradescope_zip: Path
    nbgrader: Path


def _paths(topic: str, root: Path) -> Built:
    made = root / "dist" / topic
    return Built(
        root / "notebooks" / f"{topic}.ipynb",
        made / f"{topic}-solution.ipynb",
        made / f"{topic}-autograder.zip",
        made / f"{topic}-gradescope.zip",
        root / "dist" / "nbgrader" / "source" / topic / f"{topic}.ipynb",
    )


def _executed(path: Path, made: Literal["student", "solution"], topic: str, root: Path) -> Path:
    """Run a notebook into ``path``, unless its master and what it runs on are the same as at its last run."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_suffix(".lock")):  # who comes second reads what the first has run
        stamp, current = path.with_suffix(".stamp"), digest(topic, root)
        if not path.exists() or not stamp.exists() or stamp.read_text(encoding="utf-8") != current:
            executed = normalise(execute(getattr(assign(topic, root), made), f"{topic}.ipynb"))
            path.write_text(to_text(executed), encoding="utf-8")
            stamp.write_text(current, encoding="utf-8")
    return path


def executed_solution(topic: str, root: Path) -> Path:
    """The solution with its outputs, run only when it has changed since."""
    return _executed(_paths(topic, root).solution, "solution", topic, root)


def executed_student(topic: str, root: Path) -> Path:
    """The notebook as students get it, with its outputs, run only when it has changed since."""
    path = _paths(topic, root).solution.with_name(f"{topic}-student.ipynb")
    return _executed(path, "student", topic, root)


def student_notebook(topic: str, root: Path) -> NotebookNode:
    """The notebook that students get, a copy of one's own."""
    return with_install_cell(assign(topic, root).student, root)


def handed_out(topic: str, root: Path) -> frozenset[str]:
    """The sources of the code cells that students get."""
    cells = student_notebook(topic, root).cells
    return frozenset(cell.source.rstrip() for cell in cells if cell.cell_type == "code")


def solution_notebook(topic: str, root: Path) -> NotebookNode:
    """The notebook with all exercises solved, not executed, a copy of one's own."""
    copy: NotebookNode = nbformat.from_dict(assign(topic, root).solution)
    return copy


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
    paths = _paths(topic, root)
    for path, make in _for_graders(topic, root).items():
        _write(path, make())
    _write(paths.student, to_text(student_notebook(topic, root)).encode())
    write_index(root)
    executed_solution(topic, root)
    return paths


def write_index(root: Path) -> None:
    """Write the index of the topics into the package that shows a student's progress, if it stands in this course."""
    if index_path(root).parent.is_dir():
        index_path(root).write_text(index_text(root), encoding="utf-8")


def autograder_zip(topic: str, root: Path) -> Path:
    """The autograder zip of ``topic``, made anew if it isn't what the master says."""
    path = _paths(topic, root).autograder_zip
    _write(path, _for_graders(topic, root)[path]())
    return path


def gradescope_zip(topic: str, root: Path) -> Path:
    """The zip that Gradescope makes a container of, made anew if it isn't what the master and the packages say."""
    path = _paths(topic, root).gradescope_zip
    _write(path, _for_graders(topic, root)[path]())
    return path


def _for_graders(topic: str, root: Path) -> dict[Path, Callable[[], bytes]]:
    """The files in ``dist/`` that other tools grade by, and what makes their content."""
    paths = _paths(topic, root)
    return {
        paths.autograder_zip: lambda: zip_bytes(assign(topic, root).autograder),
        paths.gradescope_zip: lambda: zip_bytes(gradescope_members(topic, root)),
        paths.nbgrader: lambda: to_text(nbgrader_notebook(topic, root)).encode(),
        paths.nbgrader.parents[2] / "nbgrader_config.py": CONFIG.encode,
    }


def _write(path: Path, content: bytes) -> None:
    if not path.exists() or path.read_bytes() != content:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def stale(topic: str, root: Path) -> list[Path]:
    """The files that exist, or should, and are not what the master builds."""
    paths = _paths(topic, root)
    old = []
    student = to_text(student_notebook(topic, root))
    if not paths.student.exists() or paths.student.read_text(encoding="utf-8") != student:
        old.append(paths.student)
    for path, make in _for_graders(topic, root).items():
        if path.exists() and path.read_bytes() != make():
            old.append(path)
    index = index_path(root)
    if index.exists() and describe(topic, root) != json.loads(index.read_text(encoding="utf-8")).get(topic):
        old.append(index)
    stamp = paths.solution.with_suffix(".stamp")
    if paths.solution.exists() and (
        not stamp.exists() or stamp.read_text(encoding="utf-8") != digest(topic, root)
    ):
        old.append(paths.solution)
    return old
