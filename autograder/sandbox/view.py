"""What an agent may see of this machine: the system's libraries, this Python, ``course_utils`` and its own program."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import autograder
import course_utils

# All that the agent and its parent need of the grader. The rest stays outside: what builds the course knows its solutions.
_AGENT = (
    "__init__.py",
    "sandbox/__init__.py",
    "sandbox/agent.py",
    "sandbox/folder.py",
    "sandbox/nursery.py",
    "sandbox/restrict.py",
    "sandbox/seccomp.py",
    "sandbox/wire.py",
)
SYSTEM = tuple(map(Path, ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64")))
ETC = tuple(
    Path("/etc", name)
    for name in ("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "alternatives", "fonts")
)


def stage() -> Path:
    """A new folder with links to all that an agent may import of this course."""
    course = Path(tempfile.mkdtemp(prefix="course-"))
    course.chmod(0o755)  # an agent may be another user
    for original, name in packages():
        (course / name).parent.mkdir(parents=True, exist_ok=True)
        (course / name).symlink_to(original)
    return course


def packages() -> list[tuple[Path, str]]:
    """What an agent may import of this course, and under which name."""
    grader, utils = Path(str(autograder.__file__)).parent, Path(str(course_utils.__file__)).parent
    return [(utils, "course_utils"), *((grader / name, f"autograder/{name}") for name in _AGENT)]


def pythons() -> list[Path]:
    """The folders of this Python: of its virtual environment, and of what that was made from."""
    behind_links = Path(sys.executable).resolve().parents[1]
    folders = {Path(sys.prefix), Path(sys.base_prefix), Path(sys.base_exec_prefix), behind_links}
    hidden = courses()
    # Of a virtual environment that is the course's folder itself:
    parts = ("bin", "lib", "lib64", "pyvenv.cfg")
    inside = [folder / part for folder in folders if folder in hidden for part in parts]
    return sorted({*(folders - set(hidden)), *(path for path in inside if path.exists())})


def courses() -> list[Path]:
    """Folders with masters in them, that must not be seen: around the package and around the working folder."""
    around = [*Path(str(autograder.__file__)).resolve().parents, Path.cwd(), *Path.cwd().parents]
    return sorted({folder for folder in around if (folder / "solutions").is_dir()})


def within(path: Path, folders: Iterable[Path]) -> bool:
    """Whether a path is one of these folders or below one."""
    return any(path.is_relative_to(folder) for folder in folders)


def quiet_environment(home: str) -> dict[str, str]:
    """Variables for any agent: no window, one thread, so that grading many at once doesn't crowd the machine."""
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
    return {
        "HOME": home,
        "MPLBACKEND": "agg",
        "MPLCONFIGDIR": f"{home}/matplotlib",
        "PYTHONHASHSEED": "0",  # so that sets have the same order each time
        "PYTHONUTF8": "1",
        **dict.fromkeys(threads, "1"),
    }
