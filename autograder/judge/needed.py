"""Which of a notebook's cells must run for its exercises to be graded.

A cell that was handed out and left as it was, such as one that trains a net for a picture, is left out unless a cell that runs, or
a test, needs what it binds or changes.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Collection
from functools import lru_cache

from autograder.judge.cells import Cell
from course_utils.checks.names import names_read, parse

# With one of these, code can reach any name without writing it.
_DYNAMIC = {"globals", "locals", "vars", "eval", "exec", "get_ipython"} | {
    "__import__",
    "importlib",
    "sys",
    "inspect",
}
_MAX_CODE = 100_000  # characters of a notebook: a tree of code is hundreds of times as large


def needed(cells: list[Cell], handed_out: Collection[str], wanted: Collection[str]) -> list[Cell]:
    """The cells among ``cells`` to run, in order.

    Parameters
    ----------
    cells
        The code cells of a submission.
    handed_out
        The sources of the code cells as students got them; if empty, all cells are needed.
    wanted
        The names that the tests ask for. ``"env"`` stands for all names.
    """
    if sum(len(cell.source) for cell in cells) > _MAX_CODE:
        return cells
    unchanged = [cell for cell in cells[1:] if cell.source.rstrip() in handed_out]
    if not unchanged or "env" in wanted:
        return cells
    # The same in every submission of a class, so read once. What students wrote isn't kept.
    known = {cell.number for cell in unchanged}
    run = {cell.number for cell in cells} - known
    try:
        reads = {c.number: (_read_once if c.number in known else names_read)(c.source) for c in cells}
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return cells  # magics, what isn't Python, and what is made to break its parser
    if any(_DYNAMIC & reads[number] for number in run - {cells[0].number}):
        return cells
    fixed = frozenset({*wanted, *_imported(cells[0].source), *dir(builtins)})
    touched = {cell.number: _touched(cell.source, fixed) for cell in unchanged}
    names = set(wanted).union(*(reads[number] for number in run))
    while more := {number for number in touched.keys() - run if touched[number] & names}:
        run |= more
        names = names.union(*(reads[number] for number in more))
    return [cell for cell in cells if cell.number in run]


_read_once = lru_cache(maxsize=1024)(names_read)


def _imported(source: str) -> set[str]:
    """The names under which code imports something."""
    nodes = [node for node in ast.walk(parse(source)) if isinstance(node, (ast.Import, ast.ImportFrom))]
    return {(alias.asname or alias.name).split(".")[0] for node in nodes for alias in node.names}


@lru_cache(maxsize=1024)
def _touched(source: str, fixed: frozenset[str]) -> set[str]:
    """The names that a handed-out cell binds, or whose objects it may change.

    To call a function of a module doesn't change the module, and to pass an exercise's function on doesn't change that: those are
    ``fixed``.
    """
    touched = _imported(source)
    for node in ast.walk(parse(source)):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            touched.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, (ast.Store, ast.Del)):
            touched.add(node.id)
        elif isinstance(node, (ast.Attribute, ast.Subscript)) and isinstance(node.ctx, (ast.Store, ast.Del)):
            touched |= _names_in(node.value)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            touched |= _names_in(node.func.value) - fixed
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            touched |= set().union(*map(_names_in, node.value.args)) - fixed
    return touched


def _names_in(node: ast.AST) -> set[str]:
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}
