"""Twilio's REST API as far as it is looked at: the account, its numbers, and the time there."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import Any, Final

import attrs
import httpx

from ..errors import PermanentVendorError, TransientVendorError, VendorError

PAGE_SIZE: Final = 200
MOST_PAGES: Final = 50


@attrs.frozen(kw_only=True)
class Number:
    """A phone number of the account, and what it is set to."""

    phone_number: str
    voice_url: str
    voice_method: str
    voice_fallback_url: str
    status_callback: str
    taken_over: str
    """What makes Twilio ignore all these: an application or a trunk, by its sid."""

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> Number:
        def text(name: str) -> str:
            return str(found.get(name) or "")

        return cls(
            phone_number=text("phone_number"),
            voice_url=text("voice_url"),
            voice_method=text("voice_method").upper(),
            voice_fallback_url=text("voice_fallback_url"),
            status_callback=text("status_callback"),
            taken_over=text("trunk_sid") or text("voice_application_sid"),
        )


@attrs.frozen
class Account:
    """One account, asked with one of its tokens. What fails raises our vendor errors."""

    client: httpx.AsyncClient
    base_url: str
    sid: str
    auth_token: str = attrs.field(repr=False)

    async def status(self) -> str:
        """`active`, `suspended` or `closed`."""
        answer = await self._get(f"/2010-04-01/Accounts/{self.sid}.json")
        return str(_json(answer).get("status", ""))

    async def now(self) -> float | None:
        """The wall clock there, in seconds; None where it is not told."""
        answer = await self._get(f"/2010-04-01/Accounts/{self.sid}.json")
        try:
            return parsedate_to_datetime(answer.headers["Date"]).timestamp()
        except (KeyError, ValueError):
            return None

    async def numbers(self) -> list[Number]:
        """All of its phone numbers."""
        path = f"/2010-04-01/Accounts/{self.sid}/IncomingPhoneNumbers.json?PageSize={PAGE_SIZE}"
        found: list[Number] = []
        for _ in range(MOST_PAGES):
            page = _json(await self._get(path))
            found += [Number.from_json(each) for each in page.get("incoming_phone_numbers") or ()]
            path = str(page.get("next_page_uri") or "")
            if not path.startswith("/"):
                break
        return found

    async def _get(self, path: str) -> httpx.Response:
        try:
            answer = await self.client.get(self.base_url + path, auth=(self.sid, self.auth_token))
        except httpx.HTTPError as error:
            raise TransientVendorError("twilio", f"cannot be reached ({error!r})") from error
        if answer.is_success:
            return answer
        kind: type[VendorError] = TransientVendorError
        if 400 <= answer.status_code < 500 and answer.status_code not in {408, 429}:
            kind = PermanentVendorError
        reason = str(_json(answer).get("message") or answer.reason_phrase)
        raise kind("twilio", reason, status=answer.status_code)


def _json(answer: httpx.Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
