"""Checks that say what kind of mistake was made."""

from course_utils.checks.call import (
    check_call,
    check_raises,
    check_true,
    checked_call,
    is_stub,
    own_or_finished,
    run_case,
    solved,
)
from course_utils.checks.cell import require, run_test
from course_utils.checks.compare import compare
from course_utils.checks.grader import Grader
from course_utils.checks.mistake import CallTimeout, Mistake, Outcome, StudentError
from course_utils.checks.results import CheckResult, Overview
from course_utils.checks.steps import check_steps
from course_utils.checks.tape import on_tape

__all__ = [
    "CallTimeout",
    "CheckResult",
    "Grader",
    "Mistake",
    "Outcome",
    "Overview",
    "StudentError",
    "check_call",
    "check_raises",
    "check_steps",
    "check_true",
    "checked_call",
    "compare",
    "is_stub",
    "on_tape",
    "own_or_finished",
    "require",
    "run_case",
    "run_test",
    "solved",
]
