"""What all widgets share on the Python side: how their JavaScript is put together."""

from __future__ import annotations

import base64
import json
import re
from functools import cache
from pathlib import Path
from string import Template
from typing import Any

import anywidget
import numpy as np

_STATIC = Path(__file__).parent / "static"
_IMPORT = r'^import .* from "\./(\w+)\.js";\n'


@cache
def module(name: str) -> str:
    """The widget's ES module, with every file that it imports joined in, for a widget can't import a second one.

    Parameters
    ----------
    name
        The file in ``static/``, without its ending.
    """
    parts: dict[str, str] = {}
    _join(name, parts)
    *kits, own = parts.values()
    return "".join(re.sub(r"^export (?=const|function)", "", kit, flags=re.M) for kit in kits) + own


def _join(name: str, parts: dict[str, str]) -> None:
    """Add a file to ``parts`` after those that it imports, each once, without the lines that import."""
    source = (_STATIC / f"{name}.js").read_text(encoding="utf-8")
    for imported in re.findall(_IMPORT, source, flags=re.M):
        if imported not in parts:
            _join(imported, parts)
    parts[name] = re.sub(_IMPORT, "", source, flags=re.M)


@cache
def style() -> str:
    """The style sheet that all widgets share."""
    return (_STATIC / "face.css").read_text(encoding="utf-8")


@cache
def alone() -> str:
    """The script that stands for the Python side where there is none."""
    return (_STATIC / "alone.js").read_text(encoding="utf-8")


def floats(array: np.ndarray) -> bytes:
    """An array as little-endian float32 bytes, row after row, as the faces read them."""
    return np.ascontiguousarray(array, dtype="<f4").tobytes()


def standalone(widget: anywidget.AnyWidget, dark: bool = False, **instead: Any) -> str:
    """An HTML page in which the widget lives without Python: for the book, for screenshots, and for tests.

    Parameters
    ----------
    widget
        Any widget of this package, in the state that it should start in.
    dark
        Whether the page is dark.
    **instead
        Traits to write into the page in place of the widget's own.
    """
    own = (
        set(widget.trait_names(sync=True))
        - set(anywidget.AnyWidget.class_trait_names(sync=True))
        - {"_esm", "_css"}
    )
    state = {name: value for name, value in widget.get_state().items() if name in own} | instead
    page = Template((_STATIC / "standalone.html").read_text(encoding="utf-8"))
    return page.substitute(
        theme="dark" if dark else "light",
        title=type(widget).__name__,
        css=widget._css,
        esm=widget._esm.replace("export default", "const face ="),
        alone=alone(),
        # What is between script tags must not hold a tag.
        state=json.dumps(encoded(state)).replace("<", "\\u003c"),
    )


def encoded(value: Any) -> Any:
    """Bytes as marked base64 text, wherever they are in a widget's state."""
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, dict):
        return {key: encoded(each) for key, each in value.items()}
    return [encoded(each) for each in value] if isinstance(value, (list, tuple)) else value
