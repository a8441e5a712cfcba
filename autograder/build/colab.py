"""The cell that installs the course in Google Colab: there as soon as the course has a public address."""

from __future__ import annotations

import tomllib
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from course_utils.checks.colab import FIRST_LINE

_CELL = """\
{first}
import sys

if "google.colab" in sys.modules:
    %pip install -q "git+{address}"
    from google.colab import output

    output.enable_custom_widget_manager()"""


def with_install_cell(notebook: NotebookNode, root: Path) -> NotebookNode:
    """A copy that installs the course when Colab opens it, if ``pyproject.toml`` names a repository.

    The address is ``repository`` under ``[project.urls]``. Elsewhere than in Colab the cell does nothing.
    """
    copy: NotebookNode = nbformat.from_dict(notebook)
    address = _repository(root)
    if address is None:
        return copy
    source = _CELL.format(first=FIRST_LINE, address=address)
    first = next(i for i, cell in enumerate(copy.cells) if cell.cell_type == "code")
    copy.cells.insert(first, nbformat.v4.new_code_cell(source, id="install"))
    return copy


def _repository(root: Path) -> str | None:
    try:
        project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    except (FileNotFoundError, KeyError):
        return None
    urls: dict[str, str] = project.get("urls", {})
    return urls.get("repository")
