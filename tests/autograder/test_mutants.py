"""Small changes to a solution, and the tests that notice them."""

import pytest

from autograder import mutants
from autograder.mutants import mutants_of

SOURCE = '''
def mean_of_squares(x, axis=0):
    """Return it."""
    total = np.sum(x.T ** 2, axis=axis)
    return total / len(x)
'''


def lines(source):
    return {mutant.after for mutant in mutants_of("f", source)}


@pytest.mark.parametrize(
    "line",
    [
        "total = np.sum(x.T * 2, axis=axis)",
        "total = np.sum(x ** 2, axis=axis)",
        "total = np.sum(x.T, axis=axis)",
        "total = np.sum(x.T ** 3, axis=axis)",
        "total = np.mean(x.T ** 2, axis=axis)",
        "total = np.sum(x.T ** 2)",
        "total = x.T ** 2",
        "return total * len(x)",
        "return len(x) / total",
        "return total",
        "def mean_of_squares(x, axis=1):",
    ],
)
def test_operators_axes_dropped_terms_and_swaps_are_tried(line):
    assert line in lines(SOURCE)


@pytest.mark.parametrize("name", ["np.maximum", "max", "np.logaddexp"])
def test_arguments_whose_order_means_nothing_are_not_swapped(name):
    assert f"return {name}(0, x)" not in lines(f"def f(x):\n    return {name}(x, 0)")
    assert "return np.sum(0, x)" in lines("def f(x):\n    return np.sum(x, 0)")


def test_comparisons_loops_and_conditions_are_tried():
    found = lines(
        "def f(n):\n    for i in range(n):\n        if i >= 3 and not n:\n            n += 1\n    return -n"
    )
    assert {
        "for i in range(n - 1):",
        "if i > 3 and (not n):",
        "if i >= 3 or not n:",
        "n -= 1",
        "return n",
        "if False:",
    } <= found


def test_each_mutant_is_another_program():
    found = mutants_of("f", SOURCE)
    assert len({mutant.source for mutant in found}) == len(found) > 15
    for mutant in found:
        compile(mutant.source, "<mutant>", "exec")


def test_a_mutant_survives_weak_tests_and_not_strong_ones_and_endless_ones_end(monkeypatch):
    def tests(value):
        return (
            "from otter.test_files import test_case\nOK_FORMAT = False\nname = 'f'\npoints = 1\n"
            f"@test_case(points=None, hidden=False)\ndef test_it(f):\n    assert f({value}) == {value * value}\n"
        )

    monkeypatch.setattr(mutants, "_SECONDS", 0.3)
    doubled = mutants.Mutant("f", "", "", "def f(x):\n    return x * 2")
    endless = mutants.Mutant("f", "", "", "def f(x):\n    while True: pass")
    for value, survives in ((2, True), (3, False)):
        monkeypatch.setitem(mutants._state, "namespace", {})
        monkeypatch.setitem(mutants._state, "tests", {"f": tests(value)})
        assert mutants.survives(doubled) is survives
        assert not mutants.survives(endless)


CLASS = """
class Number:
    def __init__(self, data):
        self.data = data
    def double(self):
        return Number(self.data * 2)
"""


def test_classes_are_changed_too(monkeypatch):
    found = mutants_of("Number", CLASS)
    assert "return Number(self.data / 2)" in {mutant.after for mutant in found}
    tests = (
        "from otter.test_files import test_case\nOK_FORMAT = False\nname = 'Number'\npoints = 1\n"
        "@test_case(points=None, hidden=False)\ndef test_it(Number):\n    assert Number(3).double().data == 6\n"
    )
    monkeypatch.setitem(mutants._state, "namespace", {})
    monkeypatch.setitem(mutants._state, "tests", {"Number": tests})
    assert not any(mutants.survives(mutant) for mutant in found)
    assert mutants.survives(mutants.Mutant("Number", "", "", CLASS))
