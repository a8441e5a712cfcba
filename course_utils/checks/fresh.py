"""Run a saved notebook's answers in a process that knows nothing yet, as the grader will.

``python -m course_utils.checks.fresh NOTEBOOK RESULTS`` writes a line of JSON as each cell and each exercise begins, as a cell
fails, and as an exercise has been checked, so that much is known even of a notebook that never comes to its end.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any

from course_utils.checks.colab import FIRST_LINE
from course_utils.checks.names import defined_names, names_read
from course_utils.checks.notebook import plain, public_tests, read_notebook, sources
from course_utils.checks.results import run_checks

Cell = tuple[int, str]


def cells_needed(cells: list[Cell], exercises: Collection[str]) -> list[Cell]:
    """The opening cell, the cells that define the exercises, and those that these need in their turn."""
    opening = cells[:1]
    others = [(cell, *_names(cell[1], exercises)) for cell in cells[1:]]
    wanted, chosen = set(exercises), [*opening]
    while more := [entry for entry in others if entry[0] not in chosen and entry[1] & wanted]:
        chosen += [cell for cell, _, _ in more]
        wanted = wanted.union(*(reads for _, _, reads in more))
    return sorted(chosen)


def _names(source: str, exercises: Collection[str]) -> tuple[set[str], set[str]]:
    """What a cell binds and what it reads; of one that isn't Python, which exercises it looks to define."""
    try:
        return defined_names(plain(source)), names_read(plain(source))
    except (SyntaxError, ValueError, RecursionError):
        return {
            name for name in exercises if re.search(rf"^(def|class) {name}\b", source, re.MULTILINE)
        }, set()


def main(notebook: Path, results: Path) -> None:
    """Run the cells that the exercises need, check the exercises, and write what came of it."""
    content = read_notebook(notebook)
    tests = public_tests(content)
    namespace: dict[str, Any] = {"__name__": "__main__"}
    with results.open("w", encoding="utf-8") as file:

        def say(**line: Any) -> None:
            file.write(json.dumps(line) + "\n")
            file.flush()

        cells = [cell for cell in sources(content) if not cell[1].startswith(FIRST_LINE)]
        for number, source in cells_needed(cells, tests):
            say(running=number)
            try:
                exec(compile(plain(source), f"<cell {number}>", "exec"), namespace)
            except (Exception, SystemExit) as error:
                say(cell=number, error=f"{type(error).__name__}: {error}")
        for question, test in tests.items():
            say(running=question)
            result = run_checks(question, test, namespace)
            first = next((outcome for outcome in result.outcomes if not outcome.passed), None)
            say(
                question=question,
                state=result.state,
                sentence=first.sentence if first is not None else None,
                detail=first.detail if first is not None else None,
            )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
