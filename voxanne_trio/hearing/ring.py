"""What the caller said: bounded, in order, with the time at which it arrived.

The ring joins the reader of the phone's socket, which must never wait, to a recogniser, which may
be slow or gone. Its bound is in milliseconds: the oldest is dropped, and counted with the reason.
Every byte has a *position*, in milliseconds since the audio of the call began; dropped audio keeps
its positions, silence that we feed takes new ones. Audio already handed out is kept for a while,
so that a new socket can hear it again. Refuses to know what a recogniser is.

One task puts, one task takes.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from typing import Final

import trio

from ..audio import BYTES_PER_MS, FRAME_BYTES, RATE, loudness, samples_below, silence

SILENCE_AFTER_MS: Final = 200
"""The caller's stream counts as stopped when nothing has arrived for so long."""

_QUIET_MEAN: Final = 12
"""Mean magnitude under which nobody speaks, not even softly: about 50 dB under full scale."""

_QUIET_SAMPLES: Final = samples_below(_QUIET_MEAN)

_BEHIND_MS: Final = 500
"""More than this waiting, and silence is left out to catch up."""

_PAUSE_KEPT_MS: Final = 240
_ONSET_KEPT_MS: Final = 80
"""What stays of a pause that is left out: its beginning, and the breath before the next word."""

_ARRIVALS: Final = 2_048
"""Arrival times kept, at least: 40 s of 20 ms frames, 16 bytes each."""


def is_quiet(audio: bytes | bytearray) -> bool:
    """Whether a stretch of audio holds nothing that could be speech, not in one of its frames."""
    return _voiced_until(audio) == 0


def _voiced_until(audio: bytes | bytearray) -> int:
    """Where the last frame ends that could be speech; 0 where there is none, which is nearly always
    seen at once: 0.4 us in place of 12."""
    if not audio.translate(None, _QUIET_SAMPLES):
        return 0
    for end in range(len(audio), 0, -FRAME_BYTES):
        if loudness(bytes(audio[max(0, end - FRAME_BYTES) : end])) >= _QUIET_MEAN:
            return end
    return 0


