"""The file is there whatever happens, and the complaints say what the grader would stumble over."""

import json
import sys
import types
import zipfile
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from course_utils.checks import Grader, colab, fresh, hand_in
from course_utils.checks.fresh import cells_needed
from course_utils.checks.notebook import plain

TEST = """
from otter.test_files import test_case
OK_FORMAT = False
name = "{name}"
points = 1

@test_case(points=None, hidden=False)
def test_of_eight({name}):
    from course_utils.checks import check_call
    check_call({name}, 8.0, expected=8.0 / {divisor})
"""
OPENING = 'from course_utils.checks import Grader\ngrader = Grader("lesson.ipynb")'
HALF = "def half(x):\n    return x / 2"
THIRD = "def third(x):\n    return x / 3"
EMPTY = "_Type your answer here, replacing this text._"


def write_notebook(folder, *cells, texts=()):
    tests = {name: TEST.format(name=name, divisor=n) for name, n in (("half", 2), ("third", 3))}
    notebook = nbformat.v4.new_notebook(
        cells=[
            *map(nbformat.v4.new_code_cell, (OPENING, *cells, "grader.hand_in()")),
            *map(nbformat.v4.new_markdown_cell, texts),
        ],
        metadata={"otter": {"OK_FORMAT": False, "assignment_name": "lesson", "tests": tests}},
    )
    nbformat.write(notebook, folder / "lesson.ipynb")
    return notebook


def run_here(command, cwd, **_):
    """In place of ``subprocess.run``: a second Python takes a moment to start."""
    fresh.main(cwd / command[3], Path(command[4]))
    return types.SimpleNamespace(returncode=0)


@pytest.fixture
def here(monkeypatch):
    monkeypatch.setattr("subprocess.run", run_here)


