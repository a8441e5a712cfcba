"""Calling a student's function: whatever goes wrong becomes one sentence."""

import sys

import numpy as np
import pytest
from otter.test_files import ExceptionTestFile

from course_utils.checks import (
    CallTimeout,
    Mistake,
    StudentError,
    check_call,
    check_raises,
    check_true,
    checked_call,
    is_stub,
    own_or_finished,
    run_case,
    solved,
)

X = np.array([1.0, 2.0, 4.0])


def mistake(function, *args, expected=3.0, **options):
    with pytest.raises(Mistake) as caught:
        check_call(function, *args, expected=expected, **options)
    return caught.value


def untouched(x):
    """Do something."""
    ...


class Untouched:
    """Be something."""

    def __init__(self, x): ...

    def act(self):
        """Act."""
        ...


def returns_none(x):
    x.sum()


def raises(x):
    values = x
    return values[100]


def test_the_result_is_returned():
    assert check_call(np.sum, X, expected=7.0) == 7.0


def test_a_call_alone_finds_what_needs_no_expected_answer():
    def told(function):
        with pytest.raises(Mistake) as caught:
            checked_call(function, X)
        return caught.value.kind

    def zeroes(x):
        x[0] = 0
        return x

    assert checked_call(np.sum, X) == 7.0
    kinds = [told(function) for function in (None, untouched, returns_none, raises, zeroes)]
    assert kinds == ["missing", "not_started", "none", "raised", "changed_input"]


def test_a_refusal_is_asked_for_and_no_other_error_serves():
    def told(function, error):
        with pytest.raises(Mistake) as caught:
            check_raises(function, X, error=error, sentence="Refuse it.")
        return caught.value

    check_raises(raises, X, error="IndexError", sentence="Refuse it.")
    assert (told(np.sum, "ValueError").kind, told(np.sum, "ValueError").sentence) == ("own", "Refuse it.")
    assert "a ValueError" in told(np.sum, "ValueError").detail
    assert told(raises, "ValueError").sentence == "Your code raised an IndexError."
    assert told(untouched, "ValueError").kind == "not_started"


def test_a_missing_function_is_told_apart_from_an_untouched_one():
    assert mistake(None, X).kind == "missing"
    assert mistake(untouched, X).kind == "not_started"
    assert mistake(3, X).kind == "type"
    assert mistake(returns_none, X).kind == "none"


def test_an_error_shows_the_students_own_line_but_not_in_the_sentence():
    found = mistake(raises, X)
    assert (found.kind, found.sentence) == ("raised", "Your code raised an IndexError.")
    assert "return values[100]" in found.detail
    assert "index 100 is out of bounds" in found.detail
    assert "call.py" not in str(found)


def test_an_error_in_a_library_shows_the_line_that_called_it():
    def adds_what_does_not_fit(x):
        return np.add(x, np.ones(5))

    assert "return np.add(x, np.ones(5))" in mistake(adds_what_does_not_fit, X).detail


def test_leaving_python_is_an_error_like_others():
    assert mistake(lambda x: sys.exit(), X).kind == "raised"


def test_an_input_changed_in_place_is_seen_even_if_the_result_is_right():
    def shifts(x):
        x += 1
        return 3.0

    found = mistake(shifts, X)
    assert found.kind == "changed_input"
    assert "`x`" in found.sentence
    np.testing.assert_array_equal(X, [1.0, 2.0, 4.0])
    check_call(shifts, X, expected=3.0, may_change=("x",))


def test_a_random_generator_may_be_used():
    def draws(rng):
        return rng.normal()

    rng = np.random.default_rng(4)
    for _ in range(2):  # the function draws from a copy
        check_call(draws, rng, expected=np.random.default_rng(4).normal())


def test_named_arguments_are_passed_and_guarded():
    def doubles(x, *, by):
        by.append(1)
        return 3.0

    assert "`by`" in mistake(doubles, X, by=[2]).sentence


