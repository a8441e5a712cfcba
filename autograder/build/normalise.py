"""Make what is built depend on its master alone: no dates, no random ids, no traces of a run."""

from __future__ import annotations

import copy
import hashlib
import io
import json
import re
import zipfile

import nbformat
from nbformat import NotebookNode

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date that a zip can hold
_RANDOM_ID = re.compile(r"\b[0-9a-f]{32}\b|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
_CELL_METADATA = {"tags", "editable", "deletable", "otter"}
_ADDRESS = re.compile(r"\bat 0x[0-9a-f]{6,}")


def normalise(notebook: NotebookNode) -> NotebookNode:
    """A copy with ids made from the content, the plain Python kernel, and only the metadata that has a use.

    Parameters
    ----------
    notebook
        With or without outputs; they are kept, less times and random ids.
    """
    notebook = copy.deepcopy(notebook)
    keep = {key: notebook.metadata[key] for key in ("otter", "widgets") if key in notebook.metadata}
    kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    notebook.metadata = nbformat.from_dict({**kernel, "language_info": {"name": "python"}, **keep})
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    seen: dict[str, int] = {}
    for cell in notebook.cells:
        cell.source = "".join(cell.source).rstrip()
        cell.metadata = nbformat.from_dict({k: v for k, v in cell.metadata.items() if k in _CELL_METADATA})
        content = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:12]
        seen[content] = seen.get(content, 0) + 1
        cell.id = content if seen[content] == 1 else f"{content}-{seen[content]}"
    return notebook


def to_text(notebook: NotebookNode) -> str:
    """The notebook's file, with ids of widgets and outputs numbered in the order they appear."""
    text = json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    numbers: dict[str, str] = {}

    def number(match: re.Match[str]) -> str:
        return numbers.setdefault(match[0], f"{len(numbers):032x}")

    # Ids are numbered by their first use, which sorting by key does not move: cells come before metadata.
    return _ADDRESS.sub("at 0x0", _RANDOM_ID.sub(number, text))


def zip_bytes(members: dict[str, bytes]) -> bytes:
    """A zip of ``members`` that is the same to the byte each time."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(members):
            info = zipfile.ZipInfo(name, _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            executable = name in ("run_autograder", "setup.sh", "run_otter.py")
            info.external_attr = (0o755 if executable else 0o644) << 16
            archive.writestr(info, members[name])
    return buffer.getvalue()
