"""What may cross from the sandbox: plain data, parsed with suspicion.

A value is a tree of JSON objects, each with a tag, and a list of blobs, the raw bytes of its arrays. Nothing is ever
unpickled. Every size is bounded before memory is taken for it, and every malformed input is a :class:`WireError`.

Layout of a message: 4 bytes with the length of the JSON text, the text, then the blobs, whose lengths the text states.
"""

from __future__ import annotations

import json
import math
import re
import struct
import sys
from typing import Any, NoReturn

import numpy as np

MAX_MESSAGE = 64 * 2**20  # bytes of one message
MAX_TEXT = 8 * 2**20  # bytes of its JSON text
MAX_NODES = 200_000  # values in a tree
MAX_DEPTH = 40
MAX_DIGITS = 4_000  # of an integer
_DTYPE = re.compile(r"[<>|=](?:b1|[iu][1248]|f[248]|c(?:8|16)|[US]\d{1,6})")


class WireError(Exception):
    """A message that is not plain data within bounds."""


class NotPlain(Exception):
    """A value that can't be sent, because it is not plain data or is too large."""


# --- writing -------------------------------------------------------------------------------------------------


def encode(value: Any) -> bytes:
    """Plain data as a message.

    Raises
    ------
    NotPlain
        If some part of ``value`` is of another kind, or it is too large or too deep.
    """
    blobs: list[bytes] = []
    text = json.dumps({"value": _tree(value, blobs, 0), "blobs": [len(blob) for blob in blobs]}).encode()
    message = b"".join([struct.pack(">I", len(text)), text, *blobs])
    if len(text) > MAX_TEXT or len(message) > MAX_MESSAGE:
        raise NotPlain(f"the value takes {len(message) >> 20} MiB, {MAX_MESSAGE >> 20} are allowed")
    return message


def _tree(value: Any, blobs: list[bytes], depth: int) -> Any:
    # Exact types: a subclass can lie about what it holds.
    kind = type(value)
    if depth > MAX_DEPTH:
        raise NotPlain("the value is nested too deeply")
    if value is None or kind is bool or kind is str:
        return value
    if kind is int:
        return {"int": _digits(value)}
    if kind is float:
        return {"float": value.hex()}
    if kind is complex:
        return {"complex": [value.real.hex(), value.imag.hex()]}
    if kind is bytes:
        return {"bytes": _blob(value, blobs)}
    if kind in (tuple, list):
        return {kind.__name__: [_tree(item, blobs, depth + 1) for item in value]}
    if kind is dict:
        return {"dict": [[_tree(k, blobs, depth + 1), _tree(v, blobs, depth + 1)] for k, v in value.items()]}
    if kind is np.ndarray:
        return {"array": _array(value, blobs)}
    if isinstance(value, np.generic):
        return {"scalar": _array(np.asarray(value), blobs)}
    torch = sys.modules.get("torch")
    if torch is not None and kind is torch.Tensor:
        return {"tensor": _array(value.detach().cpu().numpy(), blobs)}
    raise NotPlain(f"a {kind.__name__} is not plain data")


def _digits(value: int) -> str:
    if value.bit_length() > 3 * MAX_DIGITS:
        raise NotPlain("the integer has too many digits")
    return str(value)


def _array(array: np.ndarray, blobs: list[bytes]) -> list[Any]:
    if not _DTYPE.fullmatch(array.dtype.str):
        raise NotPlain(f"an array of dtype {array.dtype} is not plain data")
    if array.nbytes > MAX_MESSAGE:
        raise NotPlain(f"the array takes {array.nbytes >> 20} MiB, {MAX_MESSAGE >> 20} are allowed")
    return [array.dtype.str, list(array.shape), _blob(array.tobytes(), blobs)]


def _blob(content: bytes, blobs: list[bytes]) -> int:
    blobs.append(content)
    return len(blobs) - 1


# --- reading -------------------------------------------------------------------------------------------------


def decode(message: bytes) -> Any:
    """The plain data in a message; arrays are fresh and writable.

    Raises
    ------
    WireError
        If the message is anything but what :func:`encode` writes.
    """
    try:
        text, blobs = _split(message)
        if not isinstance(text, dict) or set(text) != {"value", "blobs"}:
            raise WireError("no value")
        return _Reader(blobs).read(text["value"], 0)
    except WireError:
        raise
    except (
        ValueError,
        TypeError,
        KeyError,
        RecursionError,
        OverflowError,
        MemoryError,
        struct.error,
    ) as error:
        raise WireError(f"malformed message: {type(error).__name__}") from error


