"""A new topic is right from its first minute, and nothing is written over for it."""

import re
from pathlib import Path

import numpy as np
import pytest
from otter.test_files import ExceptionTestFile
from typer.testing import CliRunner

from autograder import build
from autograder.build.execute import execute
from autograder.build.new import new_topic
from autograder.cli import app
from autograder.mutants import check_topic
from autograder.wrong_answers import load
from course_utils.checks import run_case

TOPIC = "11_graph_nets"
GUIDE = Path(__file__).parents[3] / "docs" / "guides" / "first_exercise.md"


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A course with no topic but the new one."""
    (tmp_path / "solutions").mkdir()
    monkeypatch.chdir(tmp_path)
    new_topic(TOPIC, tmp_path)
    return tmp_path


def failures(root, environment):
    (source,) = build.test_sources(TOPIC, root).values()
    with np.errstate(all="ignore"):
        outcomes = [run_case(case, environment) for case in ExceptionTestFile.from_string(source).test_cases]
    return [outcome for outcome in outcomes if not outcome.passed]


def test_it_passes_the_lint_and_says_its_name(root):
    assert build.lint(TOPIC, root) == []
    assert build.student_notebook(TOPIC, root).cells[0].source.startswith("# 11 · Graph nets\n")
    assert "Exercise 11.1 · root_mean_square" in (root / "solutions" / f"{TOPIC}.py").read_text()


def wrong_answers_that_are_not_told_why(root):
    solution = build.solution_namespace(TOPIC, root)
    answers = load(root / "tests" / "wrong_answers" / f"{TOPIC}.py")
    assert len(answers) >= 3
    said = {
        answer.name: [
            each.sentence for each in failures(root, {**solution, answer.exercise: answer.function})
        ]
        for answer in answers
    }
    return [a.name for a in answers if not any(a.says in sentence for sentence in said[a.name])]


def test_solution_stub_and_wrong_answers_get_what_they_deserve(root):
    assert failures(root, build.solution_namespace(TOPIC, root)) == []
    assert {outcome.kind for outcome in failures(root, build.stub_namespace(TOPIC, root))} == {"not_started"}
    assert wrong_answers_that_are_not_told_why(root) == []


def test_no_mutant_of_it_survives(root):
    count, complaints = check_topic(TOPIC, root)
    assert count > 5
    assert complaints == []


def test_the_guide_to_a_first_exercise_holds_what_it_promises(root):
    """Put the page's blocks where it says, and do what it says."""
    question, tests, use, wrong, excuse = re.findall(r"````python\n(.*?)````", GUIDE.read_text(), re.DOTALL)
    master = build.master_path(TOPIC, root)
    text = master.read_text()
    for start, end, block in (
        ("# %% [raw]\n# # BEGIN QUESTION", "# %% [raw]\n# # END SOLUTION", question),
        ("# %%\ndef test_five_values", "# %% [raw]\n# # END TESTS", tests),
        ("# %%\nif solved(", "# %% [raw]\n# # BEGIN QUESTION\n# name: which_size", use),
    ):
        before, _, rest = text.partition(start)
        text = f"{before}{block}\n{end}{rest.partition(end)[2]}"
    master.write_text(text)
    answers = root / "tests" / "wrong_answers" / f"{TOPIC}.py"
    answers.write_text(answers.read_text().partition("# ---")[0] + wrong)
    assert build.lint(TOPIC, root) == []
    assert wrong_answers_that_are_not_told_why(root) == []
    _, complaints = check_topic(TOPIC, root)
    assert [complaint.partition(": ")[2] for complaint in complaints] == [
        "attention_scores: return Q @ K.T / np.sqrt(Q.shape[1])  →  return Q @ K.T / np.sqrt(Q.shape[-1])"
    ]
    answers.write_text(answers.read_text() + excuse)
    assert check_topic(TOPIC, root)[1] == []


@pytest.mark.slow
def test_it_runs_from_top_to_bottom(root):
    executed = execute(build.solution_notebook(TOPIC, root), f"{TOPIC}.ipynb")
    outputs = [output for cell in executed.cells if cell.cell_type == "code" for output in cell.outputs]
    assert not [output.text for output in outputs if output.get("name") == "stderr"]
    assert "the wave's size: 2.1" in "".join(output.get("text", "") for output in outputs)


@pytest.mark.parametrize(
    "name", ["transformers", "11", "11_", "1_x", "11_Big", "11-x", "../11_x", "11_x.py", "11__x", "11_1x"]
)
def test_a_name_that_is_none_is_refused(root, name):
    with pytest.raises(ValueError, match="can't be a topic: two digits"):
        new_topic(name, root)


def test_nothing_is_written_over(root):
    master = build.master_path(TOPIC, root)
    master.write_text("mine")
    with pytest.raises(ValueError, match="The number 11 is taken by 11_graph_nets"):
        new_topic("11_other", root)
    with pytest.raises(ValueError, match="is taken"):
        new_topic(TOPIC, root)
    assert master.read_text() == "mine"
    wrong = root / "tests" / "wrong_answers" / "12_other.py"
    wrong.write_text("mine")
    with pytest.raises(ValueError, match=r"12_other\.py exists already"):
        new_topic("12_other", root)
    assert not build.master_path("12_other", root).exists()


def test_the_command_names_what_it_made_and_what_comes_next(root):
    done = CliRunner().invoke(app, ["new", "12_flows"])
    assert done.exit_code == 0
    assert done.output.splitlines()[:2] == ["solutions/12_flows.py", "tests/wrong_answers/12_flows.py"]
    assert "course build 12_flows" in done.output
    again = CliRunner().invoke(app, ["new", "12_flows"])
    assert again.exit_code == 2
    assert "is taken by 12_flows" in again.output
