"""Where voice begins and where it last was, from the energy of 20 ms frames of mu-law.

Knows a noise floor and how far above it a voice is. Refuses to know words, turns or clocks: it
counts frames. The threshold follows the line's own noise slowly, so that a noisy line does not
speak for ever; an onset needs three voiced frames of five, so that a click is not speech. A frame
that brings a note (`robbed_bits`) is what the note says, however loud the line.
"""

from __future__ import annotations

from typing import Final

from . import robbed_bits

FRAME_SECONDS: Final = 0.02
FRAME_BYTES: Final = 160

_LEVEL: Final = bytes((~byte) & 0x7F for byte in range(256))
"""Mu-law byte to its magnitude on a logarithmic scale: 16 steps are 6 dB, 127 is full scale."""

_QUIET: Final = 15.0 * FRAME_BYTES
"""Below this no frame is voiced: about 46 dB under full scale, a weak fricative."""

_ABOVE_FLOOR: Final = 10.0 * FRAME_BYTES
"""4 dB over the noise: more than the mean of a frame of it ever strays."""

_ONSET: Final = 3
_ONSET_WINDOW: Final = 0b11111


def is_loud(frame: bytes) -> bool:
    """Whether a frame of a line without noise is voiced."""
    return float(sum(frame.translate(_LEVEL))) >= _QUIET


class Endpointer:
    """Feed it frames in order; `voiced` speaks of the last, `speaking` of the stretch."""

    def __init__(self) -> None:
        self._floor = 0.0
        self._recent = 0
        self.voiced = False
        self.speaking = False

    def push(self, frame: bytes) -> bool:
        """Take one frame of 160 bytes. True when a voiced stretch has just begun."""
        note = robbed_bits.read(frame)
        self.voiced = self._exceeds_floor(frame) if note is None else note.loud
        self._recent = (self._recent << 1 | self.voiced) & _ONSET_WINDOW
        if self.speaking or self._recent.bit_count() < _ONSET:
            return False
        self.speaking = True
        return True

    def _exceeds_floor(self, frame: bytes) -> bool:
        level = float(sum(frame.translate(_LEVEL)))
        voiced = level >= max(_QUIET, self._floor + _ABOVE_FLOOR)
        pace = 0.001 if voiced else 0.01 if level > self._floor else 0.2
        self._floor += pace * (level - self._floor)
        return voiced

    def pause(self) -> None:
        """The stretch is over for whoever listens; the next onset counts again."""
        self.speaking = False
        self._recent = 0
