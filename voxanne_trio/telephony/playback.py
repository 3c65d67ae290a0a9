"""Playback: what the caller hears, and when.

Theory of operation. One `Playback` serves a call; at most one `Speech` is audible. The writer
(`run`) owns the socket and *pulls*: whenever the socket is free it asks what to send next, and the
answer is computed at that moment without waiting. Control messages (`clear`, marks) come first;
audio follows while the phone has less than the *lead* in hand. So a barge-in is one synchronous
act: forget the speech, post `clear`. Nothing older can follow it, because nothing older is queued
anywhere behind it.

How far the phone has come, and so what the caller has heard, is the `Playhead`'s to say. Positions
are frames of 20 ms (`FRAME_MS`); times are seconds on the Trio clock.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

import attrs
import trio

from ..audio import FRAME_MS
from ..errors import VoxanneError
from ..events import PlayedOut, RanDry, ReplyAudible
from .codec import encode_clear, encode_mark, encode_media
from .passages import Pace
from .playhead import Playhead
from .speech import Speech

WAITING_MS: Final = 30_000
"""Audio that may wait to be played; a lease ends when synthesis ends, not when speech does."""

MESSAGE_FRAMES: Final = 5
"""Frames in one message: 100 ms, so that a call costs ten messages a second, not fifty."""

CONTROL_MESSAGES: Final = 256
"""Control messages waiting to be sent; with more the peer has stopped reading."""

UNDERRUN_SECONDS: Final = 0.020
LAST_MARK_SECONDS: Final = 2.0
"""How long after the expected end the last mark may come; then the speech counts as played."""


class PeerStalled(VoxanneError):
    """Twilio has stopped reading what we send."""


@attrs.frozen
class Pacing:
    """Playback's knobs, in milliseconds; see `Settings`."""

    lead_ms: int = 300
    start_buffer_ms: int = 60
    mark_every_ms: int = 200
    resume_rewind_ms: int = 500


@attrs.frozen
class Heard:
    """What had been heard of a speech: the written text, and whether that is all of it."""

    written: str
    complete: bool


class FarEnd(Protocol):
    """Whoever wants to know what the phone plays, and when: positions in time on Trio's clock."""

    def played(self, audio: bytes, at: float) -> None:
        """This audio sounds from then on."""

    def cleared(self, at: float) -> None:
        """Nothing that would sound after that does."""


