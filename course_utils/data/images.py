"""Small pictures of one thing each: handwritten digits, clothes, and zip codes made of digits."""

from __future__ import annotations

import io
import lzma
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from course_utils._arrays import require

FILES = Path(__file__).parent / "files"


@dataclass(frozen=True)
class Images:
    """Pictures with one label each, in a training and a test part that share none.

    Parameters
    ----------
    x_train, x_test
        (n, 1, h, w) float32 from 0 (background) to 1.
    y_train, y_test
        (n,) int64, numbers in ``class_names``.
    class_names
        What the labels mean.
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    class_names: tuple[str, ...]


DIGITS = tuple("0123456789")
CLOTHES = (
    "T-shirt",
    "trousers",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
)


def load_mnist() -> Images:
    """5,000 handwritten digits of 28 × 28 pixels, 400 a class for training and 100 for testing, in random order.

    Examples
    --------
    >>> digits = load_mnist()
    >>> digits.x_train.shape, digits.x_test.shape
    ((4000, 1, 28, 28), (1000, 1, 28, 28))
    """
    return _load("mnist", DIGITS)


def load_fashion() -> Images:
    """7,000 pictures of clothes of 28 × 28 pixels, 600 a class for training and 100 for testing, in random order.

    Examples
    --------
    >>> load_fashion().class_names[9]
    'ankle boot'
    """
    return _load("fashion", CLOTHES)


def load_digits() -> Images:
    """1,797 handwritten digits of 8 × 8 pixels from scikit-learn; the 450 from the last writers are for testing.

    Examples
    --------
    >>> load_digits().x_train.shape
    (1347, 1, 8, 8)
    """
    from sklearn.datasets import load_digits as load

    table = load()
    x, y = (table.images[:, None] / 16).astype(np.float32), table.target.astype(np.int64)
    return Images(x[:1347], y[:1347], x[1347:], y[1347:], DIGITS)


@cache
def _arrays(name: str) -> dict[str, np.ndarray]:
    packed = (FILES / f"{name}.npz.xz").read_bytes()
    with np.load(io.BytesIO(lzma.decompress(packed)), allow_pickle=False) as arrays:
        return dict(arrays)


def _load(name: str, class_names: tuple[str, ...]) -> Images:
    arrays, rng = _arrays(name), np.random.default_rng(0)
    parts: list[np.ndarray] = []
    for part in ("train", "test"):
        order = rng.permutation(len(arrays[f"y_{part}"]))  # the files are sorted by class
        x = arrays[f"x_{part}"][order, None].astype(np.float32) / 255
        parts += [x, arrays[f"y_{part}"][order].astype(np.int64)]
    x_train, y_train, x_test, y_test = parts
    return Images(x_train, y_train, x_test, y_test, class_names)


def make_zip_codes(n: int, *, part: str = "train", seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Zip codes: five handwritten digits side by side, none quite straight in its place.

    Parameters
    ----------
    n
        How many.
    part
        ``"train"`` or ``"test"``: the digits come from that part of :func:`load_mnist`, so that no handwriting is in both.
    seed
        The same seed gives the same codes.

    Returns
    -------
    images, digits
        (n, 1, 32, 128) float32 from 0 to 1, and (n, 5) int64 from left to right.

    Examples
    --------
    >>> images, digits = make_zip_codes(3)
    >>> images.shape, digits.shape
    ((3, 1, 32, 128), (3, 5))
    """
    require(n >= 1, "n", "at least 1", n)
    require(part in ("train", "test"), "part", "'train' or 'test'", repr(part))
    mnist, rng = load_mnist(), np.random.default_rng(seed)
    x, y = (mnist.x_train, mnist.y_train) if part == "train" else (mnist.x_test, mnist.y_test)
    chosen = rng.integers(0, len(y), (n, 5))
    # A digit fills the middle 20 of its 28 columns: neighbours overlap by their empty margins.
    left = 24 * np.arange(5) + rng.integers(0, 5, (n, 5))
    top = rng.integers(0, 5, (n, 5))
    images = np.zeros((n, 1, 32, 128), np.float32)
    for code in range(n):
        for place in range(5):
            i, j = top[code, place], left[code, place]
            spot = images[code, 0, i : i + 28, j : j + 28]
            np.maximum(spot, x[chosen[code, place], 0], out=spot)
    return images, y[chosen]
