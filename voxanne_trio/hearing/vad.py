"""Where the caller's voice begins and ends, from their audio alone, long before there are words.

Theory of operation. Audio is cut into frames of 20 ms whatever it comes in. A frame is *proposed*
when WebRTC's detector says voice, and it is loud enough to be the caller (`gates`) and louder than
our own echo can be (`echo`). Proposals make a case, and Silero's detector decides it on the last
quarter of a second (`judge`). In a voice, proposals carry it on, confirmed from time to time, and
`HANGOVER_MS` without one end it. What one detector cannot do the other does alone (`engines`).

Pure and synchronous: equal bytes at equal times give equal events, in any process. How the bytes
were cut shows only in the arrival times that the events carry. Refuses to know what follows from a
voice.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from ..audio import FRAME_BYTES, FRAME_MS
from ..events import VoiceEvent, VoiceStarted, VoiceStopped
from .echo import FarEnd
from .engines import Engines, own_engines
from .gates import Gate
from .judge import RECENT, Judge
from .samples import level_db

HANGOVER_MS: Final = 260
"""Silence that ends a voice. Of the gaps inside of espeak's utterances (stops, weak syllables,
commas; 225 in 82 s of speech) 98 % are shorter; the pause between two sentences is longer."""

_WITH_ECHO: Final = 2
"""Proposals that a case needs while our own voice may be in the audio: it is speech too, so the
judge takes it for the caller's, and one frame may exceed what the echo usually is."""


class VoiceDetector:
    """The detector of one call. Its memory is bounded: a third of a second of audio.

    `far_end` knows what the caller's phone plays; without it nothing is taken for an echo.
    `engines` are those of `own_engines` unless a test has others.
    """

    def __init__(self, far_end: FarEnd | None = None, engines: Engines | None = None) -> None:
        engines = engines or own_engines()
        self._quick = engines.quick
        self._judge = Judge(engines.sure)
        self._gate = Gate()
        self._far_end = far_end
        self._pending = bytearray()
        self._arrivals: deque[float] = deque(maxlen=RECENT)
        self._proposals = 0  # of the last frames, the latest in the lowest bit
        self._needed = 1
        self._count = 0
        self._first: int | None = None  # frame numbers of the voice that is on
        self._last = 0
        self._last_at = 0.0

    def feed(self, frame: bytes, at: float) -> list[VoiceEvent]:
        """What the mu-law that arrived at `at` changes. Any length; a rest waits for more."""
        if not self._pending and len(frame) == FRAME_BYTES:
            event = self._hear(frame, at)
            return [] if event is None else [event]
        self._pending += frame
        events: list[VoiceEvent] = []
        whole = len(self._pending) - len(self._pending) % FRAME_BYTES
        for start in range(0, whole, FRAME_BYTES):
            event = self._hear(bytes(self._pending[start : start + FRAME_BYTES]), at)
            if event is not None:
                events.append(event)
        del self._pending[:whole]
        return events

    def _hear(self, frame: bytes, at: float) -> VoiceEvent | None:
        level = level_db(frame)
        self._count += 1
        self._arrivals.append(at)
        self._judge.hear(frame)
        proposed = self._proposes(frame, level, at)
        self._proposals = (self._proposals << 1 | proposed) & (1 << RECENT) - 1
        if self._first is None:
            return self._begin(level, at, proposed)
        if proposed and self._judge.goes_on(quiet=self._gate.quiet()):
            self._voice(level, at)
            return None
        return self._end()

    def _proposes(self, frame: bytes, level: float, at: float) -> bool:
        """Whether the frame may be the caller's voice. All of them hear it, since they learn."""
        opens_at = self._gate.opens_at()
        self._gate.floor.hear(level)
        with_echo = False
        if self._far_end is not None:
            with_echo = self._far_end.hear(at, level, self._gate.floor.db)
        self._needed = _WITH_ECHO if with_echo else 1
        voice = self._quick is None or self._quick(frame)
        if not voice or level < opens_at:
            return False
        return self._far_end is None or not with_echo or level >= self._far_end.echo_db()

    def _begin(self, level: float, at: float, proposed: bool) -> VoiceStarted | None:
        """No voice is on: the beginning of one, if what was proposed is believed."""
        proposals = self._proposals.bit_count()
        if not proposals:
            self._judge.rest()
        if not proposed or proposals < self._needed:
            return None
        if not self._judge.begins(proposals, level, quiet=self._gate.quiet()):
            return None
        back = self._proposals.bit_length() - 1
        self._first = self._count - back
        self._voice(level, at)
        return VoiceStarted(self._arrivals[-1 - back])

    def _voice(self, level: float, at: float) -> None:
        self._last, self._last_at = self._count, at
        self._gate.voiced(level)

    def _end(self) -> VoiceStopped | None:
        """A frame was no voice: the end of the one that is on, if there were enough of them."""
        if self._first is None or (self._count - self._last) * FRAME_MS < HANGOVER_MS:
            return None
        voiced_ms = float((self._last - self._first + 1) * FRAME_MS)
        self._first = None
        self._judge.rest()
        return VoiceStopped(self._last_at, voiced_ms)
