"""Twilio's side of one media stream: frames up, audio and marks down, with the network's delays.

Up: `connected`, `start`, then a frame every 20 ms of the caller's channel, each held back by the
one-way delay and its jitter; keys; marks when they are due; `stop` when the call moves on. Down:
every message is checked to the letter, and reaches the play-out one delay after it came. The two
senders share the socket, whose sends are whole frames; sequence numbers are given in that order.
Refuses to know webhooks and why a call ends.
"""

from __future__ import annotations

import json
import math
import random
from contextlib import suppress
from typing import Any, Final

import attrs
import trio

from .faults.media import MediaFaults
from .journal import Journal
from .microphone import FRAME_BYTES, FRAME_SECONDS, Microphone
from .outbound import Mark, Media, Violation, read
from .playout import PlayOut
from .sockets import SocketClosed, WireSocket

FIRST_TIMESTAMP_MS: Final = 155
"""Live captures show 155 and 171: the first frame is that old when it is named."""

_TIMESTAMP_JITTER_MS: Final = 2


@attrs.frozen
class Link:
    """The network between Twilio and the server: one-way delay and jitter of each direction."""

    delay_ms: float = 20.0
    jitter_ms: float = 4.0
    rng: random.Random = attrs.field(factory=lambda: random.Random(0), repr=False)  # noqa: S311 - jitter, no secret

    def seconds(self) -> float:
        """How long the next message takes."""
        jitter = self.rng.random() * self.jitter_ms if self.jitter_ms else 0.0
        return (self.delay_ms + jitter) / 1000


@attrs.frozen
class Identity:
    """The names a stream carries."""

    account_sid: str
    call_sid: str
    stream_sid: str
    parameters: dict[str, str] = attrs.field(factory=dict)


@attrs.frozen
class Ended:
    """How a stream ended: `stopped` by our side, `closed` by the server, or `lost`."""

    kind: str
    code: int = 1000
    reason: str = ""


