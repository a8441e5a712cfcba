"""Run a notebook from top to bottom, or only what its exercises define."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from autograder.build.normalise import to_text
from course_utils.checks.names import defined_names


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


def run_definitions(notebook: NotebookNode, names: Collection[str]) -> dict[str, Any]:
    """Run the opening code cell of ``notebook`` and those that define ``names``, here, and return what they define.

    An exercise needs no other cell of its notebook. Only for notebooks of one's own.
    """
    opening, *others = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    definitions = [
        source for source in others if not source.startswith("%") and defined_names(source) & set(names)
    ]
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for source in (opening, *definitions):
        exec(compile(source, "<notebook>", "exec"), namespace)
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
