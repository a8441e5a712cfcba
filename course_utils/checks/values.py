"""Looking at answers: which are numbers, which are equal, and how they are shown."""

from __future__ import annotations

import numbers
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np

_SHOWN = 6  # numbers at each end of a long axis


def is_tensor(value: object) -> bool:
    """Whether ``value`` is a torch tensor, without importing torch to find out."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def as_numbers(value: Any) -> np.ndarray | None:
    """``value`` as a NumPy array if it is a number, a bool, or an array or tensor of them; otherwise ``None``."""
    if is_tensor(value):
        value = value.detach().cpu().numpy()
    if isinstance(value, (bool, numbers.Number, np.generic, np.ndarray)):
        array = np.asarray(value)
        return array if array.dtype.kind in "biufc" else None
    return None


def is_plain(value: Any) -> bool:
    """Whether ``value`` is data that can be compared: numbers, arrays, strings, ``None``, and collections of them."""
    if isinstance(value, (tuple, list)):
        return all(is_plain(item) for item in value)
    if isinstance(value, Mapping):
        return all(is_plain(item) for item in value.values())
    return value is None or isinstance(value, (str, bytes)) or as_numbers(value) is not None


def is_close(got: np.ndarray, expected: np.ndarray, rtol: float, atol: float) -> bool:
    """Whether two arrays have one shape and the same numbers within ``atol + rtol·|expected|``; NaN equals NaN."""
    return got.shape == expected.shape and bool(
        np.allclose(got, expected, rtol=rtol, atol=atol, equal_nan=True)
    )


def same(got: Any, expected: Any, rtol: float, atol: float) -> bool:
    """Whether ``got`` would be accepted where ``expected`` is asked, for any plain data."""
    wanted = as_numbers(expected)
    if wanted is not None:
        array = as_numbers(got)
        if array is None or (wanted.dtype.kind == "b") != (array.dtype.kind == "b"):
            return False
        return is_close(array, wanted, rtol, atol)
    if isinstance(expected, (tuple, list)):
        if not isinstance(got, (tuple, list)) or len(got) != len(expected):
            return False
        return all(same(g, e, rtol, atol) for g, e in zip(got, expected, strict=True))
    if isinstance(expected, Mapping):
        if not isinstance(got, Mapping) or set(got) != set(expected):
            return False
        return all(same(got[key], expected[key], rtol, atol) for key in expected)
    return type(got) is type(expected) and bool(got == expected)


def show(value: Any) -> str:
    """``value`` in a few short lines, long arrays abbreviated."""
    if isinstance(value, tuple):
        return "(" + ", ".join(show(item) for item in value) + ("," if len(value) == 1 else "") + ")"
    if isinstance(value, list):
        return (
            "[" + ", ".join(show(item) for item in value[:_SHOWN]) + (", …]" if len(value) > _SHOWN else "]")
        )
    array = as_numbers(value)
    if array is None:
        text = repr(value)
        return text if len(text) <= 120 else text[:117] + "…"
    if array.ndim == 0:
        return f"{array.item():.6g}" if array.dtype.kind in "fc" else str(array.item())
    text = np.array2string(
        array, precision=4, threshold=24, edgeitems=3, suppress_small=False, max_line_width=80
    )
    return f"{text}   shape {array.shape}"


def type_name(value: Any) -> str:
    """The type of ``value`` in a student's words."""
    if value is None:
        return "None"
    names = {np.ndarray: "a NumPy array", dict: "a dict", str: "a string", list: "a list", tuple: "a tuple"}
    names |= {
        bool: "True or False",
        np.bool_: "True or False",
        int: "a number",
        float: "a number",
        complex: "a complex number",
    }
    if is_tensor(value):
        return "a torch tensor"
    if isinstance(value, np.number):
        return "a number"
    if type(value) in names:
        return names[type(value)]
    return "a function" if callable(value) else f"a {type(value).__name__}"
