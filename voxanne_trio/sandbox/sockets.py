"""A WebSocket of the stand-ins over any Trio stream, after its handshake, on either side.

Sends are whole frames, one at a time. A send that is cancelled in the middle has written half a
frame: from then on the socket counts as broken, and every later use says so. Pings are answered
by whoever is in `receive`.
"""

from __future__ import annotations

from typing import Final

import trio

from .frames import MAX_MESSAGE_BYTES, BadFrame, Closed, Framing, Ping

CLOSE_SECONDS: Final = 1.0
_READ_BYTES: Final = 65_536
_LOST: Final = 1006


class SocketClosed(Exception):
    """The socket is over. 1006 without a close frame of the peer's, 1005 for one without code."""

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


class WireSocket:
    """One open WebSocket; it owns its stream from the handshake on."""

    def __init__(
        self,
        stream: trio.abc.Stream,
        *,
        client: bool,
        early: bytes = b"",
        max_bytes: int = MAX_MESSAGE_BYTES,
    ) -> None:
        self._stream = stream
        self._framing = Framing(client=client, max_bytes=max_bytes)
        self._framing.feed(early)
        self._sending = trio.Lock()
        self._half_sent = False
        self._close_sent = False
        self._receiving = False
        self._end: SocketClosed | None = None
        self._ended = trio.Event()

    @property
    def closed(self) -> SocketClosed | None:
        """How the socket ended; None while it is open."""
        return self._end

    async def receive(self) -> str | bytes:
        """The next message. Raises `SocketClosed`. A cancelled call loses nothing."""
        self._receiving = True
        try:
            while True:
                if self._end is not None:
                    raise SocketClosed(self._end.code, self._end.reason)
                event = self._next_event()
                if event is None:
                    await self._read()
                elif isinstance(event, str | bytes):
                    return event
                elif isinstance(event, Closed):
                    await self._answer_close(event)
                elif isinstance(event, BadFrame):
                    await self._refuse(event)
                else:
                    await self._write(self._framing.pong(event.payload))
        finally:
            self._receiving = False

    def _next_event(self) -> str | bytes | Ping | Closed | BadFrame | None:
        try:
            return self._framing.next_event()
        except BadFrame as error:
            return error

    async def _read(self) -> None:
        try:
            data = await self._stream.receive_some(_READ_BYTES)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            data = b""
        if data:
            self._framing.feed(bytes(data))
        else:
            await self._finish(_LOST, "connection lost")

    async def _answer_close(self, closed: Closed) -> None:
        if not self._close_sent:
            await self._say_close(1000 if closed.code == 1005 else closed.code, "")
        await self._finish(closed.code, closed.reason)

    async def _refuse(self, error: BadFrame) -> None:
        if not self._close_sent:
            await self._say_close(error.code, error.reason)
        await self._finish(error.code, error.reason)

    async def _say_close(self, code: int, reason: str) -> None:
        self._close_sent = True
        try:
            with trio.move_on_after(CLOSE_SECONDS):
                await self._write(self._framing.close(code, reason))
        except SocketClosed:
            pass  # it is what we wanted

    async def send(self, message: str | bytes) -> None:
        """Send one message; waits while the peer does not read. Raises `SocketClosed`."""
        if self._close_sent:
            raise SocketClosed(_LOST, "closed by us")
        await self._write(self._framing.message(message))

    async def ping(self, payload: bytes = b"") -> None:
        """Send a ping; the answer is read and dropped."""
        await self._write(self._framing.ping(payload))

    async def _write(self, data: bytes) -> None:
        try:
            self._sending.acquire_nowait()  # the usual way: nobody else is sending
        except trio.WouldBlock:
            await self._sending.acquire()
        try:
            if self._end is not None or self._half_sent:
                raise SocketClosed(_LOST, "broken")
            await trio.lowlevel.checkpoint_if_cancelled()  # nothing is written yet: no harm done
            self._half_sent = True
            await self._stream.send_all(data)
            self._half_sent = False
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            raise SocketClosed(_LOST, "connection lost") from error
        finally:
            self._sending.release()

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Close politely: our close frame, the peer's within `CLOSE_SECONDS`, then the stream.

        What the peer says meanwhile is dropped, or goes to a task that is in `receive`.
        """
        if self._end is None:
            if not self._close_sent:
                await self._say_close(code, reason)
            with trio.move_on_after(CLOSE_SECONDS):
                await self._await_end()
        await self._finish(_LOST, "no close frame came back")

    async def _await_end(self) -> None:
        try:
            while not self._receiving:
                await self.receive()
            await self._ended.wait()
        except SocketClosed:
            pass

    async def abort(self) -> None:
        """Cut the connection without a close frame."""
        await self._finish(_LOST, "cut by us")

    async def _finish(self, code: int, reason: str) -> None:
        if self._end is None:
            self._end = SocketClosed(code, reason)
            self._ended.set()
        await trio.aclose_forcefully(self._stream)
