"""The source notebook is nbgrader's, the release is what students get otherwise, and both graders give the same points."""

import os
import sys
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI
from nbgrader.auth import Authenticator
from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange.default import ExchangeFetchAssignment, ExchangeSubmit
from nbgrader.nbgraderformat import MetadataValidator
from nbgrader.preprocessors import ClearHiddenTests, ClearMarkScheme, ClearSolutions
from otter.test_files import ExceptionTestFile
from traitlets.config import PyFileConfigLoader

from autograder import build
from autograder.batch.collect import collect
from autograder.build.nbgrader import CONFIG, nbgrader_notebook
from autograder.build.normalise import to_text
from autograder.demo import replace_answer
from autograder.judge import judge
from autograder.sandbox import best_level
from autograder.wrong_answers import load
from course_utils.checks import Grader, run_case
from course_utils.checks.cell import CheckFailed

ROOT = Path(__file__).parents[3]
TOPICS = build.topics(ROOT)

MASTER = """\
# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [raw]
# # ASSIGNMENT CONFIG
# name: 01_small
# tests:
#   files: false
#   ok_format: false

# %%
import numpy as np

# %% [raw]
# # BEGIN QUESTION
# name: double
# points: 3
# all_or_nothing: true

# %% [markdown]
# Double it.

# %% [raw]
# # BEGIN SOLUTION


# %%
def double(x):
    # BEGIN SOLUTION
    return 2 * x
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_one(double):
    assert double(1) == 2


# %%
# HIDDEN
def test_two(double):
    assert double(2) == 4


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION
"""


@pytest.fixture(params=TOPICS)
def topic(request):
    return request.param


@pytest.fixture
def config(tmp_path):
    (tmp_path / "nbgrader_config.py").write_text(CONFIG)
    return PyFileConfigLoader("nbgrader_config.py", str(tmp_path)).load_config()


def role(cell, name):
    return cell.metadata.get("nbgrader", {}).get(name, False)


def released(notebook, config):
    """What nbgrader makes of a source notebook for students."""
    for step in (ClearSolutions, ClearHiddenTests, ClearMarkScheme):
        notebook, _ = step(config=config).preprocess(notebook, {})
    return notebook


def test_nbgrader_takes_the_notebook_for_one_of_its_own(topic):
    notebook = nbgrader_notebook(topic, ROOT)
    nbformat.validate(notebook)
    MetadataValidator().validate_nb(notebook)
    opening = next(cell for cell in notebook.cells if cell.cell_type == "code")
    assert role(opening, "locked")


def test_points_are_those_of_the_master(topic):
    cells = [cell for cell in nbgrader_notebook(topic, ROOT).cells if "nbgrader" in cell.metadata]
    for name, source in build.test_sources(topic, ROOT).items():
        mine = [
            cell.metadata.nbgrader["points"]
            for cell in cells
            if role(cell, "grade_id").startswith(f"{name}-test-")
        ]
        assert mine == [case.points for case in ExceptionTestFile.from_string(source).test_cases]
    opening = build.student_notebook(topic, ROOT).cells[0].source
    total = sum(cell.metadata.nbgrader.get("points", 0) for cell in cells)
    assert f"**Points:** {total:g}" in opening


def test_students_get_the_same_cells_and_neither_hidden_tests_nor_rubrics(topic, config):
    theirs = released(nbgrader_notebook(topic, ROOT), config)
    ours = build.student_notebook(topic, ROOT)
    code = [cell.source for cell in theirs.cells if cell.cell_type == "code" and not role(cell, "grade")]
    assert code == [
        cell.source.replace("grader.hand_in()", "grader.check_all()")
        for cell in ours.cells
        if cell.cell_type == "code"
    ]
    assert theirs.metadata["otter"] == ours.metadata["otter"]
    text = to_text(theirs)
    assert "Rubric" not in text
    assert "BEGIN SOLUTION" not in text
    shown = [cell.source for cell in theirs.cells if role(cell, "grade")]
    assert all(source.startswith("# Hidden test of") or source.count("\n") == 2 for source in shown)
    for name, source in build.test_sources(topic, ROOT).items():
        for case in ExceptionTestFile.from_string(source).test_cases:
            words = case.body.test_func.__name__.removeprefix("test_").replace("_", " ")
            line = f'require(grader.check("{name}"), "{words}")'
            assert any(line in source for source in shown) is not case.hidden


def test_the_tests_of_an_exercise_that_is_all_or_nothing_share_a_cell(tmp_path, config):
    (tmp_path / "solutions").mkdir()
    (tmp_path / "solutions" / "01_small.py").write_text(MASTER)
    notebook = nbgrader_notebook("01_small", tmp_path)
    (test,) = [cell for cell in notebook.cells if role(cell, "grade")]
    assert test.metadata.nbgrader["points"] == 3
    grader = Grader("nowhere.ipynb")
    for wrong in (lambda x: 2, lambda x: x):
        with pytest.raises(CheckFailed):
            exec(test.source, {"double": wrong, "grader": grader})
    exec(test.source, {"double": lambda x: 2 * x, "grader": grader})
    (test,) = [cell for cell in released(notebook, config).cells if role(cell, "grade")]
    assert "== 2" not in test.source
    assert "== 4" not in test.source


# --- end to end ----------------------------------------------------------------------------------------------