def _split(message: bytes) -> tuple[Any, list[memoryview]]:
    if len(message) > MAX_MESSAGE or len(message) < 4:
        raise WireError("a message of that length is not allowed")
    (length,) = struct.unpack(">I", message[:4])
    if length > MAX_TEXT or 4 + length > len(message):
        raise WireError("the text is longer than the message")
    text = json.loads(
        message[4 : 4 + length].decode("utf-8"),
        parse_constant=_refuse,
        parse_int=_small_int,
        parse_float=_refuse,
    )
    blobs, start, view = [], 4 + length, memoryview(message)
    for size in text["blobs"]:
        if not isinstance(size, int) or size < 0 or start + size > len(message):
            raise WireError("a blob is longer than the message")
        blobs.append(view[start : start + size])
        start += size
    if start != len(message):
        raise WireError("bytes are left over")
    return text, blobs


def _refuse(text: str) -> NoReturn:
    raise WireError(f"a bare {text[:20]} is not allowed")


def _small_int(text: str) -> int:
    if len(text) > 15:
        raise WireError("a bare integer is too long")
    return int(text)


class _Reader:
    """Builds the value of one tree, counting what it builds."""

    def __init__(self, blobs: list[memoryview]) -> None:
        self.blobs = blobs
        self.nodes = 0

    def read(self, tree: Any, depth: int) -> Any:
        self.nodes += 1
        if self.nodes > MAX_NODES or depth > MAX_DEPTH:
            raise WireError("too many values, or nested too deeply")
        if tree is None or isinstance(tree, (bool, str)):
            return tree
        if not isinstance(tree, dict) or len(tree) != 1:
            raise WireError("a value has exactly one tag")
        ((tag, content),) = tree.items()
        reader = getattr(self, f"_{tag}", None) if tag in _TAGS else None
        if reader is None:
            raise WireError("unknown tag")
        return reader(content, depth + 1)

    def _int(self, content: Any, _: int) -> int:
        if (
            not isinstance(content, str)
            or len(content) > MAX_DIGITS
            or not re.fullmatch(r"-?\d+", content, re.ASCII)
        ):
            raise WireError("malformed integer")
        return int(content)

    def _float(self, content: Any, _: int) -> float:
        if not isinstance(content, str) or len(content) > 64:
            raise WireError("malformed float")
        return float.fromhex(content)

    def _complex(self, content: Any, depth: int) -> complex:
        real, imaginary = self._parts(content, 2)
        return complex(self._float(real, depth), self._float(imaginary, depth))

    def _bytes(self, content: Any, _: int) -> bytes:
        return bytes(self._blob(content))

    def _tuple(self, content: Any, depth: int) -> tuple[Any, ...]:
        return tuple(self._list(content, depth))

    def _list(self, content: Any, depth: int) -> list[Any]:
        if not isinstance(content, list):
            raise WireError("a list is expected")
        return [self.read(item, depth) for item in content]

    def _dict(self, content: Any, depth: int) -> dict[Any, Any]:
        pairs = [self._parts(pair, 2) for pair in self._parts(content)]
        return {self.read(key, depth): self.read(value, depth) for key, value in pairs}

    def _array(self, content: Any, _: int) -> np.ndarray:
        dtype_text, shape, blob = self._parts(content, 3)
        if not isinstance(dtype_text, str) or not _DTYPE.fullmatch(dtype_text):
            raise WireError("an array of that dtype is not allowed")
        lengths = self._parts(shape)
        if len(lengths) > 32 or not all(type(length) is int and length >= 0 for length in lengths):
            raise WireError("malformed shape")
        dtype, data = np.dtype(dtype_text), self._blob(blob)
        if math.prod(lengths) * dtype.itemsize != len(data):
            raise WireError("shape and size of an array don't agree")
        return np.frombuffer(data, dtype, count=math.prod(lengths)).reshape(lengths).copy()

    def _scalar(self, content: Any, depth: int) -> Any:
        array = self._array(content, depth)
        if array.shape != ():
            raise WireError("a scalar has no axes")
        return array[()]

    def _tensor(self, content: Any, depth: int) -> Any:
        import torch

        return torch.from_numpy(self._array(content, depth))

    def _handle(self, content: Any, _: int) -> Handle:
        number, type_name = self._parts(content, 2)
        if type(number) is not int or not isinstance(type_name, str):
            raise WireError("malformed handle")
        return Handle(number, type_name[:80])

    def _blob(self, number: Any) -> memoryview:
        if type(number) is not int or not 0 <= number < len(self.blobs):
            raise WireError("no such blob")
        return self.blobs[number]

    @staticmethod
    def _parts(content: Any, count: int | None = None) -> list[Any]:
        if not isinstance(content, list) or (count is not None and len(content) != count):
            raise WireError("a list of another length is expected")
        return content


_TAGS = {"int", "float", "complex", "bytes", "tuple", "list", "dict", "array", "scalar", "tensor", "handle"}


class Handle:
    """A stand-in for an object that stays in the sandbox.

    Parameters
    ----------
    number
        By which the sandbox knows it.
    type_name
        Its class, for messages.
    """

    def __init__(self, number: int, type_name: str) -> None:
        self.number = number
        self.type_name = type_name
