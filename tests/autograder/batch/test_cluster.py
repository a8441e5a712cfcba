"""The same run on a real cluster of several processes, of which one is killed in the middle."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import dask
import distributed
import nbformat
import pytest
from typer.testing import CliRunner

from autograder import build
from autograder.batch import cluster as cluster_module
from autograder.batch import grade, run
from autograder.batch.grading import Fault
from autograder.batch.store import Result, Store
from autograder.cli import app

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
TOPIC = "01_regression"
SOURCE = (
    "OK_FORMAT = False\nfrom otter.test_files import test_case\nname = 'f'\npoints = 1\n"
    "@test_case(points=None, hidden=True)\ndef test_f(f):\n    assert f(2) == 3\n"
)


@pytest.fixture
def one_question(monkeypatch):
    monkeypatch.setattr(build, "test_sources", lambda *_: {"f": SOURCE})
    monkeypatch.setattr(build, "handed_out", lambda *_: frozenset())


@pytest.fixture
def saved(monkeypatch):
    """The names of the submissions that are saved, in order."""
    names, save = [], Store.save
    monkeypatch.setattr(
        Store,
        "save",
        lambda store, result, *keys: (names.append(result.submission), save(store, result, *keys)),
    )
    return names


@pytest.fixture
def cluster():
    """Two workers, each a process that is started again when it dies; a task may lose one worker, and not two.

    Each test has its own: on a busy machine, a worker that one of them has killed can come back too late for the next.
    """
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 1}),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, resources={"SLOT": 1}
        ) as started,
    ):
        yield started


@pytest.fixture
def class_of(cluster, tmp_path):
    """A function that grades cells, each a submission, on the cluster."""

    def grade_cells(cells, **options):
        for name, cell in cells.items():
            write(tmp_path / "in", name, cell)
        return grade(
            TOPIC,
            [tmp_path / "in"],
            tmp_path / "out",
            root=ROOT,
            scheduler=cluster.scheduler_address,
            **options,
        )

    return grade_cells


def write(folder, name, source):
    folder.mkdir(exist_ok=True)
    cells = [nbformat.v4.new_code_cell(source)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / f"{name}.ipynb")


def test_a_worker_that_is_killed_loses_nothing_and_nothing_is_graded_twice(
    room, cluster, class_of, one_question, saved, tmp_path
):
    answer = "import time\ntime.sleep(0.3)\ndef f(x):\n    return x + {}"
    cells = {f"s{number:02}": answer.format(number % 3) + f" # {number}" for number in range(12)}
    victim = next(iter(cluster.workers.values())).process.pid

    def kill_in_the_middle():
        while len(saved) < 3:
            time.sleep(0.01)
        os.kill(victim, signal.SIGKILL)
        saved.append("killed")

    killer = threading.Thread(target=kill_in_the_middle, daemon=True)
    killer.start()
    summary = class_of(cells)
    assert summary.faults == {}
    assert saved.index("killed") < 10
    assert sorted(saved) == ["killed", *cells]
    assert {r.submission: r.score for r in summary.results} == {
        name: float(number % 3 == 1) for number, name in enumerate(cells)
    }
    again = class_of({})
    assert (again.already, len(saved)) == (12, 13)
    here = grade(TOPIC, [tmp_path / "in"], tmp_path / "here", root=ROOT, workers=2)
    assert [r.questions for r in here.results] == [r.questions for r in summary.results]


def test_a_submission_that_kills_its_workers_is_not_graded_and_the_others_are(
    class_of, one_question, monkeypatch
):
    def grade_there(work, submission):  # stands in for a machine that dies of what it grades
        if submission.name == "deadly":
            os._exit(1)
        return Result.invalid(submission.name, "fine", 1.0)

    monkeypatch.setattr(cluster_module, "_grade_there", grade_there)
    summary = class_of({"ann": "1", "bob": "2", "deadly": "3"}, resources={"SLOT": 1})
    assert [result.submission for result in summary.results] == ["ann", "bob"]
    assert "2 different workers" in summary.faults["deadly"]


def test_a_worker_without_a_sandbox_is_named_and_avoided(
    room, cluster, class_of, one_question, monkeypatch, tmp_path
):
    """It fails so fast that it would draw most of the submissions."""
    bare_machine = tmp_path / "bare_machine.py"
    bare_machine.write_text(
        "from autograder.sandbox import landlock\nlandlock.available = lambda: 'Landlock is missing.'"
    )
    words = [
        "-m",
        "distributed.cli.dask_worker",
        cluster.scheduler_address,
        "--name",
        "bare",
        "--no-nanny",
        "--no-dashboard",
        "--preload",
        str(bare_machine),
    ]
    faults = []
    outcome = run._outcome
    monkeypatch.setattr(run, "_outcome", lambda future: (faults.append(outcome(future)), faults[-1])[1])
    with subprocess.Popen(
        [sys.executable, *words, "--nthreads", "4"], env={"PATH": "/nowhere"}, stderr=subprocess.DEVNULL
    ) as bare:
        try:
            with distributed.Client(cluster.scheduler_address) as client:
                client.wait_for_workers(3, timeout=180)
            right = "def f(x):\n    return x + 1 # {}"
            summary = class_of({f"s{number}": right.format(number) for number in range(6)})
        finally:
            bare.terminate()
    reasons = {fault.reason for fault in faults if isinstance(fault, Fault)}
    assert len(reasons) == 1
    assert "bubblewrap is not installed" in (reason := reasons.pop())
    assert "on worker bare" in reason
    assert summary.faults == {}
    assert [result.score for result in summary.results] == [1] * 6


def test_a_cluster_that_is_not_there_is_a_sentence(one_question, monkeypatch, tmp_path):
    write(tmp_path, "ann", "1")
    monkeypatch.setattr(cluster_module, "_CONNECT", 0.5)
    monkeypatch.chdir(ROOT)
    words = [
        "grade",
        TOPIC,
        str(tmp_path),
        "--out",
        str(tmp_path / "out"),
        "--scheduler",
        "tcp://127.0.0.1:9",
    ]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 1
    assert "Grading stopped: " in done.stderr
    assert "127.0.0.1:9" in done.stderr
