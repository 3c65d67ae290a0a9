"""Audio on its way from a vendor's connection to the reply: bounded in bytes, ended by either side.

Backpressure for audio, never for marks: the reader of the connection waits while the reply is
behind, `Flushed` and failures are put without waiting. Once closed it swallows everything, so
that a reply that is gone never holds up a connection.
"""

from __future__ import annotations

from collections import deque
from typing import Final

import trio

from ..errors import VendorError
from . import Flushed

BOUND_BYTES: Final = 8_000
"""One second of audio; playback has its own, longer bound."""


class Inbox:
    """One producer task, one consumer task."""

    def __init__(self) -> None:
        self._items: deque[bytes | Flushed] = deque()  # audio up to BOUND_BYTES and one piece
        self._bytes = 0
        self._failure: VendorError | None = None
        self._closed = False
        self._changed = trio.lowlevel.ParkingLot()

    @property
    def has_room(self) -> bool:
        """Whether `put` would not wait: the bound is not reached, or it is closed."""
        return self._bytes < BOUND_BYTES or self._closed

    async def put(self, audio: bytes) -> None:
        """Hand on audio, as soon as there is room."""
        while not self.has_room:
            await self._changed.park()
        self.add(audio)

    def add(self, audio: bytes) -> None:
        """Hand on audio where there is room."""
        if audio and not self._closed:
            self._items.append(audio)
            self._bytes += len(audio)
            self._changed.unpark_all()

    def mark(self) -> None:
        """One flush is done. Flushes are few, so this needs no bound of its own."""
        if not self._closed:
            self._items.append(Flushed())
            self._changed.unpark_all()

    def fail(self, failure: VendorError) -> None:
        """No more will come; what is here can still be had. The first failure counts."""
        self._failure = self._failure or failure
        self._changed.unpark_all()

    def close(self) -> None:
        """The reply is gone."""
        self._closed = True
        self._items.clear()
        self._changed.unpark_all()

    async def get(self) -> bytes | Flushed:
        """The next item, or the failure behind the last one."""
        if self._items or self._failure:
            await trio.lowlevel.checkpoint()
        while not self._items:
            if self._failure:
                raise self._failure
            await self._changed.park()
        item = self._items.popleft()
        if isinstance(item, bytes):
            self._bytes -= len(item)
            self._changed.unpark_all()
        return item
