"""The judge's end of the channel: run cells in an agent, call its functions, never wait for ever."""

from __future__ import annotations

import contextlib
import inspect
import io
import pickle
import secrets
import sys
import time
from collections.abc import Callable, Collection
from types import TracebackType
from typing import Any

import numpy as np

from autograder.sandbox import wire
from autograder.sandbox.channel import Deadline
from autograder.sandbox.level import Level
from autograder.sandbox.limits import CellResult, Limits, SandboxFault, SubmissionTimeout
from autograder.sandbox.process import AgentProcess
from autograder.sandbox.proxy import Arithmetic, Proxy, named, stand_in
from course_utils.checks import CallTimeout, StudentError
from course_utils.checks.forbids import ESCAPES, ForbiddenCall

__all__ = ["CellResult", "Kernel", "Limits", "Proxy", "SandboxFault", "SubmissionTimeout"]

_PREPARATION = 60.0  # seconds for importing what is watched
_PATIENCE = 20  # times the seconds of a call, if it can't get a processor
_GRACE = 1.0  # seconds that an interrupted call gets to come back
_SHORT = 200  # characters of a name, 2000 of a message
_LIBRARIES = sys.stdlib_module_names | {"numpy", "torch"}
_FORBIDDEN = "Your code sent what it must not."


