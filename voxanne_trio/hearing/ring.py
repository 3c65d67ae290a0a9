"""What the caller said: bounded, in order, with the time at which it arrived.

The ring joins the reader of the phone's socket, which must never wait, to a recogniser, which may
be slow or gone. Every byte has a *position*, in milliseconds since the audio of the call began;
what is left out keeps its positions, silence that we feed takes new ones.

Audio already handed out is kept for a while, its pauses shortened, so that a new socket can hear it
again. What was handed out and is not kept any more is *forgotten*: heard, if the recogniser said
that it has listened so far; otherwise, when its socket is lost, dropped. So each byte that was put
is waiting, or was handed out to a recogniser that heard it (or may yet), or is counted as dropped,
once. Refuses to know what a recogniser is.

One task puts, one task takes.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from typing import Final

import attrs
import trio

from ..audio import BYTES_PER_MS, FRAME_BYTES, RATE, silence
from .pieces import Piece, Pieces, is_quiet

SILENCE_AFTER_MS: Final = 200
"""The caller's stream counts as stopped when nothing has arrived for so long."""

_SOON: Final = 0.05
"""Seconds before a wait ends without audio, within which audio puts the end off: that is much
cheaper than to let it end and wait again, and to do so for each frame would not be."""

_BEHIND: Final = 500 * BYTES_PER_MS
"""More than this waiting, and pauses are shortened to catch up."""

_RANGES: Final = 256
"""Forgotten ranges told apart: there is one for each pause within what is kept, and one for each
place where something had been left out before, until it is heard."""

_ARRIVALS: Final = 2_048
"""Arrival times kept, at least: 40 s of 20 ms frames, 16 bytes each."""


def _always() -> bool:
    return True


@attrs.frozen
class Batch:
    """Audio as it was handed out: without a gap, from `position_ms` of the call on. Of it
    `voice_ms` are voice."""

    audio: bytes = b""
    position_ms: float = 0.0
    voice_ms: float = 0.0

    @property
    def duration_ms(self) -> float:
        return len(self.audio) / BYTES_PER_MS


@attrs.define
class _Range:
    """Audio that was handed out and is not kept; of it the caller said so many bytes that were not
    heard."""

    begin: int
    end: int
    said: int

    def absorb(self, later: _Range) -> None:
        self.end = later.end
        self.said += later.said


