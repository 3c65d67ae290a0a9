"""The timeline of a turn: when each stage did its part, and the latencies that follow.

Pure. Stamps are seconds on the Trio clock; latencies are whole milliseconds. The first stamp of a
kind counts: a fall-over to another model or another way of speaking is part of the wait.
"""

from __future__ import annotations

from typing import Final, Literal

import attrs

Moment = Literal[
    "voiced_until",  # the caller's last voiced frame reached us
    "decided",  # the turn was decided to be over
    "llm_requested",
    "llm_first",  # first non-empty content
    "tts_requested",  # first text sent
    "tts_first",  # first audio byte
    "first_frame",  # first frame of the answer on the wire
    "first_audible",  # first frame of it that is not silence
    "ended",  # played out, or cut off
]

_LATENCIES: Final[dict[str, tuple[Moment, Moment]]] = {
    "stt": ("voiced_until", "decided"),
    "llm": ("llm_requested", "llm_first"),
    "tts": ("tts_requested", "tts_first"),
    "total": ("decided", "first_frame"),
    "gap": ("voiced_until", "first_audible"),
}
"""Each latency as the stretch between two moments."""

LATENCIES: Final = tuple(_LATENCIES)


@attrs.define
class Timeline:
    """The moments of one turn, as far as they have come."""

    moments: dict[Moment, float] = attrs.field(factory=dict)

    def stamp(self, moment: Moment, at: float) -> bool:
        """Note a moment; False when it had been noted before (the first one stays)."""
        if moment in self.moments:
            return False
        self.moments[moment] = at
        return True

    def latencies_ms(self) -> dict[str, int | None]:
        """`stt`, `llm`, `tts`, `total`, `gap`; None for a stretch that does not apply."""
        return {name: self.latency_ms(name) for name in _LATENCIES}

    def latency_ms(self, name: str) -> int | None:
        start, end = (self.moments.get(moment) for moment in _LATENCIES[name])
        return None if start is None or end is None else round((end - start) * 1000)

    def since(self, start: float) -> dict[str, int]:
        """The moments in milliseconds after `start`, in order of time."""
        ordered = sorted(self.moments.items(), key=lambda item: item[1])
        return {moment: round((at - start) * 1000) for moment, at in ordered}
