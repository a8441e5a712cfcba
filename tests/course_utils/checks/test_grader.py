"""What a student sees under an exercise."""

from pathlib import Path

import nbformat
import pytest

from course_utils.checks import Grader
from course_utils.checks.record import Record, read

SOURCE = """
from otter.test_files import test_case
OK_FORMAT = False
name = "{name}"
points = 1

@test_case(points=None, hidden=False)
def test_of_eight({name}):
    from course_utils.checks import check_call
    check_call({name}, 8.0, expected=4.0, mistakes={{"You <doubled> `x`.": 16.0}})

@test_case(points=None, hidden=False)
def test_of_ten({name}):
    from course_utils.checks import check_call
    check_call({name}, 10.0, expected=5.0)
"""


def write_notebook(folder, name="lesson.ipynb", assignment="lesson"):
    tests = {question: SOURCE.format(name=question) for question in ("half", "third")}
    cells = [nbformat.v4.new_code_cell(f'grader.check("{question}")') for question in ("third", "half")]
    metadata = {"otter": {"OK_FORMAT": False, "assignment_name": assignment, "tests": tests}}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=metadata)
    nbformat.write(notebook, folder / name)


@pytest.fixture
def grader(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_notebook(tmp_path)
    return Grader("lesson.ipynb")


def check(grader, answer):
    """Check as a cell of a notebook would, with its own globals."""
    namespace = {"grader": grader}
    exec(f"{answer}\nresult = grader.check('half')", namespace)
    return namespace["result"]


def test_three_outcomes(grader):
    assert check(grader, "").state == "not started"
    assert check(grader, "def half(x): ...").state == "not started"
    assert check(grader, "def half(x): return 2 * x").state == "not yet"
    assert check(grader, "def half(x): return x / 2").state == "passed"


def test_a_wrong_answer_shows_the_sentence_the_input_and_both_values_once(grader):
    result = check(grader, "def half(x): return 2 * x")
    assert repr(result) == (
        "✗ half: Not yet (0 of 2 checks pass; this is the first that doesn't)\n"
        "You <doubled> `x`.\n"
        "input     x = 8\n"
        "got       16\n"
        "expected  4"
    )


def test_a_call_that_the_exercise_forbids_is_told(grader, tmp_path):
    notebook = nbformat.read(tmp_path / "lesson.ipynb", as_version=4)
    notebook.metadata.otter.tests["half"] = 'forbids = ["statistics.mean"]\n' + SOURCE.format(name="half")
    nbformat.write(notebook, tmp_path / "lesson.ipynb")
    answer = '__name__ = "__main__"\nfrom statistics import mean as m\ndef half(x): return {}'
    result = check(grader, answer.format("m([0.0, x])"))
    assert result.outcomes[0].kind == "forbidden"
    assert "`half` calls `statistics.mean`: the exercise is to write it yourself." in repr(result)
    assert check(grader, answer.format("x / 2")).state == "passed"


def test_html_is_escaped_and_short(grader):
    page = check(grader, "def half(x): return 2 * x")._repr_html_()
    assert "You &lt;doubled&gt; <code>x</code>." in page
    assert "Traceback" not in page
    assert len(page) < 1500


def test_one_failing_check_of_two_is_counted(grader):
    assert "1 of 2 checks pass" in repr(check(grader, "def half(x): return 4.0"))


def test_an_unknown_exercise_lists_those_there_are(grader, capsys):
    assert grader.check("quarter") is None
    assert "There are: third, half." in capsys.readouterr().out


def test_a_renamed_notebook_is_found_by_its_assignment(grader, tmp_path):
    Path("lesson.ipynb").rename("my answers.ipynb")
    write_notebook(tmp_path, "other.ipynb", "other")
    assert check(grader, "def half(x): return x / 2").state == "passed"


def test_a_lost_notebook_is_a_sentence_not_an_error(grader, capsys):
    Path("lesson.ipynb").unlink()
    assert check(grader, "") is None
    assert grader.check_all() is None
    assert grader.hand_in() is None
    assert "keep the notebook where it was" in capsys.readouterr().out


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"metadata": {"otter": 3}}', '{"metadata": 1}'])
def test_a_broken_notebook_file_raises_nothing(grader, content, capsys):
    Path("lesson.ipynb").write_text(content)
    assert grader.check("half") is None
    assert "No exercise is called" in capsys.readouterr().out


def test_check_all_shows_every_exercise_in_the_order_of_the_notebook(grader):
    namespace = {"grader": grader}
    exec("def half(x): return x / 2\noverview = grader.check_all()", namespace)
    assert repr(namespace["overview"]) == (
        "○ third  Not started\n✓ half   Passed\n1 of 2 exercises pass their public checks."
    )
    assert namespace["overview"]._repr_html_().count("<tr>") == 2


def test_what_is_checked_is_written_down(grader, tmp_path):
    check(grader, "def half(x): ...")
    assert read(tmp_path) == Record()
    check(grader, "def half(x): return 2 * x")
    check(grader, "def half(x): return x / 2")
    tried = read(tmp_path).tried("lesson", "half")
    assert (tried.attempts, tried.passed) == (2, True)
    assert "return" not in (tmp_path / "progress.json").read_text()
    exec("def third(x): return x\ngrader.check_all()", {"grader": grader})
    assert read(tmp_path).tried("lesson", "third") is None  # to look at all of them is no attempt


def test_a_check_works_where_its_record_cannot_be_written(grader, tmp_path):
    (tmp_path / "progress.json").mkdir()
    assert check(grader, "def half(x): return x / 2").state == "passed"
