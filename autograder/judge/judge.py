"""The judge: run a student's cells in the sandbox, then the tests out here, on proxies for the student's names."""

from __future__ import annotations

import inspect
import time
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from types import CodeType
from typing import Any

from nbformat import NotebookNode
from otter.test_files import ExceptionTestFile, TestCase
from otter.test_files.abstract_test import TestCaseResult

from autograder.judge.cells import Cell, to_run
from autograder.judge.needed import needed
from autograder.judge.result import NO_CODE, Judged, QuestionResult
from autograder.sandbox.kernel import Kernel
from autograder.sandbox.level import Level
from autograder.sandbox.limits import CellResult, Limits, SubmissionTimeout
from course_utils.checks import CallTimeout, Outcome, StudentError, run_case
from course_utils.checks.cases import in_words
from course_utils.checks.forbids import forbidden, forbidden_by

_TIME_IS_UP = "The time for the whole submission was up before this exercise could be graded."


def judge(
    notebook: NotebookNode,
    tests: Mapping[str, str],
    *,
    handed_out: Collection[str] = (),
    limits: Limits | None = None,
    level: Level = Level.BUBBLEWRAP,
) -> Judged:
    """Grade one notebook.

    Parameters
    ----------
    notebook
        The submission: any notebook of format 4.
    tests
        The source of each question's otter test file, as otter assign writes it. They are run in this process
        and never enter the sandbox.
    handed_out
        The sources of the code cells as students got them. Those that are left as they were, and that no exercise
        needs, are not run.
    limits
        What the student's code may use.
    level
        How well the student's code is walled in.

    Raises
    ------
    SandboxFault
        If the sandbox fails; the submission is then not graded, rather than graded with zero.
    """
    start = time.monotonic()
    problems: list[str] = []
    questions: list[QuestionResult] = []
    forbids = {name: forbidden_by(source) for name, source in tests.items()}
    with Kernel(limits, level=level, watched=set().union(*forbids.values())) as kernel:
        files = {name: _test_file(source) for name, source in tests.items()}
        wanted = {name for file in files.values() for case in file.test_cases for name in _parameters(case)}
        in_time = _run_cells(kernel, needed(list(to_run(notebook)), handed_out, wanted), problems)
        for name, file in files.items():
            kernel.forbids = forbids[name]
            questions.append(_Question(kernel, name, file).grade() if in_time else _ungraded(name, file))
            in_time = in_time and questions[-1].reason != _TIME_IS_UP
    return Judged(tuple(questions), tuple(problems), time.monotonic() - start)


@lru_cache(maxsize=1024)
def _compiled(source: str) -> CodeType:
    return compile(source, "<string>", "exec")


def _test_file(source: str) -> ExceptionTestFile:
    """Each time its own, for tests may keep what a submission has changed; compiled once."""
    return ExceptionTestFile._from_compiled_code(_compiled(source))


# --- the student's cells -------------------------------------------------------------------------------------


def _parameters(case: TestCase) -> list[str]:
    """The names of the student's notebook that a case asks for."""
    return list(inspect.signature(case.body.test_func).parameters)


def _run_cells(kernel: Kernel, cells: list[Cell], problems: list[str]) -> bool:
    """Run cells in order and note what goes wrong; return whether there is time left."""
    if not cells:
        problems.append(NO_CODE)
    for cell in cells:
        try:
            result = kernel.run_cell(cell.source, cell.number)
        except SubmissionTimeout:
            problems.append(f"{cell} was running when the time for the whole submission was up.")
            return False
        if not result.ok:
            problems.append(_problem(cell, result, kernel.limits))
    kernel.release()
    return True


def _problem(cell: Cell, result: CellResult, limits: Limits) -> str:
    if result.error is None:
        return f"{cell} did not end within {limits.cell_seconds:g} seconds and was stopped."
    error = result.error
    where = f" in its line {error.line_number}" if error.line_number else ""
    what = f": {error.message[:200]}" if error.message else ""
    return f"{cell} raised {error.type_name}{where}{what}"


# --- the exercises -------------------------------------------------------------------------------------------


class _Names(Mapping[str, Any]):
    """The student's names, looked up when a test asks for them."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.found: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self.found:
            self.found[name] = self.kernel.lookup(name)
        if self.found[name] is None:
            raise KeyError(name)
        return self.found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.found)

    def __len__(self) -> int:
        return len(self.found)


class _Question:
    """The grading of one exercise.

    After a call that didn't come back, or that took Python with it, the remaining cases are not run: each could cost as much
    again, and the points are for an exercise that works.
    """

    def __init__(self, kernel: Kernel, name: str, file: ExceptionTestFile) -> None:
        self.kernel = kernel
        self.name = name
        self.file = file
        self.reason: str | None = None
        self.stopped = False

    def grade(self) -> QuestionResult:
        outcomes = [self._outcome(case) for case in self.file.test_cases]
        return _result(self.name, self.file, outcomes, self.reason)

    def _outcome(self, case: TestCase) -> Outcome:
        if self.stopped:
            return _failed(case, "timeout", f"Not run: {self.reason}")
        names = _Names(self.kernel)
        self.kernel.forbidden_call = None
        try:
            outcome = self._missing(case, names) or run_case(case, names)
            return forbidden(outcome, self.kernel.forbidden_call)
        except SubmissionTimeout:
            self.stopped, self.reason = True, _TIME_IS_UP
            return _failed(case, "timeout", _TIME_IS_UP)
        finally:
            if trouble := self.kernel.release():
                self.stopped, self.reason = True, self.reason or trouble

    def _missing(self, case: TestCase, names: _Names) -> Outcome | None:
        """What there is to say if a name that the case needs isn't there."""
        for name in _parameters(case):
            try:
                there = name == "env" or name in names
            except (CallTimeout, StudentError) as error:
                self.reason = f"`{name}` can't be looked at: {error}"
                return _failed(case, "raised", self.reason)
            if not there:
                self.reason = f"`{name}` isn't defined: its cell is missing or raised an error."
                return _failed(case, "missing", self.reason)
        return None


def _ungraded(name: str, file: ExceptionTestFile) -> QuestionResult:
    outcomes = [_failed(case, "timeout", _TIME_IS_UP) for case in file.test_cases]
    return _result(name, file, outcomes, _TIME_IS_UP)


def _failed(case: TestCase, kind: str, sentence: str) -> Outcome:
    words = in_words(case.body.test_func.__name__)
    return Outcome(words, bool(case.hidden), float(case.points or 0), False, kind, sentence, "")


def _result(
    name: str, file: ExceptionTestFile, outcomes: list[Outcome], reason: str | None
) -> QuestionResult:
    """Points by otter's own rule, all or nothing included."""
    graded = ExceptionTestFile(name, "", file.test_cases, all_or_nothing=file.all_or_nothing)
    graded.test_case_results = [
        TestCaseResult(test_case=case, message=None, passed=outcome.passed)
        for case, outcome in zip(file.test_cases, outcomes, strict=True)
    ]
    return QuestionResult(name, float(graded.score), float(graded.possible), tuple(outcomes), reason)
