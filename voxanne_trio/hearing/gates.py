"""How loud a frame must be to be the caller: above the line's noise, not far below their voice.

Two running levels. The floor is the least of the last two and a half seconds: speech has gaps,
noise has none. The voice is the caller's own, learned while they speak: who is far below it is
somebody behind them, or a television. Refuses to know what is voice. Levels are
those of `samples.level_db`.
"""

from __future__ import annotations

import math
from typing import Final

from .samples import SILENT_DB

_PART: Final = 25
"""Frames (half a second) in one part of the floor's memory."""

_PARTS: Final = 5
_FIRST_FLOOR_DB: Final = -60.0
"""The floor before anything is known: a quiet line."""

_ABOVE_FLOOR_DB: Final = 4.0
"""A frame of voice is so far above the noise: at 5 dB of signal to noise its vowels still are."""

LEAST_DB: Final = -52.0
"""Under this nothing is a voice: 25 dB under a caller of ordinary loudness."""

_FIRST_VOICE_DB: Final = -29.0
"""An ordinary caller: -26 dB under full scale (ITU-T P.56), as a mean magnitude."""

_BELOW_VOICE_DB: Final = 16.0
"""Softer than the caller's voice by this: somebody behind. The weak sounds inside of a word too,
but those do not begin or end it."""

_LOUDER: Final = 0.1
_SOFTER: Final = 0.01
"""How fast the voice is learned, per voiced frame: it follows the vowels, not the gaps."""


class Floor:
    """The line's noise."""

    def __init__(self) -> None:
        self._parts: list[float] = []
        self._least_before = math.inf  # the least of all parts
        self._least = 0.0  # of the part that goes on
        self._count = 0
        self._smooth = _FIRST_FLOOR_DB
        self.db = _FIRST_FLOOR_DB

    def hear(self, level: float) -> None:
        """One more frame."""
        self._smooth += 0.3 * (level - self._smooth)
        if self._smooth < self._least:
            self._least = self._smooth
        self._count += 1
        if self._count == _PART:
            self._parts = [*self._parts, self._least][-_PARTS:]
            self._least_before = min(self._parts)
            self._least, self._count = 0.0, 0
        if self._parts:
            self.db = max(SILENT_DB, min(self._least, self._least_before))


class Gate:
    """What is loud enough to be the caller."""

    def __init__(self) -> None:
        self.floor = Floor()
        self.voice_db = _FIRST_VOICE_DB

    def opens_at(self) -> float:
        """The least level of a frame of theirs."""
        behind = self.voice_db - _BELOW_VOICE_DB
        return max(LEAST_DB, behind, self.floor.db + _ABOVE_FLOOR_DB)

    def quiet(self) -> bool:
        """Whether the line's noise is so far under the voice that loudness tells where it ends."""
        return self.floor.db < self.voice_db - _BELOW_VOICE_DB - _ABOVE_FLOOR_DB

    def voiced(self, level: float) -> None:
        """A frame was theirs: learn how loud they are."""
        if level > self.voice_db:
            self.voice_db += _LOUDER * (level - self.voice_db)
        else:
            self.voice_db += _SOFTER * (level - self.voice_db)
