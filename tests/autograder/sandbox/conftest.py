import pytest

from autograder.sandbox import Kernel, Limits, best_level


@pytest.fixture
def level():
    """The best of this machine; a test may ask for others by `pytest.mark.parametrize`."""
    return best_level()


@pytest.fixture(autouse=True)
def _skip_what_is_not_here(request):
    if "level" in request.fixturenames and (reason := request.getfixturevalue("level").problem):
        pytest.skip(reason)


@pytest.fixture
def kernel_of(level):
    """A function that opens a kernel, runs cells in it and closes it after the test; at the best level if nothing is said."""
    opened = []

    def open_kernel(*cells, **limits):
        limits = {"cell_seconds": 5, "call_seconds": 5, "submission_seconds": 60} | limits
        kernel = Kernel(Limits(**limits), level=level)
        kernel.__enter__()
        opened.append(kernel)
        for number, cell in enumerate(cells, start=1):
            assert kernel.run_cell(cell, number).ok, cell
        return kernel

    yield open_kernel
    for kernel in opened:
        kernel.__exit__(None, None, None)
