"""Discrimination agrees with other libraries, shares ties, and is read only of classes that are large enough."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from autograder.report.items import FEWEST, discrimination

classes = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 40)), min_size=2, max_size=80).filter(
    lambda c: len({x for x, _ in c}) == 2 and len({y for _, y in c}) > 1
)


@given(classes)
def test_of_right_and_wrong_it_is_the_point_biserial_correlation(scores):
    right, rest = map(np.array, zip(*scores, strict=True))
    assert discrimination(right, rest).item_rest == pytest.approx(
        stats.pointbiserialr(right, rest)[0], abs=1e-9
    )


@given(classes, st.randoms(use_true_random=False))
def test_the_order_of_students_changes_nothing_even_where_they_tie(scores, random):
    shuffled = random.sample(scores, len(scores))
    one, other = (discrimination(*zip(*c, strict=True)).upper_lower for c in (scores, shuffled))
    assert one == pytest.approx(other, abs=1e-9)
    assert -1 - 1e-9 <= one <= 1 + 1e-9


def test_the_groups_are_27_per_cent():
    rests = np.arange(100)
    assert discrimination((rests >= 73).astype(float), rests).upper_lower == 1
    assert discrimination((rests >= 74).astype(float), rests).upper_lower == pytest.approx(26 / 27)
    assert discrimination((rests < 27).astype(float), rests).upper_lower == -1


def test_where_all_are_alike_there_is_nothing_to_measure():
    same = discrimination([1.0] * 40, list(range(40)))
    assert (same.item_rest, same.upper_lower, same.reading) == (None, 0, "everyone earned the same")
    assert discrimination([0.0, 1.0], [3, 3]).upper_lower is None
    assert discrimination([], []).item_rest is None


@pytest.mark.parametrize(
    ("shares", "reading"),
    [
        (lambda n: np.arange(n) < n / 2, "look at it"),
        (lambda n: np.arange(n) > 1, "nearly everyone"),
        (lambda n: np.arange(n) % 2, "hardly"),
        (lambda n: np.arange(n) >= n / 2, ""),
    ],
    ids=["negative", "easy", "noise", "good"],
)
def test_a_reading_needs_enough_students(shares, reading):
    found = discrimination(shares(FEWEST).astype(float), np.arange(FEWEST))
    assert found.reading.startswith(reading)
    assert bool(found.reading) == bool(reading)
    assert discrimination(shares(FEWEST - 1).astype(float), np.arange(FEWEST - 1)).reading == ""
