"""Limits that the kernel keeps, where this process may make control groups (version 2); elsewhere a watch looks and ends.

Root may on most machines without systemd; with it, whoever starts the grader by ``systemd-run --user --scope -p Delegate=yes``.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import time
from functools import cache
from pathlib import Path

import psutil

from autograder.sandbox.limits import Limits

_WANTED = ("memory", "pids")
_END = 2.0  # seconds until a group whose processes were killed is empty
_numbers = itertools.count()


class Group:
    """A control group for one agent and all that comes of it.

    Parameters
    ----------
    folder
        Where it is in the file system of control groups.
    limits
        What may be used in it.
    """

    def __init__(self, folder: Path, limits: Limits) -> None:
        self._folder = folder
        folder.mkdir()
        self._set("memory.max", limits.memory_bytes)
        self._set("pids.max", 2 * limits.processes)  # threads count too
        self._set("memory.oom.group", 1)  # all or none, so that no half of a computation goes on
        with contextlib.suppress(OSError):  # there is no swap
            self._set("memory.swap.max", 0)

    def _set(self, name: str, value: int) -> None:
        (self._folder / name).write_text(str(value))

    def add(self, process: int) -> None:
        """Put a process in; what it starts from now on is in the group too."""
        self._set("cgroup.procs", process)

    @property
    def out_of_memory(self) -> bool:
        """Whether something was ended because the group had no more memory."""
        events = dict(line.split() for line in (self._folder / "memory.events").read_text().splitlines())
        return int(events["oom_kill"]) > 0

    def kill(self) -> None:
        """End all at once; kernels before 5.14 can't."""
        with contextlib.suppress(OSError):
            self._set("cgroup.kill", 1)

    def close(self) -> None:
        """Remove it, when nothing runs in it any more."""
        until = time.monotonic() + _END
        while time.monotonic() < until:
            with contextlib.suppress(OSError):
                self._folder.rmdir()
                return
            time.sleep(0.01)


def make(limits: Limits) -> Group | None:
    """A new group; ``None`` where there can't be one."""
    if (folder := home()) is None:
        return None
    return Group(folder / f"course-{os.getpid()}-{next(_numbers)}", limits)


@cache
def home() -> Path | None:
    """The group under which others with limits can be made; ``None`` if there is none."""
    try:
        folder = _mount() / _own_group().lstrip("/")
        if not {*_WANTED} <= {*(folder / "cgroup.controllers").read_text().split()}:
            return None
        _enable(folder)
    except (OSError, StopIteration):
        return None
    for old in folder.glob("course-*-*"):
        if not psutil.pid_exists(int(old.name.split("-")[1])):  # it was killed and couldn't clear up
            with contextlib.suppress(OSError):
                old.rmdir()
    return folder


def _mount() -> Path:
    mounts = (line.split() for line in Path("/proc/self/mountinfo").read_text().splitlines())
    return Path(next(words[4] for words in mounts if words[words.index("-") + 1] == "cgroup2"))


def _own_group() -> str:
    lines = Path("/proc/self/cgroup").read_text().splitlines()
    return next(line.removeprefix("0::") for line in lines if line.startswith("0::"))


def _enable(folder: Path) -> None:
    """Let groups below have limits. A group with processes of its own can't, so this process moves down if it must."""
    switch, words = folder / "cgroup.subtree_control", " ".join(f"+{name}" for name in _WANTED)
    try:
        switch.write_text(words)
    except OSError as error:
        if error.errno != errno.EBUSY:
            raise
        below, this = folder / f"course-{os.getpid()}-judge", str(os.getpid())
        below.mkdir()
        (below / "cgroup.procs").write_text(this)
        try:
            switch.write_text(words)
        except OSError:  # there are others in it
            (folder / "cgroup.procs").write_text(this)
            below.rmdir()
            raise
