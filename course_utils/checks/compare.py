"""Compare an answer with what was expected, and say what kind of mistake separates them.

A relation between the two values ("the transpose", "n times too large") is named only if it holds on every
number, if it doesn't hold trivially (a symmetric matrix is its own transpose), and if no other relation explains
the same numbers as well. Where that fails, the answer is called wrong and nothing more is claimed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from course_utils.checks.mistake import Mistake
from course_utils.checks.values import as_numbers, is_close, same, show, type_name

Close = Callable[[np.ndarray, np.ndarray], bool]
Sizes = Mapping[str, int]
Finding = tuple[str, str]

_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")


def compare(
    got: Any,
    expected: Any,
    *,
    mistakes: Mapping[str, Any] | None = None,
    rtol: float = 1e-7,
    atol: float = 1e-9,
    sizes: Sizes | None = None,
    inputs: object = "",
    name: str = "Your answer",
) -> None:
    """Return if ``got`` is ``expected``; otherwise raise a :class:`Mistake` that says what kind of mistake it is.

    Parameters
    ----------
    got
        The answer: plain data (numbers, arrays, tensors, strings, None, and tuples, lists, dicts of them).
    expected
        The right answer. Tuples and lists are compared item by item, either serving for the other.
    mistakes
        The exercise's own mistakes: for each sentence, the value that the mistake would give here. They are
        tried in order, before anything else; one whose value is right here never fires.
    rtol, atol
        Numbers agree when ``|got − expected| ≤ atol + rtol·|expected|``.
    sizes
        Names of sizes that factors may come from, such as ``{"n": 7}``.
    inputs
        Lines that show the call, or what ``str`` makes such lines of; they open the mistake's detail.
    name
        What is compared, for the sentence.

    Raises
    ------
    Mistake
        If the answer is wrong.

    Examples
    --------
    >>> compare(28.0, 4.0, sizes={"n": 7})
    Traceback (most recent call last):
    course_utils.checks.mistake.Mistake: Your answer is n times too large: did you take a sum where a mean is asked?
    got       28
    expected  4
    """
    if same(got, expected, rtol, atol):
        return
    detail = "\n".join(
        line for line in (str(inputs), f"got       {show(got)}", f"expected  {show(expected)}") if line
    )
    for sentence, wrong in (mistakes or {}).items():
        if not same(wrong, expected, rtol, atol) and same(got, wrong, rtol, atol):
            raise Mistake("own", sentence, detail)
    kind, sentence = _diagnose(got, expected, name, rtol, atol, sizes or {})
    raise Mistake(kind, sentence, detail)


def _diagnose(got: Any, expected: Any, name: str, rtol: float, atol: float, sizes: Sizes) -> Finding:
    """The kind of mistake and the sentence for an answer that is known to be wrong."""
    if got is None:
        return "none", f"{name} is None: is a `return` missing?"
    wanted = as_numbers(expected)
    if wanted is not None:
        array = as_numbers(got)
        if array is None or (wanted.dtype.kind == "b") != (array.dtype.kind == "b"):
            return "type", f"{name} is {type_name(got)} where {type_name(expected)} is asked."
        return _diagnose_numbers(array, wanted, name, rtol, atol, sizes)
    if isinstance(expected, (tuple, list)):
        return _diagnose_sequence(got, expected, rtol, atol, sizes)
    if isinstance(expected, Mapping):
        return _diagnose_mapping(got, expected, rtol, atol, sizes)
    if type(got) is not type(expected):
        return "type", f"{name} is {type_name(got)} where {type_name(expected)} is asked."
    return "value", f"{name} is not the right one here."


def _diagnose_sequence(got: Any, expected: Any, rtol: float, atol: float, sizes: Sizes) -> Finding:
    count = len(expected)
    if not isinstance(got, (tuple, list)):
        return "type", f"You returned {type_name(got)} where a tuple of {count} values is asked."
    if len(got) != count:
        return "shape", f"You returned {len(got)} values where {count} are asked."
    if count > 1 and same(list(reversed(got)), list(expected), rtol, atol):
        return "order", "Your values are right, but in the reverse order."
    index = next(i for i in range(count) if not same(got[i], expected[i], rtol, atol))
    ordinal = _ORDINALS[index] if index < len(_ORDINALS) else f"{index + 1}th"
    name = f"The {ordinal} of your {count} values" if count > 1 else "Your value"
    return _diagnose(got[index], expected[index], name, rtol, atol, sizes)


def _diagnose_mapping(
    got: Any, expected: Mapping[Any, Any], rtol: float, atol: float, sizes: Sizes
) -> Finding:
    if not isinstance(got, Mapping):
        return "type", f"You returned {type_name(got)} where a dict is asked."
    if missing := [key for key in expected if key not in got]:
        return "shape", f"Your dict has no entry {missing[0]!r}."
    if set(got) != set(expected):
        return "shape", "Your dict has entries that were not asked for."
    key = next(key for key in expected if not same(got[key], expected[key], rtol, atol))
    return _diagnose(got[key], expected[key], f"Your entry {key!r}", rtol, atol, sizes)


def _diagnose_numbers(
    got: np.ndarray, expected: np.ndarray, name: str, rtol: float, atol: float, sizes: Sizes
) -> Finding:
    def close(a: np.ndarray, b: np.ndarray) -> bool:
        return is_close(a, b, rtol, atol)

    if (finding := _not_finite(got, expected, name)) is not None:
        return finding
    if expected.dtype.kind == "b":
        if got.shape == expected.shape:
            return "value", f"{name} is not the right one here."
        return "shape", _shape_sentence(got, expected, name, sizes)
    if got.shape != expected.shape:
        return _diagnose_shape(got, expected, name, close, sizes)
    found = dict(_relations(got, expected, name, close, sizes))
    if len(found) == 1:
        return next((kind, sentence) for sentence, kind in found.items())
    return (
        "value",
        f"{name} has the right shape and type, but not the right {'value' if got.ndim == 0 else 'values'}.",
    )


def _not_finite(got: np.ndarray, expected: np.ndarray, name: str) -> Finding | None:
    """NaN or infinity where the right answer has none."""
    bad = ~np.isfinite(got)
    if not bad.any() or not np.isfinite(expected).all():
        return None
    what = "NaN" if np.isnan(got).any() else "infinity"
    if got.ndim == 0:
        return "nan", f"{name} is {what}: look for a division by zero, a log of zero, or an overflow."
    where = "everywhere" if bad.all() else f"at index {_index(bad)}"
    return "nan", f"{name} is {what} {where}: look for a division by zero, a log of zero, or an overflow."


def _index(mask: np.ndarray) -> str:
    first = tuple(int(i) for i in np.argwhere(mask)[0])
    return str(first[0] if len(first) == 1 else first)


# --- same shape, other numbers -------------------------------------------------------------------------------


def _relations(
    got: np.ndarray, expected: np.ndarray, name: str, close: Close, sizes: Sizes
) -> Iterator[tuple[str, str]]:
    """Each (sentence, kind) of a relation that holds between the two and would not hold for a right answer."""
    for kind, sentence, wrong in _candidates(expected, sizes):
        if not close(wrong, expected) and close(got, wrong):
            yield sentence.format(name=name), kind
    if (
        _same_multiple(got, expected)
        and not any(close(got, factor * expected) for _, factor in _factors(sizes))
        and not close(got, -expected)
    ):
        yield (
            f"{name} is off by one constant factor: every number is the same multiple of the right one.",
            "factor",
        )
    if (words := _imprecise(got, expected)) is not None:
        yield f"{name} {words}", "precision"
    if got.ndim >= 1 and _permuted(got, expected, close):
        yield f"{name} has the right rows in the wrong order.", "rows_permuted"


def _candidates(expected: np.ndarray, sizes: Sizes) -> Iterator[tuple[str, str, np.ndarray]]:
    """What the common mistakes make of the right answer: kind, sentence, wrong value."""
    yield "sign", "{name} has the wrong sign.", -expected
    for sentence, factor in _factors(sizes):
        yield "factor", sentence, factor * expected
    with np.errstate(all="ignore"):
        yield "squared", "{name} is the square of the right one.", expected**2
        if expected.dtype.kind != "c" and (expected >= 0).all():
            yield "rooted", "{name} is the square root of the right one.", np.sqrt(expected)
    if expected.ndim == 2 and expected.shape[0] == expected.shape[1]:
        yield "transposed", "{name} is transposed: rows and columns are swapped.", expected.T
    for axis in range(expected.ndim):
        if expected.shape[axis] > 2:
            for step in (1, -1):
                yield (
                    "off_by_one",
                    f"{{name}} is shifted by one along axis {axis}.",
                    np.roll(expected, step, axis),
                )


def _factors(sizes: Sizes) -> list[tuple[str, float]]:
    """Sentence and value of each simple factor; a size that is itself 1 or 2 says nothing of its own."""
    factors = [
        ("{name} is twice the right one: look for a factor 2 that doesn't belong.", 2.0),
        ("{name} is half the right one: a factor 2 is missing.", 0.5),
    ]
    for n, value in sizes.items():
        if value >= 3:
            factors += [
                (f"{{name}} is {n} times too large: did you take a sum where a mean is asked?", value),
                (f"{{name}} is {n} times too small: did you take a mean where a sum is asked?", 1 / value),
                (
                    f"{{name}} is {n}/({n} − 1) times too large: one divisor is {n} − 1 where {n} belongs.",
                    value / (value - 1),
                ),
                (
                    f"{{name}} is {n}/({n} − 1) times too small: one divisor is {n} where {n} − 1 belongs.",
                    (value - 1) / value,
                ),
            ]
    return factors


def _same_multiple(got: np.ndarray, expected: np.ndarray) -> bool:
    """Whether got = c·expected for one c other than 0 and 1, on at least two numbers that differ."""
    mask = expected != 0
    if np.unique(expected[mask]).size < 2 or not np.all(got[~mask] == 0):
        return False
    ratios = got[mask] / expected[mask]
    return bool(
        np.allclose(ratios, ratios.flat[0], rtol=1e-6)
        and abs(ratios.flat[0]) > 1e-6
        and abs(ratios.flat[0] - 1) > 1e-3
    )


def _imprecise(got: np.ndarray, expected: np.ndarray) -> str | None:
    if got.dtype.kind in "iu" and expected.dtype.kind == "f":
        cut = np.trunc(expected), np.floor(expected), np.round(expected)
        if any(np.array_equal(got, whole) for whole in cut):
            return "is right but for its decimals: an integer array or an integer division has cut them off."
    if got.dtype.kind == "f" and np.allclose(
        got, expected, rtol=1e-4, atol=1e-6 * np.max(np.abs(expected), initial=0)
    ):
        if got.dtype.itemsize < expected.dtype.itemsize:
            return f"is right only to {got.dtype}: compute in {expected.dtype}."
        return "is nearly right, but not to full precision: is something rounded, or an approximation used?"
    return None


def _permuted(got: np.ndarray, expected: np.ndarray, close: Close) -> bool:
    """Whether the rows of ``got`` are those of ``expected`` in another order, which isn't just a shift."""
    rows = expected.shape[0]
    if rows < 2 or any(close(got, np.roll(expected, s, 0)) for s in ((0, 1, -1) if rows > 2 else (0,))):
        return False
    flat_got, flat_expected = got.reshape(rows, -1), expected.reshape(rows, -1)
    order_got, order_expected = (np.lexsort(np.round(a, 9).T[::-1]) for a in (flat_got, flat_expected))
    return close(flat_got[order_got], flat_expected[order_expected])


