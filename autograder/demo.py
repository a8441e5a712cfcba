"""A class of twelve, honest and hostile, made and graded before your eyes."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from rich.console import Console
from rich.table import Table

from autograder import batch, build
from autograder.batch.store import Result
from autograder.sandbox import Level
from autograder.wrong_answers import load

TOPIC = "01_regression"

_PATCHES = """\
import sys
import numpy, numpy.testing, builtins
import course_utils.checks as checks
numpy.testing.assert_allclose = numpy.testing.assert_array_equal = lambda *a, **k: None
numpy.allclose = numpy.isclose = numpy.array_equal = lambda *a, **k: True
checks.compare = checks.check_call = checks.check_true = lambda *a, **k: None
class Yes(numpy.ndarray):
    __eq__ = __le__ = __lt__ = lambda self, other: True
    def all(self, *a, **k): return True
def yes(*a, **k): return numpy.zeros(3).view(Yes)
empirical_risk = fit_line = fit_least_squares = squared_error_gradient = is_positive_semidefinite = yes
fit_ridge = sigmoid = binary_cross_entropy = fit_logistic = yes
"""

_THIEF = """\
import gc, glob, inspect, os, re, sys
loot = []
for folder, _, files in os.walk("/"):
    if not folder.startswith(("/proc", "/sys", "/dev", "/usr", "/lib", sys.prefix, sys.base_prefix)):
        for name in files:
            try:
                text = open(os.path.join(folder, name), errors="ignore").read()
            except OSError:
                continue
            if "test_case(" in text and "hidden=True" in text:
                loot.append(text)
loot += [text for text in gc.get_objects() if isinstance(text, str) and "hidden=True" in text and "test_case(" in text]
def look_up(*arguments, **named):
    frame = inspect.currentframe()
    while frame is not None:
        for key in ("expected", "_expected", "wanted"):
            if key in frame.f_locals:
                return frame.f_locals[key]
        frame = frame.f_back
    return loot[0] if loot else None
