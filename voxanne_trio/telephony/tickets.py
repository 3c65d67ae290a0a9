"""Tickets: the one unguessable part of a stream's URL.

Twilio's signature of an upgrade is the same for the same URL and so can be replayed; a ticket in
the path makes each URL its own. It carries when it expires, a nonce and the call it was made for,
all under a MAC whose key is derived from the auth token: any replica accepts it, also one that
signs with the next token while they rotate. Each is taken once (by one replica: the signature and
its short life guard the rest). Knows no sockets; the wall clock and entropy are handed in.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Callable, Sequence
from typing import Final

import attrs

from ..errors import VoxanneError

REMEMBERED: Final = 10_000
"""Taken tickets kept in mind: more than any process hands out within a ticket's life."""

_LABEL: Final = b"voxanne stream ticket v1"
_HEAD: Final = struct.Struct(">I9s")
_MAC_BYTES: Final = 16
_MAX_CHARACTERS: Final = 200


class BadTicket(VoxanneError):
    """A ticket that does not admit; the message says why, for the log."""


@attrs.frozen
class Ticket:
    """A valid ticket: the call it was made for, and when it ends (seconds, wall clock)."""

    call_sid: str
    expires: int


class Tickets:
    """Issues and takes tickets. Synchronous, so that one ticket cannot be taken twice at once."""

    def __init__(
        self,
        auth_tokens: Sequence[str],
        lifetime_seconds: int,
        *,
        wall_clock: Callable[[], float],
        entropy: Callable[[int], bytes],
    ) -> None:
        """`entropy(n)` gives n unguessable bytes. The first of `auth_tokens` signs, all admit."""
        self._keys = [_derived(token) for token in auth_tokens if token]
        self._lifetime = lifetime_seconds
        self._wall_clock = wall_clock
        self._entropy = entropy
        self._taken: dict[bytes, int] = {}
        self._awaited: dict[bytes, float] = {}  # nonces we gave out, and when

    def issue(self, call_sid: str) -> str:
        """A ticket for one stream of this call, of the characters `A-Za-z0-9_-`."""
        now, nonce = self._wall_clock(), self._entropy(9)
        self._await(nonce, now)
        body = _HEAD.pack(int(now) + self._lifetime, nonce) + call_sid.encode("ascii")
        return urlsafe_b64encode(_mac(self._keys[0], body) + body).rstrip(b"=").decode("ascii")

    def take(self, ticket: str) -> Ticket:
        """Admit the bearer, this once. Raises `BadTicket`."""
        body = self._signed_body(ticket)
        expires, nonce = _HEAD.unpack_from(body)
        now = self._wall_clock()
        if expires < now:
            raise BadTicket("expired")
        if nonce in self._taken:
            raise BadTicket("used before")
        self._remember(nonce, expires, now)
        self._awaited.pop(nonce, None)
        return Ticket(body[_HEAD.size :].decode("ascii"), expires)

    def issued_here(self, ticket: str) -> bool:
        """Whether we gave this ticket out ourselves, and it has not been taken."""
        try:
            _, body = _parts(ticket)
        except BadTicket:
            return False
        return _HEAD.unpack_from(body)[1] in self._awaited

    def awaited_seconds(self, patience: float) -> float:
        """How long until each ticket of ours has been taken or is `patience` seconds old."""
        latest = max(self._recent(patience), default=-math.inf)
        return max(0.0, latest + patience - self._wall_clock())

    def awaited(self, patience: float) -> int:
        """How many tickets of ours have not been taken and are not `patience` seconds old."""
        return len(self._recent(patience))

    def _recent(self, patience: float) -> list[float]:
        """When they were given out. What seems to be of the future was before the clock was set
        back: nobody knows how old it is, and it is not waited for."""
        now = self._wall_clock()
        return [at for at in self._awaited.values() if abs(now - at) < patience]

    def _signed_body(self, ticket: str) -> bytes:
        mac, body = _parts(ticket)
        if not any(hmac.compare_digest(_mac(key, body), mac) for key in self._keys):
            raise BadTicket("not ours")
        return body

    def _await(self, nonce: bytes, now: float) -> None:
        stale = now - self._lifetime
        while self._awaited:
            oldest = next(iter(self._awaited))
            if self._awaited[oldest] >= stale and len(self._awaited) < REMEMBERED:
                break
            del self._awaited[oldest]
        self._awaited[nonce] = now

    def _remember(self, nonce: bytes, expires: int, now: float) -> None:
        if len(self._taken) >= REMEMBERED:
            self._taken = {kept: end for kept, end in self._taken.items() if end >= now}
        while len(self._taken) >= REMEMBERED:
            del self._taken[next(iter(self._taken))]
        self._taken[nonce] = expires


def _parts(ticket: str) -> tuple[bytes, bytes]:
    """MAC and body of a ticket, neither proven. Raises `BadTicket`."""
    if len(ticket) > _MAX_CHARACTERS or not ticket.isascii():
        raise BadTicket("malformed")
    try:
        data = urlsafe_b64decode(ticket + "=" * (-len(ticket) % 4))
    except (NotBase64, ValueError):
        raise BadTicket("malformed") from None
    mac, body = data[:_MAC_BYTES], data[_MAC_BYTES:]
    if len(body) < _HEAD.size:
        raise BadTicket("malformed")
    return mac, body


def _derived(auth_token: str) -> bytes:
    """A key of its own for tickets, so that no MAC of ours says anything about a signature."""
    return hmac.digest(auth_token.encode(), _LABEL, hashlib.sha256)


def _mac(key: bytes, body: bytes) -> bytes:
    return hmac.digest(key, body, hashlib.sha256)[:_MAC_BYTES]
