"""The program inside the sandbox: runs cells and answers calls over one socket.

Whatever runs here may be rewritten by the student's code, so the other side believes nothing that comes from here.
Requests are pickles, for the judge is trusted; replies are written by :mod:`autograder.sandbox.wire`.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import json
import operator
import os
import pickle
import re
import resource
import socket
import struct
import sys
import traceback
from collections.abc import Callable
from typing import Any

from autograder.sandbox import wire

_CELL_FILE = re.compile(r"ipython-input-(\d+)-")


class _Unpickler(pickle.Unpickler):
    """Turns the judge's references into callbacks and into objects that live here."""

    def __init__(self, data: bytes, agent: Agent) -> None:
        super().__init__(io.BytesIO(data))
        self.agent = agent

    def persistent_load(self, reference: Any) -> Any:
        kind, key = reference
        if kind == "callback":
            return lambda *args: self.agent.call_back(key, args)
        return self.agent.target(kind, key)


class Agent:
    """Holds the student's names and answers one request after the other."""

    def __init__(self, channel: socket.socket) -> None:
        from IPython.core.interactiveshell import InteractiveShell
        from traitlets.config import Config

        config = Config()
        config.HistoryManager.enabled = False
        self.shell = InteractiveShell.instance(config=config)
        self.channel = channel
        self.handles: dict[int, Any] = {}
        self.cells: dict[int, int] = {}

    # --- the channel ---

    def receive(self) -> bytes:
        """The next request; an interrupt that comes too late is forgotten."""
        (length,) = struct.unpack(">Q", self._read(8))
        return self._read(length)

    def _read(self, count: int) -> bytes:
        data = bytearray()
        while len(data) < count:
            try:
                piece = self.channel.recv(min(count - len(data), 1 << 20))
            except KeyboardInterrupt:
                continue
            if not piece:
                os._exit(0)
            data += piece
        return bytes(data)

    def send(self, kind: str, message: bytes) -> None:
        """Write a reply of that kind."""
        self.channel.sendall(struct.pack(">QB", len(message) + 1, ord(kind)) + message)

    def serve(self) -> None:
        """Answer requests until the other side hangs up."""
        while True:
            try:
                kind, *arguments = _Unpickler(self.receive(), self).load()
                answer = getattr(self, f"do_{kind}")(*arguments)
            except BaseException as error:
                answer = self.error(error)
            with contextlib.suppress(KeyboardInterrupt):
                self.send("r", answer)

    # --- requests ---

    def do_cell(self, number: int, source: str) -> bytes:
        """Run a cell; the answer is None or the error."""
        self.cells[self.shell.execution_count] = number
        result = self.shell.run_cell(source, store_history=True)
        plots = sys.modules.get("matplotlib.pyplot")
        if plots is not None:
            plots.close("all")
        error = result.error_before_exec or result.error_in_exec
        return wire.encode(("ok", None)) if error is None else self.error(error)

    def do_lookup(self, name: str) -> bytes:
        """What stands under a name: missing, a function with its parameters, or a value."""
        from course_utils.checks import is_stub

        if name not in self.shell.user_ns:
            return wire.encode(("missing", None))
        value = self.shell.user_ns[name]
        if not callable(value):
            return wire.encode(("value", None)) if value is not None else wire.encode(("missing", None))
        try:
            parameters = [
                p.name for p in inspect.signature(value).parameters.values() if p.kind < p.VAR_POSITIONAL
            ]
        except (TypeError, ValueError):
            parameters = []
        return wire.encode(("stub" if is_stub(value) else "function", parameters))

    def do_call(self, target: tuple[str, Any], operation: str, packed: bytes) -> bytes:
        """Apply an operation to an object here: call it, read an attribute, or apply an operator."""
        before, named_before = _Unpickler(packed, self).load()
        args, named = _Unpickler(packed, self).load()
        result = _OPERATIONS[operation](self.target(*target), *args, **named)
        changes = {
            key: new for key, old, new in _pairs(before, named_before, args, named) if _changed(old, new)
        }
        return self.answer(result, changes)

    def target(self, kind: str, key: Any) -> Any:
        """The object that the judge means."""
        return self.handles[key] if kind == "handle" else self.shell.user_ns[key]

    # --- answers ---

    def answer(self, result: Any, changes: dict[Any, Any]) -> bytes:
        """A result with the arguments that were changed; what isn't plain data goes as a handle."""
        try:
            return wire.encode(("ok", (result, list(changes.items()))))
        except wire.NotPlain as error:
            if isinstance(result, (str, bytes, list, tuple, dict)) or type(result).__module__ in (
                "numpy",
                "torch",
            ):
                raise ValueError(f"what your code returned can't be graded: {error}") from None
        number = len(self.handles)
        self.handles[number] = result
        tree = {"tuple": ["handle", {"handle": [number, type(result).__name__]}]}
        text = json.dumps({"value": tree, "blobs": []}).encode()
        return struct.pack(">I", len(text)) + text

    def error(self, error: BaseException) -> bytes:
        """An exception with the student's own line."""
        line = number = cell = None
        frames: list[Any] = []
        if isinstance(error, SyntaxError):
            line, number = error.text, error.lineno
        with contextlib.suppress(Exception):
            frames = [
                (f, m)
                for f in traceback.extract_tb(error.__traceback__)
                if (m := _CELL_FILE.search(f.filename))
            ]
        if frames:
            frame, match = frames[-1]
            line, number, cell = frame.line, frame.lineno, self.cells.get(int(match[1]))
        try:
            message = str(error)[:2000]
        except BaseException:
            message = ""
        return wire.encode(("error", (type(error).__name__[:80], message, line and line[:500], number, cell)))

    def call_back(self, key: int, args: tuple[Any, ...]) -> Any:
        """Call a function of the judge's with plain data and return what it returns."""
        self.send("c", wire.encode((key, list(args))))
        ok, value = pickle.loads(self.receive())
        if not ok:
            raise RuntimeError(value)
        return value


def _pairs(before: Any, named_before: Any, after: Any, named_after: Any) -> list[tuple[Any, Any, Any]]:
    positional = [(i, old, new) for i, (old, new) in enumerate(zip(before, after, strict=True))]
    return positional + [(name, named_before[name], named_after[name]) for name in named_after]


def _changed(old: Any, new: Any) -> bool:
    try:
        return wire.encode(old) != wire.encode(new)
    except wire.NotPlain:
        return False


_OPERATIONS: dict[str, Callable[..., Any]] = {
    "call": lambda target, *args, **named: target(*args, **named),
    "getattr": getattr,
    "iter": lambda target: list(target),
    **{
        name: getattr(operator, name)
        for name in (
            "add",
            "sub",
            "mul",
            "truediv",
            "pow",
            "matmul",
            "neg",
            "getitem",
            "lt",
            "le",
            "gt",
            "ge",
        )
    },
    **{
        f"r{name}": (lambda op: lambda target, other: op(other, target))(getattr(operator, name))
        for name in ("add", "sub", "mul", "truediv", "pow", "matmul")
    },
    "len": len,
    "float": float,
}


def _limit(limits: dict[str, int]) -> None:
    for name, value in limits.items():
        resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (value, value))


def main() -> None:
    """Run the agent on the socket whose number is the first argument; the second holds the limits as JSON."""
    _limit(json.loads(sys.argv[2]))
    channel = socket.socket(fileno=int(sys.argv[1]))
    agent = Agent(channel)
    agent.send("r", wire.encode(("ok", None)))
    agent.serve()


if __name__ == "__main__":
    main()
