"""A throat and a mouth: pulses of the glottis through formants, and noise for fricatives.

The source-filter model of speech. A `Tract` keeps, for each phone, the answer of the mouth to one
glottal pulse; a word is such answers laid at the pitch periods, crossing over from phone to phone,
with coloured noise beside them. That is a few microseconds a period. Refuses to know letters.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import attrs
import numpy as np
import numpy.typing as npt

from ..mulaw import RATE
from .levels import Signal, seeded
from .spectrum import TELEPHONE, Response, band, coloured


@attrs.frozen
class Phone:
    """One sound of speech: its formants (Hz), how much of it is voice and how much is noise."""

    formants: tuple[float, float, float]
    voice: float
    noise: float = 0.0
    colour: str = "s"
    weight: float = 1.0


_SHUT: Final = (240.0, 1_100.0, 2_300.0)
PHONES: Final = {
    "a": Phone((730, 1_090, 2_440), 1.0, weight=1.7),
    "e": Phone((530, 1_840, 2_480), 0.95, weight=1.5),
    "i": Phone((290, 2_250, 3_000), 0.8, weight=1.5),
    "o": Phone((570, 840, 2_410), 0.95, weight=1.7),
    "u": Phone((310, 870, 2_240), 0.8, weight=1.5),
    "y": Phone((400, 1_990, 2_550), 0.75, weight=1.0),
    "m": Phone((250, 1_000, 2_200), 0.35, weight=0.8),
    "n": Phone((260, 1_500, 2_400), 0.35, weight=0.8),
    "l": Phone((360, 1_100, 2_500), 0.5, weight=0.7),
    "r": Phone((400, 1_150, 1_500), 0.5, weight=0.7),
    "w": Phone((300, 700, 2_200), 0.5, weight=0.7),
    "b": Phone(_SHUT, 0.15, weight=0.6),
    "d": Phone((250, 1_700, 2_600), 0.15, weight=0.6),
    "g": Phone((250, 1_900, 2_200), 0.15, weight=0.6),
    "v": Phone((250, 1_100, 2_100), 0.3, 0.06, "f", 0.7),
    "z": Phone((250, 1_700, 2_500), 0.25, 0.12, "s", 0.7),
    "p": Phone(_SHUT, 0.06, 0.10, "f", 0.6),
    "t": Phone((300, 1_700, 2_600), 0.06, 0.16, "s", 0.6),
    "k": Phone((300, 1_900, 2_200), 0.06, 0.14, "k", 0.6),
    "f": Phone((300, 1_100, 2_100), 0.06, 0.12, "f", 0.8),
    "h": Phone((550, 1_500, 2_500), 0.12, 0.12, "h", 0.6),
    "s": Phone((300, 1_700, 2_600), 0.04, 0.22, "s", 0.9),
}
"""By their nearest letter. None is wholly silent: a real mouth's stops are short against 20 ms."""

_COLOURS: Final[dict[str, Response]] = {
    "s": band(2_400, 3_800),
    "f": band(900, 3_800, 1.0),
    "k": band(1_300, 2_600),
    "h": band(500, 2_400, 2.0),
}
_NOISE_SECONDS: Final = 2.0
_ANSWER: Final = 200
"""Samples (25 ms) after which a mouth has rung out."""

_BANDWIDTHS: Final = (70.0, 100.0, 150.0, 220.0)
_FOURTH: Final = 3_350.0
_GLOTTIS_HZ: Final = 220.0
_ROUGHNESS: Final = 0.02
"""How far a pitch period strays: a voice with none hums like a machine."""


@attrs.frozen
class Placed:
    """A phone and when its middle is, in samples."""

    phone: Phone
    middle: float