empirical_risk = fit_line = fit_least_squares = squared_error_gradient = is_positive_semidefinite = look_up
fit_ridge = sigmoid = binary_cross_entropy = fit_logistic = look_up
"""


@dataclass(frozen=True)
class Pupil:
    """One submission of the demonstration.

    Parameters
    ----------
    name, story
        What it is.
    content
        The file.
    as_hoped
        Whether a result is what it deserves.
    """

    name: str
    story: str
    content: bytes
    as_hoped: Callable[[Result], bool]


def replace_answer(notebook: NotebookNode, exercise: str, source: str) -> NotebookNode:
    """A copy of a notebook with another answer to one exercise."""
    copy: NotebookNode = nbformat.from_dict(notebook)
    for cell in copy.cells:
        if cell.cell_type == "code" and re.search(rf"^(?:def|class) {exercise}\b", cell.source, re.MULTILINE):
            cell.source = source
    return copy


def _bytes(notebook: NotebookNode) -> bytes:
    return str(nbformat.writes(notebook)).encode()


def _appended(notebook: NotebookNode, source: str) -> bytes:
    copy = nbformat.from_dict(notebook)
    copy.cells.append(nbformat.v4.new_code_cell(source, id="last"))  # no random id: the same class every time
    return _bytes(copy)


def _lost_by(result: Result) -> set[str]:
    return {question.name for question in result.questions if question.score < question.possible}


def _only_lost(*exercises: str) -> Callable[[Result], bool]:
    """Whether those exercises lost points, and no others did."""

    def as_hoped(result: Result) -> bool:
        return _lost_by(result) == set(exercises)

    return as_hoped


def _nothing(result: Result) -> bool:
    return result.score == 0 and result.status != "invalid"


def _invalid(result: Result) -> bool:
    return result.status == "invalid" and result.reason is not None


def make_class(root: Path) -> list[Pupil]:
    """The twelve submissions."""
    solution, stub = build.solution_notebook(TOPIC, root), build.student_notebook(TOPIC, root)
    exercises = list(build.test_sources(TOPIC, root))
    wrong = {answer.name: answer for answer in load(root / "tests" / "wrong_answers" / f"{TOPIC}.py")}

    def with_wrong(*names: str) -> Pupil:
        notebook = solution
        for name in names:
            notebook = replace_answer(notebook, wrong[name].exercise, wrong[name].source)
        lost = {wrong[name].exercise for name in names}
        return Pupil(
            f"wrong_{names[0]}", ", ".join(names).replace("_", " "), _bytes(notebook), _only_lost(*lost)
        )

    half = solution
    for exercise in exercises[5:]:
        half = replace_answer(half, exercise, f"def {exercise}(*arguments):\n    ...")
    endless = replace_answer(
        solution,
        "fit_logistic",
        "def fit_logistic(X, y, learning_rate=0.5, steps=500):\n    while True:\n        pass",
    )
    lost = nbformat.from_dict(solution)
    lost.cells = [cell for cell in lost.cells if not cell.source.startswith("def fit_ridge")]
    stumbles = replace_answer(solution, "sigmoid", "def sigmoid(z):\n    return 1 / (1 + np.exp(-z)\n")
    return [
        Pupil(
            "solution",
            "every exercise solved",
            _bytes(solution),
            lambda r: r.status == "graded" and r.score == r.max_score,
        ),
        Pupil("stub", "handed in untouched", _bytes(stub), _nothing),
        Pupil("half", "the first five exercises", _bytes(half), _only_lost(*exercises[5:])),
        with_wrong("sum_instead_of_mean", "mixed_divisors", "not_transposed_back"),
        with_wrong("missing_two", "looked_at_the_determinant", "averaged_the_data_only"),
        with_wrong("overflows", "mean_instead_of_sum", "label_minus_probability"),
        Pupil(
            "hostile", "patches the test library, lies about being equal", _appended(stub, _PATCHES), _nothing
        ),
        Pupil("thief", "hunts for the tests in files, memory and frames", _appended(stub, _THIEF), _nothing),
        Pupil(
            "endless", "a loop that never ends in fit_logistic", _bytes(endless), _only_lost("fit_logistic")
        ),
        Pupil("lost_a_cell", "the cell of fit_ridge was deleted", _bytes(lost), _only_lost("fit_ridge")),
        Pupil(
            "syntax_error",
            "the cell of sigmoid raises",
            _bytes(stumbles),
            lambda r: r.status == "partial" and "sigmoid" in _lost_by(r),
        ),
        Pupil("broken", "half of a file", _bytes(solution)[:20_000], _invalid),
    ]


def main(out: Path | None, *, workers: int, root: Path, level: Level) -> int:
    """Make the class in ``out``, grade it, print a table; return 1 if someone got what they did not deserve."""
    out = out or Path(tempfile.mkdtemp(prefix="course-demo-"))
    handed_in = out / "submissions"
    handed_in.mkdir(parents=True, exist_ok=True)
    pupils = make_class(root)
    for pupil in pupils:
        (handed_in / f"{pupil.name}.ipynb").write_bytes(pupil.content)
    summary = batch.grade(TOPIC, [handed_in], out / "graded", root=root, workers=workers, level=level)
    results = {result.submission: result for result in summary.results}
    table = Table(title=f"A class of {len(pupils)}, graded in {summary.seconds:.0f} s")
    for heading in ("submission", "what it is", "status", "score", "as deserved"):
        table.add_column(heading)
    fair = True
    for pupil in pupils:
        result = results.get(pupil.name)
        deserved = result is not None and pupil.as_hoped(result)
        fair &= deserved
        score = f"{result.score:g} of {result.max_score:g}" if result else "–"
        table.add_row(
            pupil.name,
            pupil.story,
            result.status if result else "–",
            score,
            "yes" if deserved else "[bold red]no[/]",
        )
    console = Console()
    console.print(table)
    console.print(f"The report: {(summary.out / 'report.html').resolve()}", soft_wrap=True, highlight=False)
    return 0 if fair else 1