class MediaStream:
    """One stream on an open socket; `run` is its whole life."""

    def __init__(
        self,
        socket: WireSocket,
        identity: Identity,
        microphone: Microphone,
        playout: PlayOut,
        journal: Journal,
        *,
        link: Link,
        rng: random.Random,
        faults: MediaFaults | None = None,
    ) -> None:
        self.identity = identity
        self._socket = socket
        self._microphone = microphone
        self._playout = playout
        self._journal = journal
        self._link = link
        self._rng = rng
        self._faults = faults
        self._marks = playout if faults is None else faults
        self._sequence = 0
        self._arrived = 0.0
        self._marks_changed = trio.Event()
        self._stopping = trio.Event()
        self._held = 0
        self._mute_until = 0.0

    # What the call may ask for; none of it waits.

    def stop(self) -> None:
        """Say `stop` and close: the caller hung up, or the call was redirected."""
        self._stopping.set()

    def hold_frames(self, count: int) -> None:
        """Congestion: the next frames are held back and then come together."""
        self._held = count

    def mute(self, seconds: float) -> None:
        """Send no media for so long; timestamps go on, chunk numbers do not."""
        self._mute_until = trio.current_time() + seconds

    async def press(self, digit: str) -> None:
        """Send one key."""
        dtmf = {"track": "inbound_track", "digit": digit}
        self._journal.note("dtmf", digit)
        await self._send({"event": "dtmf", "dtmf": dtmf})

    async def run(self) -> Ended:
        """Send and receive until either side ends the stream; then the socket is closed."""
        began = trio.current_time()
        ended: Ended | None = None
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._talk, began, name="frames")
            nursery.start_soon(self._return_marks, name="marks")
            nursery.start_soon(self._await_stop, nursery.cancel_scope, name="stop")
            ended = await self._listen()
            nursery.cancel_scope.cancel()
        if ended is None and self._stopping.is_set():
            ended = await self._say_stop()
        if ended is None:
            ended = Ended("lost", 1006, "broken pipe")
        self._journal.note("stream_ended", attrs.asdict(ended))
        return ended

    # Up.

    async def _send(self, message: dict[str, Any]) -> None:
        self._sequence += 1
        event = message.pop("event")
        head = {"event": event, "sequenceNumber": str(self._sequence)}
        body = {**head, **message, "streamSid": self.identity.stream_sid}
        await self._send_numbered(json.dumps(body, separators=(",", ":")))

    async def _send_numbered(self, text: str) -> None:
        try:
            await self._socket.send(text)
        except trio.Cancelled:
            self._sequence -= 1  # it was not sent: the next message has its number
            raise

    async def _introduce(self) -> None:
        connected = {"event": "connected", "protocol": "Call", "version": "1.0.0"}
        await self._socket.send(json.dumps(connected, separators=(",", ":")))
        identity = self.identity
        start = {
            "accountSid": identity.account_sid,
            "streamSid": identity.stream_sid,
            "callSid": identity.call_sid,
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": identity.parameters,
        }
        await self._send({"event": "start", "start": start})
        self._journal.note("start", identity.stream_sid)

    async def _talk(self, began: float) -> None:
        """Introduce ourselves, then one frame every 20 ms; ends quietly with the socket."""
        first = began + FIRST_TIMESTAMP_MS / 1000 - FRAME_SECONDS
        position = self._microphone.position(first)
        number = chunk = 0
        last = 0.0
        with suppress(SocketClosed):
            await self._introduce()
            while True:
                captured = first + (number + 1) * FRAME_SECONDS
                held = self._held * FRAME_SECONDS
                self._held = 0
                last = max(last, captured + held + self._link.seconds())
                await trio.sleep_until(last)
                if self._faults is not None and (quiet := self._faults.stop_frames(number)):
                    self.mute(quiet)
                if captured >= self._mute_until:
                    chunk += 1
                    await self._send_frame(position, number, chunk)
                position += FRAME_BYTES
                number += 1

    async def _send_frame(self, position: int, number: int, chunk: int) -> None:
        self._sequence += 1
        timestamp = FIRST_TIMESTAMP_MS + 20 * number
        if number:
            timestamp -= self._rng.randrange(_TIMESTAMP_JITTER_MS + 1)
        await self._send_numbered(
            f'{{"event":"media","sequenceNumber":"{self._sequence}","media":{{"track":"inbound",'
            f'"chunk":"{chunk}","timestamp":"{timestamp}",'
            f'"payload":"{self._microphone.payload(position)}"}},'
            f'"streamSid":"{self.identity.stream_sid}"}}'
        )

    async def _return_marks(self) -> None:
        """Send each mark back one delay after it is due; a clear may make it due earlier."""
        with suppress(SocketClosed):
            while True:
                changed = self._marks_changed
                due = self._marks.next_due()
                delay = self._link.seconds()
                with trio.CancelScope(deadline=math.inf if due is None else due + delay):
                    await changed.wait()
                for echo in self._marks.take_due(trio.current_time() - delay + 1e-9):
                    detail = {"name": echo.name, "flushed": echo.flushed}
                    self._journal.note("echo", detail, at=echo.due)
                    await self._send({"event": "mark", "mark": {"name": echo.name}})

    async def _await_stop(self, over: trio.CancelScope) -> None:
        await self._stopping.wait()
        over.cancel()

    async def _say_stop(self) -> Ended:
        ids = {"accountSid": self.identity.account_sid, "callSid": self.identity.call_sid}
        try:
            await trio.sleep(self._link.seconds())
            await self._send({"event": "stop", "stop": ids})
            self._journal.note("stop")
        except SocketClosed as closed:
            return Ended("lost", closed.code, closed.reason)
        await self._socket.close(1000)
        return Ended("stopped")

    # Down.

    async def _listen(self) -> Ended:
        try:
            while True:
                self._take(await self._socket.receive())
        except SocketClosed as closed:
            await trio.sleep(self._link.seconds())
            kind = "closed" if closed.code not in {1002, 1006, 1007, 1009} else "lost"
            return Ended(kind, closed.code, closed.reason)

    def _take(self, message: str | bytes) -> None:
        now = trio.current_time()
        self._arrived = at = max(self._arrived, now + self._link.seconds())
        try:
            meant = read(message, self.identity.stream_sid)
        except Violation as violation:
            self._journal.violation(str(violation))
            return
        if isinstance(meant, Media):
            self._journal.note("media", len(meant.audio), at=now)
            if not self._playout.add(meant.audio, at):
                self._journal.violation("more than ten minutes of audio queued (31931)")
            return
        if isinstance(meant, Mark):
            self._journal.note("mark", meant.name, at=now)
            self._playout.mark(meant.name, at)
        else:
            dropped = self._playout.clear(at)
            self._journal.note("clear", {"effective_at": at, "dropped_samples": dropped}, at=now)
        self._marks_changed.set()
        self._marks_changed = trio.Event()
