"""Grading a class: every submission gets a row, a second run goes on, our own faults are nobody's zero."""

import csv
import sqlite3
import subprocess
import sys
from collections import Counter
from pathlib import Path

import nbformat
import pytest
from typer.testing import CliRunner

from autograder import build
from autograder.batch import grading, run
from autograder.batch.run import grade
from autograder.cli import app
from autograder.judge import Judged, QuestionResult
from autograder.sandbox import Level, SandboxFault
from course_utils.checks import Outcome

ROOT = Path(__file__).parents[3]
TOPIC = "01_regression"


def write(folder, name, source="x = 1"):
    nbformat.write(
        nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)]), folder / f"{name}.ipynb"
    )


@pytest.fixture
def judged(monkeypatch):
    """A judge that gives four points for each exercise unless the notebook says otherwise; counts what it judges."""
    seen = []

    def fake(notebook, tests, **_):
        source = notebook.cells[0].source
        seen.append(source)
        if source == "fault":
            raise SandboxFault("no room")
        if source == "bug":
            raise ZeroDivisionError
        points = 0.0 if source == "zero" else 4.0
        outcome = Outcome(
            "all", True, 4.0, points > 0, None if points else "own", None if points else "You forgot it."
        )
        questions = tuple(QuestionResult(name, points, 4.0, (outcome,)) for name in tests)
        return Judged(questions, (), 0.1)

    monkeypatch.setattr(grading, "judge", fake)
    monkeypatch.setattr(run, "_PAUSES", (0.0, 0.0, 0.0))
    return seen


def test_what_is_handed_in_twice_is_graded_once(judged, tmp_path):
    (tmp_path / "in").mkdir()
    for name, twin, source in (("ann", "cat", "x = 1"), ("bob", "bob", "zero"), ("dan", "eve", "fault")):
        write(tmp_path / "in", name, source)
        (tmp_path / "in" / f"{twin}.ipynb").write_bytes((tmp_path / "in" / f"{name}.ipynb").read_bytes())
    summary = grade(TOPIC, [tmp_path / "in"], tmp_path / "out", root=ROOT, workers=2)
    assert sorted(judged) == ["fault", "fault", "fault", "x = 1", "zero"]  # faults of ours are tried again
    scores = {result.submission: result.score for result in summary.results}
    assert scores["ann"] == scores["cat"] > scores["bob"] == 0
    assert set(summary.faults) == {"dan", "eve"}


def test_every_submission_has_a_row_and_a_page(judged, tmp_path):
    (tmp_path / "in").mkdir()
    write(tmp_path / "in", "ann")
    write(tmp_path / "in", "bob", "zero")
    (tmp_path / "in" / "eve.ipynb").write_text("")
    summary = grade(TOPIC, [tmp_path / "in"], tmp_path / "out", root=ROOT, workers=2)
    assert summary.exit_status == 1
    rows = list(csv.DictReader((tmp_path / "out" / "grades.csv").open()))
    questions = list(build.test_sources(TOPIC, ROOT))
    assert list(rows[0]) == ["submission", "status", "score", "max_score", *questions, "seconds", "unstable"]
    assert [(row["submission"], row["status"], row["score"], row["max_score"]) for row in rows] == [
        ("ann", "graded", "36", "36"),
        ("bob", "graded", "0", "36"),
        ("eve", "invalid", "0", "36"),
    ]
    assert {path.stem for path in (tmp_path / "out" / "feedback").iterdir()} == {"ann", "bob", "eve"}
    assert "You forgot it." in (tmp_path / "out" / "report.html").read_text()


def test_a_second_run_grades_only_what_is_new_or_changed(judged, tmp_path):
    (tmp_path / "in").mkdir()
    write(tmp_path / "in", "ann", "first")
    write(tmp_path / "in", "bob", "same")
    assert grade(TOPIC, [tmp_path / "in"], tmp_path / "out", root=ROOT).exit_status == 0
    write(tmp_path / "in", "ann", "second")
    write(tmp_path / "in", "eve", "new")
    summary = grade(TOPIC, [tmp_path / "in"], tmp_path / "out", root=ROOT)
    assert sorted(judged) == ["first", "new", "same", "second"]
    assert (summary.already, len(summary.results)) == (1, 3)


