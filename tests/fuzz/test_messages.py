"""Messages from the sandbox: any bytes are plain data or refused, and any plain data is an answer or the student's error."""

import contextlib
import json
import socket
import struct
import time
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograder.sandbox import wire
from autograder.sandbox.channel import Channel, Deadline
from autograder.sandbox.kernel import Kernel
from course_utils.checks import StudentError

characters = st.characters(exclude_categories=["Cs"])
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.complex_numbers()
    | st.text(characters, max_size=10)
    | st.binary(max_size=10)
)
kinds = (
    hnp.boolean_dtypes()
    | hnp.integer_dtypes()
    | hnp.floating_dtypes(sizes=(16, 32, 64))
    | hnp.unicode_string_dtypes(max_len=3)
)
arrays = hnp.arrays(kinds, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3))
plain = st.recursive(
    scalars | arrays,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(characters, max_size=4) | st.integers(), inner, max_size=4)
    ),
    max_leaves=12,
)


def read(message):
    """What is in a message, or `None` if it is refused; what is read can be written and read again."""
    try:
        value = wire.decode(message, handle=lambda *parts: SimpleNamespace(parts=parts))
    except wire.WireError:
        return None
    with contextlib.suppress(wire.NotPlain):
        again = wire.encode(value, handle=lambda thing: thing.parts)
        assert (
            wire.encode(
                wire.decode(again, handle=lambda *p: SimpleNamespace(parts=p)), handle=lambda t: t.parts
            )
            == again
        )
    return value


@given(plain)
def test_plain_data_comes_back(value):
    with contextlib.suppress(wire.NotPlain):
        message = wire.encode(value)
        assert wire.encode(wire.decode(message)) == message


@given(st.binary(max_size=200), st.binary(max_size=50))
def test_any_bytes_are_read_or_refused(bounded, text, blobs):
    with bounded(2, 20):
        read(text)
        read(struct.pack(">I", len(text)) + text + blobs)


tags = st.sampled_from([*wire._READERS, "value", "blobs", "lies"])
trees = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from(
        [
            10**14,
            1 << 62,
            float("nan"),
            float("inf"),
            0.5,
            "1",
            "9" * 4001,
            "0x1p0",
            "nan",
            "\ud800",
            "<f8",
            "|O",
            "<U3",
        ]
    ),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(tags, inner, max_size=2),
    max_leaves=15,
)
sizes = st.lists(st.integers(-1, 20) | st.sampled_from([2**31, 2**62, 10**14]), max_size=4)


@given(trees, sizes, st.binary(max_size=40))
def test_any_tree_is_read_or_refused(bounded, tree, sizes, blobs):
    text = json.dumps({"value": tree, "blobs": sizes}).encode()
    with bounded(2, 20):
        read(struct.pack(">I", len(text)) + text + blobs)


@given(plain, st.data())
def test_a_damaged_message_is_read_or_refused(bounded, value, data):
    try:
        message = bytearray(wire.encode(value))
    except wire.NotPlain:
        return
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(message) - 1))
        message[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    with bounded(2, 20):
        read(bytes(message))


def framed(text, *blobs):
    return struct.pack(">I", len(text)) + text + b"".join(blobs)


def tree(text, blobs=b"[]"):
    return framed(b'{"value":' + text + b',"blobs":' + blobs + b"}")


colliding = [str(i * (2**61 - 1)) for i in range(wire.MAX_KEYS)]
BOMBS = {
    "deep lists": tree(b'{"list":[' * 400_000),
    "deep dicts": tree(b'{"a":' * 800_000),
    "a name twice": framed(b'{"value":null,' + b'"blobs":[],' * 300_000 + b'"blobs":[]}'),
    "many names": tree(b"{" + b",".join(b'"%d":0' % i for i in range(400_000)) + b"}"),
    "keys that collide": tree(
        b'{"dict":[' + b",".join(b'[{"int":"%s"},null]' % key.encode() for key in colliding) + b"]}"
    ),
    "a huge shape": framed(b'{"value":{"array":["<f8",[67108864,67108864,0],0]},"blobs":[0]}'),
    "long integers": tree(b'{"list":[' + (b'{"int":"' + b"9" * 4000 + b'"},') * 1_000 + b"null]}"),
    "bytes many times": framed(
        b'{"value":{"list":[' + b'{"bytes":0},' * 90_000 + b'null]},"blobs":[1048576]}', bytes(2**20)
    ),
}


@pytest.mark.parametrize("message", BOMBS.values(), ids=BOMBS)
def test_a_message_that_is_a_bomb_is_read_within_bounds(bounded, message):
    with bounded(15, 300), contextlib.suppress(wire.WireError):
        wire.decode(message)


# --- the channel ----------------------------------------------------------------------------------------------


@given(
    st.binary(max_size=40)
    | st.builds(
        lambda n, rest: struct.pack(">Q", n) + rest, st.integers(0, 2**64 - 1), st.binary(max_size=40)
    )
)
def test_whatever_is_sent_the_channel_ends_in_time(bounded, sent):
    ours, theirs = socket.socketpair()
    channel = Channel(ours)
    with bounded(2, 20), theirs:
        theirs.sendall(sent)
        theirs.shutdown(socket.SHUT_WR)
        until = Deadline(5)
        with contextlib.suppress(
            ConnectionError, wire.WireError
        ):  # a TimeoutError would be wrong: it has hung up
            while True:
                kind, message = channel.receive(until)
                assert len(kind) == 1
                read(message)
    channel.close()


# --- the judge's end ------------------------------------------------------------------------------------------


class Forger:
    """In place of an agent: one reply, whatever is asked."""

    verdict = fault = None

    def __init__(self, reply):
        self.reply = (b"r", wire.encode(reply))
        self.alive = True
        self.channel = SimpleNamespace(send=lambda *_: None, receive=lambda _: self.reply)

    def wait_until_ready(self):
        pass

    def deadline(self, seconds, latest):
        return Deadline(seconds, latest=latest)

    def end(self):
        self.alive = False


heads = st.sampled_from(["ok", "error", "value", "callable", "missing"])


@given(st.builds(lambda head, rest: (head, *rest), heads, st.lists(plain, max_size=6)), plain, plain)
def test_any_reply_is_an_answer_or_the_students_error(reply, argument, named):
    try:
        forger = Forger(reply)
    except wire.NotPlain:
        return
    kernel = Kernel()
    kernel._deadline = time.monotonic() + 1000
    for ask in (
        lambda: kernel.run_cell("x", 1),
        lambda: kernel.lookup("f"),
        lambda: kernel.call(("name", "f"), "call", (argument, [argument]), {"named": named}),
        kernel.release,
    ):
        kernel._process = forger
        forger.alive = True
        try:
            ask()
        except StudentError as error:
            str(error).encode()
