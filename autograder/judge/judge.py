"""The judge: run a student's cells in the sandbox, then the tests out here, on proxies for the student's names."""

from __future__ import annotations

import inspect
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nbformat import NotebookNode
from otter.test_files import ExceptionTestFile, GradingResults, TestCase
from otter.test_files.abstract_test import TestCaseResult

from autograder.sandbox.kernel import Kernel, Limits, Proxy, SubmissionTimeout
from course_utils.checks import Outcome, run_case

_MACHINERY = re.compile(r"\s*(?:grader\.(?:check|check_all|hand_in)\([^()\n]*\)|[%!]\s*pip\b[^\n]*)\s*")
_TIME_IS_UP = "The time for the whole submission was up before this exercise could be graded."


@dataclass(frozen=True)
class QuestionResult:
    """What one exercise earned.

    Parameters
    ----------
    name
        Of the exercise.
    score, possible
        Points earned, and points there are.
    outcomes
        One for each test case, public and hidden.
    reason
        Why it couldn't be graded in the ordinary way, or ``None``.
    """

    name: str
    score: float
    possible: float
    outcomes: tuple[Outcome, ...]
    reason: str | None = None


@dataclass(frozen=True)
class Judged:
    """What one submission earned.

    Parameters
    ----------
    questions
        One for each exercise, in the order of the tests.
    problems
        Cells that raised or didn't end, in words.
    seconds
        How long it took.
    """

    questions: tuple[QuestionResult, ...]
    problems: tuple[str, ...]
    seconds: float

    @property
    def score(self) -> float:
        """Points earned by all exercises."""
        return sum(question.score for question in self.questions)

    @property
    def possible(self) -> float:
        """Points there are."""
        return sum(question.possible for question in self.questions)

    @property
    def status(self) -> str:
        """``"graded"``, or ``"partial"`` if a cell failed or an exercise couldn't be graded."""
        hindered = self.problems or any(question.reason for question in self.questions)
        return "partial" if hindered else "graded"

    def to_otter(self, tests: Mapping[str, str]) -> GradingResults:
        """The same as otter's own result object, for tools that know otter.

        Parameters
        ----------
        tests
            The sources that the submission was judged by.
        """
        files = []
        for question in self.questions:
            file = ExceptionTestFile.from_string(tests[question.name])
            file.test_case_results = [
                TestCaseResult(test_case=case, message=outcome.sentence, passed=outcome.passed)
                for case, outcome in zip(file.test_cases, question.outcomes, strict=True)
            ]
            files.append(file)
        return GradingResults(files)


def judge(
    notebook: NotebookNode, tests: Mapping[str, str], *, limits: Limits | None = None, sandboxed: bool = True
) -> Judged:
    """Grade one notebook.

    Parameters
    ----------
    notebook
        The submission: any notebook of format 4.
    tests
        The source of each question's otter test file, as otter assign writes it. They are run in this process
        and never enter the sandbox.
    limits
        What the student's code may use.
    sandboxed
        Whether it runs in bubblewrap.

    Raises
    ------
    SandboxFault
        If the sandbox fails; the submission is then not graded, rather than graded with zero.
    """
    start = time.monotonic()
    problems: list[str] = []
    files = {name: ExceptionTestFile.from_string(source) for name, source in tests.items()}
    questions: list[QuestionResult] = []
    with Kernel(limits, sandboxed=sandboxed) as kernel:
        in_time = _run_cells(kernel, notebook, problems)
        for name, file in files.items():
            questions.append(_grade(kernel, name, file) if in_time else _ungraded(name, file))
            in_time = in_time and questions[-1].reason != _TIME_IS_UP
    return Judged(tuple(questions), tuple(problems), time.monotonic() - start)


def _run_cells(kernel: Kernel, notebook: NotebookNode, problems: list[str]) -> bool:
    """Run the code cells in order; return whether there is time left."""
    for number, cell in enumerate(notebook.cells, start=1):
        source = "".join(cell.get("source", ""))
        if cell.get("cell_type") != "code" or not source.strip() or _MACHINERY.fullmatch(source):
            continue
        try:
            result = kernel.run_cell(number, source)
        except SubmissionTimeout:
            problems.append(f"Cell {number} was running when the time for the whole submission was up.")
            return False
        if result.timed_out:
            problems.append(
                f"Cell {number} did not end within {kernel.limits.cell_seconds:g} seconds and was stopped."
            )
        elif result.error is not None:
            line = f" in line {result.error.line_number}" if result.error.line_number else ""
            problems.append(
                f"Cell {number} raised {result.error.type_name}{line}: {result.error.message[:200]}"
            )
    return True


def _ungraded(name: str, file: ExceptionTestFile) -> QuestionResult:
    outcomes = tuple(_not_run(case, _TIME_IS_UP) for case in file.test_cases)
    return QuestionResult(name, 0.0, float(file.possible), outcomes, _TIME_IS_UP)


def _not_run(case: TestCase, sentence: str) -> Outcome:
    words = case.body.test_func.__name__.removeprefix("test_").replace("_", " ")
    return Outcome(words, bool(case.hidden), float(case.points or 0), False, "timeout", sentence, "")


def _grade(kernel: Kernel, name: str, file: ExceptionTestFile) -> QuestionResult:
    """Run the test cases of one exercise; after a call that doesn't come back, the rest of them are not run."""
    outcomes: list[Outcome] = []
    reason = None
    try:
        environment = _environment(kernel, file.test_cases)
        if missing := [wanted for wanted, found in environment.items() if found is None]:
            reason = f"`{missing[0]}` isn't defined: its cell is missing or raised an error."
        for case in file.test_cases:
            if any(outcome.kind == "timeout" for outcome in outcomes):
                outcomes.append(
                    _not_run(case, "Not run: an earlier check of this exercise did not come back in time.")
                )
            else:
                outcomes.append(run_case(case, environment))
    except SubmissionTimeout:
        outcomes += [_not_run(case, _TIME_IS_UP) for case in file.test_cases[len(outcomes) :]]
        reason = _TIME_IS_UP
    if reason is None and any(outcome.kind == "timeout" for outcome in outcomes):
        reason = f"`{name}` did not come back in time."
    # Points by otter's own rule, all or nothing included.
    graded = ExceptionTestFile(name, "", file.test_cases, all_or_nothing=file.all_or_nothing)
    graded.test_case_results = [
        TestCaseResult(test_case=case, message=None, passed=outcome.passed)
        for case, outcome in zip(file.test_cases, outcomes, strict=True)
    ]
    return QuestionResult(name, float(graded.score), float(graded.possible), tuple(outcomes), reason)


def _environment(kernel: Kernel, cases: list[TestCase]) -> dict[str, Proxy | None]:
    names: dict[str, Any] = {}
    for case in cases:
        names |= inspect.signature(case.body.test_func).parameters
    return {name: kernel.lookup(name) for name in names}
