"""Where the caller's voice begins and ends, from their audio alone, long before there are words.

Theory of operation. Audio is cut into frames of 20 ms whatever it comes in. A frame is *proposed*
when WebRTC's detector says voice, and it is loud enough to be the caller (`gates`) and louder than
our own echo can be (`echo`). Two proposed frames of three begin a case, and Silero's detector decides it
on the last quarter of a second (`judge`). In a voice, proposed frames carry it on, confirmed from time to
time, and `HANGOVER_MS` without one end it. What one detector cannot do the other does alone.

Pure and synchronous: equal bytes give equal events, however they were cut, and the only clock is
the arrival that comes with them. Refuses to know what follows from a voice.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from ..audio import FRAME_BYTES, FRAME_MS
from ..events import VoiceEvent, VoiceStarted, VoiceStopped
from .echo import FarEnd
from .engines import Engines, own_engines
from .gates import Gate
from .judge import Judge
from .samples import SILENT_DB, level_db

HANGOVER_MS: Final = 260
"""Silence that ends a voice: longer than the gaps of syllables and stops, shorter than the pause
between two sentences."""

_RECENT: Final = 0b11111
_FIRST: Final = 0b111
"""Frames in which proposals are counted: five; the first two of them must be within three."""

_AGO: Final = 15
"""Frames (300 ms) that the beginning of a voice may lie back when it is noticed."""


class VoiceDetector:
    """The detector of one call; `far_end` knows what the caller's phone plays."""

    def __init__(self, far_end: FarEnd | None = None, engines: Engines | None = None) -> None:
        engines = engines or own_engines()
        self._quick = engines.quick
        self._judge = Judge(engines.sure)
        self._gate = Gate()
        self._far_end = far_end
        self._pending = bytearray()
        self._arrivals: deque[float] = deque(maxlen=_AGO)
        self._proposed = 0
        self._least = 1
        self._started: int | None = None
        self._voiced = 0
        self._voiced_at = 0.0
        self._count = 0

    def feed(self, frame: bytes, at: float) -> list[VoiceEvent]:
        """What the mu-law that arrived at `at` changes. Any length; nothing is lost."""
        self._pending += frame
        events: list[VoiceEvent] = []
        while len(self._pending) >= FRAME_BYTES:
            whole = bytes(self._pending[:FRAME_BYTES])
            del self._pending[:FRAME_BYTES]
            event = self._hear(whole, at)
            if event is not None:
                events.append(event)
        return events

    def _hear(self, frame: bytes, at: float) -> VoiceEvent | None:
        level = level_db(frame)
        self._count += 1
        self._arrivals.append(at)
        self._judge.hear(frame)
        proposed = self._proposes(frame, level, at)
        self._proposed = self._proposed << 1 & (1 << _AGO) - 1 | proposed
        if self._started is None:
            return self._begin(level) if proposed else self._wait()
        return self._go_on(level, at) if proposed else self._end()

    def _proposes(self, frame: bytes, level: float, at: float) -> bool:
        """Whether the frame may be the caller's voice. Asks everybody, since all of them learn."""
        opens_at = self._gate.opens_at()
        self._gate.floor.hear(level)
        voice = level > SILENT_DB if self._quick is None else self._quick(frame)
        if self._far_end is not None:
            echo = self._far_end.echo_db(at, level, self._gate.floor.db)
            self._least = 2 if echo > SILENT_DB else 1
            opens_at = max(opens_at, echo)
        return voice and level >= opens_at

    def _begin(self, level: float) -> VoiceStarted | None:
        """A frame was proposed, and no voice is on."""
        recent = (self._proposed & _RECENT).bit_count()
        if recent < self._least or not self._judge.begins(recent, level):
            return None
        back = self._first_proposed()
        self._started = self._count - back
        self._voice(level, self._arrivals[-1])
        return VoiceStarted(self._arrivals[-1 - back])

    def _first_proposed(self) -> int:
        """How many frames ago this voice began: no gap of three since, or within the last five."""
        return (self._proposed & _RECENT).bit_length() - 1

    def _go_on(self, level: float, at: float) -> VoiceStopped | None:
        if not self._judge.goes_on(quiet=self._gate.quiet()):
            return self._end()
        self._voice(level, at)
        return None

    def _voice(self, level: float, at: float) -> None:
        self._voiced, self._voiced_at = self._count, at
        self._gate.voiced(level)

    def _wait(self) -> None:
        if not self._proposed & _RECENT:
            self._judge.rest()

    def _end(self) -> VoiceStopped | None:
        """A frame was not proposed, or not believed: the end, if it has been long enough."""
        if (self._count - self._voiced) * FRAME_MS < HANGOVER_MS or self._started is None:
            return None
        lasted = (self._voiced - self._started + 1) * FRAME_MS
        self._started = None
        self._judge.rest()
        return VoiceStopped(self._voiced_at, float(lasted))
