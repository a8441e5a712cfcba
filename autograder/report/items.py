"""How well a question tells students apart: two classical measures, and how they are usually read.

References
----------
.. [1] S. Henrysson, "Correction of item-total correlations in item analysis", Psychometrika 28 (1963).
.. [2] T. L. Kelley, "The selection of upper and lower groups for the validation of test items", J. Educ. Psychol. 30 (1939).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FEWEST = 30  # students below which neither measure is read: chance alone reaches ±2/√n, here 0.37
_TAIL = 0.27  # Kelley's share of the class in each group


@dataclass(frozen=True)
class Discrimination:
    """How well a question tells those who do well elsewhere from those who don't.

    Parameters
    ----------
    item_rest
        Correlation of its points with the points of all other questions; for a question of right or wrong, the point-biserial one [1]_.
        ``None`` if everyone earned the same.
    upper_lower
        Mean share of its points in the best 27 % of the class less that in the last 27 % [2]_; ``None`` if everyone has the same total.
    students
        How many were counted.
    reading
        What it usually means, in words; empty if there is nothing to look at.
    """

    item_rest: float | None
    upper_lower: float | None
    students: int
    reading: str


def discrimination(shares: Sequence[float], rests: Sequence[float]) -> Discrimination:
    """Measure one question.

    Parameters
    ----------
    shares
        Each student's share of its points, from 0 to 1.
    rests
        Each student's points for all other questions, in the same order.

    Examples
    --------
    >>> discrimination([0, 0, 1, 1], [1, 2, 3, 4]).item_rest
    0.894...
    """
    x, rest = np.asarray(shares, float), np.asarray(rests, float)
    r = _correlation(x, rest)
    d = _upper_lower(x, rest)
    return Discrimination(r, d, len(x), _reading(r, float(x.mean()) if len(x) else 0.0, len(x)))


def _correlation(x: NDArray[np.float64], y: NDArray[np.float64]) -> float | None:
    if len(x) < 2 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return None
    return float(np.corrcoef(x, y)[0, 1])


def _upper_lower(x: NDArray[np.float64], rest: NDArray[np.float64]) -> float | None:
    if len(x) < 2 or np.ptp(rest) == 0:
        return None
    return float(_top_mean(x, rest) - _top_mean(x, -rest))


def _top_mean(x: NDArray[np.float64], score: NDArray[np.float64]) -> float:
    """The mean of ``x`` over the 27 % with the highest ``score``; those who tie for the last places share them."""
    places = _TAIL * len(x)
    weights = np.zeros(len(x))
    for value in np.unique(score)[::-1]:
        tied = score == value
        weights[tied] = min(1.0, places / tied.sum())
        places -= weights[tied].sum()
        if places <= 0:
            break
    return float(np.average(x, weights=weights))


def _reading(r: float | None, mean: float, students: int) -> str:
    if students < FEWEST:
        return ""
    if r is None:
        return "everyone earned the same"
    if r < 0:
        return "look at it: the strong do worse"
    if mean > 0.9:
        return "nearly everyone solves it"
    if r < 2 / np.sqrt(students):
        return "hardly tells students apart"
    return ""
