"""The account a call belongs to, and the signed requests Twilio makes for it.

Knows credentials, forms, signatures and how long Twilio waits for an answer. Refuses to know what
the answers mean.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Mapping
from typing import Final
from urllib.parse import urlencode

import attrs
import trio

from . import signing
from .client import Dial, NoAnswer, Response, abandon, fetch
from .faults import Act, Schedule
from .faults.opening import before_request, dialling
from .journal import Journal
from .stream import Link

WEBHOOK_SECONDS: Final = 15.0

Speak = Callable[[str], Awaitable[bytes]]
"""A text as mu-law at 8 kHz."""


@attrs.frozen(kw_only=True)
class Account:
    """What all calls of an account share: credentials, how to dial, randomness, wall clock."""

    sid: str
    auth_token: str = attrs.field(repr=False)
    dial: Dial = attrs.field(repr=False)
    rng: random.Random = attrs.field(repr=False)
    wall: Callable[[], float] = attrs.field(repr=False)
    link: Link = attrs.field(factory=Link)
    voice: Speak | None = None
    """Twilio's own voice for `<Say>`; without one its words only take their time."""

    schedule: Schedule = attrs.field(factory=Schedule, repr=False)
    """What goes wrong on Twilio's side, and wherever else the sandbox finds it here."""

    def dial_for(self, place: str) -> Dial:
        """The dial, with the faults that are planned for a place."""
        return dialling(self.schedule, self.dial, lambda _: place)

    def new_sid(self, prefix: str) -> str:
        return f"{prefix}{self.rng.getrandbits(128):032x}"


@attrs.frozen(kw_only=True)
class Numbers:
    """Where a call goes and what the number is set to."""

    webhook: str
    to: str = "+15005550006"
    caller: str = "+15005550100"
    fallback: str = ""
    status_callback: str = ""


class Webhooks:
    """The requests of one call, written in its journal."""

    def __init__(self, account: Account, journal: Journal) -> None:
        self.account = account
        self._journal = journal

    async def post(self, url: str, parameters: Mapping[str, str]) -> Response:
        """A signed form. Raises `NoAnswer`, also after 15 seconds."""
        token = f"{self.account.rng.getrandbits(128):032x}"
        headers = [
            ("User-Agent", "TwilioProxy/1.1"),
            ("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8"),
            ("X-Twilio-Signature", self.signature(url, parameters)),
            ("I-Twilio-Idempotency-Token", token),
        ]
        body = urlencode(parameters).encode()
        self._journal.note("request", url)
        dial = self.account.dial_for("webhook")
        fault = before_request(self.account.schedule, "webhook")
        with trio.move_on_after(WEBHOOK_SECONDS):
            if fault is Act.ABANDONED:
                await abandon(dial, "POST", url, headers=headers, body=body)
                raise NoAnswer(f"{url}: the connection was cut")
            if fault is Act.TWICE:
                await fetch(dial, "POST", url, headers=headers, body=body)
            return await fetch(dial, "POST", url, headers=headers, body=body)
        raise NoAnswer(f"{url}: no answer within {WEBHOOK_SECONDS:g} s")

    def signature(self, url: str, parameters: Mapping[str, str] | None = None) -> str:
        pairs = (parameters or {}).items()
        return signing.signature(self.account.auth_token, url.split("#")[0], pairs)

    async def notify(
        self, url: str, parameters: Mapping[str, str], extra: Mapping[str, str]
    ) -> None:
        """A status callback: its answer does not matter, nor that there is none."""
        try:
            response = await self.post(url, {**parameters, **extra})
            self._journal.note("callback", {"url": url, "status": response.status, **extra})
        except NoAnswer as error:
            self._journal.note("callback", {"url": url, "error": str(error), **extra})
