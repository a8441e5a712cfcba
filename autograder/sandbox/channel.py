"""Messages over a socket, each with a deadline and a bound on its size."""

from __future__ import annotations

import math
import select
import socket
import struct
import time

from autograder.sandbox import wire


class Channel:
    """One end of a socket whose other end may do anything at all.

    Parameters
    ----------
    connection
        The socket; it is closed by :meth:`close`.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        connection.setblocking(False)

    def send(self, message: bytes, until: float) -> None:
        """Write a message.

        Raises
        ------
        TimeoutError
            If the other end doesn't take it in time.
        ConnectionError
            If there is no other end any more.
        """
        rest = memoryview(struct.pack(">Q", len(message)) + message)
        while rest:
            self._wait(until, select.POLLOUT)
            try:
                rest = rest[self._connection.send(rest[: 1 << 20]) :]
            except BlockingIOError:
                continue

    def receive(self, until: float) -> tuple[bytes, bytes]:
        """The next message's kind and content.

        Raises
        ------
        TimeoutError
            If it isn't there in time.
        ConnectionError
            If the other end is gone.
        autograder.sandbox.wire.WireError
            If it is longer than a message may be.
        """
        header = self._read(9, until)
        (length,) = struct.unpack(">Q", header[:8])
        if length > wire.MAX_MESSAGE:
            raise wire.WireError("a message of that length is not allowed")
        return header[8:], self._read(length, until)

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def _read(self, count: int, until: float) -> bytes:
        data = bytearray()
        while len(data) < count:
            self._wait(until)
            try:
                piece = self._connection.recv(min(count - len(data), 1 << 20))
            except BlockingIOError:
                continue
            if not piece:
                raise ConnectionResetError
            data += piece
        return bytes(data)

    def _wait(self, until: float, event: int = select.POLLIN) -> None:
        if self._connection.fileno() < 0:
            raise ConnectionResetError
        left = until - time.monotonic()
        poll = select.poll()
        poll.register(self._connection, event)
        if left <= 0 or not poll.poll(math.ceil(1000 * left)):
            raise TimeoutError
