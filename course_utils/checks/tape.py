"""Ask a student's class of numbers for derivatives."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from course_utils.checks.call import is_stub
from course_utils.checks.mistake import Mistake, StudentError

_EXPRESSION = inspect.Parameter("expression", inspect.Parameter.POSITIONAL_OR_KEYWORD)


def on_tape(make: Callable[[float], Any] | None) -> Callable[..., dict[str, Any]] | None:
    """A function for :func:`course_utils.checks.check_call` that computes with numbers made by ``make``.

    Parameters
    ----------
    make
        A class whose objects have ``data``, ``grad`` and ``backward()``, or ``None`` if the student has none.

    Returns
    -------
    function or None
        Takes an expression and the numbers in it, by name. Returns the expression's value as ``data``, and the
        derivative by each number as ``a.grad`` and so on.

    Examples
    --------
    >>> import torch
    >>> got = on_tape(lambda x: torch.tensor(x, requires_grad=True))("a * a + b", a=3.0, b=1.0)
    >>> {name: float(value) for name, value in got.items()}
    {'data': 10.0, 'a.grad': 6.0, 'b.grad': 1.0}
    """
    if not callable(make):
        return make

    def run(expression: str, **numbers: float) -> dict[str, Any]:
        try:
            values = {name: make(number) for name, number in numbers.items()}
            result = eval(expression, dict(values))
            if result is None:
                raise Mistake(
                    "none", "An operation returned None: is it written yet, and does it end in a `return`?"
                )
            result.backward()
            return {"data": result.data} | {f"{name}.grad": value.grad for name, value in values.items()}
        except (RecursionError, StudentError) as error:
            if "RecursionError" not in (type(error).__name__, getattr(error, "type_name", "")):
                raise
            raise Mistake(
                "recursion",
                "A function of yours calls itself once for each number in a chain, and long chains are too deep for "
                "Python: go through the graph with a loop.",
            ) from None

    run.__wrapped__ = make  # type: ignore[attr-defined]  # an error's line is looked for there
    run.__signature__ = inspect.Signature([_EXPRESSION])  # type: ignore[attr-defined]
    run.is_stub = is_stub(make)  # type: ignore[attr-defined]
    return run
