"""Where an agent runs, one kind of room for each level: made, entered, emptied."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from abc import ABC, abstractmethod

import psutil

from autograder.sandbox import bubblewrap, folder, landlock, view
from autograder.sandbox.level import Level
from autograder.sandbox.limits import Limits
from autograder.sandbox.warm import warm_parent

_END = 10.0  # seconds that the system gets to end what runs in a room


class Room(ABC):
    """A place for one agent and all that it starts.

    Parameters
    ----------
    limits
        What may be used in it.

    Attributes
    ----------
    parents
        The numbers of processes whose children are in the room.
    killed_from_outside
        Whether something other than the grader and the student's code has ended it; known when it is closed.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.parents: list[int] = []
        self.killed_from_outside = False

    @property
    def resources(self) -> dict[str, int]:
        """Limits of each process in it, by the names of :mod:`resource` without ``RLIMIT_``."""
        return {"CORE": 0, "FSIZE": self.limits.file_bytes, "NOFILE": 512}

    @abstractmethod
    def enter(self, channel: int, until: float) -> int:
        """Start an agent with its end of the channel; return its process number.

        Raises
        ------
        OSError, ValueError, SandboxFault
            If there is none at that time.
        """

    def disk(self, processes: list[int]) -> int:  # noqa: ARG002
        """Bytes on disk that nothing but a look at them bounds."""
        return 0

    @abstractmethod
    def kill(self) -> None:
        """See to it that everything in it ends."""

    @abstractmethod
    def close(self) -> str:
        """Wait until nothing runs in it any more and remove it; return what was said before the agent was ready."""


