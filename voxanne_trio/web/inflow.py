"""What comes in on a media stream's socket, by the shortest way there is.

Fifty times a second and call, a frame's way through Hypercorn's task, wsproto and a channel costs
more than all else that is done with it. So a stream that shows nothing but plain frames is *lent*:
its application reads the socket itself, in the task that wants the frame. The first thing that is
no plain frame, the end of the stream, or our own close gives it back for good; Hypercorn's task
then goes on where the application stopped, and judges what only it can judge.

    Hypercorn's task ──HANDOVER──▶ application: `texts`, `texts`, …
           ▲                                                    │
           └──────────────── `give_back`, `rest` ───────────────┘
"""

from __future__ import annotations

import os
from typing import Final

import trio

from . import plain_frames

EXTENSION: Final = "voxanne.inflow"
"""Where an application finds it among the extensions of its scope."""

HANDOVER: Final = {"type": "voxanne.handover"}
"""In the place of a message: from here on the application reads."""

RECEIVE_BYTES: Final = 65_536


class Inflow:
    """Of one WebSocket. `want` is for an application that knows what to do with `HANDOVER`."""

    def __init__(self, limit: int) -> None:
        self.is_wanted = False
        self.is_strange = False
        """Whether something came that is no plain frame: the rest is not for us."""
        self.rest = b""
        """What came and has not been read: the beginning of a frame, or something strange."""
        self._limit = limit
        self._socket: trio.socket.SocketType | None = None
        self._is_reading = False
        self._back = trio.Event()

    def plain(self, data: bytes) -> list[str]:
        """The plain messages in what came; what follows them stays in `rest`."""
        data = self.rest + data if self.rest else data
        texts, end, self.is_strange = plain_frames.read(data, self._limit)
        self.rest = data[end:]
        return texts

    def taken_rest(self) -> bytes:
        """The rest, which is then nobody's but the caller's."""
        rest, self.rest = self.rest, b""
        return rest

    # For Hypercorn's task

    def can_be_lent(self, stream: trio.abc.Stream) -> bool:
        """Whether it is wanted and may be: once, and only a socket without TLS on it."""
        if not self.is_wanted or self._back.is_set() or not isinstance(stream, trio.SocketStream):
            return False
        self._socket = stream.socket
        return True

    async def lent(self) -> None:
        """Wait until it has been given back."""
        await self._back.wait()

    # For the application

    async def texts(self) -> list[str]:
        """The next messages; nothing once the stream has been given back. Cancelling loses none."""
        while not self._back.is_set():
            data = await self._receive()
            texts = self.plain(data) if data else []
            if not data or self.is_strange:
                self.give_back()
            if texts:
                return texts
        return []

    def give_back(self) -> None:
        """Hypercorn's task reads again. Whoever waits in `texts` gets nothing."""
        self._back.set()
        if self._is_reading and self._socket is not None:
            trio.lowlevel.notify_closing(self._socket)  # wakes the reader; nothing is closed

    async def _receive(self) -> bytes:
        """What there is on the socket; nothing at its end. One read for one wake-up: a `recv` of
        Trio's tries first, in vain, and waits then."""
        assert self._socket is not None
        self._is_reading = True
        try:
            while True:
                await trio.lowlevel.wait_readable(self._socket)
                try:
                    return os.read(self._socket.fileno(), RECEIVE_BYTES)
                except BlockingIOError:
                    continue
        except (OSError, trio.ClosedResourceError):
            return b""
        finally:
            self._is_reading = False