# --- another shape -------------------------------------------------------------------------------------------


def _diagnose_shape(got: np.ndarray, expected: np.ndarray, name: str, close: Close, sizes: Sizes) -> Finding:
    if got.ndim == 2 and close(got.T, expected):
        return "transposed", f"{name} is transposed: rows and columns are swapped."
    if expected.ndim == 0 and got.size > 1:
        if close(np.asarray(got.mean()), expected):
            return "shape", f"{name} is an array where one number is asked: its mean is missing."
        if close(np.asarray(got.sum()), expected):
            return "shape", f"{name} is an array where one number is asked: its sum is missing."
    if got.ndim == expected.ndim:
        for axis in range(got.ndim):
            if (finding := _one_short_or_long(got, expected, axis, name, close)) is not None:
                return finding
    return "shape", _shape_sentence(got, expected, name, sizes)


def _one_short_or_long(
    got: np.ndarray, expected: np.ndarray, axis: int, name: str, close: Close
) -> Finding | None:
    longer, shorter = (got, expected) if got.shape[axis] > expected.shape[axis] else (expected, got)
    length = longer.shape[axis]
    if shorter.shape[axis] != length - 1 or length < 2:
        return None
    without_last = np.take(longer, range(length - 1), axis)
    without_first = np.take(longer, range(1, length), axis)
    if not any(
        part.shape == shorter.shape and close(shorter, part) for part in (without_first, without_last)
    ):
        return None
    end = "first" if close(shorter, without_first) else "last"
    verb = "has one too many" if longer is got else "lacks one"
    return "off_by_one", f"{name} is right, but {verb} along axis {axis}: the {end}."