class AudioRing:
    """Mu-law audio on its way to the recogniser.

    At most `bound_ms` wait to be taken. Of what was taken, `keep_ms` of voice are kept for a
    replay, and with their pauses at most twice as much.
    """

    def __init__(self, *, bound_ms: int = 10_000, keep_ms: int = 5_000) -> None:
        self.dropped_ms: dict[str, float] = {}
        """Milliseconds of the caller's that no recogniser heard, by reason: `overflow`, `silence`
        (left out to catch up), `replay` (handed out to a socket that was lost, or kept waiting
        for one, and too old to be heard again)."""
        self.most_ms = bound_ms + 2 * keep_ms
        """The bound of all that is held."""
        self.last_put_at: float | None = None
        self._bound = bound_ms * BYTES_PER_MS
        self._keep = keep_ms * BYTES_PER_MS
        self._waiting = Pieces()
        self._kept = Pieces()
        self._forgotten: list[_Range] = []
        # Positions in bytes: of the next to be put, up to which a lost recogniser is known to have
        # listened, and up to which voice is gone.
        self._end = 0
        self._heard = 0
        self._voice_gone = 0
        self._ends = array("q")
        self._arrivals = array("d")
        self._arrivals_cut = False
        self._wanted = 0
        self._whole: Callable[[], bool] | None = None
        self._enough = trio.Event()
        self._interrupted = False
        self._patience = trio.CancelScope()
        self._overdue_at: float | None = None

    @property
    def position_ms(self) -> float:
        """Position of the next audio to be handed out."""
        return (self._waiting.first.position if self._waiting else self._end) / BYTES_PER_MS

    @property
    def waiting_ms(self) -> float:
        """How much audio waits to be handed out."""
        return self._waiting.size / BYTES_PER_MS

    @property
    def held_ms(self) -> float:
        """How much audio there is in all."""
        return (self._waiting.size + self._kept.size) / BYTES_PER_MS

    def put(self, audio: bytes, at: float, *, voice: bool | None = None) -> None:
        """Add what the caller said, which arrived at `at` (Trio clock); never waits.

        `voice` is whether the caller is speaking; left out, whatever is not quiet is voice.
        """
        if not audio:
            return
        self._append(audio, at, voice)
        self.last_put_at = at
        self._overdue_at = at + SILENCE_AFTER_MS / 1000
        if self._patience.deadline < at + _SOON:
            self._patience.deadline = self._overdue_at
        while self._wanted and self._waiting.size >= self._wanted:
            if self._whole is None or not self._whole():
                self._enough.set()
                break

    async def take(
        self,
        milliseconds: int,
        *,
        fill: Callable[[], bool] = _always,
        whole: Callable[[], bool] | None = None,
    ) -> Batch:
        """The next batch, of that length, as soon as that much is there.

        When the caller's stream has stopped (200 ms without a frame, then once per batch length),
        the batch is filled up with silence, which becomes part of the stream, if `fill` says so
        then; else it is what is there, perhaps nothing. A batch never spans a gap: before one it
        is shorter. Cancellation loses nothing. Nothing is given when interrupted.

        `whole` is called in the step of `put` in which so much has come while it was waited for. It
        may `take_now`, and say True when it has: then the wait goes on. It must not raise.
        """
        wanted = milliseconds * BYTES_PER_MS
        if self._waiting.size >= wanted:
            await trio.lowlevel.checkpoint()
        while self._waiting.size < wanted:
            now = trio.current_time()
            if self._overdue_at is None:
                self._overdue_at = now + SILENCE_AFTER_MS / 1000
            if now >= self._overdue_at:
                late = now - self._overdue_at > milliseconds / 1000
                self._overdue_at = (now if late else self._overdue_at) + milliseconds / 1000
                if fill():
                    missing_ms = (wanted - self._waiting.size) / BYTES_PER_MS
                    self._append(silence(missing_ms), now, voice=False, ours=True)
                break
            self._wanted, self._whole, self._enough = wanted, whole, trio.Event()
            self._interrupted = False
            try:
                with trio.CancelScope(deadline=self._overdue_at) as self._patience:
                    await self._enough.wait()
            finally:
                self._wanted = 0
            if self._interrupted:
                return Batch()
        return self._hand_out(wanted)

    def take_now(self, milliseconds: int) -> Batch:
        """What there is, up to that length and the next gap."""
        return self._hand_out(milliseconds * BYTES_PER_MS)

    def interrupt(self) -> None:
        """Whoever waits in `take` gets nothing, now."""
        self._interrupted = True
        self._enough.set()

    def heard(self, position_ms: float) -> None:
        """A recogniser has listened to all that it got before that position."""
        self._heard = max(self._heard, round(position_ms * BYTES_PER_MS))
        self._settle()

    def rewind(self, position_ms: float) -> bool:
        """Hand out again what follows a position, from the beginning of its frame, as far as it is
        kept: who got it is lost.

        At most `keep_ms` of voice will be heard again, the newest. False when voice after the
        position is gone for good.
        """
        position = round(position_ms * BYTES_PER_MS)
        begin = position - position % FRAME_BYTES
        while self._kept and self._kept.last.end > begin:
            piece = self._kept.pop()
            if piece.position < begin:
                first, piece = piece.cut(begin - piece.position)
                self._kept.append(first)
            self._waiting.append_left(piece)
        self._settle()
        self._count(sum(gone.said for gone in self._forgotten), "replay")
        self._forgotten.clear()
        while self._waiting.voice > self._keep or self._waiting.size > self._bound:
            self._drop(self._waiting.pop_left(FRAME_BYTES), "replay")
        return self._voice_gone <= position

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

    def _append(self, audio: bytes, at: float, voice: bool | None, *, ours: bool = False) -> None:
        for begin in range(0, len(audio), FRAME_BYTES):
            piece = audio[begin : begin + FRAME_BYTES]
            size, is_behind = len(piece), self._waiting.size > _BEHIND
            quiet = (voice is None or (is_behind and not voice)) and is_quiet(piece)
            voiced = size if voice or (voice is None and not quiet) else 0
            end = self._end + size
            self._waiting.append(
                Piece(self._end, end, piece, voiced, 0 if ours else size, is_behind and quiet)
            )
            self._end = end
            if is_behind and (left_out := self._waiting.shorten_pause()):
                self._drop(left_out, "silence")
        self._ends.append(self._end)
        self._arrivals.append(max(at, self._arrivals[-1]) if self._arrivals else at)
        if len(self._ends) >= 2 * _ARRIVALS:
            del self._ends[:_ARRIVALS], self._arrivals[:_ARRIVALS]
            self._arrivals_cut = True
        while (excess := self._waiting.size - self._bound) > 0:
            self._drop(self._waiting.pop_left(excess), "overflow")

    def _hand_out(self, most: int) -> Batch:
        waiting = self._waiting
        if not waiting:
            return Batch()
        position = end = waiting.first.position
        parts: list[bytes] = []
        voice = said = 0
        while waiting and waiting.first.position == end < position + most:
            piece = waiting.pop_left(position + most - end)
            parts.append(piece.audio)
            voice += piece.voice
            said += piece.said
            end = piece.end
        audio = b"".join(parts)
        self._keep_for_a_while(
            Piece(position, end, audio, voice, said, quiet=not voice and is_quiet(audio))
        )
        return Batch(audio, position / BYTES_PER_MS, voice / BYTES_PER_MS)

    def _keep_for_a_while(self, piece: Piece) -> None:
        kept = self._kept
        kept.append(piece)
        if left_out := kept.shorten_pause():
            self._forget(left_out)
        while kept.voice - kept.first.voice >= self._keep or kept.size > 2 * self._keep:
            self._forget(kept.pop_left())

    def _forget(self, piece: Piece) -> None:
        """It was handed out, and cannot be a second time."""
        self._note_voice(piece)
        if piece.end <= self._heard:
            return
        ranges = self._forgotten
        if ranges and ranges[-1].end == piece.position:  # a pause goes on: nearly always
            ranges[-1].end = piece.end
            ranges[-1].said += self._unheard(piece)
            return
        after = bisect_right(ranges, piece.position, key=lambda gone: gone.begin)
        ranges.insert(after, _Range(piece.position, piece.end, self._unheard(piece)))
        for index in (after, after - 1):
            if 0 <= index < len(ranges) - 1 and (
                ranges[index].end == ranges[index + 1].begin or len(ranges) > _RANGES
            ):
                ranges[index].absorb(ranges.pop(index + 1))

    def _unheard(self, piece: Piece) -> int:
        """So many bytes of it the caller said, and no recogniser heard."""
        return max(0, min(piece.said, piece.end - self._heard))

    def _settle(self) -> None:
        """What was heard may be forgotten."""
        while self._forgotten and self._forgotten[0].end <= self._heard:
            del self._forgotten[0]
        if self._forgotten and self._forgotten[0].begin < self._heard:
            oldest = self._forgotten[0]
            oldest.begin = self._heard
            oldest.said = min(oldest.said, oldest.end - oldest.begin)

    def _drop(self, piece: Piece, reason: str) -> None:
        """It will never be handed out."""
        self._note_voice(piece)
        self._count(self._unheard(piece), reason)

    def _note_voice(self, piece: Piece) -> None:
        if piece.voice and piece.end > self._voice_gone:
            self._voice_gone = piece.end

    def _count(self, count: int, reason: str) -> None:
        if count > 0:
            self.dropped_ms[reason] = self.dropped_ms.get(reason, 0.0) + count / BYTES_PER_MS