class Kernel:
    """A student's Python, in a sandbox unless told otherwise. Use it in a ``with`` statement.

    A call that doesn't come back is interrupted, and if that doesn't help, everything is ended. Then, as when the student's code
    ends Python itself, the next request starts afresh and first runs again the cells that had ended by themselves.

    Parameters
    ----------
    limits
        What the code may use. The time for everything together starts with the ``with`` statement.
    level
        How well it is walled in.
    watched
        The functions that some exercise's answer must not call, so that they are known before the student's code runs.

    Attributes
    ----------
    forbids
        Those among ``watched`` that calls must not call from now on.
    forbidden_call
        The first such call that was noticed since this was last set to ``None``.

    Raises
    ------
    SandboxFault
        From any method, if the sandbox itself fails.
    SubmissionTimeout
        From any method, if the time for everything together is up.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        level: Level = Level.BUBBLEWRAP,
        watched: Collection[str] = (),
    ) -> None:
        self.limits = limits or Limits()
        self.level = level
        self.watched = sorted(watched)
        self.forbids: tuple[str, ...] = ()
        self.forbidden_call: ForbiddenCall | None = None
        self.generation = 0  # how often an agent was started: older handles are gone
        self._deadline = 0.0
        self._history: list[tuple[int | None, str]] = []
        self._callbacks: list[Callable[..., Any]] = []
        self._trouble: str | None = None
        self._process: AgentProcess | None = None

    def __enter__(self) -> Kernel:
        self._deadline = time.monotonic() + self.limits.submission_seconds
        self._start()
        self._prepare()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    # --- what a judge does with it ---

    def run_cell(self, source: str, number: int | None = None) -> CellResult:
        """Run a cell.

        Parameters
        ----------
        source
            Its code.
        number
            By which errors name it.
        """
        start = time.monotonic()
        try:
            reply = self._ask(("cell", number, source), self.limits.cell_seconds)
        except CallTimeout:
            return CellResult(False, None, time.monotonic() - start, timed_out=True)
        except StudentError as death:
            return CellResult(False, death, time.monotonic() - start)
        self._history.append((number, source))
        error = _student_error(reply) if reply[0] == "error" else None
        return CellResult(error is None, error, time.monotonic() - start)

    def lookup(self, name: str) -> Any:
        """What stands under a name: ``None`` if nothing does, a proxy for a function, class or object, or plain data.

        Raises
        ------
        CallTimeout, StudentError
            As for :meth:`call`.
        """
        reply = self._ask(("lookup", name), self.limits.call_seconds)
        if reply[0] == "callable" and len(reply) == 3 and type(reply[2]) is list:
            return named(self, name, is_stub=reply[1] is True, parameters=reply[2])
        if reply[0] == "error":
            raise _student_error(reply)
        return reply[1] if reply[0] == "value" and len(reply) == 2 else None

    def call(
        self,
        target: tuple[str, Any],
        operation: str,
        args: tuple[Any, ...],
        named_args: dict[str, Any],
        *,
        arithmetic: Arithmetic = "never",
    ) -> Any:
        """Apply an operation to an object in the kernel; bring back plain data, or a proxy for anything else.

        Arguments that the call changed in place are changed here too.

        Raises
        ------
        StudentError
            If the student's code raised, ended Python, or returned what can't be brought back.
        CallTimeout
            If it did not come back in time.
        """
        request = ("call", target, operation, self._pack((args, named_args)), self.forbids)
        reply = self._ask(request, self.limits.call_seconds, arithmetic=arithmetic)
        if reply[0] == "error":
            raise _student_error(reply)
        if reply[0] == "forbidden" and len(reply) == 4 and reply[1] in self.forbids + ESCAPES:
            called = ForbiddenCall(reply[1], *(_name(part) for part in reply[2:]))
            self.forbidden_call = self.forbidden_call or called
            raise called
        if len(reply) != 3 or type(reply[2]) is not list:
            assert self._process is not None
            raise self._died(self._process, _FORBIDDEN)
        arguments: dict[int | str, Any] = dict(enumerate(args))
        arguments.update(named_args)
        for change in reply[2]:
            if type(change) is tuple and len(change) == 2 and type(change[0]) in (int, str):
                _change_in_place(arguments.get(change[0]), change[1])
        return reply[1]

    def release(self) -> str | None:
        """Forget the functions that tests have passed in and the objects that came back.

        Returns
        -------
        str or None
            Why the agent was interrupted or had to be ended since the last time; ``None`` if it wasn't.
        """
        trouble, self._trouble = self._trouble, None
        self._callbacks = []
        if self._process is not None and self._process.alive:
            # A number that can't be guessed comes back: had a forged reply shifted all later ones, this would show.
            number = secrets.randbits(62)
            try:
                in_step = self._ask(("release", number), self.limits.call_seconds) == ("ok", number)
            except (CallTimeout, StudentError, SubmissionTimeout):
                in_step = False
            if not in_step:
                self._end()
                self._trouble = None  # it was nobody's call
        return trouble

    def restart(self) -> None:
        """Start afresh and run again the cells that had ended by themselves."""
        while not self._replay():
            pass

    # --- starting and ending ---

    def _start(self) -> None:
        self._end()
        self._process = AgentProcess(self.limits, self.level)
        self.generation += 1

    def _end(self) -> None:
        if self._process is not None:
            self._process.end()

    def _prepare(self) -> None:
        """Before any of the student's code runs: if this goes wrong, it isn't the student's doing."""
        if self.watched:
            try:
                self._exchange(("watch", self.watched), _PREPARATION)
            except (CallTimeout, StudentError) as error:
                raise SandboxFault(f"The sandbox did not start: {error}") from error

    def _replay(self) -> bool:
        self._start()
        self._prepare()
        for cell in self._history:
            try:
                self._exchange(("cell", *cell), self.limits.cell_seconds)
            except (CallTimeout, StudentError):  # it has fared better the first time
                self._history.remove(cell)
                return False
        return True

    # --- asking ---

    def _ask(
        self, request: tuple[Any, ...], seconds: float, *, arithmetic: Arithmetic = "never"
    ) -> tuple[Any, ...]:
        if self._process is None or not self._process.alive:
            self.restart()
        return self._exchange(request, seconds, arithmetic=arithmetic)

    def _exchange(
        self, request: tuple[Any, ...], seconds: float, *, arithmetic: Arithmetic = "never"
    ) -> tuple[Any, ...]:
        """Send a request and return the reply; after a timeout the agent takes requests again, or has ended."""
        process = self._process
        assert process is not None
        process.wait_until_ready()
        if (start := time.monotonic()) >= self._deadline:
            raise SubmissionTimeout
        latest = min(start + _PATIENCE * seconds, self._deadline)
        until = process.deadline(seconds, latest)
        sent = False
        try:
            process.channel.send(pickle.dumps(request), until)
            sent = True
            return self._receive(until, arithmetic=arithmetic)
        except TimeoutError:
            self._trouble = f"Your code did not come back within {seconds:g} seconds."
            if sent:
                self._come_back(process)
            else:  # half a request is on its way: no later one would be understood
                process.end()
        except wire.WireError:
            raise self._died(process, _FORBIDDEN) from None
        except ConnectionError:
            raise self._died(process, "Your code ended Python itself.") from None
        except OSError as error:  # the system has no more memory or descriptors
            raise SandboxFault(f"The sandbox can't be reached: {error}") from error
        if time.monotonic() >= self._deadline:
            raise SubmissionTimeout
        raise CallTimeout(self._trouble)

    def _receive(self, until: Deadline, *, arithmetic: Arithmetic) -> tuple[Any, ...]:
        """The reply; what the student's code asks of the judge's functions is answered on the way."""
        process = self._process
        assert process is not None

        def make(number: int, type_name: str, can_be_called: bool) -> Proxy:
            return stand_in(self, number, type_name, can_be_called, arithmetic)

        while True:
            kind, message = process.channel.receive(until)
            value = wire.decode(message, handle=make)
            if kind == b"c":
                process.channel.send(self._call_back(value), until)
            elif kind == b"r" and type(value) is tuple and value and type(value[0]) is str:
                return value
            else:
                raise wire.WireError("a reply is expected")

    def _come_back(self, process: AgentProcess) -> None:
        """After a timeout: interrupt, and end the agent if that doesn't help."""
        process.interrupt()
        try:
            until = process.deadline(_GRACE, self._deadline + _GRACE)
            self._receive(until, arithmetic="never")
        except (TimeoutError, ConnectionError, wire.WireError):
            process.end()

    def _died(self, process: AgentProcess, sentence: str) -> StudentError:
        """The error to raise when the agent is gone or not to be talked to any more."""
        process.end()
        if (fault := process.fault) is not None:
            raise SandboxFault(fault)
        type_name, self._trouble = process.verdict or ("SystemExit", sentence)
        if time.monotonic() >= self._deadline:
            raise SubmissionTimeout
        return StudentError(type_name, self._trouble)

    # --- the judge's functions ---

    def _pack(self, arguments: Any) -> bytes:
        buffer = io.BytesIO()
        _Pickler(buffer, self._callbacks).dump(arguments)
        return buffer.getvalue()

    def _call_back(self, call: Any) -> bytes:
        try:
            key, args, named_args = call
            return self._pack(("answer", True, self._callbacks[key](*args, **named_args)))
        except Exception as error:
            return self._pack(("answer", False, (type(error).__name__, str(error))))


