"""Which names a piece of code binds, and which it takes from elsewhere."""

from __future__ import annotations

import ast
import symtable
import threading

_parsing = threading.Lock()


def parse(source: str) -> ast.Module:
    """The syntax tree of a piece of code, from one thread at a time.

    Before Python 3.11.8 and 3.12.1 all threads share the count of a tree's depth, and now and then :func:`ast.parse` raises
    ``SystemError`` for that (issue 106905 of CPython).
    """
    with _parsing:
        return ast.parse(source)


def defined_names(source: str) -> set[str]:
    """Every name that a piece of code binds at its top level, inside ``if`` and ``with`` too."""
    names: set[str] = set()
    for node in _top_level(parse(source).body):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        else:
            names |= {
                n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
            }
    return names


def _top_level(body: list[ast.stmt]) -> list[ast.stmt]:
    flat: list[ast.stmt] = []
    for node in body:
        flat.append(node)
        if isinstance(node, (ast.If, ast.With, ast.For, ast.Try)):
            flat += _top_level(node.body)
    return flat


def names_read(source: str) -> set[str]:
    """The names that code takes from the notebook or from modules; a function's own names don't count."""
    names = set()
    tables = [symtable.symtable(source, "<cell>", "exec")]
    for table in tables:
        tables += table.get_children()
        of_a_module = table.get_type() == "module"
        names |= {
            s.get_name() for s in table.get_symbols() if s.is_referenced() and (of_a_module or s.is_global())
        }
    for node in ast.walk(parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").split(".")[0])
    return names
