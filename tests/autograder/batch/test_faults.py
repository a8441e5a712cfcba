"""Faults of the machine are tried again and are nobody's zero; faults of a student are the student's, at once."""

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import threading
from functools import partial
from pathlib import Path

import nbformat
import psutil
import pytest
from typer.testing import CliRunner

from autograder import build
from autograder.batch import grading, run
from autograder.batch.run import grade
from autograder.cli import app
from autograder.judge import Judged
from autograder.sandbox import Limits, SandboxFault, process, rooms
from autograder.sandbox.warm import warm_parent

ROOT = Path(__file__).parents[3]
TOPIC = "01_regression"

pytestmark = pytest.mark.usefixtures("no_pauses")


@pytest.fixture
def no_pauses(monkeypatch):
    monkeypatch.setattr(run, "_PAUSES", (0, 0, 0))


def write(folder, name, source="x = 1"):
    folder.mkdir(exist_ok=True)
    cells = [nbformat.v4.new_code_cell(source)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / f"{name}.ipynb")


@pytest.fixture
def judged(monkeypatch):
    """A judge whose machine fails: a notebook says how often, with what, and what it is called."""
    attempts = []

    def fake(notebook, tests, **_):
        source = notebook.cells[0].source
        attempts.append(source)
        name, times, kind = source.split()
        if attempts.count(source) <= int(times):
            raise {"room": SandboxFault, "disk": OSError, "memory": MemoryError, "bug": KeyError}[kind](name)
        return Judged((), (), 0.1)

    monkeypatch.setattr(grading, "judge", fake)
    return attempts


def test_what_passes_is_graded_in_the_same_run_and_what_does_not_is_listed(judged, tmp_path):
    for name, times, kind in (
        ("ann", 0, "room"),
        ("bob", 1, "room"),
        ("cat", 2, "disk"),
        ("dan", 1, "memory"),
        ("eve", 9, "room"),
        ("fay", 1, "bug"),
    ):
        write(tmp_path / "in", name, f"{name} {times} {kind}")
    summary = grade(TOPIC, [tmp_path / "in"], tmp_path / "out", root=ROOT, workers=2)
    assert [result.submission for result in summary.results] == ["ann", "bob", "cat", "dan"]
    assert summary.faults == {"eve": "eve", "fay": "KeyError: 'fay'"}
    counts = {name.split()[0]: judged.count(name) for name in judged}
    assert counts == {"ann": 1, "bob": 2, "cat": 3, "dan": 2, "eve": 3, "fay": 1}


def test_the_last_attempt_has_the_machine_to_itself(monkeypatch, tmp_path):
    at_once, most, attempts = 0, {}, {}
    lock, together = threading.Lock(), threading.Barrier(2, timeout=20)

    def fake(notebook, tests, **_):
        nonlocal at_once
        name = notebook.cells[0].source
        with lock:
            attempts[name] = attempt = attempts.get(name, 0) + 1
            at_once += 1
            most[attempt] = max(most.get(attempt, 0), at_once)
        if attempt < 3:
            together.wait()
        with lock:
            at_once -= 1
        raise SandboxFault

    monkeypatch.setattr(grading, "judge", fake)
    for name in ("ann", "bob"):
        write(tmp_path / "in", name, name)
    grade(TOPIC, [tmp_path / "in"], tmp_path / "out", root=ROOT, workers=2)
    assert most == {1: 2, 2: 2, 3: 1}


