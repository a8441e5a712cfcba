"""What a benchmark row is, and how it is timed."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Row:
    """One reference beside what a user would pick instead, on the same data.

    Parameters
    ----------
    what
        The task and its size.
    ours
        The reference; called as ``ours(*arguments)``. Arrays among the arguments are moved to a GPU for that column.
    arguments
        NumPy arrays, torch tensors, or anything else.
    peer
        The name of what one would use instead.
    theirs
        Called without arguments.
    note
        Why it is slower than 1.5 times the peer, where it is.
    gpu
        Whether the GPU column makes sense.
    """

    what: str
    ours: Callable[..., object]
    arguments: tuple[Any, ...]
    peer: str
    theirs: Callable[[], object]
    note: str = ""
    gpu: bool = True


def median_seconds(run: Callable[[], object], budget: float = 2.0, most: int = 15) -> float:
    """Median wall time of up to ``most`` runs within about ``budget`` seconds, after one to warm up."""
    run()
    times: list[float] = []
    while not times or (len(times) < most and sum(times) < budget):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return statistics.median(times)
