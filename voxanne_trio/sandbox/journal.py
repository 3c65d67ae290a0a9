"""What happened on a call, as its phone network saw it, with times on Trio's clock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import trio


@attrs.frozen
class Entry:
    """One thing that happened."""

    at: float
    kind: str
    detail: Any = None


class Journal:
    """Entries in order, and what the server did wrong."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.violations: list[str] = []
        self.watch: Callable[[Entry], None] | None = None
        """Sees each entry as it is written; must not wait."""

    def note(self, kind: str, detail: Any = None, *, at: float | None = None) -> None:
        """Write down that something happened, now unless told when."""
        self.entries.append(Entry(trio.current_time() if at is None else at, kind, detail))
        if self.watch is not None:
            self.watch(self.entries[-1])

    def violation(self, reason: str) -> None:
        """Write down a breach of the protocol by the server."""
        self.violations.append(reason)
        self.note("violation", reason)

    def of(self, *kinds: str) -> list[Entry]:
        """The entries of these kinds, in order."""
        return [entry for entry in self.entries if entry.kind in kinds]

    def first(self, kind: str) -> Entry | None:
        """The first entry of a kind."""
        return next((entry for entry in self.entries if entry.kind == kind), None)
