"""Messages over a socket, each with a deadline and a bound on its size."""

from __future__ import annotations

import math
import select
import socket
import struct
import time
from collections.abc import Callable
from typing import NamedTuple

from autograder.sandbox import wire


class Usage(NamedTuple):
    """What a process has had of the processors since it started.

    Parameters
    ----------
    ran, stood_in_line
        Seconds; of a time in line that hasn't ended yet the system doesn't tell.
    """

    ran: float = 0.0
    stood_in_line: float = 0.0


class Deadline:
    """The time by which something must be there.

    While the other end stands in line for a processor, the clock stands still: what another submission takes costs this one nothing.

    Parameters
    ----------
    seconds
        From now.
    usage
        Tells what the other end has had of the processors.
    is_ready
        Tells whether it runs or stands in line now.
    latest
        The time, by the monotonic clock, at which patience ends even so.
    """

    def __init__(
        self,
        seconds: float,
        *,
        usage: Callable[[], Usage] = Usage,
        is_ready: Callable[[], bool] = bool,
        latest: float = math.inf,
    ) -> None:
        self._start, self._seconds, self._latest = time.monotonic(), seconds, latest
        self._usage, self._is_ready, self._before = usage, is_ready, usage()
        self._until = min(self._start + seconds, latest)

    def left(self) -> float:
        """Seconds until then; 0 or less if it has passed."""
        now = time.monotonic()
        if now >= self._until:
            in_line = self._in_line(now - self._start)
            self._until = min(self._start + self._seconds + in_line, self._latest)
        return self._until - now

    def _in_line(self, passed: float) -> float:
        usage = self._usage()
        in_line = usage.stood_in_line - self._before.stood_in_line
        if self._is_ready():
            in_line = max(in_line, passed - (usage.ran - self._before.ran))
        return max(in_line, 0.0)


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

    def send(self, message: bytes, until: Deadline) -> None:
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

    def receive(self, until: Deadline) -> tuple[bytes, bytes]:
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

    def _read(self, count: int, until: Deadline) -> bytes:
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

    def _wait(self, until: Deadline, event: int = select.POLLIN) -> None:
        if self._connection.fileno() < 0:
            raise ConnectionResetError
        poll = select.poll()
        poll.register(self._connection, event)
        while (left := until.left()) > 0:
            if poll.poll(math.ceil(1000 * left)):
                return
        raise TimeoutError
