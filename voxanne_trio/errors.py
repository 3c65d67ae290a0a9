"""Every error of ours, each carrying its facts as attributes.

Permanent and transient failures are different classes: the first is not worth another try with
the same settings, the second is. A caller who hangs up is an event, not an error.
"""

from __future__ import annotations

import re
from typing import Final

LONGEST_RETRY_AFTER_SECONDS: Final = 600.0
"""A vendor that wants to be left alone for longer is asked again all the same: it may be back."""

_SECONDS: Final = re.compile(r"[0-9]+(\.[0-9]*)?")


class VoxanneError(Exception):
    """Base of all errors raised on purpose."""


class ConfigurationError(VoxanneError):
    """A setting is missing or wrong; the message is one line an operator can act on."""


class BadMessage(VoxanneError):
    """A message on a wire that does not mean what the protocol says; counted and ignored."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class VendorError(VoxanneError):
    """A vendor failed. `vendor` is `deepgram`, `groq` or `twilio`; `status` its HTTP status or
    WebSocket close code where there was one; `request_id` its own name for the exchange."""

    def __init__(
        self,
        vendor: str,
        reason: str,
        *,
        status: int | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        facts = [f"{vendor}: {reason}"]
        if status is not None:
            facts.append(f"status {status}")
        if request_id:
            facts.append(f"request {request_id}")
        super().__init__(", ".join(facts))
        self.vendor = vendor
        self.reason = reason
        self.status = status
        self.request_id = request_id
        self.retry_after = retry_after


def retry_after_of(header: str) -> float | None:
    """The seconds of a `retry-after` header, bounded; None for what is no number."""
    if not _SECONDS.fullmatch(header):
        return None
    return min(float(header), LONGEST_RETRY_AFTER_SECONDS)


class TransientVendorError(VendorError):
    """Worth another try: network, 408, 429, 5xx, a broken stream, a deadline passed."""


class PermanentVendorError(VendorError):
    """Not worth another try as it stands: a refused key, a refused request, an unknown model."""


def leaves(group: BaseExceptionGroup[VendorError]) -> list[VendorError]:
    """The errors in a group, however deep: each nursery that they leave wraps them once more."""
    found: list[VendorError] = []
    for error in group.exceptions:
        found += leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found
