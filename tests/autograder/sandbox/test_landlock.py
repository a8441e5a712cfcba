"""What walls of Landlock, a filter on system calls and another user hold back."""

import errno
import os
import re
import secrets
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from autograder.sandbox import Level, SandboxFault, landlock, restrict, seccomp, view
from course_utils.checks import StudentError

ROOT = Path(__file__).parents[3]
LANDLOCK = pytest.mark.parametrize("level", [Level.LANDLOCK], ids=str)

# `tried(f, *args)`: None if it worked, else the name of the error's number.
TRIED = """
import ctypes, errno, os
libc = ctypes.CDLL(None, use_errno=True)
def tried(function, *args):
    try:
        result = function(*args)
    except OSError as error:
        return errno.errorcode[error.errno]
    if isinstance(function, libc._FuncPtr) and result < 0:
        return errno.errorcode[ctypes.get_errno()]
"""
REFUSED = {"EACCES", "EPERM", "EXDEV"}


# --- files -------------------------------------------------------------------------------------------------------


@LANDLOCK
def test_only_libraries_and_the_private_folder_can_be_read(kernel_of, tmp_path):
    (tmp_path / "hidden.py").write_text("secret")
    kernel = kernel_of(
        TRIED,
        "def read(path): return tried(open, path)\ndef look(path): return tried(os.listdir, path)",
        "open('own', 'w').write('1')",
    )
    read, look = kernel.lookup("read"), kernel.lookup("look")
    secret = [tmp_path / "hidden.py", next((ROOT / "solutions").glob("*.py")), Path(__file__), "/etc/passwd"]
    grader = [ROOT / "autograder" / "cli.py", ROOT / "autograder" / "judge" / "judge.py"]
    for path in (
        *secret,
        *grader,
        f"/proc/{os.getpid()}/environ",
        f"/proc/{os.getpid()}/cmdline",
        "/proc/1/stat",
    ):
        assert read(str(path)) in REFUSED, path
    for folder in (
        tmp_path,
        ROOT,
        ROOT / "solutions",
        ROOT / "tests",
        Path.home(),
        "/",
        "/tmp",
        "/etc",
        "/proc",
    ):
        assert look(str(folder)) in REFUSED, folder
    assert read(os.__file__) is None
    assert read("own") is None
    assert look(str(ROOT / "course_utils")) is None


@LANDLOCK
def test_nothing_outside_the_private_folder_can_be_changed(kernel_of, tmp_path):
    file = tmp_path / "results.sqlite"
    file.write_text("all grades")
    file.chmod(0o666)
    tmp_path.chmod(0o777)
    before = file.stat()
    kernel = kernel_of(
        TRIED,
        f"FILE, FOLDER = {str(file)!r}, {str(tmp_path)!r}",
        """
open("own", "w").write("1")
attempts = {
    "write": (open, FILE, "r+"), "truncate by opening": (open, FILE, "w"), "truncate": (os.truncate, FILE, 0),
    "remove": (os.remove, FILE), "rename": (os.rename, FILE, "mine"), "replace": (os.replace, "own", FILE),
    "link": (os.link, FILE, "mine"), "new": (open, FOLDER + "/new", "w"), "folder": (os.mkdir, FOLDER + "/new"),
    "symlink": (os.symlink, "own", FOLDER + "/new"), "fifo": (os.mkfifo, FOLDER + "/new"),
    "mode": (os.chmod, FILE, 0), "times": (os.utime, FILE, (0, 0)), "owner": (os.chown, FILE, os.getuid(), os.getgid()),
    "attribute": (os.setxattr, FILE, "user.x", b"1"), "shared memory": (open, "/dev/shm/new", "w"), "tmp": (open, "/tmp/new", "w"),
}
os.symlink(FILE, "way out")
attempts["through a link"] = open, "way out", "r+"
answers = {name: tried(*attempt) for name, attempt in attempts.items()}
""",
    )
    answers = kernel.lookup("answers")
    assert {name: answer for name, answer in answers.items() if answer not in REFUSED} == {}
    assert file.read_text() == "all grades"
    assert (file.stat().st_mode, file.stat().st_mtime_ns) == (before.st_mode, before.st_mtime_ns)
    assert list(tmp_path.iterdir()) == [file]


