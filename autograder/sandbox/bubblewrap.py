"""A room for a student's code: bubblewrap with nothing worth stealing in reach."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import autograder
import course_utils

_OLDEST = (0, 8)  # the first that can forbid further user namespaces
_CURE = "install it with your system's package manager (on Debian and Ubuntu: apt-get install bubblewrap)."
# All that the agent and its parent need of the grader. The rest stays outside: what builds the course knows its solutions.
_AGENT = ("__init__.py", "sandbox/__init__.py", "sandbox/agent.py", "sandbox/nursery.py", "sandbox/wire.py")
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64")
_ETC = ("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "alternatives", "fonts")


@cache
def available() -> str | None:
    """``None`` if bubblewrap works here; otherwise one sentence with the cure."""
    if shutil.which("bwrap") is None:
        return f"bubblewrap is not installed: {_CURE}"
    said = subprocess.run(["bwrap", "--version"], capture_output=True, text=True).stdout
    if (found := re.search(r"(\d+)\.(\d+)", said)) and (int(found[1]), int(found[2])) < _OLDEST:
        return f"bubblewrap {found[0]} is too old: install version {_OLDEST[0]}.{_OLDEST[1]} or later."
    trial = subprocess.run([*_isolation(), *_room(2**20), "true"], capture_output=True, text=True)
    if trial.returncode == 0:
        return None
    return (
        f"bubblewrap doesn't work here ({trial.stderr.strip()[:200]}): allow user namespaces for ordinary users "
        "(as root: sysctl kernel.apparmor_restrict_unprivileged_userns=0 kernel.unprivileged_userns_clone=1)."
    )


def command(course: Path, file_bytes: int, info_fd: int) -> list[str]:
    """The command that makes a room, empty but for a process that echoes its input and ends with it.

    Inside are the system's libraries, the Python that runs this, the package ``course_utils`` and the agent, all read-only;
    a private folder, which is home and working folder; no network, no other process, no variable of the environment.
    The course's folder, with its solutions, tests and submissions, is not there.

    Parameters
    ----------
    course
        A folder of :func:`stage`; what it shows is in the room under the same path.
    file_bytes
        How much the private folder holds.
    info_fd
        Where bubblewrap is to write the process number of the room's first process.
    """
    return [*_isolation(), "--info-fd", str(info_fd), *_room(file_bytes, course), "cat"]


def stage() -> Path:
    """A new folder with links to all that an agent may import of this course."""
    course = Path(tempfile.mkdtemp(prefix="course-"))
    for original, name in _packages():
        (course / name).parent.mkdir(parents=True, exist_ok=True)
        (course / name).symlink_to(original)
    return course


def quiet_environment(home: str) -> dict[str, str]:
    """Variables for any agent: no window, one thread, so that grading many at once doesn't crowd the machine."""
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
    return {
        "HOME": home,
        "MPLBACKEND": "agg",
        "MPLCONFIGDIR": f"{home}/matplotlib",
        "PYTHONHASHSEED": "0",  # so that sets have the same order each time
        "PYTHONUTF8": "1",
        **dict.fromkeys(threads, "1"),
    }


def _isolation() -> list[str]:
    return [
        "bwrap",
        *("--unshare-all", "--unshare-user", "--disable-userns", "--uid", "65534", "--gid", "65534"),
        *("--cap-drop", "ALL", "--die-with-parent", "--new-session", "--hostname", "sandbox", "--clearenv"),
    ]


def _room(file_bytes: int, course: Path | None = None) -> list[str]:
    """Everything there is to see; what was mounted last lies on top, and a virtual environment may be in /tmp."""
    seals = ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/tmp"]
    packages = [] if course is None else [(original, course / name) for original, name in _packages()]
    bound = [word for original, place in packages for word in ("--ro-bind", str(original), str(place))]
    return [*_private(file_bytes), *_mounts(), *bound, *_etc(), *seals]


def _mounts() -> list[str]:
    """Read-only views of what Python needs, under the paths they have outside; a folder comes before what is in it."""
    words: dict[Path, list[str]] = {}
    for path in map(Path, _SYSTEM):
        if path.is_symlink():
            words[path] = ["--symlink", str(path.readlink()), str(path)]
        elif path.is_dir():
            words[path] = ["--ro-bind", str(path), str(path)]
    pythons = _pythons()
    hidden = [course for course in _courses() if _within(course, [*words, *pythons])]
    for course in hidden:
        words[course] = ["--tmpfs", str(course)]
    for path in pythons:
        if not _within(path, words) or _within(path, hidden):
            words[path] = ["--ro-bind", str(path), str(path)]
    sealed = [word for course in hidden for word in ("--remount-ro", str(course))]
    return [word for path in sorted(words) for word in words[path]] + sealed


def _pythons() -> list[Path]:
    """The folders of this Python: of its virtual environment, and of what that was made from."""
    behind_links = Path(sys.executable).resolve().parents[1]
    folders = {Path(sys.prefix), Path(sys.base_prefix), Path(sys.base_exec_prefix), behind_links}
    courses = _courses()
    parts = (
        "bin",
        "lib",
        "lib64",
        "pyvenv.cfg",
    )  # of a virtual environment that is the course's folder itself
    inside = [folder / part for folder in folders if folder in courses for part in parts]
    return sorted({*(folders - set(courses)), *(path for path in inside if path.exists())})


def _courses() -> list[Path]:
    """Folders with masters in them, that must not be seen: around the package and around the working folder."""
    around = [*Path(str(autograder.__file__)).resolve().parents, Path.cwd(), *Path.cwd().parents]
    return sorted({folder for folder in around if (folder / "solutions").is_dir()})


def _within(path: Path, folders: Iterable[Path]) -> bool:
    return any(path.is_relative_to(folder) for folder in folders)


def _packages() -> list[tuple[Path, str]]:
    """What an agent may import of this course, and under which name."""
    grader, utils = Path(str(autograder.__file__)).parent, Path(str(course_utils.__file__)).parent
    return [(utils, "course_utils"), *((grader / name, f"autograder/{name}") for name in _AGENT)]


def _etc() -> list[str]:
    return [word for name in _ETC for word in ("--ro-bind-try", f"/etc/{name}", f"/etc/{name}")]


def _private(file_bytes: int) -> list[str]:
    """The kernel's folders, and the two that can be written to, each of bounded size."""
    size = ("--size", str(file_bytes), "--tmpfs")
    words = ["--proc", "/proc", *_switches(), "--dev", "/dev", *size, "/dev/shm", *size, "/tmp"]
    # Without its list of fonts matplotlib looks through the whole system at its first import.
    for fonts in _font_lists():
        words += ["--ro-bind", str(fonts), f"/tmp/matplotlib/{fonts.name}"]
    return words


def _switches() -> list[str]:
    """Read-only views of the kernel's switches: what root starts has root's user number inside too, and could turn them."""
    entries = sorted(
        path for path in Path("/proc").iterdir() if not path.name.isdigit() and not path.is_symlink()
    )
    can_be_written = [path for path in entries if path.is_dir() or path.stat().st_mode & 0o222]
    return [word for path in can_be_written for word in ("--ro-bind-try", str(path), str(path))]


@cache
def _font_lists() -> list[Path]:
    import matplotlib as mpl
    import matplotlib.font_manager  # writes the list

    return sorted(Path(mpl.get_cachedir()).glob("fontlist-*.json"))
