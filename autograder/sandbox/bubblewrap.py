"""A room for a student's code: bubblewrap with nothing worth stealing in reach."""

from __future__ import annotations

import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import autograder
import course_utils

_CURE = "install it with your system's package manager (on Debian and Ubuntu: apt-get install bubblewrap)."


@cache
def available() -> str | None:
    """``None`` if bubblewrap works here; otherwise one sentence with the cure."""
    if shutil.which("bwrap") is None:
        return f"bubblewrap is not installed: {_CURE}"
    trial = subprocess.run([*_isolation(2**20), *_system(), "true"], capture_output=True, text=True)
    if trial.returncode == 0:
        return None
    return f"bubblewrap doesn't work here ({trial.stderr.strip()}): allow unprivileged user namespaces."


def command(agent_arguments: list[str], file_bytes: int) -> list[str]:
    """The command that runs the agent in a sandbox.

    Inside are the system's libraries, the Python that runs this, and the packages ``course_utils`` and ``autograder``,
    all read-only; one private folder, which holds at most ``file_bytes``; no network, no other process, no variable of
    the environment. The course's folder itself, with its solutions and tests, is not there.
    """
    return [
        *_isolation(file_bytes),
        *_system(),
        *_python(),
        sys.executable,
        "-m",
        "autograder.sandbox.agent",
        *agent_arguments,
    ]


def _isolation(file_bytes: int) -> list[str]:
    inside = {
        "HOME": "/tmp",
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": "/course",
        "PYTHONDONTWRITEBYTECODE": "1",
        "LANG": "C.UTF-8",
        **quiet_environment("/tmp/matplotlib"),
    }
    return [
        "bwrap",
        *("--unshare-all", "--unshare-user", "--disable-userns", "--uid", "65534", "--gid", "65534"),
        *("--die-with-parent", "--new-session", "--hostname", "sandbox", "--clearenv"),
        *(word for name, value in inside.items() for word in ("--setenv", name, value)),
        *(
            "--proc",
            "/proc",
            "--dev",
            "/dev",
            "--size",
            str(file_bytes),
            "--tmpfs",
            "/tmp",
            "--chdir",
            "/tmp",
        ),
    ]


def quiet_environment(matplotlib_folder: str) -> dict[str, str]:
    """Variables for any agent: no window, one thread, so that grading many at once doesn't crowd the machine."""
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
    return {"MPLBACKEND": "agg", "MPLCONFIGDIR": matplotlib_folder, **dict.fromkeys(threads, "1")}


def _system() -> list[str]:
    words = ["--ro-bind", "/usr", "/usr"]
    for name in ("bin", "sbin", "lib", "lib32", "lib64"):
        path = Path("/", name)
        if path.is_symlink():
            words += ["--symlink", str(path.readlink()), str(path)]
        elif path.is_dir():
            words += ["--ro-bind", str(path), str(path)]
    for name in ("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime"):
        words += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    return words


def _python() -> list[str]:
    """Read-only views of this Python and of the two packages, under their own paths and /course."""
    executable = Path(sys.executable)
    places = {Path(sys.prefix), Path(sys.base_prefix), executable.resolve().parents[1]}
    words = [
        word
        for place in sorted(places)
        if not place.is_relative_to("/usr")
        for word in ("--ro-bind", str(place), str(place))
    ]
    for package in (course_utils, autograder):
        (folder,) = package.__path__
        words += ["--ro-bind", folder, f"/course/{package.__name__}"]
    # Without its list of fonts matplotlib looks through the whole system at its first import.
    for fonts in _font_lists():
        words += ["--ro-bind", str(fonts), f"/tmp/matplotlib/{fonts.name}"]
    return words


@cache
def _font_lists() -> list[Path]:
    import matplotlib as mpl
    import matplotlib.font_manager  # writes the list

    return sorted(Path(mpl.get_cachedir()).glob("fontlist-*.json"))
