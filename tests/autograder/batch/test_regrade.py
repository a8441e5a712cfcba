"""A corrected test shows whose score changes, by how much and why; nothing is written before it is asked for."""

import csv
import hashlib

import nbformat
import pytest
from typer.testing import CliRunner

from autograder import build
from autograder.batch import grading, run
from autograder.batch.regrade import compare, regrade
from autograder.batch.run import grade
from autograder.batch.store import Result, Store
from autograder.cli import app
from autograder.judge import Judged, QuestionResult
from autograder.sandbox import SandboxFault, best_level
from course_utils.checks import Outcome

TOPIC = "01_double"
MASTER = """\
# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [raw]
# # ASSIGNMENT CONFIG
# name: 01_double
# init_cell: false
# export_cell: false
# run_tests: false
# generate: true
# tests:
#   files: false
#   ok_format: false

# %%
import numpy as np

# %% [raw]
# # BEGIN QUESTION
# name: double
# points: 3

# %% [markdown]
# Double it.

# %% [raw]
# # BEGIN SOLUTION

# %%
def double(x):
    # BEGIN SOLUTION
    return 2 * x
    # END SOLUTION

# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS

# %%
def test_of_one(double):
    from course_utils.checks import check_call

    check_call(double, 1, expected=2, mistakes={"You squared it.": 1})

# %%
# HIDDEN
def test_of_three(double):
    from course_utils.checks import check_call

    check_call(double, 3, expected=7)

# %%
# HIDDEN
def test_of_zero(double):
    from course_utils.checks import check_call

    check_call(double, 0, expected=0)

# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION
"""
ANSWERS = {"right": "2 * x", "squares": "x**2", "fooled": "2 * x + (x == 3)"}


@pytest.fixture
def course(tmp_path):
    """A course whose hidden test expects 7 where 6 is right, and a class of three."""
    root = tmp_path / "course"
    (root / "notebooks").mkdir(parents=True)
    (root / "solutions").mkdir()
    build.master_path(TOPIC, root).write_text(MASTER)
    (tmp_path / "in").mkdir()
    for name, answer in ANSWERS.items():
        cell = nbformat.v4.new_code_cell(f"def double(x):\n    return {answer}", id="only")
        nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "in" / f"{name}.ipynb")
    return root


def correct(root):
    build.master_path(TOPIC, root).write_text(MASTER.replace("expected=7", "expected=6"))


@pytest.fixture
def judged(monkeypatch):
    """A judge that knows what each answer is worth by each of the two tests."""
    state = {"fault": False}

    def fake(notebook, tests, **_):
        if state["fault"]:
            raise SandboxFault("no room")
        corrected = "expected=6" in tests["double"]
        answer = eval(f"lambda x: {notebook.cells[0].source.split('return ')[1]}")
        says = "Not the right value."
        outcomes = tuple(
            Outcome(case, case != "of one", 1.0, ok, None if ok else "value", None if ok else says)
            for case, ok in (
                ("of one", answer(1) == 2),
                ("of three", answer(3) == (6 if corrected else 7)),
                ("of zero", answer(0) == 0),
            )
        )
        score = float(sum(outcome.passed for outcome in outcomes))
        return Judged((QuestionResult("double", score, 3.0, outcomes),), (), 0.1)

    monkeypatch.setattr(grading, "judge", fake)
    monkeypatch.setattr(run, "_PAUSES", (0.0,))
    return state


def digests(folder):
    files = (path for path in folder.rglob("*") if path.is_file() and "regrade" not in path.parts)
    # SQLite's own side files come and go when a database is read.
    return {
        p: hashlib.sha256(p.read_bytes()).digest()
        for p in files
        if p.suffix not in (".sqlite-shm", ".sqlite-wal")
    }


def scores(out):
    return {row["submission"]: row["score"] for row in csv.DictReader((out / "grades.csv").open())}


def test_a_corrected_test_is_shown_first_and_written_when_asked(course, judged, tmp_path, capsys):
    out, paths = tmp_path / "out", [tmp_path / "in"]
    grade(TOPIC, paths, out, root=course)
    assert scores(out) == {"fooled": "3", "right": "2", "squares": "1"}
    correct(course)
    before = digests(out)
    found = regrade(TOPIC, paths, out, root=course)
    assert [(c.submission, c.before, c.after, c.reasons) for c in found.changes] == [
        ("fooled", 3, 2, ("double: of three: passed before, now fails: Not the right value.",)),
        ("right", 2, 3, ("double: of three: passes now; it said: Not the right value.",)),
    ]
    assert (found.unchanged, found.written, found.remarks) == (1, False, ())
    assert digests(out) == before
    assert "Nothing is written" in capsys.readouterr().out
    judged["fault"] = True  # what was graded for the preview is not graded again
    assert regrade(TOPIC, paths, out, root=course, write=True).written
    assert scores(out) == {"fooled": "2", "right": "3", "squares": "1"}
    assert "3 <span" in (out / "feedback" / "right.html").read_text()
    assert not (out / "regrade").exists()
    rows = list(csv.DictReader((out / "regrade.csv").open()))
    assert [(row["submission"], row["before"], row["after"]) for row in rows] == [
        ("fooled", "3", "2"),
        ("right", "2", "3"),
    ]


