"""What all widgets share on the Python side: how their JavaScript is put together."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import numpy as np

_STATIC = Path(__file__).parent / "static"


@cache
def module(name: str) -> str:
    """The widget's ES module, with the shared kit ``face.js`` joined in, for a widget can't import a second file.

    Parameters
    ----------
    name
        The file in ``static/``, without its ending.
    """
    kit = re.sub(
        r"^export (?=const|function)", "", (_STATIC / "face.js").read_text(encoding="utf-8"), flags=re.M
    )
    own = (_STATIC / f"{name}.js").read_text(encoding="utf-8")
    return kit + re.sub(r'^import .* from "\./face\.js";\n', "", own, flags=re.M)


@cache
def style() -> str:
    """The style sheet that all widgets share."""
    return (_STATIC / "face.css").read_text(encoding="utf-8")


def floats(array: np.ndarray) -> bytes:
    """An array as little-endian float32 bytes, row after row, as the faces read them."""
    return np.ascontiguousarray(array, dtype="<f4").tobytes()
