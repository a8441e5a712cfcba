"""What a student's code can't do in the sandbox, at each level that has walls; ``docs/threat_model.md`` names these tests."""

import contextlib
import os
import secrets
import socket
import time
from pathlib import Path

import psutil
import pytest

from autograder.sandbox import Kernel, Level, Limits
from autograder.sandbox.warm import warm_parent
from course_utils.checks import StudentError

WALLED = pytest.mark.parametrize("level", [Level.BUBBLEWRAP, Level.LANDLOCK], ids=str)
BUBBLEWRAP = pytest.mark.parametrize("level", [Level.BUBBLEWRAP], ids=str)
LANDLOCK = pytest.mark.parametrize("level", [Level.LANDLOCK], ids=str)


def heard(server):
    server.settimeout(0.3)
    try:
        return bool(server.recv(10) if server.type == socket.SOCK_DGRAM else server.accept())
    except TimeoutError:
        return False


@WALLED
@pytest.mark.parametrize("kind", ["tcp", "udp", "unix", "abstract"])
def test_nobody_outside_can_be_talked_to(kernel_of, kind, tmp_path):
    address = {"unix": str(tmp_path / "socket"), "abstract": f"\0{secrets.token_hex()}"}.get(kind)
    family = socket.AF_UNIX if address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM) as server:
        server.bind(address or ("127.0.0.1", 0))
        if kind != "udp":
            server.listen()
        code = f"""
import socket
def talk():
    with socket.socket({int(server.family)}, {int(server.type)}) as client:
        client.settimeout(1)
        client.connect({server.getsockname()!r})
        client.send(b"hello")
"""
        kernel, here = kernel_of(code), {}
        exec(code, here)
        here["talk"]()
        assert heard(server)
        with contextlib.suppress(StudentError):
            kernel.lookup("talk")()
        assert not heard(server)


@BUBBLEWRAP
def test_there_is_no_network(kernel_of):
    kernel = kernel_of("import socket\ninterfaces = sorted(name for _, name in socket.if_nameindex())")
    assert kernel.lookup("interfaces") == ["lo"]


@BUBBLEWRAP
def test_only_two_folders_of_bounded_size_can_be_written_to(kernel_of):
    kernel = kernel_of(
        """
import os
def writable():
    found = []
    for folder, inner, _ in os.walk("/"):
        inner[:] = [name for name in inner if not (folder == "/" and name == "proc")]
        try:
            with open(os.path.join(folder, "probe"), "w"): pass
            found.append(folder)
        except OSError: pass
    return [folder for folder in found if not folder.startswith("/tmp/")]
def fill(folder):
    written = 0
    try:
        for number in range(1000):
            with open(f"{folder}/{number}", "wb", 0) as file:
                for _ in range(4): written += file.write(bytes(2**20))
    except OSError: pass
    return written
def one_file():
    with open("/tmp/large", "wb", 0) as file:
        try:
            for _ in range(1000): file.write(bytes(2**20))
        except OSError: pass
        size = file.tell()
    os.remove("/tmp/large")
    return size
""",
        file_bytes=16 * 2**20,
        call_seconds=30,
    )
    assert sorted(kernel.lookup("writable")()) == ["/dev/shm", "/tmp"]
    assert kernel.lookup("one_file")() <= 16 * 2**20
    for folder in ("/dev/shm", "/tmp"):
        assert kernel.lookup("fill")(folder) <= 16 * 2**20


@BUBBLEWRAP
def test_worker_processes_have_shared_memory(kernel_of):
    kernel_of("import multiprocessing\nwith multiprocessing.Lock(): pass")


@WALLED
def test_no_device_but_harmless_ones_can_be_opened(kernel_of):
    nodes = (path for path in Path("/dev").rglob("*") if not path.is_symlink())
    outside = [str(path) for path in nodes if path.is_char_device() or path.is_block_device()]
    code = """
import os
def opened(paths):
    found = []
    for path in paths:
        for way in (os.O_RDONLY, os.O_WRONLY):
            try:
                os.close(os.open(path, way | os.O_NONBLOCK | os.O_NOCTTY))
                found.append(path)
            except OSError: pass
    return found
"""
    harmless = {
        f"/dev/{name}" for name in ("null", "zero", "full", "random", "urandom", "tty", "ptmx", "pts/ptmx")
    }
    assert set(kernel_of(code).lookup("opened")(outside)) <= harmless


