"""How much of an account's quota is left, as the vendor's headers say. Pure.

Every answer carries `x-ratelimit-limit-tokens`, `-remaining-tokens` and `-reset-tokens` (a Go
duration, "2m59.56s"), by the minute, and the same of requests, by the day. The scarcer of the two
counts, until it is reset or another answer tells more. As it gets scarcer, what may turn out to be
for nothing is given up first, and what makes an answer worse last.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from typing import Final


class Thrift(enum.IntEnum):
    """How sparingly to ask; each includes those before it."""

    NONE = 0
    NO_SPECULATION = 1
    """Nothing is asked before the caller's turn is surely over."""
    NO_HEDGING = 2
    """No question is put twice at once."""
    SHORT_PROMPTS = 3
    """Less of what was said before is sent along."""


_BELOW: Final = (
    (0.05, Thrift.SHORT_PROMPTS),
    (0.12, Thrift.NO_HEDGING),
    (0.25, Thrift.NO_SPECULATION),
)
"""With less than this share left."""

_KINDS: Final = ("tokens", "requests")
UNTOLD_SECONDS: Final = 1.0
"""How long a refusal holds that does not say."""

_PART: Final = re.compile(r"([0-9.]+)(ms|us|µs|ns|h|m|s)")
_SECONDS: Final = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}


class Quota:
    """What is left for one model of an account. Times are any clock that only goes forward."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[Thrift, float]] = {}  # by kind: how scarce, until when

    def read(self, headers: Mapping[str, str], now: float) -> None:
        """What an answer said about it; one that says nothing changes nothing."""
        for kind in _KINDS:
            limit = _number(headers.get(f"x-ratelimit-limit-{kind}"))
            remaining = _number(headers.get(f"x-ratelimit-remaining-{kind}"))
            if limit is None or remaining is None or limit <= 0:
                continue
            left = remaining / limit
            thrift = next((thrift for share, thrift in _BELOW if left < share), Thrift.NONE)
            reset = seconds(headers.get(f"x-ratelimit-reset-{kind}", ""))
            self._found[kind] = (thrift, now + reset)

    def refused(self, retry_after: float | None, now: float) -> None:
        """A request was refused for want of it."""
        self._found["refusal"] = (Thrift.SHORT_PROMPTS, now + (retry_after or UNTOLD_SECONDS))

    def thrift(self, now: float) -> Thrift:
        """How sparingly to ask now."""
        return max(
            (thrift for thrift, until in self._found.values() if now < until), default=Thrift.NONE
        )


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