class Playback:
    """The outbound half of one stream. `tell` gets `ReplyAudible`, `RanDry` and `PlayedOut`."""

    def __init__(
        self,
        stream_sid: str,
        pacing: Pacing,
        tell: Callable[[ReplyAudible | RanDry | PlayedOut], None],
        far_end: FarEnd | None = None,
    ) -> None:
        self._stream_sid = stream_sid
        self._pacing = pacing
        self._tell = tell
        self._far_end = far_end
        self._speech: Speech | None = None
        self._control: deque[str] = deque()
        self._changed = trio.Event()
        self._sleeps_until = -float("inf")  # the writer does, unless it is woken
        self._progress = trio.lowlevel.ParkingLot()
        self._wanted_below = 0  # the most of what may wait for those who are parked there
        self.pace = Pace()
        self.gaps = 0
        """Underruns so far: times the phone ran dry inside a reply."""
        self._playhead = Playhead()
        self._paused = False
        self._in_aside = False  # what was sent last is one
        self._flowing = False  # audio has left since the speech began or was taken up again
        self._final_mark: str | None = None
        self._is_dry = True  # all that was sent has been played, as far as we know, and told so
        self.ended_with = Heard("", complete=False)
        """What had been heard of the last speech that was played out."""

    # The interface of a call: synchronous, so that nothing can be lost half-way.

    def play(self, speech: Speech) -> None:
        """Make a speech the audible one. The one before it must have ended or been stopped."""
        assert self._speech is None, "two replies must never be audible at once"
        self._speech = speech
        self._paused = False
        self._playhead.begin(trio.current_time())
        self._begin_dry()
        self.changed()

    def stop(self) -> Heard:
        """Barge-in: silence the phone now. Sends `clear` once, if anything may still be playing."""
        if self._speech is not None and self._playhead.sent and not self._paused:
            self._clear(trio.current_time())
        heard = self.heard()
        self._speech = None
        self.changed()
        return heard

    def pause(self) -> None:
        """Silence the phone now but keep what it has not played, for `resume`."""
        speech = self._speech
        if speech is None or self._paused:
            return
        self._paused = True
        playhead, now = self._playhead, trio.current_time()
        if playhead.sent:
            position = playhead.position(now)
            self._clear(now)
            rewind = self._pacing.resume_rewind_ms // FRAME_MS
            playhead.rewind_to(speech.pause_before(position, rewind), now)
            self._begin_dry()
        self.changed()

    def resume(self) -> None:
        """Go on from the last pause before where the phone stopped."""
        self._paused = False
        self.changed()

    def interject(self, audio: bytes) -> bool:
        """Let the caller hear this first, while the speech has nothing to play.

        False, and nothing happens, where it has, where it is held, and where it is complete.
        """
        speech = self._speech
        if speech is None or speech.finished or self._paused or not speech.gate_open:
            return False
        enough = 0 if self._flowing else self._pacing.start_buffer_ms
        if not self._is_dry or (self.waiting_ms and self.waiting_ms >= enough):
            return False
        speech.interject(audio, self._playhead.sent)
        self.changed()
        return True

    def open_gate(self) -> None:
        """Let a speech that was held behind its gate be heard."""
        if self._speech is not None:
            self._speech.gate_open = True
        self.changed()

    def heard(self) -> Heard:
        """How much of the speech the caller has heard by now, never more than that."""
        speech = self._speech
        if speech is None or not self._playhead.sent:
            return Heard("", complete=False)
        position = self.position
        complete = speech.finished and position >= speech.frames
        return Heard(speech.heard_until(position), complete)

    @property
    def position(self) -> int:
        """The frame of the audible speech that the caller has surely heard up to, by now."""
        return self._playhead.heard_until(trio.current_time())

    @property
    def unplayed_ms(self) -> int:
        """Audio of the audible speech that is in hand and will still be played."""
        if self._speech is None:
            return 0
        return (self._speech.frames - self._playhead.position(trio.current_time())) * FRAME_MS

    def mark_returned(self, name: str) -> None:
        """A mark came back: proof of playback, if it is of the present epoch."""
        speech, playhead, now = self._speech, self._playhead, trio.current_time()
        if playhead.fence_returned(name, now) or speech is None:
            return
        if not playhead.mark_returned(name, now):
            return
        speech.forget(playhead.proved - self._pacing.resume_rewind_ms // FRAME_MS)
        if name == self._final_mark:
            self._ended(proven=True)

    def probe(self) -> None:
        """Have Twilio show that it is there: a mark that proves nothing else comes back."""
        self._post(encode_mark(self._stream_sid, "probe"))

    def changed(self) -> None:
        """There is more to send, or less: the writer looks, if it would not be soon enough."""
        if self._control or self._due(trio.current_time()) < self._sleeps_until:
            self._changed.set()

    @property
    def waiting_ms(self) -> int:
        """Audio of the audible speech that has not been sent yet."""
        return self._unsent_ms(self._speech) if self._speech is not None else 0

    async def until_waiting_below(self, speech: Speech, milliseconds: int) -> None:
        """Wait until less than that much of the speech waits to be sent."""
        while self._unsent_ms(speech) >= milliseconds:
            self._wanted_below = max(self._wanted_below, milliseconds)
            await self._progress.park()

    def sent_of(self, speech: Speech) -> int:
        """How many frames of a speech have left so far, or had left before they were to be taken up
        again, and were heard."""
        return max(self._playhead.sent, self._playhead.furthest) if speech is self._speech else 0

    def dry_at(self, speech: Speech) -> float:
        """When the phone will have played all that there is of a speech, or has (Trio clock)."""
        unsent, drained_at = self._unsent_ms(speech) / 1000, self._playhead.drained_at
        return max(drained_at, trio.current_time()) + unsent if unsent else drained_at

    def _unsent_ms(self, speech: Speech) -> int:
        sent = self._playhead.sent if speech is self._speech else 0
        return (speech.frames - sent) * FRAME_MS

    # The writer.

    async def run(self, send: Callable[[str], Awaitable[None]]) -> None:
        """Send what is due, for the whole call. The only task that may `send`.

        Raises `PeerStalled` when control messages pile up. Cancelling it in `send` may leave half
        a message on the wire: cancel it only when the socket is to be closed.
        """
        while True:
            await trio.lowlevel.checkpoint_if_cancelled()  # sending alone need not be one
            if self._control:
                await send(self._control.popleft())
                continue
            now = trio.current_time()
            due = self._due(now)
            if due > now:
                self._changed, self._sleeps_until = trio.Event(), due
                with trio.move_on_at(due):
                    await self._changed.wait()
                self._sleeps_until = -float("inf")
                continue
            speech = self._speech
            assert speech is not None
            sent = self._playhead.sent
            if speech.finished and sent >= speech.frames:
                self._ended(proven=False)
                continue
            if sent >= speech.frames:
                self._is_dry = True
                self._tell(RanDry(speech.reply))
                continue
            is_aside = speech.aside_at(sent) is not None
            begins = self._is_dry or (self._in_aside and not is_aside)
            await send(self._take(speech, now))
            if begins and speech is self._speech and not self._paused:
                self._tell(ReplyAudible(speech.reply, aside=is_aside))

    def _due(self, now: float) -> float:
        """When there is something to do next; `inf` while that takes a change."""
        speech = self._speech
        if speech is None or self._paused or not speech.gate_open:
            return float("inf")
        sent, drained_at = self._playhead.sent, self._playhead.drained_at
        unsent = speech.frames - sent
        if not unsent:
            if speech.finished:
                return drained_at + LAST_MARK_SECONDS if sent else now
            return float("inf") if self._is_dry else drained_at
        starved = unsent * FRAME_MS < self._pacing.start_buffer_ms
        if starved and not self._flowing and not speech.finished:
            return float("inf")
        room = min(unsent, MESSAGE_FRAMES) * FRAME_MS
        return drained_at - max(self._pacing.lead_ms - room, 0) / 1000

    def _take(self, speech: Speech, now: float) -> str:
        """The next message of audio; posts the mark that follows it."""
        playhead = self._playhead
        start = playhead.sent
        limits = [speech.frames, start + MESSAGE_FRAMES]
        every = self._pacing.mark_every_ms // FRAME_MS
        limits.append(playhead.marked + every)
        if (boundary := speech.next_boundary(start)) is not None:
            limits.append(boundary)
        end = min(limits)
        underrun = self._flowing and not self._in_aside
        self.gaps += underrun and now > playhead.drained_at + UNDERRUN_SECONDS
        begins_at = playhead.send_until(end, now)
        audio = speech.audio(start, end)
        message = encode_media(self._stream_sid, audio)
        if self._far_end is not None:
            self._far_end.played(audio, begins_at)
        self._in_aside = speech.aside_at(start) is not None
        self._flowing, self._is_dry = True, False
        ended = speech.finished and end >= speech.frames
        if end in limits[2:] or ended:
            self._mark(end, final=ended)
        if self.waiting_ms < self._wanted_below:
            self._wanted_below = 0
            self._progress.unpark_all()
        return message

    def finished(self, speech: Speech) -> None:
        """The speech will get no more audio."""
        speech.finish()
        sent = self._playhead.sent
        if speech is self._speech and sent and sent >= speech.frames:
            self._mark(speech.frames, final=True)  # its last audio left without the final mark
        self.changed()

    def _mark(self, position: int, *, final: bool) -> None:
        name = self._playhead.mark(position)
        if final:
            self._final_mark = name
        self._post(encode_mark(self._stream_sid, name))

    def _clear(self, now: float) -> None:
        fence = self._playhead.clear(now)
        self._control.clear()  # marks of what the clear flushes
        self._post(encode_clear(self._stream_sid))
        self._post(encode_mark(self._stream_sid, fence))
        if self._far_end is not None:
            self._far_end.cleared(now)

    def _begin_dry(self) -> None:
        self._final_mark = None
        self._flowing, self._is_dry, self._in_aside = False, True, False

    def _post(self, message: str) -> None:
        if len(self._control) >= CONTROL_MESSAGES:
            raise PeerStalled("Twilio has stopped reading")
        self._control.append(message)
        self.changed()

    def _ended(self, *, proven: bool) -> None:
        self.ended_with = self.heard()
        speech, self._speech = self._speech, None
        assert speech is not None
        self._progress.unpark_all()
        self._tell(PlayedOut(speech.reply, proven))
