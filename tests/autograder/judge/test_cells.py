import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_raw_cell

from autograder.judge.cells import Cell, to_run


def sources(*cells):
    return [cell.source for cell in to_run(new_notebook(cells=[new_code_cell(cell) for cell in cells]))]


@pytest.mark.parametrize(
    "cell",
    [
        'grader.check("fit_line")',
        "grader.check('fit_line')",
        "  grader.check_all()\n",
        "# hand in\n\ngrader.hand_in();",
        "%pip install numpy",
        "!pip install numpy\n%matplotlib inline",
        "",
        "  \n",
    ],
)
def test_cells_without_a_part_in_an_answer_are_not_run(cell):
    assert sources(cell) == []


@pytest.mark.parametrize(
    "cell",
    [
        'x = grader.check("fit_line")',
        'grader.check("fit_line"); import os',
        'grader.check("a"), evil("b")',
        "grader.check(name)",
        "grader.check_all(5)",
        "%time fit()",
        "# a comment",
    ],
)
def test_changed_cells_are_run(cell):
    assert sources(cell) == [cell]


def test_lines_that_install_become_pass_and_keep_the_line_numbers():
    assert sources("%pip install x\nimport x\nif True:\n    !pip list\nelse: pass") == [
        "pass\nimport x\nif True:\n    pass\nelse: pass"
    ]


def test_tests_of_nbgrader_are_not_run_but_its_answers_are():
    roles = [
        {"grade": True, "solution": False},
        {"grade": False, "solution": True},
        {"grade": True, "solution": True},
        [],
    ]
    cells = [new_code_cell(f"x = {i}", metadata={"nbgrader": role}) for i, role in enumerate(roles)]
    assert [cell.source for cell in to_run(new_notebook(cells=cells))] == ["x = 1", "x = 2", "x = 3"]


def test_text_is_not_run_but_counts_in_the_numbers():
    notebook = new_notebook(
        cells=[new_markdown_cell("a"), new_code_cell("x"), new_raw_cell("b"), new_code_cell("y")]
    )
    assert [(cell.number, cell.source) for cell in to_run(notebook)] == [(2, "x"), (4, "y")]


def test_a_cell_is_called_by_its_number_and_first_line():
    assert str(Cell(3, "\n  def f(x):\n    ...")) == "Cell 3 (`def f(x):`)"
    assert str(Cell(3, "x" * 100)) == f"Cell 3 (`{'x' * 59}…`)"
