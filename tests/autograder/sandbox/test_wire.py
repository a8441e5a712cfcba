import contextlib
import datetime
import json
import math
import struct
from collections import Counter, OrderedDict, namedtuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograder.sandbox import wire

DTYPES = st.one_of(
    hnp.boolean_dtypes(),
    hnp.integer_dtypes(endianness="?"),
    hnp.unsigned_integer_dtypes(endianness="?"),
    hnp.floating_dtypes(endianness="?", sizes=(16, 32, 64)),
    hnp.complex_number_dtypes(endianness="?", sizes=(64, 128)),
    hnp.unicode_string_dtypes(min_len=1, max_len=5),
    hnp.byte_string_dtypes(min_len=1, max_len=5),
)
WHOLE = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)  # no halves of a pair


def arrays_of(dtype):
    shapes = hnp.array_shapes(min_dims=0, min_side=0, max_side=4)
    cut = WHOLE.map(lambda text: text[: dtype.itemsize // 4].rstrip("\0"))  # NumPy drops zeros at the end
    elements = cut if dtype.kind == "U" else None
    return hnp.arrays(dtype, shapes, elements=elements)


ARRAYS = DTYPES.flatmap(arrays_of)
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.complex_numbers(), st.text(), st.binary()
)
KEYS = st.one_of(st.text(), st.integers(), st.booleans(), st.none(), st.tuples(st.integers(), st.text()))
PLAIN = st.recursive(
    SCALARS | ARRAYS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(KEYS, inner, max_size=3),
    ),
    max_leaves=12,
)


def same(a, b):
    """Equality of plain data, type for type and bit for bit."""
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and (a.dtype == object or a.tobytes() == b.tobytes())
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, float):
        return math.isnan(a) == math.isnan(b) and (math.isnan(a) or a.hex() == b.hex())
    if isinstance(a, complex):
        return same(a.real, b.real) and same(a.imag, b.imag)
    return bool(a == b)


def message(value, *blobs):
    """A message with any tree, well formed otherwise."""
    text = json.dumps({"value": value, "blobs": [len(blob) for blob in blobs]}).encode()
    return struct.pack(">I", len(text)) + text + b"".join(blobs)


@pytest.mark.parametrize("value", ["\udc80", np.array(["a", "\ud800"]), np.array("\udfff", dtype=">U1")])
def test_half_a_character_is_refused_where_it_is_sent(value):
    with pytest.raises(wire.NotPlain, match="half a character"):
        wire.encode(value)


@given(PLAIN)
@settings(max_examples=300)
def test_plain_data_comes_back_as_it_went(value):
    assert same(wire.decode(wire.encode(value)), value)


@given(st.binary(max_size=400))
@settings(max_examples=500)
def test_random_bytes_are_refused_with_a_wire_error(data):
    with pytest.raises(wire.WireError):
        wire.decode(data)


@given(PLAIN, st.data())
@settings(max_examples=500)
def test_a_damaged_message_is_plain_data_or_a_wire_error(value, data):
    damaged = bytearray(wire.encode(value))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(damaged) - 1))
        damaged[place] = data.draw(st.integers(0, 255))
    with contextlib.suppress(wire.WireError):
        wire.encode(wire.decode(bytes(damaged)))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 2**70) | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["value", "blobs", *wire._READERS]), inner, max_size=2)
    ),
    max_leaves=20,
)


@given(JSON, st.lists(st.binary(max_size=20), max_size=3))
@settings(max_examples=500)
def test_any_tree_of_known_tags_is_plain_data_or_a_wire_error(tree, blobs):
    with contextlib.suppress(wire.WireError):
        wire.decode(message(tree, *blobs))


@pytest.mark.parametrize(
    "tree",
    [
        {"int": "9" * 4001},
        {"int": "١٢"},
        {"int": "1_000"},
        {"int": 5},
        {"float": "0x" + "1" * 50},
        {"float": "one"},
        {"list": "abc"},
        {"dict": [[{"list": []}, None]]},
        {"dict": [["a", None]] * (wire.MAX_KEYS + 1)},
        {"array": ["|O", [1], 0]},
        {"array": ["<M8[s]", [1], 0]},
        {"array": ["<V8", [1], 0]},
        {"array": ["<f8", [2], 0]},
        {"array": ["<f8", [-1], 0]},
        {"array": ["<f8", [True], 0]},
        {"array": ["<f8", [1], 1]},
        {"array": ["<f8", [1], -1]},
        {"array": ["<f8", [10**14, 0], 0]},
        {"array": ["<f8", [1] * 33, 0]},
        {"array": ["|b1", [8], 0]},
        {"array": ["<U2", [1], 0]},
        {"scalar": ["<f4", [2], 0]},
        {"objects": [[3], [None]]},
        {"handle": [0, "object", False]},
        {"pickle": "gASVBQAAAAAAAACMAWGULg=="},
        {"_blob": 0},
        {"int": "1", "float": "0x1p0"},
        "\ud800",
        5,
        1.5,
    ],
)
def test_what_encode_never_writes_is_refused(tree):
    with pytest.raises(wire.WireError):
        wire.decode(message(tree, b"\xff" * 8))


