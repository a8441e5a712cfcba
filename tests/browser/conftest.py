"""A real JupyterLab and a real Chromium. Tests wait for what the page says, they never sleep."""

import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Lab:
    """A running server: its address, its token, and the folder that it shows."""

    address: str
    token: str
    folder: Path

    def url(self, notebook):
        return f"{self.address}/lab/tree/{notebook}?token={self.token}&reset"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


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
    news = home / "settings" / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
    news.parent.mkdir(parents=True)
    news.write_text(json.dumps({"fetchNews": "false"}))
    port, token = free_port(), secrets.token_hex(16)
    flags = {
        "ServerApp.root_dir": folder,
        "ServerApp.port_retries": 0,
        "ServerApp.kernel_websocket_connection_class": "autograder.websocket.PromptConnection",
        "IdentityProvider.token": token,
        "LabApp.user_settings_dir": home / "settings",
        "LabApp.workspaces_dir": home / "workspaces",
        "LabApp.expose_app_in_browser": True,
        "LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
        "LabApp.extension_manager": "readonly",
    }
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        "--no-browser",
        "--allow-root",
        "--ip=127.0.0.1",
        f"--port={port}",
    ]
    environment = {
        **os.environ,
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_RUNTIME_DIR": str(home / "run"),
    }
    with (home / "log").open("w") as log:
        server = subprocess.Popen(
            [*command, *(f"--{name}={value}" for name, value in flags.items())],
            env=environment,
            stdout=log,
            stderr=log,
        )
        try:
            address = f"http://127.0.0.1:{port}"
            wait_for_server(f"{address}/api/status?token={token}", home / "log")
            yield Lab(address, token, folder)
        finally:
            server.terminate()
            server.wait(timeout=20)


def wait_for_server(url, log, seconds=60):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5):
            return
        time.sleep(0.1)
    pytest.fail(f"JupyterLab did not answer:\n{log.read_text()[-2000:]}")


@pytest.fixture(scope="session")
def browser(chromium):
    from playwright.sync_api import sync_playwright

    flags = [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
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
        page.wait_for_function(
            "() => { const p = jupyterapp.shell.currentWidget; const c = p && p.context && p.context.sessionContext;"
            " return c && c.isReady && c.session && c.session.kernel && c.session.kernel.status === 'idle'; }"
        )
        return Notebook(page)

    return open_it


class Notebook:
    """The notebook in front, by its cells' sources."""

    def __init__(self, page):
        self.page = page

    def run_all(self):
        self.page.evaluate("async () => { await jupyterapp.commands.execute('notebook:run-all-cells'); }")

    def index_of(self, text):
        """The number of the first code cell that contains ``text``."""
        return self.page.evaluate(
            "(text) => [...jupyterapp.shell.currentWidget.content.model.cells].findIndex("
            "c => c.type === 'code' && c.sharedModel.getSource().includes(text))",
            text,
        )

    def write(self, index, source):
        self.page.evaluate(
            "([i, s]) => jupyterapp.shell.currentWidget.content.model.cells.get(i).sharedModel.setSource(s)",
            [index, source],
        )

    def run(self, index):
        """Run one cell and return the text of its output."""
        return self.page.evaluate(
            """async (i) => {
                const notebook = jupyterapp.shell.currentWidget.content;
                notebook.activeCellIndex = i;
                notebook.deselectAll();
                await jupyterapp.commands.execute('notebook:run-cell');
                return notebook.widgets[i].outputArea ? notebook.widgets[i].outputArea.node.innerText : '';
            }""",
            index,
        )

    def outputs(self):
        """All outputs of the notebook as nbformat's plain objects."""
        return self.page.evaluate(
            "() => [...jupyterapp.shell.currentWidget.content.model.cells].flatMap(c => c.type === 'code' ? c.outputs.toJSON() : [])"
        )
