"""Runs the hidden tests outside the student's kernel."""

from autograder.judge.judge import judge
from autograder.judge.result import Judged, QuestionResult, possible_points

__all__ = ["Judged", "QuestionResult", "judge", "possible_points"]