class AudioRing:
    """Mu-law audio on its way to the recogniser.

    At most `bound_ms` wait to be taken and `keep_ms` of taken audio are kept for a replay.
    """

    def __init__(self, *, bound_ms: int = 10_000, keep_ms: int = 5_000) -> None:
        self.dropped_ms: dict[str, float] = {}
        """Milliseconds never handed out, by reason: `overflow`, `replay` (too old to be heard
        again), `silence` (left out to catch up)."""
        self.last_put_at: float | None = None
        self._bound = bound_ms * BYTES_PER_MS
        self._keep = keep_ms * BYTES_PER_MS
        self._audio = bytearray()
        # Positions in bytes: of the first byte held, of the next to be handed out, and up to which
        # voice has been forgotten.
        self._first = 0
        self._next = 0
        self._voice_gone = 0
        self._ends = array("q")
        self._arrivals = array("d")
        self._arrivals_cut = False
        self._wanted = 0
        self._enough = trio.Event()
        self._overdue_at: float | None = None

    @property
    def position_ms(self) -> float:
        """Position of the next audio to be handed out."""
        return self._next / BYTES_PER_MS

    @property
    def waiting_ms(self) -> float:
        """How much audio waits to be handed out."""
        return self._waiting / BYTES_PER_MS

    @property
    def _end(self) -> int:
        return self._first + len(self._audio)

    @property
    def _waiting(self) -> int:
        return self._end - self._next

    def put(self, frame: bytes, at: float) -> None:
        """Add what the caller said, which arrived at `at` (Trio clock); never waits."""
        if not frame:
            return
        self._append(frame, at)
        self.last_put_at = at
        self._overdue_at = at + SILENCE_AFTER_MS / 1000
        if self._wanted and self._waiting >= self._wanted:
            self._enough.set()

    async def take(self, milliseconds: int, *, fill: bool = True) -> bytes:
        """The next batch, of that length, as soon as that much is there.

        When the caller's stream has stopped (200 ms without a frame, then once per batch length),
        the batch is filled up with silence, which becomes part of the stream; without `fill` it is
        what is there, perhaps nothing. A batch never spans a gap. Cancellation loses nothing.
        Nothing is given when interrupted.
        """
        wanted = milliseconds * BYTES_PER_MS
        if self._waiting >= wanted:
            await trio.lowlevel.checkpoint()
        while self._waiting < wanted:
            now = trio.current_time()
            if self._overdue_at is None:
                self._overdue_at = now + SILENCE_AFTER_MS / 1000
            if now >= self._overdue_at:
                late = now - self._overdue_at > milliseconds / 1000
                self._overdue_at = (now if late else self._overdue_at) + milliseconds / 1000
                if fill:
                    missing_ms = (wanted - self._waiting) / BYTES_PER_MS
                    self._append(silence(missing_ms), now)
                break
            self._wanted, self._enough = wanted, trio.Event()
            with trio.CancelScope(deadline=self._overdue_at):
                await self._enough.wait()
            self._wanted = 0
            if self._enough.is_set() and self._waiting < wanted:
                return b""
        return self._hand_out(min(wanted, self._waiting))

    def interrupt(self) -> None:
        """Whoever waits in `take` gets nothing, now."""
        self._enough.set()

    def rewind(self, position_ms: float) -> bool:
        """Hand out again what follows a position, from the beginning of its frame, as far as it is
        kept.

        At most `keep_ms` of voice will be heard again, the newest. False when voice after the
        position is gone for good.
        """
        position = round(position_ms * BYTES_PER_MS)
        self._next = max(self._first, min(position - position % FRAME_BYTES, self._next))
        voiced = 0
        for begin in range(self._end - FRAME_BYTES, self._next - 1, -FRAME_BYTES):
            voiced += 0 if is_quiet(self._between(begin, begin + FRAME_BYTES)) else FRAME_BYTES
            if voiced > self._keep:
                self._drop(begin + FRAME_BYTES - self._next, "replay")
                break
        return self._voice_gone <= position

    def catch_up(self, milliseconds: int) -> None:
        """While much is waiting, leave out silence, a batch at a time; pauses stay pauses."""
        step = milliseconds * BYTES_PER_MS
        before, after = _PAUSE_KEPT_MS * BYTES_PER_MS, _ONSET_KEPT_MS * BYTES_PER_MS
        while (
            self._waiting > max(_BEHIND_MS * BYTES_PER_MS, step + after)
            and self._next - self._first >= before
            and is_quiet(self._between(self._next - before, self._next + step + after))
        ):
            self._count(step, "silence")
            self._next += step
            self._forget()

    def arrived_at(self, position_ms: float) -> float | None:
        """When the audio at a position reached us (Trio clock).

        Between the ends of two frames the caller's voice is taken to run in real time. None for
        audio that has not arrived, and for what arrived too long ago.
        """
        position = position_ms * BYTES_PER_MS
        if not self._ends or not 0 <= position <= self._ends[-1]:
            return None
        index = bisect_left(self._ends, position)
        if index == 0 and self._arrivals_cut:
            return None
        at = self._arrivals[index] - (self._ends[index] - position) / RATE
        return max(at, self._arrivals[index - 1]) if index else at

    def _append(self, frame: bytes, at: float) -> None:
        self._audio += frame
        self._ends.append(self._end)
        self._arrivals.append(max(at, self._arrivals[-1]) if self._arrivals else at)
        if len(self._ends) >= 2 * _ARRIVALS:
            del self._ends[:_ARRIVALS], self._arrivals[:_ARRIVALS]
            self._arrivals_cut = True
        if self._waiting > self._bound:
            self._drop(self._waiting - self._bound, "overflow")

    def _hand_out(self, count: int) -> bytes:
        batch = bytes(self._between(self._next, self._next + count))
        self._next += count
        self._forget()
        return batch

    def _between(self, begin: int, end: int) -> bytearray:
        return self._audio[max(0, begin - self._first) : end - self._first]

    def _drop(self, count: int, reason: str) -> None:
        """The oldest that waits will never be handed out, and nothing before it again."""
        self._count(count, reason)
        self._next += count
        self._delete(self._next - self._first)

    def _count(self, count: int, reason: str) -> None:
        self.dropped_ms[reason] = self.dropped_ms.get(reason, 0.0) + count / BYTES_PER_MS

    def _forget(self) -> None:
        if (excess := self._next - self._first - self._keep) > 0:
            self._delete(excess)

    def _delete(self, count: int) -> None:
        if voiced := _voiced_until(self._audio[:count]):
            self._voice_gone = self._first + voiced
        del self._audio[:count]
        self._first += count
