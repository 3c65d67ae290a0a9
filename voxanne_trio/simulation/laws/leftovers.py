"""Law 2: when a call has ended its nursery has ended: no task, socket, lease or timer is left."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from ...events import CallStarted
from ..observed import Breach, Evidence, Observation, Returned, Told


@attrs.define(eq=False)
class NothingLeft:
    """The law, watching one call. What all calls of a world leave, `run` looks for."""

    _returned: bool = False

    def see(self, observed: Observation) -> Iterator[Breach]:
        """What is there when the product has done with the call, and what comes after that."""
        if isinstance(observed, Returned):
            self._returned = True
            for name in observed.left:
                yield Breach(f"{name} is left when the call has ended")
        elif isinstance(observed, Told) and isinstance(observed.event, CallStarted):
            self._returned = False  # the call goes on with another stream
        elif isinstance(observed, Told) and self._returned:
            yield Breach(f"{type(observed.event).__name__} after the call's end")

    def conclude(self, evidence: Evidence) -> Iterator[Breach]:
        """The call must have ended at all."""
        if evidence.streamed and not self._returned:
            yield Breach("the call has not ended")