@BUBBLEWRAP
def test_the_course_is_not_there_and_its_package_is(kernel_of):
    import autograder

    root = Path(autograder.__file__).parents[1]
    kernel = kernel_of(
        "import os, autograder, course_utils.checks",
        "def look(folder): return sorted(os.listdir(folder)) if os.path.isdir(folder) else None",
        f"def everything(): return sorted(name for _, _, names in os.walk('{warm_parent().course}') for name in names)",
    )
    inside = kernel.lookup("look")(str(root))
    assert inside is None or not set(inside) & {"solutions", "tests", "dist", "autograder", "notebooks"}
    course = str(warm_parent().course)
    assert kernel.lookup("look")(course) == ["autograder", "course_utils"]
    assert kernel.lookup("look")(f"{course}/autograder") == ["__init__.py", "sandbox"]
    inside = ["__init__.py", "agent.py", "folder.py", "nursery.py", "restrict.py", "seccomp.py", "wire.py"]
    assert kernel.lookup("look")(f"{course}/autograder/sandbox") == inside


@BUBBLEWRAP
def test_the_environment_and_the_person_are_not_there(kernel_of, monkeypatch):
    monkeypatch.setenv("SECRET_TOKEN", "hunter2")
    kernel = kernel_of(
        "import os\nnames = sorted(os.environ)",
        "everyone = b''.join(open(f'/proc/{p}/environ', 'rb').read() for p in os.listdir('/proc') if p.isdigit() and os.access(f'/proc/{p}/environ', 4))",
        "user = os.getuid(), os.getgid(), os.getcwd(), os.path.expanduser('~'), os.uname().nodename",
    )
    assert "SECRET_TOKEN" not in kernel.lookup("names")
    assert b"hunter2" not in kernel.lookup("everyone")
    assert kernel.lookup("user") == (65534, 65534, "/tmp", "/tmp", "sandbox")


@BUBBLEWRAP
def test_only_its_own_processes_are_seen(kernel_of):
    kernel = kernel_of(
        "import os\nprocesses = sorted(int(name) for name in os.listdir('/proc') if name.isdigit())"
    )
    assert len(kernel.lookup("processes")) <= 3
    assert os.getpid() not in kernel.lookup("processes")


@BUBBLEWRAP
def test_no_door_leads_out(kernel_of):
    kernel = kernel_of(
        """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
def doors():
    opened = []
    if libc.unshare(0x10000000) == 0: opened.append("user namespace")
    if libc.mount(b"none", b"/tmp", b"tmpfs", 0, None) == 0: opened.append("mount")
    for folder, inner, files in os.walk("/proc"):
        if folder == "/proc": inner[:] = [name for name in inner if not name.isdigit() and name != "self" and name != "thread-self"]
        for name in files:
            try:
                os.close(os.open(os.path.join(folder, name), os.O_WRONLY | os.O_NONBLOCK))
                opened.append(os.path.join(folder, name))
            except OSError: pass
    status = dict(line.split(":", 1) for line in open("/proc/self/status"))
    if int(status["CapEff"], 16) or int(status["CapBnd"], 16): opened.append("capabilities")
    if status["NoNewPrivs"].strip() != "1": opened.append("new privileges")
    return opened
"""
    )
    assert kernel.lookup("doors")() == []


@WALLED
def test_no_descriptor_of_ours_but_the_channel_is_open(kernel_of, tmp_path):
    with (tmp_path / "results.sqlite").open("w"):
        kernel = kernel_of(
            """
import os
def look(fd):
    try: return os.readlink(f"/proc/self/fd/{fd}").split(":")[0]
    except OSError: return None
kinds = sorted(filter(None, map(look, os.listdir("/proc/self/fd"))))
"""
        )
    kinds = kernel.lookup("kinds")
    assert [kind for kind in kinds if not kind.startswith("/proc/")].count("socket") == 1
    assert {kind for kind in kinds if not kind.startswith("/proc/")} <= {"socket", "/dev/null", "anon_inode"}


