"""Arguments at the door: which library they belong to, and whether they are what a reference expects."""

from __future__ import annotations

from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
from array_api_compat import array_namespace as _namespace_of
from array_api_compat import is_array_api_obj

Array = Any  # a NumPy array, a torch tensor, or any other array of the array API standard


def as_arrays(**arguments: Any) -> tuple[ModuleType, list[Array]]:
    """Return the array namespace of the arguments and the arguments as floating-point arrays of it.

    Lists and Python numbers become NumPy arrays. Integer arrays take the precision of the other arguments, or the
    library's default where all are integers.

    Parameters
    ----------
    **arguments
        The arrays by the names that the caller gave them.

    Raises
    ------
    ValueError
        If an argument is not numeric, is empty, or holds NaN or infinity; if arguments belong to several libraries
        or devices.
    """
    given = {
        name: value if is_array_api_obj(value) else _from_python(name, value)
        for name, value in arguments.items()
    }
    try:
        xp = _namespace_of(*given.values())
    except TypeError as error:
        kinds = ", ".join(
            f"{name} is a {type(value).__module__}.{type(value).__name__}" for name, value in given.items()
        )
        raise ValueError(f"expected arrays of one library, got {kinds}") from error
    floating = [value.dtype for value in given.values() if _is_kind(xp, value.dtype, "real floating")]
    default = xp.result_type(*floating) if floating else xp.asarray(0.0).dtype
    return xp, [_finite_float(xp, name, value, default) for name, value in given.items()]


def _from_python(name: str, value: Any) -> np.ndarray:
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name}: expected an array of numbers, got rows of different lengths") from error
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name}: expected an array of numbers, got {type(value).__name__}")
    return array


def _finite_float(xp: ModuleType, name: str, array: Array, default: Any) -> Array:
    if _is_kind(xp, array.dtype, ("bool", "integral")):
        array = xp.astype(array, default)
    # Not by require: NumPy takes longer to say what a dtype is called than to add up a small array.
    if not _is_kind(xp, array.dtype, "real floating"):
        raise ValueError(f"{name}: expected an array of real numbers, got dtype {array.dtype}")
    if 0 in array.shape:
        raise ValueError(f"{name}: expected at least one number, got shape {tuple(array.shape)}")
    require(_all_finite(xp, array), name, "finite numbers", "NaN or infinity")
    return array


@cache  # for the same reason
def _is_kind(xp: ModuleType, dtype: Any, kind: str | tuple[str, ...]) -> bool:
    return bool(xp.isdtype(dtype, kind))


def _all_finite(xp: ModuleType, array: Array) -> bool:
    if isinstance(array, np.ndarray):
        return bool(np.isfinite(array).all())  # xp.all takes as long again to come to the same
    # torch's isfinite is five times slower than its sum, which NaN and infinity can't hide from.
    if bool(xp.isfinite(xp.sum(array))):
        return True
    return bool(xp.all(xp.isfinite(array)))


def require(condition: bool, argument: str, expected: str, got: object) -> None:
    """Raise a ``ValueError`` that names the argument unless ``condition`` holds.

    Examples
    --------
    >>> require(False, "lam", "a number ≥ 0", -1)
    Traceback (most recent call last):
    ValueError: lam: expected a number ≥ 0, got -1
    """
    if not condition:
        raise ValueError(f"{argument}: expected {expected}, got {got}")


def require_axes(argument: str, array: Array, axes: str) -> None:
    """Check the number of axes; ``axes`` describes them, such as ``"(n, d)"``."""
    require(
        array.ndim == axes.count(",") + (not axes.endswith(",)")),
        argument,
        f"shape {axes}",
        f"shape {tuple(array.shape)}",
    )


def require_same_rows(first: str, X: Array, second: str, Y: Array) -> None:
    """Check that two arrays hold the same number of samples."""
    n = X.shape[0]
    require(Y.shape[0] == n, second, f"as many rows as {first} ({n})", f"{Y.shape[0]}")
