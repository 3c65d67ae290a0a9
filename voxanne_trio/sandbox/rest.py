"""Twilio's REST API as far as a call needs it: look at a call, end it, replace its TwiML; numbers.

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

from .numbers import BadNumber, IncomingNumbers, NoSuchNumber
from .twiml import BadDocument
from .wire import Exchange, Request

PREFIX: Final = "/2010-04-01/Accounts/"
MAX_TWIML: Final = 4_000
_CALL: Final = re.compile(r"/2010-04-01/Accounts/(AC[0-9a-f]{32})/Calls/(CA[0-9a-f]{32})\.json")
_ACCOUNT: Final = re.compile(r"/2010-04-01/Accounts/(AC[0-9a-f]{32})\.json")


class LiveCall(Protocol):
    """What REST may do with a call."""

    sid: str
    status: str

    @property
    def in_progress(self) -> bool: ...
    def hang_up(self, by: str = "caller") -> None: ...
    def redirect(self, document: bytes) -> None: ...


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
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._sid = sid
        self._auth = base64.b64encode(f"{sid}:{auth_token}".encode()).decode()
        self._calls = calls
        self._wall = wall
        self.numbers = IncomingNumbers(sid)

    async def handle(self, exchange: Exchange) -> None:
        """Answer one request."""
        headers = [
            ("date", formatdate(self._wall(), usegmt=True)),
            ("twilio-concurrent-requests", "1"),
            ("twilio-request-id", f"RQ{'0' * 32}"),
        ]
        try:
            await exchange.respond(200, self._answer(exchange.request), headers)
        except RestError as error:
            await exchange.respond(error.status, error.body, headers)

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
