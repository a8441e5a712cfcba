"""What may cross from the sandbox: plain data, parsed with suspicion.

A message is 4 bytes with the length of a JSON text, that text, then blobs, whose lengths the text states. The text
holds a tree in which every value but ``null``, ``true``, ``false`` and strings has exactly one tag; the numbers of
arrays are in the blobs. Nothing is ever unpickled. Every size is bounded before memory is taken for it, and every
malformed message is a :class:`WireError`, never anything else.

Writing happens inside the sandbox, where a student's code can change it, so that only reading guards anything.
"""

from __future__ import annotations

import json
import math
import re
import struct
import sys
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

MAX_MESSAGE = 64 * 2**20  # bytes of a message
MAX_TEXT = 4 * 2**20  # bytes of its JSON text
MAX_NODES = 100_000  # values in its tree
MAX_DEPTH = 40
MAX_KEYS = 1_000  # of one dict: keys whose hashes collide on purpose make a dict quadratic
MAX_DIGITS = 4_000  # of an integer
MAX_NAME = 80  # characters of a type's name

_DTYPE = re.compile(r"[<>|](?:b1|[iu][1248]|f[248]|c(?:8|16)|S\d{1,7}|U\d{1,7})")
_PLAIN = (bool, int, float, complex, str, bytes, tuple, list, dict, np.ndarray)

Handle = tuple[int, str, bool]  # a number, the name of the object's type, whether it can be called


class WireError(Exception):
    """A message that is not plain data within bounds."""


class NotPlain(Exception):
    """A value that can't be sent: it is not plain data, or there is too much of it."""


def encode(value: Any, *, handle: Callable[[Any], Handle] | None = None) -> bytes:
    """Write plain data as a message.

    Parameters
    ----------
    value
        ``None``, numbers, strings, bytes, NumPy arrays and scalars, torch tensors, and tuples, lists and dicts of them. Objects
        of subclasses from libraries, such as a named tuple or a masked array, are sent as what they are made of.
    handle
        Is asked for a number to send in place of any other object.

    Raises
    ------
    NotPlain
        If some part is of another kind and there is no ``handle``, or it is too large or too deep.
    """
    writer = _Writer(handle)
    tree = writer.write(value, 0)
    text = json.dumps({"value": tree, "blobs": [len(blob) for blob in writer.blobs]}).encode()
    if len(text) > MAX_TEXT or 4 + len(text) + writer.size > MAX_MESSAGE:
        raise NotPlain("there is too much of it")
    return b"".join([struct.pack(">I", len(text)), text, *writer.blobs])


def decode(message: bytes, *, handle: Callable[[int, str, bool], Any] | None = None) -> Any:
    """Read the plain data in a message; arrays are fresh and writable.

    Parameters
    ----------
    message
        Anything at all.
    handle
        Makes the stand-in for an object that stays in the sandbox; without it such a message is refused.

    Raises
    ------
    WireError
        If the message is anything but what :func:`encode` writes.
    """
    try:
        tree, blobs = _split(message)
        return _Reader(blobs, handle).read(tree, 0)
    except WireError:
        raise
    except Exception as error:
        raise WireError(f"malformed message: {type(error).__name__}") from error


# --- writing -------------------------------------------------------------------------------------------------


