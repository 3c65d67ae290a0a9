"""The health of one vendor, as its callers find it: a breaker with probes. Pure.

Theory of operation. Closed, everything is let through. After `failures` in a row, or one that no
second try will mend, it opens: whoever has another way takes it. After a pause one call is let
through as a probe, and the others still wait; if it works the breaker closes, if it fails the pause
doubles, up to `longest_seconds`. A probe that never comes back is forgotten after `probe_seconds`.

A breaker refuses nothing. It says which way is the better one, and who has none that is closed
takes the one that opens first: a caller must never hear silence because of a breaker. One object
serves all calls of a process. Times are any clock that only goes forward.
"""

from __future__ import annotations

import enum

import attrs

from .errors import PermanentVendorError, VendorError


class Health(enum.Enum):
    """What a vendor is thought to be."""

    CLOSED = "closed"
    """It works, as far as is known."""
    OPEN = "open"
    """It does not, and the pause before the next probe is not over."""
    DUE = "due"
    """It did not, and the next call may find out."""
    PROBING = "probing"
    """A call is finding out."""


@attrs.define(eq=False, kw_only=True)
class Breaker:
    """The health of the vendor of that name."""

    vendor: str
    failures: int = 3
    """In a row, after which it opens."""
    pause_seconds: float = 2.0
    """Before the first probe."""
    longest_seconds: float = 60.0
    """Before any probe."""
    probe_seconds: float = 5.0
    """For a probe to come back."""
    reason: str = ""
    """What the last failure was, for whoever asks why."""
    _in_a_row: int = 0
    _pause: float = 0.0  # the last one; 0: closed
    _opens_at: float = 0.0  # when a probe may go
    _probe_until: float = 0.0

    def health(self, now: float) -> Health:
        """What the vendor is thought to be now."""
        if not self._pause:
            return Health.CLOSED
        if now < self._opens_at:
            return Health.OPEN
        return Health.PROBING if now < self._probe_until else Health.DUE

    def is_open(self, now: float) -> bool:
        """Whether a call that has another way should take that."""
        return self.health(now) in {Health.OPEN, Health.PROBING}

    @property
    def better_after(self) -> float:
        """When a probe may go: the less bad of two open breakers has the smaller one."""
        return max(self._opens_at, self._probe_until) if self._pause else 0.0

    def begin(self, now: float) -> bool:
        """A call goes to the vendor; whether it is the probe. It must end with one of the three
        that follow, and a probe say that it was one."""
        is_probe = self.health(now) is Health.DUE
        if is_probe:
            self._probe_until = now + self.probe_seconds
        return is_probe

    def worked(self) -> None:
        """It was answered."""
        self._in_a_row = 0
        self._pause = self._opens_at = self._probe_until = 0.0
        self.reason = ""

    def failed(self, error: VendorError, now: float, *, is_probe: bool = False) -> None:
        """It was not. Failures of calls that began before it opened do not lengthen the pause."""
        self._in_a_row += 1
        self.reason = error.reason
        if self._pause and not is_probe:
            return
        if self._pause:
            self._pause, self._probe_until = min(self._pause * 2, self.longest_seconds), 0.0
        elif isinstance(error, PermanentVendorError) or self._in_a_row >= self.failures:
            self._pause = self.pause_seconds
        else:
            return
        self._opens_at = now + max(self._pause, error.retry_after or 0.0)

    def abandoned(self, *, is_probe: bool = False) -> None:
        """Nobody waited for what would become of it."""
        if is_probe:
            self._probe_until = 0.0