def answered(notebook, topic):
    """A notebook with the master's solution to every exercise."""
    solution = build.solution_notebook(topic, ROOT)
    for exercise in build.test_sources(topic, ROOT):
        source = next(
            cell.source
            for cell in solution.cells
            if cell.cell_type == "code" and cell.source.startswith((f"def {exercise}(", f"class {exercise}"))
        )
        notebook = replace_answer(notebook, exercise, source)
    return notebook


def half_wrong(topic):
    """For each exercise the wrong answer that keeps most points."""
    tests, solved = build.test_sources(topic, ROOT), build.solution_namespace(topic, ROOT)

    def kept(answer):
        cases = ExceptionTestFile.from_string(tests[answer.exercise]).test_cases
        environment = {**solved, answer.exercise: answer.function}
        return sum(outcome.points for case in cases if (outcome := run_case(case, environment)).passed)

    answers = load(ROOT / "tests" / "wrong_answers" / f"{topic}.py")
    return {name: max((a for a in answers if a.exercise == name), key=kept) for name in tests}


def submit(notebook, student, topic, config, home, monkeypatch):
    """Fetch the assignment from the exchange as a student, put answers into it, and submit it."""
    home.mkdir()
    config.Exchange.assignment_dir = str(home)
    monkeypatch.setattr("nbgrader.utils.get_osusername", lambda: student)
    course = CourseDirectory(config=config, assignment_id=topic)
    parts = {"coursedir": course, "authenticator": Authenticator(config=config), "config": config}
    ExchangeFetchAssignment(**parts).start()
    nbformat.write(notebook, home / topic / f"{topic}.ipynb")
    ExchangeSubmit(**parts).start()


def place(notebook, grade_id):
    return next(i for i, cell in enumerate(notebook.cells) if role(cell, "grade_id") == grade_id)


def done(result):
    assert result["success"], result.get("error", result.get("log"))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # nbgrader's own
def test_from_release_to_feedback_nbgrader_and_we_give_the_same_points(tmp_path, config, monkeypatch):
    topic, course = "01_regression", tmp_path / "course"
    monkeypatch.setenv(
        "PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    )  # nbgrader calls alembic
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path / "none"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    (exchange := tmp_path / "exchange").mkdir()
    exchange.chmod(0o777)
    config.CourseDirectory.root, config.Exchange.root = str(course), str(exchange)
    config.Exchange.cache = str(tmp_path / "cache")
    source = course / "source" / topic / f"{topic}.ipynb"
    source.parent.mkdir(parents=True)
    source.write_text(to_text(nbgrader_notebook(topic, ROOT)))

    teacher = NbGraderAPI(config=config)
    done(teacher.generate_assignment(topic))
    done(teacher.release_assignment(topic))
    stub = nbformat.read(course / "release" / topic / f"{topic}.ipynb", as_version=4)
    solution = answered(stub, topic)
    wrong = solution
    for exercise, answer in half_wrong(topic).items():
        wrong = replace_answer(wrong, exercise, answer.source)
    wrong = replace_answer(wrong, "fit_line", "def fit_line(x, y):\n    return tuple(np.polyfit(x, y, 1))")
    # What students do with cells must not change a grade, nor end the run.
    copied = nbformat.from_dict({**wrong.cells[place(wrong, "fit_line")], "id": "copied"})
    wrong.cells.insert(0, copied)
    del solution.cells[place(solution, "fit_line-test-2")]
    students = {"solution": solution, "stub": stub, "wrong": wrong}
    for student, notebook in students.items():
        submit(notebook, student, topic, config, tmp_path / student, monkeypatch)
    done(teacher.collect(topic))
    for student in students:
        done(teacher.autograde(topic, student))
        done(teacher.generate_feedback(topic, student))

    assert [submission.name for submission in collect([course / "submitted"])] == sorted(students)
    tests, handed_out = build.test_sources(topic, ROOT), build.handed_out(topic, ROOT)
    for student, notebook in students.items():
        ours = judge(notebook, tests, handed_out=handed_out, level=best_level())
        outcomes = [outcome for question in ours.questions for outcome in question.outcomes]
        autograded = nbformat.read(course / "autograded" / student / topic / f"{topic}.ipynb", as_version=4)
        cells = [cell for cell in autograded.cells if role(cell, "grade")]
        with Gradebook(teacher.coursedir.db_url, "deep-learning") as gradebook:
            grades = {
                grade.name: grade
                for grade in gradebook.find_submission_notebook(topic, topic, student).grades
            }
            theirs = [grades[role(cell, "grade_id")].auto_score for cell in cells]
        assert theirs == [outcome.points * outcome.passed for outcome in outcomes]
        said = [
            output.evalue.split("\n")[0]
            for cell in cells
            for output in cell.outputs
            if output.output_type == "error"
        ]
        assert said == [outcome.sentence for outcome in outcomes if not outcome.passed]
        page = (course / "feedback" / student / topic / f"{topic}.html").read_text()
        assert "Rubric" not in page
        assert not [
            outcome.case for outcome in outcomes if outcome.hidden and outcome.case.replace(" ", "_") in page
        ]
        assert not [problem for problem in ours.problems if "run_test" in problem]
        if student == "wrong":
            assert "`fit_line` calls `numpy.polyfit`: the exercise is to write it yourself." in said
            assert 0 < ours.score < 30
            assert all(question.score < question.possible for question in ours.questions)
