"""The program inside the sandbox: runs cells and answers calls over one socket.

Whatever runs here may be rewritten by the student's code, so the other side believes nothing that comes from here.
Requests are pickles, for the judge is trusted; replies are written by :mod:`autograder.sandbox.wire`.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import itertools
import json
import operator
import os
import pickle
import random
import re
import resource
import signal
import socket
import struct
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from autograder.sandbox import wire

_CELL_FILE = re.compile(r"ipython-input-(\d+)-")
_MESSAGE = 2000  # characters of an error's message
_LINE = 500  # characters of a line of code


class Agent:
    """Holds the student's names and answers one request after the other.

    Parameters
    ----------
    channel
        The socket to the judge.
    shell
        Of :func:`make_shell`.
    """

    def __init__(self, channel: socket.socket, shell: Any) -> None:
        self.shell = shell
        self.channel = channel
        self.handles: dict[int, Any] = {}
        self.numbers = itertools.count()
        self.cells: dict[int, int | None] = {}  # the notebook's number of a cell, by IPython's
        self.may_interrupt = False
        self.watch: Any = None
        signal.signal(signal.SIGINT, self._interrupt)

    def _interrupt(self, *_: Any) -> None:
        """Raise only in the student's code: between two requests an interrupt has come too late."""
        if self.may_interrupt:
            raise KeyboardInterrupt

    @contextlib.contextmanager
    def _interruptible(self, yes: bool) -> Iterator[None]:
        before, self.may_interrupt = self.may_interrupt, yes
        try:
            yield
        finally:
            self.may_interrupt = before

    # --- the channel ---

    def send(self, kind: str, message: bytes) -> None:
        """Write a reply (``r``), or a call of one of the judge's functions (``c``)."""
        self.channel.sendall(struct.pack(">QB", len(message), ord(kind)) + message)

    def receive(self) -> bytes:
        """The next message; when the judge has hung up, the end."""
        (length,) = struct.unpack(">Q", self._read(8))
        return self._read(length)

    def _read(self, count: int) -> bytes:
        data = bytearray()
        while len(data) < count:
            piece = self.channel.recv(min(count - len(data), 1 << 20))
            if not piece:
                os._exit(0)
            data += piece
        return bytes(data)

    def serve(self) -> None:
        """Answer requests until the judge hangs up."""
        while True:
            self.do(*self.load(self.receive()))

    def do(self, kind: str, *arguments: Any) -> None:
        """Answer one request, whatever happens."""
        try:
            answer = getattr(self, f"do_{kind}")(*arguments)
        except BaseException as error:
            answer = self.error(error, None)
        self.send("r", answer)

    def load(self, data: bytes) -> Any:
        """What the judge has sent, with its references turned into objects."""
        return _Unpickler(data, self).load()

    # --- requests ---

    def do_cell(self, number: int | None, source: str) -> bytes:
        """Run a cell."""
        self.cells[self.shell.execution_count] = number
        with self._interruptible(True):
            result = self.shell.run_cell(source, store_history=True)
            if (plots := sys.modules.get("matplotlib.pyplot")) is not None:
                plots.close("all")
        error = result.error_before_exec or result.error_in_exec
        return wire.encode(("ok",)) if error is None else self.error(error, number)

    def do_lookup(self, name: str) -> bytes:
        """What stands under a name: nothing, a function or class with its parameters, or a value."""
        if name not in self.shell.user_ns:
            return wire.encode(("missing",))
        value = self.shell.user_ns[name]
        if not callable(value):
            return wire.encode(("value", value), handle=self.keep)
        from course_utils.checks import is_stub

        with self._interruptible(True):
            return wire.encode(("callable", bool(is_stub(value)), _parameters(value)))

    def do_watch(self, names: list[str]) -> bytes:
        """Get to know the functions that some calls must not call, before the student's code can hide them."""
        from course_utils.checks.forbids import Watch

        self.watch = Watch(names)
        return wire.encode(("ok",))

    def do_call(
        self, target: tuple[str, Any], operation: str, packed: bytes, forbids: tuple[str, ...]
    ) -> bytes:
        """Apply an operation to an object that lives here: call it, read an attribute, or apply an operator."""
        if not forbids:
            return self._call(target, operation, packed)
        with self.watch.during(forbids) as noticed:
            try:
                answer = self._call(target, operation, packed)
            except BaseException as error:
                answer = self.error(error, None)
        if noticed:
            called = noticed[0]
            answer = wire.encode(("forbidden", called.name, called.caller, called.through))
        return answer

    def _call(self, target: tuple[str, Any], operation: str, packed: bytes) -> bytes:
        before = self.load(packed)
        args, named = self.load(packed)
        with self._interruptible(True):
            result = _OPERATIONS[operation](self.find(*target), *args, **named)
            changes = [
                (key, new) for key, old, new in _pairs(before, (args, named)) if _has_changed(old, new)
            ]
            try:
                return wire.encode(("ok", result, changes), handle=self.keep)
            except wire.NotPlain as error:
                raise ValueError(f"what your code returned can't be graded: {error}") from None

    def do_release(self, number: int) -> bytes:
        """Forget the objects that the judge had handles for; give back the number that came with the request."""
        self.handles = {}
        return wire.encode(("ok", number))

    # --- objects that live here ---

    def find(self, kind: str, key: Any) -> Any:
        """The object that the judge means."""
        return self.handles[key] if kind == "handle" else self.shell.user_ns[key]

    def keep(self, value: Any) -> wire.Handle:
        """Keep an object that isn't plain data, for the judge to ask about."""
        self.handles[number := next(self.numbers)] = value
        return number, type(value).__name__, callable(value)

    def callback(self, key: int) -> Callable[..., Any]:
        """A function of the judge's: it runs out there, on plain data."""

        def call_back(*args: Any, **named: Any) -> Any:
            message = wire.encode((key, args, named), handle=self.keep)
            with self._interruptible(False):
                self.send("c", message)
                kind, *content = self.load(self.receive())
                while kind != "answer":  # that function calls one in here in its turn
                    self.do(kind, *content)
                    kind, *content = self.load(self.receive())
            ok, value = content
            if ok:
                return value
            raise _builtin_error(value[0])(value[1])

        return call_back

    def error(self, error: BaseException, cell: int | None) -> bytes:
        """An exception, with the student's own line that was running."""
        line = number = None
        with contextlib.suppress(Exception):
            if isinstance(error, SyntaxError):
                line, number = error.text, error.lineno
            for frame in traceback.extract_tb(error.__traceback__):
                if match := _CELL_FILE.search(frame.filename):
                    line, number, cell = frame.line, frame.lineno, self.cells.get(int(match[1]), cell)
        text = ""
        with contextlib.suppress(Exception):
            text = str(error)[:_MESSAGE].encode(errors="replace").decode()
        return wire.encode(("error", type(error).__name__, text, (line or "")[:_LINE], number, cell))


