"""Test files in otter's exception-based format, read without otter, whose import would make the first check wait for seconds."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

_IMPORT = re.compile(r"^from otter\.test_files import test_case$", re.MULTILINE)


@dataclass(frozen=True)
class Case:
    """A test case, with as much of otter's ``TestCase`` as :func:`course_utils.checks.run_case` needs.

    Parameters
    ----------
    test_func
        The test; its parameters are the names that it needs from the notebook.
    hidden, points
        As otter's.
    """

    test_func: Callable[..., None]
    hidden: bool = False
    points: float | None = None

    @property
    def body(self) -> Case:
        """Itself: otter keeps the function one step farther in."""
        return self

    def call_func(self, environment: Mapping[str, Any]) -> None:
        """Run the test on the names in ``environment``."""
        names = inspect.signature(self.test_func).parameters
        self.test_func(**{name: environment if name == "env" else environment.get(name) for name in names})


def in_words(test_name: str) -> str:
    """What a test is called in front of students.

    Examples
    --------
    >>> in_words("test_one_row")
    'one row'
    """
    return test_name.removeprefix("test_").replace("_", " ")


def read_cases(source: str) -> list[Case]:
    r"""The test cases in a test file, in order.

    Examples
    --------
    >>> source = "@test_case(points=1, hidden=False)\ndef test_one(f):\n    assert f(1) == 1"
    >>> [case.test_func.__name__ for case in read_cases(source)]
    ['test_one']
    """
    cases: list[Case] = []

    def test_case(
        points: float | None = None, hidden: bool = False, **_: Any
    ) -> Callable[[Callable[..., None]], Callable[..., None]]:
        def mark(function: Callable[..., None]) -> Callable[..., None]:
            cases.append(Case(function, hidden, points))
            return function

        return mark

    exec(compile(_IMPORT.sub("", source), "<test>", "exec"), {"test_case": test_case})
    return cases
