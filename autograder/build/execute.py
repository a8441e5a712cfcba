"""Run a notebook from top to bottom, or its code in one namespace."""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from autograder.build.normalise import to_text

_QUIET = ("grader.check", "grader.hand_in", "grader =", "%")


def execute(notebook: NotebookNode, name: str, *, timeout: int = 120) -> NotebookNode:
    """Run ``notebook`` in a fresh kernel and folder and return it with its outputs.

    Parameters
    ----------
    notebook
        The notebook; a copy is run.
    name
        Its file name, under which the checks find it.
    timeout
        Seconds for one cell.

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        If a cell raises.
    """
    import matplotlib.font_manager  # noqa: F401  makes its list of fonts, or the notebook's output would tell of it
    from nbclient import NotebookClient

    notebook = nbformat.from_dict(notebook)
    with tempfile.TemporaryDirectory() as folder, _environment(OMP_NUM_THREADS="1"):
        Path(folder, name).write_text(to_text(notebook), encoding="utf-8")
        client = NotebookClient(
            notebook,
            timeout=timeout,
            extra_arguments=["--IPKernelApp.log_level=ERROR"],
            kernel_name="python3",
            resources={"metadata": {"path": folder}},
            record_timing=False,
            coalesce_streams=True,
        )
        executed: NotebookNode = client.execute()
    return executed


def run_code(notebook: NotebookNode) -> dict[str, Any]:
    """Run the code cells of ``notebook`` here, one after the other, and return the names they define.

    Nothing is drawn or printed, and the cells that check or hand in are left out. Only for notebooks of one's own.
    """
    import matplotlib as mpl
    import matplotlib.pyplot as plt

    namespace: dict[str, Any] = {"__name__": "__main__"}
    with mpl.rc_context({"backend": "agg"}), contextlib.redirect_stdout(io.StringIO()):
        for number, cell in enumerate(notebook.cells, start=1):
            if cell.cell_type == "code" and not cell.source.lstrip().startswith(_QUIET):
                exec(compile(cell.source, f"<cell {number}>", "exec"), namespace)
                plt.close("all")
    return namespace


@contextlib.contextmanager
def _environment(**variables: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
