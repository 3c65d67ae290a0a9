"""The stream under a client's WebSocket, on which plain messages go past the library, both ways.

Audio goes out and messages come in a dozen times a second and call, and each cost more in
trio-websocket's locks, task and channel than all else that is done with it. So `write_message` and
`send_audio` write whole frames themselves, at once where the kernel takes them, and `next_message`
reads the stream in the task that wants the message.
It knows one shape (RFC 6455, section 5.2: final, unmasked, no reserved bits, length in its shortest
form); pings and pongs it hands to the library. The first thing that is neither, the end of the
stream, or a close of ours gives reading back to the library for good, which goes on from that very
frame and judges what only it can judge.

    stream ──▶ `next_message` ── pings, pongs ──▶ the library's reader        while it is ours
    stream ──▶ the library's reader ── messages ──▶ `next_message`            afterwards

The answer to the upgrade is the library's in any case; what follows it is ours only after a 101.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from typing import Final

import trio
import trio_websocket

from .at_once import at_once

MAX_MESSAGE_BYTES: Final = 1 << 20
MOST_IN_A_ROW: Final = 16
"""So many messages of one read are given before other tasks have their turn."""

_READ_BYTES: Final = 16_384
_END_OF_HEAD: Final = re.compile(rb"\n\r?\n")
"""As h11 has it, which reads the answer to the upgrade."""
_SWITCHING: Final = b" 101"
_STATUS: Final = slice(len("HTTP/1.1"), len("HTTP/1.1 101"))

_TEXT: Final = 0x81
_BINARY: Final = 0x82
_CLOSE: Final = b"\x88"
_PING: Final = 0x89
_PONG: Final = 0x8A
_DATA: Final = frozenset({_TEXT, _BINARY})
_CONTROL: Final = frozenset({_PING, _PONG})
_HEAD: Final = 2
_MASKED: Final = 0x80
_MEDIUM: Final = 126
_MOST_MEDIUM: Final = 0xFFFF
"""A frame's length from the first of these on takes two bytes more, beyond the second eight."""


class _Strange(Exception):
    """What stands there is no plain frame."""


class Line(trio.abc.Stream):
    """Frames go out whole, whoever sends them; what comes in is read by one of two."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self.is_ours = False
        """Whether `next_message` reads the stream; else the library does."""
        self._stream = stream
        self._at_once = at_once(stream)
        self._sending = trio.Lock()
        self._left = b""  # of what was written: it goes out before anything else does
        self._head = bytearray()  # of the answer to the upgrade, as far as it has come
        self._is_answered = False
        self._came = bytearray()  # and is ours, from `_at` on
        self._at = 0
        self._in_a_row = 0
        self._handed = b""  # to the library, which has not taken it yet
        self._is_reading = False  # `next_message`, at this moment
        self._changed = trio.lowlevel.ParkingLot()

    # Sending

    def write(self, data: bytes) -> bool:
        """Send, as far as that goes without waiting; whether that was all. What is left goes out,
        whole and in order, before whatever is sent next: `flush` it."""
        if self._left or self._sending.locked() or self._at_once is None:
            self._left += data
            return False
        self._left = self._at_once.write(data)
        return not self._left and not self._at_once.pending

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """For the library: a whole frame. Once it closes, it must read the answer to that."""
        if data[:1] == _CLOSE:
            self.give_back()
        await self.send(data)

    async def send(self, data: bytes | bytearray | memoryview) -> None:
        """Send, behind what is left. When the stream is broken, reading is the library's."""
        async with self._sending:
            left, self._left = self._left, b""
            try:
                if self._at_once is not None and self._at_once.pending:
                    await self._at_once.flush()
                if left or data:
                    await self._stream.send_all(left + bytes(data) if left else data)
                while self._left:  # written meanwhile
                    left, self._left = self._left, b""
                    await self._stream.send_all(left)
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                self.give_back()
                raise

    async def flush(self) -> None:
        """Send what is left; nothing is sent when nothing is."""
        if self._left or (self._at_once is not None and self._at_once.pending):
            await self.send(b"")

    async def wait_send_all_might_not_block(self) -> None:
        await self._stream.wait_send_all_might_not_block()

    async def aclose(self) -> None:
        await self._stream.aclose()

    # Receiving

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        """For the library: what was handed to it, all of it at once, or the next of the stream."""
        await trio.lowlevel.checkpoint()
        while not self._handed and (self.is_ours or self._is_reading):
            await self._changed.park()
        if self._handed:
            handed, self._handed = self._handed, b""
            self._changed.unpark_all()
            return handed
        data = await self._stream.receive_some(max_bytes)
        return data if self._is_answered else self._of_answer(data)

    async def next_message(self) -> str | bytes | None:
        """The next message; None once reading is the library's. For one task at a time. Nothing is
        lost when this is cancelled."""
        if self._in_a_row < MOST_IN_A_ROW:
            await trio.lowlevel.checkpoint_if_cancelled()
        else:
            self._in_a_row = 0
            await trio.lowlevel.checkpoint()
        while self.is_ours:
            try:
                payload = _payload(self._came, self._at)
                if payload is None or payload.stop > len(self._came):
                    await self._read()
                elif self._came[self._at] in _CONTROL:
                    await self._hand_over(payload.stop)
                else:
                    return self._taken(payload)
            except (_Strange, UnicodeDecodeError):
                self.give_back()
        return None

    def give_back(self) -> None:
        """Reading is the library's from now on: what came and was not taken, and all that comes."""
        if self.is_ours:
            self.is_ours = False
            self._handed += bytes(self._came[self._at :])
            self._came.clear()
            self._changed.unpark_all()

    def _of_answer(self, data: bytes | bytearray) -> bytes | bytearray:
        """What of it belongs to the answer to the upgrade; the rest is ours."""
        seen = len(self._head)
        self._head += data
        end = _END_OF_HEAD.search(self._head, max(0, seen - 2))
        if end is None:
            return data
        self._is_answered = True
        if self._head[_STATUS] == _SWITCHING:
            self.is_ours = True
            self._came += self._head[end.end() :]
            data = data[: end.end() - seen]
        self._head.clear()
        return data

    async def _read(self) -> None:
        """Wait for more. Whoever reads at its end is told so by the stream again."""
        assert not self._is_reading, "two tasks want the next message"
        self._in_a_row = 0
        self._is_reading = True
        try:
            data = await self._receive()
        except (OSError, trio.BrokenResourceError, trio.ClosedResourceError):
            data = b""
        finally:
            self._is_reading = False
            if not self.is_ours:  # given back meanwhile
                self._changed.unpark_all()
        if not self.is_ours:
            self._handed += bytes(data)
        elif data:
            del self._came[: self._at]
            self._at = 0
            self._came += data
        else:
            self.give_back()

    async def _receive(self) -> bytes | bytearray:
        """What comes next. There is nothing yet, so a socket is not asked before it is readable."""
        if not isinstance(self._stream, trio.SocketStream):
            return await self._stream.receive_some(_READ_BYTES)
        socket = self._stream.socket
        while True:
            if socket.fileno() < 0:
                raise trio.ClosedResourceError("this stream was closed")
            await trio.lowlevel.wait_readable(socket)
            with suppress(BlockingIOError):
                return os.read(socket.fileno(), _READ_BYTES)

    async def _hand_over(self, end: int) -> None:
        """Give the library a frame of its own, as soon as it has taken the last one."""
        if self._handed:
            await self._changed.park()
        else:
            self._handed = bytes(self._came[self._at : end])
            self._at = end
            self._changed.unpark_all()

    def _taken(self, payload: slice) -> str | bytes:
        data = self._came[payload]
        message = data.decode() if self._came[self._at] == _TEXT else bytes(data)
        self._at = payload.stop
        self._in_a_row += 1
        return message


