"""From a master to a source notebook for nbgrader.

nbgrader runs the tests in the student's own kernel. What this adds to nbgrader's own format: a test that fails says the same sentence
as everywhere else, hidden tests show no more than that sentence, and students don't see how a test computes what is right.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from autograder.build.assign import assign
from autograder.build.masters import Cell, Question, master_path, questions, read_cells
from autograder.build.normalise import normalise
from course_utils.checks.cases import in_words
from course_utils.checks.notebook import EMPTY_ANSWER

CONFIG = '''\
"""nbgrader's configuration for this course: keep it in your course folder, beside source/."""

from nbgrader import preprocessors

c = get_config()

c.CourseDirectory.course_id = "deep-learning"

# What students get is what the course hands out otherwise: the checks know an untouched answer by its `...`.
c.ClearSolutions.code_stub = {"python": "..."}

# nbgrader gives 0 for a test in which anything is written to stderr, be it a warning.
c.IgnorePattern.enabled = True
c.IgnorePattern.pattern = r"[\\s\\S]"

# Seconds for one cell. Cells that train a network take a minute on a busy machine.
c.Execute.timeout = 120

# A test that a student has deleted is put back and run.
c.OverwriteCells.add_missing_cells = True


class Deduplicate(preprocessors.DeduplicateIds):
    """Of cells with one id the last counts. What nbgrader leaves of the others' marks would end the run of the whole class."""

    def preprocess(self, nb, resources):
        nb, resources = super().preprocess(nb, resources)
        for cell in nb.cells:
            if cell.metadata.get("nbgrader") == {}:
                del cell.metadata["nbgrader"]
        return nb, resources


c.Autograde.sanitize_preprocessors = [
    preprocessors.ClearOutput,
    Deduplicate,
    preprocessors.OverwriteKernelspec,
    preprocessors.OverwriteCells,
    preprocessors.CheckCellMetadata,
]

# Without these two, the pages for students show the hidden tests and the rubrics.
c.GenerateFeedback.preprocessors = [
    preprocessors.GetGrades,
    preprocessors.ClearHiddenTests,
    preprocessors.ClearMarkScheme,
    "nbconvert.preprocessors.CSSHTMLHeaderPreprocessor",
]
'''

_FIXED = {"deletable": False, "editable": False}
_HAND_IN = re.compile(r"^## Hand in\n.*", re.MULTILINE | re.DOTALL)
_SUBMIT = """\
## Hand in

Save the notebook (Ctrl+S), then submit it where you fetched it. This cell shows what isn't done yet."""


def nbgrader_notebook(topic: str, root: Path) -> NotebookNode:
    """The source notebook for nbgrader, with solutions and hidden tests in it.

    Each test case is a test cell with its own points, so that partial points are as otter gives them; the tests of an exercise that is
    all or nothing share a cell. A written question is a task with its rubric as mark scheme.
    """
    made = assign(topic, root)
    cells = read_cells(master_path(topic, root).read_text(encoding="utf-8"))
    opened = {question.line: question for question in questions(cells)}
    built: list[NotebookNode] = []
    within = False
    for cell in cells:
        if (question := opened.get(cell.line)) is not None:
            within = True
            built += _task(question) if question.manual else _exercise(question, made.tests[question.name])
        elif cell.boundary == ("END", "QUESTION"):
            within = False
        elif not within and cell.kind != "raw":
            built.append(_plain(cell))
    opening = next(cell for cell in built if cell.cell_type == "code")
    opening.metadata = {**_FIXED, "nbgrader": _role("opening", locked=True)}
    # The public checks travel with the notebook: `grader.check` works as in the other versions.
    return normalise(
        nbformat.v4.new_notebook(cells=built, metadata={"otter": made.student.metadata["otter"]})
    )


def _role(grade_id: str, points: float | None = None, **roles: bool) -> dict[str, Any]:
    """The metadata that tells nbgrader what a cell is for."""
    parts: dict[str, Any] = {"grade": False, "solution": False, "locked": False, "task": False, **roles}
    return {"schema_version": 3, "grade_id": grade_id, **parts} | (
        {} if points is None else {"points": points}
    )


def _text(source: str, **metadata: Any) -> NotebookNode:
    cell: NotebookNode = nbformat.v4.new_markdown_cell(source, metadata=metadata)
    return cell


def _code(source: str, **metadata: Any) -> NotebookNode:
    cell: NotebookNode = nbformat.v4.new_code_cell(source, metadata=metadata)
    return cell


def _plain(cell: Cell) -> NotebookNode:
    if cell.kind == "markdown":
        return _text(_HAND_IN.sub(_SUBMIT, cell.source))
    return _code("grader.check_all()" if cell.source == "grader.hand_in()" else cell.source)


def _task(question: Question) -> Iterator[NotebookNode]:
    """A written question: its last cell of text is the task, and the answer is a cell that nbgrader leaves alone."""
    *before, last = [cell.source for cell in question.text]
    rubric = "\n\n".join(cell.source for cell in question.solution)
    yield from (_text(source, **_FIXED) for source in before)
    yield _text(
        f"{last}\n\n=== BEGIN MARK SCHEME ===\n\n{rubric}\n\n=== END MARK SCHEME ===",
        **_FIXED,
        nbgrader=_role(question.name, question.points, locked=True, task=True),
    )
    yield _text(EMPTY_ANSWER)


def _exercise(question: Question, tests: str) -> Iterator[NotebookNode]:
    """An exercise: its text, an answer, the check, and the tests."""
    # otter takes two seconds to import.
    from otter.test_files import ExceptionTestFile

    yield from (_text(cell.source, **_FIXED) for cell in question.text)
    for number, cell in enumerate(question.solution, start=1):
        suffix = f"-{number}" if number > 1 else ""
        yield _code(cell.source, nbgrader=_role(f"{question.name}{suffix}", solution=True))
    yield _code(f'grader.check("{question.name}")', **_FIXED)
    file = ExceptionTestFile.from_string(tests)
    if file.all_or_nothing:
        groups, points = [question.tests], [float(file.possible)]
    else:
        groups = [(cell,) for cell in question.tests]
        points = [float(case.points or 0) for case in file.test_cases]
    for number, (group, worth) in enumerate(zip(groups, points, strict=True), start=1):
        source = "\n\n\n".join(_test(cell, question) for cell in group)
        yield _code(
            source, **_FIXED, nbgrader=_role(f"{question.name}-test-{number}", worth, grade=True, locked=True)
        )


def _test(cell: Cell, question: Question) -> str:
    """A test of a master as code. Students get one line of it: a public check by its name, or that there is a hidden test.

    The line of a public check asks the checks that travel with the notebook, which a student could edit: what counts is below it.
    """
    name = next(node.name for node in ast.parse(cell.source).body if isinstance(node, ast.FunctionDef))
    if cell.is_hidden:
        shown = f"# Hidden test of {question.name}: it runs when your work is graded."
        source = cell.source.split("\n", 1)[1]
    else:
        check = f'require(grader.check("{question.name}"), "{in_words(name)}")'
        shown = f"from course_utils.checks import require\n\n{check}"
        source = cell.source
    test = f"from course_utils.checks import run_test\n\n\n{source}\n\n\n"
    call = f"run_test({name}, globals(), hidden={cell.is_hidden}, forbids={question.forbids})"
    return f"{shown}\n### BEGIN HIDDEN TESTS\n{test}{call}\n### END HIDDEN TESTS"
