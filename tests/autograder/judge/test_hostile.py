"""Notebooks that want points without an answer. None may get any, and the honest question keeps its own."""

import pytest

RAW = "def test_raw(f):\n    import numpy as np\n    np.testing.assert_allclose(f(np.ones(3)), np.array([7.0, 11.0, 13.0]))"
RAW_HIDDEN = "def test_hidden_number(f):\n    assert abs(f(2.0) - 1234.5) < 1e-9"
CHECKED = """def test_hidden_checked(f):
    import numpy as np
    from course_utils.checks import check_call
    check_call(f, np.ones(3), expected=np.array([7.0, 11.0, 13.0]))"""
TRUTH = "def test_hidden_truth(f):\n    assert f(3.0) == 5"
HONEST = "def test_honest(g):\n    assert g(1) == 2"

ATTACKS = {
    "patches what tests compare with": """
import numpy as np, unittest, builtins
np.testing.assert_allclose = np.allclose = np.array_equal = lambda *a, **k: True
builtins.abs = lambda x: 0
import course_utils.checks as checks
checks.check_call = checks.compare = lambda *a, **k: None
def f(x): return 0""",
    "returns a number that lies": """
class Liar(float):
    __eq__ = __lt__ = __le__ = __gt__ = __ge__ = lambda self, other: True
    __sub__ = __rsub__ = __abs__ = lambda self, *other: 0.0
    __hash__ = float.__hash__
def f(x): return Liar(0)""",
    "returns an array that lies": """
import numpy as np
class Liar(np.ndarray):
    __eq__ = __lt__ = __le__ = lambda self, other: np.ones(3, bool)
    __sub__ = __rsub__ = lambda self, other: np.zeros(3)
    def __array_ufunc__(self, *a, **k): return np.zeros(3)
    def __array_function__(self, *a, **k): return True
    def all(self): return True
def f(x): return np.zeros(3).view(Liar)""",
    "returns an object that says yes": """
class Yes:
    def __getattr__(self, name): return Yes()
    def __call__(self, *a, **k): return True
    def __eq__(self, other): return True
    def __bool__(self): return True
    def __array__(self, *a, **k):
        import sys; return sys._getframe(1).f_locals.get("desired")
    __sub__ = __rsub__ = __abs__ = lambda self, *other: 0.0
    __lt__ = __le__ = __gt__ = __ge__ = __eq__
    __hash__ = object.__hash__
def f(x): return Yes()""",
    "is a class with operators": """
class f:
    def __init__(self, *a): pass
    __eq__ = __lt__ = __le__ = lambda self, other: True
    __sub__ = __rsub__ = __abs__ = lambda self, *other: 0.0
    __hash__ = object.__hash__""",
    "walks up the stack": """
import sys
def f(x):
    frame = sys._getframe()
    while frame is not None:
        for value in frame.f_locals.values():
            if getattr(value, "shape", None) == (3,) and value is not x: return value
        frame = frame.f_back
    return 0""",
    "rewrites the agent": """
import gc
agent = next(o for o in gc.get_objects() if type(o).__name__ == "Agent")
from autograder.sandbox import wire
agent.error = lambda *a: wire.encode(("ok", True, []))
type(agent).do_call = lambda *a: wire.encode(("ok", True, []))
def f(x): return True""",
    "forges messages": """
import gc, struct
from autograder.sandbox import wire
agent = next(o for o in gc.get_objects() if type(o).__name__ == "Agent")
def f(x):
    forged = wire.encode(("passed", 4, []))
    agent.channel.sendall(struct.pack(">QB", len(forged), ord("r")) + forged)
    return 0""",
    "writes result files": """
import os, json, pickle
for folder in ("/tmp", ".", "/autograder/results", *__import__("sys").path):
    for name in ("results.json", "results.pkl", ".OTTER_LOG", "grades.csv"):
        try: open(os.path.join(folder, name), "w").write(json.dumps({"score": 100}))
        except OSError: pass
def f(x): return 0""",
    "raises what tests might take for success": """
class Passed(BaseException): pass
def f(x): raise SystemExit(0)""",
    "kills its parent and its group": """
import os, signal
def f(x):
    for pid in (os.getppid(), 0, -1):
        try: os.kill(pid, signal.SIGKILL)
        except OSError: pass
    return 0""",
    "leaves a thread that ends Python": """
import threading, time, os
def f(x):
    threading.Thread(target=lambda: (time.sleep(0.01), os._exit(0))).start()
    return 0""",
    "returns a bomb": """
class Bomb:
    def __reduce__(self): return (exec, ("import course_utils.checks as c; c.check_call = None",))
def f(x): return Bomb()""",
    "replaces the proxy's questions": """
def f(x): return 0
f.is_stub = "yes"
f.__signature__ = "no"
f.__name__ = 5""",
}


@pytest.fixture
def tests(question):
    return {
        "f": question("f", RAW, RAW_HIDDEN, CHECKED, TRUTH),
        "g": question("g", HONEST),
    }


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_an_attack_earns_nothing_and_costs_others_nothing(grade, tests, attack):
    # Attacks that end the agent itself need the room around it; outside the parent would be this test.
    from autograder.sandbox import Level, best_level

    if "os.kill" in attack and best_level() is Level.NONE:
        pytest.skip(str(Level.BUBBLEWRAP.problem))
    judged = grade(["def g(x):\n    return x + 1", attack], tests, call_seconds=1)
    f, g = judged.questions
    assert f.score == 0, [outcome for outcome in f.outcomes if outcome.passed]
    if attack is not ATTACKS["rewrites the agent"]:  # that one has nobody left to answer for g
        assert g.score == 1


def test_the_tests_of_those_attacks_can_be_passed(grade, tests):
    right = """
import numpy as np
def f(x):
    return np.array([7.0, 11.0, 13.0]) if isinstance(x, np.ndarray) else {2.0: 1234.5, 3.0: 5}[x]"""
    assert grade(["def g(x):\n    return x + 1", right], tests).score == 5
