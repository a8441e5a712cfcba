"""Control groups, where there are some; what decides where there are is tested everywhere."""

import errno
import os
from pathlib import Path

import psutil
import pytest

from autograder.sandbox import Level, cgroups
from autograder.sandbox.limits import Limits
from course_utils.checks import StudentError


@pytest.fixture
def home():
    if (folder := cgroups.home()) is None:
        pytest.skip("no control groups of version 2 can be made here")
    return folder


def groups(home):
    return [path.name for path in home.glob("course-*-*") if not path.name.endswith("judge")]


def test_memory_that_no_process_is_charged_with_is_bounded(home, kernel_of):
    """A file in memory, which no look at the processes shows."""
    kernel = kernel_of(
        "import os",
        "def hog():\n    for _ in range(100):\n        file = os.memfd_create('x'); os.write(file, bytes(2**24))",
        "def fine(): return 1",
        memory_bytes=512 * 2**20,
        call_seconds=30,
    )
    with pytest.raises(StudentError, match=r"more than 0\.5 GiB of memory") as caught:
        kernel.lookup("hog")()
    assert caught.value.type_name == "MemoryError"
    assert kernel.lookup("fine")() == 1


@pytest.mark.parametrize("level", [Level.NONE], ids=str)
def test_a_thread_too_many_is_refused(home, kernel_of):
    kernel = kernel_of(
        "import threading, time",
        """
def brood():
    for number in range(100):
        try:
            threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
        except RuntimeError:
            return number
""",
        processes=20,
        call_seconds=30,
    )
    assert 20 < kernel.lookup("brood")() <= 40


def test_nothing_is_left_of_a_group(home, kernel_of):
    before = groups(home)
    kernel = kernel_of("import os, time\nif os.fork() == 0:\n    os.setsid(); time.sleep(1000)")
    (name,) = set(groups(home)) - set(before)
    inside = [psutil.Process(int(line)) for line in (home / name / "cgroup.procs").read_text().split()]
    assert len(inside) == 2
    kernel.__exit__(None, None, None)
    assert groups(home) == before
    assert not [process for process in inside if process.is_running() and process.status() != "zombie"]


# --- where they can be made --------------------------------------------------------------------------------------


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """What looks like a group of this process, with files that take what is written."""
    (tmp_path / "own").mkdir()
    for name, text in {"controllers": "cpu memory pids", "subtree_control": "", "procs": ""}.items():
        (tmp_path / "own" / f"cgroup.{name}").write_text(text)
    monkeypatch.setattr(cgroups, "_mount", lambda: tmp_path)
    monkeypatch.setattr(cgroups, "_own_group", lambda: "/own")
    cgroups.home.cache_clear()
    yield tmp_path / "own"
    cgroups.home.cache_clear()


def test_they_are_made_below_the_own_group(tree):
    assert cgroups.home() == tree
    assert (tree / "cgroup.subtree_control").read_text() == "+memory +pids"


def test_groups_of_dead_graders_are_removed(tree):
    dead, alive = tree / "course-99999999-0", tree / f"course-{os.getpid()}-0"
    dead.mkdir()
    alive.mkdir()
    cgroups.home()
    assert not dead.exists()
    assert alive.exists()


def test_without_the_controllers_there_are_none(tree):
    (tree / "cgroup.controllers").write_text("hugetlb")
    assert cgroups.home() is None
    assert cgroups.make(Limits()) is None


@pytest.mark.parametrize("others", [False, True])
def test_a_grader_that_is_in_the_way_moves_down(tree, monkeypatch, others):
    write, tries = Path.write_text, []

    def write_text(path, text):
        if path.name == "cgroup.subtree_control":
            tries.append(path)
            if len(tries) == 1 or others:
                raise OSError(errno.EBUSY, "busy")
        if path.name == "cgroup.procs" and path.parent != tree:
            return 0
        return write(path, text)

    monkeypatch.setattr(Path, "write_text", write_text)
    assert cgroups.home() == (None if others else tree)
    assert (tree / f"course-{os.getpid()}-judge").exists() is not others
    assert (tree / "cgroup.procs").read_text() == (str(os.getpid()) if others else "")
