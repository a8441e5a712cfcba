"""Wrong answers: what students really write, kept to prove that the checks notice and say what is wrong.

A wrong answer is a small function whose name is the mistake, in ``tests/wrong_answers/NN_topic.py``::

    @wrong("fit_line", says="use one divisor for both")
    def mixed_divisors(x, y): ...

Where the exercise is a class, it is a class, which may derive from another in the same file.
"""

from __future__ import annotations

import ast
import copy
import runpy
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
        The wrong function or class.
    source
        It as a student's cell: under the exercise's own name, below what else of the file it needs.
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
    functions = [value for value in runpy.run_path(str(path)).values() if "wrong_answer" in _own(value)]
    parts = {name: node for node in ast.parse(path.read_text(encoding="utf-8")).body for name in _bound(node)}
    return [
        WrongAnswer(function.__name__, exercise, says, function, _as_cell(function.__name__, exercise, parts))
        for function in functions
        for exercise, says in [function.wrong_answer]
    ]


def _own(value: object) -> dict[str, Any]:
    """What was set on a function or class itself: a class inherits the mark of a wrong one above it."""
    return getattr(value, "__dict__", {})


def equivalent_mutants(path: Path) -> dict[tuple[str, str], str]:
    """Changes to a solution that change nothing: (exercise, changed line) → why. See :mod:`autograder.mutants`."""
    found: dict[tuple[str, str], str] = (
        runpy.run_path(str(path)).get("EQUIVALENT_MUTANTS", {}) if path.exists() else {}
    )
    return found


def _bound(node: ast.stmt) -> list[str]:
    """The names that a statement of the file binds."""
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return [node.name]
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return [alias.asname or alias.name for alias in node.names]
    names = [part for part in ast.walk(node) if isinstance(part, ast.Name)]
    return [name.id for name in names if isinstance(name.ctx, ast.Store)]


def _as_cell(name: str, exercise: str, parts: dict[str, ast.stmt]) -> str:
    answer = _unmarked(parts[name])
    needed, waiting = list[str](), [answer]
    while waiting:
        names = {part.id for part in ast.walk(waiting.pop()) if isinstance(part, ast.Name)} - {name}
        new = [part for part in parts if part in names and part not in needed]
        needed += new
        waiting += [_unmarked(parts[part]) for part in new]
    for part in ast.walk(answer):  # a class speaks of itself
        if isinstance(part, ast.Name) and part.id == name:
            part.id = exercise
    answer.name = exercise  # type: ignore[attr-defined]
    helpers = [_unmarked(part) for own, part in parts.items() if own in needed]
    return "\n\n".join(ast.unparse(part) for part in [*helpers, answer])


def _unmarked(part: ast.stmt) -> ast.stmt:
    """A copy without the mark that makes it a wrong answer."""
    part = copy.deepcopy(part)
    if isinstance(part, (ast.FunctionDef, ast.ClassDef)):
        part.decorator_list = [d for d in part.decorator_list if not _is_mark(d)]
    return part


def _is_mark(decorator: ast.expr) -> bool:
    return isinstance(decorator, ast.Call) and getattr(decorator.func, "id", None) == "wrong"
