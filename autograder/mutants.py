"""Break each solution in small ways, and see that the tests notice.

A change that keeps full marks is a hole in the tests, unless it changes nothing: those are listed with a reason in
``EQUIVALENT_MUTANTS`` beside the wrong answers.

The operators are our own. Mutation libraries bring arithmetic, comparisons and constants, but not what matters in
array code (axes, transposes, dropped terms, swapped operands, a mean for a sum), and each brings a runner that
expects a package with a test suite, not one function in a notebook.
"""

from __future__ import annotations

import ast
import copy
import multiprocessing
import os
import signal
import warnings
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from otter.test_files import ExceptionTestFile

from autograder import build
from autograder.build.masters import Question, master_path, questions, read_cells
from autograder.wrong_answers import equivalent_mutants
from course_utils.checks import CallTimeout, run_case

_SECONDS = 10.0  # of computing for one mutant; a loop that never ends is noticed too

_SWAPPED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.Pow: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.FloorDiv,
}
_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
_NAMES = {
    "mean": "sum",
    "sum": "mean",
    "max": "min",
    "min": "max",
    "maximum": "minimum",
    "minimum": "maximum",
    "log1p": "log",
    "exp": "expm1",
    "zeros": "ones",
    "ones": "zeros",
    "eye": "ones_like",
    "argmax": "argmin",
    "argmin": "argmax",
    "all": "any",
    "any": "all",
    "floor": "ceil",
    "var": "std",
    "std": "var",
    "eigvalsh": "diag",
}


@dataclass(frozen=True)
class Mutant:
    """A solution with one small change.

    Parameters
    ----------
    exercise
        Which solution.
    before, after
        The line that was changed, as it was and as it is.
    source
        The whole changed function.
    """

    exercise: str
    before: str
    after: str
    source: str


def mutants_of(exercise: str, source: str) -> list[Mutant]:
    """Every different mutant of a solution."""
    tree = ast.parse(source)
    original = ast.unparse(tree)
    found: dict[str, Mutant] = {}
    for number, node in enumerate(ast.walk(tree)):
        for replacement in _changes(node):
            changed = ast.unparse(
                ast.fix_missing_locations(_Replace(number, replacement).apply(copy.deepcopy(tree)))
            )
            if changed != original and changed not in found:
                found[changed] = Mutant(exercise, *_changed_line(original, changed), changed)
    return list(found.values())


class _Replace(ast.NodeTransformer):
    """Puts ``replacement`` where the node number ``number`` of a walk stands."""

    def __init__(self, number: int, replacement: ast.AST) -> None:
        self.number = number
        self.replacement = replacement

    def apply(self, tree: ast.AST) -> ast.AST:
        self.target = list(ast.walk(tree))[self.number]
        return self.visit(tree)  # type: ignore[no-any-return]

    def visit(self, node: ast.AST) -> Any:
        return self.replacement if node is self.target else self.generic_visit(node)


def _changed_line(before: str, after: str) -> tuple[str, str]:
    old, new = before.split("\n"), after.split("\n")
    for a, b in zip(old, new, strict=False):
        if a != b:
            return a.strip(), b.strip()
    return (old[len(new)].strip(), "") if len(old) > len(new) else ("", new[len(old)].strip())


def _changes(node: ast.AST) -> Iterator[ast.AST]:
    """What may stand in the place of a node."""
    if isinstance(node, ast.BinOp):
        yield from _binary(node)
    elif isinstance(node, ast.Compare) and len(node.ops) == 1:
        for operator in _COMPARISONS.get(type(node.ops[0]), ()):
            yield ast.Compare(node.left, [operator()], node.comparators)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.Not)):
        yield node.operand
    elif isinstance(node, ast.BoolOp):
        yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
    elif isinstance(node, ast.Constant):
        yield from _constant(node.value)
    elif isinstance(node, ast.Attribute):
        if node.attr == "T":
            yield node.value
        elif node.attr in _NAMES:
            yield ast.Attribute(node.value, _NAMES[node.attr], node.ctx)
    elif isinstance(node, ast.Call):
        yield from _call(node)
    elif isinstance(node, ast.Tuple) and len(node.elts) == 2 and isinstance(node.ctx, ast.Load):
        yield ast.Tuple(node.elts[::-1], node.ctx)
    elif isinstance(node, ast.If):
        yield ast.If(ast.UnaryOp(ast.Not(), node.test), node.body, node.orelse)
        yield ast.If(ast.Constant(False), node.body, node.orelse)
    elif isinstance(node, ast.AugAssign) and type(node.op) in _SWAPPED:
        yield ast.AugAssign(node.target, _SWAPPED[type(node.op)](), node.value)
        yield ast.Assign([node.target], node.value)


