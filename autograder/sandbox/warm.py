"""The judge's end of the nursery: one warm process, from which every sandboxed agent is forked."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from dataclasses import asdict
from functools import cache
from pathlib import Path

from autograder.sandbox import view
from autograder.sandbox.limits import SandboxFault
from autograder.sandbox.restrict import Walls

_START = 120.0  # seconds that everything gets to be imported
_FORK = 30.0  # seconds that a fork gets


class WarmParent:
    """A process that has imported numpy, torch, matplotlib and the course, and forks agents.

    It starts with the first fork, if it isn't told before. If it has died, another is started.

    Attributes
    ----------
    course
        The folder whose packages its agents import; it must be in their room.
    """

    def __init__(self) -> None:
        self.course = view.stage()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._ready = False

    def start(self) -> None:
        """Start the process if it isn't there, and don't wait for it: a grader has as much to import meanwhile.

        Raises
        ------
        SandboxFault
            If it can't be started.
        """
        with self._lock:
            try:
                self._start()
            except OSError as error:
                raise SandboxFault(f"The sandbox did not start: {error}") from error

    def fork(
        self, channel: int, other: int, resources: dict[str, int], walls: Walls | None = None
    ) -> tuple[int, int]:
        """Fork an agent.

        Parameters
        ----------
        channel
            The descriptor of its end of the channel.
        other
            A descriptor of a process in its room; or, if there are walls, of a pipe: at a word from it, or when nobody holds the
            other end any more, all that came of the agent ends.
        resources
            Its limits, by the names of :mod:`resource` without ``RLIMIT_``.
        walls
            What it does to itself where there is no room.

        Returns
        -------
        tuple[int, int]
            Its process number, and its parent's.

        Raises
        ------
        SandboxFault
            If there is none.
        """
        request = json.dumps({"resources": resources, "walls": walls and asdict(walls)}).encode()
        with self._lock:
            try:
                try:
                    answer = self._ask(request, channel, other)
                except ConnectionError:  # it has died since the last time
                    self._stop()
                    answer = self._ask(request, channel, other)
            except OSError as error:
                complaint = self._stop()
                raise SandboxFault(f"The sandbox did not start: {complaint or error}") from error
        agent, _, parent = answer.partition(" ")
        if not (agent.isdecimal() and parent.isdecimal()):
            raise SandboxFault(f"The sandbox did not start: {answer}")
        return int(agent), int(parent)

    def _ask(self, request: bytes, channel: int, other: int) -> str:
        self._start()
        self._await_the_imports()
        assert self._control is not None
        self._control.settimeout(_FORK)
        socket.send_fds(self._control, [request], [channel, other])
        if not (answer := self._control.recv(4096)):
            raise ConnectionResetError("its parent has ended")
        return answer.decode(errors="replace")

    def close(self) -> None:
        """End the process and remove its folder."""
        with self._lock:
            self._stop()
            shutil.rmtree(self.course, ignore_errors=True)

    def _start(self) -> None:
        if self._process is not None and self._process.poll() is None:
            return
        self._stop()
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "autograder.sandbox.nursery", str(theirs.fileno())],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env=_environment(self.course),
                cwd="/",
                start_new_session=True,
            )
        self._ready = False

    def _await_the_imports(self) -> None:
        assert self._control is not None
        if not self._ready:
            self._control.settimeout(_START)
            if self._control.recv(100) != b"ready":
                raise ConnectionResetError("it ended before it was ready")
            self._ready = True

    def _stop(self) -> str:
        """End the process; return the end of what it has said."""
        if self._process is None or self._control is None:
            return ""
        self._process.kill()  # before it is told to clear up, for another one may follow
        self._process.wait()
        self._control.close()
        assert self._process.stderr is not None
        with self._process.stderr as stderr:
            os.set_blocking(stderr.fileno(), False)  # a fork that is just being made may hold the other end
            said = stderr.read() or b""
        self._process = None
        return said.decode(errors="replace").strip()[-500:]


_making = threading.Lock()


def warm_parent() -> WarmParent:
    """The one of this process; it ends with it."""
    with _making:  # two threads that start together would each make one, and a room of the one's is no place for the other's
        return _the_parent()


@cache
def _the_parent() -> WarmParent:
    parent = WarmParent()
    atexit.register(parent.close)
    # A fork of this process has no use for it, and must not talk to it.
    os.register_at_fork(after_in_child=_the_parent.cache_clear)
    return parent


def _environment(course: Path) -> dict[str, str]:
    import matplotlib as mpl
    import matplotlib.font_manager  # writes the list of fonts, which takes seconds

    home = str(course)  # until it is forked; an agent's home is its own /tmp
    return {
        **view.quiet_environment(home),
        "MPLCONFIGDIR": mpl.get_cachedir(),
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "USER": "student",
        "PYTHONPATH": str(course),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
