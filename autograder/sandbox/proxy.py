"""Stand-ins for what lives in the sandbox."""

from __future__ import annotations

import inspect
import keyword
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from course_utils.checks import StudentError

if TYPE_CHECKING:
    from autograder.sandbox.kernel import Kernel

Arithmetic = Literal["never", "results", "itself"]

_MAX_ITEMS = 100_000  # that one loop over an object may bring
_MAX_PARAMETERS = 50


class _NoAttribute(StudentError, AttributeError):
    """So that ``hasattr`` and ``getattr`` with a default work on a proxy."""


class Proxy:
    """An object of the student's: attributes, items and iteration happen in the sandbox.

    Only plain data and further proxies come back. What begins with an underscore isn't asked for, and comparing with ``==`` is
    never left to the object. Arithmetic and order are, but only for what a class of the student's makes, that is, for what
    calls and operators return under a name that begins with a capital letter: an operator hands over what the object is compared
    with, and a function or an attribute that was asked for a number could give an object that says yes to everything.

    Parameters
    ----------
    kernel, target
        Where it lives, and by what it is known there.
    arithmetic
        What may do arithmetic: nothing, what its calls return, or it as well.
    """

    __array_ufunc__ = None  # or NumPy would take it for a scalar and ask it item by item

    # For the checks, which ask functions whether they are untouched.
    is_stub = False

    def __init__(self, kernel: Kernel, target: tuple[str, Any], *, arithmetic: Arithmetic = "never") -> None:
        state = {"kernel": kernel, "target": target, "generation": kernel.generation}
        object.__setattr__(self, "_state", state | {"arithmetic": arithmetic})

    def _reference(self) -> tuple[str, Any]:
        """By what the sandbox knows it."""
        state = self._state
        if state["target"][0] == "handle" and state["generation"] != state["kernel"].generation:
            raise StudentError("RuntimeError", "Python had to be restarted, and this object is gone.")
        return state["target"][0], state["target"][1]

    def _apply(self, operation: str, *args: Any, **named: Any) -> Any:
        arithmetic: Arithmetic = self._state["arithmetic"]
        if arithmetic != "never":
            arithmetic = "results" if operation == "getattr" else "itself"
        return self._state["kernel"].call(self._reference(), operation, args, named, arithmetic=arithmetic)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self._apply("getattr", name)
        except StudentError as error:
            if error.type_name == "AttributeError":
                raise _NoAttribute(error.type_name, error.message) from None
            raise

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_"):
            object.__setattr__(self, name, value)
        else:
            self._apply("setattr", name, value)

    def __getitem__(self, key: Any) -> Any:
        return self._apply("getitem", key)

    def __setitem__(self, key: Any, value: Any) -> None:
        self._apply("setitem", key, value)

    def __iter__(self) -> Iterator[Any]:
        iterator = self._apply("iter")
        if not isinstance(iterator, Proxy):
            raise StudentError("TypeError", "this object can't be looped over")
        for _ in range(_MAX_ITEMS):
            try:
                yield iterator._apply("next")
            except StudentError as error:
                if error.type_name == "StopIteration":
                    return
                raise
        raise StudentError("RuntimeError", f"a loop over this object did not end after {_MAX_ITEMS} items")

    def __next__(self) -> Any:
        try:
            return self._apply("next")
        except StudentError as error:
            if error.type_name == "StopIteration":
                raise StopIteration from None
            raise

    def __len__(self) -> int:
        try:
            return int(self._apply("len"))
        except StudentError as error:
            if error.type_name == "TypeError":  # `list` asks for the length of what has none, too
                raise TypeError(error.message) from None
            raise

    def __float__(self) -> float:
        return float(self._apply("float"))

    def __neg__(self) -> Any:
        if self._state["arithmetic"] != "itself":
            raise TypeError(f"a {type(self).__name__} has no negative")
        return self._apply("neg")

    def __bool__(self) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} is neither True nor False")

    def __array__(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} is not an array")

    def __deepcopy__(self, memo: Any) -> Proxy:
        return self

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class CallableProxy(Proxy):
    """A function, class or method of the student's, or an object that can be called."""

    def __call__(self, *args: Any, **named: Any) -> Any:
        """Call it in the sandbox."""
        return self._apply("call", *args, **named)


def stand_in(
    kernel: Kernel, number: int, type_name: str, can_be_called: bool, arithmetic: Arithmetic
) -> Proxy:
    """A proxy for an object that came back from a call; its class bears the name of the object's, for messages."""
    kind = _class(type_name, can_be_called)
    return kind(kernel, ("handle", number), arithmetic=arithmetic)


@lru_cache(maxsize=256)
def _class(type_name: str, can_be_called: bool) -> type[Proxy]:
    base = CallableProxy if can_be_called else Proxy
    return type(type_name if type_name.isidentifier() else "object", (base,), {})


def named(kernel: Kernel, name: str, *, is_stub: bool, parameters: list[Any]) -> CallableProxy:
    """A proxy for the function or class that the student's notebook defines under a name."""
    arithmetic: Arithmetic = "results" if name[:1].isupper() else "never"
    proxy = CallableProxy(kernel, ("name", name), arithmetic=arithmetic)
    object.__setattr__(proxy, "is_stub", is_stub)
    proxy.__name__ = name
    proxy.__signature__ = inspect.Signature(_parameters(parameters))
    return proxy


def _parameters(names: list[Any]) -> list[inspect.Parameter]:
    """The parameters, if these are names that parameters can have."""
    fine = all(type(n) is str and n.isidentifier() and not keyword.iskeyword(n) for n in names)
    if not fine or len(set(names)) != len(names) or len(names) > _MAX_PARAMETERS:
        return []
    return [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in names]


def _operator(name: str) -> Callable[..., Any]:
    def method(self: Proxy, *other: Any) -> Any:
        return self._apply(name, *other) if self._state["arithmetic"] == "itself" else NotImplemented

    return method


_TWO_SIDED = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul")
for _name in (*_TWO_SIDED, *(f"r{name}" for name in _TWO_SIDED), "lt", "le", "gt", "ge"):
    setattr(Proxy, f"__{_name}__", _operator(_name))
