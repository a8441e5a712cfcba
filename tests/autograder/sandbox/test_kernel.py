import contextlib
import copy
import inspect
import os
import time

import numpy as np
import psutil
import pytest

from autograder.sandbox import Kernel, Level, Limits, SubmissionTimeout
from autograder.sandbox.proxy import CallableProxy, Proxy
from autograder.sandbox.warm import WarmParent, warm_parent
from course_utils.checks import CallTimeout, Mistake, StudentError, check_call, on_tape

EVERY_LEVEL = pytest.mark.parametrize("level", list(Level), ids=str)
WALLED = pytest.mark.parametrize("level", [Level.BUBBLEWRAP, Level.LANDLOCK], ids=str)


@EVERY_LEVEL
def test_a_function_is_called_with_arrays_and_answers_with_arrays(kernel_of, level):
    kernel = kernel_of("import numpy as np", "def outer(x, y):\n    return np.outer(x, y), x.sum()")
    product, total = kernel.lookup("outer")(np.arange(3.0), np.array([2, 5]))
    assert product.tolist() == [[0, 0], [2, 5], [4, 10]]
    assert isinstance(total, np.float64)


def test_tensors_and_random_generators_arrive_whole(kernel_of):
    import torch

    kernel = kernel_of(
        "def double(x):\n    x += 1\n    return x * 2", "def draw(rng): return rng.normal(size=2)"
    )
    x = torch.ones(3)
    assert kernel.lookup("double")(x).tolist() == [4, 4, 4]
    assert x.tolist() == [2, 2, 2]
    drawn = kernel.lookup("draw")(np.random.default_rng(5))
    assert drawn.tolist() == np.random.default_rng(5).normal(size=2).tolist()


def test_a_proxy_has_the_name_and_parameters_of_its_function(kernel_of):
    kernel = kernel_of("def fit(x, y, *rest, lam=0): return 1")
    fit = kernel.lookup("fit")
    assert fit.__name__ == "fit"
    assert list(inspect.signature(fit).parameters) == ["x", "y"]
    assert fit.is_stub is False


def test_lookup_tells_missing_stub_and_value_apart(kernel_of):
    kernel = kernel_of("def todo(x):\n    'Do it.'\n    ...", "accuracy = 0.25\nnothing = None")
    assert kernel.lookup("todo").is_stub is True
    assert kernel.lookup("accuracy") == 0.25
    assert kernel.lookup("nothing") is None
    assert kernel.lookup("absent") is None


def test_an_error_carries_the_students_line_and_cell(kernel_of):
    kernel = kernel_of("x = 1", "def halve(x):\n    y = x\n    return y / 0")
    with pytest.raises(StudentError) as caught:
        kernel.lookup("halve")(1)
    error = caught.value
    assert (error.type_name, error.message) == ("ZeroDivisionError", "division by zero")
    assert (error.line, error.line_number, error.cell) == ("return y / 0", 3, 2)


def test_a_cell_that_raises_says_where_and_the_next_one_runs(kernel_of):
    kernel = kernel_of()
    raised = kernel.run_cell("a = 1\nb = a + missing", 4)
    assert (raised.ok, raised.timed_out) == (False, False)
    assert (raised.error.type_name, raised.error.line_number, raised.error.cell) == ("NameError", 2, 4)
    broken = kernel.run_cell("def f(:\n    pass", 5)
    assert (broken.error.type_name, broken.error.line_number, broken.error.cell) == ("SyntaxError", 1, 5)
    assert kernel.run_cell("assert a == 1").ok


def test_arguments_changed_in_place_change_here_too(kernel_of):
    kernel = kernel_of(
        "def change(x, items, table, pair):\n"
        "    x += 1; items.append(2); items[0][0] = 9; table['a'][:] = 0; table['new'] = 1; pair[0][0] = 5"
    )
    x, inner, values, first = np.zeros(2), np.ones(2), np.ones(3), np.zeros(1)
    items, table = [inner, 5], {"a": values}
    kernel.lookup("change")(x, items, table, pair=(first, 1))
    assert x.tolist() == [1, 1]
    assert items[2] == 2
    assert table["a"] is values
    assert (values.tolist(), table["new"], first.tolist()) == ([0, 0, 0], 1, [5])


def test_items_of_a_container_that_change_in_place_stay_the_callers_own(kernel_of):
    kernel = kernel_of("def step(parameters):\n    for p in parameters: p -= 1")
    weights = np.ones(2)
    parameters = [weights, np.ones(3)]
    kernel.lookup("step")(parameters)
    assert parameters[0] is weights
    assert weights.tolist() == [0, 0]


