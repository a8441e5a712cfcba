"""Marking written answers in a real browser, by keyboard alone."""

import contextlib
import copy
import re
import subprocess
import sys

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe

from autograder import build
from autograder.batch.store import Store

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser")]

TOPIC, QUESTION = "01_regression", "misleading_risk"
HOSTILE = (
    "<img src=x onerror=\"document.title='owned'\"> ![x](https://evil.example/a.png) [y](javascript:alert(1))"
)
ANSWERS = {"ada": "Measured on the training sample.", "bob": "Too few patients.", "cyd": "", "dan": "", "eve": HOSTILE}  # fmt: skip


@pytest.fixture
def served(tmp_path):
    """The page for a small class, and where its points go."""
    student = build.student_notebook(TOPIC, build.find_root())
    (tmp_path / "class").mkdir()
    for name, text in ANSWERS.items():
        notebook = copy.deepcopy(student)
        (cell,) = (cell for cell in notebook.cells if cell.source.startswith("_Type your answer here"))
        cell.source = text
        nbformat.write(notebook, tmp_path / "class" / f"{name}.ipynb")
    command = [sys.executable, "-m", "autograder", "rubric", TOPIC, str(tmp_path / "class"), "--out", str(tmp_path / "out"), "--no-browser"]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield re.search(r"http://\S+", server.stdout.readline())[0], tmp_path / "out" / "results.sqlite"
        finally:
            server.terminate()


def focused(page):
    return page.evaluate("document.activeElement.querySelector('h3').textContent")


def points(database):
    with contextlib.closing(Store(database)) as store:
        return {row.submission: (row.points, row.comment) for row in store.written()}


def test_a_class_is_marked_by_keyboard_alone(page, served):
    url, database = served
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(url)
    page.locator("body[data-ready]").wait_for()
    cards = page.locator(".answer")
    assert cards.count() == 4  # the two empty ones are one
    expected = {}
    for _ in range(4):
        text = page.locator(".answer[aria-current=true]").inner_text()
        saved = page.get_by_text(f"Saved. {focused(page).split(' · ')[0]}")
        if "training sample" in text:
            page.keyboard.press("1")
            saved.wait_for()
            expected["ada"] = (2.0, "")
        elif "few patients" in text:
            page.keyboard.press("2")
            page.keyboard.press("2")
            page.get_by_text(": 1 of 4.").wait_for()
            page.keyboard.press("c")
            page.keyboard.type("1, 2 and j are words here.")
            page.keyboard.press("Escape")
            page.get_by_text("Comment saved.").wait_for()
            expected["bob"] = (1.0, "1, 2 and j are words here.")
        elif "Nothing was written" in text:
            page.keyboard.press("0")
            saved.wait_for()
            expected["cyd"] = expected["dan"] = (0.0, "")
        page.keyboard.press("j")
    assert points(database) == expected
    assert page.locator("#count").inner_text() == "4 of 5 marked"
    page.keyboard.press("n")
    assert page.locator(".answer[aria-current=true] .points").inner_text() == "unmarked"
    page.keyboard.press("3")
    page.get_by_text("5 of 5 marked").wait_for()
    assert points(database)["eve"] == (2.0, "")
    page.keyboard.press("u")
    page.get_by_text("is unmarked.").wait_for()
    assert points(database) == expected

    page.keyboard.press("p")  # the second item is worth less from now on
    page.keyboard.press("Tab")
    page.keyboard.press("Control+a")
    page.keyboard.type("1")
    page.keyboard.press("Escape")
    page.get_by_text("computed anew").wait_for()
    assert points(database) == {**expected, "bob": (0.5, "1, 2 and j are words here.")}

    assert page.title() != "owned"
    assert page.locator(".answer a, .answer img").count() == 0
    assert all(address.startswith(url) for address in asked)
    assert page.errors == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_has_no_serious_fault_and_fits_a_phone_and_twice_the_size(page, served, scheme):
    page.emulate_media(color_scheme=scheme)
    page.goto(served[0])
    page.locator("body[data-ready]").wait_for()
    page.keyboard.press("1")
    page.get_by_text("1 of 5 marked").or_(page.get_by_text("2 of 5 marked")).wait_for()
    for details in page.locator("details").all():
        details.evaluate("element => element.open = true")
    for size in (
        {"width": 1300, "height": 900},
        {"width": 650, "height": 450},
        {"width": 360, "height": 740},
    ):
        page.set_viewport_size(size)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        violations = Axe().run(page).response["violations"]
        assert [v["id"] for v in violations if v["impact"] in ("serious", "critical")] == []
