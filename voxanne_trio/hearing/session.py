"""One socket to a recogniser, from its opening to its loss.

Two tasks: one writes the caller's audio as it comes and what was posted, the other reads. The
first failure ends both and is raised; a session has no other end but cancellation. A batch that
nothing stands in the way of is written in the very step that made it whole: to wake a task for it
costs more than the batch.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Final, Protocol

import trio
import trio_websocket

from ..errors import (
    BadMessage,
    PermanentVendorError,
    TransientVendorError,
    VendorError,
    leaves,
)
from ..events import HearingEvent
from ..line import next_message
from .clock import StreamClock
from .draft import Draft, Heard, Sign
from .outbound import Outbound, closed
from .ring import AudioRing, Batch
from .watchdog import Watchdog

log = logging.getLogger("voxanne.hearing")

VENDOR: Final = "deepgram"
KEEP_ALIVE_SECONDS: Final = 4.0
PROVEN_SECONDS: Final = 1.0
PACE: Final = 1.25
"""Audio is taken at no more than this multiple of real time, by the vendor's own word."""
SLACK_SECONDS: Final = 0.25
"""So much of real time's shortfall on the pace may be made up for at once: what comes late in one
burst, or was kept waiting by a busy process, is not paced, and nothing falls ever further behind.
"""
GOODBYE_SECONDS: Final = 0.5
CLOSE_STREAM: Final = '{"type":"CloseStream"}'

Tell = Callable[[HearingEvent], None]


class Recogniser(Protocol):
    """One vendor's language on the wire; synchronous."""

    name: str
    greets: bool
    """Whether audio must wait for the first message."""
    keep_alive: str
    """Said every four seconds while there is no audio to send; empty: never."""

    def url(self) -> str:
        """Where to connect, with every parameter."""

    def opened(self, post: Callable[[str], bool]) -> None:
        """A new socket: nothing was heard on it. `post` sends a control message."""

    def closed(self) -> None:
        """The socket is gone, and `post` with it."""

    def hear(self, message: str | bytes) -> list[Heard]:
        """What a message means. Raises `BadMessage`, or `VendorError` where it ends the socket."""

    def wants_silence(self, stopped_ms: float) -> bool:
        """Whether silence is to be sent when the caller's audio stopped so long ago."""


