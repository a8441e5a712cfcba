"""A class of hostile notebooks and files, graded together: nothing is stolen, nothing is harmed, nothing is left behind."""

import csv
import functools
import tempfile
import warnings
from pathlib import Path

import nbformat
import psutil
import pytest

from autograder import batch, build
from autograder.batch import run
from autograder.sandbox import Level, Limits
from autograder.sandbox.warm import warm_parent
from tests.attacks import assignment
from tests.attacks.files import FILES
from tests.attacks.table import ATTACKS

SMALL = {
    "cell_seconds": 4,
    "call_seconds": 2,
    "memory_bytes": 2**30,
    "file_bytes": 32 * 2**20,
    "processes": 32,
}
CONTROLS = {"control_solution": 24.0, "control_stub": 0.0, "control_half": 4.0}
NAMES = [attack.name for attack in ATTACKS]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("attacks"),
]


@pytest.fixture(scope="module", params=[Level.BUBBLEWRAP, Level.LANDLOCK])
def graded(request, tmp_path_factory):
    """The class, handed in and graded behind walls of each kind: the summary, and where everything is."""
    if reason := request.param.problem:
        pytest.skip(reason)
    place = tmp_path_factory.mktemp("attacks")
    root, handed_in, scratch = assignment.make(place / "course"), place / "in", place / "scratch"
    handed_in.mkdir()
    scratch.mkdir()
    warm_parent()  # its folder isn't the run's
    honest = assignment.half_solved(root)
    notebooks = {
        "control_solution": build.solution_notebook(assignment.TOPIC, root),
        "control_stub": build.student_notebook(assignment.TOPIC, root),
        "control_half": honest,
        **{a.name: assignment.attacked(honest, a.source, a.exercises) for a in ATTACKS},
    }
    for name, notebook in notebooks.items():
        nbformat.write(notebook, handed_in / f"{name}.ipynb")
    for file in FILES:
        file.write(handed_in, honest)
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings(action="ignore"):  # of cells' ids
        patch.setattr(run, "Limits", functools.partial(Limits, **SMALL))
        patch.setattr(tempfile, "tempdir", str(scratch))
        summary = batch.grade(
            assignment.TOPIC,
            [handed_in],
            place / "out",
            root=root,
            workers=2,
            timeout=200,
            level=request.param,
        )
    return summary, place


def result_of(graded, name):
    (result,) = [result for result in graded[0].results if result.submission == name]
    return result


def earned(result):
    return {question.name: question.score for question in result.questions if question.score}


def told(result):
    """All that is said of a submission."""
    questions = [question.reason for question in result.questions]
    outcomes = [f"{o.sentence} {o.detail}" for q in result.questions for o in q.outcomes if not o.passed]
    return "\n".join(filter(None, [result.reason, *result.problems, *questions, *outcomes]))


@pytest.mark.parametrize("attack", ATTACKS, ids=NAMES)
def test_an_attack_earns_only_what_is_honest(graded, attack):
    result = result_of(graded, attack.name)
    assert earned(result) == dict(attack.earns), told(result)
    assert result.status == attack.status, told(result)
    assert attack.says in told(result)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name[:20])
def test_a_broken_file_costs_nobody_else_anything(graded, file):
    result = result_of(graded, file.submission or file.name)
    assert (result.status, earned(result)) == (file.status, dict(file.earns)), told(result)
    assert file.says in told(result)


def test_the_run_went_on_to_its_end(graded):
    summary, _ = graded
    assert not summary.faults
    assert len(summary.results) == len(ATTACKS) + len(FILES) + len(CONTROLS)
    for name, score in CONTROLS.items():
        assert result_of(graded, name).score == score


def test_no_process_is_left(graded):
    parent = warm_parent()
    ours = [process for process in psutil.process_iter() if marked(process, str(parent.course))]
    assert {process.pid for process in ours} <= {parent._process.pid}


def marked(process, mark):
    try:
        return mark in process.environ().get("PYTHONPATH", "")
    except psutil.Error:
        return False


def test_no_file_is_left(graded):
    _, place = graded
    assert not list((place / "scratch").iterdir())
    assert {path.name for path in (place / "out").iterdir()} == {
        *("results.sqlite", "grades.csv", "report.html", "report.json", "feedback"),
    }
    for folder in (
        "/tmp",
        "/var/tmp",
        "/dev/shm",
        Path.home(),
        Path.cwd(),
        place / "in",
        place / "out" / "feedback",
    ):
        assert not [path for path in Path(folder).iterdir() if "MARK" in path.name]
    assert "4d41524b" not in Path("/proc/sysvipc/shm").read_text().lower()


def test_no_page_and_no_table_runs_what_was_handed_in(graded):
    out = graded[1] / "out"
    for page in [out / "report.html", *(out / "feedback").iterdir()]:
        text = page.read_text(encoding="utf-8")
        assert "<script>alert" not in text
        assert "\x1b" not in text
        assert len(text) < 300_000
    for row in csv.DictReader((out / "grades.csv").open(encoding="utf-8")):
        assert row["submission"][0] not in "=+-@\t"


def test_the_table_says_what_each_tries():
    names = [*NAMES, *(file.name for file in FILES)]
    assert len(set(names)) == len(names) >= 40
    assert all(item.tries.endswith(".") for item in (*ATTACKS, *FILES))
