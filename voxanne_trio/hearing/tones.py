"""Whether a frame is a key of a phone: two tones, one of the rows and one of the columns.

Goertzel's filter at the eight frequencies of ITU-T Q.23. Takes up to 0.1 ms, so it is asked only
when a voice may have begun. Refuses to know which key it was: Twilio says that.
"""

from __future__ import annotations

import math
from operator import mul
from typing import Final

from ..audio import RATE
from .samples import LINEAR

_ROWS: Final = (697, 770, 852, 941)
_COLUMNS: Final = (1_209, 1_336, 1_477, 1_633)

_BOTH: Final = 0.8
_EACH: Final = 0.15
"""Shares of the energy: what the row and the column hold together, and the weaker one. A vowel that
happens to lie there has less in both."""


def is_key(frame: bytes | bytearray) -> bool:
    """Whether the tones of a key are nearly all there is in a frame of 20 ms."""
    samples = [LINEAR[code] for code in frame]
    energy: float = sum(map(mul, samples, samples)) * len(samples) / 2
    row = max(_power(samples, hertz) for hertz in _ROWS)
    if row <= _EACH * energy:
        return False
    column = max(_power(samples, hertz) for hertz in _COLUMNS)
    return row + column > _BOTH * energy and column > _EACH * energy


def _power(samples: list[int], hertz: int) -> float:
    """Goertzel: the squared magnitude at one frequency."""
    factor = 2 * math.cos(2 * math.pi * hertz / RATE)
    one = two = 0.0
    for sample in samples:
        one, two = sample + factor * one - two, one
    return one * one + two * two - factor * one * two
