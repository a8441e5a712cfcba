"""A check names the mistake that was made, and no other."""

import re

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from course_utils.checks import Mistake, compare

SIZES = {"n": 7, "d": 3, "k": 5}


def mistake(got, expected, **options):
    with pytest.raises(Mistake) as caught:
        compare(got, expected, **options)
    return caught.value


def irregular(seed, *shape):
    """Numbers without symmetry, none of them near 0 or 1."""
    rng = np.random.default_rng(seed)
    return rng.uniform(1.5, 9, shape) * rng.choice([-1, 1], shape)


seeds = st.integers(0, 2**32 - 1)
MADE = {
    "sign": lambda a: -a,
    "factor": lambda a: 2 * a,
    "transposed": lambda a: a.T,
    "squared": lambda a: a**2,
    "rows_permuted": lambda a: a[[2, 0, 1, 4, 3]],
    "off_by_one": lambda a: np.roll(a, 1, axis=1),
    "nan": lambda a: np.where(a == a.max(), np.nan, a),
    "precision": lambda a: (a * (1 + 3e-6)).astype(np.float32),
}


@pytest.mark.parametrize("kind", MADE)
@given(seed=seeds)
def test_a_mistake_is_recognised_whatever_the_numbers(kind, seed):
    expected = irregular(seed, 5, 5)
    assert mistake(MADE[kind](expected), expected, sizes=SIZES).kind == kind


@given(seeds, st.sampled_from([(), (4,), (3, 5), (2, 3, 4)]))
def test_the_right_answer_passes_as_array_list_of_rows_or_tensor(seed, shape):
    expected = irregular(seed, *shape)
    compare(expected.copy(), expected)
    compare(expected * (1 + 1e-9), expected)
    compare(torch.tensor(expected), expected)
    compare(expected, torch.tensor(expected))


@given(seeds, seeds, st.sampled_from([(4,), (3, 5), (5, 5), (2, 3, 4)]))
def test_unrelated_numbers_are_wrong_and_nothing_more_is_claimed(seed, other, shape):
    assume(seed != other)
    assert mistake(irregular(seed, *shape), irregular(other, *shape), sizes=SIZES).kind == "value"


@pytest.mark.parametrize(
    ("factor", "words"),
    [
        (7, "n times too large: did you take a sum"),
        (1 / 7, "n times too small: did you take a mean"),
        (1 / 3, "d times too small"),
        (7 / 6, "one divisor is n − 1 where n belongs"),
        (6 / 7, "one divisor is n where n − 1 belongs"),
        (0.5, "half the right one"),
        (1.37, "off by one constant factor"),
    ],
)
def test_simple_factors_are_named(factor, words):
    expected = irregular(1, 4)
    found = mistake(factor * expected, expected, sizes=SIZES)
    assert (found.kind, words in found.sentence) == ("factor", True)


def test_a_number_can_be_off_by_a_size_too():
    assert "n times too large" in mistake(28.0, 4.0, sizes={"n": 7}).sentence


class TestNothingFalseIsClaimed:
    def test_of_zeros(self):
        assert mistake(np.ones(3), np.zeros(3)).kind == "value"

    def test_where_two_relations_hold(self):
        # 4 is both twice 2 and the square of 2.
        assert mistake(4.0, 2.0).kind == "value"

    def test_of_a_symmetric_matrix(self):
        symmetric = np.array([[1.0, 5.0], [5.0, 3.0]])
        assert mistake(symmetric + 1, symmetric).kind == "value"

    def test_of_one_number(self):
        assert mistake(3.3, 5.9).kind == "value"

    def test_of_a_size_of_one(self):
        assert "n" not in mistake(10.0, 5.0, sizes={"n": 2}).sentence.split()

    def test_when_nan_is_right(self):
        compare(np.array([np.nan, 1.0]), np.array([np.nan, 1.0]))


def test_a_square_root_is_recognised():
    expected = np.abs(irregular(2, 6))
    assert mistake(np.sqrt(expected), expected).kind == "rooted"


@pytest.mark.parametrize("whole", [np.trunc, np.floor, np.round])
def test_lost_decimals_are_recognised(whole):
    expected = irregular(3, 6)
    assert mistake(whole(expected).astype(int), expected).kind == "precision"


def test_nearly_right_is_not_right():
    expected = irregular(4, 6)
    assert mistake(expected * (1 + 1e-5), expected).kind == "precision"


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("end", ["first", "last"])
def test_a_row_or_column_too_few_or_too_many_is_recognised(axis, end):
    whole = irregular(5, 5, 4)
    part = np.delete(whole, 0 if end == "first" else -1, axis)
    for got, expected in ((part, whole), (whole, part)):
        found = mistake(got, expected)
        assert found.kind == "off_by_one"
        assert f"axis {axis}: the {end}" in found.sentence


