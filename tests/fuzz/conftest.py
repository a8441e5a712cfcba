"""What a student can write is read within bounds of time and memory, whatever it is."""

import contextlib
import time
import tracemalloc

import pytest


@pytest.fixture(scope="session")
def bounded():
    """A function for `with`: fail if what is done inside takes more processor seconds or more memory."""

    @contextlib.contextmanager
    def measure(seconds, mebibytes):
        tracemalloc.start()
        begin = time.thread_time()
        try:
            yield
            took, peak = time.thread_time() - begin, tracemalloc.get_traced_memory()[1] / 2**20
        finally:
            tracemalloc.stop()
        assert took < seconds
        assert peak < mebibytes

    return measure
