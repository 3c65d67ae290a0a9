"""Twilio's REST API as far as a call needs it: look at it, end it, replace its TwiML; numbers.

Basic authentication with the account's sid and token; errors carry Twilio's own codes.
"""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Callable, Mapping
from email.utils import formatdate
from typing import Any, Final, Protocol
from urllib.parse import parse_qs

import trio

from .faults import Faults
from .numbers import BadNumber, IncomingNumbers, NoSuchNumber
from .recordings import as_wav
from .twiml import BadDocument
from .wire import Exchange, Request

PREFIX: Final = "/2010-04-01/Accounts/"
MAX_TWIML: Final = 4_000
_CALL: Final = re.compile(r"/2010-04-01/Accounts/(AC[0-9a-f]{32})/Calls/(CA[0-9a-f]{32})\.json")
_RECORDING: Final = re.compile(
    r"/2010-04-01/Accounts/(AC[0-9a-f]{32})/Recordings/(RE[0-9a-f]{32})(\.wav)?"
)
_ACCOUNT: Final = re.compile(r"/2010-04-01/Accounts/(AC[0-9a-f]{32})\.json")

FAULTS: Final = ("status", "slow", "mute")
"""A status (429 is 20429: not done, ask again), an answer `seconds` late, no answer."""

_CODES: Final[Mapping[int, tuple[int, str]]] = {
    401: (20003, "Authenticate"),
    404: (20404, "The requested resource was not found"),
    429: (20429, "Too Many Requests"),
}


class LiveCall(Protocol):
    """What REST may do with a call."""

    sid: str
    status: str
    recordings: dict[str, bytes]

    @property
    def in_progress(self) -> bool: ...
    def hang_up(self, by: str = "caller") -> None: ...
    def redirect(self, document: bytes) -> None: ...
    def redirect_to(self, url: str, method: str = "POST") -> None: ...


class RestError(Exception):
    """An answer that is not 200."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.body = {
            "code": code,
            "message": message,
            "more_info": f"https://www.twilio.com/docs/errors/{code}",
            "status": status,
        }


class Rest:
    """The API of one account over its calls."""

    def __init__(
        self,
        sid: str,
        auth_token: str,
        calls: Mapping[str, LiveCall],
        faults: Faults,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._sid = sid
        self._auth = base64.b64encode(f"{sid}:{auth_token}".encode()).decode()
        self._calls = calls
        self._wall = wall
        self.numbers = IncomingNumbers(sid)
        self._faults = faults

    async def handle(self, exchange: Exchange) -> None:
        """Answer one request."""
        headers = [
            ("date", formatdate(self._wall(), usegmt=True)),
            ("twilio-concurrent-requests", "1"),
            ("twilio-request-id", f"RQ{'0' * 32}"),
        ]
        try:
            await self._fail(exchange)
            if (sound := self._recording(exchange.request)) is not None:
                await exchange.respond(200, as_wav(sound), [("content-type", "audio/x-wav")])
                return
            await exchange.respond(200, self._answer(exchange.request), headers)
        except RestError as error:
            await exchange.respond(error.status, error.body, headers)

    async def _fail(self, exchange: Exchange) -> None:
        fault = self._faults.take()
        if fault is None:
            return
        if fault.kind == "mute":
            await exchange.until_left()
        elif fault.kind == "slow":
            await trio.sleep(fault.seconds)
        else:
            raise RestError(fault.status, *_CODES.get(fault.status, (20500, "Server error")))

    def _recording(self, request: Request) -> bytes | None:
        """Readable without authentication, as at Twilio unless that is switched on."""
        found = _RECORDING.fullmatch(request.path)
        if found is None or found[1] != self._sid or request.method != "GET":
            return None
        for call in self._calls.values():
            if found[2] in call.recordings:
                return call.recordings[found[2]]
        return None

    def _answer(self, request: Request) -> dict[str, Any]:
        if request.headers.get("authorization") != f"Basic {self._auth}":
            raise RestError(401, 20003, "Authenticate")
        if (account := _ACCOUNT.fullmatch(request.path)) and account[1] == self._sid:
            return {"sid": self._sid, "status": "active", "type": "Full"}
        if (number := self.numbers.path_of(request.path)) is not None:
            return self._number(number, request)
        found = _CALL.fullmatch(request.path)
        call = self._calls.get(found[2]) if found and found[1] == self._sid else None
        if call is None:
            raise _not_found(request.path)
        if request.method == "POST":
            self._update(call, parse_qs(request.body.decode("utf-8", "replace")))
        elif request.method != "GET":
            raise RestError(405, 20004, "Method not allowed")
        return self._call(call)

    def _number(self, sid: str, request: Request) -> dict[str, Any]:
        form = parse_qs(request.body.decode("utf-8", "replace"), keep_blank_values=True)
        try:
            return self.numbers.answer(sid, request.method, request.query, form)
        except NoSuchNumber:
            raise _not_found(request.path) from None
        except BadNumber as error:
            raise RestError(400, 21421, str(error)) from error

    def _update(self, call: LiveCall, form: Mapping[str, list[str]]) -> None:
        if "Twiml" in form and "Url" in form:
            raise RestError(400, 21218, "Twiml and Url are mutually exclusive")
        if not call.in_progress:
            message = "Unable to update record. The call is not in-progress. Cannot redirect."
            raise RestError(400, 21220, message)
        if "Twiml" in form:
            document = form["Twiml"][0]
            if len(document) > MAX_TWIML:
                raise RestError(400, 32018, "Twiml is too long")
            try:
                call.redirect(document.encode())
            except BadDocument as error:
                raise RestError(400, 12100, str(error)) from error
        elif "Url" in form:
            call.redirect_to(form["Url"][0], form.get("Method", ["POST"])[0])
        elif (status := form.get("Status", [""])[0]) in {"completed", "canceled"}:
            call.hang_up("rest")
        else:
            raise RestError(400, 21218, f"Status {status!r} is not valid")

    def _call(self, call: LiveCall) -> dict[str, Any]:
        return {
            "sid": call.sid,
            "account_sid": self._sid,
            "status": call.status,
            "api_version": "2010-04-01",
            "direction": "inbound",
            "uri": f"{PREFIX}{self._sid}/Calls/{call.sid}.json",
        }


def _not_found(path: str) -> RestError:
    return RestError(404, 20404, f"The requested resource {path} was not found")
