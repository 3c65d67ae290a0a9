"""Hearing: the caller's audio in, what was said out.

`AudioRing` takes the audio without ever waiting; `Ears` listen to it for the whole call and tell
the same events (`voxanne_trio.events`) whichever recogniser is behind them. An adapter for another
recogniser is one file that implements `Ears`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Protocol

from ..events import HearingEvent, VoiceEvent
from ..settings import Settings
from ..upstream import Dialer
from .echo import FarEnd
from .engines import prepare as prepare_detectors
from .flux import Flux
from .intake import Intake
from .nova import Nova
from .ring import AudioRing
from .vad import VoiceDetector

__all__ = [
    "AudioRing",
    "Detector",
    "Ears",
    "FarEnd",
    "Intake",
    "VoiceDetector",
    "make_ears",
    "prepare_detectors",
]


class Ears(Protocol):
    """Whoever hears the caller."""

    @property
    def covered_until(self) -> float | None:
        """When the last audio that was listened to reached us (Trio clock): voice after that may
        still become words. None where that is not known."""
        ...

    def end_turn(self) -> None:
        """Ask to end the turn with what was heard. There may be no answer."""
        ...

    def be_patient(self, patient: bool) -> None:
        """Take a pause for the end of the turn later than usual, or as usual again."""
        ...

    async def listen(self, audio: AudioRing, tell: Callable[[HearingEvent], None]) -> None:
        """Hear the caller for the whole call, in the call's nursery.

        `tell` is called in the order of what was said and must not wait. Reconnects by itself;
        failures of the vendor are told (`HearingLost`, `HearingRestored`), never raised. Returns
        only when the vendor has refused us for good; cancelled when the call ends, it closes its
        socket within half a second.
        """


class Detector(Protocol):
    """Whoever notices the caller's voice in the audio itself, before there are words."""

    def feed(self, frame: bytes, at: float) -> Sequence[VoiceEvent]:
        """What a frame of the caller's (mu-law, any length), which arrived then, changes.
        Synchronous; starts and stops alternate."""
        ...


def make_ears(
    settings: Settings,
    dialer: Dialer,
    *,
    call_sid: str,
    keyterms: Sequence[str],
    rng: random.Random,
) -> Ears:
    """The recogniser named by `settings.stt`, for one call; `rng` spreads reconnects."""
    ears = Nova if settings.stt == "nova" else Flux
    return ears(settings, dialer, call_sid=call_sid, keyterms=keyterms, rng=rng)
