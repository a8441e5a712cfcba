"""The same submission has the same score, whichever way it is graded; one whose score changes is reported."""

import csv
import sys
from pathlib import Path

import nbformat
import pytest

from autograder import build
from autograder.batch import grading
from autograder.batch.run import grade
from autograder.judge import Judged, QuestionResult
from autograder.sandbox import Level
from autograder.wrong_answers import load

ROOT = Path(__file__).parents[3]
TOPIC = "01_regression"


def write(folder, name, notebook):
    folder.mkdir(exist_ok=True)
    nbformat.write(notebook, folder / f"{name}.ipynb")


def of_cells(*sources):
    cells = [nbformat.v4.new_code_cell(source, id=f"c{i}") for i, source in enumerate(sources)]
    return nbformat.v4.new_notebook(cells=cells)


def rows(out):
    with (out / "grades.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_score_that_changes_is_reported_and_the_first_one_stands(monkeypatch, tmp_path, capsys):
    graded = []

    def fake(notebook, tests, **_):
        name = notebook.cells[0].source
        graded.append(name)
        points = {"steady": 4, "unsteady": 5 - graded.count(name)}[name]
        questions = [QuestionResult(test, 4, 4, ()) for test in tests]
        return Judged((QuestionResult("fit_line", points, 4, ()), *questions[1:]), (), 0.1)

    monkeypatch.setattr(grading, "judge", fake)
    for name in ("steady", "unsteady"):
        write(tmp_path / "in", name, of_cells(name))
    once = grade(TOPIC, [tmp_path / "in"], tmp_path / "out", root=ROOT)
    assert [(result.repeats, result.unstable) for result in once.results] == [(1, ())] * 2
    graded.clear()
    summary = grade(TOPIC, [tmp_path / "in"], tmp_path / "out", root=ROOT, repeat=3)
    assert sorted(graded) == ["steady"] * 3 + ["unsteady"] * 3  # once was not enough
    steady, unsteady = summary.results
    assert (steady.unstable, steady.score) == ((), 36)
    assert (unsteady.unstable, unsteady.score, unsteady.repeats) == (("fit_line",), 36, 3)
    assert [row["unstable"] for row in rows(tmp_path / "out")] == ["", "fit_line"]
    assert "unstable: unsteady: not always the same in fit_line in 3 gradings" in capsys.readouterr().out
    page = (tmp_path / "out" / "report.html").read_text()
    assert "Not the same score each time" in page
    assert "3 times" in page
    grade(TOPIC, [tmp_path / "in"], tmp_path / "out", root=ROOT, repeat=2)
    assert len(graded) == 6  # three times were enough


def test_results_of_an_earlier_version_are_read(monkeypatch, tmp_path):
    import sqlite3

    monkeypatch.setattr(grading, "judge", lambda *_, **__: Judged((), (), 0.1))
    write(tmp_path / "in", "ann", of_cells("x = 1"))
    grade(TOPIC, [tmp_path / "in"], tmp_path / "out", root=ROOT)
    with sqlite3.connect(tmp_path / "out" / "results.sqlite") as connection:
        for column in ("repeats", "unstable"):
            connection.execute(f"alter table results drop column {column}")
    summary = grade(TOPIC, [tmp_path / "in"], tmp_path / "out", root=ROOT)
    assert (summary.already, summary.results[0].repeats) == (1, 1)


# --- for real -------------------------------------------------------------------------------------------------

LUCKY = """
import random
import numpy as np
words = {"alpha", "beta", "gamma", "delta"}
def sigmoid(z):
    z = np.asarray(z, float)
    lucky = (random.random() < 0.5) + (np.random.rand() < 0.5) + (next(iter(words)) < "c")
    return 1 / (1 + np.exp(-z)) if lucky % 2 else z
"""


@pytest.fixture(scope="module")
def handed_in(tmp_path_factory):
    """The solution, the stub, a few wrong answers, one that leaves it to chance, and the solution once more."""
    folder = tmp_path_factory.mktemp("class") / "in"
    solution, stub = build.solution_notebook(TOPIC, ROOT), build.student_notebook(TOPIC, ROOT)
    write(folder, "solution", solution)
    write(folder, "twin", solution)
    write(folder, "stub", stub)
    wrong = nbformat.from_dict(solution)
    answers = {answer.exercise: answer for answer in load(ROOT / "tests" / "wrong_answers" / f"{TOPIC}.py")}
    for exercise in ("fit_ridge", "binary_cross_entropy"):
        wrong.cells.append(nbformat.v4.new_code_cell(answers[exercise].source, id=exercise.replace("_", "-")))
    write(folder, "wrong", wrong)
    lucky = nbformat.from_dict(stub)
    lucky.cells.append(nbformat.v4.new_code_cell(LUCKY, id="lucky"))
    write(folder, "lucky", lucky)
    return folder


@pytest.fixture(scope="module")
def graded(handed_in, tmp_path_factory):
    """The class as it is graded by default, twice each."""
    if reason := Level.BUBBLEWRAP.problem:
        pytest.skip(reason)
    return grade(TOPIC, [handed_in], tmp_path_factory.mktemp("graded"), root=ROOT, workers=2, repeat=2)


def points(summary):
    return {
        result.submission: (result.status, result.problems, result.questions) for result in summary.results
    }


@pytest.mark.slow
def test_the_same_class_has_the_same_grades_twice(handed_in, graded, tmp_path):
    assert [result.unstable for result in graded.results] == [()] * 5
    scores = {result.submission: result.score for result in graded.results}
    assert scores["solution"] == scores["twin"] == 36
    assert scores["stub"] <= scores["lucky"] < scores["wrong"] < 36
    again = grade(TOPIC, [handed_in], tmp_path / "out", root=ROOT, workers=1)
    assert points(again) == points(graded)
    written = [{**row, "seconds": ""} for row in rows(graded.out)]
    assert [{**row, "seconds": ""} for row in rows(tmp_path / "out")] == written


@pytest.mark.slow
def test_a_cold_start_gives_the_same_grades_as_the_warm_parent(handed_in, graded, tmp_path):
    cold = grade(TOPIC, [handed_in], tmp_path / "out", root=ROOT, workers=2, level=Level.NONE)
    assert points(cold) == points(graded)


@pytest.mark.slow
def test_all_cells_give_the_same_grades_as_the_needed_ones(handed_in, graded, tmp_path, monkeypatch):
    ran = []
    module = sys.modules["autograder.judge.judge"]  # the package shows the function under that name
    monkeypatch.setattr(module, "needed", lambda cells, *_: (ran.append(len(cells)), cells)[1])
    everything = grade(TOPIC, [handed_in], tmp_path / "out", root=ROOT, workers=2)
    assert len(ran) == 4
    assert points(everything) == points(graded)


@pytest.mark.slow
def test_each_alone_has_the_same_grade_as_its_twin(handed_in, graded, tmp_path):
    for name in ("solution", "twin"):
        alone = grade(TOPIC, [handed_in / f"{name}.ipynb"], tmp_path / name, root=ROOT)
        assert points(alone)[name] == points(graded)[name]
