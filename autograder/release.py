"""One zip for students, without a solution or a hidden test in it, and one for instructors, with all of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from autograder import build
from autograder.build.normalise import to_text, zip_bytes

# Named one by one: what else lies in the folder, a class's work perhaps, goes to nobody.
_STUDENTS = (
    "LICENSE",
    "Makefile",
    "autograder",
    "binder",
    "constraints.txt",
    "course_utils",
    "docs/guides/student.md",
    "docs/notation.md",
    "environment.yml",
    "pyproject.toml",
)
_INSTRUCTORS = (
    *_STUDENTS,
    ".ci",
    ".github",
    ".gitignore",
    ".pre-commit-config.yaml",
    "CONTRIBUTING.md",
    "README.md",
    "benchmarks",
    "docs",
    "solutions",
    "tests",
)
_PASSED_OVER = {"__pycache__", ".ipynb_checkpoints"}


def release(root: Path, out: Path, *, students: bool) -> Path:
    """Write ``course-students.zip`` or ``course-instructors.zip`` to ``out``; twice gives the same bytes.

    Parameters
    ----------
    root
        The course.
    out
        A folder; it is made if it isn't there.
    students
        Whether it is for students: their notebooks are made anew from the masters, and neither masters nor tests, nor anything
        made of them, come along. Instructors get these too.
    """
    members = dict(_files(root, _STUDENTS if students else _INSTRUCTORS))
    for topic in build.topics(root):
        members[f"notebooks/{topic}.ipynb"] = to_text(build.student_notebook(topic, root)).encode()
        if not students:
            archive = build.autograder_zip(topic, root)
            members[archive.relative_to(root).as_posix()] = archive.read_bytes()
    if students:
        members["README.md"] = members.pop("docs/guides/student.md")
    path = out / f"course-{'students' if students else 'instructors'}.zip"
    out.mkdir(parents=True, exist_ok=True)
    path.write_bytes(zip_bytes({f"course/{name}": content for name, content in members.items()}))
    return path


def _files(root: Path, names: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    for name in names:
        above = root / name
        for path in [above] if above.is_file() else sorted(above.rglob("*")):
            inner = path.relative_to(root)
            if path.is_file() and not path.is_symlink() and not _PASSED_OVER & set(inner.parts):
                yield inner.as_posix(), path.read_bytes()
