"""Writing to a stream without waiting, as far as the kernel takes it, with TLS on it or without.

A send that waits is several steps of the loop, in each of which others go first; most of what is
sent fits into the kernel's buffer. Refuses to know what the bytes mean, and who writes: that nobody
else is sending on the stream is the caller's to see to, as ever.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Protocol, runtime_checkable

import trio


class AtOnce(Protocol):
    """A way past a stream's `send_all`."""

    def write(self, data: bytes) -> bytes:
        """Send what goes at once. What it returns did not, and is to be sent before anything else;
        so is what is `pending`."""
        ...

    @property
    def pending(self) -> bool:
        """Whether the stream itself keeps something that was written: its next `send_all` sends it
        first, or `flush` does."""
        ...

    async def flush(self) -> None:
        """Send what is pending. Raises and is cancelled as `send_all` is."""
        ...


@runtime_checkable
class Takes(Protocol):
    """A stream that is no socket and has such a way all the same."""

    def take_at_once(self, data: bytes) -> int:
        """How many bytes it takes without waiting; none where it is full or broken."""
        ...


def at_once(stream: trio.abc.Stream) -> AtOnce | None:
    """The way past this stream's `send_all`, if there is one: to a socket, also with TLS on it."""
    if isinstance(stream, trio.SocketStream):
        return _Plain(_to_the_kernel(stream))
    if isinstance(stream, Takes):
        return _Plain(stream.take_at_once)
    if isinstance(stream, trio.SSLStream):
        under = stream.transport_stream
        return _Encrypted(stream, under) if isinstance(under, trio.SocketStream) else None
    return None


def _to_the_kernel(stream: trio.SocketStream) -> Callable[[bytes], int]:
    socket = stream.socket

    def take(data: bytes) -> int:
        try:
            return os.write(socket.fileno(), data)
        except OSError:  # full, or broken, which a send that waits can tell
            return 0

    return take


class _Plain:
    pending = False

    def __init__(self, take: Callable[[bytes], int]) -> None:
        self._take = take

    def write(self, data: bytes) -> bytes:
        return data[self._take(data) :]

    async def flush(self) -> None:
        await trio.lowlevel.checkpoint()


class _Encrypted:
    """What was encrypted has its place in the order of the records, so it cannot be given back: the
    rest of it stays where the stream keeps what it has not sent."""

    def __init__(self, stream: trio.SSLStream[trio.SocketStream], under: trio.SocketStream) -> None:
        self._stream = stream
        self._take = _to_the_kernel(under)

    def write(self, data: bytes) -> bytes:
        stream = self._stream
        if stream._inner_send_lock.locked() or stream._delayed_outgoing is not None:
            return data  # somebody is sending, or a server has yet to send what ends its handshake
        try:
            stream._check_status()
            stream._ssl_object.write(data)
        except (OSError, trio.BrokenResourceError, trio.ClosedResourceError):
            return data
        records = stream._outgoing.read()
        if left := records[self._take(records) :]:
            stream._outgoing.write(left)
        return b""

    @property
    def pending(self) -> bool:
        return self._stream._outgoing.pending > 0

    async def flush(self) -> None:
        await self._stream._retry(_nothing)


def _nothing() -> None:
    """What the stream is to do before it sends what it keeps."""
