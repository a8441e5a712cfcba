"""Fingerprints of code by winnowing: what two answers share, whatever their names, numbers, comments and layout.

Code becomes a row of words; each ``K`` words in a row get a hash; of each ``WINDOW`` hashes in a row the least is kept. So a
passage of ``K + WINDOW - 1`` words that stands in two answers leaves a fingerprint in both.

S. Schleimer, D. S. Wilkerson, A. Aiken: Winnowing: Local Algorithms for Document Fingerprinting. SIGMOD 2003.
"""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Mapping
from dataclasses import dataclass
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

K = 7  # words of one fingerprint: less than a line
WINDOW = 4
MAX_SOURCE = 100_000  # characters of one answer; the rest is not looked at

# One pattern reads code that Python can't parse as well as code that it can, and never goes back over what it has read.
_WORD = re.compile(
    r"""
    (?P<skip> [\s\\;]+ | \#[^\n]* )
  | (?P<string> [rRbBuUfF]{0,2} (?: \"\"\" (?: [^\\"] | \\. | "(?!"") )*+ (?: \"\"\" )?
                                  | ''' (?: [^\\'] | \\. | '(?!'') )*+ (?: ''' )?
                                  | " (?: [^\\"\n] | \\. )*+ "? | ' (?: [^\\'\n] | \\. )*+ '? ) )
  | (?P<name> [^\W\d]\w* )
  | (?P<number> \.?\d (?: [eE][-+] | [\w.] )*+ )
  | (?P<sign> \*\*=? | //=? | <<=? | >>=? | [-+*/%@&|^<>=!:]= | -> | \.\.\. | . )
    """,
    re.VERBOSE | re.DOTALL,
)
_KEPT = frozenset(keyword.kwlist) | frozenset(dir(builtins)) - {"_"}


@dataclass(frozen=True)
class Words:
    """Code as words.

    Parameters
    ----------
    kinds
        What each stands for: itself, or ``v`` for a name, ``0`` for a number, ``s`` for a text.
    spans
        Where each begins and ends in the source.
    """

    kinds: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]


def words(source: str) -> Words:
    """The words of code, without comments, docstrings and layout.

    Names that anyone may choose become ``v``. Python's own stay, and so do those of a module's or an object's parts, for
    ``np.exp`` can't be renamed; the parts of ``self`` can. Brackets that only group are left out.
    """
    kinds: list[str] = []
    spans: list[tuple[int, int]] = []
    open_brackets: list[bool] = []  # for each, whether it does more than group
    before, last = "", ""
    fresh = True  # a statement begins here
    for match in _WORD.finditer(source[:MAX_SOURCE]):
        group, text = match.lastgroup, match[0]
        if group == "skip":
            fresh = fresh or "\n" in text or ";" in text
            continue
        if group == "string" and fresh and not open_brackets and _ends_a_line(source, match.end()):
            continue  # a docstring, or a text that nobody uses
        if (text in ")]}" and kinds[-1:] == [","]) or (group == "string" and kinds[-1:] == ["s"]):
            kinds.pop()  # a comma before a closing bracket, and a text in two pieces, are layout
            spans.pop()
        counts = True
        if text in "([{":
            counts = text != "(" or _is_called(last)
            open_brackets.append(counts)
        elif text in ")]}" and open_brackets:
            counts = open_brackets.pop()
        if counts:
            of_a_part = last == "." and before != "self"
            kinds.append(_kind(str(group), text, of_a_part))
            spans.append(match.span())
        before, last, fresh = last, text, False
    return Words(tuple(kinds), tuple(spans))


def _kind(group: str, text: str, of_a_part: bool) -> str:
    if group == "name":
        return text if text in _KEPT or of_a_part else "v"
    return {"number": "0", "string": "s"}.get(group, text)


def _is_called(word: str) -> bool:
    """Whether a bracket after that word is the bracket of a call, or of a definition."""
    return (word.isidentifier() and not keyword.iskeyword(word)) or word in (")", "]")


def _ends_a_line(source: str, position: int) -> bool:
    rest = source[position : position + 80].lstrip(" \t")
    return not rest or rest[0] in "\n#;"


def fingerprints(code: Words) -> dict[int, list[int]]:
    """The fingerprints of code: hash → the numbers of the words where it begins."""
    hashes = _hashes(code)
    if not len(hashes):
        return {}
    if len(hashes) <= WINDOW:
        chosen = {int(np.argmin(hashes))}
    else:
        windows = np.lib.stride_tricks.sliding_window_view(hashes, WINDOW)
        # The rightmost least, as in the paper: the fewest positions are kept where a passage repeats itself.
        last = WINDOW - 1 - np.argmin(windows[:, ::-1], axis=1)
        chosen = set((last + np.arange(len(windows))).tolist())
    found: dict[int, list[int]] = {}
    for position in sorted(chosen):
        found.setdefault(int(hashes[position]), []).append(position)
    return found


def all_hashes(code: Words) -> frozenset[int]:
    """The hashes of every ``K`` words in a row, kept or not: what is taken away for handed-out code."""
    return frozenset(_hashes(code).tolist())


def _hashes(code: Words) -> NDArray[np.uint64]:
    count = len(code.kinds) - K + 1
    if count < 1:
        return np.empty(0, np.uint64)
    numbers = np.array([crc32(kind.encode(errors="replace")) for kind in code.kinds], np.uint64)
    hashes = np.zeros(count, np.uint64)
    for offset in range(K):
        hashes = hashes * np.uint64(0x9E3779B97F4A7C15) + numbers[offset : offset + count]
    hashes ^= hashes >> np.uint64(32)  # the upper half is the better mixed one
    return hashes * np.uint64(0xD6E8FEB86659FD93)


def covered(
    source: str, code: Words, marks: Mapping[int, list[int]], shared: frozenset[int]
) -> list[tuple[int, int]]:
    """The parts of the source under the fingerprints in ``shared``, in order, none longer than its line."""
    starts = (position for fingerprint in shared for position in marks.get(fingerprint, ()))
    inside = sorted({number for start in starts for number in range(start, start + K)})
    parts: list[tuple[int, int]] = []
    for before, number in zip([-2, *inside], inside, strict=False):
        start, end = code.spans[number]
        if number == before + 1 and "\n" not in source[parts[-1][1] : start]:
            parts[-1] = parts[-1][0], end
        else:
            parts.append((start, end))
    return parts
