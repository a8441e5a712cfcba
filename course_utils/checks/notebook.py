"""Reading a notebook's own file: its assignment, its public tests, its cells."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

MAX_BYTES = 50 * 2**20  # of a notebook that is graded
EMPTY_ANSWER = (
    "_Type your answer here, replacing this text._"  # otter's words, in the cell of a written answer
)


def read_notebook(path: Path) -> dict[str, Any]:
    """The notebook as plain data; empty if the file isn't one."""
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return notebook if isinstance(notebook, dict) else {}


def sources(notebook: dict[str, Any], kind: str = "code") -> list[tuple[int, str]]:
    """The cells of one kind: each one's place among all, from 1, and its text."""
    cells = notebook.get("cells")
    return [
        (number, _text(cell.get("source")))
        for number, cell in enumerate(cells if isinstance(cells, list) else [], start=1)
        if isinstance(cell, dict) and cell.get("cell_type") == kind
    ]


def _text(source: Any) -> str:
    return "".join(map(str, source)) if isinstance(source, list) else str(source or "")


def plain(source: str) -> str:
    """A cell without IPython's magics, each line keeping its number."""
    try:
        compile(source, "<cell>", "exec")
    except (SyntaxError, ValueError):
        return re.sub(r"^([ \t]*)[%!].*$", r"\1pass", source, flags=re.MULTILINE)
    return source


def public_tests(notebook: dict[str, Any]) -> dict[str, str]:
    """The tests that the notebook carries, in the order of its check cells; saving sorts the metadata by name."""
    tests = _otter_metadata(notebook).get("tests")
    if not isinstance(tests, dict):
        return {}
    text = "\n".join(source for _, source in sources(notebook))
    return {
        name: tests[name] for name in sorted(tests, key=lambda name: text.find(f'grader.check("{name}")'))
    }


def assignment(notebook: dict[str, Any]) -> str | None:
    """The name of the assignment that the notebook was made for."""
    return _otter_metadata(notebook).get("assignment_name")


def _otter_metadata(notebook: dict[str, Any]) -> dict[str, Any]:
    metadata = notebook.get("metadata")
    otter = metadata.get("otter") if isinstance(metadata, dict) else None
    return otter if isinstance(otter, dict) else {}