def test_arguments_left_alone_are_left_alone(kernel_of):
    kernel = kernel_of("def look(x, items): return x.copy(), list(items)")
    x = np.array([np.nan, -0.0])
    items = [x, "a"]
    kernel.lookup("look")(x, items)
    assert items[0] is x


def test_functions_passed_in_run_out_here(kernel_of):
    here = []

    def objective(x, scale=1.0):
        here.append(os.getpid())
        return scale * float(x @ x)

    kernel = kernel_of("def slope(f, x):\n    return (f(x + 1e-6, scale=2.0) - f(x, scale=2.0)) / 1e-6")
    assert kernel.lookup("slope")(objective, np.array([3.0])) == pytest.approx(12, rel=1e-5)
    assert set(here) == {os.getpid()}


def test_an_error_in_a_function_passed_in_is_raised_in_there(kernel_of):
    def objective(x):
        raise ValueError("not there")

    kernel = kernel_of("def call(f):\n    try: return f(1)\n    except ValueError as e: return str(e)")
    assert kernel.lookup("call")(objective) == "not there"


def test_a_function_passed_in_may_call_the_students_functions(kernel_of):
    kernel = kernel_of("def square(x): return x * x", "def apply(f, x): return f(x) + 1")
    square, apply = kernel.lookup("square"), kernel.lookup("apply")
    assert apply(lambda x: 10 * square(x), 3) == 91
    assert apply(square, 3) == 10


def test_functions_of_an_earlier_test_can_not_be_called_later(kernel_of):
    kernel = kernel_of(
        "kept = []\ndef keep(f): kept.append(f)\ndef use():\n    try: return kept[0](1)\n    except Exception: return 'gone'"
    )
    kernel.lookup("keep")(lambda x: x + 41)
    assert kernel.lookup("use")() == 42
    kernel.release()
    assert kernel.lookup("use")() == "gone"


VALUE = """
class Value:
    def __init__(self, data): self.data = data; self.grad = 0.0; self._children = ()
    def __add__(self, other): return Value(self.data + getattr(other, "data", other))
    def __mul__(self, other): return Value(self.data * getattr(other, "data", other))
    __radd__ = __add__
    def __neg__(self): return Value(-self.data)
    def __lt__(self, other): return self.data < other.data
    def backward(self): self.grad = 1.0
    def __len__(self): return 3
    def __getitem__(self, i): return [10, 20, 30][i]
    def __setitem__(self, i, value): self.data = value
    def __call__(self, x): return x + self.data
    def __float__(self): return float(self.data)
"""


def test_an_object_of_the_students_class_is_used_through_a_proxy(kernel_of):
    kernel = kernel_of(VALUE)
    Value = kernel.lookup("Value")
    a = Value(2.0)
    assert type(a).__name__ == "Value"
    assert (1 + a * 3 + a).data == 9
    assert (-a).data == -2
    assert a < Value(3.0)
    assert (len(a), list(a), a[1], a(5), float(a)) == (3, [10, 20, 30], 20, 7, 2.0)
    a.backward()
    assert a.grad == 1.0
    a.data = 7
    a[0] = a.data + 1
    assert a.data == 8
    assert copy.deepcopy([a])[0] is a
    assert hasattr(a, "grad")
    assert not hasattr(a, "momentum")
    assert getattr(a, "_children", "private") == "private"


def test_containers_may_hold_objects(kernel_of):
    kernel = kernel_of(
        VALUE, "def train(): return Value(4), [0.5, 0.25]", "def read(model): return model.data"
    )
    model, losses = kernel.lookup("train")()
    assert losses == [0.5, 0.25]
    assert kernel.lookup("read")(model) == 4


def test_a_generator_is_looped_over_item_by_item(kernel_of):
    kernel = kernel_of("def batches(n):\n    i = 0\n    while i != n: yield i; i += 1")
    assert list(kernel.lookup("batches")(3)) == [0, 1, 2]
    endless = kernel.lookup("batches")(-1)
    assert [next(endless), next(endless)] == [0, 1]


LIAR = """
class Liar(float):
    def __eq__(self, other): return True
    def __sub__(self, other): return 0.0
    def __rsub__(self, other): return 0.0
    def __lt__(self, other): return True
    def __le__(self, other): return True
    def __gt__(self, other): return True
    def __abs__(self): return 0.0
    def __neg__(self): return 0.0
    def __bool__(self): return True
    def __array__(self, *a, **k): import numpy; return numpy.zeros(3)
def answer(): return Liar(5)
"""


