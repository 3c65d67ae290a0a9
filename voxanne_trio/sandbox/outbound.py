"""What a server may send on a media stream, held to the letter.

Twilio answers a wrong message with a warning at most, once a stream; so a server's mistakes have
to be found here. Objects must hold exactly the documented fields; audio is raw mu-law in strict
base64. Pure: a message in, its meaning or the reason of its refusal out.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any, Final

import attrs

_HEADERS: Final = (b"RIFF", b".snd", b"ID3")
"""MPEG audio's own start, FF FB, is not among them: quiet mu-law begins so now and then."""


class Violation(Exception):
    """A message that Twilio would not take; the text says why."""


@attrs.frozen
class Media:
    """Audio to be played."""

    audio: bytes


@attrs.frozen
class Mark:
    """A mark to be returned."""

    name: str


@attrs.frozen
class Clear:
    """Stop playing."""


def read(message: str | bytes, stream_sid: str) -> Media | Mark | Clear:
    """What a message asks for. Raises `Violation`."""
    if isinstance(message, bytes):
        raise Violation("binary frame (31950)")
    try:
        data = json.loads(message)
    except ValueError as error:
        raise Violation("not JSON (31951)") from error
    if not isinstance(data, dict):
        raise Violation("not an object (31951)")
    event = data.get("event")
    if event not in {"media", "mark", "clear"}:
        raise Violation(f"unknown event {event!r} (31951)")
    _exactly(data, {"event", "streamSid"} | ({event} if event != "clear" else set()), "message")
    if data["streamSid"] != stream_sid:
        raise Violation("wrong streamSid (31951)")
    if event == "clear":
        return Clear()
    if event == "mark":
        name = _exactly(data["mark"], {"name"}, "mark")["name"]
        if not isinstance(name, str) or not name:
            raise Violation("mark without a name (31951)")
        return Mark(name)
    return Media(_audio(_exactly(data["media"], {"payload"}, "media")["payload"]))


def _exactly(data: Any, names: set[str], what: str) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise Violation(f"{what} is not an object (31951)")
    if data.keys() != names:
        wrong = sorted(data.keys() ^ names)
        raise Violation(f"{what} with missing or extra fields: {', '.join(wrong)} (31951)")
    return data


def _audio(payload: Any) -> bytes:
    if not isinstance(payload, str):
        raise Violation("payload is not a text (31951)")
    try:
        audio = base64.b64decode(payload, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Violation("payload is not strict base64") from error
    if not audio:
        raise Violation("payload is empty")
    if audio.startswith(_HEADERS):
        raise Violation("payload starts with a file header, not with raw mu-law")
    return audio