@LANDLOCK
def test_a_course_inside_a_folder_that_is_read_is_left_out(level, tmp_path, monkeypatch):
    course, beside = tmp_path / "python" / "src" / "course", tmp_path / "python" / "src" / "library"
    for folder in (course / "solutions", course / ".venv", beside, tmp_path / "python" / "lib"):
        folder.mkdir(parents=True)
    (tmp_path / "python" / "way-in").symlink_to(course)
    monkeypatch.setattr(view, "pythons", lambda: [tmp_path / "python", course / ".venv"])
    monkeypatch.setattr(view, "courses", lambda: [course])
    readable = {path for path in landlock._readable() if path.is_relative_to(tmp_path)}
    assert readable == {beside, tmp_path / "python" / "lib", course / ".venv"}


@LANDLOCK
@pytest.mark.parametrize("version", range(1, 7))
def test_older_versions_close_files_too(level, tmp_path, version):
    """Each asked of this kernel, which still answers them all."""
    (tmp_path / "secret").write_text("1")
    (tmp_path / "own").mkdir()
    readable = [str(path) for path in landlock._readable()]
    code = f"""
from autograder.sandbox import restrict
restrict.landlock_version = lambda: {version}
restrict.wall_in(restrict.Walls({str(tmp_path / "own")!r}, {readable!r}))
open({str(tmp_path / "own" / "x")!r}, "w").close()
try: open({str(tmp_path / "secret")!r})
except PermissionError: print("closed")
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert said.stdout == "closed\n", said.stderr


FILL = """
import os
def one(name="large"):
    with open(name, "wb", 0) as file:
        try:
            while True: file.write(bytes(2**20))
        except OSError: return file.tell()
def many():
    for number in range(100): one(str(number))
def empty():
    for number in range(10**6): open(str(number), "w").close()
def unseen():
    kept = []
    while True:
        kept.append(open("x", "wb", 0)); os.remove("x"); kept[-1].write(bytes(2**22))
def deep():
    while True: os.mkdir("d" * 100); os.chdir("d" * 100)
def fine(): return 1
"""


@pytest.mark.parametrize("level", [Level.LANDLOCK, Level.NONE], ids=str)
@pytest.mark.parametrize("way", ["many", "empty", "unseen", "deep"])
def test_a_disk_that_is_filled_ends_the_call(kernel_of, way):
    kernel = kernel_of(FILL, file_bytes=16 * 2**20, call_seconds=20)
    assert kernel.lookup("one")() <= 16 * 2**20
    with pytest.raises(StudentError, match="wrote more than 16 MiB to files"):
        kernel.lookup(way)()
    assert kernel.lookup("fine")() == 1


@pytest.mark.parametrize("level", [Level.LANDLOCK, Level.NONE], ids=str)
def test_the_private_folder_is_removed_whatever_is_in_it(kernel_of):
    kernel = kernel_of(
        "import os\nplace = os.getcwd()",
        "open('x', 'w').close(); os.symlink('/', 'root'); os.mkfifo('pipe')",
        "for _ in range(1500): os.mkdir('d'); os.chdir('d')",
        "os.umask(0o777); os.mkdir('closed')",
    )
    place = Path(kernel.lookup("place"))
    assert place.exists()
    kernel.__exit__(None, None, None)
    assert not place.exists()


# --- other processes ---------------------------------------------------------------------------------------------


@LANDLOCK
def test_no_other_process_can_be_touched(kernel_of):
    """Neither one of ours, nor the agent's parent, nor the agent of another submission."""
    kernel_of("1")
    other = kernel_of("import os\nnumber = os.getpid()\ndef fine(): return 1")
    kernel = kernel_of(
        TRIED,
        """
import resource, signal
class Vector(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]
def touch(process):
    buffer = ctypes.create_string_buffer(8)
    here, there = Vector(ctypes.addressof(buffer), 8), Vector(ctypes.addressof(buffer), 8)
    attempts = {
        "signal 0": (os.kill, process, 0), "stop": (os.kill, process, signal.SIGSTOP), "kill": (os.kill, process, 9),
        "queue": (libc.sigqueue, process, 9, 0), "group": (os.killpg, os.getpgid(process), 9),
        "attach": (libc.ptrace, 16, process, None, None), "seize": (libc.ptrace, 0x4206, process, None, None),
        "read": (libc.process_vm_readv, process, ctypes.byref(here), 1, ctypes.byref(there), 1, 0),
        "write": (libc.process_vm_writev, process, ctypes.byref(here), 1, ctypes.byref(there), 1, 0),
        "memory": (open, f"/proc/{process}/mem", "rb"), "environment": (open, f"/proc/{process}/environ"),
        "descriptors": (os.listdir, f"/proc/{process}/fd"),
        "limits": (resource.prlimit, process, resource.RLIMIT_CPU, (1, 1)),
        "cores": (os.sched_setaffinity, process, {0}), "priority": (os.setpriority, 0, process, 19),
        "descriptor": (libc.syscall, 438, libc.syscall(434, process, 0), 0, 0),
    }
    return {name: tried(*attempt) for name, attempt in attempts.items()}
parent = os.getppid()
""",
    )
    with subprocess.Popen(["sleep", "100"], start_new_session=True) as victim:
        try:
            for process in (victim.pid, os.getpid(), kernel.lookup("parent"), other.lookup("number")):
                answers = kernel.lookup("touch")(process)
                assert {name: answer for name, answer in answers.items() if answer not in REFUSED} == {}
            assert victim.poll() is None
            assert psutil.Process(victim.pid).status() == psutil.STATUS_SLEEPING
            assert psutil.Process(victim.pid).nice() == 0
        finally:
            victim.kill()
    assert other.lookup("fine")() == 1


