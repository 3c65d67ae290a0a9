"""The table of ways to think: which model of which vendor, best first, and how each has done.

One for a process, shared by all calls, so that what one call finds out serves the next: a model
that does not exist, a quota used up until then, a vendor that fails (its breaker), and how long
each takes to begin. Knows no wire, and asks nobody: that is `race`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable
from typing import Final

import attrs

from ..errors import VendorError
from ..health import Breaker, Health
from .quota import UNTOLD_SECONDS, Thrift
from .thoughts import Thinker

MISSING_SECONDS: Final = 900.0
"""How long a model that the vendor did not know is not asked for again."""

SAMPLES: Final = 100
FEWEST_SAMPLES: Final = 20
UNKNOWN_HEDGE_SECONDS: Final = 0.6
"""After which a second request is made while too few samples say what is usual."""

SHORTEST_HEDGE_SECONDS: Final = 0.25
"""Before that a second request could hardly win."""

_PERCENTILE: Final = 0.9
TOO_MANY: Final = 429
_NOT_FOUND: Final = 404
_OF_THE_REQUEST: Final = frozenset({400, 413, 415, 422, 424})
"""Statuses that say nothing of the vendor's health: another request may well succeed."""


@attrs.define(eq=False)
class Way:
    """One model of one vendor. `health` is the vendor's: ways to the same vendor share it."""

    thinker: Thinker
    model: str
    health: Breaker
    _rests_until: float = 0.0
    _missing_until: float = 0.0
    _first_tokens: deque[float] = attrs.field(factory=lambda: deque(maxlen=SAMPLES))

    def __str__(self) -> str:
        return f"{self.health.vendor} {self.model}"

    def is_ready(self, now: float) -> bool:
        """Whether nothing speaks against asking it."""
        rests = max(self._rests_until, self._missing_until)
        return now >= rests and not self.health.is_open(now)

    def is_missing(self, now: float) -> bool:
        """Whether its vendor has no such model."""
        return now < self._missing_until

    def better_after(self, now: float) -> float:
        """When it may be worth asking again."""
        opens = self.health.better_after if self.health.is_open(now) else 0.0
        return max(opens, self._rests_until, self._missing_until)

    def thrift(self) -> Thrift:
        """How sparingly it must be asked."""
        return self.thinker.thrift(self.model)

    @property
    def hedge_seconds(self) -> float:
        """The 90th percentile of the times it took to begin: later than that it is unusually slow,
        and a second request may be sooner."""
        if len(self._first_tokens) < FEWEST_SAMPLES:
            return UNKNOWN_HEDGE_SECONDS
        ordered = sorted(self._first_tokens)
        return max(SHORTEST_HEDGE_SECONDS, ordered[int(_PERCENTILE * (len(ordered) - 1))])

    # How a request to it went.

    def waited(self, seconds: float) -> None:
        """So long it took to begin; or so long it was waited for, and would have taken longer."""
        self._first_tokens.append(seconds)

    def failed(self, error: VendorError, now: float, *, is_probe: bool = False) -> None:
        """What failed is the vendor, or its key, or this model's quota, or this request alone."""
        if error.status == TOO_MANY:
            wait = error.retry_after if error.retry_after is not None else UNTOLD_SECONDS
            self._rests_until = now + wait
        elif error.status == _NOT_FOUND:
            self._missing_until = now + MISSING_SECONDS
        elif error.status not in _OF_THE_REQUEST:
            self.health.failed(error, now, is_probe=is_probe)
            return
        self.health.abandoned(is_probe=is_probe)


class Ways:
    """All ways, in the order in which they are wanted."""

    def __init__(self, ways: Iterable[Way]) -> None:
        self.table = tuple(ways)
        assert self.table, "no model to ask"

    def in_order(self, now: float, avoided: Collection[Way] = ()) -> list[Way]:
        """Whom to ask, best first, never nobody: the ways that nothing speaks against, those that
        are `avoided` last, then the least bad of the others. A vendor whose probe is due is asked
        in its place: a second request is soon at hand if it fails."""
        ready = [way for way in self.table if way.is_ready(now)]
        ready.sort(key=lambda way: way in avoided)
        others = [way for way in self.table if way not in ready]
        if ready:
            others = [way for way in others if not way.is_missing(now)]
        others.sort(key=lambda way: (way in avoided, way.better_after(now)))
        return ready + others[:1]

    def may_speculate(self, now: float) -> bool:
        """Whether there is enough left for a question that may turn out to be for nothing."""
        return self.in_order(now)[0].thrift() < Thrift.NO_SPECULATION

    def health(self, now: float) -> dict[str, Health]:
        """Each vendor's."""
        return {way.health.vendor: way.health.health(now) for way in self.table}
