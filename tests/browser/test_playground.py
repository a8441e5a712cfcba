"""The optimizer playground in a real browser: alone on a page, and in JupyterLab with a student's own step."""

import pytest

from course_utils.widgets import OptimizerPlayground
from course_utils.widgets._face import standalone

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser")]


@pytest.fixture
def open_widget(page, tmp_path):
    """Open a widget on a page of its own, without Python."""

    def open_it(widget, dark=False, **options):
        path = tmp_path / "widget.html"
        path.write_text(standalone(widget, dark))
        page.goto(path.as_uri())
        root = page.locator(".course-widget[data-ready]")
        root.wait_for()
        return root

    return open_it


def said(root):
    return root.locator("[role=status]").inner_text()


def test_the_start_follows_keys_and_the_mouse(open_widget, page):
    root = open_widget(OptimizerPlayground(surface="bowl", start=(1.0, 1.0)))
    assert "Start (1, 1)" in said(root)
    surface = root.locator(".layers").first
    surface.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    assert "Start (1.06, 0.4)" in said(root)
    box = surface.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.3)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + box["height"] * 0.35, steps=4)
    page.mouse.up()
    assert "Start (−" in said(root)
    assert page.errors == []


def test_controls_change_the_race_and_divergence_is_said(open_widget, page):
    root = open_widget(OptimizerPlayground(surface="ravine", shown=["gradient descent", "adam"]))
    row = root.locator("tbody tr", has_text="gradient descent")
    assert "at a lowest point" in row.inner_text()
    row.locator("input[type=number]").fill("0.5")
    row.locator("input[type=number]").press("Enter")
    assert "diverged" in root.locator("tbody tr", has_text="gradient descent").inner_text()
    assert "Diverged: gradient descent" in said(root)
    root.locator("tbody tr", has_text="gradient descent").locator("input[type=checkbox]").uncheck()
    assert "Diverged" not in said(root)
    root.get_by_role("button", name="suggested settings").click()
    root.get_by_role("combobox", name="surface").select_option("Himmelblau")
    assert "Four equal minima" in root.locator(".shows").inner_text()
    root.get_by_role("combobox", name="map of basins").select_option("momentum")
    root.get_by_role("button", name="copy as Python").click()
    line = root.locator("code.line").inner_text()
    assert eval(line, {"OptimizerPlayground": OptimizerPlayground}).settings["basin"] == "momentum"
    assert page.errors == []


def test_playing_scrubbing_and_saving(open_widget, page):
    root = open_widget(OptimizerPlayground(surface="Rosenbrock", steps=20))
    root.get_by_role("button", name="play").click()
    root.get_by_role("button", name="pause").wait_for()
    page.wait_for_function("() => document.querySelector('.transport output').textContent === '20 / 20'")
    scrubber = root.get_by_role("slider", name="step", exact=True)
    scrubber.focus()
    page.keyboard.press("Home")
    assert "step 0 of 20" in said(root)
    root.get_by_role("button", name="step", exact=True).click()
    assert "step 1 of 20" in said(root)
    with page.expect_download() as download:
        root.get_by_role("button", name="save PNG").click()
    assert download.value.suggested_filename == "optimizers.png"


def test_with_reduced_motion_play_takes_one_stride(browser, tmp_path):
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    path = tmp_path / "widget.html"
    path.write_text(standalone(OptimizerPlayground(surface="bowl", steps=50)))
    page.goto(path.as_uri())
    root = page.locator(".course-widget[data-ready]")
    root.get_by_role("button", name="play").click()
    assert "step 5 of 50" in said(root)
    context.close()


def test_frames_keep_up_also_when_paths_diverge(open_widget, page):
    root = open_widget(
        OptimizerPlayground(
            surface="Rosenbrock",
            steps=300,
            factor=4.0,
            shown=[
                "gradient descent",
                "momentum",
                "nesterov",
                "adagrad",
                "rmsprop",
                "adam",
                "adamw",
                "newton",
            ],
        )
    )
    page.evaluate(
        """() => { window.gaps = []; let last = performance.now();
        const tick = (now) => { window.gaps.push(now - last); last = now; requestAnimationFrame(tick); }; requestAnimationFrame(tick); }"""
    )
    root.get_by_role("button", name="play").click()
    page.wait_for_function("() => window.gaps.length > 150")
    gaps = sorted(page.evaluate("() => window.gaps.slice(5)"))
    # How fast a machine paints is for benchmarks; here only that nothing stalls for good.
    assert gaps[len(gaps) // 2] < 100


@pytest.mark.parametrize("width", [420, 760, 1200])
@pytest.mark.parametrize("dark", [False, True])
def test_nothing_is_cut_off(open_widget, page, width, dark):
    page.set_viewport_size({"width": width, "height": 1000})
    root = open_widget(OptimizerPlayground(), dark)
    assert root.evaluate("e => e.scrollWidth <= e.clientWidth + 1")
    assert page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")


MINE = """
from course_utils.widgets import OptimizerPlayground

def my_step(w, gradient, state, learning_rate=0.1):
    return w - learning_rate * gradient(w) / abs(gradient(w)).max(), state

p = OptimizerPlayground(mine=my_step, surface="bowl", start=(-2.5, 2), shown=["adam", "yours"])
p
"""


def test_ones_own_step_races_in_jupyterlab(open_notebook, page):
    notebook = open_notebook("01_regression.ipynb")
    cell = notebook.index_of("RidgeExplorer()")
    notebook.write(cell, MINE)
    notebook.run(cell)
    root = page.locator(".playground[data-ready]").first
    root.scroll_into_view_if_needed()
    own = root.locator("tbody tr", has_text="yours")
    own.get_by_text("steps", exact=False).wait_for()
    before = own.inner_text()
    root.locator(".layers").first.focus()
    page.keyboard.press("Shift+ArrowRight")
    page.wait_for_function(
        "(text) => document.querySelector('.playground tbody tr:last-child').innerText !== text", arg=before
    )
    page.wait_for_timeout(400)  # the settings are sent once the hand rests
    other = notebook.index_of("grader.hand_in()")
    notebook.write(other, "print('the start is', p.settings['start'])")
    notebook.run(other)
    printed = [output["text"] for output in notebook.outputs() if output["output_type"] == "stream"]
    (start,) = ["".join(text) for text in printed if "the start is" in "".join(text)]
    assert start.strip() == "the start is [-1.9, 2]"
    root.get_by_role("button", name="save GIF").wait_for()
    with page.expect_download() as download:
        root.get_by_role("button", name="save GIF").click()
        page.locator(".playground[data-saved=gif]").wait_for()  # Python has answered
    assert download.value.suggested_filename == "optimizers.gif"
    assert page.errors == []
