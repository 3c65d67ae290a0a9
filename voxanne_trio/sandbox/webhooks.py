"""The signed requests Twilio makes for a call, and how often it tries.

Knows forms, signatures, deadlines and retries: five seconds to connect, fifteen in all, once more
when no connection could be made and never because of a 5xx, unless the URL's fragment says
otherwise (`#rc=2&rp=ct,rt,5xx`). Refuses to know what the answers mean.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final
from urllib.parse import parse_qsl, urldefrag, urlencode

import attrs
import trio

from . import signing
from .account import Account
from .client import Dial, NoAnswer, NotReached, Response, abandon, fetch
from .faults import Act
from .faults.opening import before_request
from .journal import Journal

_FORM: Final = "application/x-www-form-urlencoded; charset=UTF-8"


@attrs.frozen(kw_only=True)
class Patience:
    """How long Twilio waits for a server, in seconds, and after what it tries again."""

    connect: float = 5.0
    read: float = 15.0
    total: float = 15.0
    retries: int = 1
    after: frozenset[str] = frozenset({"ct"})

    @classmethod
    def of(cls, url: str) -> Patience:
        """As the URL's fragment overrides it. `ValueError` for a number that is none."""
        given = dict(parse_qsl(urldefrag(url).fragment))
        usual = cls()
        return cls(
            connect=float(given.get("ct", usual.connect * 1000)) / 1000,
            read=float(given.get("rt", usual.read * 1000)) / 1000,
            total=float(given.get("tt", usual.total * 1000)) / 1000,
            retries=int(given.get("rc", usual.retries)),
            after=frozenset(given["rp"].split(",")) if "rp" in given else usual.after,
        )

    def tries_again(self, why: str) -> bool:
        """Whether that is worth another attempt."""
        return bool(self.after & {why, "all"})


class Webhooks:
    """The requests of one call, written in its journal."""

    def __init__(self, account: Account, journal: Journal) -> None:
        self.account = account
        self._journal = journal

    async def ask(self, url: str, parameters: Mapping[str, str], method: str = "POST") -> Response:
        """A signed form, or a signed query. Raises `NoAnswer` when all attempts are used."""
        patience = Patience.of(url)
        url = urldefrag(url).url
        if method == "GET":
            url += ("&" if "?" in url else "?") + urlencode(parameters)
            parameters = {}
        headers = [
            ("User-Agent", "TwilioProxy/1.1"),
            *([("Content-Type", _FORM)] if method == "POST" else []),
            ("X-Twilio-Signature", self.signature(url, parameters)),
            ("I-Twilio-Idempotency-Token", f"{self.account.rng.getrandbits(128):032x}"),
        ]
        dial = _in_time(self.account.dial_for("webhook"), patience.connect)

        async def send() -> Response:
            body = urlencode(parameters).encode() if method == "POST" else b""
            self._journal.note("request", url)
            fault = before_request(self.account.schedule, "webhook")
            if fault is Act.ABANDONED:
                await abandon(dial, method, url, headers=headers, body=body)
                raise NoAnswer(f"{url}: the connection was cut")
            if fault is Act.TWICE:
                await fetch(dial, method, url, headers=headers, body=body)
            return await fetch(dial, method, url, headers=headers, body=body)

        with trio.move_on_after(patience.total):
            return await _attempts(send, url, patience)
        raise NoAnswer(f"{url}: no answer within {patience.total:g} s")

    async def play(self, url: str) -> Response:
        """A sound file. Raises `NoAnswer`."""
        self._journal.note("request", url)
        with trio.move_on_after(Patience().total):
            return await fetch(self.account.dial_for("webhook"), "GET", url)
        raise NoAnswer(f"{url}: no answer")

    def signature(self, url: str, parameters: Mapping[str, str] | None = None) -> str:
        """Of a request for that URL; an upgrade has no parameters."""
        pairs = (parameters or {}).items()
        return signing.signature(self.account.auth_token, url.split("#")[0], pairs)

    async def notify(
        self, url: str, parameters: Mapping[str, str], extra: Mapping[str, str]
    ) -> None:
        """A status callback: its answer does not matter, nor that there is none."""
        try:
            response = await self.ask(url, {**parameters, **extra})
            self._journal.note("callback", {"url": url, "status": response.status, **extra})
        except NoAnswer as error:
            self._journal.note("callback", {"url": url, "error": str(error), **extra})


async def _attempts(
    send: Callable[[], Awaitable[Response]], url: str, patience: Patience
) -> Response:
    left = patience.retries
    while True:
        left -= 1
        try:
            with trio.move_on_after(patience.read):
                response = await send()
                if left < 0 or not patience.tries_again(f"{response.status // 100}xx"):
                    return response
                continue
            raise NoAnswer(f"{url}: no answer within {patience.read:g} s")
        except NoAnswer as error:
            if left < 0 or not patience.tries_again("ct" if _unreached(error) else "rt"):
                raise


def _unreached(error: NoAnswer) -> bool:
    return isinstance(error, NotReached)


def _in_time(dial: Dial, seconds: float) -> Dial:
    """A dial that gives up."""

    async def bounded(host: str, port: int) -> trio.abc.Stream:
        with trio.move_on_after(seconds):
            return await dial(host, port)
        raise TimeoutError(f"no connection within {seconds:g} s")

    return bounded