class _Pickler(pickle.Pickler):
    """Sends functions by reference: a pickled one carries its globals, and with them what a test compares with."""

    def __init__(self, buffer: io.BytesIO, callbacks: list[Callable[..., Any]]) -> None:
        super().__init__(buffer)
        self.callbacks = callbacks

    def persistent_id(self, value: Any) -> tuple[str, Any] | None:
        if isinstance(value, Proxy):
            return value._reference()
        if (inspect.isfunction(value) or inspect.ismethod(value)) and not _is_of_a_library(value):
            self.callbacks.append(value)
            return "callback", len(self.callbacks) - 1
        return None


def _is_of_a_library(function: Callable[..., Any]) -> bool:
    """Whether a function is sent by its name: arrays, tensors and generators are put together again by such."""
    return str(function.__module__).split(".")[0] in _LIBRARIES


def _student_error(reply: tuple[Any, ...]) -> StudentError:
    """The error that a reply tells of, whatever it says."""
    _, name, message, line, number, cell = (*reply, *[None] * 6)[:6]
    return StudentError(
        name if isinstance(name, str) and name[:_SHORT].isidentifier() else "Exception",
        _printable(message, 2000),
        _printable(line, 500) or None,
        number if type(number) is int else None,
        cell if type(cell) is int else None,
    )


def _name(text: Any) -> str:
    """A function's name, if it is one."""
    return text if type(text) is str and text[:_SHORT].isidentifier() and len(text) <= _SHORT else ""


def _printable(text: Any, length: int) -> str:
    if not isinstance(text, str):
        return ""
    return "".join(c if c.isprintable() or c in "\n\t" else "�" for c in text[:length])


def _change_in_place(mine: Any, theirs: Any) -> None:
    """Make an argument what the student's code made of its copy, as a call in one process would have."""
    if isinstance(mine, list) and type(theirs) is list:
        mine[:] = _kept(mine, theirs) if len(mine) == len(theirs) else theirs
    elif isinstance(mine, dict) and type(theirs) is dict:
        values = _kept([mine.get(key) for key in theirs], list(theirs.values()))
        new = dict(zip(theirs, values, strict=True))
        mine.clear()
        mine.update(new)
    elif isinstance(mine, tuple) and type(theirs) is tuple and len(mine) == len(theirs):
        _kept(list(mine), list(theirs))
    elif _same_kind_of_array(mine, theirs):
        with contextlib.suppress(ValueError):  # a read-only array
            (mine.detach() if wire.is_tensor(mine) else mine)[...] = theirs


def _kept(mine: list[Any], theirs: list[Any]) -> list[Any]:
    """The items of a container after a call: those that were changed in place are still the caller's own."""
    items = []
    for own, new in zip(mine, theirs, strict=True):
        is_container = type(own) is type(new) and isinstance(own, (list, dict))
        if is_container or _same_kind_of_array(own, new):
            _change_in_place(own, new)
            items.append(own)
        else:
            items.append(new)
    return items


def _same_kind_of_array(mine: Any, theirs: Any) -> bool:
    if type(mine) is not type(theirs) or not (isinstance(mine, np.ndarray) or wire.is_tensor(mine)):
        return False
    return bool(mine.shape == theirs.shape and mine.dtype == theirs.dtype)