SHAPES = [
    (np.ones((7, 1)), np.ones(7), "drop the last axis"),
    (np.ones((7, 7)), np.ones(7), "broadcasting made a square"),
    (np.ones((3, 7)), np.ones((7, 3)) * 2, "axes swapped: shape (n, d) is asked"),
    (np.ones((7, 5)), np.ones((7, 3)), "too long along axis 1: shape (n, d) is asked"),
    (np.ones((4, 3)), np.ones((7, 3)), "too short along axis 0"),
    (np.ones(7), 1.0, "its mean is missing"),
    (np.full(7, 0.5), 3.5, "its sum is missing"),
    (np.ones(7), 9.0, "an array where one number is asked"),
    (1.0, np.ones((7, 3)), "one number where an array of shape (n, d) is asked"),
    (np.ones((7, 3, 1)), np.ones((7, 3)), "3 axes where 2 are asked"),
]


@pytest.mark.parametrize(("got", "expected", "words"), SHAPES)
def test_a_wrong_shape_names_the_axis(got, expected, words):
    found = mistake(got, expected, sizes=SIZES)
    assert (found.kind, words in found.sentence) == ("shape", True), found.sentence


KINDS = [
    (None, np.ones(3), "none", "`return` missing"),
    (None, 1.0, "none", "`return` missing"),
    ("3", 3.0, "type", "a string where a number is asked"),
    ([1.0, 2.0], np.ones(2), "type", "a list where a NumPy array is asked"),
    (1, True, "type", "a number where True or False is asked"),
    (np.bool_(False), True, "value", "not the right one"),
    (1.0, (1.0, 2.0), "type", "a tuple of 2 values"),
    ((1.0, 2.0, 3.0), (1.0, 2.0), "shape", "3 values where 2 are asked"),
    ((2.0, 1.0), (1.0, 2.0), "order", "reverse order"),
    ((1.0, 4.2), (1.0, -4.2), "sign", "second of your 2 values has the wrong sign"),
    ((1.0, None), (1.0, 2.0), "none", "second of your 2 values is None"),
    ({"a": 1.0}, {"a": 1.0, "b": 2.0}, "shape", "no entry 'b'"),
    ({"a": 1.0, "c": 2.0}, {"a": 1.0}, "shape", "entries that were not asked for"),
    ({"a": -3.3}, {"a": 3.3}, "sign", "entry 'a' has the wrong sign"),
    ([1.0], {"a": 1.0}, "type", "a dict is asked"),
    ("cat", "dog", "value", "not the right one"),
    (np.inf, 3.0, "nan", "infinity"),
    (np.array([1.0, np.nan]), np.ones(2), "nan", "NaN at index 1"),
    (np.full(2, np.nan), np.ones(2), "nan", "NaN everywhere"),
]


@pytest.mark.parametrize(("got", "expected", "kind", "words"), KINDS)
def test_other_kinds_of_answers(got, expected, kind, words):
    found = mistake(got, expected)
    assert (found.kind, words in found.sentence) == (kind, True), found.sentence


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        (np.bool_(True), True),
        (True, np.bool_(True)),
        (np.array(2.0), 2.0),
        (2, 2.0),
        ([1.0, 2.0], (1.0, 2.0)),
        ("a", "a"),
        (None, None),
    ],
)
def test_answers_that_differ_only_in_dress_are_right(got, expected):
    compare(got, expected)


class TestAnExercisesOwnMistakes:
    def test_come_first(self):
        found = mistake(-3.3, 3.3, mistakes={"You walked uphill.": -3.3})
        assert (found.kind, found.sentence) == ("own", "You walked uphill.")

    def test_are_tried_in_order(self):
        assert mistake(1.0, 2.5, mistakes={"first": 1.0, "second": 1.0}).sentence == "first"

    def test_never_fire_where_their_value_is_right(self):
        compare(0.0, 0.0, mistakes={"You walked uphill.": -0.0})
        assert mistake(5.9, 3.3, mistakes={"You did nothing.": 3.3}).kind == "value"

    def test_may_be_of_another_shape_or_nan(self):
        assert mistake(np.ones((2, 2)), 4.4, mistakes={"summed too little": np.ones((2, 2))}).kind == "own"
        assert mistake(np.nan, 4.4, mistakes={"log of zero": np.nan}).kind == "own"


@given(seeds)
def test_a_sentence_holds_no_number_of_the_answer(seed):
    expected = irregular(seed, 5, 5)
    for make in MADE.values():
        sentence = mistake(make(expected), expected).sentence
        assert not re.search(r"\d\.\d", sentence)


def test_the_detail_shows_what_came_and_what_was_expected():
    found = mistake(np.arange(1000.0), np.arange(1000.0) + 0.7, inputs="input     x = 1")
    assert found.detail.startswith("input     x = 1\ngot       [")
    assert "expected" in found.detail
    assert len(found.detail) < 400
    assert str(found) == f"{found.sentence}\n{found.detail}"
