"""Notice when a student's code calls a function that its exercise is to write.

A profile hook sees the code that runs, whatever name it goes by: an alias, an import made before, a copy of the function and a call
by another library function are all the same to it. It doesn't see what C code calls within C code, NumPy's ufuncs, processes and
threads that were there before, nor a copy of a library's source.
"""

from __future__ import annotations

import ast
import contextlib
import importlib
import inspect
import sys
from collections.abc import Collection, Iterator
from dataclasses import replace
from functools import cache
from types import BuiltinFunctionType, CodeType, FrameType, FunctionType
from typing import Any

from course_utils.checks.mistake import Outcome, StudentError
from course_utils.checks.names import parse

# What would let code run where the hook isn't.
ESCAPES = (
    "sys.setprofile",
    "threading.setprofile",
    "_thread.start_new_thread",
    "os.fork",
    "os.posix_spawn",
    "_posixsubprocess.fork_exec",
)
_NOTHING: frozenset[str] = frozenset()


class ForbiddenCall(StudentError):
    """An exercise's answer called what the exercise forbids.

    Parameters
    ----------
    name
        What was called, as the exercise names it.
    caller
        The student's function that called it; empty if unknown.
    through
        The library's function through which it did; empty if there is none.
    """

    def __init__(self, name: str, caller: str = "", through: str = "") -> None:
        who = f"`{caller}`" if caller else "Your code"
        what = name.removesuffix(".*")
        how = f"`{through}`, which calls `{what}`" if through else f"`{what}`"
        why = (
            "while it is checked it must not start what can't be watched"
            if name in ESCAPES
            else "the exercise is to write it yourself"
        )
        self.sentence = f"{who} calls {how}: {why}."
        super().__init__("ForbiddenCall", self.sentence)
        self.name, self.caller, self.through = name, caller, through


@cache  # of one test file: a class is graded by the same few
def forbidden_by(source: str) -> tuple[str, ...]:
    r"""The names that a test file forbids the answers it tests to call.

    Examples
    --------
    >>> forbidden_by('name = "fit_line"\nforbids = ["numpy.polyfit", "sklearn.*"]')
    ('numpy.polyfit', 'sklearn.*')
    """
    for node in parse(source).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "forbids":
            return tuple(ast.literal_eval(node.value))
    return ()


def forbidden(outcome: Outcome, call: ForbiddenCall | None) -> Outcome:
    """What a test case says of an answer that made a forbidden call: nothing else counts."""
    if call is None:
        return outcome
    return replace(outcome, passed=False, kind="forbidden", sentence=call.sentence, detail="")


class Watch:
    """Knows functions by their code, and notices calls of them.

    Parameters
    ----------
    names
        Of functions and classes, as they are imported, such as ``"numpy.linalg.lstsq"``; ``"sklearn.*"`` stands for all of a package.
        What isn't installed can't be called, and is passed over.
    """

    def __init__(self, names: Collection[str]) -> None:
        self._packages = tuple(name.removesuffix("*") for name in names if name.endswith(".*"))
        self._known: dict[Any, frozenset[str]] = {}
        for name in {*names, *ESCAPES}:
            if not name.endswith(".*"):
                with contextlib.suppress(ImportError, AttributeError):
                    for key in _keys(find(name)):
                        self._known[key] = self._known.get(key, _NOTHING) | {name}
        self._seen: dict[
            int, tuple[CodeType, frozenset[str]]
        ] = {}  # holds the code, so that no other gets its id

    @contextlib.contextmanager
    def during(
        self, names: Collection[str], tester: dict[str, Any] | None = None
    ) -> Iterator[list[ForbiddenCall]]:
        """Raise where one of ``names`` is called, and note it in the list that this gives, should the error be caught.

        Parameters
        ----------
        names
            Some of those that this was made for.
        tester
            The globals of a test that runs here too, and may call what it likes.
        """
        noticed: list[ForbiddenCall] = []
        if not names:
            yield noticed
            return
        active = {*names, *ESCAPES}

        seen, known = self._seen, self._known

        def hook(frame: FrameType, event: str, argument: Any) -> None:
            # For every call that the student's code makes: no line too many.
            if event == "c_call":
                found = known.get(argument)
            elif event == "call":
                found = seen[key][1] if (key := id(frame.f_code)) in seen else self._look_at(frame)
            else:
                return
            if found and (called := found & active):
                nearest = frame.f_back if event == "call" else frame
                if not _is_testers(nearest, tester):
                    noticed.append(_call(min(called), frame, nearest))
                    raise noticed[-1]

        before = sys.getprofile()
        sys.setprofile(hook)
        try:
            yield noticed
        finally:
            active.clear()  # the next line is a call of one of those
            sys.setprofile(before)

    def _look_at(self, frame: FrameType) -> frozenset[str]:
        """Under which names the function that a frame runs is known."""
        code = frame.f_code
        found = self._known.get(_key(code), _NOTHING)
        module = f"{frame.f_globals.get('__name__')}."
        found |= {f"{package}*" for package in self._packages if module.startswith(package)}
        self._seen[id(code)] = code, found
        return found


def find(name: str) -> Any:
    """The object of a dotted name.

    Raises
    ------
    ImportError, AttributeError
        If there is none.
    """
    parts = name.split(".")
    for count in range(len(parts) - 1, 0, -1):
        try:
            found: Any = importlib.import_module(".".join(parts[:count]))
        except ModuleNotFoundError:
            if count == 1:
                raise
            continue
        for part in parts[count:]:
            found = getattr(found, part)
        return found
    raise ImportError(f"{name!r} names no function of a module")


def can_be_noticed(name: str) -> bool:
    """Whether calls of what ``name`` means can be seen; of a ufunc, for instance, they can't."""
    if name.endswith(".*"):
        importlib.import_module(name.removesuffix(".*"))
        return True
    return bool(_keys(find(name)))


def _keys(target: Any) -> list[Any]:
    """By what the hook knows a function, or the methods of a class."""
    if isinstance(target, type):
        return [key for member in vars(target).values() for key in _keys(member)]
    target = inspect.unwrap(getattr(target, "__func__", target))
    if isinstance(target, FunctionType):
        key = _key(target.__code__)
        return [] if "<locals>" in key[1] else [key]  # a closure shares its code with others
    return [target] if isinstance(target, BuiltinFunctionType) else []


def _key(code: CodeType) -> tuple[str, str, int]:
    # Where it stands, not which object it is: a module that is imported once more makes it anew.
    return code.co_filename, code.co_qualname, code.co_firstlineno


def _frames(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _is_students(frame: FrameType) -> bool:
    return frame.f_globals.get("__name__") == "__main__"


def _is_testers(frame: FrameType | None, tester: dict[str, Any] | None) -> bool:
    """Whether it was the test that called, not the student's code."""
    if tester is None:
        return False
    nearest = next((f for f in _frames(frame) if f.f_globals is tester or _is_students(f)), None)
    return nearest is not None and nearest.f_globals is tester


def _call(name: str, frame: FrameType, nearest: FrameType | None) -> ForbiddenCall:
    below = frame
    for caller in _frames(nearest):
        if _is_students(caller):
            through = "" if below is frame else below.f_code.co_name
            return ForbiddenCall(name, caller.f_code.co_name, through)
        below = caller
    return ForbiddenCall(name)
