"""Wrong answers: what students really write, kept to prove that the checks notice and say what is wrong.

A wrong answer is a small function whose name is the mistake, in ``tests/wrong_answers/NN_topic.py``::

    @wrong("fit_line", says="use one divisor for both")
    def mixed_divisors(x, y): ...
"""

from __future__ import annotations

import ast
import inspect
import runpy
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class WrongAnswer:
    """A plausible mistake in one exercise.

    Parameters
    ----------
    name
        The mistake.
    exercise
        The exercise that it answers.
    says
        A part of the sentence that the student must be shown.
    function
        The wrong function.
    source
        It as a student's cell: under the exercise's own name.
    """

    name: str
    exercise: str
    says: str
    function: Callable[..., Any]
    source: str


def wrong(exercise: str, *, says: str) -> Callable[[Function], Function]:
    """Mark a function as a wrong answer to ``exercise``, on which a sentence with ``says`` in it must be shown."""

    def mark(function: Function) -> Function:
        function.wrong_answer = (exercise, says)  # type: ignore[attr-defined]
        return function

    return mark


def load(path: Path) -> list[WrongAnswer]:
    """Every wrong answer in the file ``path``, in order."""
    functions = [value for value in runpy.run_path(str(path)).values() if hasattr(value, "wrong_answer")]
    return [
        WrongAnswer(function.__name__, exercise, says, function, _as_cell(function, exercise))
        for function in functions
        for exercise, says in [function.wrong_answer]
    ]


def equivalent_mutants(path: Path) -> dict[tuple[str, str], str]:
    """Changes to a solution that change nothing: (exercise, changed line) → why. See :mod:`autograder.mutants`."""
    found: dict[tuple[str, str], str] = (
        runpy.run_path(str(path)).get("EQUIVALENT_MUTANTS", {}) if path.exists() else {}
    )
    return found


def _as_cell(function: Callable[..., Any], exercise: str) -> str:
    node = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    assert isinstance(node, ast.FunctionDef)
    node.name, node.decorator_list = exercise, []
    return ast.unparse(node)