@WALLED
def test_a_fork_bomb_is_ended_and_the_machine_lives(kernel_of):
    kernel = kernel_of(
        "import os",
        "def bomb():\n    while True:\n        try: os.fork()\n        except OSError: pass",
        "def fine(): return 1",
        processes=32,
        call_seconds=8,
    )
    before = set(psutil.Process().children(recursive=True))
    start = time.monotonic()
    with pytest.raises((StudentError, TimeoutError)):
        kernel.lookup("bomb")()
    assert time.monotonic() - start < 8
    assert kernel.lookup("fine")() == 1
    assert len(set(psutil.Process().children(recursive=True)) - before) < 10


@WALLED
def test_memory_taken_by_children_counts(kernel_of):
    kernel = kernel_of(
        """
import os, time, numpy as np
def brood():
    for _ in range(6):
        if os.fork() == 0:
            mine = np.ones(2**24); time.sleep(100)
    time.sleep(100)
""",
        memory_bytes=500 * 2**20,
    )
    with pytest.raises(StudentError, match="of memory"):
        kernel.lookup("brood")()


@WALLED
def test_memory_is_watched_between_calls_too(kernel_of):
    kernel = kernel_of(
        """
import threading, time, numpy as np
kept = []
def hoard():
    while True: kept.append(np.ones(2**20)); time.sleep(0.005)
threading.Thread(target=hoard, daemon=True).start()
def fine(): return 1
""",
        memory_bytes=400 * 2**20,
    )
    time.sleep(2.5)
    with pytest.raises(StudentError, match="of memory"):
        kernel.lookup("fine")()


@WALLED
def test_processes_that_detach_themselves_end_with_the_kernel(kernel_of):
    kernel_of("1").__exit__(None, None, None)  # the warm parent stays
    before = set(psutil.Process().children(recursive=True))
    kernel = kernel_of(
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0: time.sleep(1000)\n    os._exit(0)"
    )
    time.sleep(0.2)
    inside = set(psutil.Process().children(recursive=True)) - before
    assert len(inside) >= 4
    kernel.__exit__(None, None, None)
    _, alive = psutil.wait_procs(inside, timeout=5)
    assert not alive


@WALLED
def test_a_judge_that_is_killed_leaves_nothing(tmp_path, level):
    import subprocess
    import sys

    script = tmp_path / "judge.py"
    script.write_text(
        "from autograder.sandbox import Kernel, Level\n"
        f"with Kernel(level=Level({str(level)!r})) as kernel:\n"
        '    kernel.run_cell(\'import subprocess; subprocess.Popen(["sleep", "1000"])\')\n'
        "    print('ready', flush=True)\n"
        "    kernel.run_cell('while True: pass')\n"
    )
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE) as judge:
        judge.stdout.readline()
        inside = psutil.Process(judge.pid).children(recursive=True)
        assert len(inside) >= 4
        judge.kill()
    _, left = psutil.wait_procs(inside, timeout=5)
    assert not [process for process in left if process.status() != psutil.STATUS_ZOMBIE]


