"""What comes in on a media stream's socket, by the shortest way there is.

Fifty times a second and call, a frame's way through Hypercorn's task, wsproto and a channel costs
more than all else that is done with it. So a stream that shows nothing but plain frames is *lent*:
the process's pump reads the socket, and its messages are *poured* into a function of the
application, synchronously, in the pump's task. The first thing that is no plain frame, the end of
the stream, or our own close gives it back for good; Hypercorn's task then goes on where the pump
stopped, and judges what only it can judge.

    Hypercorn's task ──HANDOVER──▶ application: `pour(sink)`      pump ──take──▶ sink, sink, …
           ▲                                                       │
           └──────────────── `give_back`, `rest` ──────────────────┘

What a sink raises ends its own stream's pouring, and is raised where `pour` was called: the pump,
and with it every other stream, sees nothing of it.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from typing import Final

import trio

from . import plain_frames
from .pump import Pump

EXTENSION: Final = "voxanne.inflow"
"""Where an application finds it among the extensions of its scope."""

HANDOVER: Final = {"type": "voxanne.handover"}
"""In the place of a message: from here on the application reads."""

MOST_MESSAGES: Final = 5_000
MOST_MESSAGES_SECONDS: Final = 10.0
"""So many messages in so short a time are a flood. A call has 60 a second, and a network that comes
back after a minute brings no more than 4,000 at once."""

Sink = Callable[[str], bool]
"""Takes a message; True when it wants no more. Must not wait."""


class Inflow:
    """Of one WebSocket. `pump` is set by an application that knows what to do with `HANDOVER`."""

    def __init__(self, limit: int) -> None:
        self.pump: Pump | None = None
        self.is_strange = False
        """Whether something came that is no plain frame: the rest is not for us."""
        self.rest = b""
        """What came and has not been read: the beginning of a frame, or something strange."""
        self.is_flooded = False
        """Whether more came than any call has: nothing of it is read any more."""
        self._count, self._counted_since = 0, -math.inf
        self._limit = limit
        self._socket = -1
        self._back = trio.Event()
        self._texts: deque[str] = deque()  # read, and wanted by no sink so far
        self._sink: Sink | None = None
        self._failure: Exception | None = None
        self._poured = trio.Event()

    def plain(self, data: bytes) -> list[str]:
        """The plain messages in what came; what follows them stays in `rest`."""
        data = self.rest + data if self.rest else data
        texts, end, self.is_strange = plain_frames.read(data, self._limit)
        self.rest = data[end:]
        if self.counts(len(texts)):
            self.is_strange = True
            return []
        return texts

    def counts(self, messages: int) -> bool:
        """So many more have come; whether that is too many."""
        self._count += messages
        if self._count >= MOST_MESSAGES:
            now = trio.current_time()
            self.is_flooded |= now - self._counted_since < MOST_MESSAGES_SECONDS
            self._count, self._counted_since = 0, now
        return self.is_flooded

    def taken_rest(self) -> bytes:
        """The rest, which is then nobody's but the caller's."""
        rest, self.rest = self.rest, b""
        return rest

    # For Hypercorn's task

    def can_be_lent(self, stream: trio.abc.Stream) -> bool:
        """Whether it is wanted and may be: once, and only a socket without TLS on it."""
        if self.pump is None or not self.pump.is_running or self._back.is_set():
            return False
        if not isinstance(stream, trio.SocketStream):
            return False
        self._socket = stream.socket.fileno()
        return True

    async def lent(self) -> None:
        """Wait until it has been given back, which it is when this is cancelled, too."""
        try:
            await self._back.wait()
        finally:
            self.give_back()

    # For the application

    async def pour(self, sink: Sink) -> bool:
        """Give every message to `sink` until it has enough: True. False once all have been given
        and the stream was given back. One task at a time; what the sink raises is raised here."""
        assert self.pump is not None
        self._sink, self._poured = sink, trio.Event()
        self._drain()
        if not self.pump.is_running:
            self.give_back()
        try:
            if self._sink is not None and not self._back.is_set():
                self.pump.add(self._socket, self)
                await self._poured.wait()
        finally:
            unwanted, self._sink = self._sink is not None, None
            self.pump.remove(self._socket, self)
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure
        return not unwanted

    def give_back(self) -> None:
        """Hypercorn's task reads again, and a `pour` is over."""
        self._back.set()
        self._poured.set()
        if self.pump is not None:
            self.pump.remove(self._socket, self)

    # For the pump

    def take(self, data: bytes) -> None:
        """What came on the socket; nothing at its end."""
        if data:
            self._texts.extend(self.plain(data))
        self._drain()
        if not data or self.is_strange:
            self.give_back()
        elif self._sink is None and self.pump is not None:
            self.pump.remove(self._socket, self)

    def _drain(self) -> None:
        try:
            while self._texts and self._sink is not None:
                if self._sink(self._texts.popleft()):
                    self._done()
        except Exception as error:  # noqa: BLE001 - raised again in `pour`, by the call's own task
            self._failure = error
            self._done()

    def _done(self) -> None:
        self._sink = None
        self._poured.set()
