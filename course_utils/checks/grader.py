"""The grader in the notebook: run the public checks of a question and show what came of it."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

from course_utils.checks.colab import save_page
from course_utils.checks.hand_in import HandIn, complaints, run_fresh, write_archive
from course_utils.checks.notebook import assignment, public_tests, read_notebook
from course_utils.checks.record import note_checks
from course_utils.checks.results import CheckResult, Overview, out_of_time, run_checks


class Grader:
    """Runs the public checks that a notebook carries in its own metadata.

    Parameters
    ----------
    path
        The notebook's file, looked for in the working folder. If it has been renamed, the folder's one notebook
        of the same assignment is taken.

    Examples
    --------
    >>> grader = Grader("01_regression.ipynb")
    >>> grader.check("fit_line")
    No notebook 01_regression.ipynb in this folder: keep the notebook where it was, under its own name.
    """

    def __init__(self, path: str) -> None:
        self.path = Path(path)

    def check(self, question: str) -> CheckResult | None:
        """Run the public checks of ``question`` against what the notebook has defined so far."""
        if (notebook := self._find()) is None:
            return None
        tests = public_tests(read_notebook(notebook))
        if question not in tests:
            print(f"No exercise is called {question!r}. There are: {', '.join(tests)}.")
            return None
        result = run_checks(question, tests[question], _callers_globals())
        if result.state != "not started":
            note_checks(notebook.parent, self.path.stem, {question: result.state == "passed"})
        return result

    def check_all(self) -> Overview | None:
        """Run the public checks of every question."""
        if (notebook := self._find()) is None:
            return None
        return self._overview(notebook)

    def hand_in(self) -> HandIn | None:
        """Write ``<notebook>-handin.zip`` beside the notebook, then show what is not done yet and what can't be graded."""
        save_page(self.path)
        if (notebook := self._find()) is None or (archive := write_archive(notebook)) is None:
            return None
        fresh = run_fresh(notebook)
        overview = self._overview(notebook, endless=fresh.checking if fresh is not None else None)
        return HandIn(archive, overview, tuple(complaints(notebook, overview, _callers_globals(), fresh)))

    def _find(self) -> Path | None:
        if not self.path.is_file():
            save_page(self.path)
        if self.path.is_file():
            return self.path
        others = [
            path
            for path in sorted(Path().glob("*.ipynb"))
            if assignment(read_notebook(path)) == self.path.stem
        ]
        if len(others) == 1:
            return others[0]
        print(f"No notebook {self.path} in this folder: keep the notebook where it was, under its own name.")
        return None

    def _overview(self, notebook: Path, endless: str | None = None) -> Overview:
        """Run all public checks, but not those of a question that didn't come to its end elsewhere."""
        environment = _callers_globals()
        results = tuple(
            out_of_time(question) if question == endless else run_checks(question, source, environment)
            for question, source in public_tests(read_notebook(notebook)).items()
        )
        passed = {result.question: True for result in results if result.state == "passed"}
        note_checks(notebook.parent, self.path.stem, passed)
        return Overview(results)


def _callers_globals() -> dict[str, Any]:
    """The globals of the nearest frame outside this module: the notebook's."""
    frame = inspect.currentframe()
    while frame is not None and frame.f_globals is globals():
        frame = frame.f_back
    return {} if frame is None else frame.f_globals
