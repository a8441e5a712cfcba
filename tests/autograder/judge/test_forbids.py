"""What an exercise forbids to call is noticed by whatever name it goes; for more ways, see ``tests/attacks``."""

import pytest

TEST = """def test_{what}_product(f):
    import numpy as np
    from course_utils.checks import check_call
    a, y = np.array([[3.0, 1.0], [1.0, 2.0]]), np.array([1.0, 5.0])
    check_call(f, a, y, expected=np.linalg.solve(a, y))"""
RAW = """def test_hidden_raw(f):
    import numpy as np
    try:
        assert abs(f(np.eye(2), np.ones(2))[0] - 1) < 1e-9
    except ZeroDivisionError:
        pass"""
FORBIDS = 'forbids = ["numpy.linalg.solve", "numpy.linalg.lstsq", "sklearn.*", "torch.matmul"]'

DELEGATIONS = {
    "plainly": "def f(a, y): return np.linalg.solve(a, y)",
    "by its inside": "s = np.linalg.solve.__wrapped__\ndef f(a, y): return s(a, y)",
    "by a default argument": "def f(a, y, g=np.linalg.lstsq): return g(a, y)[0]",
    "by map": "def f(a, y): return next(map(np.linalg.solve, [a], [y]))",
    "in code of its own": "exec('def f(a, y): return np.linalg.solve(a, y)', space := {'np': np})\nf = space['f']",
    "by a C function": "import torch\ndef f(a, y): return torch.matmul(torch.inverse(torch.tensor(a)), torch.tensor(y))",
}


@pytest.fixture
def tests(question):
    cases = TEST.format(what="public"), TEST.format(what="hidden"), RAW
    return {
        "f": question("f", *cases, more=FORBIDS),
        "g": question("g", "def test_g(g):\n    assert g(2) == 4"),
    }


@pytest.mark.parametrize("way", DELEGATIONS.values(), ids=DELEGATIONS)
def test_an_answer_that_delegates_earns_nothing(grade, tests, way):
    judged = grade(
        [
            "import numpy as np",
            way,
            "def g(x): return round(float(np.linalg.lstsq(np.eye(1), [2.0 * x])[0][0]))",
        ],
        tests,
    )
    f, g = judged.questions
    assert f.score == 0, [outcome for outcome in f.outcomes if outcome.passed]
    assert g.score == 1  # what one exercise forbids another may do


def test_an_answer_of_ones_own_earns_its_points(grade, tests):
    own = """
import numpy as np
kept = np.linalg.solve(np.eye(2), np.ones(2))  # outside the exercise's calls it may be used
def f(a, y):
    return np.array([a[1, 1] * y[0] - a[0, 1] * y[1], a[0, 0] * y[1] - a[1, 0] * y[0]]) / (a[0, 0] * a[1, 1] - a[0, 1] * a[1, 0])"""
    assert grade([own], tests).questions[0].score == 3


def test_it_holds_after_a_restart(grade, tests):
    cells = ["import numpy as np", DELEGATIONS["plainly"], "def g(x):\n    import os; os._exit(0)"]
    judged = grade(cells, {"g": tests["g"], "f": tests["f"]})
    assert {outcome.kind for outcome in judged.questions[1].outcomes} == {"forbidden"}