@pytest.fixture
def tiny_disk(tmp_path):
    """A file system of 400 kB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(disk)]
    if shutil.which("mount") is None or subprocess.run(words, capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def fill(path):
    """Write to a file until its disk is full."""
    with contextlib.suppress(OSError), path.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(1024))


def test_a_full_disk_loses_nothing(monkeypatch, tiny_disk, tmp_path):
    """The disk is full when the first result is saved, and has room again at the last attempt."""
    ballast, graded = tiny_disk / "ballast", []

    def fake(notebook, tests, **_):
        if not graded:
            fill(ballast)
        graded.append(notebook.cells[0].source)
        return Judged((), (), 0.1)

    monkeypatch.setattr(grading, "judge", fake)
    for number in range(3):
        write(tmp_path / "in", f"s{number}", str(number))
    with pytest.raises(sqlite3.Error, match="disk is full"):  # what else is noted has no room either
        grade(TOPIC, [tmp_path / "in"], tiny_disk, root=ROOT, workers=1)
    assert sorted(graded) == ["0", "1", "2"]  # what is graded and only not saved is not graded again
    monkeypatch.setattr(run.time, "sleep", lambda _: ballast.unlink(missing_ok=True))
    graded.clear()
    for path in tiny_disk.iterdir():  # or SQLite would find room in what it has left behind
        path.unlink()
    summary = grade(TOPIC, [tmp_path / "in"], tiny_disk, root=ROOT, workers=1)
    assert (sorted(graded), len(summary.results), summary.faults) == (["0", "1", "2"], 3, {})


def test_a_disk_that_is_full_from_the_start_ends_with_1_and_a_sentence(tiny_disk, tmp_path, monkeypatch):
    write(tmp_path / "in", "ann")
    fill(tiny_disk / "ballast")
    words = ["grade", TOPIC, str(tmp_path / "in"), "--out", str(tiny_disk), "--unsandboxed"]
    monkeypatch.chdir(ROOT)
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 1
    assert "Grading stopped: " in done.stderr
    assert "run again" in done.stderr


# --- the real sandbox ----------------------------------------------------------------------------------------


@pytest.fixture
def one_question(monkeypatch, tmp_path):
    """A function that grades cells, each a submission to a topic of one question: `f(2)` is 3."""
    source = (
        "OK_FORMAT = False\nfrom otter.test_files import test_case\nname = 'f'\npoints = 1\n"
        "@test_case(points=None, hidden=True)\ndef test_f(f):\n    assert f(2) == 3\n"
    )
    monkeypatch.setattr(build, "test_sources", lambda *_: {"f": source})
    monkeypatch.setattr(build, "handed_out", lambda *_: frozenset())

    def grade_cells(**cells):
        for name, cell in cells.items():
            write(tmp_path / "in", name, cell)
        return grade(TOPIC, [tmp_path / "in"], tmp_path / "out", root=ROOT, workers=2)

    return grade_cells


RIGHT = "def f(x):\n    return x + 1\n"


def test_a_bubblewrap_that_fails_gives_no_zero(room, one_question, monkeypatch, tmp_path):
    fake = tmp_path / "bin" / "bwrap"
    fake.parent.mkdir()
    fake.write_text("#!/bin/sh\necho 'bwrap: no room left' >&2\nexit 1\n")
    fake.chmod(0o755)
    before = len(list(Path("/proc/self/fd").iterdir()))
    with monkeypatch.context() as patched:
        patched.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
        summary = one_question(ann=RIGHT)
    assert (summary.results, summary.exit_status) == ((), 1)
    assert "no room left" in summary.faults["ann"]
    assert (
        len(list(Path("/proc/self/fd").iterdir())) <= before + 3
    )  # the warm parent's; three attempts left none open
    assert [result.score for result in one_question().results] == [1]


def test_a_machine_that_can_not_fork_gives_no_zero(room, one_question, monkeypatch):
    def popen(*_, **__):
        raise BlockingIOError(11, "Resource temporarily unavailable")

    with monkeypatch.context() as patched:
        patched.setattr(rooms.subprocess, "Popen", popen)
        summary = one_question(ann=RIGHT)
    assert "temporarily unavailable" in summary.faults["ann"]
    assert [result.score for result in one_question().results] == [1]


@pytest.mark.parametrize("victim", ["warm parent", "bubblewrap"])
def test_what_is_killed_from_outside_is_tried_again(room, one_question, monkeypatch, victim):
    killed = []
    ready = process.AgentProcess.wait_until_ready

    def then_kill(agent):
        ready(agent)
        if not killed:
            target = warm_parent()._process if victim == "warm parent" else agent._room._process
            killed.append(target.pid)
            os.kill(target.pid, signal.SIGKILL)

    monkeypatch.setattr(process.AgentProcess, "wait_until_ready", then_kill)
    summary = one_question(ann=RIGHT, bob=RIGHT.replace("+ 1", "+ 2"))
    assert len(killed) == 1
    assert summary.faults == {}
    assert {result.submission: result.score for result in summary.results} == {"ann": 1, "bob": 0}


def test_a_submission_whose_sandbox_is_killed_each_time_is_not_graded(room, one_question, monkeypatch):
    ready, attempts = process.AgentProcess.wait_until_ready, []

    def then_kill(agent):
        ready(agent)
        if agent._room._process.poll() is None:
            attempts.append(agent._room._process.pid)
            agent._room._process.kill()
            psutil.wait_procs([agent._agent], timeout=30)  # or it might just have answered

    monkeypatch.setattr(process.AgentProcess, "wait_until_ready", then_kill)
    summary = one_question(ann=RIGHT)
    assert summary.results == ()
    assert summary.faults == {"ann": "The sandbox was killed from outside."}
    assert len(attempts) == 3


def test_when_the_kernel_kills_for_want_of_memory_it_is_nobodys_zero(room, one_question, monkeypatch):
    kills = iter(range(1000))
    monkeypatch.setattr(process, "_oom_kills", lambda: next(kills))
    summary = one_question(ann="import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n" + RIGHT)
    assert summary.faults == {"ann": "The machine ran out of memory."}


ENDS = {
    "exits": "import os\ndef f(x):\n    os._exit(0)",
    "kills_itself": "import os, signal\ndef f(x):\n    os.kill(os.getpid(), signal.SIGKILL)",
    "kills_all": "import os, signal\ndef f(x):\n    os.kill(-1, signal.SIGKILL)\n    os.kill(1, signal.SIGKILL)",
    "hog": "import numpy as np\ndef f(x):\n    kept = []\n    while True: kept.append(np.ones(2**22))",
}


def test_students_who_end_python_or_take_all_memory_lose_the_point_at_once(room, one_question, monkeypatch):
    started = []
    judge = grading.judge
    monkeypatch.setattr(run, "Limits", partial(Limits, memory_bytes=600 * 2**20))
    monkeypatch.setattr(
        grading, "judge", lambda *args, **named: (started.append(1), judge(*args, **named))[1]
    )
    summary = one_question(**ENDS)
    assert summary.faults == {}
    assert {result.submission: result.score for result in summary.results} == dict.fromkeys(ENDS, 0)
    assert len(started) == len(ENDS)
    (hog,) = (result for result in summary.results if result.submission == "hog")
    assert "memory" in hog.questions[0].reason
