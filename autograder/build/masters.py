"""Masters: where they are, and their cells and questions with line numbers."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

_CELL = re.compile(r"^# %%(?: \[(?P<kind>raw|markdown)\])?")
_BOUNDARY = re.compile(r"#\s+(?P<end>BEGIN|END)\s+(?P<block>QUESTION|PROMPT|SOLUTION|TESTS)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Cell:
    """One cell of a master.

    Parameters
    ----------
    kind
        ``"code"``, ``"markdown"`` or ``"raw"``.
    source
        Its text, without the comment signs of text cells.
    line
        The number of its first line of text in the master, from 1.
    """

    kind: Literal["code", "markdown", "raw"]
    source: str
    line: int

    @property
    def boundary(self) -> tuple[str, str] | None:
        """``("BEGIN", "QUESTION")`` and the like if this raw cell opens or closes a block of otter assign."""
        match = _BOUNDARY.match(self.source) if self.kind == "raw" else None
        return None if match is None else (match["end"].upper(), match["block"].upper())

    @property
    def config(self) -> dict[str, Any]:
        """What a raw cell says in YAML."""
        loaded = yaml.safe_load(self.source)
        return loaded if isinstance(loaded, dict) else {}

    @property
    def is_hidden(self) -> bool:
        """Whether a test cell is hidden from students."""
        return bool(re.match(r"#.*\bhidden\b", self.source, re.IGNORECASE))


@dataclass(frozen=True)
class Question:
    """A question of a master with the cells of its parts.

    Parameters
    ----------
    name, points, manual
        As its opening cell says.
    line
        Where it opens.
    text, solution, tests
        The cells of its prompt, solution and tests.
    stray
        Cells that otter assign would drop or misplace.
    closed
        Whether every block in it is closed.
    """

    name: str
    points: float | None
    manual: bool
    line: int
    text: tuple[Cell, ...]
    solution: tuple[Cell, ...]
    tests: tuple[Cell, ...]
    stray: tuple[Cell, ...]
    closed: bool


def find_root(start: Path | None = None) -> Path:
    """The nearest folder at or above ``start`` (default: here) that holds ``solutions/``, or what students get of a course.

    Raises
    ------
    FileNotFoundError
        If there is none.
    """
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents, Path(__file__).resolve().parents[2]):
        if (folder / "solutions").is_dir() or (
            (folder / "notebooks").is_dir() and (folder / "course_utils").is_dir()
        ):
            return folder
    raise FileNotFoundError("This is not a course: no folder here or above holds solutions/ or notebooks/.")


def topics(root: Path) -> list[str]:
    """The names of all masters, in order."""
    return sorted(path.stem for path in (root / "solutions").glob("[0-9][0-9]_*.py"))


def master_path(topic: str, root: Path) -> Path:
    """The master of ``topic``."""
    return root / "solutions" / f"{topic}.py"


def read_cells(text: str) -> list[Cell]:
    """Split a master in jupytext's py:percent format into cells."""
    cells: list[Cell] = []
    kind: Literal["code", "markdown", "raw"] = "code"
    lines: list[str] = []
    first = 1
    in_body = False
    for number, line in enumerate([*text.split("\n"), "# %%"], start=1):
        if (match := _CELL.match(line)) is None:
            lines.append(line)
            continue
        if in_body:
            cells.append(_cell(kind, lines, first))
        kind = match["kind"] or "code"  # type: ignore[assignment]
        lines, first, in_body = [], number + 1, True
    return cells


def _cell(kind: Literal["code", "markdown", "raw"], lines: list[str], first: int) -> Cell:
    while lines and not lines[-1].strip():
        lines = lines[:-1]
    if kind != "code":
        lines = [re.sub(r"^# ?", "", line) for line in lines]
    return Cell(kind, "\n".join(lines), first)


def questions(cells: list[Cell]) -> list[Question]:
    """The questions among ``cells``, with the cells of each part."""
    found: list[Question] = []
    opening: Cell | None = None
    parts: dict[str, list[Cell]] = {}
    block, closed = "", True
    for cell in cells:
        boundary = cell.boundary
        if boundary == ("BEGIN", "QUESTION"):
            if opening is not None:
                found.append(_question(opening, parts, closed=False))
            opening, block, closed = cell, "QUESTION", True
            parts = {name: [] for name in ("QUESTION", "PROMPT", "SOLUTION", "TESTS", "STRAY")}
        elif boundary is not None and boundary[0] == "BEGIN":
            closed = closed and block == "QUESTION"
            block = boundary[1]
        elif boundary == ("END", "QUESTION") and opening is not None:
            found.append(_question(opening, parts, closed=closed and block == "QUESTION"))
            opening = None
        elif boundary is not None:
            block = "QUESTION"
        elif opening is not None:
            outside = block == "QUESTION" and cell.kind != "markdown"
            misplaced = outside or (block == "TESTS" and cell.kind != "code")
            parts["STRAY" if misplaced else block].append(cell)
    if opening is not None:
        found.append(_question(opening, parts, closed=False))
    return found


def _question(opening: Cell, parts: dict[str, list[Cell]], *, closed: bool) -> Question:
    config = opening.config
    text, solution, tests, stray = (tuple(parts[name]) for name in ("QUESTION", "SOLUTION", "TESTS", "STRAY"))
    name, manual = str(config.get("name", "")), bool(config.get("manual", False))
    return Question(name, config.get("points"), manual, opening.line, text, solution, tests, stray, closed)


def defined_names(source: str) -> set[str]:
    """Every name that a piece of code binds at its top level, inside ``if`` and ``with`` too."""
    names: set[str] = set()
    for node in _top_level(ast.parse(source).body):
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