@LANDLOCK
def test_those_attempts_work_on_a_child_of_its_own(kernel_of):
    kernel = kernel_of(
        "import os, signal, subprocess, threading",
        "child = subprocess.Popen(['sleep', '100'])\nchild.kill()\ncode = child.wait()",
        "thread = threading.Thread(target=os.getcwd); thread.start(); thread.join()",
        "said = subprocess.run(['echo', 'hello'], capture_output=True, text=True).stdout",
    )
    assert kernel.lookup("code") == -signal.SIGKILL
    assert kernel.lookup("said") == "hello\n"


@LANDLOCK
def test_the_agent_is_nobody_in_particular(kernel_of, monkeypatch):
    monkeypatch.setenv("SECRET_TOKEN", "hunter2")
    kernel = kernel_of(
        "import os, tempfile",
        "here = os.getcwd(), os.path.expanduser('~'), tempfile.gettempdir()",
        "names, users, groups = dict(os.environ), os.getresuid() + os.getresgid(), os.getgroups()",
        "status = dict(line.split(':', 1) for line in open('/proc/self/status'))",
    )
    assert len(set(kernel.lookup("here"))) == 1
    assert "hunter2" not in repr(kernel.lookup("names"))
    status = kernel.lookup("status")
    assert int(status["CapEff"], 16) == 0
    assert status["NoNewPrivs"].strip() == "1"
    if landlock.other_user():
        assert min(kernel.lookup("users")) >= 61184
        assert kernel.lookup("groups") == []


@LANDLOCK
def test_processes_that_wake_each_other_are_ended_too(kernel_of):
    kernel = kernel_of(
        "import os, signal",
        """
def rise():
    for _ in range(5):
        if os.fork() == 0:
            os.setsid()
            while True:
                try:
                    os.kill(-1, signal.SIGCONT)
                    if os.fork() > 0: os._exit(0)
                except OSError: pass
    return 1
""",
        processes=64,
    )
    kernel.lookup("rise")()
    agent = kernel._process._agent.pid
    parent = psutil.Process(agent).parent()
    kernel.__exit__(None, None, None)
    assert not parent.is_running()


