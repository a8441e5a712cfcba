"""A real JupyterLab and a driver for the notebook in front, for tests and benchmarks."""

import contextlib
import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CHROMIUM = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
READY = (
    "() => { const p = jupyterapp.shell.currentWidget; const c = p && p.context && p.context.sessionContext;"
    " return c && c.isReady && c.session && c.session.kernel && c.session.kernel.status === 'idle'; }"
)


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


@contextlib.contextmanager
def jupyterlab(folder: Path, home: Path, prompt: bool = True) -> Iterator[Lab]:
    """Run JupyterLab on a folder, with settings of its own in ``home``, as ``course lab`` does unless not ``prompt``."""
    news = home / "settings" / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
    news.parent.mkdir(parents=True)
    news.write_text(json.dumps({"fetchNews": "false"}))
    port, token = free_port(), secrets.token_hex(16)
    flags = {
        "ServerApp.root_dir": folder,
        "ServerApp.port_retries": 0,
        "IdentityProvider.token": token,
        "LabApp.user_settings_dir": home / "settings",
        "LabApp.workspaces_dir": home / "workspaces",
        "LabApp.expose_app_in_browser": True,
        "JupyterNotebookApp.expose_app_in_browser": True,
        "LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
        "LabApp.extension_manager": "readonly",
    }
    if prompt:
        flags["ServerApp.kernel_websocket_connection_class"] = "autograder.websocket.PromptConnection"
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
    raise RuntimeError(f"JupyterLab did not answer:\n{log.read_text()[-2000:]}")


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
