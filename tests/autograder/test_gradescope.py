"""The zip in a staged copy of Gradescope's container: what it writes, what students see of it, what hostile code can't do."""

import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import jsonschema
import nbformat
import pytest

from autograder import build, gradescope
from autograder.build.gradescope import gradescope_members
from autograder.build.normalise import zip_bytes
from autograder.demo import replace_answer
from autograder.judge import QuestionResult, judge
from autograder.sandbox import Level, best_level
from autograder.wrong_answers import load
from course_utils.checks import Outcome

ROOT = Path(__file__).parents[2]
TOPIC = "01_regression"

# After https://gradescope-autograders.readthedocs.io/en/latest/specs/, with "additionalProperties" for what it doesn't name.
VISIBILITY = {"enum": ["hidden", "after_due_date", "after_published", "visible"]}
FORMAT = {"enum": ["text", "html", "simple_format", "md", "ansi"]}
SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["score", "tests"],
    "properties": {
        "score": {"type": "number"},
        "execution_time": {"type": "number"},
        "output": {"type": "string"},
        "output_format": FORMAT,
        "test_output_format": FORMAT,
        "visibility": VISIBILITY,
        "stdout_visibility": VISIBILITY,
        "extra_data": {"type": "object"},
        "tests": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["name"],
                "properties": {
                    "score": {"type": "number", "minimum": 0},
                    "max_score": {"type": "number", "minimum": 0},
                    "status": {"enum": ["passed", "failed"]},
                    "name": {"type": "string"},
                    "number": {"type": "string"},
                    "output": {"type": "string"},
                    "visibility": VISIBILITY,
                },
            },
        },
    },
}


@pytest.fixture(scope="module")
def tests():
    return build.test_sources(TOPIC, ROOT)


@pytest.fixture(scope="module")
def half_wrong():
    """The solution, but with wrong answers that keep some of the points of their exercises."""
    notebook = build.solution_notebook(TOPIC, ROOT)
    answers = {answer.name: answer for answer in load(ROOT / "tests" / "wrong_answers" / f"{TOPIC}.py")}
    for name in ("no_tolerance", "overflows", "ignored_the_learning_rate"):
        notebook = replace_answer(notebook, answers[name].exercise, answers[name].source)
    return notebook


@pytest.fixture(scope="module")
def archive():
    return zip_bytes(gradescope_members(TOPIC, ROOT))


@pytest.fixture
def container(tmp_path, archive):
    """What Gradescope makes of the zip, with the interpreter that runs this in the place of the one that setup.sh installs."""
    root = tmp_path / "autograder"
    for name in ("source", "submission", "results"):
        (root / name).mkdir(parents=True)
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        file.extractall(root / "source")
    shutil.copy(root / "source" / "run_autograder", root / "run_autograder")
    (root / "run_autograder").chmod(0o755)
    (root / "venv").symlink_to(sys.prefix)
    return root


