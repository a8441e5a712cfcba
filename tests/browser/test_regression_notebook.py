"""The built regression notebook in a real JupyterLab, as a student meets it."""

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser")]

NAME = "01_regression.ipynb"
WRONG = """def fit_line(x, y):
    a = np.cov(x, y)[0, 1] / np.var(x)
    return a, y.mean() - a * x.mean()
"""
RIGHT = WRONG.replace("np.var(x)", "np.var(x, ddof=1)")


@pytest.fixture
def notebook(open_notebook):
    notebook = open_notebook(NAME)
    notebook.run_all()
    return notebook


def test_a_student_opens_answers_wrongly_then_rightly_and_moves_the_widget(notebook, page):
    errors = [output for output in notebook.outputs() if output["output_type"] == "error"]
    assert errors == []

    answer, check = notebook.index_of("def fit_line"), notebook.index_of('grader.check("fit_line")')
    assert "Not started" in notebook.run(check)

    notebook.write(answer, WRONG)
    notebook.run(answer)
    said = notebook.run(check)
    assert "Not yet" in said
    assert "np.cov divides by n − 1, np.var by n: use one divisor for both." in said
    assert "expected" in said
    assert "Traceback" not in said

    notebook.write(answer, RIGHT)
    notebook.run(answer)
    assert "Passed" in notebook.run(check)

    widget = page.locator(".course-widget[data-ready]").first
    widget.scroll_into_view_if_needed()
    slider = widget.locator("input[type=range]")
    told = widget.locator("[role=status]")
    before, text = int(widget.get_attribute("data-paints")), told.inner_text()
    curve = widget.locator("path").first
    shape = curve.get_attribute("d")
    slider.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("([e, n]) => +e.dataset.paints > n", arg=[widget.element_handle(), before])
    assert told.inner_text() != text
    assert curve.get_attribute("d") != shape
    assert page.errors == []


def test_the_widget_follows_python_and_python_the_widget(open_notebook, page):
    notebook = open_notebook(NAME)
    cell = notebook.index_of("RidgeExplorer()")
    notebook.write(cell, "from course_utils.widgets import RidgeExplorer\nw = RidgeExplorer()\nw")
    notebook.run(cell)
    widget = page.locator(".course-widget[data-ready]").first
    widget.locator("input[type=range]").focus()
    page.keyboard.press("End")
    other = notebook.index_of("grader.hand_in()")
    notebook.write(other, "print(w.index, f'{w.lam:g}')\nw.index = 3")
    assert "80 1000" in notebook.run(other)
    page.wait_for_function("(e) => e.value === '3'", arg=widget.locator("input[type=range]").element_handle())


@pytest.mark.parametrize("width", [480, 800, 1300])
def test_nothing_in_the_widget_is_wider_than_its_place(open_notebook, page, width):
    page.set_viewport_size({"width": width + 300, "height": 900})
    notebook = open_notebook(NAME)
    cell = notebook.index_of("RidgeExplorer()")
    notebook.write(cell, "from course_utils.widgets import RidgeExplorer\nRidgeExplorer()")
    notebook.run(cell)
    widget = page.locator(".course-widget[data-ready]").first
    assert widget.evaluate("e => e.scrollWidth <= e.clientWidth + 1")
