"""How Twilio signs what it requests: written here apart from the product's own check of it.

The URL exactly as configured, then each distinct parameter name in order, each with its distinct
values in order, all decoded and without separators; HMAC-SHA1 with the auth token, in base64.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterable

Pairs = Iterable[tuple[str, str]]


def signature(auth_token: str, url: str, parameters: Pairs = ()) -> str:
    """The `X-Twilio-Signature` of a request; an upgrade has no parameters."""
    values: dict[str, set[str]] = {}
    for name, value in parameters:
        values.setdefault(name, set()).add(value)
    signed = url + "".join(
        name + value for name in sorted(values) for value in sorted(values[name])
    )
    digest = hmac.new(auth_token.encode(), signed.encode(), "sha1").digest()
    return base64.b64encode(digest).decode()
