"""Deepgram's `/v1/speak`: its address, messages and limits. Pure.

The socket concatenates texts literally, so each ends with a space. `Flushed` comes after all audio
of its `Flush`; audio and marks between our `Clear` and its `Cleared` belong to nobody.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlencode, urlsplit

import attrs

from ..audio import RATE
from ..errors import BadMessage

MAX_TEXT: Final = 2_000
"""Characters in one `Speak` message or HTTP request."""

FLUSHES_PER_MINUTE: Final = 20
CHARACTERS_PER_MINUTE: Final = 2_400
WINDOW_SECONDS: Final = 61.0
"""A minute by the vendor's clock, and what a message may be late on its way."""

FLUSH: Final = '{"type":"Flush"}'
CLEAR: Final = '{"type":"Clear"}'


def speak(text: str) -> str:
    """The message that says a text."""
    return json.dumps({"type": "Speak", "text": text})


def socket_url(base_url: str, voice: str, speed: float = 1.0) -> str:
    """The address of a socket for a voice at a speed: http gives ws, https gives wss."""
    parts = urlsplit(base_url)
    scheme = {"http": "ws", "https": "wss"}.get(parts.scheme, parts.scheme)
    asked = {"model": voice, "encoding": "mulaw", "sample_rate": RATE}
    query = urlencode(asked if speed == 1.0 else {**asked, "speed": f"{speed:g}"})
    return f"{scheme}://{parts.netloc}{parts.path.rstrip('/')}/v1/speak?{query}"


def headers(api_key: str) -> list[tuple[bytes, bytes]]:
    """What authorises us."""
    return [(b"Authorization", f"Token {api_key}".encode())]


def pieces(text: str, limit: int = MAX_TEXT - 1) -> Iterator[str]:
    """A text in pieces of at most `limit` characters, cut between words where there are any."""
    text = " ".join(text.split())
    while len(text) > limit:
        cut = text.rfind(" ", 0, limit + 1)
        cut = cut if cut > 0 else limit
        yield text[:cut]
        text = text[cut:].lstrip()
    if text:
        yield text


@attrs.frozen
class SpeakMessage:
    """A text message of the vendor: its type, and what a warning or an error says."""

    type: str
    detail: str = ""
    request_id: str = ""

    @property
    def refuses_flush(self) -> bool:
        """A warning that a flush was ignored: its `Flushed` will never come."""
        return self.type == "Warning" and "flush" in self.detail.lower()


def parse(message: str) -> SpeakMessage:
    """What a text message says; raises `BadMessage`. Warnings have come with two spellings."""
    try:
        data = json.loads(message)
    except ValueError as error:
        raise BadMessage("not JSON") from error
    if not isinstance(data, dict) or not isinstance(data.get("type"), str):
        raise BadMessage("no type")
    code = data.get("code") or data.get("warn_code") or data.get("err_code") or ""
    said = data.get("description") or data.get("warn_msg") or data.get("err_msg") or ""
    detail = f"{said} ({code})" if said and code else f"{said or code}"
    return SpeakMessage(data["type"], detail, f"{data.get('request_id') or ''}")


class SlidingMinute:
    """How much was used in the last minute, against a limit."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._uses: deque[tuple[float, int]] = deque()  # at most `limit` of them count
        self._total = 0

    def used(self, now: float) -> int:
        while self._uses and self._uses[0][0] <= now - WINDOW_SECONDS:
            self._total -= self._uses.popleft()[1]
        return self._total

    def room(self, now: float) -> int:
        return self._limit - self.used(now)

    def add(self, now: float, amount: int) -> None:
        self._uses.append((now, amount))
        self._total += amount

    def exhaust(self, now: float) -> None:
        """The vendor says that nothing is left, whatever we counted."""
        if (room := self.room(now)) > 0:
            self.add(now, room)