THIEF = """
import gc, itertools, os, re, sys
PATTERN = re.compile(rb"MARK-[0-9a-f]{32}")
def in_files():
    found = []
    for folder, inner, files in itertools.chain.from_iterable(map(os.walk, ["/", *PLACES])):
        if folder == "/": inner[:] = [name for name in inner if name not in ("proc", "usr", "sys")]
        inner[:] = [name for name in inner if name != "site-packages" or "/course-" in folder]
        for name in files:
            path = os.path.join(folder, name)
            try:
                if os.path.isfile(path) and os.path.getsize(path) < 2**22:
                    with open(path, "rb") as file: found += PATTERN.findall(file.read())
            except OSError: pass
    return found
def in_processes():
    found = []
    try: seen = os.listdir("/proc")
    except PermissionError: seen = range(1, 2**15)
    for process in filter(str.isdigit, map(str, [*PROCESSES, *seen])):
        for name in ("environ", "cmdline", "maps", "mountinfo"):
            try:
                with open(f"/proc/{process}/{name}", "rb") as file: found += PATTERN.findall(file.read())
            except OSError: pass
    return found
def in_memory():
    found = []
    with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
        for line in maps:
            start, end = (int(part, 16) for part in line.split()[0].split("-"))
            if " r" in line and end - start < 2**28:
                try:
                    memory.seek(start); found += PATTERN.findall(memory.read(end - start))
                except (OSError, ValueError, OverflowError): pass
    return found
def in_objects():
    frames = list(sys._current_frames().values())
    return PATTERN.findall(repr([frame.f_locals for frame in frames]).encode()) + [
        match for o in (gc.unfreeze(), gc.get_objects())[1] if isinstance(o, dict) for v in list(o.values())
        if isinstance(v, (str, bytes)) for match in PATTERN.findall(v.encode(errors="replace") if isinstance(v, str) else v)]
def thief(x, f=None):
    return [m.decode() for m in in_files() + in_processes() + in_memory() + in_objects()]
def honest(x, f=None):
    return []
"""


@WALLED
def test_a_thief_finds_no_hidden_test(tmp_path, level):
    import nbformat

    from autograder.judge import judge

    mark = f"MARK-{secrets.token_hex(16)}"
    # In a file of the judge's, in its environment, in the hidden test, in the globals of a function that is passed in.
    (tmp_path / "hidden.py").write_text(mark)
    tests = {
        "thief": f'''OK_FORMAT = False
from otter.test_files import test_case
name = "thief"
points = 2
ANSWER = "{mark}"
@test_case(points=1, hidden=True)
def test_hidden(thief):
    import numpy as np
    from course_utils.checks import check_call
    secret = "{mark}"
    def objective(x):
        return len(ANSWER) + len(secret)
    check_call(thief, np.ones(3), objective, expected=[])
@test_case(points=1, hidden=True)
def test_once_more(thief):
    from course_utils.checks import check_call
    check_call(thief, 1, expected=[])
'''
    }
    # Where the folders can't be listed, the thief has been told where to look.
    told = f"PLACES = {[str(tmp_path)]}; PROCESSES = {[os.getpid(), os.getppid()]}"
    cells = [nbformat.v4.new_code_cell(told + THIEF)]
    old = dict(os.environ)
    os.environ["HIDDEN_TESTS"] = mark
    try:
        judged = judge(
            nbformat.v4.new_notebook(cells=cells), tests, limits=Limits(call_seconds=60), level=level
        )
    finally:
        os.environ.clear()
        os.environ.update(old)
    assert [outcome.detail for outcome in judged.questions[0].outcomes if not outcome.passed] == []
    assert judged.score == 2


@WALLED
def test_the_thief_of_that_test_does_find_what_is_there(level):
    mark = f"MARK-{secrets.token_hex(16)}"
    with Kernel(Limits(call_seconds=60), level=level) as kernel:
        assert kernel.run_cell("import os; PLACES = [os.getcwd()]; PROCESSES = []" + THIEF).ok
        assert kernel.run_cell(f"here = {mark!r}; open('note', 'w').write({mark!r})").ok
        for search in ("in_files", "in_memory", "in_objects"):
            assert mark.encode() in kernel.lookup(search)(), search


def test_a_neighbour_that_takes_all_processors_costs_nobody_anything(kernel_of):
    greedy = kernel_of(
        "import subprocess",
        'def take(): return len([subprocess.Popen(["sh", "-c", "while :; do :; done"], start_new_session=True) for _ in range(24)])',
        processes=30,
        call_seconds=30,
    )
    busy = "def work(seconds):\n    import time\n    while time.process_time() < seconds: pass\n    return seconds"
    honest = kernel_of(busy + "\nimport time\ndef used(): return time.process_time()", call_seconds=1.5)
    start = honest.lookup("used")()
    assert greedy.lookup("take")() == 24
    assert honest.lookup("work")(start + 0.5) == start + 0.5  # on two processors it takes many times as long