def _binary(node: ast.BinOp) -> Iterator[ast.AST]:
    kind = type(node.op)
    if kind in _SWAPPED:
        yield ast.BinOp(node.left, _SWAPPED[kind](), node.right)
    yield node.left
    yield node.right
    if kind in (ast.Sub, ast.Div, ast.Pow, ast.MatMult, ast.FloorDiv, ast.Mod):
        yield ast.BinOp(node.right, node.op, node.left)


def _constant(value: Any) -> Iterator[ast.AST]:
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int):
        yield from (ast.Constant(other) for other in {0, 1, value + 1, value - 1, -value} - {value})
    elif isinstance(value, float):
        yield from (
            ast.Constant(other)
            for other in {0.0, 2 * value, value / 2, -value, 1e5 * value, 1e-5 * value} - {value}
        )


def _call(node: ast.Call) -> Iterator[ast.AST]:
    if node.args:
        yield node.args[0]  # the call itself left out
        for change in (ast.Sub(), ast.Add()):
            if isinstance(node.func, ast.Name) and node.func.id == "range":
                yield ast.Call(
                    node.func,
                    [*node.args[:-1], ast.BinOp(node.args[-1], change, ast.Constant(1))],
                    node.keywords,
                )
    elif isinstance(node.func, ast.Attribute):
        yield node.func.value
    for i in range(len(node.args) - 1) if not _is_symmetric(node.func) else ():
        args = list(node.args)
        args[i], args[i + 1] = args[i + 1], args[i]
        yield ast.Call(node.func, args, node.keywords)
    for i in range(len(node.keywords)):
        yield ast.Call(node.func, node.args, node.keywords[:i] + node.keywords[i + 1 :])


def _is_symmetric(function: ast.expr) -> bool:
    """Whether the order of a function's arguments means nothing."""
    if isinstance(function, ast.Attribute):
        return function.attr in ("maximum", "minimum", "logaddexp")
    return isinstance(function, ast.Name) and function.id in ("max", "min")


# --- running them --------------------------------------------------------------------------------------------

_state: dict[str, Any] = {}  # set before the workers fork, for a solution's namespace can't be pickled


def survives(mutant: Mutant) -> bool:
    """Whether a mutant keeps full marks."""
    namespace = dict(_state["namespace"])
    signal.signal(signal.SIGPROF, _ring)
    signal.setitimer(signal.ITIMER_PROF, _SECONDS)
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):
            exec(compile(mutant.source, "<mutant>", "exec"), namespace)
            cases = ExceptionTestFile.from_string(_state["tests"][mutant.exercise]).test_cases
            return all(run_case(case, namespace).passed for case in cases)
    except CallTimeout:
        return False
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _ring(*_: object) -> None:
    raise CallTimeout


def check_topic(topic: str, root: Path) -> tuple[int, list[str]]:
    """How many mutants there are, and a line for each that survives without an excuse, or excuse without a mutant."""
    master = master_path(topic, root)
    exercises = [
        question for question in questions(read_cells(master.read_text(encoding="utf-8"))) if question.tests
    ]
    _state.update(namespace=build.solution_namespace(topic, root), tests=build.test_sources(topic, root))
    mutants = [mutant for question in exercises for mutant in mutants_of(question.name, _source(question))]
    with ProcessPoolExecutor(os.cpu_count(), mp_context=multiprocessing.get_context("fork")) as pool:
        alive = [
            m
            for m, survived in zip(mutants, pool.map(survives, mutants, chunksize=4), strict=True)
            if survived
        ]
    excuses = equivalent_mutants(root / "tests" / "wrong_answers" / f"{topic}.py")
    lines = {question.name: question.solution[0].line for question in exercises}
    complaints = [
        f"{master.relative_to(root)}:{lines[m.exercise]}: {m.exercise}: {m.before}  →  {m.after}"
        for m in alive
        if (m.exercise, m.after) not in excuses
    ]
    unused = set(excuses) - {(m.exercise, m.after) for m in alive}
    complaints += [
        f"excused, but it doesn't survive or exist: {exercise}: {line}" for exercise, line in sorted(unused)
    ]
    return len(mutants), complaints


def _source(question: Question) -> str:
    return "\n".join(cell.source for cell in question.solution)


def main(topics: list[str], root: Path) -> int:
    """Print what survives in each topic; return 1 if anything does without an excuse."""
    holes = 0
    for topic in topics:
        count, complaints = check_topic(topic, root)
        print(
            "\n".join(complaints)
            + "\n" * bool(complaints)
            + f"{topic}: {count} mutants, {len(complaints)} unexplained"
        )
        holes += len(complaints)
    return int(holes > 0)
