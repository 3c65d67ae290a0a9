"""Law 8: every queue is bounded, in bytes or milliseconds."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from ..observed import Breach, Evidence, Observation, Told


@attrs.define(eq=False)
class Bounded:
    """The law, watching one call; a queue that is too full is named once."""

    _named: set[str] = attrs.field(factory=set)

    def see(self, observed: Observation) -> Iterator[Breach]:
        """Each queue, whenever the floor is told something."""
        if not isinstance(observed, Told):
            return
        for name, size in observed.sizes.items():
            if size > observed.bounds[name] and name not in self._named:
                self._named.add(name)
                yield Breach(f"{name}: {size:g}, bound {observed.bounds[name]:g}")

    def conclude(self, evidence: Evidence) -> Iterator[Breach]:
        """Nothing: they were looked at all along."""
        del evidence
        yield from ()