class _Writer:
    """Builds the tree of one value and collects its blobs."""

    def __init__(self, handle: Callable[[Any], Handle] | None) -> None:
        self.handle = handle
        self.blobs: list[bytes] = []
        self.size = 0
        self.nodes = 0

    def write(self, value: Any, depth: int) -> Any:
        self.nodes += 1
        if depth > MAX_DEPTH:
            raise NotPlain("it is nested too deeply")
        if self.nodes > MAX_NODES:
            raise NotPlain("there is too much of it")
        if value is None or value is True or value is False:
            return value
        if is_tensor(value):
            return self._tensor(value)
        if issubclass(type(value), np.generic):
            return self._array("scalar", np.asarray(value), value, depth)
        base = _base(type(value))
        if base is None:
            return self._other(value)
        if base is np.ndarray:
            return self._array("array", value.view(np.ndarray), value, depth)
        return getattr(self, f"_{base.__name__}")(value, depth)

    def _int(self, value: int, _: int) -> Any:
        if int.bit_length(value) > 3 * MAX_DIGITS:
            raise NotPlain("the integer has too many digits")
        return {"int": int.__repr__(value)}

    def _float(self, value: float, _: int) -> Any:
        return {"float": float.hex(value)}

    def _complex(self, value: complex, _: int) -> Any:
        return {"complex": [float.hex(value.real), float.hex(value.imag)]}

    def _str(self, value: str, _: int) -> Any:
        try:
            str.encode(value)
        except UnicodeEncodeError:
            raise NotPlain("it holds half a character") from None
        return str.__str__(value)

    def _bytes(self, value: bytes, _: int) -> Any:
        return {"bytes": self._blob(bytes(value))}

    def _tuple(self, value: tuple[Any, ...], depth: int) -> Any:
        return {"tuple": [self.write(item, depth + 1) for item in tuple.__iter__(value)]}

    def _list(self, value: list[Any], depth: int) -> Any:
        return {"list": [self.write(item, depth + 1) for item in list.__iter__(value)]}

    def _dict(self, value: dict[Any, Any], depth: int) -> Any:
        if dict.__len__(value) > MAX_KEYS:
            raise NotPlain("there is too much of it")
        pairs = dict.items(value)
        return {"dict": [[self.write(k, depth + 1), self.write(v, depth + 1)] for k, v in pairs]}

    def _array(self, tag: str, array: np.ndarray, original: Any, depth: int) -> Any:
        if array.dtype == object and tag == "array":
            items = [self.write(item, depth + 1) for item in array.ravel().tolist()]
            return {"objects": [list(array.shape), items]}
        if not _DTYPE.fullmatch(array.dtype.str):
            return self._other(original)
        if self.size + array.nbytes > MAX_MESSAGE:
            raise NotPlain("there is too much of it")
        content = array.tobytes()
        if array.dtype.kind == "U" and not _are_characters(
            np.frombuffer(content, array.dtype.byteorder + "u4")
        ):
            raise NotPlain("it holds half a character")
        return {tag: [array.dtype.str, list(array.shape), self._blob(content)]}

    def _tensor(self, value: Any) -> Any:
        if value.element_size() * value.nelement() > MAX_MESSAGE:
            raise NotPlain("there is too much of it")
        try:
            array = value.detach().cpu().resolve_conj().resolve_neg().numpy()
        except (TypeError, RuntimeError):  # sparse, quantised, or of a dtype that NumPy lacks
            return self._other(value)
        return {"tensor": self._array("array", array, value, 0)["array"]}

    def _other(self, value: Any) -> Any:
        if self.handle is None:
            raise NotPlain(f"a {type(value).__name__} is not plain data")
        number, type_name, can_be_called = self.handle(value)
        return {"handle": [number, type_name[:MAX_NAME], can_be_called]}

    def _blob(self, content: bytes) -> int:
        self.size += len(content)
        self.blobs.append(content)
        return len(self.blobs) - 1


def _are_characters(codes: np.ndarray) -> bool:
    """Whether all are code points that text can hold: no halves of a pair, none beyond the last."""
    return not bool(((codes > 0x10FFFF) | ((codes >= 0xD800) & (codes <= 0xDFFF))).any())


def _base(kind: type) -> type | None:
    """The plain type that ``kind`` is or derives from; a class of the notebook's own is not plain."""
    if kind in _PLAIN:
        return kind
    if kind.__module__ == "__main__":
        return None
    return next((base for base in _PLAIN if issubclass(kind, base)), None)


def is_tensor(value: Any) -> bool:
    """Whether ``value`` is a torch tensor, without importing torch to find out."""
    torch = sys.modules.get("torch")
    return torch is not None and issubclass(type(value), torch.Tensor)


# --- reading -------------------------------------------------------------------------------------------------


def _split(message: bytes) -> tuple[Any, list[memoryview]]:
    """The tree and the blobs; together they must be the message to the last byte."""
    if not 4 <= len(message) <= MAX_MESSAGE:
        raise WireError("a message of that length is not allowed")
    (length,) = struct.unpack(">I", message[:4])
    if length > MAX_TEXT or 4 + length > len(message):
        raise WireError("the text is longer than the message")
    text = json.loads(
        message[4 : 4 + length].decode("utf-8"),
        parse_constant=_refuse,
        parse_float=_refuse,
        parse_int=_small_int,
    )
    if type(text) is not dict or set(text) != {"value", "blobs"}:
        raise WireError("a value and blobs are expected")
    blobs, start, view = [], 4 + length, memoryview(message)
    for size in _items(text["blobs"]):
        if type(size) is not int or not 0 <= size <= len(message) - start:
            raise WireError("a blob is longer than the message")
        blobs.append(view[start : start + size])
        start += size
    if start != len(message):
        raise WireError("bytes are left over")
    return text["value"], blobs


def _refuse(text: str) -> NoReturn:
    raise WireError(f"a bare {text[:20]} is not allowed")


def _small_int(text: str) -> int:
    if len(text) > 15:
        raise WireError("a bare integer is too long")
    return int(text)


def _items(content: Any, count: int | None = None) -> list[Any]:
    if type(content) is not list or (count is not None and len(content) != count):
        raise WireError("a list of another length is expected")
    return content


