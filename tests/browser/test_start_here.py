"""The first notebook in a real JupyterLab: a mistake on purpose, the right answer, and the file that is handed in."""

import json
import zipfile

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser")]

NAME = "00_start_here.ipynb"
WRONG = "def mean_of(values):\n    return np.sum(values)"
RIGHT = "def mean_of(values):\n    return np.sum(values) / count"


def test_a_student_errs_mends_it_and_hands_in_what_was_not_saved_then_what_is_not_there_then_rightly(
    open_notebook, page, lab
):
    notebook = open_notebook(NAME)
    notebook.run_all()
    assert [output for output in notebook.outputs() if output["output_type"] == "error"] == []
    answer, check = notebook.index_of("def mean_of"), notebook.index_of('grader.check("mean_of")')
    hand_in, progress = notebook.index_of("grader.hand_in()"), notebook.index_of("progress()")

    def answer_is(source):
        notebook.write(answer, source)
        notebook.run(answer)
        return notebook.run(check)

    def save():
        page.evaluate("async () => { await jupyterapp.commands.execute('docmanager:save'); }")

    assert "Not done yet: mean_of" in notebook.run(hand_in)
    assert "did you take a sum where a mean is asked?" in answer_is(WRONG)

    values = notebook.index_of("values = np.array")
    notebook.write(values, "count = 3")  # in the kernel, and soon nowhere else
    notebook.run(values)
    answer_is(RIGHT)
    assert "mean_of was run otherwise than it stands in the saved notebook" in notebook.run(hand_in)

    notebook.write(values, "values = np.array([2.0, 3.0, 7.0])")
    in_general = RIGHT.replace("/ count", "/ (count - 3 + len(values))")
    assert "Passed" in answer_is(in_general)
    save()
    said = notebook.run(hand_in)
    assert "mean_of passes here but not after a fresh start" in said
    assert "name 'count' is not defined" in said

    assert "Passed" in answer_is(RIGHT.replace("count", "len(values)"))
    save()
    said = notebook.run(hand_in)
    assert "Hand in 00_start_here-handin.zip" in said
    assert "Before you hand in" not in said
    with zipfile.ZipFile(lab.folder / "00_start_here-handin.zip") as archive:
        assert "len(values)" in archive.read(NAME).decode()

    assert "done" in notebook.run(progress)
    tried = json.loads((lab.folder / "progress.json").read_text())["exercises"]["00_start_here"]["mean_of"]
    assert tried["passed"]
    assert page.errors == []
