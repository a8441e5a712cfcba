"""What is built from a master: complete, stripped of what students must not see, the same each time."""

import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest

from autograder import build
from autograder.build.assign import _assign
from autograder.build.normalise import to_text
from autograder.judge import judge
from autograder.judge.cells import to_run
from autograder.sandbox import Level
from course_utils.checks import fresh
from course_utils.checks.forbids import forbidden_by

ROOT = Path(__file__).parents[3]
TOPICS = build.topics(ROOT)


@pytest.fixture(scope="module", params=TOPICS)
def topic(request):
    return request.param


@pytest.fixture
def copy(tmp_path):
    """A copy of the course's sources that a test may build in."""
    for folder in ("solutions", "course_utils", "autograder", "notebooks"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / file, tmp_path / file)
    return tmp_path


def test_students_get_neither_solutions_nor_hidden_tests(topic):
    student = to_text(build.student_notebook(topic, ROOT))
    assert "hidden=True" not in student
    assert "BEGIN SOLUTION" not in student
    assert "Rubric" not in student
    sources = build.test_sources(topic, ROOT)
    hidden = [
        case
        for source in sources.values()
        for case in source.split("@test_case")[1:]
        if "hidden=True" in case.split("\n")[0]
    ]
    assert hidden
    for case in hidden:
        assert case.split("\n")[1].strip() not in student
    for name in sources:
        cell = next(
            c
            for c in build.student_notebook(topic, ROOT).cells
            if c.cell_type == "code" and re.search(rf"^(?:def|class) {name}\b", c.source, re.MULTILINE)
        )
        assert cell.source.rstrip().endswith("...")


def test_every_exercise_has_its_public_checks_in_the_notebook_itself(topic):
    notebook = build.student_notebook(topic, ROOT)
    assert set(notebook.metadata["otter"]["tests"]) == set(build.test_sources(topic, ROOT))
    assert notebook.metadata["otter"]["assignment_name"] == topic
    sources = [cell.source for cell in notebook.cells]
    for name in build.test_sources(topic, ROOT):
        assert f'grader.check("{name}")' in sources


def test_what_an_exercise_forbids_is_in_its_tests_here_and_in_the_notebook():
    public = build.student_notebook("01_regression", ROOT).metadata["otter"]["tests"]
    for tests in (public, build.test_sources("01_regression", ROOT)):
        assert "numpy.polyfit" in forbidden_by(tests["fit_line"])
        assert "numpy.polyfit" not in forbidden_by(tests["fit_ridge"])


def test_cell_ids_are_unique_and_valid(topic):
    notebook = build.student_notebook(topic, ROOT)
    nbformat.validate(notebook)
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)


def test_built_twice_it_is_the_same_to_the_byte(topic, copy):
    def build_all():
        archives = [make(topic, copy).read_bytes() for make in (build.autograder_zip, build.gradescope_zip)]
        notebooks = [make(topic, copy) for make in (build.student_notebook, build.nbgrader_notebook)]
        return [*archives, *map(to_text, notebooks)]

    first = build_all()
    shutil.rmtree(copy / "dist")
    _assign.cache_clear()
    assert build_all() == first


@pytest.mark.slow
def test_executed_twice_it_is_the_same_to_the_byte(copy):
    built = build.build_topic(TOPICS[1], copy)
    first = built.solution.read_bytes()
    shutil.rmtree(copy / "dist")
    assert build.build_topic(TOPICS[1], copy).solution.read_bytes() == first
    assert build.stale(TOPICS[1], copy) == []
    for_graders = [built.autograder_zip, built.gradescope_zip, built.nbgrader]
    for path in for_graders:
        path.write_bytes(b"old")
    assert build.stale(TOPICS[1], copy) == for_graders


@pytest.mark.slow
def test_the_solution_runs_from_top_to_bottom_without_a_word_of_warning(topic):
    executed = nbformat.read(build.executed_solution(topic, ROOT), as_version=4)
    outputs = [output for cell in executed.cells if cell.cell_type == "code" for output in cell.outputs]
    assert not [output.text for output in outputs if output.get("name") == "stderr"]


def test_what_is_stale_is_named(topic, copy):
    build.autograder_zip(topic, copy)
    assert build.stale(topic, copy) == []
    master = build.master_path(topic, copy)
    master.write_text(
        master.read_text()
        .replace("# HIDDEN\n", "# HIDDEN\n# a remark\n", 1)
        .replace(f"# # {topic[:2]}", f"# # {topic[:2]},")
    )
    assert copy / "notebooks" / f"{topic}.ipynb" in build.stale(topic, copy)
    (copy / "notebooks" / f"{topic}.ipynb").unlink()
    assert copy / "notebooks" / f"{topic}.ipynb" in build.stale(topic, copy)


