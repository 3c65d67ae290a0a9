"""Law 2: when a call has ended its nursery has ended: no task, socket, lease or timer is left.

And so when a reply has: what was cancelled is produced no further.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import attrs

from ...events import CallResumed, CallStarted
from ...turns import Cancel
from ..observed import Breach, Evidence, Observation, Returned, Told

CLEANUP_SECONDS: Final = 0.25
"""For a reply that was cancelled to give back what it had."""


@attrs.define(eq=False)
class NothingLeft:
    """The law, watching one call. What all calls of a world leave, `run` looks for."""

    _returned: bool = False
    _cancelled: dict[int, float] = attrs.field(factory=dict)
    """Replies that were cancelled, and when."""

    def see(self, observed: Observation) -> Iterator[Breach]:
        """What is there when the product has done with the call, and what comes after that."""
        if isinstance(observed, Returned):
            self._returned = True
            for name in observed.left:
                yield Breach(f"{name} is left when the call has ended")
        elif isinstance(observed, Told) and isinstance(observed.event, CallStarted | CallResumed):
            self._returned = False  # the call goes on with another stream
            self._cancelled.clear()  # whose replies are numbered anew
        elif isinstance(observed, Told) and self._returned:
            yield Breach(f"{type(observed.event).__name__} after the call's end")
        if isinstance(observed, Told):
            yield from self._replies(observed)

    def _replies(self, told: Told) -> Iterator[Breach]:
        for command in told.commands:
            if isinstance(command, Cancel):
                self._cancelled.setdefault(command.reply, told.at)
        for reply in told.producing & self._cancelled.keys():
            if told.at > self._cancelled[reply] + CLEANUP_SECONDS:
                yield Breach(f"reply {reply} is produced though it was cancelled")

    def conclude(self, evidence: Evidence) -> Iterator[Breach]:
        """The call must have ended at all."""
        if evidence.streamed and not self._returned:
            yield Breach("the call has not ended")