class _Reader:
    """Builds the value of one tree, counting what it builds."""

    def __init__(self, blobs: list[memoryview], handle: Callable[[int, str, bool], Any] | None) -> None:
        self.blobs = blobs
        self.handle = handle
        self.nodes = 0
        self.size = 0

    def read(self, tree: Any, depth: int) -> Any:
        self.nodes += 1
        if self.nodes > MAX_NODES or depth > MAX_DEPTH:
            raise WireError("too many values, or nested too deeply")
        if tree is None or type(tree) is bool:
            return tree
        if type(tree) is str:
            tree.encode()  # half a character would break whoever writes it to a file
            return tree
        if type(tree) is not dict or len(tree) != 1:
            raise WireError("a value has exactly one tag")
        ((tag, content),) = tree.items()
        if tag not in _READERS:
            raise WireError("unknown tag")
        return _READERS[tag](self, content, depth)

    def _int(self, content: Any, _: int) -> int:
        if type(content) is not str or not re.fullmatch(rf"-?[0-9]{{1,{MAX_DIGITS}}}", content):
            raise WireError("malformed integer")
        return int(content)

    def _float(self, content: Any, _: int) -> float:
        if type(content) is not str or len(content) > 40:
            raise WireError("malformed float")
        return float.fromhex(content)

    def _complex(self, content: Any, depth: int) -> complex:
        real, imaginary = _items(content, 2)
        return complex(self._float(real, depth), self._float(imaginary, depth))

    def _bytes(self, content: Any, _: int) -> bytes:
        return bytes(self._counted(content))

    def _tuple(self, content: Any, depth: int) -> tuple[Any, ...]:
        return tuple(self._list(content, depth))

    def _list(self, content: Any, depth: int) -> list[Any]:
        return [self.read(item, depth + 1) for item in _items(content)]

    def _dict(self, content: Any, depth: int) -> dict[Any, Any]:
        pairs = [_items(pair, 2) for pair in _items(content)]
        if len(pairs) > MAX_KEYS:
            raise WireError("a dict with too many keys")
        return {self.read(key, depth + 1): self.read(value, depth + 1) for key, value in pairs}

    def _array(self, content: Any, _: int) -> np.ndarray:
        dtype_text, lengths, number = _items(content, 3)
        if type(dtype_text) is not str or not _DTYPE.fullmatch(dtype_text):
            raise WireError("an array of that dtype is not allowed")
        dtype, data, shape = np.dtype(dtype_text), self._counted(number), self._shape(lengths)
        if math.prod(shape) * dtype.itemsize != len(data):
            raise WireError("shape and size of an array don't agree")
        if dtype.kind == "b":
            _require_truth_values(np.frombuffer(data, "u1"))
        if dtype.kind == "U" and not _are_characters(np.frombuffer(data, dtype.byteorder + "u4")):
            raise WireError("half a character, or none")
        return np.frombuffer(data, dtype).reshape(shape).copy()

    def _objects(self, content: Any, depth: int) -> np.ndarray:
        lengths, items = _items(content, 2)
        values, shape = self._list(items, depth), self._shape(lengths)
        if math.prod(shape) != len(values):
            raise WireError("shape and size of an array don't agree")
        array = np.empty(len(values), object)
        for i, value in enumerate(values):  # one by one: `array[:] = values` would look into lists and arrays
            array[i] = value
        return array.reshape(shape)

    def _scalar(self, content: Any, depth: int) -> Any:
        array = self._array(content, depth)
        if array.shape != ():
            raise WireError("a scalar has no axes")
        return array[()]

    def _tensor(self, content: Any, depth: int) -> Any:
        import torch

        return torch.from_numpy(self._array(content, depth))

    def _handle(self, content: Any, _: int) -> Any:
        number, type_name, can_be_called = _items(content, 3)
        well_formed = type(number) is int and number >= 0 and type(can_be_called) is bool
        if self.handle is None or not well_formed or type(type_name) is not str or len(type_name) > MAX_NAME:
            raise WireError("malformed handle")
        return self.handle(number, type_name, can_be_called)

    def _shape(self, content: Any) -> tuple[int, ...]:
        lengths = _items(content)
        if len(lengths) > 32 or not all(type(n) is int and 0 <= n <= MAX_MESSAGE for n in lengths):
            raise WireError("malformed shape")
        return tuple(lengths)

    def _counted(self, number: Any) -> memoryview:
        """A blob that is about to be copied: it may be named many times."""
        blob = self._blob(number)
        self.size += len(blob)
        if self.size > MAX_MESSAGE:
            raise WireError("the values are too large")
        return blob

    def _blob(self, number: Any) -> memoryview:
        if type(number) is not int or not 0 <= number < len(self.blobs):
            raise WireError("no such blob")
        return self.blobs[number]


def _require_truth_values(values: np.ndarray) -> None:
    if values.size and values.max() > 1:
        raise WireError("a truth value is neither 0 nor 1")


_READERS: dict[str, Callable[[_Reader, Any, int], Any]] = {
    "int": _Reader._int,
    "float": _Reader._float,
    "complex": _Reader._complex,
    "bytes": _Reader._bytes,
    "tuple": _Reader._tuple,
    "list": _Reader._list,
    "dict": _Reader._dict,
    "array": _Reader._array,
    "objects": _Reader._objects,
    "scalar": _Reader._scalar,
    "tensor": _Reader._tensor,
    "handle": _Reader._handle,
}
