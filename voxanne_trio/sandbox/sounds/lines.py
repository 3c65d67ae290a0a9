"""What a telephone line and its exchanges make: noise, mains hum, keys, ringing, music on hold.

Tones as their standards have them (ITU-T Q.23 for keys, the North American ringing tone). Refuses
to know rooms and people.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from ..mulaw import RATE, Samples
from .levels import Signal, at_level, samples_of
from .spectrum import TELEPHONE, coloured, shaped

_ROWS: Final = (697.0, 770.0, 852.0, 941.0)
_COLUMNS: Final = (1_209.0, 1_336.0, 1_477.0, 1_633.0)
DTMF_DIGITS: Final = "123A456B789C*0#D"

_RINGING: Final = (440.0, 480.0)
_RING_SECONDS: Final = 2.0
_RING_EVERY: Final = 6.0


def white(seconds: float, rng: np.random.Generator, db: float = -45.0) -> Samples:
    """Hiss."""
    return at_level(rng.standard_normal(samples_of(seconds)), db)


def pink(seconds: float, rng: np.random.Generator, db: float = -45.0) -> Samples:
    """Noise that falls by 3 dB an octave: fans, traffic, wind."""

    def falling(hertz: Signal) -> Signal:
        return 1 / np.sqrt(np.maximum(hertz, 20.0))

    return at_level(coloured(samples_of(seconds), rng, falling), db)


def hum(seconds: float, mains: float = 50.0, db: float = -40.0) -> Samples:
    """The mains: 50 or 60 Hz with the harmonics that a rectifier leaves."""
    at = np.arange(samples_of(seconds)) / RATE
    parts = [
        np.sin(2 * math.pi * mains * n * at + n) / n**0.7 for n in (1, 2, 3, 4, 5, 6, 8, 10, 12)
    ]
    return at_level(np.sum(parts, axis=0), db)


def tones(seconds: float, hertz: tuple[float, ...], db: float) -> Samples:
    """Steady tones with edges of 5 ms."""
    at = np.arange(samples_of(seconds)) / RATE
    edge = np.clip(np.minimum(at, at[::-1]) / 0.005, 0, 1)
    return at_level(edge * np.sum([np.sin(2 * math.pi * f * at) for f in hertz], axis=0), db)


def dtmf(digit: str, seconds: float = 0.2, db: float = -13.0) -> Samples:
    """A key of a phone."""
    row, column = divmod(DTMF_DIGITS.index(digit), 4)
    return tones(seconds, (_ROWS[row], _COLUMNS[column]), db)


def ringback(seconds: float, db: float = -20.0) -> Samples:
    """Ringing as the calling side hears it: two seconds in six."""
    ring = tones(_RING_SECONDS, _RINGING, db)
    pause = np.zeros(samples_of(_RING_EVERY - _RING_SECONDS), np.int16)
    times = math.ceil(seconds / _RING_EVERY)
    return np.concatenate([ring, pause] * times)[: samples_of(seconds)]


_BEAT: Final = 0.3
_BASS: Final = (131.0, 110.0, 87.3, 98.0)
_SCALE: Final = (262.0, 294.0, 330.0, 392.0, 440.0, 523.0, 587.0, 659.0)
_PARTIALS: Final = (1.0, 0.5, 0.33, 0.2, 0.12, 0.08)


def hold_music(seconds: float, rng: np.random.Generator, db: float = -22.0) -> Samples:
    """A plucked tune over bass and chords with a brush on the beat; no voice in it."""
    length = samples_of(seconds)
    total = np.zeros(length + 2 * RATE)
    for beat in range(math.ceil(seconds / _BEAT)):
        at = samples_of(beat * _BEAT)
        root = _BASS[beat // 8 % len(_BASS)]
        _add(total, at, 0.5 * _plucked(_SCALE[rng.integers(len(_SCALE))], 0.5))
        if beat % 2 == 0:
            _add(total, at, 0.6 * _plucked(root, 0.8))
        if beat % 4 == 0:
            chord = [_plucked(root * ratio, 1.2) for ratio in (2.0, 2.5, 3.0)]
            _add(total, at, 0.25 * np.sum(chord, axis=0))
        _add(total, at, 0.12 * _brush(rng))
    return at_level(shaped(total[:length], TELEPHONE), db)


def _plucked(hertz: float, seconds: float) -> Signal:
    at = np.arange(samples_of(seconds)) / RATE
    partials = [
        weight * np.sin(2 * math.pi * hertz * n * at) * np.exp(-(2 + n) * at)
        for n, weight in enumerate(_PARTIALS, 1)
        if hertz * n < RATE / 2
    ]
    body: Signal = np.minimum(at / 0.004, 1) * np.sum(partials, axis=0)
    return body


def _brush(rng: np.random.Generator) -> Signal:
    at = np.arange(samples_of(0.08)) / RATE
    return coloured(len(at), rng, lambda hertz: hertz / 4_000) * np.exp(-60 * at)


def _add(total: Signal, at: int, sound: Signal) -> None:
    total[at : at + len(sound)] += sound
