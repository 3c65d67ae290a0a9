"""Shapes of spectra: noise of a colour, and filters given by their response. Pure.

Done by transforms of the whole sound: exact, fast, and without a filter's transient. Refuses to
know streams.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..mulaw import RATE
from .levels import Signal

Response = Callable[[Signal], Signal]
"""The gain at each frequency (Hz)."""


def shaped(signal: Signal, response: Response) -> Signal:
    """A sound through a filter without delay."""
    hertz = np.fft.rfftfreq(len(signal), 1 / RATE)
    return np.fft.irfft(np.fft.rfft(signal) * response(hertz), len(signal))


def coloured(length: int, rng: np.random.Generator, response: Response) -> Signal:
    """Gaussian noise of that colour."""
    return shaped(rng.standard_normal(length), response)


def band(low: float, high: float, slope: float = 4.0) -> Response:
    """A band-pass: flat between the two, falling at 6 dB an octave times `slope` outside."""

    def response(hertz: Signal) -> Signal:
        safe = np.maximum(hertz, 1.0)
        return 1 / np.sqrt((1 + (low / safe) ** (2 * slope)) * (1 + (safe / high) ** (2 * slope)))

    return response


TELEPHONE: Response = band(220.0, 3_400.0)
"""What a telephone's microphone and line leave."""
