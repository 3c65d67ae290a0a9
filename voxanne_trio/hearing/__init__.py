"""Hearing: the caller's audio in, what was said out.

`AudioRing` takes the audio without ever waiting; `Ears` listen to it for the whole call and tell
the same events (`voxanne_trio.events`) whichever recogniser is behind them. An adapter for another
recogniser is one file that implements `Ears`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Protocol

from ..events import HearingEvent
from ..settings import Settings
from ..upstream import Dialer
from .flux import Flux
from .nova import Nova
from .ring import AudioRing

__all__ = ["AudioRing", "Ears", "make_ears"]


class Ears(Protocol):
    """Whoever hears the caller."""

    async def listen(self, audio: AudioRing, tell: Callable[[HearingEvent], None]) -> None:
        """Hear the caller for the whole call, in the call's nursery.

        `tell` is called in the order of what was said and must not wait. Reconnects by itself;
        failures of the vendor are told (`HearingLost`, `HearingRestored`), never raised. Returns
        only when the vendor has refused us for good; cancelled when the call ends, it closes its
        socket within half a second.
        """


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