@LANDLOCK
@pytest.mark.slow  # it starts a warm parent of its own
def test_the_folder_of_a_judge_that_is_killed_is_removed(level, tmp_path):
    script = tmp_path / "judge.py"
    script.write_text(
        "from autograder.sandbox import Kernel, Level\n"
        "with Kernel(level=Level.LANDLOCK) as kernel:\n"
        "    kernel.run_cell('import os; place = os.getcwd()')\n"
        "    print(kernel.lookup('place'), flush=True)\n"
        "    kernel.run_cell('while True: pass')\n"
    )
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as judge:
        place = Path(judge.stdout.readline().strip())
        assert place.exists()
        judge.kill()
    until = time.monotonic() + 10
    while place.exists() and time.monotonic() < until:
        time.sleep(0.05)
    assert not place.exists()


# --- system calls ------------------------------------------------------------------------------------------------


@LANDLOCK
def test_every_call_on_the_list_is_refused(kernel_of):
    machine = os.uname().machine
    numbers = {name: getattr(call, machine) for name, call in seccomp.CALLS.items()}
    kernel = kernel_of(TRIED, "def call(number): return tried(libc.syscall, number, -1, 0, 0, 0, 0, 0)")
    call = kernel.lookup("call")
    assert {name: call(number) for name, number in numbers.items() if number is not None} == dict.fromkeys(
        (name for name, number in numbers.items() if number is not None), "EPERM"
    )
    assert call(435) == "ENOSYS"
    assert [call(number) for number in (451, 452, 463, 1000)] == ["ENOSYS"] * 4


HEADERS = {"x86_64": "/usr/include/*/asm/unistd_64.h", "aarch64": "/usr/include/asm-generic/unistd.h"}


@pytest.mark.parametrize("machine", HEADERS)
def test_the_numbers_are_the_kernels_own(machine):
    files = list(Path("/").glob(HEADERS[machine].lstrip("/")))
    if not files:
        pytest.skip("the headers of the C library are not installed")
    numbers = dict(re.findall(r"#define __NR(?:3264)?_(\w+) (\d+)", files[0].read_text()))
    for name, call in seccomp.CALLS.items():
        assert getattr(call, machine) == (int(numbers[name]) if name in numbers else None), name


def decide(program, machine, number, first=0):
    """What the kernel's interpreter would return for a call."""
    data = struct.pack("=IIQQ", number, machine, 0, first)
    lines = [struct.unpack_from("=HBBI", program, start) for start in range(0, len(program), 8)]
    here, value = 0, 0
    while True:
        code, yes, no, constant = lines[here]
        if code == 0x06:
            return constant
        if code == 0x20:
            (value,) = struct.unpack_from("=I", data, constant)
            here += 1
        else:
            test = {0x15: value == constant, 0x35: value >= constant, 0x45: bool(value & constant)}[code]
            here += 1 + (yes if test else no)


@pytest.mark.parametrize(("name", "audit"), [("x86_64", 0xC000003E), ("aarch64", 0xC00000B7)])
def test_what_the_filter_decides(name, audit):
    program = seccomp.program(name)
    allow, refuse, absent, kill = 0x7FFF0000, 0x50000 | errno.EPERM, 0x50000 | errno.ENOSYS, 0x80000000
    for call in seccomp.CALLS.values():
        if (number := getattr(call, name)) is not None:
            assert decide(program, audit, number, 0xFFFFFFFF) == refuse
            assert decide(program, audit, number) == (refuse if call.bits is None else allow)
    clone = getattr(seccomp.CALLS["clone"], name)
    assert decide(program, audit, clone, 0x3D0F00) == allow  # a thread
    assert decide(program, audit, clone, 0x10000011) == refuse  # a process in a user namespace
    assert [decide(program, audit, number) for number in (435, 451, 2**30 + 41)] == [absent] * 3
    assert decide(program, 0x40000003, 3) == kill  # the 32-bit door
    known = {getattr(call, name) for call in seccomp.CALLS.values()} | {435}
    assert {decide(program, audit, number) for number in range(451) if number not in known} == {allow}


# --- what this machine gives ---------------------------------------------------------------------------------------


