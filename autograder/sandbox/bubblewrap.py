"""A room for a student's code: bubblewrap with nothing worth stealing in reach."""

from __future__ import annotations

import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

from autograder.sandbox import view

_OLDEST = (0, 8)  # the first that can forbid further user namespaces
_CURE = "install it with your system's package manager (on Debian and Ubuntu: apt-get install bubblewrap)."


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
        A folder of :func:`autograder.sandbox.view.stage`; what it shows is in the room under the same path.
    file_bytes
        How much the private folder holds.
    info_fd
        Where bubblewrap is to write the process number of the room's first process.
    """
    return [*_isolation(), "--info-fd", str(info_fd), *_room(file_bytes, course), "cat"]


def _isolation() -> list[str]:
    return [
        "bwrap",
        *("--unshare-all", "--unshare-user", "--disable-userns", "--uid", "65534", "--gid", "65534"),
        *("--cap-drop", "ALL", "--die-with-parent", "--new-session", "--hostname", "sandbox", "--clearenv"),
    ]


def _room(file_bytes: int, course: Path | None = None) -> list[str]:
    """Everything there is to see; what was mounted last lies on top, and a virtual environment may be in /tmp."""
    seals = ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/tmp"]
    packages = [] if course is None else [(original, course / name) for original, name in view.packages()]
    bound = [word for original, place in packages for word in ("--ro-bind", str(original), str(place))]
    return [*_private(file_bytes), *_mounts(), *bound, *_etc(), *seals]


def _mounts() -> list[str]:
    """Read-only views of what Python needs, under the paths they have outside; a folder comes before what is in it."""
    words: dict[Path, list[str]] = {}
    for path in view.SYSTEM:
        if path.is_symlink():
            words[path] = ["--symlink", str(path.readlink()), str(path)]
        elif path.is_dir():
            words[path] = ["--ro-bind", str(path), str(path)]
    pythons = view.pythons()
    hidden = [course for course in view.courses() if view.within(course, [*words, *pythons])]
    for course in hidden:
        words[course] = ["--tmpfs", str(course)]
    for path in pythons:
        if not view.within(path, words) or view.within(path, hidden):
            words[path] = ["--ro-bind", str(path), str(path)]
    sealed = [word for course in hidden for word in ("--remount-ro", str(course))]
    return [word for path in sorted(words) for word in words[path]] + sealed


def _etc() -> list[str]:
    return [word for path in view.ETC for word in ("--ro-bind-try", str(path), str(path))]


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
