"""The echo path: what a caller's microphone gets back of what their phone plays.

A delay, an attenuation, the small loudspeaker's colour, and reflections of the room: a sum of
delayed copies. `echoed` takes a whole recording, `EchoPath` frames as they are played; both give
the same samples. The delay of the network is not in it: the frames already have that. Refuses to
know what else the microphone hears.
"""

from __future__ import annotations

import math
from typing import Final

import attrs
import numpy as np

from ..mulaw import RATE, Samples
from .levels import clipped

_SPEAKER: Final = (-0.12, 0.25, 0.75, 0.25, -0.12)
"""A loudspeaker of a phone: little bass, little treble; its delay is two samples."""


@attrs.frozen
class Reflection:
    """A copy that comes later than the first sound, and weaker."""

    after_ms: float
    weaker_db: float


ROOM: Final = (Reflection(18.0, 6.0), Reflection(47.0, 11.0))


def _taps(
    attenuation_db: float, delay_ms: float, reflections: tuple[Reflection, ...]
) -> list[tuple[int, float]]:
    """Delays in samples and gains: every copy's, coloured; together as weak as wanted."""
    copies = [(0.0, 0.0), *((one.after_ms, one.weaker_db) for one in reflections)]
    gains: dict[int, float] = {}
    for after_ms, weaker_db in copies:
        at = max(0, round((delay_ms + after_ms) * RATE / 1_000) - len(_SPEAKER) // 2)
        gain = 10 ** (-weaker_db / 20)
        for offset, share in enumerate(_SPEAKER):
            gains[at + offset] = gains.get(at + offset, 0.0) + gain * share
    power = math.sqrt(sum(gain**2 for gain in gains.values()))
    wanted = 10 ** (-attenuation_db / 20)
    return [(at, gain * wanted / power) for at, gain in sorted(gains.items())]


def echoed(
    far: Samples,
    attenuation_db: float,
    delay_ms: float,
    reflections: tuple[Reflection, ...] = ROOM,
) -> Samples:
    """What comes back of a whole recording: as long as it and the path together."""
    path = EchoPath(attenuation_db, delay_ms, reflections)
    return path.feed(np.concatenate([far, np.zeros(path.length, np.int16)]))


class EchoPath:
    """Frames in as they are played, frames out as the microphone gets them: equally long."""

    def __init__(
        self, attenuation_db: float, delay_ms: float, reflections: tuple[Reflection, ...] = ROOM
    ) -> None:
        self._taps = _taps(attenuation_db, delay_ms, reflections)
        self.length = self._taps[-1][0]
        """Samples after which nothing of a sound is left."""
        self._past = np.zeros(self.length)

    def feed(self, far: Samples) -> Samples:
        """What the microphone gets in the time in which the phone plays these samples."""
        line = np.concatenate([self._past, far])
        back = np.zeros(len(far))
        for delay, gain in self._taps:
            begin = self.length - delay
            back += gain * line[begin : begin + len(far)]
        self._past = line[len(line) - self.length :]
        return clipped(back)