def test_an_object_can_not_say_what_a_comparison_gives(kernel_of):
    kernel = kernel_of(LIAR)
    got = kernel.lookup("answer")()
    assert isinstance(got, Proxy)
    assert not isinstance(got, CallableProxy)
    assert got != 0.0
    for compare in (
        lambda: got - 0.0,
        lambda: 0.0 - got,
        lambda: np.zeros(3) - got,
        lambda: got < 1,
        lambda: -got,
        lambda: bool(got),
        lambda: np.testing.assert_allclose(got, np.zeros(3)),
        lambda: np.allclose(np.zeros(3), got),
    ):
        with pytest.raises(TypeError):
            compare()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return np.broadcast_to(1.0, (10 * 2**27,))", "too much"),
        ("x = []; x.append(x); return x", "too deeply"),
        ("x = [0]\n    for _ in range(35): x = [x, x]\n    return x", "too much"),
        ("return list(range(10**6))", "too much"),
        ("return 10 ** 10**5", "digits"),
        ("return '\\udc80'", "half a character"),
    ],
)
def test_what_is_too_large_to_bring_back_is_an_error_that_says_so(kernel_of, body, message):
    kernel = kernel_of("import numpy as np", f"def f():\n    {body}", "def g(): return 1")
    with pytest.raises(StudentError, match=message):
        kernel.lookup("f")()
    assert kernel.lookup("g")() == 1


def test_an_object_that_is_a_bomb_when_unpickled_stays_a_handle(kernel_of, tmp_path):
    mark = tmp_path / "exploded"
    kernel = kernel_of(
        f"class Bomb:\n    def __reduce__(self): return (open, ({str(mark)!r}, 'w'))",
        "import numpy as np\ndef f(): return [Bomb()]\ndef g(): return np.array([Bomb()], dtype=object)",
    )
    assert isinstance(kernel.lookup("f")()[0], Proxy)
    assert isinstance(kernel.lookup("g")()[0], Proxy)
    assert not mark.exists()


@pytest.mark.parametrize(
    "loop",
    [
        "while True: pass",
        "import time\n    while True: time.sleep(1)",
        "while True:\n        try:\n            while True: pass\n        except BaseException: pass",
        "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n    while True: pass",
        "import os; os.kill(os.getpid(), 19)",
    ],
    ids=["busy", "asleep", "catches all", "deaf", "stopped"],
)
def test_a_call_that_never_ends_is_stopped_and_the_kernel_goes_on(kernel_of, loop):
    kernel = kernel_of("import numpy as np", f"def f():\n    {loop}", "def g(): return 7", call_seconds=0.5)
    start = time.monotonic()
    with pytest.raises(CallTimeout):
        kernel.lookup("f")()
    assert kernel.lookup("g")() == 7
    assert time.monotonic() - start < 15  # ten of them, if it can't get a processor
    assert kernel.release() == "Your code did not come back within 0.5 seconds."
    assert kernel.release() is None


@EVERY_LEVEL
def test_a_loop_that_can_be_interrupted_keeps_the_kernel(kernel_of, level):
    kernel = kernel_of("n = 0\ndef f():\n    global n; n = 1\n    while True: pass", call_seconds=0.5)
    with pytest.raises(CallTimeout):
        kernel.lookup("f")()
    assert kernel.lookup("n") == 1


def test_a_cell_that_never_ends_is_stopped_and_the_next_one_runs(kernel_of):
    kernel = kernel_of("a = 1", cell_seconds=0.5)
    for cell in ("while True: pass", "while True:\n    try: input()\n    except BaseException: pass"):
        result = kernel.run_cell(cell)
        assert (result.ok, result.timed_out) == (False, True)
        assert 0.4 < result.seconds < 15
    assert kernel.run_cell("assert a == 1").ok


@EVERY_LEVEL
def test_a_restart_runs_again_the_cells_that_had_ended(kernel_of, level):
    kernel = kernel_of("a = [1]", "def leave():\n    import os; os._exit(3)")
    kernel.run_cell("a.append(2); raise ValueError")
    with pytest.raises(StudentError, match="ended Python"):
        kernel.lookup("leave")()
    assert kernel.lookup("a") == [1, 2]
    assert kernel.release() == "Your code ended Python itself."


