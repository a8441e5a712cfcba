import subprocess
import sys
from pathlib import Path

import pytest

from autograder.sandbox import Level, bubblewrap

COURSE = Path("/tmp/course-of-a-test")

pytestmark = pytest.mark.usefixtures("fresh")
BUBBLEWRAP = pytest.mark.parametrize("level", [Level.BUBBLEWRAP], ids=str)


@pytest.fixture
def fresh():
    """Forget between tests what was found out about this machine."""
    bubblewrap.available.cache_clear()
    yield
    bubblewrap.available.cache_clear()


def test_a_missing_bubblewrap_is_named_with_its_cure(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert "bubblewrap is not installed" in bubblewrap.available()
    assert "apt-get install bubblewrap" in bubblewrap.available()


@pytest.mark.parametrize(
    ("version", "code", "complaint", "word"),
    [
        ("bubblewrap 0.6.1", 0, "", "too old"),
        ("bubblewrap 0.8.0", 1, "bwrap: setting up uid map: Permission denied", "Permission denied"),
    ],
)
def test_a_bubblewrap_that_does_not_work_says_why(monkeypatch, version, code, complaint, word):
    def run(words, **_):
        if words[1] == "--version":
            return subprocess.CompletedProcess(words, 0, version, "")
        return subprocess.CompletedProcess(words, code, "", complaint)

    monkeypatch.setattr("shutil.which", lambda name: "/usr/bin/bwrap")
    monkeypatch.setattr("subprocess.run", run)
    assert word in bubblewrap.available()


@BUBBLEWRAP
def test_a_bubblewrap_that_works_needs_no_word(level):
    assert bubblewrap.available() is None


def bound(words):
    """What the sandbox holds: path inside → what was mounted there and how."""
    options = {"--ro-bind": 2, "--ro-bind-try": 2, "--bind": 2, "--dev-bind": 2, "--symlink": 2, "--tmpfs": 1}
    found = {}
    for i, word in enumerate(words):
        if word in options:
            found[words[i + options[word]]] = (word, words[i + 1])
    return found


def test_nothing_is_bound_so_that_it_can_be_written_to():
    inside = bound(bubblewrap.command(COURSE, 2**20, 3))
    assert {how for how, _ in inside.values()} <= {"--ro-bind", "--ro-bind-try", "--symlink", "--tmpfs"}
    assert {path for path, (how, _) in inside.items() if how == "--tmpfs"} >= {"/tmp", "/dev/shm"}


def test_a_virtual_environment_in_tmp_lies_on_top_of_the_private_folder(monkeypatch):
    monkeypatch.setattr(sys, "prefix", "/tmp/clone/.venv")
    words = bubblewrap.command(COURSE, 2**20, 3)
    assert words.index("/tmp") < words.index("/tmp/clone/.venv")


def course_in(folder):
    for name in ("solutions", "autograder", "course_utils", "tests"):
        (folder / name).mkdir(parents=True)
    return folder


def test_the_folder_of_the_course_is_covered_where_a_bound_folder_holds_it(tmp_path, monkeypatch):
    python = tmp_path / "opt"
    course = course_in(python / "src" / "course")
    environment = course / ".venv"
    environment.mkdir()
    monkeypatch.setattr(sys, "base_prefix", str(python))
    monkeypatch.setattr(sys, "prefix", str(environment))
    monkeypatch.chdir(course / "tests")
    words = bubblewrap.command(COURSE, 2**20, 3)
    inside = bound(words)
    assert inside[str(python)] == ("--ro-bind", str(python))
    assert inside[str(course)] == ("--tmpfs", str(course))
    assert inside[str(environment)] == ("--ro-bind", str(environment))
    order = [words.index(str(path)) for path in (python, course, environment)]
    assert order == sorted(order)
    assert words[words.index("--remount-ro") + 1] == str(course)


def test_a_virtual_environment_that_is_the_course_shows_only_its_own_parts(tmp_path, monkeypatch):
    course = course_in(tmp_path / "course")
    (course / "lib").mkdir()
    monkeypatch.setattr(sys, "prefix", str(course))
    monkeypatch.chdir(course)
    inside = bound(bubblewrap.command(COURSE, 2**20, 3))
    assert str(course) not in inside
    assert str(course / "lib") in inside
    assert not [path for path in inside if path.startswith(str(course / "solutions"))]


@BUBBLEWRAP
def test_a_course_under_usr_can_not_be_seen(level, monkeypatch):
    """The rule above, with the real bubblewrap; Docker images like to put programs under /usr/src."""
    course = Path("/usr/src/course-of-a-test")
    try:
        course_in(course)
    except OSError:
        pytest.skip("/usr/src can't be written to")
    try:
        (course / "solutions" / "answers.py").write_text("42")
        monkeypatch.chdir(course)
        words = bubblewrap.command(COURSE, 2**20, 2)
        look = words[:-1]
        found = subprocess.run([*look, "ls", "-A", str(course)], capture_output=True, text=True)
        assert (found.returncode, found.stdout) == (0, "")
        touched = subprocess.run([*look, "touch", f"{course}/x"], capture_output=True, text=True)
        assert touched.returncode != 0
    finally:
        monkeypatch.undo()
        subprocess.run(["rm", "-r", str(course)], check=True)