@pytest.fixture
def handed_in(tmp_path, monkeypatch, capsys):
    """Hand a notebook in from a kernel in which ``ran`` was run; what is said, after the file was written."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(hand_in, "SECONDS", 100.0)  # of a busy machine

    def hand_it_in(*cells, ran=None, texts=()):
        write_notebook(tmp_path, *cells, texts=texts)
        namespace = {}
        for source in (OPENING, *(ran or cells)):
            exec(plain(source), namespace)
        exec("report = grader.hand_in()", namespace)
        with zipfile.ZipFile(tmp_path / "lesson-handin.zip") as archive:
            assert archive.read("lesson.ipynb") == (tmp_path / "lesson.ipynb").read_bytes()
        assert capsys.readouterr().out.startswith("lesson-handin.zip holds the notebook")
        return namespace["report"]

    return hand_it_in


@pytest.mark.slow
def test_a_good_notebook_has_no_complaint(handed_in):
    report = handed_in(HALF, THIRD, texts=["My answer."])
    assert report.complaints == ()
    assert repr(report).endswith(
        "Hand in lesson-handin.zip. It holds the notebook as it was last saved, and that runs from a fresh start."
    )
    assert "Before you hand in" not in report._repr_html_()


def test_what_is_not_done_is_named(here, handed_in):
    report = handed_in("def half(x): ...", THIRD, texts=[EMPTY, EMPTY])
    assert report.complaints == ("Not done yet: `half`.", "2 written answers are still empty.")
    assert "lesson-handin.zip is written all the same" in repr(report)


def test_a_helper_whose_cell_is_gone_is_noticed(here, handed_in):
    using = "def half(x):\n    return divide(x, 2)"
    (complaint,) = handed_in(using, THIRD, ran=["def divide(x, y): return x / y", using, THIRD]).complaints
    assert complaint.startswith(
        "`half` passes here but not after a fresh start: Your code raised a NameError."
    )
    assert "name 'divide' is not defined" in complaint


def test_a_helper_in_a_cell_of_its_own_is_found(here, handed_in):
    constant = "%matplotlib inline\ntwo = 2"
    divide = "def divide(x):\n    return x / two"
    assert handed_in(constant, divide, "def half(x):\n    return divide(x)", THIRD).complaints == ()


def test_a_cell_that_stops_is_named_with_its_error(here, handed_in):
    broken = "rate = 1 / nothing\ndef half(x): return x / 2"
    complaints = handed_in(broken, THIRD, ran=["nothing = 1", broken, THIRD]).complaints
    assert complaints[0] == (
        "Cell 2 (`rate = 1 / nothing`) stops after a fresh start, with NameError: name 'nothing' is not defined"
    )


def test_a_cell_that_is_not_python_is_named(here, handed_in):
    complaints = handed_in("def half(x) return x", THIRD, ran=[HALF, THIRD]).complaints
    assert complaints[0].startswith(
        "Cell 2 (`def half(x) return x`) stops after a fresh start, with SyntaxError"
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("answer", "ran", "complaint"),
    [
        (
            "while True: pass\ndef half(x): return x / 2",
            HALF,
            "Cell 2 (`while True: pass`) hadn't come to its end after 6 seconds, in a fresh start.",
        ),
        (
            "def half(x):\n    while True: pass",
            None,
            "`half` hadn't come to its end after 6 seconds, in a fresh start.",
        ),
        (
            "import os\nos._exit(3)\ndef half(x): return x / 2",
            HALF,
            "Cell 2 (`import os`) ended Python itself, in a fresh start.",
        ),
    ],
    ids=["cell", "answer", "exit"],
)
def test_what_never_ends_is_named_in_time(handed_in, monkeypatch, answer, ran, complaint):
    monkeypatch.setattr(hand_in, "SECONDS", 6.0)
    report = handed_in(answer, THIRD, ran=[ran or answer, THIRD])
    assert report.complaints[0] == complaint
    assert [result.state for result in report.overview.results] == ["passed" if ran else "not yet", "passed"]


def test_a_deleted_exercise_is_named(here, handed_in):
    complaints = handed_in(HALF, ran=[HALF, THIRD]).complaints
    assert complaints == (
        "No cell defines `third`: its cell was deleted or renamed. Copy it from the notebook as it was handed out.",
    )


def test_a_notebook_that_is_too_large_is_told_so(here, handed_in, monkeypatch):
    monkeypatch.setattr(hand_in, "MAX_BYTES", 1000)
    assert "clear the outputs" in handed_in(HALF, THIRD).complaints[0]


def test_a_folder_of_no_use_is_a_sentence(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_notebook(tmp_path, HALF)
    (tmp_path / "lesson-handin.zip").mkdir()
    assert Grader("lesson.ipynb").hand_in() is None
    assert "hand in lesson.ipynb itself" in capsys.readouterr().out


@pytest.mark.parametrize("content", ["", "{", "[]", '{"metadata": {"otter": 3}}'])
def test_a_broken_file_is_handed_in_all_the_same(here, tmp_path, monkeypatch, content):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lesson.ipynb").write_text(content)
    report = Grader("lesson.ipynb").hand_in()
    assert "can't be read as this course's notebook" in report.complaints[0]
    assert (tmp_path / "lesson-handin.zip").exists()


def test_where_no_process_can_be_started_the_rest_is_still_said(handed_in, monkeypatch):
    def refuse(*arguments, **named):
        raise OSError

    monkeypatch.setattr("subprocess.run", refuse)
    assert [complaint[:26] for complaint in handed_in(HALF, "def third(x): ...").complaints] == [
        "No second Python could be ",
        "Not done yet: `third`.",
    ]


def test_only_what_the_answers_need_runs_in_the_fresh_start():
    cells = ["import numpy", "slow = train()", "k = 2", "def half(x):\n    slow = 1\n    return x / k", "!ls"]
    needed = cells_needed(list(enumerate(cells, start=1)), ["half"])
    assert [number for number, _ in needed] == [1, 3, 4]


def test_in_colab_the_notebook_comes_from_the_page(tmp_path, monkeypatch):
    page = {"cells": [], "metadata": {}}
    answer = types.SimpleNamespace(blocking_request=lambda name, timeout_sec: {"ipynb": {name: page}})
    monkeypatch.setitem(sys.modules, "google.colab", types.SimpleNamespace(_message=answer))
    colab.save_page(tmp_path / "lesson.ipynb")
    assert json.loads((tmp_path / "lesson.ipynb").read_text()) == {"get_ipynb": page}


@pytest.mark.slow
def test_an_answer_that_was_not_saved_is_noticed_in_a_real_kernel(tmp_path):
    running = write_notebook(tmp_path, HALF, THIRD)
    write_notebook(tmp_path, HALF.replace("/ 2", "/ 1"), "%matplotlib inline\n" + THIRD)
    resources = {"metadata": {"path": tmp_path}}
    done = NotebookClient(running, timeout=120, kernel_name="python3", resources=resources).execute()
    shown = done.cells[-1].outputs[-1]["data"]["text/plain"]
    assert "`half` was run otherwise than it stands in the saved notebook" in shown
    assert "`third` was run" not in shown  # what runs under a magic can't be compared
