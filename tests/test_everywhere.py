"""What a student runs works on Windows and macOS as far as that can be seen from here: nothing of it asks for POSIX."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
STUDENTS = sorted(
    [
        *(ROOT / "course_utils").rglob("*.py"),
        *(ROOT / "autograder" / "build").glob("*.py"),
        *(ROOT / "autograder" / name for name in ("__main__.py", "cli.py", "lab.py", "websocket.py")),
    ]
)
POSIX = {"fcntl", "grp", "posix", "pty", "pwd", "readline", "resource", "syslog", "termios", "tty"}
POSIX_OF_OS = {
    "chown",
    "fork",
    "geteuid",
    "getuid",
    "killpg",
    "mkfifo",
    "nice",
    "setsid",
    "sysconf",
    "uname",
    "wait",
}
POSIX_OF_SIGNAL = {"SIGALRM", "SIGKILL", "SIGPROF", "SIGUSR1", "alarm", "pthread_kill", "setitimer"}

# Ours may not import them; what we build on asks for them only where they are.
BLOCKED = """
import builtins, importlib, os, sys
real = builtins.__import__
def guarded(name, globals=None, *rest, **named):
    ours = (globals or {}).get("__name__", "").startswith(("course_utils", "autograder"))
    if ours and name.split(".")[0] in POSIX:
        raise ImportError(f"{name} in {globals['__name__']}")
    return real(name, globals, *rest, **named)
builtins.__import__ = guarded
for name in sys.argv[1:]:
    importlib.import_module(name)
print(len(sys.argv) - 1)
"""


def module(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@pytest.mark.slow
def test_everything_a_student_imports_loads_without_the_modules_of_posix():
    names = [module(path) for path in STUDENTS if path.name not in ("__main__.py", "convert.py", "train.py")]
    code = f"POSIX = {POSIX!r}\n{BLOCKED}"
    done = subprocess.run([sys.executable, "-c", code, *names], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == str(len(names)), done.stderr[-2000:]


def faults(tree):
    """The lines that Windows would stumble over."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            of = {"os": POSIX_OF_OS, "signal": POSIX_OF_SIGNAL}.get(node.value.id, set())
            if node.attr in of:
                yield node.lineno, f"{node.value.id}.{node.attr}"
        if not isinstance(node, ast.Call):
            continue
        named = {keyword.arg for keyword in node.keywords}
        method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        text = method == "read_text" or (method == "write_text" and len(node.args) == 1)
        opens = isinstance(node.func, ast.Name) and node.func.id == "open"
        if (text or opens) and "encoding" not in named:
            yield node.lineno, "text in an encoding that differs from machine to machine"


@pytest.mark.parametrize("path", STUDENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_line_asks_for_posix_or_leaves_the_encoding_open(path):
    assert list(faults(ast.parse(path.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize(
    "line", ["os.fork()", "signal.SIGKILL", "p.read_text()", "p.write_text(x)", "open(p)", "open(p, 'w')"]
)
def test_such_a_line_would_be_found(line):
    assert len(list(faults(ast.parse(line)))) == 1