class _BubblewrapRoom(Room):
    """A room of namespaces; when its first process ends, the kernel ends all others."""

    def __init__(self, limits: Limits) -> None:
        super().__init__(limits)
        self._first: int | None = None  # a descriptor of the first process in it
        self._info, info = os.pipe()
        try:
            self._process = subprocess.Popen(
                bubblewrap.command(warm_parent().course, limits.file_bytes, info),
                pass_fds=(info,),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={"PATH": os.environ.get("PATH", "")},
                cwd="/",
                start_new_session=True,
            )
        except OSError:
            os.close(self._info)
            raise
        finally:
            os.close(info)
        self.parents = [self._process.pid]

    @property
    def resources(self) -> dict[str, int]:
        return super().resources | {"NPROC": 2 * self.limits.processes}  # it counts threads too

    def enter(self, channel: int, until: float) -> int:
        self._first = os.pidfd_open(self._first_process(until))
        self._await_the_room(until)
        return warm_parent().fork(channel, self._first, self.resources)[0]

    def _first_process(self, until: float) -> int:
        """The number of the room's first process, which bubblewrap tells."""
        told = b""
        while b"}" not in told:
            if not _is_readable(self._info, until - time.monotonic()):
                raise TimeoutError
            if not (piece := os.read(self._info, 1000)):
                raise ConnectionResetError
            told += piece
        return int(json.loads(told)["child-pid"])

    def _await_the_room(self, until: float) -> None:
        """What is in the room echoes, as soon as everything is mounted."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(b"!")
        self._process.stdin.flush()
        if not _is_readable(self._process.stdout.fileno(), until - time.monotonic()):
            raise TimeoutError
        if not os.read(self._process.stdout.fileno(), 1):
            raise ConnectionResetError

    def kill(self) -> None:
        if self._first is None:
            self._process.kill()
        else:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._first, signal.SIGKILL)

    def close(self) -> str:
        self.kill()
        if self._first is not None:
            _is_readable(self._first, _END)
            os.close(self._first)
        os.close(self._info)
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
        said = _end(self._process)
        # Nobody inside can signal bubblewrap, nor can an end that comes from inside look like this one.
        self.killed_from_outside = self._process.returncode < 0
        return said


class _LandlockRoom(Room):
    """A folder, and an agent that walls itself in; its parent ends all that came of it when a pipe is closed."""

    def __init__(self, limits: Limits) -> None:
        super().__init__(limits)
        self._folder = folder.make()
        self._walls = landlock.walls(self._folder, warm_parent().course)
        self._parent: int | None = None  # a descriptor of the agent's parent
        self._theirs, self._ours = os.pipe()

    @property
    def resources(self) -> dict[str, int]:
        most = 2 * self.limits.processes
        if self._walls.user is None:  # then whatever else the user runs counts too; root is exempt
            most += _threads_of_this_user()
        return super().resources | {"NPROC": most}

    def enter(self, channel: int, until: float) -> int:  # noqa: ARG002
        agent, parent = warm_parent().fork(channel, self._theirs, self.resources, self._walls)
        self._parent = os.pidfd_open(parent)
        self.parents = [parent]
        return agent

    def disk(self, processes: list[int]) -> int:
        return folder.size(self._folder, processes, self.limits.file_bytes)

    def kill(self) -> None:
        if self._ours >= 0:
            with contextlib.suppress(BrokenPipeError):
                os.write(self._ours, b"!")  # for a fork of this process may hold it open
            os.close(self._ours)
            self._ours = -1

    def close(self) -> str:
        # The parent stays until it is told to go, and nobody inside can signal it.
        still_here = self._ours < 0 or self._parent is None or not _is_readable(self._parent, 0)
        self.killed_from_outside = not still_here
        self.kill()
        os.close(self._theirs)
        if self._parent is not None:
            _is_readable(self._parent, _END)
            os.close(self._parent)
        folder.remove(self._folder)
        return ""


class _OpenRoom(Room):
    """No room: the agent has the rights of whoever runs this. It is a Python of its own, so that it runs on every system."""

    def __init__(self, limits: Limits) -> None:
        super().__init__(limits)
        self._folder = folder.make()
        self._process: subprocess.Popen[bytes] | None = None

    def enter(self, channel: int, until: float) -> int:  # noqa: ARG002
        self._process = subprocess.Popen(
            [sys.executable, "-m", "autograder.sandbox.agent", str(channel), json.dumps(self.resources)],
            pass_fds=(channel,),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={"PATH": os.environ.get("PATH", ""), **view.quiet_environment(str(self._folder))},
            cwd=self._folder,
            start_new_session=True,
        )
        self.parents = [self._process.pid]
        return self._process.pid

    def disk(self, processes: list[int]) -> int:
        return folder.size(self._folder, processes, self.limits.file_bytes)

    def kill(self) -> None:
        """Nobody does it for us: stop all, so that none starts another, and kill them."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGSTOP)
        processes: set[psutil.Process] = set()
        while new := descendants(self.parents) - processes:
            for process in new:
                with contextlib.suppress(psutil.Error):
                    process.suspend()
            processes |= new
        for process in processes:
            with contextlib.suppress(psutil.Error):
                process.kill()
        self._process.kill()
        psutil.wait_procs(processes, timeout=_END)

    def close(self) -> str:
        self.kill()
        said = "" if self._process is None else _end(self._process)
        folder.remove(self._folder)
        return said


ROOMS: dict[Level, type[Room]] = {
    Level.BUBBLEWRAP: _BubblewrapRoom,
    Level.LANDLOCK: _LandlockRoom,
    Level.NONE: _OpenRoom,
}


def descendants(parents: list[int]) -> set[psutil.Process]:
    """All that have come of some processes and run."""
    found: set[psutil.Process] = set()
    for number in parents:
        with contextlib.suppress(psutil.Error):
            found |= {*psutil.Process(number).children(recursive=True)}
    return found


def _end(process: subprocess.Popen[bytes]) -> str:
    """Wait for its end, or kill it; return the end of what it has said."""
    try:
        process.wait(_END)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    assert process.stderr is not None
    with process.stderr as stderr:
        os.set_blocking(stderr.fileno(), False)
        return (stderr.read() or b"").decode(errors="replace").strip()[-500:]


def _threads_of_this_user() -> int:
    user, count = os.getuid(), 0
    with os.scandir("/proc") as entries:
        for entry in entries:
            with contextlib.suppress(OSError):  # it may just have ended
                if entry.name.isdigit() and entry.stat().st_uid == user:
                    count += len(os.listdir(f"{entry.path}/task"))  # noqa: PTH208
    return count


def _is_readable(descriptor: int, seconds: float) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(max(1000 * seconds, 0)))
