"""Walls for a student's code where bubblewrap doesn't run: Landlock, a filter on system calls, another user where we are root.

No package and no privilege is needed, so it works in most containers. What it can't give is in ``docs/threat_model.md``.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from functools import cache
from pathlib import Path

from autograder.sandbox import seccomp, view
from autograder.sandbox.restrict import Walls, landlock_version

# With version 6 (Linux 6.12) nothing inside can send a signal outside; before it only another user's processes are safe.
_SIGNALS_ARE_CLOSED = 6
# systemd keeps these for short-lived services, and a container that maps 65,536 users has them too.
_FIRST_USER, _USERS = 61184, 4336
_CURE = "Linux 6.12 or later has all that is needed; in a container, allow the landlock_ system calls"
_next_user = itertools.count(random.randrange(_USERS))


@cache
def available() -> str | None:
    """``None`` if an agent can be walled in here; otherwise one sentence with the cure."""
    if sys.platform != "linux" or not seccomp.knows_this_machine():
        return "Landlock needs Linux on x86-64 or ARM64: grade on such a machine, or in a container."
    if (version := landlock_version()) == 0:
        return f"Landlock is not in this kernel, or switched off (the boot parameter lsm= must name it): {_CURE}."
    if _complaint(other=True) is None:
        return None
    if version < _SIGNALS_ARE_CLOSED:
        return (
            f"Landlock is too old here (version {version}) to close signals: {_CURE}. With an older one, run as root, "
            f"with a Python that every user can read: {_complaint(other=True)}."
        )
    if complaint := _complaint(other=False):
        return f"Landlock doesn't work here ({complaint}): {_CURE}."
    return None


def other_user() -> bool:
    """Whether agents run as users of their own, and not as whoever runs this."""
    return _complaint(other=True) is None


def walls(folder: Path, course: Path) -> Walls:
    """The walls around an agent.

    Parameters
    ----------
    folder
        The one that it may write to.
    course
        A folder of :func:`autograder.sandbox.view.stage`.
    """
    other = other_user()
    if landlock_version() >= _SIGNALS_ARE_CLOSED:  # then another user is better, but not needed
        other = other and all(parent.stat().st_mode & 0o001 for parent in folder.parents)
    return _walls(folder, [course], other=other)


def _walls(folder: Path, more: list[Path], *, other: bool) -> Walls:
    user = _FIRST_USER + next(_next_user) % _USERS if other else None
    return Walls(str(folder), tuple(map(str, [*_readable(), *more])), user)


@cache
def _complaint(*, other: bool) -> str | None:
    """What a process says that walls itself in, on trial; ``None`` if it can."""
    if other and os.geteuid() != 0:
        return "only root can become another user"
    with tempfile.TemporaryDirectory(prefix="submission-") as folder:
        Path(folder).chmod(0o755)  # the other user must find it
        on_trial = json.dumps(asdict(_walls(Path(folder), [], other=other)))
        trial = subprocess.run(
            [sys.executable, "-m", "autograder.sandbox.restrict", on_trial],
            capture_output=True,
            text=True,
            env={"PYTHONPATH": os.pathsep.join(sys.path)},
        )
    if trial.returncode == 0:
        return None
    return (trial.stderr.strip().splitlines() or ["no word why"])[-1][:200]


def _readable() -> list[Path]:
    """What is to be read. Landlock opens folders and closes nothing in them, so that one with a course in it is taken apart."""
    folders = {path.resolve() for path in (*view.SYSTEM, *view.pythons()) if path.exists()}
    shown = [part for folder in sorted(folders) for part in _without(folder, view.courses())]
    packages = [original for original, _ in view.packages()]
    return [*shown, *packages, *(path for path in view.ETC if path.exists())]


def _without(folder: Path, hidden: list[Path]) -> Iterator[Path]:
    """The folder; or, if something hidden lies in it, all else that lies there."""
    if folder in hidden:
        return
    if not any(path.is_relative_to(folder) for path in hidden):
        yield folder
    else:
        for part in folder.iterdir():
            if not part.is_symlink():  # it may lead anywhere
                yield from _without(part, hidden)
