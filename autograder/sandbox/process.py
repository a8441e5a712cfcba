"""One running agent: started, watched, interrupted, and ended with all that came of it."""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil

from autograder.sandbox import bubblewrap
from autograder.sandbox.channel import Channel
from autograder.sandbox.limits import Limits, SandboxFault
from autograder.sandbox.warm import warm_parent
from autograder.sandbox.wire import WireError

_START = 60.0  # seconds that an agent gets to start
_END = 10.0  # seconds that the system gets to end it
_LOOK = 0.2  # seconds between two looks at what it uses


class AgentProcess:
    """An agent, in a sandbox or not, and the channel to it.

    It is alive from :meth:`wait_until_ready` to :meth:`end`; between them a thread looks what it uses, and ends it if that is
    too much: ``verdict`` then says what it was.

    Parameters
    ----------
    limits
        What it may use.
    sandboxed
        Whether it runs in bubblewrap; otherwise it has the rights of whoever runs this.
    """

    def __init__(self, limits: Limits, *, sandboxed: bool) -> None:
        self.limits = limits
        self.sandboxed = sandboxed
        self.verdict: tuple[str, str] | None = None  # a type of error, a sentence
        self._first: int | None = None  # a descriptor of the sandbox's first process: its end is everybody's
        self._agent: psutil.Process | None = None
        self._ending = threading.Event()
        self._watch = threading.Thread(target=self._keep_watch, daemon=True)
        self._oom_kills = _oom_kills()
        try:
            with contextlib.ExitStack() as undo:
                self._folder = "" if sandboxed else tempfile.mkdtemp(prefix="submission-")
                undo.callback(shutil.rmtree, self._folder, ignore_errors=True)
                ours, self._theirs = map(undo.enter_context, socket.socketpair())
                self.channel = Channel(ours)
                self._info, info = os.pipe()
                undo.callback(os.close, self._info)
                try:
                    self._process = self._spawn(info)
                finally:
                    os.close(info)
                undo.pop_all()
        except OSError as error:
            raise SandboxFault(f"The sandbox did not start: {error}") from error

    def _spawn(self, info: int) -> subprocess.Popen[bytes]:
        """Start bubblewrap, which makes the room, or the agent itself where there is no sandbox."""
        if self.sandboxed:
            words = bubblewrap.command(warm_parent().course, self.limits.file_bytes, info)
            environment, descriptors = {}, (info,)
        else:
            words = [
                sys.executable,
                "-m",
                "autograder.sandbox.agent",
                str(self._theirs.fileno()),
                json.dumps(self._resources),
            ]
            environment, descriptors = bubblewrap.quiet_environment(self._folder), (self._theirs.fileno(),)
        return subprocess.Popen(
            words,
            pass_fds=descriptors,
            stdin=subprocess.PIPE if self.sandboxed else subprocess.DEVNULL,
            stdout=subprocess.PIPE if self.sandboxed else subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={"PATH": os.environ.get("PATH", ""), **environment},
            cwd=self._folder or "/",
            start_new_session=True,
        )

    @property
    def _resources(self) -> dict[str, int]:
        limits = {"CORE": 0, "FSIZE": self.limits.file_bytes, "NOFILE": 512}
        # Outside a sandbox it would count whatever else the user runs. Root is exempt, hence the watch.
        if self.sandboxed:
            limits["NPROC"] = 2 * self.limits.processes  # it counts threads too
        return limits

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
            if self.sandboxed:
                self._first = os.pidfd_open(self._first_process(until))
                self._await_the_room(until)
                agent = warm_parent().fork(self._theirs.fileno(), self._first, self._resources)
            else:
                agent = self._process.pid
            self._theirs.close()
            self.channel.receive(
                time.monotonic() + _START
            )  # the first fork waits for the warm parent's imports
            self._agent = psutil.Process(agent)
            self._watch.start()
        except (OSError, ValueError, WireError, RuntimeError, psutil.Error) as error:
            complaint = self.end()
            raise SandboxFault(f"The sandbox did not start: {complaint or 'no word why'}") from error
        except SandboxFault:
            self.end()
            raise

    def _first_process(self, until: float) -> int:
        """The number of the sandbox's first process, which bubblewrap tells."""
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

    def interrupt(self) -> None:
        """What Ctrl+C does, to the agent alone."""
        if self._agent is not None:
            with contextlib.suppress(psutil.Error):
                self._agent.send_signal(signal.SIGINT)

    @property
    def alive(self) -> bool:
        """Whether it has not been ended."""
        return not self._ending.is_set()

    @property
    def fault(self) -> str | None:
        """What the machine did to it, if it ended through no doing of the student's; ask when it has been ended."""
        # Nobody inside can signal bubblewrap, nor can an end that comes from inside look like this one.
        if self.sandboxed and self._process.returncode < 0:
            return "The sandbox was killed from outside."
        if self.verdict is None and _oom_kills() > self._oom_kills:
            return "The machine ran out of memory."
        return None

    # --- ending ---

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
        self._kill()
        self._await_the_end()
        self.channel.close()
        self._theirs.close()
        os.close(self._info)
        if self._first is not None:
            os.close(self._first)
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
        assert self._process.stderr is not None
        with self._process.stderr as stderr:
            os.set_blocking(stderr.fileno(), False)
            return (stderr.read() or b"").decode(errors="replace").strip()[-500:]

    def _kill(self) -> None:
        """Kill the first process of the sandbox, and with it the kernel ends all others."""
        if self._first is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._first, signal.SIGKILL)
        else:
            self._kill_one_by_one()

    def _kill_one_by_one(self) -> None:
        """Without a sandbox nobody does it for us: stop all, so that none starts another, and kill them."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGSTOP)
        processes: set[psutil.Process] = set()
        while new := {*self._processes()[1:]} - processes:
            for process in new:
                with contextlib.suppress(psutil.Error):
                    process.suspend()
            processes |= new
        for process in processes:
            with contextlib.suppress(psutil.Error):
                process.kill()
        self._process.kill()
        psutil.wait_procs(processes, timeout=_END)

    def _await_the_end(self) -> None:
        if self._first is not None:
            _is_readable(self._first, _END)
        try:
            self._process.wait(_END)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _processes(self) -> list[psutil.Process]:
        """The agent and all that has come of it; in a room, orphans are its first process's children."""
        found = [] if self._agent is None else [self._agent]
        for number in {self._process.pid, *(process.pid for process in found)}:
            with contextlib.suppress(psutil.Error):
                found += psutil.Process(number).children(recursive=True)
        return found

    # --- watching ---

    def _keep_watch(self) -> None:
        while not self._ending.wait(_LOOK):
            processes = self._processes()
            if len(processes) > self.limits.processes:
                self.verdict = "RuntimeError", "Your code started too many processes."
            elif _memory(processes) > self.limits.memory_bytes:
                amount = f"{self.limits.memory_bytes / 2**30:.3g} GiB"
                self.verdict = "MemoryError", f"Your code used more than {amount} of memory."
            if self.verdict is not None:
                self._kill()
                return


def _memory(processes: list[psutil.Process]) -> int:
    total = 0
    for process in processes:
        with contextlib.suppress(psutil.Error):
            total += process.memory_info().rss
    return total


def _oom_kills() -> int:
    """How many processes the kernel has killed because memory ran out, on the whole machine."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/vmstat").read_text().splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return 0


def _is_readable(descriptor: int, seconds: float) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(max(1000 * seconds, 0)))
