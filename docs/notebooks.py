"""A notebook with its outputs as a page of the book."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from docs.players import host, saved_states

_VIEW = "application/vnd.jupyter.widget-view+json"
_DARK = re.compile(r"@media\(prefers-color-scheme:dark\)")


def book_page(path: Path, topic: str, static: Path) -> str:
    """The notebook at ``path`` with one first heading, and with widgets that play in the page.

    Parameters
    ----------
    path
        The notebook as students get it, executed.
    topic
        Its name; that of its widgets begins with it.
    static
        The folder ``_static`` of the book's source, where their scripts go.
    """
    notebook = json.loads(path.read_text(encoding="utf-8"))
    states = saved_states(notebook)
    shown = 0
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            cell["source"] = _under_one_title("".join(cell["source"]), first=cell is notebook["cells"][0])
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if _VIEW in data:
                shown += 1
                output["data"] = {
                    "text/html": host(states[data[_VIEW]["model_id"]], f"{topic}-{shown}", static)
                }
            elif "image/svg+xml" in data:  # in the page itself it follows the page's theme, not the system's
                drawn = _DARK.sub('[data-theme="dark"]', "".join(data["image/svg+xml"]))
                output["data"] = {"text/html": f'<div class="drawing">{drawn}</div>'}
    notebook["cells"].insert(1, _about(topic))
    notebook["metadata"] = {key: notebook["metadata"][key] for key in ("kernelspec", "language_info")}
    return json.dumps(notebook, ensure_ascii=False, indent=1)


def _under_one_title(source: str, first: bool) -> str:
    """Titles after the notebook's own go down to sections."""
    return source if first else re.sub(r"^# ", "## ", source, flags=re.MULTILINE)


def _about(topic: str) -> dict[str, Any]:
    text = (
        f":::{{note}}\nThis page shows the notebook `{topic}` as you get it, with the library's answers where yours will be. To write "
        "them and have them checked, open it with `make lab`.\n:::"
    )
    return {"cell_type": "markdown", "id": "about-this-page", "metadata": {}, "source": text}
