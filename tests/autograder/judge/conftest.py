import nbformat
import pytest

from autograder.judge import judge
from autograder.sandbox import Limits, best_level

HEAD = "OK_FORMAT = False\nfrom otter.test_files import test_case\nname = {name!r}\npoints = {points}\n{more}"


@pytest.fixture
def notebook():
    """A function that makes a notebook of code cells."""
    return lambda *cells: nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])


@pytest.fixture
def question():
    """A function that makes the source of an otter test file of test cases, of which those named "hidden" are hidden."""

    def make(name, *cases, points=None, more=""):
        source = HEAD.format(name=name, points=points or len(cases), more=more)
        for case in cases:
            source += f"\n@test_case(points=None, hidden={'hidden' in case.split('(')[0]})\n{case}\n"
        return source

    return make


@pytest.fixture
def grade(notebook):
    """A function that judges cells by tests; in the sandbox where there is one."""

    def run(cells, tests, **limits):
        limits = {"cell_seconds": 5, "call_seconds": 2, "submission_seconds": 60} | limits
        return judge(notebook(*cells), tests, limits=Limits(**limits), level=best_level())

    return run
