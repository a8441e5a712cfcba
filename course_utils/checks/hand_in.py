"""The file that is handed in, and what stands in the way of grading it.

The file is written first; whatever is found or goes wrong afterwards, it is there.
"""

from __future__ import annotations

import html
import inspect
import json
import linecache
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from course_utils.checks.call import is_stub, student_code
from course_utils.checks.names import defined_names
from course_utils.checks.notebook import EMPTY_ANSWER, MAX_BYTES, plain, public_tests, read_notebook, sources
from course_utils.checks.results import Overview, marked_up

SECONDS = 15.0  # for the saved notebook's answers in a fresh process


@dataclass(frozen=True)
class HandIn:
    """What was handed in, shown in the notebook.

    Parameters
    ----------
    archive
        The file.
    overview
        The state of every exercise.
    complaints
        What stands in the way of grading, and what isn't done yet, in sentences.
    """

    archive: Path
    overview: Overview
    complaints: tuple[str, ...]

    def _ending(self) -> str:
        return (
            f"{self.archive.name} is written all the same. Mend this, save the notebook (Ctrl+S) and run this cell again."
            if self.complaints
            else f"Hand in {self.archive.name}. It holds the notebook as it was last saved, and that runs from a fresh start."
        )

    def __repr__(self) -> str:
        return "\n".join([repr(self.overview), *(f"! {each}" for each in self.complaints), self._ending()])

    def _repr_html_(self) -> str:
        items = "".join(f"<li>{marked_up(each)}</li>" for each in self.complaints)
        problems = f"<p><b>Before you hand in:</b></p><ul>{items}</ul>" if items else ""
        return f'<div role="status">{self.overview._repr_html_()}{problems}<p>{html.escape(self._ending())}</p></div>'


def write_archive(notebook: Path) -> Path | None:
    """Write ``<notebook>-handin.zip`` beside the notebook and say so at once; ``None`` if it can't be written."""
    archive = notebook.with_name(f"{notebook.stem}-handin.zip")
    unfinished = notebook.with_name(f".{archive.name}.tmp")
    try:
        with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as file:
            file.write(notebook, notebook.name)
        unfinished.replace(archive)
    except OSError as error:
        print(f"{archive.name} can't be written here ({error.strerror}): hand in {notebook.name} itself.")
        return None
    print(
        f"{archive.name} holds the notebook as it was last saved. Trying whether it can be graded: {SECONDS:.0f} seconds at most …",
        flush=True,
    )
    return archive


# --- a fresh start -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fresh:
    """What a fresh process says of the saved notebook.

    Parameters
    ----------
    ended
        ``"well"``, ``"late"`` if it had to be stopped, or ``"early"`` if Python itself came to its end.
    running
        What it was at last: the number of a cell or the name of an exercise.
    errors, failed
        The error of each cell that stopped, by its number; the reason for each exercise that didn't pass, by its name.
    """

    ended: Literal["well", "late", "early"]
    running: int | str | None
    errors: Mapping[int, str]
    failed: Mapping[str, str]

    @property
    def checking(self) -> str | None:
        """The exercise whose checks didn't come to their end."""
        return self.running if self.ended != "well" and isinstance(self.running, str) else None


