"""What students get holds no answer; what instructors get is all there is."""

import ast
import io
import re
import subprocess
import zipfile
from pathlib import Path

import pytest

from autograder import build, release

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def unzipped(tmp_path_factory):
    """Both zips: name → content."""
    out = tmp_path_factory.mktemp("release")

    def read(students):
        with zipfile.ZipFile(release.release(ROOT, out, students=students)) as archive:
            return {name.removeprefix("course/"): archive.read(name) for name in archive.namelist()}

    return read(True), read(False)


def bare(text):
    """Text without what JSON, black or a comment adds to it."""
    return re.sub(r"""\\[nt"]|[\s"',\\()]""", "", text)


def secrets(topic):
    """The parts of a master that give something away: hidden test cases, and solved exercises, without their docstrings."""
    for source in build.test_sources(topic, ROOT).values():
        for node in ast.parse(source).body:
            if isinstance(node, ast.FunctionDef) and "hidden=True" in ast.unparse(node.decorator_list[0]):
                yield node.name, "\n".join(map(ast.unparse, node.body))
    solution, stub = build.solution_notebook(topic, ROOT), build.student_notebook(topic, ROOT)
    handed_out = {cell.source for cell in stub.cells}
    for cell in solution.cells:
        if cell.source not in handed_out:
            yield "a cell of the solution", cell.source.split('"""')[-1]


def test_students_get_no_solution_and_no_hidden_test(unzipped):
    students, instructors = unzipped
    texts = {name: bare(content.decode(errors="replace")) for name, content in students.items()}
    everything = "\0".join(texts.values())
    known = "\0".join(bare(content.decode(errors="replace")) for content in instructors.values())
    found, sought = [], 0
    for topic in build.topics(ROOT):
        for what, text in secrets(topic):
            if len(bare(text)) > 40:  # less is no secret
                sought += 1
                if bare(text) in everything:
                    found.append(
                        (topic, what, [name for name, other in texts.items() if bare(text) in other], text)
                    )
    assert not found
    assert sought > 300
    assert (
        sum(bare(text) in known for _, text in secrets("01_regression")) > 10
    )  # the search itself finds things


def test_students_get_no_history_and_nothing_of_the_instructors(unzipped):
    names = set(unzipped[0])
    assert not [
        name
        for name in names
        if name.split("/")[0] in ("solutions", "tests", "dist", ".git", ".ci", "benchmarks")
    ]
    assert {f"notebooks/{topic}.ipynb" for topic in build.topics(ROOT)} <= names
    assert unzipped[0]["README.md"] == (ROOT / "docs/guides/student.md").read_bytes()


def test_instructors_get_every_file_of_the_repository(unzipped):
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("this copy has no history to compare with")
    assert set(listed.stdout.split()) <= set(unzipped[1])
    with zipfile.ZipFile(
        io.BytesIO(unzipped[1]["dist/01_regression/01_regression-autograder.zip"])
    ) as archive:
        assert "tests/fit_line.py" in archive.namelist()


def test_a_zip_is_the_same_twice_and_leaves_out_what_isnt_the_courses(tmp_path):
    root = tmp_path / "course"
    for name in ("solutions", "notebooks", "course_utils/__pycache__", "graded", "docs/guides"):
        (root / name).mkdir(parents=True)
    for name in (
        "course_utils/a.py",
        "course_utils/__pycache__/a.pyc",
        "graded/grades.csv",
        "docs/guides/student.md",
    ):
        (root / name).write_text("x")
    (root / "course_utils" / "link").symlink_to(tmp_path)
    first = release.release(root, tmp_path / "one", students=True).read_bytes()
    assert first == release.release(root, tmp_path / "two", students=True).read_bytes()
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert set(archive.namelist()) == {"course/README.md", "course/course_utils/a.py"}