def test_nesting_is_bounded_both_ways():
    value = []
    for _ in range(60):
        value = [value]
    with pytest.raises(wire.NotPlain):
        wire.encode(value)
    with pytest.raises(wire.WireError):
        wire.decode(message(json.loads('{"list":[' * 60 + "null" + "]}" * 60)))
    text = b'{"value":' + b"[" * 500_000
    with pytest.raises(wire.WireError):
        wire.decode(struct.pack(">I", len(text)) + text)


def test_a_list_that_holds_itself_is_refused():
    value = []
    value.append(value)
    with pytest.raises(wire.NotPlain):
        wire.encode(value)


def test_doubling_by_reference_is_refused_soon():
    value = [0]
    for _ in range(39):
        value = [value, value]
    with pytest.raises(wire.NotPlain):
        wire.encode(value)


def test_one_blob_can_not_be_read_many_times():
    blob = b"\0" * 2**20
    with pytest.raises(wire.WireError):
        wire.decode(message({"list": [{"array": ["|u1", [2**20], 0]}] * 100}, blob))


def test_a_large_array_is_refused_before_it_is_copied():
    ten_gigabytes = np.broadcast_to(np.float64(1), (10 * 2**27,))
    with pytest.raises(wire.NotPlain):
        wire.encode(ten_gigabytes)


def test_half_a_character_does_not_cross():
    with pytest.raises(wire.NotPlain):
        wire.encode("\udc80")


def test_objects_are_refused_without_handles_and_named_with_them():
    with pytest.raises(wire.NotPlain):
        wire.encode([object()])
    sent = wire.encode([object(), len], handle=lambda value: (7, type(value).__name__, callable(value)))
    assert wire.decode(sent, handle=lambda *parts: parts) == [
        (7, "object", False),
        (7, "builtin_function_or_method", True),
    ]
    with pytest.raises(wire.WireError):
        wire.decode(sent)


class Liar(np.ndarray):
    def __eq__(self, other):
        return True

    def tobytes(self, *_):
        return b"lies"


def test_library_subclasses_go_as_what_they_are_made_of():
    Pair = namedtuple("Pair", "a b")
    assert wire.decode(wire.encode(Pair(1, 2.5))) == (1, 2.5)
    assert wire.decode(wire.encode(Counter("aab"))) == {"a": 2, "b": 1}
    assert type(wire.decode(wire.encode(OrderedDict(a=1)))) is dict
    matrix = wire.decode(wire.encode(np.ma.masked_array([1.0, 2.0], [True, False])))
    assert type(matrix) is np.ndarray
    lie = wire.decode(wire.encode(np.arange(3.0).view(Liar)))
    assert type(lie) is np.ndarray
    assert lie.tolist() == [0, 1, 2]


def test_a_class_of_the_notebook_is_not_plain_even_if_it_is_a_list():
    mine = type("Mine", (list,), {"__module__": "__main__"})
    with pytest.raises(wire.NotPlain):
        wire.encode(mine())


def test_arrays_of_objects_keep_their_shape():
    array = np.empty((2, 1), object)
    array[0, 0], array[1, 0] = [1, 2], np.arange(3)
    back = wire.decode(wire.encode(array))
    assert back.dtype == object
    assert back.shape == (2, 1)
    assert back[0, 0] == [1, 2]
    assert back[1, 0].tolist() == [0, 1, 2]


def test_arrays_that_are_views_come_back_fresh_and_writable():
    array = np.arange(12.0).reshape(3, 4).T[::2]
    back = wire.decode(wire.encode(array))
    back[:] = 0
    assert array.sum() > 0
    assert np.array_equal(wire.decode(wire.encode(array)), array)


@pytest.mark.parametrize("value", [datetime.datetime(2020, 1, 1), {1, 2}, range(3), np.datetime64("2020")])
def test_other_values_are_not_plain(value):
    with pytest.raises(wire.NotPlain):
        wire.encode(value)


def test_tensors_come_back_as_tensors():
    torch = pytest.importorskip("torch")
    weight = torch.nn.Parameter(torch.arange(6.0).reshape(2, 3).T)
    back = wire.decode(wire.encode({"w": weight, "n": torch.tensor(3), "c": torch.tensor([1 + 2j]).conj()}))
    assert type(back["w"]) is torch.Tensor
    assert torch.equal(back["w"], weight.detach())
    assert back["n"].dtype == torch.int64
    assert back["c"].tolist() == [1 - 2j]
    with pytest.raises(wire.NotPlain):
        wire.encode(torch.eye(3).to_sparse())


def test_the_largest_message_is_read_within_its_bounds():
    import tracemalloc

    text = b'{"value":{"list":[' + b"{}," * 1_398_000 + b"{}" + b']},"blobs":[]}'
    tracemalloc.start()
    try:
        with pytest.raises(wire.WireError):
            wire.decode(struct.pack(">I", len(text)) + text)
        assert tracemalloc.get_traced_memory()[1] < 300 * 2**20
    finally:
        tracemalloc.stop()
