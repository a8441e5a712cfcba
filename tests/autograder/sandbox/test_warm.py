"""The warm parent: one for all threads."""

import time
from concurrent.futures import ThreadPoolExecutor

from autograder.sandbox import warm


def test_threads_that_start_together_share_one(monkeypatch):
    made = []

    class Slow:
        close = staticmethod(lambda: None)

        def __init__(self):
            time.sleep(0.05)
            made.append(self)

    monkeypatch.setattr(warm, "WarmParent", Slow)
    warm._the_parent.cache_clear()
    try:
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(lambda _: warm.warm_parent(), range(4)))
    finally:
        warm._the_parent.cache_clear()
    assert len(made) == 1
    assert found == made * 4