def run_fresh(notebook: Path) -> Fresh | None:
    """Run the answers of the saved notebook in a process of their own; ``None`` where none can be started."""
    ended: Literal["well", "late", "early"]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        results = Path(folder, "results")
        command = [sys.executable, "-m", "course_utils.checks.fresh", notebook.name, str(results)]
        try:
            done = subprocess.run(
                command,
                cwd=notebook.parent,
                env={**os.environ, "MPLBACKEND": "agg"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=SECONDS,
            )
            ended = "early" if done.returncode else "well"
        except subprocess.TimeoutExpired:
            ended = "late"
        except OSError:
            return None
        return _read(ended, results.read_text(encoding="utf-8") if results.exists() else "")


def _read(ended: Literal["well", "late", "early"], results: str) -> Fresh:
    running, errors, failed = None, {}, {}
    for text in results.splitlines():
        try:
            line = json.loads(text)
        except ValueError:  # the last one was half written
            continue
        running = line.get("running", running)
        if "error" in line:
            errors[line["cell"]] = line["error"]
        elif line.get("state", "passed") != "passed":
            failed[line["question"]] = " ".join(filter(None, (line["sentence"], line["detail"])))
    return Fresh(ended, running, errors, failed)


# --- what stands in the way ----------------------------------------------------------------------------------


def complaints(
    notebook: Path, overview: Overview, environment: Mapping[str, Any], fresh: Fresh | None
) -> Iterator[str]:
    """What stands in the way of grading the saved notebook, and what isn't done yet, worst first.

    Parameters
    ----------
    notebook
        The file.
    overview
        What the checks say in this kernel.
    environment
        The names of this kernel.
    fresh
        The run of the saved notebook, if one could be started.
    """
    content = read_notebook(notebook)
    if not content or not public_tests(content):
        yield f"{notebook.name} can't be read as this course's notebook: take a fresh copy and put your answers into it."
        return
    size = notebook.stat().st_size
    if size > MAX_BYTES:
        yield (
            f"The notebook takes {size / 2**20:.0f} MB and the grader reads {MAX_BYTES >> 20} MB at most: "
            "clear the outputs in the menu Edit."
        )
    cells = dict(sources(content))
    defined = {number: _defined(source) for number, source in cells.items()}
    questions = [result.question for result in overview.results]
    missing = [name for name in questions if not any(name in names for names in defined.values())]
    for name in missing:
        yield f"No cell defines `{name}`: its cell was deleted or renamed. Copy it from the notebook as it was handed out."
    stale = [
        name
        for name in questions
        if name not in missing
        and _is_stale(environment.get(name), (cells[n] for n, names in defined.items() if name in names))
    ]
    for name in stale:
        yield f"`{name}` was run otherwise than it stands in the saved notebook: run its cell, then save."
    if fresh is None:
        yield "No second Python could be started here: restart the kernel and run all cells to see whether they still work."
    else:
        passed = {result.question for result in overview.results if result.state == "passed"}
        yield from _fresh_complaints(fresh, cells, passed - {*missing, *stale})
    yield from _undone(overview, dict(sources(content, "markdown")))


def _fresh_complaints(fresh: Fresh, cells: Mapping[int, str], passed_here: set[str]) -> Iterator[str]:
    for number, error in list(fresh.errors.items())[:3]:
        yield f"{_called(number, cells)} stops after a fresh start, with {error}"
    if fresh.ended != "well":
        what = f"`{fresh.checking}`" if fresh.checking is not None else _called(fresh.running, cells)
        how = (
            f"hadn't come to its end after {SECONDS:.0f} seconds"
            if fresh.ended == "late"
            else "ended Python itself"
        )
        yield f"{what} {how}, in a fresh start."
    for name in sorted(passed_here & set(fresh.failed)):
        yield (
            f"`{name}` passes here but not after a fresh start: {fresh.failed[name]} "
            "Restart the kernel, run all cells, and see what is missing."
        )


def _called(number: int | str | None, cells: Mapping[int, str]) -> str:
    if not isinstance(number, int):
        return "Python"
    first = next((line.strip() for line in cells.get(number, "").splitlines() if line.strip()), "")
    return f"Cell {number} (`{first.replace('`', chr(39))[:60]}`)"


def _undone(overview: Overview, texts: Mapping[int, str]) -> Iterator[str]:
    open_ones = [f"`{result.question}`" for result in overview.results if result.state != "passed"]
    if open_ones:
        yield f"Not done yet: {', '.join(open_ones)}."
    if empty := sum(text.strip() == EMPTY_ANSWER for text in texts.values()):
        yield f"{empty} written {'answer is' if empty == 1 else 'answers are'} still empty."


def _defined(source: str) -> set[str]:
    try:
        return defined_names(plain(source))
    except (SyntaxError, ValueError, RecursionError):
        return set(re.findall(r"^(?:def|class) (\w+)", source, re.MULTILINE))


def _is_stale(function: Any, cells: Iterable[str]) -> bool:
    """Whether the code that the kernel ran for ``function`` stands in none of the ``cells`` that define it now."""
    code = student_code(inspect.unwrap(function)) if callable(function) else None
    if code is None or "ipykernel_" not in code.co_filename or is_stub(function):
        return False
    ran = "".join(linecache.getlines(code.co_filename)).strip()
    return bool(ran) and all(plain(cell) == cell != ran for cell in map(str.strip, cells))
