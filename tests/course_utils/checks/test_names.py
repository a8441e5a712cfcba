"""Reading code, from several threads too: a class is graded by one a core."""

import gc
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from course_utils.checks.names import parse

SOURCE = "\n".join(f"def f{i}(a, b):\n    return [a + b * {i} for _ in range(3)]" for i in range(20))


@pytest.fixture
def threads_that_often_switch():
    """The garbage collector can run Python while a tree is built, and so another thread."""
    before = gc.get_threshold()
    gc.callbacks.append(lambda *_: time.sleep(0))
    gc.set_threshold(20)
    yield
    gc.set_threshold(*before)
    gc.callbacks.pop()


@pytest.mark.usefixtures("threads_that_often_switch")
def test_many_threads_parse_at_once():
    with ThreadPoolExecutor(4) as pool:
        trees = list(pool.map(parse, [SOURCE] * 2000))
    assert {len(tree.body) for tree in trees} == {20}
