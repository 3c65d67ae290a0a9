"""How loud samples are, and making them louder, softer or one with others: pure arithmetic.

A level is the rms in dB under full scale (a square wave at full scale is 0). Refuses to know what
the samples are of.
"""

from __future__ import annotations

import math
import zlib
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ..mulaw import RATE, Samples

Signal = npt.NDArray[np.floating[Any]]
"""Samples under construction, at any scale; `at_level` makes them 16-bit."""

FULL_SCALE: Final = 32_768.0
SILENT_DB: Final = -120.0
"""The level of digital silence."""

_FRAME: Final = RATE // 50
_ACTIVE_DB: Final = 25.0
"""Frames within this of the loudest count as active: pauses and dying tails do not."""


def seeded(*key: str | float) -> np.random.Generator:
    """A generator that is the same for the same key in every process."""
    return np.random.default_rng(zlib.crc32(repr(key).encode()))


def samples_of(seconds: float) -> int:
    """How many samples that long a sound has."""
    return round(seconds * RATE)


def level(samples: Samples | Signal) -> float:
    """The level of the whole, pauses included."""
    return _db(float(np.mean(np.square(samples, dtype=np.float64)))) if len(samples) else SILENT_DB


def active_level(samples: Samples | Signal) -> float:
    """The level of the loud frames alone: what a signal-to-noise ratio of speech refers to."""
    frames = _frames(samples)
    loudest = float(frames.max(initial=0.0))
    active = frames[frames >= loudest / 10 ** (_ACTIVE_DB / 10)]
    return _db(float(active.mean())) if loudest else SILENT_DB


def _frames(samples: Samples | Signal) -> Signal:
    """The mean square of each 20 ms."""
    padded = np.zeros(-(-len(samples) // _FRAME) * _FRAME)
    padded[: len(samples)] = samples
    power: Signal = np.square(padded).reshape(-1, _FRAME).mean(axis=1)
    return power


def _db(power: float) -> float:
    return 10 * math.log10(power / FULL_SCALE**2) if power > 0 else SILENT_DB


def clipped(signal: Signal) -> Samples:
    """16-bit samples; what is too loud is clipped, as a line does."""
    return np.clip(np.rint(signal), -32_768, 32_767).astype(np.int16)


def gained(samples: Samples, db: float) -> Samples:
    """Louder by so many dB, or softer."""
    return clipped(samples.astype(np.float64) * 10 ** (db / 20))


def at_level(signal: Samples | Signal, db: float) -> Samples:
    """The same sound with its loud frames at that level; silence stays silent."""
    return clipped(signal.astype(np.float64) * 10 ** ((db - active_level(signal)) / 20))


def mixed(*sounds: Samples, starts: tuple[int, ...] = ()) -> Samples:
    """Sounds at once, each from its sample in `starts` (default 0); as long as the longest."""
    offsets = starts + (0,) * (len(sounds) - len(starts))
    length = max((at + len(one) for at, one in zip(offsets, sounds, strict=True)), default=0)
    total = np.zeros(length)
    for at, one in zip(offsets, sounds, strict=True):
        total[at : at + len(one)] += one
    return clipped(total)
