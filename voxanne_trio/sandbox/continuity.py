"""Whether speech that was stopped went on, judged by the caller's ear alone.

Whoever holds a phone call's audio back clears what is queued at Twilio and sends it again when it
goes on. The play-out knows what a clear dropped; so what comes next can be laid over the last that
was played and the dropped part: it repeats some of it, misses some of it, or is something else.
Silence does not count, since it may be cut at will. Pure.
"""

from __future__ import annotations

from typing import Final

import attrs

from .playout import RATE

REPEATABLE_SECONDS: Final = 2.0
"""Further back than this nothing is taken for a repetition."""

_QUIET: Final = b"\xff\x7f\xfe\x7e"
_LEAST: Final = RATE // 20
"""Samples that have to agree; fewer would agree by chance."""


@attrs.frozen
class Resumption:
    """How speech went on: what was heard twice, what never was; in milliseconds of sound."""

    continues: bool
    repeated_ms: float = 0.0
    lost_ms: float = 0.0


def resumption(played: bytes, dropped: bytes, after: bytes) -> Resumption:
    """Lay what came after a clear over what was played before it and what the clear dropped.

    When it fits nowhere, something else was said: all that was dropped is lost.
    """
    before = sounding(played[-round(REPEATABLE_SECONDS * RATE) :])
    lost = sounding(dropped)
    known, then = before + lost, sounding(after)
    for start in range(max(0, len(known) - _LEAST) + 1):
        overlap = min(len(known) - start, len(then))
        if overlap >= _LEAST and then.startswith(known[start : start + overlap]):
            repeated = max(0, len(before) - start)
            missed = max(0, start - len(before))
            return Resumption(True, repeated * 1000 / RATE, missed * 1000 / RATE)
    return Resumption(False, 0.0, len(lost) * 1000 / RATE)


def sounding(audio: bytes) -> bytes:
    """Audio without its silence."""
    return audio.translate(None, _QUIET)
