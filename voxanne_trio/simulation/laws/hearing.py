"""Law 3: every frame the caller sent is offered to the recogniser in order, or counted as dropped
with the reason.

Frames spell their numbers, so it is read off what the recogniser got, socket by socket. Going back
is allowed once, at the beginning of a socket: what was said last is replayed to a new one. A call
that ends soon after its recogniser was lost has had no time to say its last words again.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

import attrs

from ...audio import FRAME_MS
from ..observed import Breach, Evidence, FrameCame, Observation, Overheard

TAIL_FRAMES: Final = 25
"""On their way to the recogniser when the call ends, at most: half a second."""

AGAIN_SECONDS: Final = 12.0
"""After its loss, so much later at the latest another socket hears: a dead one that says nothing is
found out by the caller's voice."""

AMID: Final = 16
"""Lost frames that are named, at most."""


@attrs.define(eq=False)
class EveryFrame:
    """The law, watching one call."""

    _came: list[int] = attrs.field(factory=list)
    _offered: set[int] = attrs.field(factory=set)
    _last: dict[int, int] = attrs.field(factory=dict)
    _came_at: dict[int, float] = attrs.field(factory=dict)
    _offered_at: float = -math.inf

    def see(self, observed: Observation) -> Iterator[Breach]:
        """Order within a socket."""
        if isinstance(observed, FrameCame) and observed.number is not None:
            self._came.append(observed.number)
            self._came_at[observed.number] = observed.at
        elif isinstance(observed, Overheard):
            self._offered_at = observed.at
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
        if not self._has_just_failed(evidence):
            lost += tail[: max(0, len(tail) - waiting)]
        counted = sum(evidence.dropped_ms.values()) / FRAME_MS
        if len(lost) > counted + 0.5:
            named = ", ".join(map(str, lost[:AMID]))
            yield Breach(f"{len(lost)} frames lost, {counted:g} counted ({named})")

    def _has_just_failed(self, evidence: Evidence) -> bool:
        """Whether no socket has heard since the last was lost, and the call ended soon after."""
        failed_at = evidence.hearing_failed_at
        last = self._came_at[self._came[-1]] if self._came else 0.0
        return self._offered_at <= failed_at + AGAIN_SECONDS and last <= failed_at + AGAIN_SECONDS