def test_a_cell_that_ends_python_costs_only_itself(kernel_of):
    kernel = kernel_of("a = 1")
    assert kernel.run_cell("import os; os._exit(0)").error.message == "Your code ended Python itself."
    assert kernel.run_cell("exit()") is not None
    assert kernel.run_cell("import sys; sys.exit()").error.type_name == "SystemExit"
    assert kernel.lookup("a") == 1


def test_a_cell_that_fares_worse_the_second_time_is_left_out(kernel_of, tmp_path):
    kernel = kernel_of("a = 1", cell_seconds=0.5)
    assert kernel.run_cell("import time\nstarted = time.time()").ok
    assert kernel.run_cell(f"while time.time() > {time.time() + 1.5}: pass").ok
    assert kernel.run_cell("b = 2").ok
    time.sleep(1.5)
    kernel.restart()
    assert (kernel.lookup("a"), kernel.lookup("b")) == (1, 2)


def test_an_object_from_before_a_restart_says_that_it_is_gone(kernel_of):
    kernel = kernel_of(VALUE)
    value = kernel.lookup("Value")(1)
    kernel.restart()
    with pytest.raises(StudentError, match="restarted"):
        _ = value.data
    assert kernel.lookup("Value")(2).data == 2


def test_when_the_time_for_everything_is_up_nothing_is_asked_any_more(kernel_of):
    kernel = kernel_of("def f():\n    while True: pass", submission_seconds=1)
    start = time.monotonic()
    with pytest.raises(SubmissionTimeout):
        kernel.lookup("f")()
    with pytest.raises(SubmissionTimeout):
        kernel.run_cell("pass")
    assert time.monotonic() - start < 3


FORGER = """
import os, gc, struct, threading
from autograder.sandbox import wire
channel = next(o.channel for o in gc.get_objects() if type(o).__name__ == "Agent")
def frame(kind, message): return struct.pack(">QB", len(message), ord(kind)) + message
def f(): return 1
def honest(): return 1
"""


@pytest.mark.parametrize(
    "sent",
    [
        "b'x' * 100",
        "struct.pack('>QB', 2**62, 114)",
        "frame('r', b'x' * 50)",
        "frame('r', wire.encode(None))",
        "frame('r', wire.encode(('ok',)))",
        "frame('r', wire.encode(('ok', 1, [(99, [])])))",
        "frame('r', wire.encode(('ok', 1, [([], 1), 5, (-1, 2)])))",
        "frame('r', wire.encode(('error',)))",
        "frame('r', wire.encode(('error', 5, 6, 7, 'a', [])))",
        "frame('c', wire.encode((99, (), {})))",
        "frame('c', wire.encode(5)) * 50",
        "frame('z', wire.encode(('ok', 1, [])))",
        "frame('r', wire.encode(('value', 1)))",
    ],
)
def test_a_forged_message_is_the_students_loss_and_no_crash(kernel_of, sent):
    kernel = kernel_of(FORGER, f"def forge():\n    channel.sendall({sent})\n    return 5", call_seconds=2)
    with contextlib.suppress(StudentError, CallTimeout):
        kernel.lookup("forge")()
    kernel.restart()
    assert kernel.lookup("honest")() == 1


def test_an_agent_that_reads_nothing_can_not_hold_up_the_judge(kernel_of):
    kernel = kernel_of(
        FORGER,
        "import time\ndef deaf():\n"
        "    channel.sendall(frame('r', wire.encode(('ok', 1, []))))\n    time.sleep(100)",
        "def size(x): return x.size",
        call_seconds=1,
    )
    deaf, size = kernel.lookup("deaf"), kernel.lookup("size")
    assert deaf() == 1
    start = time.monotonic()
    with pytest.raises((CallTimeout, StudentError)):
        size(np.zeros(10**7))
    assert size(np.zeros(10)) == 10
    assert time.monotonic() - start < 5


def test_output_of_any_amount_is_taken_without_harm(kernel_of):
    kernel = kernel_of(
        "import sys, os\ndef f():\n    sys.stdout.write('x' * 10**8); os.write(2, b'x' * 10**8); return 1"
    )
    assert kernel.lookup("f")() == 1


def test_plots_are_drawn_on_nothing_and_closed(kernel_of):
    kernel = kernel_of(
        "import warnings, matplotlib.pyplot as plt\nfor _ in range(3):\n    plt.figure(); plt.plot([1, 2]); plt.show()",
        "open_figures = len(plt.get_fignums())",
    )
    assert kernel.lookup("open_figures") == 0


