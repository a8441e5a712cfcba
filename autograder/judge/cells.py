"""Which code of a notebook is run, and how a cell is called when it fails."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from nbformat import NotebookNode

from course_utils.checks.colab import FIRST_LINE

# Cells as they are handed out that have no part in an answer. It never goes back, or a line of `#` would take it for ever.
_MACHINERY = re.compile(
    r"""\s*+(?:\#[^\n]*+\s*+)*+grader\.(check\((?P<quote>["'])\w+(?P=quote)\)|check_all\(\)|hand_in\(\));?\s*"""
)
# Lines that only matter on the student's machine: what they would install is there, and plots are drawn on nothing.
_HOUSEKEEPING = re.compile(r"[ \t]*[%!]\s*(pip|conda|mamba|uv|matplotlib)\b")


@dataclass(frozen=True)
class Cell:
    """A code cell to be run.

    Parameters
    ----------
    number
        Its place among the notebook's cells, counted from 1.
    source
        What is run.
    """

    number: int
    source: str

    def __str__(self) -> str:
        first = next((line.strip() for line in self.source.splitlines() if line.strip()), "")
        short = first if len(first) <= 60 else first[:59] + "…"
        printable = short.replace("`", "'").encode(errors="replace").decode()
        return f"Cell {self.number} (`{printable}`)"


def to_run(notebook: NotebookNode) -> Iterator[Cell]:
    """The cells to run, in order, without untouched checks, nbgrader's tests, and what installs things."""
    for number, cell in enumerate(notebook.get("cells", []), start=1):
        if cell.get("cell_type") != "code" or _is_test_of_nbgrader(cell):
            continue
        source = _without_housekeeping("".join(cell.get("source") or ""))
        if source.strip() and not source.startswith(FIRST_LINE) and not _MACHINERY.fullmatch(source):
            yield Cell(number, source)


def _is_test_of_nbgrader(cell: NotebookNode) -> bool:
    """Whether nbgrader would put its own text in the place of this cell: nothing in it is an answer."""
    metadata = cell.get("metadata")
    role = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    return isinstance(role, dict) and role.get("grade") is True and role.get("solution") is not True


def _without_housekeeping(source: str) -> str:
    # Each such line becomes `pass`, so that lines keep their numbers and no block is left empty.
    lines = source.split("\n")
    if not any(_HOUSEKEEPING.match(line) for line in lines):
        return source
    kept = [_HOUSEKEEPING.match(line) is None for line in lines]
    if not any(line.strip() for line, keep in zip(lines, kept, strict=True) if keep):
        return ""
    return "\n".join(
        line if keep else f"{line[: len(line) - len(line.lstrip())]}pass"
        for line, keep in zip(lines, kept, strict=True)
    )
