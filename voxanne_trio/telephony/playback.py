"""Playback: what the caller hears, when, and how much of it they have heard.

Theory of operation. One `Playback` serves a call; at most one `Speech` is audible. The writer
(`run`) owns the socket and *pulls*: whenever the socket is free it asks what to send next, and the
answer is computed at that moment without waiting. Control messages (`clear`, marks) come first;
audio follows while the phone has less than the *lead* in hand. So a barge-in is one synchronous
act: forget the speech, post `clear`. Nothing older can follow it, because nothing older is queued
anywhere behind it.

Twilio plays in order and in real time, and returns a mark once the audio before it has been played
*or flushed*: marks are named by the epoch, which every `clear` advances, and a mark of an older
epoch proves nothing. Between marks the clock says how far the phone has come, but not far past a
mark that does not return. Positions are frames of 20 ms (`FRAME_MS`); times are seconds on the Trio
clock.
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

UNPROVEN_SECONDS: Final = 0.060
"""Taken off what the clock alone would claim, until the first mark of a stretch has returned."""

JITTER_SECONDS: Final = 0.020
"""Taken off the shortest round trip seen, before it is counted on."""

STALL_SECONDS: Final = 0.2
"""A mark later than the clock expects by this much says that the phone stood still meanwhile."""


OVERDUE_FRAMES: Final = 30
"""So far past a mark that has not returned the phone may be: its way back takes so long at most.
Beyond that nothing is claimed: a phone that is gone returns no mark and plays nothing."""


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
        self._epoch = 0
        self._paused = False
        self._in_aside = False  # what was sent last is one
        self._flowing = False  # audio has left since the speech began or was taken up again
        self._sent = 0  # frames of the speech handed to the socket
        self._marked = 0  # position of the last mark sent
        self._owed: deque[int] = deque()  # positions of marks that have not returned
        self._proved = 0  # position of the last mark returned
        self._anchor = (0, 0.0)  # the phone had come this far at that time …
        self._is_proven = False  # … as a mark has shown
        self._drained_at = 0.0  # when the phone will have played all that was sent
        self._final_mark: str | None = None
        self._is_dry = True  # all that was sent has been played, as far as we know, and told so
        self._furthest = 0  # frames that had been heard when a pause stopped them
        self._stretch = (0, 0.0)  # from this frame, sent then, the phone has played without a gap
        self._round_trip = float("inf")  # the shortest seen: there and back
        self._fence = ("", 0.0)  # its mark, and when it was sent
        self.ended_with = Heard("", complete=False)
        """What had been heard of the last speech that was played out."""

    # The interface of a call: synchronous, so that nothing can be lost half-way.

    def play(self, speech: Speech) -> None:
        """Make a speech the audible one. The one before it must have ended or been stopped."""
        assert self._speech is None, "two replies must never be audible at once"
        self._speech = speech
        self._paused = False
        self._epoch += 1  # marks of the speech before prove nothing about this one
        self._furthest = 0
        self._rewind_to(0)
        self.changed()

    def stop(self) -> Heard:
        """Barge-in: silence the phone now. Sends `clear` once, if anything may still be playing."""
        speech = self._speech
        if speech is not None and self._sent and not self._paused:
            self._furthest = max(self._furthest, self._stopping_at())
            heard = self.heard()
            self._clear()
        else:
            heard = self.heard()
        self._speech = None
        self.changed()
        return heard

    def pause(self) -> None:
        """Silence the phone now but keep what it has not played, for `resume`."""
        speech = self._speech
        if speech is None or self._paused:
            return
        position = self._position()
        rewind = self._pacing.resume_rewind_ms // FRAME_MS
        self._paused = True
        if self._sent:
            self._furthest = max(self._furthest, self._stopping_at())
            self._clear()
            self._rewind_to(speech.pause_before(position, rewind))
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
        speech.interject(audio, self._sent)
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
        if speech is None or (not self._sent and not self._proved):
            return Heard("", complete=False)
        position = self.position
        complete = speech.finished and position >= speech.frames
        return Heard(speech.heard_until(position), complete)

    @property
    def position(self) -> int:
        """The frame of the audible speech that the caller has surely heard up to, by now."""
        return max(self._furthest, self._position())

    @property
    def unplayed_ms(self) -> int:
        """Audio of the audible speech that is in hand and will still be played."""
        if self._speech is None:
            return 0
        return (self._speech.frames - self._position()) * FRAME_MS

    def mark_returned(self, name: str) -> None:
        """A mark came back: proof of playback, if it is of the present epoch."""
        if name == self._fence[0]:
            self._time_round_trip(self._fence[1])
            return
        epoch, _, position = name.partition(":")
        if epoch != str(self._epoch) or not position.isdecimal() or self._speech is None:
            return
        if int(position) > self._sent:
            return  # of a stream before this one: it is not ours
        if not self._is_proven:
            frame, sent_at = self._stretch
            self._time_round_trip(sent_at + (int(position) - frame) * FRAME_MS / 1000)
        self._proved = max(self._proved, int(position))
        while self._owed and self._owed[0] <= self._proved:
            self._owed.popleft()
        # Each mark bounds the phone's position from below; the earliest one bounds it best.
        ahead = (self._position() - self._proved) * FRAME_MS / 1000
        if not self._is_proven or ahead < 0 or ahead > STALL_SECONDS:
            self._anchor, self._is_proven = (self._proved, trio.current_time()), True
        self._speech.forget(self._proved - self._pacing.resume_rewind_ms // FRAME_MS)
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
        return (self._speech.frames - self._sent) * FRAME_MS if self._speech is not None else 0

    async def until_waiting_below(self, speech: Speech, milliseconds: int) -> None:
        """Wait until less than that much of the speech waits to be sent."""
        while self._unsent_ms(speech) >= milliseconds:
            self._wanted_below = max(self._wanted_below, milliseconds)
            await self._progress.park()

    def sent_of(self, speech: Speech) -> int:
        """How many frames of a speech have left so far, or had left before they were to be taken up
        again, and were heard."""
        return max(self._sent, self._furthest) if speech is self._speech else 0

    def dry_at(self, speech: Speech) -> float:
        """When the phone will have played all that there is of a speech, or has (Trio clock)."""
        unsent = self._unsent_ms(speech) / 1000
        return max(self._drained_at, trio.current_time()) + unsent if unsent else self._drained_at

    def _unsent_ms(self, speech: Speech) -> int:
        sent = self._sent if speech is self._speech else 0
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
            if speech.finished and self._sent >= speech.frames:
                self._ended(proven=False)
                continue
            if self._sent >= speech.frames:
                self._is_dry = True
                self._tell(RanDry(speech.reply))
                continue
            is_aside = speech.aside_at(self._sent) is not None
            begins = self._is_dry or (self._in_aside and not is_aside)
            await send(self._take(speech, now))
            if begins and speech is self._speech and not self._paused:
                self._tell(ReplyAudible(speech.reply, aside=is_aside))

    def _due(self, now: float) -> float:
        """When there is something to do next; `inf` while that takes a change."""
        speech = self._speech
        if speech is None or self._paused or not speech.gate_open:
            return float("inf")
        unsent = speech.frames - self._sent
        if not unsent:
            if speech.finished:
                return self._drained_at + LAST_MARK_SECONDS if self._sent else now
            return float("inf") if self._is_dry else self._drained_at
        starved = unsent * FRAME_MS < self._pacing.start_buffer_ms
        if starved and not self._flowing and not speech.finished:
            return float("inf")
        room = min(unsent, MESSAGE_FRAMES) * FRAME_MS
        return self._drained_at - max(self._pacing.lead_ms - room, 0) / 1000

    def _take(self, speech: Speech, now: float) -> str:
        """The next message of audio; posts the mark that follows it."""
        limits = [speech.frames, self._sent + MESSAGE_FRAMES]
        every = self._pacing.mark_every_ms // FRAME_MS
        limits.append(self._marked + every)
        if (boundary := speech.next_boundary(self._sent)) is not None:
            limits.append(boundary)
        end = min(limits)
        if now > self._drained_at:
            underrun = self._flowing and not self._in_aside
            self.gaps += underrun and now > self._drained_at + UNDERRUN_SECONDS
            self._anchor, self._is_proven = (self._sent, now + UNPROVEN_SECONDS), False
            self._stretch = (self._sent, now)
        begins_at = max(self._drained_at, now)
        seconds = (end - self._sent) * FRAME_MS / 1000
        self._drained_at = begins_at + seconds
        audio = speech.audio(self._sent, end)
        message = encode_media(self._stream_sid, audio)
        if self._far_end is not None:
            self._far_end.played(audio, begins_at)
        self._in_aside = speech.aside_at(self._sent) is not None
        self._sent = end
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
        if speech is self._speech and self._sent and self._sent >= speech.frames:
            self._mark(speech.frames, final=True)  # its last audio left without the final mark
        self.changed()

    def _mark(self, position: int, *, final: bool) -> None:
        name = f"{self._epoch}:{position}"
        if final:
            self._final_mark = name
        self._marked = position
        self._owed.append(position)
        self._post(encode_mark(self._stream_sid, name))

    def _clear(self) -> None:
        self._epoch += 1
        self._control.clear()  # marks of what the clear flushes
        now = self._drained_at = trio.current_time()
        self._fence = (f"fence:{self._epoch}", now)
        self._post(encode_clear(self._stream_sid))
        self._post(encode_mark(self._stream_sid, self._fence[0]))
        if self._far_end is not None:
            self._far_end.cleared(now)

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

    def _position(self) -> int:
        """The frame the phone has reached by now, by the last proof and the clock."""
        frame, at = self._anchor
        since = max(trio.current_time() - at, 0.0)
        come = min(self._sent, frame + int(since * 1000 / FRAME_MS + 1e-6))
        return min(come, self._owed[0] + OVERDUE_FRAMES) if self._owed else come

    def _stopping_at(self) -> int:
        """The frame at which a `clear` that is sent now will stop the phone, never more.

        What a mark has proven is older by its way back, and the `clear` has its own way to go.
        """
        more = UNPROVEN_SECONDS
        if self._is_proven:
            more = self._round_trip if self._round_trip < float("inf") else 0.0
        return min(
            self._sent, self._position() + max(0, int((more - JITTER_SECONDS) * 1000 / FRAME_MS))
        )

    def _time_round_trip(self, since: float) -> None:
        seconds = trio.current_time() - since
        if 0 <= seconds < self._round_trip:
            self._round_trip = seconds

    def _rewind_to(self, frame: int) -> None:
        self._sent = self._marked = self._proved = frame
        self._anchor, self._is_proven = (frame, trio.current_time()), False
        self._final_mark = None
        self._owed.clear()
        self._flowing, self._is_dry, self._in_aside = False, True, False
