"""Law 3: every frame the caller sent is offered to the recogniser in order, or counted as dropped
with the reason.

Frames spell their numbers, so it is read off what the recogniser got, socket by socket. Going back
is allowed once, at the beginning of a socket: what was said last is replayed to a new one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import attrs

from ...audio import FRAME_MS
from ..observed import Breach, Evidence, FrameCame, Observation, Overheard

TAIL_FRAMES: Final = 25
"""On their way to the recogniser when the call ends, at most: half a second."""

AMID: Final = 16
"""Lost frames that are named, at most."""


@attrs.define(eq=False)
class EveryFrame:
    """The law, watching one call."""

    _came: list[int] = attrs.field(factory=list)
    _offered: set[int] = attrs.field(factory=set)
    _last: dict[int, int] = attrs.field(factory=dict)

    def see(self, observed: Observation) -> Iterator[Breach]:
        """Order within a socket."""
        if isinstance(observed, FrameCame) and observed.number is not None:
            self._came.append(observed.number)
        elif isinstance(observed, Overheard):
            for number in observed.frames:
                if number is None:
                    continue
                last = self._last.get(observed.socket, -1)
                if number <= last:
                    yield Breach(f"frame {number} after frame {last} on one socket")
                self._last[observed.socket] = number
                self._offered.add(number)

    def conclude(self, evidence: Evidence) -> Iterator[Breach]:
        """Nothing lost that was not counted."""
        if not self._last:
            return  # no recogniser was ever reached: then all waits, or is counted as overflow
        last = max(self._offered, default=-1)
        tail = [number for number in self._came if number > last]
        lost = [n for n in self._came if n <= last and n not in self._offered]
        waiting = round(evidence.waiting_ms / FRAME_MS) + TAIL_FRAMES
        lost += tail[: max(0, len(tail) - waiting)]
        counted = sum(evidence.dropped_ms.values()) / FRAME_MS
        if len(lost) > counted + 0.5:
            named = ", ".join(map(str, lost[:AMID]))
            yield Breach(f"{len(lost)} frames lost, {counted:g} counted ({named})")
