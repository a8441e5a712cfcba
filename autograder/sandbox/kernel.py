"""The judge's end of the channel: start an agent, run cells in it, call its functions, never wait for ever."""

from __future__ import annotations

import contextlib
import inspect
import io
import json
import os
import pickle
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import psutil

from autograder.sandbox import bubblewrap, wire
from course_utils.checks import CallTimeout, StudentError

_GRACE = 2.0  # seconds that an interrupted call gets to come back
_START = 60.0  # seconds that an agent gets to start
_POLL = 0.1  # seconds between two looks at the memory


@dataclass(frozen=True)
class Limits:
    """What a submission may use.

    Parameters
    ----------
    cell_seconds, call_seconds, submission_seconds
        Wall time for one cell, for one call of a function, and for everything together.
    memory_bytes
        Resident memory of all its processes.
    file_bytes
        Its private folder, and each file in it.
    processes
        Processes and threads at once.
    """

    cell_seconds: float = 30.0
    call_seconds: float = 10.0
    submission_seconds: float = 300.0
    memory_bytes: int = 4 * 2**30
    file_bytes: int = 256 * 2**20
    processes: int = 256


@dataclass(frozen=True)
class CellResult:
    """What came of running a cell.

    Parameters
    ----------
    ok
        Whether it ran to its end.
    error
        What it raised, or ``None``.
    timed_out
        Whether it had to be stopped.
    """

    ok: bool
    error: StudentError | None = None
    timed_out: bool = False


class SubmissionTimeout(BaseException):
    """The time for the whole submission is up. Not an ``Exception``, so that no check takes it for a wrong answer."""


class SandboxFault(BaseException):
    """The sandbox failed through no fault of the student's; grade again. Not an ``Exception`` for the same reason."""


class _Died(Exception):
    """The agent is gone, or said something it must not."""


