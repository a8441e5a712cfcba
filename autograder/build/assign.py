"""A master through otter assign: student notebook, solution notebook, tests, autograder zip."""

from __future__ import annotations

import hashlib
import json
import logging
import tempfile
import zipfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograder.build.masters import master_path, questions, read_cells
from autograder.build.normalise import normalise


@dataclass(frozen=True)
class Assigned:
    """What otter assign makes of a master.

    Parameters
    ----------
    student, solution
        Notebooks without outputs; the student's carries the public tests in its metadata.
    autograder
        The members of the autograder zip.
    exercises
        The names of the questions that have tests, in order.
    """

    student: NotebookNode
    solution: NotebookNode
    autograder: dict[str, bytes]
    exercises: tuple[str, ...]

    @property
    def tests(self) -> dict[str, str]:
        """The source of every question's test file, hidden tests included, in the order of the questions."""
        return {name: self.autograder[f"tests/{name}.py"].decode() for name in self.exercises}


def assign(topic: str, root: Path) -> Assigned:
    """Run otter assign on the master of ``topic``.

    Raises
    ------
    FileNotFoundError
        If there is no such master.
    """
    text = master_path(topic, root).read_text(encoding="utf-8")
    return _assign(topic, text)


@lru_cache(maxsize=16)
def _assign(topic: str, text: str) -> Assigned:
    import jupytext
    from otter.assign import main as otter_assign

    with tempfile.TemporaryDirectory() as folder:
        master, result = Path(folder, f"{topic}.ipynb"), Path(folder, "result")
        nbformat.write(jupytext.reads(text, fmt="py:percent"), master)
        # otter repeats every step on the logger's own handler.
        logging.disable(logging.INFO)
        try:
            otter_assign(str(master), str(result), no_pdfs=True, no_run_tests=True)
        finally:
            logging.disable(logging.NOTSET)
        archives = list((result / "autograder").glob("*.zip"))
        with zipfile.ZipFile(archives[0]) as archive:
            members = {name: archive.read(name) for name in sorted(archive.namelist())}
        student, solution = (
            normalise(nbformat.read(result / who / f"{topic}.ipynb", as_version=4))
            for who in ("student", "autograder")
        )
    asked = [question for question in questions(read_cells(text)) if question.tests]
    for (
        question
    ) in asked:  # otter passes over what it doesn't know; the test file says it to whoever reads it
        if question.forbids:
            member, tests = f"tests/{question.name}.py", student.metadata["otter"]["tests"]
            members[member] = _with_forbids(members[member].decode(), question.forbids).encode()
            tests[question.name] = _with_forbids(tests[question.name], question.forbids)
    # The solution, like the student's notebook, brings its public tests, so that its check cells work.
    solution.metadata["otter"] = student.metadata["otter"]
    return Assigned(student, solution, members, tuple(question.name for question in asked))


def _with_forbids(test_file: str, forbids: tuple[str, ...]) -> str:
    """A test file that says what the answers must not call, above its first test."""
    head, rest = test_file.split("@test_case(", 1)
    return f"{head}forbids = {json.dumps(forbids)}\n\n@test_case({rest}"


def digest(topic: str, root: Path) -> str:
    """A hash of all that decides what is built for ``topic``: its master, the package it runs on, otter's version."""
    import otter

    parts = [
        master_path(topic, root),
        *(
            path
            for kind in ("py", "js", "json", "toml")
            for path in sorted((root / "course_utils").rglob(f"*.{kind}"))
        ),
    ]
    sums = [hashlib.sha256(path.read_bytes()).hexdigest() for path in parts]
    return hashlib.sha256("\n".join([otter.__version__, *sums]).encode()).hexdigest()
