"""What a throat does beside speaking: coughs, clears itself, hums "mm-hm".

A cough is a burst of noise, a breath, a second burst and a rough voiced end; clearing is low, rough
and longer; "mm-hm" is voice through the nose, twice, the second higher. Refuses to know meanings.
"""

from __future__ import annotations

import numpy as np

from ..mulaw import Samples
from .formants import PHONES, Placed
from .levels import Signal, at_level, samples_of
from .spectrum import TELEPHONE, band, coloured, shaped
from .speech import voice_of


def _burst(seconds: float, attack: float, rng: np.random.Generator) -> Signal:
    """A blast of air: fast on, slower off."""
    at = np.linspace(0, 1, samples_of(seconds), endpoint=False)
    envelope = np.minimum(at / attack, 1) * np.exp(-3.5 * at)
    blast: Signal = envelope * coloured(len(at), rng, band(450, 2_200, 1.0))
    return blast


def _rough(seconds: float, hertz: float, letters: str, rng: np.random.Generator) -> Signal:
    """A creaking voice: pulses torn apart by noise."""
    length = samples_of(seconds)
    step = length / len(letters)
    placed = [Placed(PHONES[one], (n + 0.5) * step) for n, one in enumerate(letters)]
    voice = voice_of(hertz, 0.95).tract.render(placed, length, rng)
    torn = 0.6 + 0.4 * np.sign(coloured(length, rng, band(15, 45)))
    air = coloured(length, rng, band(400, 2_600, 1.0))
    sound: Signal = voice * torn + 0.5 * air * np.abs(voice).mean() / np.abs(air).mean()
    return sound


def cough(rng: np.random.Generator, db: float = -16.0) -> Samples:
    """One cough of 250 to 400 ms, or a pair of them."""
    parts: list[Signal] = []
    for number in range(int(rng.integers(1, 3))):
        first = _burst(rng.uniform(0.09, 0.14), 0.06, rng)
        rest = 0.35 * _burst(rng.uniform(0.08, 0.14), 0.2, rng)
        end = 0.5 * _rough(rng.uniform(0.06, 0.1), 190.0, "ae", rng)
        peak = np.abs(first).max()
        end *= 0.4 * peak / np.abs(end).max()
        parts += [np.zeros(samples_of(0.12 * (number > 0))), first, rest, end]
    return at_level(shaped(np.concatenate(parts), TELEPHONE), db)


def throat_clearing(rng: np.random.Generator, db: float = -20.0) -> Samples:
    """ "Ahem": two rough stretches, about 600 ms."""
    first = _rough(rng.uniform(0.16, 0.24), 85.0, "ua", rng)
    second = _rough(rng.uniform(0.28, 0.36), 95.0, "eam", rng)
    gap = np.zeros(samples_of(rng.uniform(0.05, 0.09)))
    return at_level(shaped(np.concatenate([first, gap, second]), TELEPHONE), db)


def mm_hm(rng: np.random.Generator, db: float = -24.0) -> Samples:
    """A hum of agreement: about 500 ms, lips closed."""
    first = _hummed(rng.uniform(0.18, 0.24), 105.0, rng)
    second = _hummed(rng.uniform(0.24, 0.3), 135.0, rng)
    breath = 0.05 * first.std() * rng.standard_normal(samples_of(0.05))
    return at_level(np.concatenate([first, breath, second]), db)


def _hummed(seconds: float, hertz: float, rng: np.random.Generator) -> Signal:
    length = samples_of(seconds)
    placed = [Placed(PHONES["m"], length * share) for share in (0.2, 0.8)]
    swell = np.sin(np.linspace(0.2, np.pi - 0.2, length))
    return voice_of(hertz, 1.0).tract.render(placed, length, rng) * swell
