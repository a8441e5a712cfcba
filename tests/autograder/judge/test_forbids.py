"""What an exercise forbids to call is noticed by whatever name it goes, and told in a sentence."""

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
    "imported before": "from numpy.linalg import solve as s\ndef f(a, y): return s(a, y)",
    "by its inside": "s = np.linalg.solve.__wrapped__\ndef f(a, y): return s(a, y)",
    "by a copy of the function": """
import types
s = np.linalg.solve.__wrapped__
s = types.FunctionType(s.__code__, s.__globals__, "mine", s.__defaults__, s.__closure__)
def f(a, y): return s(a, y)""",
    "replaced under its name": "mine = np.linalg.solve\nnp.linalg.solve = None\ndef f(a, y): return mine(a, y)",
    "in a second copy of the module": """
import importlib.util
spec = importlib.util.spec_from_file_location("numpy.linalg._second", np.linalg._linalg.__file__)
second = importlib.util.module_from_spec(spec)
spec.loader.exec_module(second)
def f(a, y): return second.solve(a, y)""",
    "through another function": "def f(a, y): return np.linalg.tensorsolve(a, y)",
    "by a default argument": "def f(a, y, g=np.linalg.lstsq): return g(a, y)[0]",
    "by map": "def f(a, y): return next(map(np.linalg.solve, [a], [y]))",
    "in a class that is returned": """
class Lazy(list):
    pass
class f:
    def __init__(self, a, y): self.a, self.y = a, y
    def __getattr__(self, name): return getattr(np.linalg.solve(self.a, self.y), name)
    def __getitem__(self, i): return np.linalg.solve(self.a, self.y)[i]""",
    "by a package's class": """
from sklearn.linear_model import LinearRegression
def f(a, y): return LinearRegression(fit_intercept=False).fit(a, y).coef_""",
    "and catches what stops it": """
def f(a, y):
    try: np.linalg.solve(a, y)
    except BaseException: pass
    return np.array([-0.6, 2.8]) if a[0, 0] == 3 else y""",
    "in a thread": """
import threading
def f(a, y):
    out = []
    t = threading.Thread(target=lambda: out.append(np.linalg.solve(a, y)))
    t.start(); t.join()
    return out[0]""",
    "without the hook": "import sys\ndef f(a, y):\n    sys.setprofile(None)\n    return np.linalg.solve(a, y)",
    "in another process": """
import os
def f(a, y):
    os.fork() or os._exit(0)
    return np.linalg.solve(a, y)""",
    "in code of its own": "exec('def f(a, y): return np.linalg.solve(a, y)', {'np': np})\nf = f if 'f' in globals() else None",
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


def test_the_sentence_says_what_was_called(grade, tests):
    (outcome, *_), _ = (
        q.outcomes for q in grade(["import numpy as np", DELEGATIONS["plainly"]], tests).questions
    )
    assert outcome.kind == "forbidden"
    assert outcome.sentence == "`f` calls `numpy.linalg.solve`: the exercise is to write it yourself."
    (outcome, *_), _ = (
        q.outcomes
        for q in grade(["import numpy as np", DELEGATIONS["through another function"]], tests).questions
    )
    assert outcome.sentence == (
        "`f` calls `tensorsolve`, which calls `numpy.linalg.solve`: the exercise is to write it yourself."
    )


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
