import pytest

from autograder.sandbox import Kernel, Limits, available


@pytest.fixture
def sandboxed():
    """Skip where bubblewrap doesn't run."""
    if reason := available():
        pytest.skip(reason)
    return True


@pytest.fixture(params=["sandboxed", "unsandboxed"])
def either(request):
    """Run a test with the sandbox, and again without it."""
    if request.param == "sandboxed" and (reason := available()):
        pytest.skip(reason)
    return request.param == "sandboxed"


@pytest.fixture
def kernel_of():
    """A function that opens a kernel, runs cells in it and closes it after the test; in the sandbox where there is one."""
    opened = []

    def open_kernel(*cells, sandboxed=None, **limits):
        sandboxed = available() is None if sandboxed is None else sandboxed
        limits = {"cell_seconds": 5, "call_seconds": 5, "submission_seconds": 60} | limits
        kernel = Kernel(Limits(**limits), sandboxed=sandboxed)
        kernel.__enter__()
        opened.append(kernel)
        for number, cell in enumerate(cells, start=1):
            assert kernel.run_cell(cell, number).ok, cell
        return kernel

    yield open_kernel
    for kernel in opened:
        kernel.__exit__(None, None, None)
