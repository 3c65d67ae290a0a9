"""The account a call belongs to, and the number that it goes to."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Mapping

import attrs

from .client import Dial
from .faults import Schedule
from .faults.opening import dialling
from .party import Party
from .stream import Link

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

    seam_seconds: float = 0.5
    """From the end of a stream to the request for what comes next. Measured live, the next stream
    is open 0.73 s after the last was closed; the rest of it is the network's and the server's."""

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
    parties: Mapping[str, Party] = attrs.field(factory=dict)
    """Who answers when the call is put through, by number; `*` is anybody else."""

    def party(self, number: str) -> Party:
        """What happens at that number."""
        return self.parties.get(number, self.parties.get("*", Party()))
