"""Every widget in a real browser: alone on a page, by mouse and by keys, judged by axe-core; and live in JupyterLab."""

import json

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe

import course_utils.widgets as widgets
from course_utils.widgets._face import standalone
from course_utils.widgets.explorer import Explorer
from tests.browser.driver import READY, Notebook

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser")]

# What stands on the page without Python: smaller settings where many scenes are computed beforehand.
HEAVY = {"OcclusionExplorer": {"name": "rocket"}, "ClassImageExplorer": {}}


def page_of(name, dark):
    widget = getattr(widgets, name)(**HEAVY.get(name, {}))
    return widget.standalone(dark) if isinstance(widget, Explorer) else standalone(widget, dark)


def seen(page):
    """The pictures and the sentence; canvases by their pixels."""
    return page.evaluate(
        "() => [...document.querySelectorAll('svg, [role=status]')].map(e => e.outerHTML).join('')"
        " + [...document.querySelectorAll('canvas')].map(c => c.toDataURL()).join('')"
    )


@pytest.mark.parametrize("name", widgets.__all__)
def test_alone_on_a_page_it_answers_keys_and_has_no_serious_fault(page, tmp_path, name):
    path = tmp_path / f"{name}.html"
    dark = len(name) % 2 == 0  # half of them in each theme
    path.write_text(page_of(name, dark))
    page.goto(path.as_uri())
    root = page.locator(".course-widget[data-ready]")
    root.wait_for()
    slider = root.locator("input[type=range]:not([disabled])").first
    if slider.count():
        slider.focus()
        page.keyboard.press("Home")
        first = seen(page)
        page.keyboard.press("End")
        assert seen(page) != first
    report = Axe().run(page, options={"rules": {"color-contrast": {"enabled": True}}})
    serious = [v for v in report.response["violations"] if v["impact"] in ("serious", "critical")]
    assert not serious, json.dumps([[v["id"], v["nodes"][0]["html"][:200], v["nodes"][0].get("failureSummary", "")] for v in serious], indent=1)  # fmt: skip
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.errors == []


def test_playing_runs_to_the_end(page, tmp_path):
    path = tmp_path / "page.html"
    path.write_text(widgets.TsneExplorer(step=520).standalone())
    page.goto(path.as_uri())
    root = page.locator(".course-widget[data-ready]")
    root.get_by_role("button", name="play").click()
    page.wait_for_function(
        "() => document.querySelector('[role=status]').textContent.includes('After 600 steps')"
    )
    root.get_by_role("button", name="play").wait_for()
    assert page.errors == []


def test_with_reduced_motion_play_is_a_step(browser, tmp_path):
    path = tmp_path / "page.html"
    path.write_text(widgets.UnrolledExplorer(step=3).standalone())
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    page.goto(path.as_uri())
    page.get_by_role("button", name="step").click()
    page.wait_for_timeout(300)
    assert "time 4" in page.locator("[role=status]").inner_text()
    context.close()


@pytest.fixture
def live(lab, open_notebook, page):
    """A notebook in JupyterLab with one explorer in it; returns its root."""

    def open_it(name):
        cells = [nbformat.v4.new_code_cell(f"from course_utils.widgets import {name}\nw = {name}()\nw"), nbformat.v4.new_code_cell("print(w._scene['says'])")]  # fmt: skip
        notebook = nbformat.v4.new_notebook(cells=cells)
        notebook.metadata["kernelspec"] = {
            "name": "python3",
            "display_name": "Python 3",
            "language": "python",
        }
        nbformat.write(notebook, lab.folder / f"{name}.ipynb")
        driven = open_notebook(f"{name}.ipynb")
        driven.run(0)
        root = page.locator(".course-widget[data-ready]")
        root.wait_for()
        return driven, root

    return open_it


def after_paint(page, root, act):
    """Do something, and wait until the kernel's answer is painted."""
    paints = int(root.get_attribute("data-paints"))
    act()
    page.wait_for_function(f"() => +document.querySelector('.course-widget').dataset.paints > {paints}")


def test_dragging_a_point_in_jupyterlab_moves_the_street(live, page):
    driven, root = live("MarginExplorer")
    box = root.locator(".handle").nth(4).bounding_box()
    before = root.locator("[role=status]").inner_text()

    def drag():
        page.mouse.move(box["x"] + 8, box["y"] + 8)
        page.mouse.down()
        page.mouse.move(box["x"] - 40, box["y"] + 50, steps=5)
        page.mouse.up()

    after_paint(page, root, drag)
    page.wait_for_function("(old) => document.querySelector('[role=status]').textContent !== old", arg=before)
    page.wait_for_timeout(400)
    assert driven.run(1).strip() == root.locator("[role=status]").inner_text().strip()
    handle = root.locator(".handle").nth(4)
    handle.focus()
    x = float(handle.get_attribute("x"))
    after_paint(page, root, lambda: page.keyboard.press("ArrowRight"))
    assert float(handle.get_attribute("x")) > x  # the same element, moved, and still in focus
    assert page.evaluate("document.activeElement.classList.contains('handle')")
    assert page.errors == []


def test_pressing_a_cell_in_jupyterlab_changes_the_filter(live, page):
    driven, root = live("ConvolutionExplorer")
    cell = root.locator(".cell").nth(4)
    assert "row 2, column 2: 0" in cell.get_attribute("aria-label")
    after_paint(page, root, cell.click)
    assert "row 2, column 2: 1" in cell.get_attribute("aria-label")
    cell.focus()
    after_paint(page, root, lambda: page.keyboard.press("Enter"))
    assert "row 2, column 2: 2" in cell.get_attribute("aria-label")
    assert driven.run(1).strip() == root.locator("[role=status]").inner_text().strip()


def test_choosing_and_ticking_in_jupyterlab(live, page):
    driven, root = live("InitialisationExplorer")
    after_paint(page, root, lambda: root.get_by_role("combobox").select_option("ReLU"))
    after_paint(page, root, lambda: root.get_by_role("checkbox").check())
    assert "alive" in root.locator("[role=status]").inner_text()
    assert driven.run(1).strip() == root.locator("[role=status]").inner_text().strip()


def test_widgets_live_in_notebook_7_too(lab, page):
    source = "from course_utils.widgets import UnrolledExplorer\nUnrolledExplorer(step=3)"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, lab.folder / "seven.ipynb")
    page.goto(f"{lab.address}/notebooks/seven.ipynb?token={lab.token}")
    page.wait_for_function(f"() => window.jupyterapp && jupyterapp.shell.currentWidget && ({READY})()")
    Notebook(page).run_all()
    root = page.locator(".course-widget[data-ready]")
    root.wait_for()
    after_paint(page, root, lambda: root.locator("input[type=range]").first.press("ArrowRight"))
    assert "time 4" in root.locator("[role=status]").inner_text()
