"""What is behind a caller: people talking, a television, a door, a click.

Rooms take the high frequencies, so what is behind is low-passed and softer than who holds the
phone. Refuses to know the line.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from ..mulaw import Samples, decode
from .levels import Signal, at_level, mixed, samples_of
from .lines import hold_music
from .spectrum import TELEPHONE, band, coloured, shaped
from .speech import voice_of

_TALKERS: Final = (
    (105.0, 0.95), (118.0, 1.0), (131.0, 1.02), (172.0, 1.07), (196.0, 1.1), (224.0, 1.15),
)  # fmt: skip
_SAID: Final = """
    about again and because been before better could did even evening every for good have home
    house know later little many morning never now people really remember said should something
    that the then there think this time together tomorrow want was were what when with would you
"""
_WORDS: Final = tuple(_SAID.split())
_ROOM: Final = band(150, 1_800, 1.5)


def babble(
    seconds: float, rng: np.random.Generator, talkers: int = 6, db: float = -42.0
) -> Samples:
    """Several people talking in the same room."""
    voices = [_talk(seconds, _TALKERS[n % len(_TALKERS)], rng) for n in range(talkers)]
    return at_level(shaped(np.sum(voices, axis=0), _ROOM), db)


def television(seconds: float, rng: np.random.Generator, db: float = -40.0) -> Samples:
    """Two speakers and their music, from across the room."""
    voices = [_talk(seconds, talker, rng) for talker in (_TALKERS[1], _TALKERS[4])]
    music = hold_music(seconds, rng, -34.0).astype(np.float64)
    return at_level(shaped(np.sum([*voices, music], axis=0), _ROOM), db)


def _talk(seconds: float, talker: tuple[float, float], rng: np.random.Generator) -> Signal:
    """One of them: sentences with pauses, from somewhere in the middle."""
    length = samples_of(seconds)
    voice, audio = voice_of(*talker), bytearray()
    while len(audio) < length + samples_of(1.0):
        words = " ".join(rng.choice(_WORDS, int(rng.integers(3, 9))))
        audio += voice.say(f"{words}. x", rng.uniform(0.9, 1.2))
    begin = int(rng.integers(samples_of(1.0)))
    return decode(bytes(audio))[begin : begin + length].astype(np.float64)


def door_slam(rng: np.random.Generator, db: float = -14.0) -> Samples:
    """A thud with a rattle, 350 ms."""
    at = np.arange(samples_of(0.35)) / 8_000
    thud = coloured(len(at), rng, band(70, 320, 2.0)) * np.exp(-14 * at)
    rattle = coloured(len(at), rng, band(700, 3_000)) * np.exp(-45 * at)
    return at_level(shaped(3 * thud + rattle, TELEPHONE), db)


def click(rng: np.random.Generator, db: float = -12.0) -> Samples:
    """A receiver put down, a switch: 15 ms."""
    at = np.arange(samples_of(0.015)) / 8_000
    blow = coloured(len(at), rng, band(800, 3_400, 1.0)) * np.exp(-400 * at)
    return mixed(at_level(blow, db))
