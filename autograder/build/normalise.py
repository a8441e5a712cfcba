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
_RANDOM_ID = re.compile(
    r"(?<![0-9a-f])(?:[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?![0-9a-f])"
)
_CELL_METADATA = {"tags", "editable", "deletable", "otter", "nbgrader"}
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
    """The notebook's file, with the random ids of widgets numbered in the order in which they are used."""
    numbers = {old: f"{new:032x}" for new, old in enumerate(_ids_by_use(notebook))}
    text = _RANDOM_ID.sub(lambda match: numbers.get(match[0], match[0]), json.dumps(notebook))
    # Numbered first and sorted then, for sorting by random keys is random too.
    return (
        _ADDRESS.sub("at 0x0", json.dumps(json.loads(text), ensure_ascii=False, indent=1, sort_keys=True))
        + "\n"
    )


def _ids_by_use(notebook: NotebookNode) -> list[str]:
    """Random ids in the outputs, then those in the widgets that these name, and so on; the rest by content."""
    state = (
        notebook.metadata.get("widgets", {})
        .get("application/vnd.jupyter.widget-state+json", {})
        .get("state", {})
    )
    outputs = [cell.get("outputs", []) for cell in notebook.cells]
    found = dict.fromkeys(_RANDOM_ID.findall(json.dumps(outputs, sort_keys=True)))
    unnamed = sorted(state, key=lambda key: _RANDOM_ID.sub("", json.dumps(state[key], sort_keys=True)))
    waiting = [*found, *unnamed]
    while waiting:
        key = waiting.pop(0)
        found.setdefault(key)
        new = [k for k in _RANDOM_ID.findall(json.dumps(state.get(key), sort_keys=True)) if k not in found]
        found |= dict.fromkeys(new)
        waiting = [*new, *waiting]
    return list(found)


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
