"""How much of the tokens per minute is left, as the vendor's headers say. Pure.

Every answer carries `x-ratelimit-limit-tokens`, `-remaining-tokens` and `-reset-tokens` (a Go
duration, "2m59.56s"). Tokens per minute are the scarce quota: when little is left, no request is
made that may turn out to be for nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

SHORT_SHARE: Final = 0.25
"""With less than this share left, the quota is short."""

_PART: Final = re.compile(r"([0-9.]+)(ms|us|µs|ns|h|m|s)")
_SECONDS: Final = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}


class Quota:
    """The tokens of one vendor's account. Times are any clock that only goes forward."""

    def __init__(self) -> None:
        self._short_until = 0.0

    def read(self, headers: Mapping[str, str], now: float) -> None:
        """What an answer said about it; one that says nothing changes nothing."""
        limit = _number(headers.get("x-ratelimit-limit-tokens"))
        remaining = _number(headers.get("x-ratelimit-remaining-tokens"))
        if limit is None or remaining is None or limit <= 0:
            return
        is_short = remaining < SHORT_SHARE * limit
        reset = seconds(headers.get("x-ratelimit-reset-tokens", ""))
        self._short_until = now + reset if is_short else 0.0

    def refused(self, retry_after: float | None, now: float) -> None:
        """A request was refused for want of it."""
        self._short_until = max(self._short_until, now + (retry_after or 1.0))

    def is_short(self, now: float) -> bool:
        return now < self._short_until


def seconds(duration: str) -> float:
    """A Go duration in seconds; 0 for what is none."""
    parts = _PART.findall(duration)
    if "".join(number + unit for number, unit in parts) != duration:
        return 0.0
    try:
        return sum(float(number) * _SECONDS[unit] for number, unit in parts)
    except ValueError:
        return 0.0


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None