def test_the_command_exits_with_1_and_names_what_is_stale(copy):
    notebook = copy / "notebooks" / f"{TOPICS[1]}.ipynb"
    notebook.write_text("{}")
    command = [sys.executable, "-m", "autograder", "build", "--check"]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True)
    assert done.returncode == 1
    assert f"notebooks/{TOPICS[1]}.ipynb is not what its master builds" in done.stdout


def test_the_committed_notebooks_are_current(topic):
    assert ROOT / "notebooks" / f"{topic}.ipynb" not in build.stale(topic, ROOT)


@pytest.mark.slow
def test_the_untouched_notebook_runs_from_top_to_bottom(topic):
    executed = nbformat.read(build.executed_student(topic, ROOT), as_version=4)
    said = "".join(
        o.get("text", "") for cell in executed.cells if cell.cell_type == "code" for o in cell.outputs
    )
    assert "This cell waits for" in said


def test_the_solution_passes_from_the_fresh_start_that_a_hand_in_makes(topic, tmp_path):
    path = tmp_path / f"{topic}.ipynb"
    path.write_text(to_text(build.solution_notebook(topic, ROOT)), encoding="utf-8")
    fresh.main(path, tmp_path / "results")
    lines = [json.loads(line) for line in (tmp_path / "results").read_text().splitlines()]
    assert [line for line in lines if "error" in line] == []
    assert {line["question"]: line["state"] for line in lines if "state" in line} == dict.fromkeys(
        build.test_sources(topic, ROOT), "passed"
    )


def test_with_an_address_the_notebook_opens_with_a_cell_for_colab_that_nothing_else_minds(copy):
    plain = build.student_notebook(TOPICS[1], copy)
    (copy / "pyproject.toml").write_text(
        '[project]\nname = "x"\n[project.urls]\nrepository = "https://example.org/course"\n'
    )
    notebook = build.student_notebook(TOPICS[1], copy)
    opening = next(cell for cell in notebook.cells if cell.cell_type == "code")
    assert '    %pip install -q "git+https://example.org/course"\n' in opening.source
    notebook.cells.remove(opening)
    assert notebook == plain
    notebook = build.student_notebook(TOPICS[1], copy)
    assert [cell.source for cell in to_run(notebook)] == [cell.source for cell in to_run(plain)]
    nbformat.validate(notebook)
    assert "fit_line" in build.stub_namespace(TOPICS[1], copy)


@pytest.mark.slow
def test_stock_otter_gives_honest_submissions_the_same_scores(tmp_path):
    from autograder.demo import replace_answer

    topic = TOPICS[1]
    tests, archive = build.test_sources(topic, ROOT), build.autograder_zip(topic, ROOT)
    solution, stub = build.solution_notebook(topic, ROOT), build.student_notebook(topic, ROOT)
    exercises = list(tests)
    half = solution
    for exercise in exercises[::2]:
        half = replace_answer(
            half, exercise, f"def {exercise}(*arguments, **named):\n    return arguments[0]"
        )
    for name, notebook in (("solution", solution), ("stub", stub), ("half", half)):
        path = tmp_path / name / f"{topic}.ipynb"
        path.parent.mkdir()
        nbformat.write(notebook, path)
        command = [
            sys.executable,
            "-m",
            "otter",
            "run",
            "-a",
            str(archive),
            "-o",
            str(path.parent),
            str(path),
        ]
        subprocess.run(command, check=True, capture_output=True, cwd=path.parent)
        theirs = json.loads((path.parent / "results.json").read_text())
        score = sum(test["score"] for test in theirs["tests"] if test.get("max_score"))
        assert score == pytest.approx(judge(notebook, tests, level=Level.NONE).score), name


def test_the_zip_holds_no_dates(topic, copy):
    with zipfile.ZipFile(build.autograder_zip(topic, copy)) as archive:
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert "otter_config.json" in archive.namelist()


def test_a_folder_without_a_course_is_told_so(tmp_path, monkeypatch):
    monkeypatch.setattr("autograder.build.masters.__file__", str(tmp_path / "a" / "b" / "masters.py"))
    with pytest.raises(FileNotFoundError, match="This is not a course"):
        build.find_root(tmp_path)