def test_our_own_faults_are_tried_again_and_are_nobodys_zero(judged, tmp_path):
    (tmp_path / "in").mkdir()
    for name in ("ann", "fault", "bug"):
        write(tmp_path / "in", name, name)
    for _ in range(2):
        summary = grade(TOPIC, [tmp_path / "in"], tmp_path / "out", root=ROOT)
        assert set(summary.faults) == {"fault", "bug"}
        assert [result.submission for result in summary.results] == ["ann"]
        assert summary.exit_status == 1
    assert Counter(judged) == {"ann": 1, "bug": 2, "fault": 6}  # a fault of the grader's own code won't pass


def test_each_result_is_written_as_soon_as_it_is_there(judged, tmp_path, monkeypatch):
    (tmp_path / "in").mkdir()
    for name in ("ann", "bob"):
        write(tmp_path / "in", name, name)
    monkeypatch.setattr(run.report, "write", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        grade(TOPIC, [tmp_path / "in"], tmp_path / "out", root=ROOT)
    with sqlite3.connect(tmp_path / "out" / "results.sqlite") as connection:
        assert connection.execute("select count(*) from results").fetchone() == (2,)


def command(*words):
    return subprocess.run(
        [sys.executable, "-m", "autograder", *words], capture_output=True, text=True, cwd=ROOT
    )


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("grade", "99_magic", ".", "--out", "y"), "There is no topic 99_magic. There are: 00_start_here"),
        (("grade", TOPIC, "nowhere", "--out", "y", "--unsandboxed"), "nowhere does not exist."),
        (("grade", TOPIC), "Missing argument"),
        (("build", "99_magic"), "There is no topic 99_magic"),
        (("lab", "nowhere"), "nowhere is not a folder."),
    ],
)
def test_bad_usage_exits_with_2_and_one_sentence(words, says):
    done = command(*words)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture
def graded_at(monkeypatch, tmp_path):
    """A function that runs `course grade` on a machine with some problems: the level that it used, its result."""

    def run_grade(*words, bubblewrap=None, landlock=None):
        levels = []

        def grade(*_, level, **__):
            levels.append(level)
            return run.Summary((), {}, 0, 0.0, tmp_path)

        monkeypatch.setattr("autograder.batch.grade", grade)
        monkeypatch.setattr("autograder.sandbox.bubblewrap.available", lambda: bubblewrap)
        monkeypatch.setattr("autograder.sandbox.landlock.available", lambda: landlock)
        monkeypatch.chdir(ROOT)
        done = CliRunner().invoke(
            app, ["grade", TOPIC, str(tmp_path), "--out", str(tmp_path / "out"), *words]
        )
        return levels, done

    return run_grade


def test_without_any_sandbox_it_refuses_and_says_how_to_get_one(graded_at):
    levels, done = graded_at(bubblewrap="Get bubblewrap.", landlock="Get Linux.")
    assert (levels, done.exit_code) == ([], 2)
    assert "Get bubblewrap. Get Linux. Or pass --unsandboxed" in done.stderr


@pytest.mark.parametrize(
    ("words", "bubblewrap", "level", "says"),
    [
        ((), None, Level.BUBBLEWRAP, ""),
        (
            (),
            "Get bubblewrap.",
            Level.LANDLOCK,
            "Sandbox: landlock. `course doctor` says what it leaves open. Get bubblewrap.",
        ),
        (("--unsandboxed",), "Get bubblewrap.", Level.NONE, ""),
    ],
)
def test_it_uses_the_best_sandbox_and_says_so_where_there_is_a_better_one(
    graded_at, words, bubblewrap, level, says
):
    levels, done = graded_at(*words, bubblewrap=bubblewrap)
    assert (levels, done.exit_code) == ([level], 0)
    assert done.stderr.strip() == says


@pytest.mark.slow
def test_unsandboxed_grades_too(tmp_path):
    (tmp_path / "in").mkdir()
    nbformat.write(build.solution_notebook(TOPIC, ROOT), tmp_path / "in" / "ann.ipynb")
    done = command("grade", TOPIC, str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--unsandboxed")
    assert done.returncode == 0, done.stderr
    (row,) = csv.DictReader((tmp_path / "out" / "grades.csv").open())
    assert (row["status"], row["score"]) == ("graded", "36")