class Tract:
    """One person's mouth: `size` scales the formants (a child's is 1.3), `hertz` is the pitch."""

    def __init__(self, hertz: float, size: float = 1.0) -> None:
        self._hertz = hertz
        rng = seeded("tract", hertz, size)
        shapes = {phone.formants for phone in PHONES.values()}
        self._answers = {shape: _answer(shape, size) for shape in shapes}
        length = round(_NOISE_SECONDS * RATE)
        self._noises = {name: _unit(coloured(length, rng, c)) for name, c in _COLOURS.items()}

    def render(self, phones: Sequence[Placed], length: int, rng: np.random.Generator) -> Signal:
        """Phones in order as one sound of exactly that length, about 1 at its loudest."""
        total = np.zeros(length + _ANSWER)
        self._voice(total, phones, length, rng)
        self._noise(total, phones, length, rng)
        sound = total[:length]
        edge = min(40, length // 4)
        ramp = np.linspace(0.2, 1, edge)
        sound[:edge] *= ramp
        sound[length - edge :] *= ramp[::-1]
        return sound

    def _voice(
        self, total: Signal, phones: Sequence[Placed], length: int, rng: np.random.Generator
    ) -> None:
        pulses = self._pulses(length, rng)
        middles = [placed.middle for placed in phones]
        loudness = np.interp(pulses, middles, [placed.phone.voice for placed in phones])
        loudness *= 1 + 3 * _ROUGHNESS * rng.standard_normal(len(pulses))
        between = np.interp(pulses, middles, np.arange(len(phones)))
        chosen = [self._answers[placed.phone.formants] for placed in phones]
        answers = np.stack([*chosen, chosen[-1]])
        index = between.astype(np.int64)
        share = (between - index)[:, None]
        heard = loudness[:, None] * ((1 - share) * answers[index] + share * answers[index + 1])
        for at, answer in zip(pulses.tolist(), heard, strict=True):
            total[at : at + _ANSWER] += answer

    def _pulses(self, length: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
        """Where the glottis closes: a pitch that falls a little, with a swing in it."""
        count = int(length / RATE * self._hertz * 1.4) + 2
        swing = rng.uniform(0.02, 0.08)
        course = np.linspace(1.06, 0.92, count) + swing * np.sin(np.linspace(0, 5, count))
        periods = RATE / (self._hertz * course * (1 + _ROUGHNESS * rng.standard_normal(count)))
        at = np.cumsum(periods) - periods[0]
        found: npt.NDArray[np.int64] = at[at < length].astype(np.int64)
        return found

    def _noise(
        self, total: Signal, phones: Sequence[Placed], length: int, rng: np.random.Generator
    ) -> None:
        middles = [placed.middle for placed in phones]
        for colour in sorted({placed.phone.colour for placed in phones if placed.phone.noise}):
            course = [placed.phone.noise * (placed.phone.colour == colour) for placed in phones]
            envelope = np.interp(np.arange(length), middles, course)
            noise = self._noises[colour]
            begin = int(rng.integers(len(noise)))
            total[:length] += envelope * np.take(
                noise, np.arange(begin, begin + length), mode="wrap"
            )


def _answer(formants: tuple[float, float, float], size: float) -> Signal:
    """The mouth's answer to one pulse: glottis, formants and lips as one spectrum."""
    hertz = np.fft.rfftfreq(2 * _ANSWER, 1 / RATE)
    spectrum = 1j * hertz / (1 + 1j * hertz / _GLOTTIS_HZ) ** 2
    for centre, width in zip((*formants, _FOURTH), _BANDWIDTHS, strict=True):
        scaled = min(centre * size, 3_900.0)
        spectrum = spectrum / (1 - (hertz / scaled) ** 2 + 1j * hertz * width / scaled**2)
    answer = np.fft.irfft(spectrum * TELEPHONE(hertz))
    fade = np.interp(np.arange(_ANSWER), (0, _ANSWER / 2, _ANSWER), (1, 1, 0))
    return _unit(answer[:_ANSWER] * fade, float(np.sqrt(_ANSWER / 80)))


def _unit(signal: Signal, rms: float = 1.0) -> Signal:
    """The same at that rms: every vowel equally loud, whatever its formants."""
    scaled: Signal = signal * (rms / np.sqrt(np.mean(np.square(signal))))
    return scaled
