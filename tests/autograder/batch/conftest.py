import pytest

from autograder.sandbox import Level


@pytest.fixture
def room():
    """For tests of what needs bubblewrap."""
    if reason := Level.BUBBLEWRAP.problem:
        pytest.skip(reason)
