"""One running agent: started, watched, interrupted, and ended with all that came of it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
import time
from pathlib import Path

import psutil

from autograder.sandbox import cgroups
from autograder.sandbox.channel import Channel, Deadline, Usage
from autograder.sandbox.level import Level
from autograder.sandbox.limits import Limits, SandboxFault
from autograder.sandbox.rooms import ROOMS, descendants
from autograder.sandbox.wire import WireError

_START = 60.0  # seconds that an agent gets to start
_LOOK = 0.2  # seconds between two looks at what it uses


class AgentProcess:
    """An agent in its room, and the channel to it.

    It is alive from :meth:`wait_until_ready` to :meth:`end`; between them a thread looks what it uses, and ends it if that is
    too much: ``verdict`` then says what it was.

    Parameters
    ----------
    limits
        What it may use.
    level
        How well it is walled in.
    """

    def __init__(self, limits: Limits, level: Level) -> None:
        self.limits = limits
        self.verdict: tuple[str, str] | None = None  # a type of error, a sentence
        self._agent: psutil.Process | None = None
        self._schedstat: int | None = None  # a descriptor: it is read before every request
        self._ending = threading.Event()
        self._watch = threading.Thread(target=self._keep_watch, daemon=True)
        self._oom_kills = _oom_kills()
        try:
            with contextlib.ExitStack() as undo:
                ours, self._theirs = map(undo.enter_context, socket.socketpair())
                self.channel = Channel(ours)
                if (group := cgroups.make(limits)) is not None:
                    undo.callback(group.close)
                self._group = group
                self._room = ROOMS[level](limits)
                undo.pop_all()
        except OSError as error:
            raise SandboxFault(f"The sandbox did not start: {error}") from error

    def wait_until_ready(self) -> None:
        """Wait until the agent takes requests; no student's code has run before that.

        Raises
        ------
        SandboxFault
            If it doesn't start.
        """
        if self._agent is not None:
            return
        until = time.monotonic() + _START
        try:
            agent = self._room.enter(self._theirs.fileno(), until)
            self._theirs.close()
            self.channel.receive(Deadline(_START))  # the warm parent may just have been started
            if self._group is not None:
                self._group.add(agent)
            self._agent = psutil.Process(agent)
            with contextlib.suppress(OSError):  # only Linux tells
                self._schedstat = os.open(f"/proc/{agent}/schedstat", os.O_RDONLY)
            self._watch.start()
        except (OSError, ValueError, WireError, RuntimeError, psutil.Error) as error:
            complaint = self.end()
            raise SandboxFault(f"The sandbox did not start: {complaint or 'no word why'}") from error
        except SandboxFault:
            self.end()
            raise

    def interrupt(self) -> None:
        """What Ctrl+C does, to the agent alone."""
        if self._agent is not None:
            with contextlib.suppress(psutil.Error):
                self._agent.send_signal(signal.SIGINT)

    def deadline(self, seconds: float, latest: float) -> Deadline:
        """So many seconds from now, not counting those in which the agent stands in line for a processor."""
        return Deadline(seconds, usage=self._usage, is_ready=self._is_ready, latest=latest)

    def _usage(self) -> Usage:
        """What the agent has had of the processors; nothing where the system doesn't tell."""
        if self._schedstat is None:
            return Usage()
        try:
            ran, in_line, _ = os.pread(self._schedstat, 100, 0).split()
        except (OSError, ValueError):  # it has ended
            return Usage()
        return Usage(int(ran) / 1e9, int(in_line) / 1e9)

    def _is_ready(self) -> bool:
        with contextlib.suppress(psutil.Error):
            return self._agent is not None and self._agent.status() == psutil.STATUS_RUNNING
        return False

    @property
    def alive(self) -> bool:
        """Whether it has not been ended."""
        return not self._ending.is_set()

    @property
    def fault(self) -> str | None:
        """What the machine did to it, if it ended through no doing of the student's; ask when it has been ended."""
        if self._room.killed_from_outside:
            return "The sandbox was killed from outside."
        if self.verdict is None and _oom_kills() > self._oom_kills:
            return "The machine ran out of memory."
        return None

    def end(self) -> str:
        """End the agent and everything it has started; when this returns, they are gone.

        Returns
        -------
        str
            What was said on standard error before the agent was ready.
        """
        if self._ending.is_set():
            return ""
        self._ending.set()
        if self._watch.is_alive():
            self._watch.join()
        if self._group is not None:
            if self.verdict is None and self._group.out_of_memory:
                self.verdict = self._too_much_memory
            self._group.kill()
        said = self._room.close()
        if self._group is not None:
            self._group.close()
        self.channel.close()
        self._theirs.close()
        if self._schedstat is not None:
            os.close(self._schedstat)
            self._schedstat = None
        return said

    # --- watching ---

    def _keep_watch(self) -> None:
        while not self._ending.wait(_LOOK):
            if (verdict := self._too_much()) is not None:
                self.verdict = verdict
                if self._group is not None:
                    self._group.kill()
                self._room.kill()
                return

    def _too_much(self) -> tuple[str, str] | None:
        """What there is to say if more is used than may be."""
        assert self._agent is not None
        processes = {self._agent, *descendants([self._agent.pid, *self._room.parents])}
        if len(processes) > self.limits.processes:
            return "RuntimeError", "Your code started too many processes."
        if _memory(processes) > self.limits.memory_bytes:
            return self._too_much_memory
        if self._room.disk([process.pid for process in processes]) > self.limits.file_bytes:
            amount = f"{self.limits.file_bytes / 2**20:.3g} MiB"
            return "OSError", f"Your code wrote more than {amount} to files."
        return None

    @property
    def _too_much_memory(self) -> tuple[str, str]:
        amount = f"{self.limits.memory_bytes / 2**30:.3g} GiB"
        return "MemoryError", f"Your code used more than {amount} of memory."


def _oom_kills() -> int:
    """How many processes the kernel has killed because memory ran out, on the whole machine."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/vmstat").read_text().splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return 0


def _memory(processes: set[psutil.Process]) -> int:
    total = 0
    for process in processes:
        with contextlib.suppress(psutil.Error):
            total += process.memory_info().rss
    return total