class _Unpickler(pickle.Unpickler):
    """Turns the judge's references into callbacks and into objects that live here."""

    def __init__(self, data: bytes, agent: Agent) -> None:
        super().__init__(io.BytesIO(data))
        self.agent = agent

    def persistent_load(self, reference: Any) -> Any:
        kind, key = reference
        return self.agent.callback(key) if kind == "callback" else self.agent.find(kind, key)


def _builtin_error(name: str) -> type[Exception]:
    """The exception of that name, if Python has it and it is made from a text."""
    known = (ValueError, TypeError, IndexError, KeyError, ZeroDivisionError, OverflowError)
    return next((kind for kind in known if kind.__name__ == name), RuntimeError)


def _parameters(function: Any) -> list[str]:
    """The names of the parameters that can be given by position."""
    with contextlib.suppress(TypeError, ValueError):
        parameters = inspect.signature(function).parameters.values()
        return [p.name for p in parameters if p.kind < p.VAR_POSITIONAL]
    return []


def _pairs(before: Any, after: Any) -> list[tuple[int | str, Any, Any]]:
    positional = [(i, old, new) for i, (old, new) in enumerate(zip(before[0], after[0], strict=True))]
    return [*positional, *((name, before[1][name], new) for name, new in after[1].items())]


def _has_changed(old: Any, new: Any) -> bool:
    """Whether an argument is no longer what came: two copies of it were made, and one was used."""
    if type(old) is not type(new):
        return True
    if isinstance(old, (list, tuple)):
        return len(old) != len(new) or any(_has_changed(a, b) for a, b in zip(old, new, strict=True))
    if isinstance(old, dict):
        return list(old) != list(new) or any(_has_changed(old[key], new[key]) for key in old)
    if wire.is_tensor(old):
        with contextlib.suppress(TypeError, RuntimeError):
            return _has_changed(old.detach().numpy(), new.detach().numpy())
        return False
    if isinstance(old, np.ndarray):
        if old.dtype == object:
            return _has_changed(old.tolist(), new.tolist())
        return bool(old.shape != new.shape or old.dtype != new.dtype or old.tobytes() != new.tobytes())
    if isinstance(old, (int, float, complex, str, bytes, type(None))):
        return repr(old) != repr(new)
    return False


def _swapped(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda target, other: function(other, target)


_TWO_SIDED = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul")
_OPERATIONS: dict[str, Callable[..., Any]] = {
    "call": lambda target, *args, **named: target(*args, **named),
    "getattr": getattr,
    "setattr": setattr,
    "iter": iter,
    "next": next,
    "len": len,
    "float": float,
    **{name: getattr(operator, name) for name in (*_TWO_SIDED, "neg", "lt", "le", "gt", "ge")},
    **{f"r{name}": _swapped(getattr(operator, name)) for name in _TWO_SIDED},
    "getitem": operator.getitem,
    "setitem": operator.setitem,
}


def _mute_plots() -> None:
    """Plots are drawn on nothing, so showing one is no reason to warn."""
    warnings.filterwarnings("ignore", message=".*non-interactive.*cannot be shown")


def make_shell() -> Any:
    """IPython, without its history and its database."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    config = Config()
    config.HistoryManager.enabled = False
    return InteractiveShell.instance(config=config)


def offer_to_the_oom_killer() -> None:
    """Should memory run out, this process goes first."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def run(channel: socket.socket, shell: Any, resources: dict[str, int]) -> None:
    """Serve the judge at the other end of ``channel``, with limits on ``resources`` (``FSIZE``: bytes, and the like)."""
    channel.set_inheritable(False)
    agent = Agent(channel, shell)
    for name, value in resources.items():
        resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (value, value))
    _mute_plots()
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002 - for code that seeds nothing: the same submission has the same score each time
    agent.send("r", wire.encode(("ok",)))
    agent.serve()


def main() -> None:
    """Run the agent on the socket whose number is the first argument; the second holds resource limits as JSON."""
    channel, resources, shell = socket.socket(fileno=int(sys.argv[1])), json.loads(sys.argv[2]), make_shell()
    sys.argv = [""]
    # Until here the judge listens to what is said on standard error; the student's code speaks to nobody.
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123
        os.dup2(nowhere.fileno(), 2)
    offer_to_the_oom_killer()
    run(channel, shell, resources)


if __name__ == "__main__":
    main()
