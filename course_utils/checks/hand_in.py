"""The file that is handed in, and what stands in the way of grading it.

The file is written first; whatever is found or goes wrong afterwards, it is there.
"""

from __future__ import annotations

import contextlib
import html
import inspect
import json
import linecache
import os
import re
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from course_utils.checks.call import is_stub, student_code
from course_utils.checks.names import defined_names
from course_utils.checks.notebook import MAX_BYTES, plain, public_tests, read_notebook, sources
from course_utils.checks.results import Overview, marked_up

SECONDS = 15.0  # for the saved notebook's answers in a fresh process
_EMPTY_ANSWER = "_Type your answer here, replacing this text._"


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


@dataclass
class Fresh:
    """What a fresh process says of the saved notebook.

    Parameters
    ----------
    process, results, deadline
        The process, the file that it writes, and when it must have come to its end.
    """

    process: subprocess.Popen[bytes]
    results: Path
    deadline: float
    errors: dict[int, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    running: int | None = None
    finished: bool = False

    def wait(self) -> None:
        """Wait for it, no longer than the deadline, and read what it wrote."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.finished = self.process.wait(max(0.0, self.deadline - time.monotonic())) == 0
        with contextlib.suppress(OSError):
            for line in self.results.read_text(encoding="utf-8").splitlines():
                with contextlib.suppress(ValueError):  # the last one may be half written
                    self._read(json.loads(line))

    def _read(self, line: dict[str, Any]) -> None:
        if "error" in line:
            self.errors[line["cell"]] = line["error"]
        elif "cell" in line:
            self.running = line["cell"]
        elif line["state"] != "passed":
            self.failed[line["question"]] = " ".join(filter(None, (line["sentence"], line["detail"])))


@contextlib.contextmanager
def fresh_run(notebook: Path) -> Iterator[Fresh | None]:
    """Run the notebook's answers in a process of their own, which ends with the block; ``None`` where none can be started."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        results = Path(folder, "results")
        command = [sys.executable, "-m", "course_utils.checks.fresh", notebook.name, str(results)]
        try:
            process = subprocess.Popen(
                command,
                cwd=notebook.parent,
                env={**os.environ, "MPLBACKEND": "agg"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        except OSError:
            yield None
            return
        try:
            yield Fresh(process, results, time.monotonic() + SECONDS)
        finally:
            process.kill()
            process.wait()


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
    fresh.wait()
    for number, error in list(fresh.errors.items())[:3]:
        yield f"{_called(number, cells)} stops after a fresh start, with {error}"
    if not fresh.finished:
        if fresh.running is None:
            yield f"After a fresh start the checks weren't through in {SECONDS:.0f} seconds: does a function take very long?"
        else:
            yield f"{_called(fresh.running, cells)} was still running {SECONDS:.0f} seconds after a fresh start."
    for name in sorted(passed_here & set(fresh.failed)):
        yield (
            f"`{name}` passes here but not after a fresh start: {fresh.failed[name]} "
            "Restart the kernel, run all cells, and see what is missing."
        )


def _called(number: int, cells: Mapping[int, str]) -> str:
    first = next((line.strip() for line in cells.get(number, "").splitlines() if line.strip()), "")
    return f"Cell {number} (`{first.replace('`', chr(39))[:60]}`)"


def _undone(overview: Overview, texts: Mapping[int, str]) -> Iterator[str]:
    open_ones = [f"`{result.question}`" for result in overview.results if result.state != "passed"]
    if open_ones:
        yield f"Not done yet: {', '.join(open_ones)}."
    if empty := sum(text.strip() == _EMPTY_ANSWER for text in texts.values()):
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