@EVERY_LEVEL
def test_a_memory_hog_is_ended_and_the_kernel_goes_on(kernel_of, level):
    kernel = kernel_of(
        "import numpy as np\ndef hog():\n    kept = []\n    while True: kept.append(np.ones(2**22))",
        "def fine(): return 1",
        memory_bytes=600 * 2**20,
    )
    with pytest.raises(StudentError, match=r"more than 0\.586 GiB of memory") as caught:
        kernel.lookup("hog")()
    assert caught.value.type_name == "MemoryError"
    assert kernel.lookup("fine")() == 1


@EVERY_LEVEL
def test_nothing_is_left_when_a_kernel_closes(kernel_of, level):
    kernel_of("1").__exit__(None, None, None)  # the warm parent stays
    before = set(psutil.Process().children(recursive=True))
    kernel = kernel_of(
        "import subprocess, os, sys, time\nsubprocess.Popen(['sleep', '1000'])",
        "if os.fork() == 0: time.sleep(1000)",
    )
    own = set(psutil.Process().children(recursive=True)) - before
    assert len(own) >= 2
    kernel.__exit__(None, None, None)
    _, alive = psutil.wait_procs(own, timeout=5)
    assert not alive
    assert not set(psutil.Process().children(recursive=True)) - before


@WALLED
def test_libraries_are_there_before_the_student_asks(kernel_of, level):
    kernel = kernel_of("import sys\nfound = 'torch' in sys.modules and 'numpy' in sys.modules")
    assert kernel.lookup("found") is True


@WALLED
def test_what_one_submission_does_to_a_library_the_next_does_not_see(kernel_of, level):
    first = kernel_of(
        "import numpy as np\nnp.mean = lambda *_: 7\ndef f(): return np.mean([1, 3])", "kept = 1"
    )
    second = kernel_of("import numpy as np\ndef f(): return float(np.mean([1, 3]))")
    assert first.lookup("f")() == 7
    assert second.lookup("f")() == 2
    assert second.lookup("kept") is None


@WALLED
def test_a_warm_parent_that_was_killed_is_replaced(kernel_of, level):
    kernel_of("1")
    warm_parent()._process.kill()
    assert kernel_of("x = 2").lookup("x") == 2


@EVERY_LEVEL
def test_a_warm_parent_that_was_started_before_is_the_one_that_serves(monkeypatch, level):
    parent = WarmParent()
    monkeypatch.setattr("autograder.sandbox.rooms.warm_parent", lambda: parent)
    try:
        parent.start()
        process = parent._process
        parent.start()
        with Kernel(Limits(), level=level) as kernel:
            kernel.run_cell("x = 2")
            assert kernel.lookup("x") == 2
        assert parent._process is process
        assert process.poll() is None
    finally:
        parent.close()


@EVERY_LEVEL
def test_a_kernel_that_can_not_start_is_a_fault_of_ours(monkeypatch, level):
    from autograder.sandbox import SandboxFault, view

    parent = WarmParent()
    monkeypatch.setattr("autograder.sandbox.rooms.warm_parent", lambda: parent)
    monkeypatch.setattr("sys.executable", "/usr/bin/false")
    monkeypatch.setattr(view, "pythons", list)
    with pytest.raises(SandboxFault, match="did not start"), Kernel(Limits(), level=level) as kernel:
        kernel.run_cell("1")
    parent.close()


TAPE = """
class Value:
    def __init__(self, data, parents=()): self.data, self.grad, self.parents = data, 0.0, parents
    def __add__(self, other): return Value(self.data + other.data, (self, other))
    def backward(self, flowing=1.0):
        self.grad += flowing
        for parent in self.parents: parent.backward(flowing)
"""


def test_checks_ask_a_class_in_the_sandbox_for_derivatives(kernel_of):
    kernel = kernel_of(TAPE, "class Untouched:\n    def __init__(self, data):\n        ...")
    run = on_tape(kernel.lookup("Value"))
    check_call(run, "a + b + a", a=2.0, b=3.0, expected={"data": 7.0, "a.grad": 2.0, "b.grad": 1.0})
    with pytest.raises(Mistake, match="with a loop"):
        check_call(run, "sum([a] * 1100, a)", a=1.0, expected={})
    with pytest.raises(Mistake, match="Not started"):
        check_call(on_tape(kernel.lookup("Untouched")), "a", a=1.0, expected={})