def _shape_sentence(got: np.ndarray, expected: np.ndarray, name: str, sizes: Sizes) -> str:
    if expected.ndim == 0:
        return f"{name} is an array where one number is asked."
    if got.ndim == 0:
        return f"{name} is one number where an array of shape {_named(expected.shape, sizes)} is asked."
    if expected.ndim == 1 and got.shape == (*expected.shape, 1):
        return f"{name} is a column of shape (…, 1) where a flat array is asked: drop the last axis."
    if expected.ndim == 1 and got.shape == expected.shape * 2:
        return f"{name} pairs everything with everything: a column met a row, and broadcasting made a square of them."
    if got.ndim != expected.ndim:
        return f"{name} has {got.ndim} axes where {expected.ndim} are asked: shape {_named(expected.shape, sizes)}."
    if got.shape == expected.shape[::-1]:
        return f"{name} has its axes swapped: shape {_named(expected.shape, sizes)} is asked."
    axis = next(i for i, (g, e) in enumerate(zip(got.shape, expected.shape, strict=True)) if g != e)
    length = "too long" if got.shape[axis] > expected.shape[axis] else "too short"
    return f"{name} is {length} along axis {axis}: shape {_named(expected.shape, sizes)} is asked."


def _named(shape: tuple[int, ...], sizes: Sizes) -> str:
    """The shape in the exercise's letters where every axis has one, otherwise as it is."""
    letters = {value: size for size, value in sizes.items()}
    if len(letters) == len(sizes) and all(length in letters for length in shape):
        shape_text = ", ".join(letters[length] for length in shape)
    else:
        shape_text = ", ".join(str(length) for length in shape)
    return f"({shape_text},)" if len(shape) == 1 else f"({shape_text})"
