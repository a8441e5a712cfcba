"""What the public checks say, and how the notebook shows it."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from course_utils.checks.call import run_case
from course_utils.checks.cases import read_cases
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
            body = f'<div style="margin-top:4px">{marked_up(first.sentence or "")}</div>'
            if self.state == "not yet" and first.detail:
                body += (
                    '<pre style="margin:6px 0 0;padding:6px 8px;background:var(--jp-layout-color2,#f3f3f3);'
                    f'color:inherit;overflow-x:auto;line-height:1.35">{html.escape(first.detail)}</pre>'
                )
        return (
            f'<div role="status" style="border-left:4px solid {colour};padding:4px 12px;margin:2px 0;'
            f'color:var(--jp-content-font-color1,inherit);max-width:60em">{head}{body}</div>'
        )


def marked_up(sentence: str) -> str:
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


def run_checks(question: str, source: str, environment: Mapping[str, Any]) -> CheckResult:
    """Run the tests in ``source`` on the names in ``environment``."""
    forbids = forbidden_by(source)
    return CheckResult(question, tuple(run_case(case, environment, forbids) for case in read_cases(source)))


def out_of_time(question: str) -> CheckResult:
    """The result of a question whose checks don't come to their end."""
    sentence = "Your function did not come back in time: does a loop never end?"
    return CheckResult(question, (Outcome("time", False, 0, False, "timeout", sentence, ""),))
