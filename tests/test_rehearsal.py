"""Dress rehearsal: release, three students, grade, feedback, export, each by the command that people type."""

import csv
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest

from autograder import build
from autograder.demo import replace_answer
from autograder.sandbox import Level, best_level
from autograder.wrong_answers import load

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
TOPIC = "01_regression"
ROSTER = "name,email,id\nAda Lovelace,ada@uni.test,11\nBlaise Pascal,blaise@uni.test,12\nCarl Gauss,carl@uni.test,13\n"


def course(*words):
    command = [sys.executable, "-m", "autograder", *map(str, words)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def filled_in(released, answers):
    """The notebook that students got, with answers to some exercises."""
    for exercise, source in answers.items():
        released = replace_answer(released, exercise, source)
    return released


@pytest.mark.skipif(best_level() is Level.NONE, reason="this machine has no sandbox")
def test_from_release_to_gradebook(tmp_path):
    made = course("release", "--students", "--out", tmp_path)
    assert made.returncode == 0, made.stderr
    with zipfile.ZipFile(tmp_path / "course-students.zip") as archive:
        archive.extractall(tmp_path)
    released = nbformat.read(tmp_path / "course" / "notebooks" / f"{TOPIC}.ipynb", as_version=4)

    exercises = list(build.test_sources(TOPIC, ROOT))
    solved = {
        name: cell.source
        for cell in build.solution_notebook(TOPIC, ROOT).cells
        for name in exercises
        if cell.cell_type == "code" and cell.source.startswith(f"def {name}(")
    }
    wrong = {answer.name: answer for answer in load(ROOT / "tests" / "wrong_answers" / f"{TOPIC}.py")}
    mistake = wrong["sum_instead_of_mean"]
    students = {
        "ada": solved,
        "blaise": {**solved, mistake.exercise: mistake.source},
        "carl": {name: solved[name] for name in exercises[:4]},
    }
    handed_in = tmp_path / "handed-in"
    handed_in.mkdir()
    for name, answers in students.items():
        nbformat.write(filled_in(released, answers), handed_in / f"{name}.ipynb")

    graded = course("grade", TOPIC, handed_in, "--out", tmp_path / "graded")
    assert graded.returncode == 0, graded.stderr
    with (tmp_path / "graded" / "grades.csv").open(encoding="utf-8") as file:
        scores = {row["submission"]: float(row["score"]) for row in csv.DictReader(file)}
    possible = {name: float(points) for name, points in possible_points().items()}
    assert scores["ada"] == sum(possible.values())
    assert sum(possible.values()) - possible[mistake.exercise] <= scores["blaise"] < scores["ada"]
    assert scores["carl"] == sum(possible[name] for name in exercises[:4])

    feedback = (tmp_path / "graded" / "feedback" / "blaise.html").read_text(encoding="utf-8")
    assert mistake.says.split(",")[0] in feedback
    assert (tmp_path / "graded" / "report.html").exists()

    roster = tmp_path / "roster.csv"
    roster.write_text(ROSTER, encoding="utf-8")
    exported = course(
        *("export", TOPIC, "--graded", tmp_path / "graded", "--format", "canvas", "--roster", roster),
        *("--to", tmp_path / "canvas.csv"),
    )
    assert exported.returncode == 0, exported.stderr
    with (tmp_path / "canvas.csv").open(encoding="utf-8-sig") as file:
        table = {row["Student"]: row for row in csv.DictReader(file)}
    column = next(name for name in table["Ada Lovelace"] if TOPIC in name)
    assert {name: float(table[person][column]) for name, person in zip(scores, ("Ada Lovelace", "Blaise Pascal", "Carl Gauss"), strict=True)} == scores  # fmt: skip


def possible_points():
    """Points of each exercise by its otter test file."""
    from otter.test_files import ExceptionTestFile

    return {
        name: ExceptionTestFile.from_string(source).possible
        for name, source in build.test_sources(TOPIC, ROOT).items()
    }
