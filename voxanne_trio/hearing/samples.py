"""Mu-law to what the detectors eat: 16-bit samples, floats, a level. Tables at C speed, no numpy.

A byte of mu-law has few significant bits, so each byte of its linear form is a table look-up
(`bytes.translate`): 1.1 us for a frame's samples, 1.1 us for its level. Refuses to know what is a
voice.
"""

from __future__ import annotations

import math
import struct
from typing import Final
from zlib import adler32

SILENT_DB: Final = -90.0
"""The level of digital silence, and of anything softer than the smallest step."""

_FULL_SCALE: Final = 32_768
_COUNTABLE: Final = 256


def _linear(code: int) -> int:
    """G.711: the 16-bit sample of a mu-law byte."""
    code = ~code & 0xFF
    magnitude = (((code & 0x0F) << 3) + 132 << (code >> 4 & 7)) - 132
    return -magnitude if code & 0x80 else magnitude


LINEAR: Final = tuple(_linear(code) for code in range(256))


def _tables(form: str, values: list[float] | list[int]) -> tuple[bytes, ...]:
    """For each byte of that form of the values, the table that gives it."""
    packed = [struct.pack(form, value) for value in values]
    return tuple(bytes(column) for column in zip(*packed, strict=True))


_SHORTS: Final = _tables("<h", list(LINEAR))
_FLOATS: Final = _tables("=f", [sample / _FULL_SCALE for sample in LINEAR])
_SIZES: Final = _tables("<H", [abs(sample) for sample in LINEAR])


def shorts(audio: bytes | bytearray) -> bytearray:
    """Mu-law as 16-bit little-endian samples."""
    samples = bytearray(2 * len(audio))
    samples[::2] = audio.translate(_SHORTS[0])
    samples[1::2] = audio.translate(_SHORTS[1])
    return samples


def floats(audio: bytes | bytearray) -> bytearray:
    """Mu-law as 32-bit floats of this machine, full scale 1."""
    samples = bytearray(4 * len(audio))
    for place, table in enumerate(_FLOATS):
        samples[place::4] = audio.translate(table)
    return samples


def level_db(audio: bytes | bytearray) -> float:
    """The mean magnitude, in dB under full scale: for speech some 3 dB under its rms."""
    low, high = _total(audio.translate(_SIZES[0])), _total(audio.translate(_SIZES[1]))
    mean = (256 * high + low) / max(1, len(audio))
    return 20 * math.log10(mean / _FULL_SCALE) if mean > 1 else SILENT_DB


def _total(values: bytes | bytearray) -> int:
    """The sum of bytes. Adler-32 keeps one plus it, and counts eight times as fast as `sum`; what
    is longer than a frame may be too much for its 16 bits."""
    return (adler32(values) & 0xFFFF) - 1 if len(values) <= _COUNTABLE else sum(values)
