"""What a submission earned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from otter.test_files import ExceptionTestFile, GradingResults, TestCase
from otter.test_files.abstract_test import TestCaseResult

from course_utils.checks import Outcome


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
        One for each test case, public and hidden. What an outcome of a hidden case says in ``detail`` is not for students.
    reason
        Why it couldn't be graded in the ordinary way, or ``None``.
    """

    name: str
    score: float
    possible: float
    outcomes: tuple[Outcome, ...]
    reason: str | None = None

    def to_otter(self) -> ExceptionTestFile:
        """The same as otter's own result for one question."""
        cases = [
            TestCase(outcome.case, None, outcome.hidden, outcome.points, None, None)
            for outcome in self.outcomes
        ]
        file = ExceptionTestFile(self.name, f"{self.name}.py", cases, all_or_nothing=False)
        file.test_case_results = [
            TestCaseResult(case, _message(outcome), outcome.passed)
            for case, outcome in zip(cases, self.outcomes, strict=True)
        ]
        file.update_score(self.score)
        return file


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
        """``"graded"``; ``"partial"`` if a cell failed or an exercise couldn't be graded; ``"invalid"`` if there is no code."""
        if self.problems == (NO_CODE,):
            return "invalid"
        hindered = self.problems or any(question.reason for question in self.questions)
        return "partial" if hindered else "graded"

    def to_otter(self) -> GradingResults:
        """The same as otter's own result object, for tools that know otter."""
        return GradingResults([question.to_otter() for question in self.questions])


NO_CODE = "The notebook has no code to run."


def possible_points(tests: Mapping[str, str]) -> float:
    """The points there are for the questions with these test files, each under its name."""
    return float(sum(ExceptionTestFile.from_string(source).possible for source in tests.values()))


def _message(outcome: Outcome) -> str:
    """What otter shows for a test case."""
    return "✅ Test case passed" if outcome.passed else f"❌ Test case failed\n{outcome.shown}"
