"""The widgets of the book: they play in the page itself, with neither a kernel nor the network.

A widget is three scripts: its face, which widgets share; its state; and ``_static/book.js``, which draws one with the other
when the reader comes near. Scripts, for a page that is opened from a disk may load nothing else.
"""

from __future__ import annotations

import hashlib
import html
import json
import re
from pathlib import Path
from typing import Any

import anywidget
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from course_utils import widgets
from course_utils.widgets._face import encoded
from course_utils.widgets.explorer import Explorer

_STATE = "application/vnd.jupyter.widget-state+json"


def saved_states(notebook: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The state of each widget in an executed notebook, by its model's id, with arrays as marked base64 text."""
    models = notebook["metadata"].get("widgets", {}).get(_STATE, {}).get("state", {})
    states = {}
    for key, model in models.items():
        state = states[key] = dict(model["state"])
        for buffer in model.get("buffers", []):
            *path, last = buffer["path"]
            place = state
            for step in path:
                place = place[step]
            place[last] = {"$bytes": buffer["data"]}
    return states


def host(state: dict[str, Any], name: str, static: Path) -> str:
    """Write the scripts of a widget below ``static`` and return the HTML that stands for it in a page.

    Parameters
    ----------
    state
        What it shares with its face, as in the model of a live widget.
    name
        Of its own among all widgets of the book.
    static
        The folder ``_static`` of the book's source.
    """
    folder = static / "widgets"
    folder.mkdir(parents=True, exist_ok=True)
    face = hashlib.sha256(state["_esm"].encode()).hexdigest()[:8]
    script = re.sub(r"^export (?=const|function|class)", "", state["_esm"], flags=re.M)
    script = script.replace("export default", "const face =")
    (folder / f"face-{face}.js").write_text(
        f'book.faces["{face}"] = (() => {{\n{script}\nreturn face;\n}})();\n', encoding="utf-8"
    )
    (static / "face.css").write_text(state["_css"], encoding="utf-8")
    base = anywidget.AnyWidget.class_trait_names()
    own = {key: value for key, value in state.items() if key not in base and key not in ("_esm", "_css")}
    note = ""
    if "_controls" in own:
        explorer: Explorer = getattr(widgets, own["_about"]["title"])(**own["values"])
        own["_recorded"] = explorer.recorded()
        if own["_recorded"] and len(own["_controls"]) > 1:
            label = own["_controls"][own["_recorded"]["control"]]["label"].rstrip(" =:")
            note = f"On this page “{label}” moves; in the notebook all controls do."
    (folder / f"{name}.js").write_text(
        f'book.states["{name}"] = {json.dumps(json.dumps(own, ensure_ascii=False))};\n', encoding="utf-8"
    )
    shows = own.get("_about", {}).get("shows", "")
    return (
        f'<div class="widget-host" data-widget="{name}" data-face="{face}">'
        f'<p class="widget-note">Here is an interactive figure. {html.escape(str(shows))}</p></div>'
        + (f'<p class="widget-note">{html.escape(note)}</p>' if note else "")
    )


class Widget(SphinxDirective):
    """A widget as it first shows itself: ``{widget} RidgeExplorer``."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Put the widget's place into the page."""
        name = self.arguments[0]
        widget = getattr(widgets, name)()
        state = encoded(widget.get_state())
        return [nodes.raw("", host(state, name, Path(self.env.srcdir, "_static")), format="html")]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive ``widget``."""
    app.add_directive("widget", Widget)
    app.add_js_file("book.js")
    app.add_css_file("face.css")
    app.add_css_file("book.css")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
