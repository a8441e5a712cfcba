"""The grader in the notebook: run the public checks of a question and show what came of it."""

from __future__ import annotations

import html
import inspect
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from course_utils.checks.call import run_case
from course_utils.checks.forbids import forbidden_by
from course_utils.checks.mistake import Outcome

_STYLE = {
    "passed": ("✓", "Passed", "var(--jp-success-color1, #1b7f3b)"),
    "not yet": ("✗", "Not yet", "var(--jp-error-color1, #b3261e)"),
    "not started": ("○", "Not started", "var(--jp-ui-font-color2, #6b6b6b)"),
}


@dataclass(frozen=True)
class CheckResult:
    """What the public checks of one question say; shown in the notebook as a short box.

    Parameters
    ----------
    question
        The name of the exercise.
    outcomes
        One for each public check, in order.
    """

    question: str
    outcomes: tuple[Outcome, ...]

    @property
    def state(self) -> str:
        """``"passed"``, ``"not yet"`` or ``"not started"``."""
        if all(outcome.passed for outcome in self.outcomes):
            return "passed"
        if all(outcome.kind in ("not_started", "missing") for outcome in self.outcomes):
            return "not started"
        return "not yet"

    def _first(self) -> Outcome | None:
        return next((outcome for outcome in self.outcomes if not outcome.passed), None)

    def _count(self) -> str:
        failed = sum(not outcome.passed for outcome in self.outcomes)
        total = len(self.outcomes)
        if self.state == "passed":
            return f"{total} of {total} checks"
        return (
            f"{total - failed} of {total} checks pass; this is the first that doesn't"
            if failed > 1
            else f"{total - 1} of {total} checks pass"
        )

    def __repr__(self) -> str:
        icon, word, _ = _STYLE[self.state]
        lines = [f"{icon} {self.question}: {word} ({self._count()})"]
        if (first := self._first()) is not None:
            lines.append(first.sentence or "")
            if self.state == "not yet" and first.detail:
                lines.append(first.detail)
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        icon, word, colour = _STYLE[self.state]
        head = (
            f'<div><span style="color:{colour};font-weight:600">{icon} {word}</span> '
            f"<code>{html.escape(self.question)}</code> "
            f'<span style="color:var(--jp-ui-font-color2,#6b6b6b)">{self._count()}</span></div>'
        )
        body = ""
        if (first := self._first()) is not None:
            body = f'<div style="margin-top:4px">{_marked_up(first.sentence or "")}</div>'
            if self.state == "not yet" and first.detail:
                body += (
                    '<pre style="margin:6px 0 0;padding:6px 8px;background:var(--jp-layout-color2,#f3f3f3);'
                    f'color:inherit;overflow-x:auto;line-height:1.35">{html.escape(first.detail)}</pre>'
                )
        return (
            f'<div role="status" style="border-left:4px solid {colour};padding:4px 12px;margin:2px 0;'
            f'color:var(--jp-content-font-color1,inherit);max-width:60em">{head}{body}</div>'
        )


def _marked_up(sentence: str) -> str:
    """The sentence in HTML, with what stands between backticks as code."""
    parts = html.escape(sentence).split("`")
    return "".join(f"<code>{part}</code>" if i % 2 else part for i, part in enumerate(parts))


@dataclass(frozen=True)
class Overview:
    """The state of every question in a notebook, as a table.

    Parameters
    ----------
    results
        One for each question with public checks.
    """

    results: tuple[CheckResult, ...]

    def __repr__(self) -> str:
        width = max((len(result.question) for result in self.results), default=0)
        lines = [f"{_STYLE[r.state][0]} {r.question:<{width}}  {_STYLE[r.state][1]}" for r in self.results]
        passed = sum(result.state == "passed" for result in self.results)
        return "\n".join([*lines, f"{passed} of {len(self.results)} exercises pass their public checks."])

    def _repr_html_(self) -> str:
        rows = "".join(
            f'<tr><td style="text-align:left"><code>{html.escape(r.question)}</code></td>'
            f'<td style="text-align:left;color:{_STYLE[r.state][2]}">{_STYLE[r.state][0]} {_STYLE[r.state][1]}</td></tr>'
            for r in self.results
        )
        passed = sum(result.state == "passed" for result in self.results)
        return f"<table><tbody>{rows}</tbody></table><p>{passed} of {len(self.results)} exercises pass their public checks.</p>"


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
        tests = self._tests()
        if tests is None:
            return None
        if question not in tests:
            print(f"No exercise is called {question!r}. There are: {', '.join(tests)}.")
            return None
        return self._run(question, tests[question], _callers_globals())

    def check_all(self) -> Overview | None:
        """Run the public checks of every question."""
        tests, environment = self._tests(), _callers_globals()
        if tests is None:
            return None
        return Overview(tuple(self._run(question, source, environment) for question, source in tests.items()))

    def hand_in(self) -> Overview | None:
        """Write ``<notebook>-handin.zip`` beside the notebook and show what is not done yet."""
        tests, environment, notebook = self._tests(), _callers_globals(), self._find()
        if tests is None or notebook is None:
            return None
        overview = Overview(
            tuple(self._run(question, source, environment) for question, source in tests.items())
        )
        archive = notebook.with_name(f"{notebook.stem}-handin.zip")
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
            file.write(notebook, notebook.name)
        print(
            f"{archive.name} holds the notebook as it was last saved. Save it (Ctrl+S) and run this cell again if you have changed it since."
        )
        print("Hand in that file.")
        return overview

    def _find(self) -> Path | None:
        if self.path.is_file():
            return self.path
        others = [path for path in sorted(Path().glob("*.ipynb")) if _assignment(path) == self.path.stem]
        if len(others) == 1:
            return others[0]
        print(f"No notebook {self.path} in this folder: keep the notebook where it was, under its own name.")
        return None

    def _tests(self) -> dict[str, str] | None:
        notebook = self._find()
        return None if notebook is None else _public_tests(notebook)

    @staticmethod
    def _run(question: str, source: str, environment: Mapping[str, Any]) -> CheckResult:
        # otter takes two seconds to import: only when the first check is run.
        from otter.test_files import ExceptionTestFile

        cases, forbids = ExceptionTestFile.from_string(source).test_cases, forbidden_by(source)
        return CheckResult(question, tuple(run_case(case, environment, forbids) for case in cases))


def _callers_globals() -> dict[str, Any]:
    """The globals of the nearest frame outside this module: the notebook's."""
    frame = inspect.currentframe()
    while frame is not None and frame.f_globals is globals():
        frame = frame.f_back
    return {} if frame is None else frame.f_globals


def _otter_metadata(notebook: Path) -> dict[str, Any]:
    try:
        metadata = json.loads(notebook.read_text(encoding="utf-8"))["metadata"]["otter"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return metadata if isinstance(metadata, dict) else {}


def _public_tests(notebook: Path) -> dict[str, str]:
    """The tests that the notebook carries, in the order of its check cells; saving sorts the metadata by name."""
    tests = _otter_metadata(notebook).get("tests", {})
    text = notebook.read_text(encoding="utf-8")
    return {
        name: tests[name] for name in sorted(tests, key=lambda name: text.find(f'grader.check(\\"{name}\\")'))
    }


def _assignment(notebook: Path) -> str | None:
    return _otter_metadata(notebook).get("assignment_name")