@pytest.fixture
def machine(monkeypatch):
    """A function that makes this machine look like another."""

    def pretend(*, platform="linux", version=7, root=False, complaint=None):
        for cached in (landlock.available, landlock._complaint):
            cached.cache_clear()
        done = subprocess.CompletedProcess([], int(bool(complaint)), "", complaint or "")
        monkeypatch.setattr(sys, "platform", platform)
        monkeypatch.setattr(landlock, "landlock_version", lambda: version)
        monkeypatch.setattr(os, "geteuid", lambda: 0 if root else 1000)
        monkeypatch.setattr("subprocess.run", lambda *_, **__: done)

    yield pretend
    monkeypatch.undo()
    for cached in (landlock.available, landlock._complaint):
        cached.cache_clear()


@pytest.mark.parametrize(
    ("here", "says"),
    [
        ({"platform": "darwin"}, "needs Linux"),
        ({"version": 0}, "not in this kernel"),
        ({"version": 5}, "too old here"),
        (
            {"version": 2, "root": True, "complaint": "x\nPermissionError: '/root'"},
            "PermissionError: '/root'",
        ),
        ({"complaint": "Operation not permitted"}, "allow the landlock_ system calls"),
        ({"version": 1, "root": True}, None),
        ({"version": 6}, None),
    ],
)
def test_where_it_works_and_what_is_said_where_it_does_not(machine, here, says):
    machine(**here)
    problem = landlock.available()
    assert (problem is None) if says is None else says in problem
    assert landlock.other_user() == (bool(here.get("root")) and not here.get("complaint"))


def test_agents_are_other_users_only_where_these_can_reach_their_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(landlock, "other_user", lambda: True)
    monkeypatch.setattr(landlock, "landlock_version", lambda: 6)
    tmp_path.chmod(0o700)
    (tmp_path / "own").mkdir()
    assert landlock.walls(tmp_path / "own", tmp_path).user is None
    assert landlock.walls(Path("/usr/lib"), tmp_path).user >= 61184
    monkeypatch.setattr(landlock, "landlock_version", lambda: 5)
    assert landlock.walls(tmp_path / "own", tmp_path).user >= 61184


def test_what_is_not_there_can_not_be_walled_in():
    with pytest.raises(FileNotFoundError):
        restrict._allow(-1, f"/{secrets.token_hex()}", 1)


@LANDLOCK
def test_an_agent_whose_parent_is_killed_from_outside_is_a_fault_of_the_machine(kernel_of):
    kernel = kernel_of("def f(): return 1")
    parent = psutil.Process(kernel._process._agent.pid).parent()
    place = kernel._process._room._folder
    parent.kill()
    parent.wait(10)
    kernel._process._agent.kill()
    with pytest.raises(SandboxFault, match="killed from outside"):
        kernel.lookup("f")
    assert not place.exists()


@LANDLOCK
def test_what_landlock_leaves_open(kernel_of, tmp_path):
    """What ``docs/threat_model.md`` says that it can't give."""
    (tmp_path / "hidden.py").write_text("12345")
    kernel = kernel_of(
        "import multiprocessing, os",
        f"size = os.stat({str(tmp_path / 'hidden.py')!r}).st_size",
        "def lock(): multiprocessing.Lock()",
        "import shutil\nopen('a', 'w').close()\ndef copy(): shutil.copy('a', 'b')",
    )
    assert kernel.lookup("size") == 5
    for name in ("lock", "copy"):
        with pytest.raises(StudentError, match="ermi"):
            kernel.lookup(name)()


@pytest.mark.parametrize("level", [Level.NONE], ids=str)
def test_without_walls_none_of_this_holds(kernel_of, tmp_path):
    (tmp_path / "hidden.py").write_text("secret")
    kernel = kernel_of(
        "import os, socket",
        f"text = open({str(tmp_path / 'hidden.py')!r}).read()",
        f"open({str(tmp_path / 'results.sqlite')!r}, 'w').close()",
        f"os.kill({os.getpid()}, 0)",
        "socket.socket().close()",
    )
    assert kernel.lookup("text") == "secret"
    assert (tmp_path / "results.sqlite").exists()
