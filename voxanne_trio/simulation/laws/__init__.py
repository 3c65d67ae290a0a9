"""The laws the product promises, as observers of simulated calls.

`LAWS` has one class for each number of the design. A law of a call is shown every observation as it
happens and the evidence at the end, and answers with what is wrong, a line each. It knows what was
promised and refuses to know how the product keeps it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Protocol

import attrs

from ..observed import Breach, Evidence, Observation
from .dead_air import DeadAir
from .heard import HeardText
from .hearing import EveryFrame
from .leftovers import NothingLeft
from .order import InOrder
from .queues import Bounded
from .recorded import Recorded
from .silence import Silenced

__all__ = ["DEAD_AIR", "LAWS", "NEIGHBOURS", "RUN", "Law", "Violation"]

RUN: Final = 0
"""In the place of a law's number: the run itself failed, or Twilio was told nonsense."""

DEAD_AIR: Final = 5

NEIGHBOURS: Final = 9
"""Broken where a call without faults suffers from those of another; `run` finds that."""


class Law(Protocol):
    """One law, watching one call."""

    def see(self, observed: Observation) -> Iterable[Breach]:
        """What this observation breaks."""
        ...

    def conclude(self, evidence: Evidence) -> Iterable[Breach]:
        """What the whole call breaks."""
        ...


@attrs.frozen
class Violation:
    """A law that was broken: by which call, when (virtual seconds), how, under which faults."""

    law: int
    at: float
    detail: str
    call: int = 0
    faults: tuple[str, ...] = ()


LAWS: Final[dict[int, type[Law]]] = {
    1: Silenced,
    2: NothingLeft,
    3: EveryFrame,
    4: HeardText,
    5: DeadAir,
    6: InOrder,
    7: Recorded,
    8: Bounded,
}
"""Law 9 is about several calls: see `NEIGHBOURS`."""