def _payload(data: bytearray, at: int) -> slice | None:
    """Where a plain frame's payload is, as its head tells; None as long as that is not whole.
    Raises `_Strange`."""
    if len(data) < at + _HEAD:
        return None
    kind, length = data[at], data[at + 1]
    begin = at + _HEAD
    if kind not in _DATA and kind not in _CONTROL:
        raise _Strange
    if length >= _MEDIUM:
        if length >= _MASKED or kind in _CONTROL:
            raise _Strange
        size, least = (2, _MEDIUM) if length == _MEDIUM else (8, _MOST_MEDIUM + 1)
        begin += size
        if len(data) < begin:
            return None
        length = int.from_bytes(data[begin - size : begin])
        if not least <= length <= MAX_MESSAGE_BYTES:
            raise _Strange
    return slice(begin, begin + length)


async def next_message(socket: trio_websocket.WebSocketConnection) -> str | bytes:
    """The next message on a socket of `open_websocket`, on which `get_message` waits for ever.

    One task at a time; nothing is lost when it is cancelled. Pings are answered and a close is seen
    as long as somebody is in here; while nobody is, what comes is left to TCP. Raises
    `trio_websocket.ConnectionClosed` as `get_message` does.
    """
    line = socket._stream
    assert isinstance(line, Line)
    message = await line.next_message()
    return await socket.get_message() if message is None else message


def write_message(socket: trio_websocket.WebSocketConnection, message: str | bytes) -> bool:
    """Send a message of up to 64 KiB on a socket of `open_websocket`, as far as that goes without
    waiting; whether that was all. What is left must be flushed (`flush_messages`), and goes out
    whole and in order.

    Raises `trio_websocket.ConnectionClosed` on a socket that is closing.
    """
    return _line_of(socket).write(masked_frame(message, os.urandom(4)))


async def flush_messages(socket: trio_websocket.WebSocketConnection, seconds: float) -> None:
    """Send what is left of messages, within so many seconds.

    Not all of it may be on the wire when this raises: `trio.TooSlowError`, a cancellation, or
    `trio_websocket.ConnectionClosed`, at once on a socket that is closing.
    """
    line = _line_of(socket)
    try:
        with trio.fail_after(seconds):
            await line.flush()
    except (trio.BrokenResourceError, trio.ClosedResourceError):
        raise trio_websocket.ConnectionClosed(socket.closed) from None


async def send_audio(
    socket: trio_websocket.WebSocketConnection, audio: bytes, seconds: float
) -> None:
    """Send a binary message within so many seconds. Raises as `flush_messages` does."""
    if not write_message(socket, audio):
        await flush_messages(socket, seconds)


def _line_of(socket: trio_websocket.WebSocketConnection) -> Line:
    line = socket._stream
    assert isinstance(line, Line)
    if socket.closed:
        raise trio_websocket.ConnectionClosed(socket.closed)
    return line


def masked_frame(message: str | bytes, key: bytes) -> bytes:
    """A whole message as a client sends it (RFC 6455, section 5.2), of up to 64 KiB; masked by one
    exclusive-or over all of it as a number."""
    kind, payload = (_BINARY, message) if isinstance(message, bytes) else (_TEXT, message.encode())
    length = len(payload)
    assert length <= _MOST_MEDIUM
    keys = (key * (length // 4 + 1))[:length]
    masked = int.from_bytes(payload, "little") ^ int.from_bytes(keys, "little")
    if length < _MEDIUM:
        head = bytes((kind, _MASKED | length))
    else:
        head = bytes((kind, _MASKED | _MEDIUM)) + length.to_bytes(2)
    return head + key + masked.to_bytes(length, "little")
