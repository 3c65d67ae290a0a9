"""The phone numbers of Twilio's stand-in: `IncomingPhoneNumbers`, listed, bought and changed.

Only the list of numbers and what each is set to; calls that are placed here say themselves where
they go. Pages are as small as they are asked for, so that a client that reads one page is found
out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

_URLS: Final = {
    "VoiceUrl": "voice_url",
    "VoiceFallbackUrl": "voice_fallback_url",
    "StatusCallback": "status_callback",
    "VoiceMethod": "voice_method",
    "VoiceApplicationSid": "voice_application_sid",
    "TrunkSid": "trunk_sid",
    "FriendlyName": "friendly_name",
}
_PAGE: Final = 50
_MOST: Final = 1_000
_E164: Final = re.compile(r"\+[1-9][0-9]{1,14}")


class NoSuchNumber(Exception):
    """There is no number of that sid."""


class BadNumber(Exception):
    """What was asked for is no phone number."""


class IncomingNumbers:
    """The numbers of one account."""

    def __init__(self, account_sid: str) -> None:
        self._prefix = f"/2010-04-01/Accounts/{account_sid}/IncomingPhoneNumbers"
        self._account_sid = account_sid
        self._numbers: dict[str, dict[str, Any]] = {}

    def path_of(self, path: str) -> str | None:
        """The sid that a path names, nothing for the list, None where it is not ours."""
        inside = path.removeprefix(self._prefix)
        if inside == path or not inside.endswith(".json"):
            return None
        return inside.removesuffix(".json").removeprefix("/")

    def answer(
        self, sid: str, method: str, query: Sequence[tuple[str, str]], form: Mapping[str, list[str]]
    ) -> dict[str, Any]:
        """One request. Raises `NoSuchNumber` and `BadNumber`."""
        if not sid and method != "POST":
            return self._page(dict(query))
        if not sid:
            number = form.get("PhoneNumber", [""])[0]
            if not _E164.fullmatch(number):
                raise BadNumber(f"{number!r} is not a valid phone number")
            sid = f"PN{len(self._numbers) + 1:032x}"
            self._numbers[sid] = self._new(sid, number)
        if sid not in self._numbers:
            raise NoSuchNumber
        if method == "POST":
            changes = {_URLS[name]: values[0] for name, values in form.items() if name in _URLS}
            self._numbers[sid].update(changes)
        return self._numbers[sid]

    def _new(self, sid: str, number: str) -> dict[str, Any]:
        return {
            **dict.fromkeys(_URLS.values(), ""),
            "sid": sid,
            "account_sid": self._account_sid,
            "phone_number": number,
            "friendly_name": number,
            "voice_method": "POST",
            "voice_application_sid": None,
            "trunk_sid": None,
            "api_version": "2010-04-01",
            "capabilities": {"voice": True, "sms": True, "mms": True, "fax": False},
            "uri": f"{self._prefix}/{sid}.json",
        }

    def _page(self, query: Mapping[str, str]) -> dict[str, Any]:
        size = min(max(1, int(query.get("PageSize", _PAGE))), _MOST)
        page = max(0, int(query.get("Page", 0)))
        numbers = list(self._numbers.values())
        begin, end = page * size, (page + 1) * size
        following = urlencode({"PageSize": size, "Page": page + 1})
        return {
            "incoming_phone_numbers": numbers[begin:end],
            "page": page,
            "page_size": size,
            "next_page_uri": f"{self._prefix}.json?{following}" if end < len(numbers) else None,
            "uri": f"{self._prefix}.json",
        }