class Session:
    """A socket's tasks. `prove` is called once, when the socket has shown that it works; where the
    recogniser must greet, it has `greeting_seconds` for it."""

    def __init__(
        self,
        recogniser: Recogniser,
        draft: Draft,
        audio: AudioRing,
        tell: Tell,
        *,
        batch_ms: int,
        greeting_seconds: float,
        watchdog: Watchdog,
        prove: Callable[[], None],
    ) -> None:
        self.proven = False
        self._recogniser = recogniser
        self._draft = draft
        self._audio = audio
        self._tell = tell
        self._batch_ms = batch_ms
        self._greeting_seconds = greeting_seconds
        self._watchdog = watchdog
        self._prove = prove
        self._clock = StreamClock()
        self._outbound = Outbound(audio.interrupt)
        self._ready = trio.Event()
        self._opened_at = self._due = self._quiet_since = trio.current_time()
        self._mute = ""

    async def run(self, socket: trio_websocket.WebSocketConnection) -> None:
        """Listen until the socket is lost. Raises `VendorError`; says goodbye when cancelled."""
        self._draft.opened(self._clock, self._audio.position_ms)
        self._watchdog.opened()
        self._recogniser.opened(self._outbound.control)
        if not self._recogniser.greets:
            self._ready.set()
        failures: list[VendorError] = []
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._write, socket)
                nursery.start_soon(self._outlive_doubt)
                await self._read(socket)
        except* VendorError as group:
            failures = leaves(group)
        finally:
            self._recogniser.closed()
            self._draft.broken()
            if not failures and self._outbound.between_messages:
                with trio.move_on_after(GOODBYE_SECONDS, shield=True):
                    with suppress(trio_websocket.ConnectionClosed):
                        await socket.send_message(CLOSE_STREAM)
        permanent = [error for error in failures if isinstance(error, PermanentVendorError)]
        raise (permanent or failures)[0]

    async def _read(self, socket: trio_websocket.WebSocketConnection) -> None:
        while True:
            try:
                message = await next_message(socket)
            except trio_websocket.ConnectionClosed as error:
                raise closed(error) from error
            try:
                everything = self._recogniser.hear(message)
            except BadMessage as error:
                log.warning("message of the recogniser ignored: %s", error.reason)
                continue
            for heard in everything:
                self._hear(heard)

    def _hear(self, heard: Heard) -> None:
        if heard.sign is Sign.READY:
            self._ready.set()
            return
        self._watchdog.answered()
        self._works()
        for event in self._draft.hear(heard):
            self._tell(event)
        self._audio.heard(self._draft.covered_ms)

    async def _write(self, socket: trio_websocket.WebSocketConnection) -> None:
        """Audio as soon as a batch is there. What has piled up is paced, which may hold up what is
        posted by less than a batch; new audio comes no faster than real time and is not paced."""
        await self._greeted()
        self._due = self._quiet_since = trio.current_time()
        at_once = partial(self._write_at_once, socket)
        while not self._mute:
            await self._outbound.send_control(socket)
            batch = await self._audio.take(self._batch_ms, fill=self._wants_silence, whole=at_once)
            if batch.audio:
                if self._due > trio.current_time():
                    await trio.sleep_until(self._due)
                self._count(batch)
                await self._outbound.send_audio(socket, batch.audio)
                self._watch(batch)
                for event in self._draft.abandoned():
                    self._tell(event)
            elif self._recogniser.keep_alive:
                self._keep_alive()
        raise TransientVendorError(VENDOR, self._mute)

    def _write_at_once(self, socket: trio_websocket.WebSocketConnection) -> bool:
        """A batch is there and the writer waits for it: whether it was spared the trouble."""
        if self._due > trio.current_time() or self._draft.is_abandoned:
            return False
        if self._mute or not self._outbound.is_free(socket):
            return False
        batch = self._audio.take_now(self._batch_ms)
        self._count(batch)
        self._outbound.write_audio(socket, batch.audio)
        self._watch(batch)
        if self._mute:
            self._audio.interrupt()
        return True

    def _count(self, batch: Batch) -> None:
        """It goes out now."""
        now = self._quiet_since = trio.current_time()
        self._due = max(self._due, now - SLACK_SECONDS) + batch.duration_ms / 1000 / PACE
        self._clock.sent(batch.position_ms, batch.duration_ms)

    def _watch(self, batch: Batch) -> None:
        """It went out."""
        self._mute = self._watchdog.sent(
            batch.duration_ms, batch.voice_ms, turn_is_open=self._draft.is_open
        )

    def _keep_alive(self) -> None:
        now = trio.current_time()
        if now - self._quiet_since >= KEEP_ALIVE_SECONDS:
            self._outbound.control(self._recogniser.keep_alive)
            self._quiet_since = now

    async def _greeted(self) -> None:
        with trio.move_on_after(self._greeting_seconds) as patience:
            await self._ready.wait()
        if patience.cancelled_caught:
            raise TransientVendorError(VENDOR, f"no greeting within {self._greeting_seconds:g} s")

    def _wants_silence(self) -> bool:
        if not self._clock.sent_ms:
            return True  # some audio must follow the opening
        since = max(self._audio.last_put_at or self._opened_at, self._opened_at)
        return self._recogniser.wants_silence((trio.current_time() - since) * 1000)

    async def _outlive_doubt(self) -> None:
        await trio.sleep(PROVEN_SECONDS)
        if not self._watchdog.is_deaf:
            self._works()

    def _works(self) -> None:
        if not self.proven:
            self.proven = True
            self._prove()