def test_the_detail_shows_the_call():
    def shape(x, lam):
        return 0.0

    detail = mistake(shape, X, 0.5).detail
    assert detail.split("\n")[0] == "input     x = [1. 2. 4.]   shape (3,)"
    assert "lam = 0.5" in detail


def test_a_call_that_does_not_come_back_says_so():
    def late(x):
        raise CallTimeout

    assert mistake(late, X).kind == "timeout"


def test_an_error_elsewhere_is_shown_like_one_here():
    def remote(x):
        raise StudentError("ZeroDivisionError", "division by zero", "return 1 / 0", 4, 9)

    found = mistake(remote, X)
    assert found.kind == "raised"
    assert "line 4: return 1 / 0" in found.detail


def test_check_true_speaks_its_sentence():
    check_true(True, "fine")
    with pytest.raises(Mistake, match="The weights must sum to one"):
        check_true(False, "The weights must sum to one.")


def test_stubs_are_told_from_answers():
    assert is_stub(untouched)
    assert is_stub(Untouched)
    assert not is_stub(returns_none)
    assert not is_stub(np.sum)
    assert not is_stub(lambda: 0)


def test_solved_names_what_is_to_do(capsys):
    assert solved(returns_none)
    assert capsys.readouterr().out == ""
    assert not solved(returns_none, untouched, Untouched)
    assert (
        capsys.readouterr().out
        == "This cell waits for untouched and Untouched: solve them above, then run this cell again.\n"
    )


def test_the_finished_version_stands_in_for_a_stub_alone(capsys):
    assert own_or_finished(untouched, np.sum) is np.sum
    assert capsys.readouterr().out == "untouched isn't written yet: the finished version stands in.\n"
    assert own_or_finished(raises, np.sum) is raises
    assert capsys.readouterr().out == ""


class Begun:
    """Be something."""

    def __init__(self, x):
        self.x = x

    def act(self):
        """Act."""
        ...

    def rest(self):
        """Rest."""
        ...

    __call__ = rest


def test_a_class_that_is_begun_is_no_stub_and_waits_for_its_other_methods(capsys):
    assert not is_stub(Begun)
    assert not solved(Begun)
    assert (
        capsys.readouterr().out
        == "This cell waits for Begun.act and Begun.rest: solve them above, then run this cell again.\n"
    )


def test_a_mistake_that_a_helper_finds_is_passed_on():
    def helper(x):
        check_true(False, "The weights must sum to one.")

    assert mistake(helper, X).sentence == "The weights must sum to one."


SOURCE = """
from otter.test_files import test_case
OK_FORMAT = False
name = "half"
points = 3

@test_case(points=None, hidden=False)
def test_of_eight(half):
    from course_utils.checks import check_call
    check_call(half, 8.0, expected=4.0)

@test_case(points=None, hidden=True)
def test_of_a_list(half):
    a, b = half([1, 2])

@test_case(points=None, hidden=True)
def test_twice(half):
    assert half(half(8.0)) == 2.0
"""


@pytest.mark.parametrize(
    ("half", "kinds"),
    [
        (lambda x: x / 2 if isinstance(x, float) else (0.5, 1.0), [None, None, None]),
        (lambda x: 3 * x, ["value", "value", "value"]),
        (None, ["missing", "value", "value"]),
        (untouched, ["not_started", "value", "value"]),
    ],
)
def test_a_case_always_has_an_outcome(half, kinds):
    cases = ExceptionTestFile.from_string(SOURCE).test_cases
    outcomes = [run_case(case, {"half": half}) for case in cases]
    assert [outcome.kind for outcome in outcomes] == kinds
    assert [outcome.passed for outcome in outcomes] == [kind is None for kind in kinds]
    assert [outcome.hidden for outcome in outcomes] == [False, True, True]
    assert [outcome.case for outcome in outcomes] == ["of eight", "of a list", "twice"]
    assert sum(outcome.points for outcome in outcomes) == 3
