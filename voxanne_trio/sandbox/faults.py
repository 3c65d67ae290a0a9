"""What a stand-in is told to do wrong: a short queue of faults, taken one a request.

Knows only their order and how often each still applies. What a kind of fault means is the
stand-in's own business; it names the kinds it understands, and others are refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs


@attrs.define(kw_only=True)
class Fault:
    """One thing to do wrong. `times` requests are hit; None means all of them from now on."""

    kind: str
    times: int | None = 1
    seconds: float = 0.0
    status: int = 500
    after: int = 0
    """How much goes well first, in the stand-in's own unit (tokens, frames, bytes)."""


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

    def add_from(self, wanted: Mapping[str, Any]) -> None:
        """The same from JSON. `ValueError` for what is not a fault."""
        try:
            self.add(Fault(**wanted))
        except TypeError as error:
            raise ValueError(str(error)) from error

    def take(self) -> Fault | None:
        """The fault for this request, if there is one."""
        if not self._waiting:
            return None
        fault = self._waiting[0]
        if fault.times is not None:
            fault.times -= 1
            if fault.times <= 0:
                del self._waiting[0]
        return fault

    def clear(self) -> None:
        """Everything goes well again."""
        self._waiting.clear()

    def waiting(self) -> list[dict[str, Any]]:
        """What is still to come, for a report."""
        return [attrs.asdict(fault) for fault in self._waiting]
