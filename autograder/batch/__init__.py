"""Grades many submissions."""

from autograder.batch.run import Summary, grade

__all__ = ["Summary", "grade"]
