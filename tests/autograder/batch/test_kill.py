"""A run that is killed goes on where it stopped, ends with the same table, and leaves nothing running.

The kills of a real run are few here, for each costs a warm parent; `COURSE_KILLS=50 python -m pytest -s
tests/autograder/batch/test_kill.py` makes more of them and prints a count.
"""

import csv
import os
import random
import signal
import sqlite3
import time
from pathlib import Path

import nbformat
import psutil
import pytest

from autograder import build
from autograder.batch import grading
from autograder.cli import app
from autograder.judge import Judged, QuestionResult
from autograder.sandbox import Level, best_level

ROOT = Path(__file__).parents[3]
TOPIC = "01_regression"
KILLS = os.environ.get("COURSE_KILLS")
STUDENTS = 16
ANSWERS = (
    "def sigmoid(z):\n    return 1 / (1 + np.exp(-z))",
    "def empirical_risk(y, prediction):\n    return np.mean((y - prediction) ** 2)",
    "import os\nos._exit(0)",
    "raise ValueError",
)


@pytest.fixture
def handed_in(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    stub = build.student_notebook(TOPIC, ROOT)
    for number in range(STUDENTS):
        notebook = nbformat.from_dict(stub)
        answer = f"{ANSWERS[number % len(ANSWERS)]}\n# student {number}"
        notebook.cells.append(nbformat.v4.new_code_cell(answer, id="answer"))
        nbformat.write(notebook, folder / f"s{number:02}.ipynb")
    return folder


def quick_judge(notebook, tests, **_):
    """A judge that takes a moment and gives points by chance, each submission its own."""
    rng = random.Random(notebook.cells[-1].source)
    time.sleep(rng.uniform(0.005, 0.05))
    return Judged(tuple(QuestionResult(name, rng.randint(0, 4), 4, ()) for name in tests), (), 0.0)


def start(handed_in, out):
    """Start `course grade` in a process that has imported it already, in a session of its own."""
    if (child := os.fork()) == 0:
        try:
            os.setsid()
            with out.with_suffix(".log").open("ab") as log:
                os.dup2(log.fileno(), 1)
                os.dup2(log.fileno(), 2)
            os.chdir(ROOT)
            app(["grade", TOPIC, str(handed_in), "--out", str(out), "--workers", "2"], standalone_mode=False)
        finally:
            os._exit(0)
    return child


def table(out):
    with (out / "grades.csv").open(newline="") as file:
        return [{**row, "seconds": None} for row in csv.DictReader(file)]


def number_graded(out):
    if not (out / "results.sqlite").exists():
        return 0
    with sqlite3.connect(out / "results.sqlite", timeout=30) as connection:
        if not connection.execute("select 1 from sqlite_master where name = 'results'").fetchone():
            return 0
        return connection.execute("select count(*) from results").fetchone()[0]


def wait(child, out, rng, before, whole_run):
    """Wait for a random moment: some time after the start, or after some more are graded. Return whether it still runs."""
    until = time.monotonic() + rng.uniform(0, whole_run)
    some_more = rng.choice([0, rng.randint(before + 1, STUDENTS)]) if before < STUDENTS else 0
    moment = rng.uniform(0, 0.1)
    while os.waitpid(child, os.WNOHANG)[0] == 0:
        if some_more == 0 and time.monotonic() > until:
            return True
        if some_more and number_graded(out) >= some_more:
            time.sleep(moment)
            return os.waitpid(child, os.WNOHANG)[0] == 0
        time.sleep(0.005)
    return False


def kill(child):
    """Kill the process with SIGKILL; fail if what it had started outlives it."""
    started = psutil.Process(child).children(recursive=True)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    _, left = psutil.wait_procs(started, timeout=60)  # a warm parent notices when it has imported everything
    alive = [process for process in left if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]
    assert not alive, alive


@pytest.mark.slow
@pytest.mark.parametrize(("judge", "kills_wanted"), [("real", 3), ("quick", 10)])
def test_a_run_killed_at_random_points_ends_with_the_same_table(
    handed_in, tmp_path, monkeypatch, judge, kills_wanted
):
    if best_level() is Level.NONE:
        pytest.skip(str(Level.BUBBLEWRAP.problem))
    if judge == "quick":
        monkeypatch.setattr(grading, "judge", quick_judge)
    kills_wanted = int(KILLS or kills_wanted)
    begin = time.monotonic()
    os.waitpid(start(handed_in, tmp_path / "whole"), 0)
    whole_run = time.monotonic() - begin
    expected = table(tmp_path / "whole")
    assert len(expected) == STUDENTS
    rng = random.Random(0)
    kills, in_the_middle, rounds = 0, 0, 0
    while kills < kills_wanted:
        out = tmp_path / f"killed{rounds}"
        rounds += 1
        while not (out / "report.html").exists() and kills < kills_wanted:
            before = number_graded(out)
            child = start(handed_in, out)
            if wait(child, out, rng, before, whole_run):
                kill(child)
                kills += 1
                print(f"{kills} kills, {number_graded(out)} graded", flush=True)
            after = number_graded(out)
            assert after >= before
            in_the_middle += before < after < STUDENTS
            for page in (out / "feedback").glob("*.html"):
                assert page.read_text().endswith("</html>"), page
        os.waitpid(start(handed_in, out), 0)
        assert table(out) == expected, out.with_suffix(".log").read_text()
        assert {page.name for page in (out / "feedback").iterdir()} == {
            f"s{number:02}.html" for number in range(STUDENTS)
        }
    print(
        f"{judge} judge: {kills} kills in {rounds} runs, {in_the_middle} with some submissions graded; all tables the same"
    )
    assert in_the_middle
