"""Wrong answers as a student would hand them in."""

import pytest

from autograder.wrong_answers import load

FILE = """
from autograder.wrong_answers import wrong

@wrong("half", says="twice")
def doubled(x):
    return 2 * x

class Right:
    def __init__(self, data):
        self.data = data
    def double(self):
        return type(self)(2 * self.data)

@wrong("Number", says="two")
class adds_two(Right):
    def double(self):
        return adds_two(self.data + 2)

@wrong("Number", says="three")
class adds_three(adds_two):
    def double(self):
        return adds_three(self.data + 3)

class derives_from_a_wrong_one(adds_two):
    pass
"""


@pytest.fixture
def answers(tmp_path):
    (tmp_path / "99_topic.py").write_text(FILE)
    return {answer.name: answer for answer in load(tmp_path / "99_topic.py")}


def test_each_marked_function_and_class_is_found_once(answers):
    assert [(a.name, a.exercise, a.says) for a in answers.values()] == [
        ("doubled", "half", "twice"),
        ("adds_two", "Number", "two"),
        ("adds_three", "Number", "three"),
    ]
    assert answers["adds_three"].function(1).double().data == 4


def test_a_function_stands_under_the_exercises_name(answers):
    assert answers["doubled"].source == "def half(x):\n    return 2 * x"


@pytest.mark.parametrize(("name", "doubled"), [("adds_two", 3), ("adds_three", 4)])
def test_a_class_brings_the_classes_that_it_derives_from_and_speaks_of_itself(answers, name, doubled):
    cell = {}
    exec(answers[name].source, cell)
    result = cell["Number"](1).double()
    assert (type(result), result.data) == (cell["Number"], doubled)
