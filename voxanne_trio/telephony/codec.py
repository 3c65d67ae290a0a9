"""Twilio's Media Streams messages, text to frozen values and back: pure.

Knows the shapes on the wire. Refuses to know sockets, order and what a message leads to. Decoding
runs 50 times a second and call, so the hot branch does one JSON parse, one base64 decode and no
more. What Twilio may add without notice (events, fields) is ignored; what breaks the protocol is a
`BadMessage` with a short reason, which the reader counts and survives. What we send holds exactly
the documented fields: Twilio calls a message with any other field invalid (warning 31951).
"""

from __future__ import annotations

import json
import re
from binascii import a2b_base64, b2a_base64
from typing import Any, Final

import attrs

from ..errors import BadMessage
from ..events import CallStarted, KeyPressed, MarkReturned, StreamStopped

MEDIA_FORMAT: Final = {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}
KEYS: Final = frozenset("0123456789*#ABCD")

_SID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_MAX_DIGITS: Final = 18
_parse: Final = json.JSONDecoder().raw_decode


@attrs.frozen
class Connected:
    """The first message on the socket; says nothing but that the socket works."""


@attrs.define  # not frozen: fifty a second and call are made, and freezing costs half their price
class MediaReceived:
    """Raw mu-law from the caller. `timestamp_ms` is Twilio's, from the start of the stream."""

    audio: bytes
    timestamp_ms: int
    sequence: int


Message = Connected | CallStarted | MediaReceived | KeyPressed | MarkReturned | StreamStopped


def decode(message: str | bytes, stream_sid: str | None = None) -> Message | None:
    """What a message of Twilio's says; None for an event we do not know.

    Pass the `stream_sid` once `start` has told it: a message of another stream is then bad.
    Raises `BadMessage` for anything that the protocol does not allow.
    """
    if not isinstance(message, str):
        raise BadMessage("binary message")
    try:
        data, end = _parse(message)  # refuses space around the object, which Twilio never sends
        if end != len(message):
            raise BadMessage("not JSON")
    except (ValueError, RecursionError):
        raise BadMessage("not JSON") from None
    if type(data) is not dict:
        raise BadMessage("not an object")
    event = data.get("event")
    if event == "media":
        return _media(data, stream_sid)
    if type(event) is not str:
        raise BadMessage("event missing")
    return _other(event, data, stream_sid)


def encode_media(stream_sid: str, audio: bytes | bytearray | memoryview) -> str:
    """Audio for the caller: raw mu-law, whole frames (multiples of 160 bytes) by preference."""
    payload = b2a_base64(audio, newline=False).decode("ascii")
    return f'{{"event":"media","streamSid":"{stream_sid}","media":{{"payload":"{payload}"}}}}'


def encode_mark(stream_sid: str, name: str) -> str:
    """A mark: comes back once what was sent before it has been played or flushed."""
    return f'{{"event":"mark","streamSid":"{stream_sid}","mark":{{"name":{json.dumps(name)}}}}}'


def encode_clear(stream_sid: str) -> str:
    """Drop all audio that is not yet played; every outstanding mark comes back."""
    return f'{{"event":"clear","streamSid":"{stream_sid}"}}'


def _media(data: dict[str, Any], stream_sid: str | None) -> MediaReceived:
    if stream_sid is not None and data.get("streamSid") != stream_sid:
        raise BadMessage("wrong streamSid")
    media = data.get("media")
    if type(media) is not dict:
        raise BadMessage("media missing")
    if media.get("track") != "inbound":
        raise BadMessage("wrong track")
    payload = media.get("payload")
    if type(payload) is not str:
        raise BadMessage("media.payload missing")
    try:
        audio = a2b_base64(payload, strict_mode=True)
    except ValueError:
        raise BadMessage("bad base64") from None
    return MediaReceived(
        audio,
        _number(media.get("timestamp"), "media.timestamp"),
        _number(data.get("sequenceNumber"), "sequenceNumber"),
    )


def _other(event: str, data: dict[str, Any], stream_sid: str | None) -> Message | None:
    if event == "connected":
        return Connected()
    if event not in {"start", "dtmf", "mark", "stop"}:
        return None
    if stream_sid is not None and data.get("streamSid") != stream_sid:
        raise BadMessage("wrong streamSid")
    if event == "stop":
        return StreamStopped()
    body = data.get(event)
    if type(body) is not dict:
        raise BadMessage(f"{event} missing")
    if event == "start":
        return _start(data, body)
    if event == "mark":
        return MarkReturned(_text(body, "name", "mark"))
    digit = _text(body, "digit", "dtmf")
    if digit not in KEYS:
        raise BadMessage("dtmf.digit is no key")
    return KeyPressed(digit)


def _start(data: dict[str, Any], body: dict[str, Any]) -> CallStarted:
    media_format, tracks = body.get("mediaFormat"), body.get("tracks")
    if type(media_format) is not dict or not MEDIA_FORMAT.items() <= media_format.items():
        raise BadMessage("wrong mediaFormat")
    if type(tracks) is not list or "inbound" not in tracks:
        raise BadMessage("wrong tracks")
    stream_sid = _sid(body, "streamSid")
    if data.get("streamSid", stream_sid) != stream_sid:
        raise BadMessage("wrong streamSid")
    parameters = body.get("customParameters") or {}
    if type(parameters) is not dict or not all(type(value) is str for value in parameters.values()):
        raise BadMessage("start.customParameters are not texts")
    return CallStarted(
        call_sid=_sid(body, "callSid"),
        stream_sid=stream_sid,
        account_sid=_sid(body, "accountSid"),
        parameters=parameters,
    )


def _number(value: object, name: str) -> int:
    """Twilio's numbers are strings of digits."""
    if type(value) is str and value.isdecimal() and len(value) <= _MAX_DIGITS:
        return int(value)
    raise BadMessage(f"{name} missing" if value is None else f"{name} is no number")


def _text(body: dict[str, Any], key: str, within: str) -> str:
    value = body.get(key)
    if type(value) is not str:
        raise BadMessage(f"{within}.{key} missing")
    return value


def _sid(body: dict[str, Any], key: str) -> str:
    """A sid, safe to be put into JSON, logs and paths as it is."""
    value = _text(body, key, "start")
    if not _SID.fullmatch(value):
        raise BadMessage(f"start.{key} is no sid")
    return value
