"""What a caller hears: Twilio's play-out buffer, as arithmetic on sample positions.

Audio that arrives is played in order and in real time, from its arrival or from the end of what is
still queued; so where each sample will play is known when it arrives, and no task has to move it.
A mark is due when the audio before it has been played, at once when nothing is queued; a clear
cuts what has not been played and makes every outstanding mark due. Times are seconds on whatever
clock the caller of these functions uses, and never go back. Refuses to know sockets and JSON.

Position 0 is the moment the call was answered; the audio kept here is the agent's channel of the
recording, sample for sample.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import deque
from typing import Final

import attrs
import trio

RATE: Final = 8_000
SILENCE: Final = b"\xff"
LIMIT_SECONDS: Final = 600
"""Twilio drops what is queued beyond ten minutes."""

_BLOCK: Final = 160
_LEVEL: Final = bytes((~byte) & 0x7F for byte in range(256))
_VOICED_LEVEL: Final = 22


def voiced(block: bytes) -> bool:
    """Whether a stretch of mu-law is louder than a pause (about 40 dB under full scale)."""
    return sum(block.translate(_LEVEL)) >= _VOICED_LEVEL * len(block) > 0


@attrs.define
class _Mark:
    name: str
    due: float
    flushed: bool = False


@attrs.frozen
class Echo:
    """A mark on its way back: when it became due, and whether a clear flushed it."""

    name: str
    due: float
    flushed: bool


@attrs.frozen
class Restart:
    """Audio that began after the queue had run dry for `gap` seconds (None: the first)."""

    at: float
    gap: float | None


@attrs.frozen
class Cut:
    """A clear: where it cut the channel, and the audio that nobody will hear."""

    at: float
    position: int
    dropped: bytes


class Timeline:
    """One channel of the recording: mu-law from the origin on, and where it is voiced."""

    def __init__(self, origin: float) -> None:
        self.origin = origin
        self.audio = bytearray()
        self.runs: list[tuple[int, int]] = []  # voiced stretches, in samples

    def position(self, at: float) -> int:
        """The first sample that starts at or after that time."""
        return max(0, math.ceil((at - self.origin) * RATE - 1e-3))

    def time(self, position: int) -> float:
        """When a sample plays."""
        return self.origin + position / RATE

    def place(self, audio: bytes, at: float) -> int:
        """Append audio where it will play: at that time, or after what is there. Its position."""
        start = max(self.position(at), len(self.audio))
        self.audio += SILENCE * (start - len(self.audio)) + audio
        for offset in range(0, len(audio), _BLOCK):
            block = audio[offset : offset + _BLOCK]
            if voiced(block):
                self._extend(start + offset, start + offset + len(block))
        return start

    def _extend(self, start: int, end: int) -> None:
        if self.runs and self.runs[-1][1] == start:
            self.runs[-1] = (self.runs[-1][0], end)
        else:
            self.runs.append((start, end))

    def cut(self, at: float) -> bytes:
        """Drop what has not been played by then, and return it."""
        position = self.position(at)
        dropped = bytes(self.audio[position:])
        if dropped:
            del self.audio[position:]
            while self.runs and self.runs[-1][1] > position:
                start, _ = self.runs.pop()
                if start < position:
                    self.runs.append((start, position))
                    break
        return dropped

    def voice_after(self, at: float) -> float | None:
        """When the first voice at or after that time plays; None while there is none."""
        index = bisect_right(self.runs, self.position(at), key=lambda run: run[1])
        return max(at, self.time(self.runs[index][0])) if index < len(self.runs) else None

    def voice_until(self, at: float = math.inf) -> float | None:
        """When the last voice before that time ended (or will end); None when there was none."""
        for start, end in reversed(self.runs):
            if self.time(start) < at:
                return min(at, self.time(end))
        return None


class PlayOut(Timeline):
    """The agent's channel, its queue and its marks."""

    def __init__(self, origin: float) -> None:
        super().__init__(origin)
        self.restarts: list[Restart] = []
        self.cuts: list[Cut] = []
        self.changed = trio.lowlevel.ParkingLot()  # whoever waits for audio or a clear
        self._marks: deque[_Mark] = deque()
        self._clear_position = 0

    def add(self, audio: bytes, at: float) -> bool:
        """Queue audio that arrived then. False when the queue is full and it was dropped."""
        if self.queued_seconds(at) + len(audio) / RATE > LIMIT_SECONDS:
            return False
        before = len(self.audio)
        start = self.place(audio, at)
        if start > before or not self.restarts:
            first = not self.restarts or before <= self._clear_position
            gap = None if first else (start - before) / RATE
            self.restarts.append(Restart(self.time(start), gap))
        self.changed.unpark_all()
        return True

    def mark(self, name: str, at: float) -> None:
        """A mark that arrived then; it is due when what is queued before it has been played."""
        self._marks.append(_Mark(name, max(at, self.time(len(self.audio)))))

    def clear(self, at: float) -> int:
        """Empty the queue; outstanding marks are due now. How many samples were dropped."""
        dropped = self.cut(at)
        self._clear_position = len(self.audio)
        self.cuts.append(Cut(at, self._clear_position, dropped))
        for mark in self._marks:
            if mark.due > at:
                mark.due, mark.flushed = at, True
        self.changed.unpark_all()
        return len(dropped)

    def stop(self, at: float) -> None:
        """Something else takes the line: what has not been played never will be, and outstanding
        marks never come back."""
        self.cut(at)
        self._clear_position = len(self.audio)
        self._marks.clear()
        self.changed.unpark_all()

    def queued_seconds(self, at: float) -> float:
        """How much is queued and not yet played."""
        return max(0.0, self.time(len(self.audio)) - at)

    def next_due(self) -> float | None:
        """When the next mark is due; None without an outstanding one."""
        return self._marks[0].due if self._marks else None

    def take_due(self, now: float) -> list[Echo]:
        """The marks that are due by now, in the order they were sent; each is returned once."""
        due = []
        while self._marks and self._marks[0].due <= now:
            mark = self._marks.popleft()
            due.append(Echo(mark.name, mark.due, mark.flushed))
        return due
