"""Tests in a notebook's own cells, as nbgrader runs them: the cell passes in silence, or fails with one sentence."""

from __future__ import annotations

import builtins
from collections.abc import Collection, Mapping
from types import FunctionType
from typing import Any

from course_utils.checks.call import run_case
from course_utils.checks.cases import Case
from course_utils.checks.mistake import Outcome
from course_utils.checks.results import CheckResult


class CheckFailed(AssertionError):
    """A test did not pass. Jupyter shows what is to be said of it, and no stack: that would show the test."""

    def _render_traceback_(self) -> list[str]:
        return str(self).split("\n")


def run_test(
    test: FunctionType, environment: Mapping[str, Any], *, hidden: bool = False, forbids: Collection[str] = ()
) -> None:
    """Run a test function on the names of a notebook.

    Parameters
    ----------
    test
        A function whose parameters are the names that it needs from the notebook; it imports what else it needs.
    environment
        The notebook's ``globals()``.
    hidden
        Whether only the kind of mistake may be said, as for the hidden tests of otter.
    forbids
        What the student's code must not call.

    Raises
    ------
    CheckFailed
        If it doesn't pass.

    Examples
    --------
    >>> def test_doubles(double):
    ...     from course_utils.checks import check_call
    ...
    ...     check_call(double, 3, expected=6)
    >>> run_test(test_doubles, {"double": lambda x: x + x})
    >>> run_test(test_doubles, {"double": lambda x: 2 * x**2}, hidden=True)
    Traceback (most recent call last):
        ...
    course_utils.checks.cell.CheckFailed: Your answer has the right shape and type, but not the right value.
    """
    # With names of its own it can be told from the student's functions, which must not call what it may.
    apart = FunctionType(test.__code__, {"__builtins__": builtins}, test.__name__)
    _fail_unless_passed(run_case(Case(apart, hidden), environment, forbids))


def require(result: CheckResult | None, case: str) -> None:
    """Fail unless a public check passed, for notebooks that show no more of a test than its name.

    Parameters
    ----------
    result
        What ``grader.check`` returned. If it found no checks, nothing is required.
    case
        The name of the check, in words.

    Raises
    ------
    CheckFailed
        If it didn't pass.
    """
    for outcome in result.outcomes if result is not None else ():
        if outcome.case == case:
            _fail_unless_passed(outcome)


def _fail_unless_passed(outcome: Outcome) -> None:
    if not outcome.passed:
        raise CheckFailed(outcome.shown)
