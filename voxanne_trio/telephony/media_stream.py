"""Twilio's media stream: a socket on one side, events and audio frames on the other.

Knows the order of a stream (start, then anything, then its end) and what to do with a message
that makes no sense: count it, log it, go on. Refuses to know what the events lead to. The reader
never waits for anything but the socket: frames and events are handed over synchronously.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Final, Protocol

import attrs
import trio

from ..errors import BadMessage, VoxanneError
from ..events import CallStarted, Draining, Event, MarkReturned, StreamLost, StreamStopped
from .codec import Connected, MediaReceived, decode

log = logging.getLogger("voxanne.telephony")

BAD_MESSAGES_LOGGED: Final = 5
"""Bad messages of one stream that get a line each; the rest are only counted."""

MESSAGES_BEFORE_START: Final = 10

PAUSE_SECONDS: Final = 0.5
"""The caller's audio counts as paused when none has come for so long."""

_SOON: Final = 0.1
"""Seconds before the watch looks, within which a frame puts that off: much cheaper than a look."""


class SocketGone(VoxanneError):
    """The peer has closed the socket, or it broke; `code` is the WebSocket close code."""

    def __init__(self, code: int = 1006) -> None:
        super().__init__(f"socket closed with {code}")
        self.code = code


class MediaSocket(Protocol):
    """The one seam between a call and whatever serves its WebSocket."""

    async def receive(self) -> str | bytes:
        """The next message; raises `SocketGone` after the last. Only one task may receive."""
        ...

    async def pour(self, sink: Callable[[str | bytes], bool]) -> None:
        """Give every message to `sink` until it returns True; raises `SocketGone` after the last.

        `sink` must not wait, may be called from another task, and many times in one step; what it
        raises is raised here. Instead of `receive`, never beside it.
        """
        ...

    async def send(self, message: str) -> None:
        """Send a text message; to a peer that is gone it does nothing. Only one task may send."""
        ...

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Close from our side; a second close does nothing."""
        ...

    def on_draining(self, tell: Callable[[Draining], None] | None) -> None:
        """Whom to tell that the server is about to stop; a call that says None, or nothing, is cut
        instead. `tell` must not wait."""
        ...


@attrs.define(eq=False)
class MediaStream:
    """The inbound half of one stream, from its `start` on."""

    socket: MediaSocket
    started: CallStarted
    bad_messages: Counter[str] = attrs.field(factory=Counter)
    frames: int = 0
    frame_at: float = attrs.field(factory=trio.current_time)
    """When the last frame came (Trio clock)."""
    message_at: float = attrs.field(factory=trio.current_time)
    """When anything last came."""
    _rest: trio.CancelScope = attrs.field(factory=trio.CancelScope, init=False)

    @classmethod
    async def open(cls, socket: MediaSocket) -> MediaStream:
        """Wait for `start`. The caller bounds it; raises `SocketGone` where it never comes, and
        `BadMessage` when what came instead cannot be Twilio."""
        for _ in range(MESSAGES_BEFORE_START):
            message = decode(await socket.receive())
            if isinstance(message, CallStarted):
                return cls(socket, message)
            if not isinstance(message, Connected | None):
                raise BadMessage("no start")
        raise BadMessage("no start")

    async def read(
        self, *, hear: Callable[[bytes, float], None], tell: Callable[[Event | MarkReturned], None]
    ) -> None:
        """Read to the end of the stream: frames with their arrival time to `hear`, all else to
        `tell`. The last event told is `StreamStopped` or `StreamLost`; then this returns."""
        take = partial(self._take, hear, tell)
        try:
            await self.socket.pour(take)
        except SocketGone as gone:
            tell(StreamLost(str(gone)))

    async def watch(
        self,
        *,
        lost_after: float,
        probe: Callable[[], None],
        pause: Callable[[], None],
        tell: Callable[[StreamLost], None],
    ) -> None:
        """Tell `StreamLost` when nothing has come for `lost_after` seconds, and return.

        Some lines carry no silence, so a line without audio is asked by `probe` for an answer:
        a mark of ours, which Twilio returns at once. `pause` is called when audio stops coming.
        """
        asked_at = paused_at = -1.0
        while (now := trio.current_time()) < self.message_at + lost_after:
            if now >= self.frame_at + PAUSE_SECONDS and paused_at <= self.frame_at:
                paused_at = now
                pause()
            if now >= self.message_at + lost_after / 2 and asked_at <= self.message_at:
                asked_at = now
                probe()
            due = [self.message_at + lost_after]
            if paused_at <= self.frame_at:
                due.append(self.frame_at + PAUSE_SECONDS)
            if asked_at <= self.message_at:
                due.append(self.message_at + lost_after / 2)
            with trio.CancelScope(deadline=max(min(due), now + PAUSE_SECONDS / 10)) as self._rest:
                await trio.sleep_forever()
        tell(StreamLost(f"nothing came for {lost_after:g} s"))

    def _take(
        self,
        hear: Callable[[bytes, float], None],
        tell: Callable[[Event | MarkReturned], None],
        text: str | bytes,
    ) -> bool:
        """One message; whether it was the stream's last."""
        self.message_at = trio.current_time()
        try:
            message = decode(text, self.started.stream_sid)
        except BadMessage as error:
            self._count_bad(error.reason)
            return False
        if isinstance(message, MediaReceived):
            self.frames += 1
            self.frame_at = self.message_at
            if not _SOON < self._rest.deadline - self.frame_at <= PAUSE_SECONDS:
                self._rest.deadline = self.frame_at + PAUSE_SECONDS
            hear(message.audio, self.message_at)
        elif isinstance(message, CallStarted):
            self._count_bad("a second start")
        elif message is not None and not isinstance(message, Connected):
            tell(message)
            return isinstance(message, StreamStopped)
        return False

    def _count_bad(self, reason: str) -> None:
        self.bad_messages[reason] += 1
        if self.bad_messages.total() <= BAD_MESSAGES_LOGGED:
            log.warning("Bad message from Twilio ignored: %s", reason)
