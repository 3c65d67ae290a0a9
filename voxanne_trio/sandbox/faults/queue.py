"""What a stand-in is told to do wrong: a short queue of faults, taken one a request.

Knows only their order and how often each still applies. What a kind of fault means is the
stand-in's own business; it names the kinds it understands, and others are refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import attrs

from .value import Fault


class Faults:
    """The faults of one stand-in, first in first out."""

    def __init__(self, kinds: Iterable[str]) -> None:
        self.kinds = frozenset(kinds)
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Hit the requests that come from now on. `ValueError` for a kind unknown here."""
        if fault.kind not in self.kinds:
            raise ValueError(f"no fault {fault.kind!r}: use {', '.join(sorted(self.kinds))}")
        self._waiting.append(fault)

    def add_first(self, fault: Fault) -> None:
        """Hit the very next request, before all others that wait."""
        self.add(fault)
        self._waiting.insert(0, self._waiting.pop())

    def add_from(self, wanted: Mapping[str, Any]) -> None:
        """The same from JSON. `ValueError` for what is not a fault."""
        self.add(Fault.from_json(wanted))

    def take(self, wanted: Callable[[Fault], bool] = lambda _: True) -> Fault | None:
        """The fault for this request, if there is one that is wanted."""
        place = next((n for n, fault in enumerate(self._waiting) if wanted(fault)), None)
        if place is None:
            return None
        fault = self._waiting[place]
        if fault.times is not None and fault.times <= 1:
            del self._waiting[place]
        elif fault.times is not None:
            self._waiting[place] = attrs.evolve(fault, times=fault.times - 1)
        return fault

    def clear(self) -> None:
        """Everything goes well again."""
        self._waiting.clear()

    def waiting(self) -> list[dict[str, Any]]:
        """What is still to come, for a report."""
        return [attrs.asdict(fault) for fault in self._waiting]