class Kernel:
    """A student's Python, in a sandbox unless told otherwise. Use it in a ``with`` statement.

    Parameters
    ----------
    limits
        What the code may use.
    sandboxed
        Whether it runs in bubblewrap; otherwise it has the rights of whoever runs this.
    """

    def __init__(self, limits: Limits | None = None, *, sandboxed: bool = True) -> None:
        self.limits = limits or Limits()
        self.sandboxed = sandboxed
        self.generation = 0
        self._deadline = time.monotonic() + self.limits.submission_seconds
        self._history: list[tuple[int, str]] = []
        self._callbacks: dict[int, Callable[..., Any]] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._alive = False

    def __enter__(self) -> Kernel:
        self._folder = tempfile.mkdtemp(prefix="submission-")
        self._start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    # --- what a judge does with it ---

    def run_cell(self, number: int, source: str) -> CellResult:
        """Run a cell; one that ran to its end is run again should the kernel have to be restarted."""
        try:
            tag, content = self._ask(("cell", number, source), self.limits.cell_seconds)
        except CallTimeout:
            return CellResult(False, timed_out=True)
        except _Died as death:
            self.restart()
            return CellResult(False, StudentError("SystemExit", str(death), cell=number))
        self._history.append((number, source))
        if tag == "ok":
            return CellResult(True)
        return CellResult(False, _student_error(content))

    def lookup(self, name: str) -> Proxy | None:
        """A proxy for the student's object of that name; ``None`` if there is none."""
        try:
            tag, parameters = self._ask(("lookup", name), self.limits.call_seconds)
        except (CallTimeout, _Died):
            self._ensure_alive()
            return None
        if tag not in ("function", "stub", "value"):
            return None
        return Proxy(
            self, ("name", name), name, parameters if tag != "value" else None, is_stub=tag == "stub"
        )

    def call(
        self, target: tuple[str, Any], operation: str, args: tuple[Any, ...], named: dict[str, Any]
    ) -> Any:
        """Apply an operation to an object in the kernel and bring back plain data, or a proxy for anything else.

        Arguments that the call changed in place are changed here too.

        Raises
        ------
        StudentError
            If the student's code raised, ended Python, or returned what can't be brought back.
        CallTimeout
            If it did not come back in time.
        SubmissionTimeout
            If the time for the whole submission is up.
        """
        request = ("call", target, operation, self._pack((args, named)))
        try:
            tag, content = self._ask(request, self.limits.call_seconds)
        except _Died as death:
            self.restart()
            raise StudentError("SystemExit", str(death)) from None
        if tag == "error":
            raise _student_error(content)
        if tag == "handle":
            return Proxy(self, ("handle", content.number), content.type_name, None)
        result, changes = content
        for key, value in changes:
            _change_in_place(args[key] if isinstance(key, int) else named[key], value)
        return result

    def restart(self) -> None:
        """Start afresh and run again the cells that had run to their end."""
        self._kill()
        self._start()
        for number, source in list(self._history):
            try:
                self._ask(("cell", number, source), self.limits.cell_seconds)
            except (CallTimeout, _Died):
                self._history.remove((number, source))
                self._ensure_alive()

    # --- starting and stopping ---

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        resources = {"CORE": 0, "FSIZE": self.limits.file_bytes, "NOFILE": 512}
        if self.sandboxed:
            resources["NPROC"] = (
                self.limits.processes
            )  # outside it would count the user's other processes too
        arguments = [str(theirs.fileno()), json.dumps(resources)]
        if self.sandboxed:
            line, environment = bubblewrap.command(arguments, self.limits.file_bytes), {}
        else:
            line = [sys.executable, "-m", "autograder.sandbox.agent", *arguments]
            environment = {
                "PATH": os.environ.get("PATH", ""),
                "HOME": self._folder,
                **bubblewrap.quiet_environment(self._folder),
            }
        self._process = subprocess.Popen(
            line,
            pass_fds=(theirs.fileno(),),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment or {"PATH": os.environ.get("PATH", "")},
            cwd=self._folder,
            start_new_session=True,
        )
        theirs.close()
        self._channel, self._alive = ours, True
        self.generation += 1
        try:
            self._receive(time.monotonic() + _START)
        except (CallTimeout, _Died) as error:
            self._kill()
            raise SandboxFault("the sandbox did not start") from error

    def _kill(self) -> None:
        self._alive = False
        if self._process is None:
            return
        processes = self._tree()
        for process in processes:
            with contextlib.suppress(psutil.Error):
                process.kill()
        self._process.wait()
        psutil.wait_procs(processes, timeout=5)
        self._channel.close()
        self._process = None

    def _ensure_alive(self) -> None:
        if not self._alive:
            self._start()

    def _tree(self) -> list[psutil.Process]:
        """The process and all that descend from it, the outermost first."""
        if self._process is None:
            return []
        try:
            top = psutil.Process(self._process.pid)
            return [top, *top.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def _interrupt(self) -> None:
        for process in self._tree():
            with contextlib.suppress(psutil.Error):
                if process.name() != "bwrap":
                    process.send_signal(signal.SIGINT)

    def _memory(self) -> int:
        total = 0
        for process in self._tree():
            with contextlib.suppress(psutil.Error):
                total += process.memory_info().rss
        return total

    # --- asking ---

    def _ask(self, request: tuple[Any, ...], seconds: float) -> tuple[str, Any]:
        """Send a request and return its answer; after a timeout the kernel is ready for the next one."""
        if time.monotonic() >= self._deadline:
            raise SubmissionTimeout
        self._send(pickle.dumps(request))
        until = time.monotonic() + seconds
        try:
            return _tagged(self._receive(min(until, self._deadline)))
        except CallTimeout:
            self._come_back()
            if time.monotonic() >= self._deadline:
                raise SubmissionTimeout from None
            raise
        finally:
            self._callbacks.clear()

    def _come_back(self) -> None:
        """After a timeout: interrupt, and restart if that doesn't help."""
        self._interrupt()
        try:
            self._receive(time.monotonic() + _GRACE)
        except (CallTimeout, _Died):
            self._kill()
            if time.monotonic() < self._deadline:
                self.restart()

    def _send(self, data: bytes) -> None:
        try:
            self._channel.sendall(struct.pack(">Q", len(data)) + data)
        except OSError as error:
            raise _Died("Your code ended Python itself.") from error

    def _receive(self, until: float) -> Any:
        """The next answer; calls back into the judge are answered on the way."""
        while True:
            (length,) = struct.unpack(">Q", self._read(8, until))
            if not 1 <= length <= wire.MAX_MESSAGE + 1:
                self._alive = False
                raise _Died("Your code sent what it must not.")
            message = self._read(length, until)
            try:
                value = wire.decode(message[1:])
            except wire.WireError as error:
                self._alive = False
                raise _Died("Your code sent what it must not.") from error
            if message[:1] == b"r":
                return value
            self._answer_callback(value)

    def _read(self, count: int, until: float) -> bytes:
        data = bytearray()
        while len(data) < count:
            left = until - time.monotonic()
            if left <= 0:
                raise CallTimeout
            if self._memory() > self.limits.memory_bytes:
                self._alive = False
                raise _Died(f"Your code used more than {self.limits.memory_bytes / 2**30:g} GiB of memory.")
            if not select.select([self._channel], [], [], min(left, _POLL))[0]:
                continue
            try:
                piece = self._channel.recv(min(count - len(data), 1 << 20))
            except OSError:
                piece = b""
            if not piece:
                self._alive = False
                raise _Died("Your code ended Python itself.")
            data += piece
        return bytes(data)

    # --- callbacks ---

    def _pack(self, arguments: Any) -> bytes:
        buffer = io.BytesIO()
        _Pickler(buffer, self._callbacks).dump(arguments)
        return buffer.getvalue()

    def _answer_callback(self, value: Any) -> None:
        try:
            key, args = value
            answer = (True, self._callbacks[key](*args))
        except Exception as error:
            answer = (False, f"{type(error).__name__}: {error}")
        self._send(pickle.dumps(answer))


# Their functions are sent by name, as pickle does; arrays are put together again by some of them.
_LIBRARIES = {"numpy", "torch", "builtins", "copyreg", "_codecs"}


class _Pickler(pickle.Pickler):
    """Sends functions by reference: a pickled one carries its globals, and with them what a test compares with."""

    def __init__(self, buffer: io.BytesIO, callbacks: dict[int, Callable[..., Any]]) -> None:
        super().__init__(buffer)
        self.callbacks = callbacks

    def persistent_id(self, value: Any) -> tuple[str, Any] | None:
        if isinstance(value, Proxy):
            return value.target
        if inspect.isroutine(value) and str(value.__module__).split(".")[0] not in _LIBRARIES:
            key = id(value)
            self.callbacks[key] = value
            return ("callback", key)
        return None


def _tagged(value: Any) -> tuple[str, Any]:
    if not isinstance(value, tuple) or len(value) != 2 or not isinstance(value[0], str):
        return "error", ("ValueError", "the answer can't be read", None, None, None)
    tag, content = value
    well_formed = {
        "error": isinstance(content, tuple) and len(content) == 5,
        "handle": isinstance(content, wire.Handle),
        "ok": content is None
        or (isinstance(content, tuple) and len(content) == 2 and isinstance(content[1], list)),
    }
    if not well_formed.get(tag, True):
        return "error", ("ValueError", "the answer can't be read", None, None, None)
    return tag, content


def _student_error(content: Any) -> StudentError:
    name, message, line, number, cell = content
    return StudentError(
        name if isinstance(name, str) and name.isidentifier() else "Exception",
        str(message)[:2000],
        str(line)[:500] if line is not None else None,
        number if isinstance(number, int) else None,
        cell if isinstance(cell, int) else None,
    )


def _change_in_place(mine: Any, theirs: Any) -> None:
    """Make an argument what the student's code made of its copy, as a call in one process would have."""
    if isinstance(mine, list) and isinstance(theirs, list):
        mine[:] = theirs
    elif isinstance(mine, dict) and isinstance(theirs, dict):
        mine.clear()
        mine.update(theirs)
    elif getattr(mine, "shape", None) == getattr(theirs, "shape", ()) and hasattr(mine, "__setitem__"):
        mine[...] = theirs


_OPERATORS = (
    "add",
    "sub",
    "mul",
    "truediv",
    "pow",
    "matmul",
    "radd",
    "rsub",
    "rmul",
    "rtruediv",
    "rpow",
    "rmatmul",
)


class Proxy:
    """Stands for an object in the kernel; calls, attributes and operators happen there.

    Parameters
    ----------
    kernel, target
        Where it lives, and by what it is known there.
    name
        Its name, or that of its class.
    parameters
        The names of its parameters if it is a function.
    is_stub
        Whether it is an exercise that nobody has touched.
    """

    def __init__(
        self, kernel: Kernel, target: tuple[str, Any], name: str, parameters: Any, *, is_stub: bool = False
    ) -> None:
        self.kernel = kernel
        self.target = target
        self.generation = kernel.generation
        self.__name__ = name
        self.is_stub = is_stub
        if isinstance(parameters, list) and all(isinstance(p, str) and p.isidentifier() for p in parameters):
            with contextlib.suppress(ValueError):
                kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
                self.__signature__ = inspect.Signature([inspect.Parameter(p, kind) for p in parameters[:50]])

    def _apply(self, operation: str, *args: Any, **named: Any) -> Any:
        if self.target[0] == "handle" and self.generation != self.kernel.generation:
            raise StudentError("RuntimeError", "Python had to be restarted, and this object is gone")
        return self.kernel.call(self.target, operation, args, named)

    def __call__(self, *args: Any, **named: Any) -> Any:
        """Call it there; see :meth:`Kernel.call`."""
        return self._apply("call", *args, **named)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self._apply("getattr", name)

    def __getitem__(self, key: Any) -> Any:
        return self._apply("getitem", key)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._apply("iter"))

    def __len__(self) -> int:
        return int(self._apply("len"))

    def __float__(self) -> float:
        return float(self._apply("float"))

    def __neg__(self) -> Any:
        return self._apply("neg")

    def __deepcopy__(self, memo: Any) -> Proxy:
        return self


def _operator(name: str) -> Callable[[Proxy, Any], Any]:
    return lambda self, other: self._apply(name, other)


for _name in _OPERATORS:
    setattr(Proxy, f"__{_name}__", _operator(_name))
