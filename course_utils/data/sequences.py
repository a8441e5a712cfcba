"""Sequences of numbers that take a memory to understand."""

from __future__ import annotations

import numpy as np

from course_utils._arrays import require


def make_adding_problem(n: int, length: int, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Add the two marked numbers of a long sequence: one marked in its first half, one in its second.

    Who always answers 1 has a mean squared error of 1/6; to do better, a network must remember.

    Parameters
    ----------
    n, length
        How many sequences, of how many numbers: at least 2.
    seed
        The same seed gives the same sequences.

    Returns
    -------
    x, y
        (n, length, 2) float32: a number from 0 to 1 and its mark, 0 or 1; and (n,) float32, the sums.

    References
    ----------
    Hochreiter and Schmidhuber, *Long Short-Term Memory*, Neural Computation 9 (1997), experiment 4.

    Examples
    --------
    >>> x, y = make_adding_problem(3, 50)
    >>> bool(np.allclose((x[..., 0] * x[..., 1]).sum(axis=1), y))
    True
    """
    require(n >= 1, "n", "at least 1", n)
    require(length >= 2, "length", "at least 2", length)
    rng = np.random.default_rng(seed)
    x = np.zeros((n, length, 2), np.float32)
    x[..., 0] = rng.random((n, length))
    rows, half = np.arange(n), length // 2
    x[rows, rng.integers(0, half, n), 1] = 1
    x[rows, rng.integers(half, length, n), 1] = 1
    return x, (x[..., 0] * x[..., 1]).sum(axis=1)
