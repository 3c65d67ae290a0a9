"""WebSocket framing for the stand-ins, without I/O: bytes in, messages out, and back.

Nearly every frame of a call is one small unfragmented message, fifty a second in each direction,
so these are cut out of the buffer and unmasked here, in a few C calls each. Whatever else arrives
(control frames, fragments, reserved bits, wrong masking) goes, one whole frame at a time, through
wsproto, which knows the RFC's rules. A frame is measured before it is buffered: a peer cannot make
us hold more than `max_bytes`.
"""

from __future__ import annotations

import os
from typing import Final

import attrs
from wsproto.frame_protocol import CloseReason, Frame, FrameProtocol, Opcode, ParseFailed

MAX_MESSAGE_BYTES: Final = 1 << 20

_WHOLE_TEXT: Final = 0x81
_WHOLE_BINARY: Final = 0x82
_MASKED: Final = 0x80


class BadFrame(Exception):
    """The peer broke the protocol; `code` is what to close the socket with."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@attrs.frozen
class Ping:
    """The peer asks for a pong with this payload."""

    payload: bytes


@attrs.frozen
class Closed:
    """The peer sent its close frame; 1005 when it named no code."""

    code: int
    reason: str


class Framing:
    """One side of a WebSocket after its handshake."""

    def __init__(self, *, client: bool, max_bytes: int = MAX_MESSAGE_BYTES) -> None:
        self._client = client
        self._max_bytes = max_bytes
        self._buffer = bytearray()
        self._slow = FrameProtocol(client=client, extensions=[])
        self._fragments: list[str | bytes] = []
        self._fragments_bytes = 0
        self._in_message = False

    def feed(self, data: bytes) -> None:
        """Take what the stream gave; `next_event` says what it means."""
        self._buffer += data

    def next_event(self) -> str | bytes | Ping | Closed | None:
        """The next message or control frame; None when more bytes are needed.

        Raises `BadFrame` for a breach of the protocol; the connection is then over.
        """
        while (bounds := self._whole_frame()) is not None:
            start, end = bounds
            first, second = self._buffer[0], self._buffer[1]
            whole_message = first in (_WHOLE_TEXT, _WHOLE_BINARY)
            if whole_message and not self._in_message and bool(second & _MASKED) != self._client:
                return self._cut(first, start, end)
            frame = bytes(self._buffer[:end])
            del self._buffer[:end]
            if (event := self._slow_event(frame)) is not None:
                return event
        return None

    def _whole_frame(self) -> tuple[int, int] | None:
        """Where the payload of the first frame starts and ends, once all of it is here."""
        buffer = self._buffer
        have = len(buffer)
        if have < 2:
            return None
        length, start = buffer[1] & 0x7F, 2
        if length == 126:
            length, start = int.from_bytes(buffer[2:4], "big"), 4
        elif length == 127:
            length, start = int.from_bytes(buffer[2:10], "big"), 10
        if have < start:
            return None
        if length + self._fragments_bytes > self._max_bytes:
            raise BadFrame(CloseReason.MESSAGE_TOO_BIG, "message too big")
        if buffer[1] & _MASKED:
            start += 4
        return (start, start + length) if have >= start + length else None

    def _cut(self, first: int, start: int, end: int) -> str | bytes:
        payload = bytes(self._buffer[start:end])
        if not self._client:
            payload = _xor(payload, bytes(self._buffer[start - 4 : start]))
        del self._buffer[:end]
        if first == _WHOLE_BINARY:
            return payload
        try:
            return payload.decode("utf-8")
        except UnicodeDecodeError as error:
            raise BadFrame(CloseReason.INVALID_FRAME_PAYLOAD_DATA, "not UTF-8") from error

    def _slow_event(self, frame: bytes) -> str | bytes | Ping | Closed | None:
        try:
            self._slow.receive_bytes(frame)
            for parsed in self._slow.received_frames():
                if (event := self._event(parsed)) is not None:
                    return event
        except ParseFailed as error:
            raise BadFrame(int(error.code), str(error)) from error
        return None

    def _event(self, frame: Frame) -> str | bytes | Ping | Closed | None:
        payload = frame.payload
        if frame.opcode is Opcode.CLOSE and isinstance(payload, tuple):
            return Closed(int(payload[0]), payload[1] or "")
        if frame.opcode is Opcode.PING and isinstance(payload, bytes):
            return Ping(payload)
        if frame.opcode.iscontrol() or isinstance(payload, tuple):
            return None
        self._in_message = not frame.message_finished
        self._fragments.append(payload)
        self._fragments_bytes += len(payload)
        if self._in_message:
            return None
        parts, self._fragments, self._fragments_bytes = self._fragments, [], 0
        if frame.opcode is Opcode.TEXT:
            return "".join(part for part in parts if isinstance(part, str))
        return b"".join(part for part in parts if isinstance(part, bytes))

    def message(self, data: str | bytes) -> bytes:
        """One message as one frame."""
        if isinstance(data, str):
            first, payload = _WHOLE_TEXT, data.encode()
        else:
            first, payload = _WHOLE_BINARY, data
        size = len(payload)
        if size < 126:
            header = bytes((first, size | (_MASKED if self._client else 0)))
        else:
            mark, width = (126, 2) if size < 1 << 16 else (127, 8)
            second = mark | (_MASKED if self._client else 0)
            header = bytes((first, second)) + size.to_bytes(width, "big")
        if not self._client:
            return header + payload
        key = os.urandom(4)
        return header + key + _xor(payload, key)

    def pong(self, payload: bytes) -> bytes:
        """The answer to a ping."""
        return bytes(self._slow.pong(payload))

    def ping(self, payload: bytes = b"") -> bytes:
        """A ping of our own."""
        return bytes(self._slow.ping(payload))

    def close(self, code: int, reason: str) -> bytes:
        """A close frame; a code that may not be on the wire becomes 1000."""
        return bytes(self._slow.close(code, reason))


def _xor(data: bytes, key: bytes) -> bytes:
    size = len(data)
    mask = (key * (size // 4 + 1))[:size]
    return (int.from_bytes(data, "big") ^ int.from_bytes(mask, "big")).to_bytes(size, "big")
