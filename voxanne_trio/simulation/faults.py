"""What goes wrong in a simulated world, by name: vendors that fail, networks that stall.

A fault is a name, a moment and a length; `FAULTS` says what each name does to the stand-ins or the
network of a world. Everything is done at its virtual time by the stand-ins' own means, and is over
when it is over. Refuses to know how the product copes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

import attrs
import trio

from ..sandbox.faults import Fault as VendorFault
from ..sandbox.server import Placed
from .world import World


@attrs.frozen
class Fault:
    """One thing that goes wrong: `at` seconds after the call rang, on the call of that number;
    what a vendor does to the next request that comes, whosever it is, has no call."""

    name: str
    at: float
    seconds: float = 2.0
    call: int = 0
    after: int = 0
    """How much goes well first, in the unit of the stand-in."""


Strike = Callable[[World, Placed, Fault], Awaitable[None]]


def _vendor(vendor: str, kind: str, **options: Any) -> Strike:
    async def strike(here: World, placed: Placed, fault: Fault) -> None:
        del placed
        faults = here.groq.faults if vendor == "groq" else here.deepgram.faults
        faults.add(VendorFault(kind=kind, seconds=fault.seconds, after=fault.after, **options))
        await trio.lowlevel.checkpoint()

    return strike


def _unreachable(host: str) -> Strike:
    async def strike(here: World, placed: Placed, fault: Fault) -> None:
        del placed
        here.network.refuse(host)
        try:
            await trio.sleep(fault.seconds)
        finally:
            here.network.listen(host, here.sandbox.handler)

    return strike


async def _frames_held(here: World, placed: Placed, fault: Fault) -> None:
    """Congestion on the caller's side: frames come late, and together."""
    del here
    if placed.call.stream is not None:
        placed.call.stream.hold_frames(round(fault.seconds * 50))
    await trio.lowlevel.checkpoint()


async def _frames_lost(here: World, placed: Placed, fault: Fault) -> None:
    """Nothing comes from the caller for a while."""
    del here
    if placed.call.stream is not None:
        placed.call.stream.mute(fault.seconds)
    await trio.lowlevel.checkpoint()


FAULTS: Final[dict[str, Strike]] = {
    "llm_refused": _vendor("groq", "refuse"),
    "llm_429": _vendor("groq", "status", status=429),
    "llm_503": _vendor("groq", "status", status=503),
    "llm_slow": _vendor("groq", "slow"),
    "llm_stalled": _vendor("groq", "stall"),
    "llm_cut": _vendor("groq", "cut"),
    "llm_truncated": _vendor("groq", "truncate"),
    "llm_error_event": _vendor("groq", "error_event"),
    "llm_starved": _vendor("groq", "starve"),
    "llm_unreachable": _unreachable("groq.test"),
    "stt_refused": _vendor("deepgram", "listen_status", status=503),
    "stt_cut": _vendor("deepgram", "listen_cut"),
    "stt_mute": _vendor("deepgram", "listen_mute"),
    "tts_refused": _vendor("deepgram", "speak_status", status=503),
    "tts_cut": _vendor("deepgram", "speak_cut"),
    "tts_stalled": _vendor("deepgram", "speak_stall"),
    "deepgram_unreachable": _unreachable("deepgram.test"),
    "frames_held": _frames_held,
    "frames_lost": _frames_lost,
}

NAMES: Final = tuple(FAULTS)

OF_THE_CALL: Final = frozenset({"frames_held", "frames_lost"})
"""These strike one call alone; the others meet whoever asks the vendor next."""
