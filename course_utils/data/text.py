"""Text: a novel, its characters as numbers, and dates written in seven ways."""

from __future__ import annotations

import datetime
import lzma
from functools import cache

import numpy as np

from course_utils._arrays import require
from course_utils.data.images import FILES


@cache
def load_austen() -> str:
    """*Pride and Prejudice* by Jane Austen (1813), without chapter numbers' front matter: 680,000 characters of plain text.

    Examples
    --------
    >>> load_austen()[:41]
    'It is a truth universally acknowledged, t'
    """
    return lzma.decompress((FILES / "pride_and_prejudice.txt.xz").read_bytes()).decode()


class Vocabulary:
    """The characters of a text, numbered in order.

    Parameters
    ----------
    text
        Every character that will ever be needed must be in it.

    Attributes
    ----------
    characters : str
        All of them, each once; the number of a character is its place here.

    Examples
    --------
    >>> vocabulary = Vocabulary("banana")
    >>> vocabulary.encode("nab"), vocabulary.decode([2, 0])
    (array([2, 0, 1]), 'na')
    """

    def __init__(self, text: str) -> None:
        require(len(text) > 0, "text", "at least one character", "none")
        self.characters = "".join(sorted(set(text)))
        self._numbers = {character: number for number, character in enumerate(self.characters)}

    def __len__(self) -> int:
        return len(self.characters)

    def encode(self, text: str) -> np.ndarray:
        """Numbers (len(text),) int64; ``ValueError`` names the first character that isn't known."""
        unknown = next((character for character in text if character not in self._numbers), None)
        require(unknown is None, "text", f"characters among {self.characters!r}", repr(unknown))
        return np.array([self._numbers[character] for character in text], dtype=np.int64)

    def decode(self, numbers: np.ndarray | list[int]) -> str:
        """The text that numbers (n,) stand for."""
        return "".join(self.characters[int(number)] for number in numbers)


MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_WAYS = (
    lambda d: f"{d.day} {MONTHS[d.month - 1]} {d.year}",
    lambda d: f"{MONTHS[d.month - 1]} {d.day}, {d.year}",
    lambda d: f"{d.day}.{d.month}.{d.year}",
    lambda d: f"{d.day:02}/{d.month:02}/{d.year}",
    lambda d: f"{d.day} {MONTHS[d.month - 1][:3]} {d.year % 100:02}",
    lambda d: f"{MONTHS[d.month - 1][:3]} {d.day} {d.year}",
    lambda d: f"the {d.day}{_ending(d.day)} of {MONTHS[d.month - 1]}, {d.year}",
)


def _ending(day: int) -> str:
    return "th" if 10 < day < 20 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")


def make_dates(n: int, *, seed: int = 0) -> list[tuple[str, str]]:
    """Dates from 1950 to 2049, each written in one of seven ways and as ISO 8601.

    A year of two digits is of this span, so that no date means two things; a day stands before its month in figures.

    Parameters
    ----------
    n
        How many.
    seed
        The same seed gives the same dates.

    Examples
    --------
    >>> make_dates(2, seed=1)
    [('Apr 27 1997', '1997-04-27'), ('the 8th of March, 2001', '2001-03-08')]
    """
    require(n >= 1, "n", "at least 1", n)
    rng = np.random.default_rng(seed)
    first = datetime.date(1950, 1, 1).toordinal()
    last = datetime.date(2049, 12, 31).toordinal()
    days = [datetime.date.fromordinal(int(day)) for day in rng.integers(first, last + 1, n)]
    return [
        (_WAYS[way](day), day.isoformat())
        for day, way in zip(days, rng.integers(len(_WAYS), size=n), strict=True)
    ]