def run(container, path=os.environ["PATH"]):
    """Run the autograder as Gradescope does; return what it writes and what it prints."""
    done = subprocess.run(
        [container / "run_autograder"],
        cwd=container,
        env={"PATH": path, "AUTOGRADER_ROOT": str(container)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads((container / "results" / "results.json").read_text()), done.stdout + done.stderr


def hand_in(container, notebook, name=f"{TOPIC}.ipynb"):
    nbformat.write(notebook, container / "submission" / name)


def agrees(results, notebook, tests):
    """Whether the scores are those that ``course grade`` gives."""
    jsonschema.validate(results, SCHEMA)
    ours = judge(notebook, tests, level=best_level())
    assert sum(test.get("score", 0) for test in results["tests"]) == results["score"] == ours.score
    assert sum(test.get("max_score", 0) for test in results["tests"]) == ours.possible
    return ours


def test_the_zip_holds_what_gradescope_asks_for_and_no_solution(archive):
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        modes = {info.filename: info.external_attr >> 16 for info in file.infolist()}
        scripts = [file.read(name) for name in ("setup.sh", "run_autograder")]
    members = set(modes)
    assert modes["setup.sh"] == modes["run_autograder"] == 0o755
    assert {
        "constraints.txt",
        "requirements.txt",
        "course_utils/__init__.py",
        "autograder/__init__.py",
    } <= members
    assert not [name for name in members if name.startswith("solutions") or "__pycache__" in name]
    for script in scripts:
        subprocess.run(["bash", "-n"], input=script, check=True)


def test_setup_installs_the_requirements_beside_the_source(container, tmp_path):
    log, tools = tmp_path / "log", tmp_path / "tools"
    tools.mkdir()
    for name in ("apt-get", "python3"):
        (tools / name).write_text(f'#!/bin/bash\necho "{name} $*" >> {log}\n')
        (tools / name).chmod(0o755)
    for name in ("pip", "uv"):  # what a virtual environment would bring
        path = container / "installer" / "bin" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'#!/bin/bash\necho "{name} $*" >> {log}\n')
        path.chmod(0o755)
    environment = {"PATH": f"{tools}:/usr/bin:/bin", "AUTOGRADER_ROOT": str(container)}
    subprocess.run(["bash", container / "source" / "setup.sh"], env=environment, check=True)
    said = log.read_text()
    assert "-c source/constraints.txt -r source/requirements.txt" in said
    assert "--torch-backend cpu" in said
    assert (container / "source" / "assignment.json").stat().st_mode & 0o777 == 0o600
    assert not (container / "installer").exists()


@pytest.mark.slow
def test_a_solution_gets_full_points_and_nothing_secret_is_printed(container, tests):
    notebook = build.solution_notebook(TOPIC, ROOT)
    hand_in(container, notebook)
    results, printed = run(container)
    ours = agrees(results, notebook, tests)
    assert results["score"] == ours.possible
    assert results["stdout_visibility"] == "hidden"
    assert results["extra_data"]["status"] == "graded"
    assert printed.startswith("graded in ")
    assert len(printed) < 60
    assert {"misleading_risk: written answer"} == {
        t["name"] for t in results["tests"] if "written" in t["name"]
    }


@pytest.mark.slow
def test_partial_points_and_hidden_tests_show_the_kind_of_mistake_only(container, tests, half_wrong):
    hand_in(container, half_wrong)
    results, _ = run(container)
    ours = agrees(results, half_wrong, tests)
    assert 0 < results["score"] < ours.possible
    outcomes = [outcome for question in ours.questions for outcome in question.outcomes]
    seen = [test for test in results["tests"] if test["visibility"] != "hidden"]
    hidden = [outcome for outcome in outcomes if outcome.hidden and not outcome.passed]
    assert hidden
    for outcome in hidden:
        assert outcome.sentence in [test["output"] for test in seen]
        assert outcome.case not in json.dumps(seen)
        assert not outcome.detail or outcome.detail not in [test["output"] for test in seen]
        (entry,) = [
            t for t in results["tests"] if t["visibility"] == "hidden" and t["name"].endswith(outcome.case)
        ]
        assert outcome.detail in entry["output"]
        assert "score" not in entry
    assert {t["visibility"] for t in results["tests"] if "hidden test" in t["name"] and "score" in t} == {
        "after_published"
    }


@pytest.mark.slow
def test_an_untouched_notebook_gets_nothing(container, tests):
    stub = build.student_notebook(TOPIC, ROOT)
    hand_in(container, stub)
    results = gradescope.grade(container)
    agrees(results, stub, tests)
    assert results["score"] == 0
    assert all("Not started" in test["output"] for test in results["tests"] if test.get("status") == "failed")


@pytest.mark.slow
@pytest.mark.parametrize("level", [Level.BUBBLEWRAP, Level.LANDLOCK])
def test_hostile_code_neither_reads_the_tests_nor_writes_the_results(container, tests, tmp_path, level):
    if level.problem is not None:
        pytest.skip(level.problem)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "bash").symlink_to("/bin/bash")  # and no bwrap
    path = os.environ["PATH"] if level is Level.BUBBLEWRAP else str(tmp_path / "bin")
    attack = f"""\
import glob, os, pathlib
root = pathlib.Path({str(container)!r})
for path in (root / "results" / "results.json", root / "submission" / "more.ipynb", root / "source" / "x"):
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('{{"score": 1000}}')
    except OSError:
        pass
try:
    loot = (root / "source" / "assignment.json").read_text()
except OSError:
    loot = None
if loot is not None:
    def sigmoid(z): return loot
"""
    notebook = build.solution_notebook(TOPIC, ROOT)
    notebook.cells.append(nbformat.v4.new_code_cell(attack, id="attack"))
    hand_in(container, notebook)
    before = {file for file in container.rglob("*") if "venv" not in file.parts}
    results, printed = run(container, path)
    assert f"sandbox: {level}" in printed
    ours = agrees(results, build.solution_notebook(TOPIC, ROOT), tests)
    assert results["score"] == ours.possible
    after = {file for file in container.rglob("*") if not {"venv", "__pycache__"} & set(file.parts)}
    assert after - before == {container / "results" / "results.json"}


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({}, "no notebook"),
        ({"essay.txt": "x"}, "no notebook"),
        ({"01_regression.ipynb": "{]"}, "not JSON"),
        ({"01_regression.ipynb": ""}, "empty"),
        ({"a.ipynb": "{}", "b.ipynb": "[]"}, "more than one notebook in what you handed in (a, b)"),
        ({"work.zip": "x"}, "zip can't be read"),
    ],
)
def test_what_cannot_be_graded_gets_a_reason_and_no_points(container, tests, files, reason):
    for name, content in files.items():
        (container / "submission" / name).write_text(content)
    results = gradescope.grade(container)
    jsonschema.validate(results, SCHEMA)
    assert results["score"] == 0
    assert reason in results["output"]
    (entry,) = results["tests"]
    assert entry["output"] == results["output"]
    assert (entry["score"], entry["max_score"], entry["visibility"]) == (0, 36, "visible")


def test_a_notebook_of_another_topic_and_one_handed_in_twice(container):
    other = build.student_notebook("02_classification", ROOT)
    hand_in(container, other)
    assert "another assignment: 02_classification" in gradescope.grade(container)["output"]
    hand_in(container, other, "copy.ipynb")
    assert "another assignment: 02_classification" in gradescope.grade(container)["output"]


def test_all_or_nothing_is_one_entry_with_all_the_points():
    outcomes = (
        Outcome("a", False, 1.5, True),
        Outcome("b", True, 1.5, False, "value", "Wrong.", "2 is not 3"),
    )
    first, *others = gradescope._entries(1, QuestionResult("q", 0.0, 3.0, outcomes))
    assert (first["score"], first["max_score"], first["visibility"]) == (0.0, 3.0, "after_published")
    assert all(entry.get("score", 0) == entry.get("max_score", 0) == 0 for entry in others)