def test_without_a_change_of_the_tests_no_score_changes(course, judged, tmp_path):
    grade(TOPIC, [tmp_path / "in"], tmp_path / "out", root=course)
    found = regrade(TOPIC, [tmp_path / "in"], tmp_path / "out", root=course)
    assert (found.changes, found.unchanged) == ((), 3)


def test_other_files_than_before_are_no_matter_of_the_tests(course, judged, tmp_path):
    out, handed_in = tmp_path / "out", tmp_path / "in"
    grade(TOPIC, [handed_in], out, root=course)
    (handed_in / "squares.ipynb").rename(handed_in / "new.ipynb")
    text = (handed_in / "right.ipynb").read_text()
    (handed_in / "right.ipynb").write_text(text.replace("2 * x", "x + x"))
    correct(course)
    found = regrade(TOPIC, [handed_in], out, root=course)
    assert [change.submission for change in found.changes] == ["fooled"]
    assert found.remarks == (
        "new: has no grade so far",
        "right: another file than the one that was graded",
        "squares: was graded before and is not in what you gave",
    )


def test_what_the_grader_fails_on_is_not_written(course, judged, tmp_path):
    out = tmp_path / "out"
    grade(TOPIC, [tmp_path / "in"], out, root=course)
    correct(course)
    judged["fault"] = True
    before = digests(out)
    found = regrade(TOPIC, [tmp_path / "in"], out, root=course, write=True)
    assert not found.written
    assert [remark.split(":")[0] for remark in found.remarks] == ["fooled", "right", "squares"]
    assert digests(out) == before


def test_points_for_written_answers_stay(course, judged, tmp_path):
    out = tmp_path / "out"
    grade(TOPIC, [tmp_path / "in"], out, root=course)
    store = Store(out / "results.sqlite")
    store.save_written("right", "why", 2.5, {}, "")
    store.close()
    correct(course)
    regrade(TOPIC, [tmp_path / "in"], out, root=course, write=True)
    store = Store(out / "results.sqlite")
    assert store.written_points() == {"right": {"why": 2.5}}
    store.close()


def test_without_earlier_results_it_says_so(course, tmp_path, monkeypatch):
    monkeypatch.chdir(course)
    words = ["regrade", TOPIC, str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--unsandboxed"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 2
    assert "has no results to compare with" in done.output


def outcome(case, passed, points=1.0, sentence="Wrong."):
    return Outcome(case, True, points, passed, None if passed else "own", None if passed else sentence)


def result(*outcomes, status="graded"):
    score = sum(o.points for o in outcomes if o.passed)
    questions = (QuestionResult("q", score, 9.0, outcomes),) if status != "invalid" else ()
    reason = "It is empty." if status == "invalid" else None
    return Result("ann", status, score, 9.0, 1.0, reason, (), questions)


@pytest.mark.parametrize(
    ("before", "after", "reasons"),
    [
        (result(outcome("a", True)), result(outcome("a", True, 2)), ("q: a: is worth 2 points, was 1",)),
        (result(), result(outcome("a", True)), ("q: a: is new and passes",)),
        (result(outcome("a", True)), result(), ("q: a: is no longer asked",)),
        (
            result(outcome("a", True), outcome("a", False)),
            result(outcome("a", True), outcome("a", True)),
            ("q: a (2): passes now; it said: Wrong.",),
        ),
        (
            result(status="invalid"),
            result(outcome("a", True)),
            ("was invalid, is graded: It is empty.", "q: a: is new and passes"),
        ),
    ],
    ids=["points", "new", "gone", "twice", "invalid"],
)
def test_each_kind_of_change_has_its_words(before, after, reasons):
    assert compare(before, after).reasons == reasons
    assert compare(before, before) is None


@pytest.mark.slow
def test_with_real_grading_the_corrected_test_flips(course, tmp_path):
    out, paths, level = tmp_path / "out", [tmp_path / "in"], best_level()
    grade(TOPIC, paths, out, root=course, level=level)
    assert scores(out) == {"fooled": "3", "right": "2", "squares": "1"}
    correct(course)
    found = regrade(TOPIC, paths, out, root=course, level=level)
    assert {c.submission: c.after - c.before for c in found.changes} == {"fooled": -1, "right": 1}
    (reason,) = found.changes[1].reasons
    assert reason.startswith("double: of three: passes now; it said: ")
