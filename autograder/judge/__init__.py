"""Runs the hidden tests outside the student's kernel."""

from autograder.judge.judge import Judged, QuestionResult, judge

__all__ = ["Judged", "QuestionResult", "judge"]
