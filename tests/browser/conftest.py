"""A real JupyterLab and a real Chromium. Tests wait for what the page says, they never sleep."""

import shutil
from pathlib import Path

import pytest

from tests.browser.driver import CHROMIUM, READY, Notebook, jupyterlab

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items):
    """On two busy cores Chromium now and then misses an event: what was waited for in vain is waited for once more."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.flaky(reruns=1, only_rerun=["TimeoutError"]))


@pytest.fixture(scope="session")
def chromium():
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("chromium is not installed")
    return path


@pytest.fixture(scope="session")
def lab(chromium, tmp_path_factory):
    home = tmp_path_factory.mktemp("lab")
    folder = home / "notebooks"
    shutil.copytree(ROOT / "notebooks", folder)
    with jupyterlab(folder, home) as running:
        yield running


# Not for the session: its event loop runs as long as it lives, and tests that run a loop of their own may follow in this process.
@pytest.fixture(scope="module")
def browser(chromium):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM)
        yield browser
        browser.close()


@pytest.fixture
def page(browser):
    page = browser.new_page(viewport={"width": 1300, "height": 900})
    page.set_default_timeout(60_000)
    page.errors = []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    yield page
    page.close()


@pytest.fixture
def open_notebook(page, lab):
    """Open a notebook in JupyterLab and wait for its kernel; the result drives it."""

    def open_it(name):
        page.goto(lab.url(name))
        page.wait_for_selector(".jp-Notebook .jp-Cell")
        page.wait_for_function(READY)
        return Notebook(page)

    return open_it
