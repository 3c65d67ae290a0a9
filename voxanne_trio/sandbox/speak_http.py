"""Deepgram's `POST /v1/speak`: a text in the body, its audio as a chunked answer.

Knows which forms of request the service takes and what it says to the others. The audio is mu-law
at 8 kHz, in a WAV container unless `container=none`; other encodings are refused although the real
service has them: nothing on a telephone asks for them. Refuses to know which voice speaks.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import Final

import trio

from .faults import Fault
from .refusals import Refusal, bad_parameter
from .speech import Speaker, Speech
from .wire import Exchange, Request

MAX_CHARACTERS: Final = 2_000
_WAVE_MULAW: Final = 7
_UNKNOWN_SIZE: Final = 0x7FFF_FFFF

PARAMETERS: Final = frozenset(
    {"model", "encoding", "sample_rate", "container", "bit_rate", "speed", "mip_opt_out", "tag"}
)


def text_of(request: Request) -> str:
    """The text to speak. Raises the service's `Refusal`."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    if kind == "text/plain":
        text = request.body.decode("utf-8", "replace")
    elif kind == "application/json":
        try:
            text = json.loads(request.body)["text"]
        except (ValueError, KeyError, TypeError):
            raise Refusal(400, "INVALID_JSON", "Invalid JSON submitted.") from None
    else:
        text = "`Content-Type` must be either `text/plain` or `application/json`."
        raise Refusal(415, "UNSUPPORTED_MEDIA_TYPE", text)
    if not isinstance(text, str) or not text.strip():
        raise Refusal(400, "Bad Request", "Input text contains no characters.")
    if len(text) > MAX_CHARACTERS:
        limit = f"Input text exceeds maximum character limit of {MAX_CHARACTERS}."
        raise Refusal(413, "Payload Too Large", limit)
    return text


def check_format(query: Mapping[str, str], *, socket: bool) -> None:
    """Refuse what is not mu-law at 8 kHz, in the service's own words where it would refuse too."""
    if (
        unknown := set(query)
        - PARAMETERS
        - ({"callback", "callback_method"} if not socket else set())
    ):
        raise bad_parameter(f"Unknown parameter {min(unknown)}")
    encoding = query.get("encoding", "linear16" if socket else "mp3")
    if encoding != "mulaw":
        raise bad_parameter(f"Unsupported audio format: this stand-in has no `encoding={encoding}`")
    if query.get("sample_rate", "8000") != "8000":
        limits = "`sample_rate` must be 8000 or 16000 when `encoding=mulaw`"
        raise bad_parameter(f"Unsupported audio format: {limits}")
    if socket and "container" in query:
        raise bad_parameter("Unknown parameter container")
    if query.get("container", "wav") not in {"wav", "none"}:
        raise bad_parameter("Unsupported audio format: `container` must be wav or none")


def speed_of(query: Mapping[str, str]) -> float:
    """The rate of speech asked for."""
    try:
        speed = float(query.get("speed", "1"))
    except ValueError:
        speed = 0.0
    if not 0.7 <= speed <= 1.5:
        raise bad_parameter("speed must be between 0.7 and 1.5")
    return speed


def wav_header() -> bytes:
    """The head of a mu-law WAV stream whose length is not known yet."""
    form = struct.pack("<HHIIHHH", _WAVE_MULAW, 1, 8_000, 8_000, 1, 8, 0)
    size = struct.pack("<I", _UNKNOWN_SIZE)
    chunk = b"fmt " + struct.pack("<I", len(form)) + form
    return b"RIFF" + size + b"WAVE" + chunk + b"data" + size


async def speak(
    exchange: Exchange,
    text: str,
    speaker: Speaker,
    request_id: str,
    *,
    bare: bool,
    fault: Fault | None = None,
) -> None:
    """Answer with the audio of a text."""
    speech = Speech(speaker, text, trio.current_time())
    piece = await speech.piece()
    headers = [
        ("content-type", "audio/mulaw;rate=8000"),
        ("dg-request-id", request_id),
        ("dg-model-name", speaker.model),
        ("dg-model-uuid", speaker.model_uuid),
        ("dg-char-count", str(len(text))),
    ]
    await exchange.start(200, headers)
    if not bare:
        await exchange.send(wav_header())
    sent = 0
    while piece:
        if fault is not None and sent >= fault.after:
            if fault.kind == "speak_cut":
                await exchange.abort()
                return
            if fault.kind == "speak_stall":
                await trio.sleep_forever()
        sent += len(piece)
        await exchange.send(piece)
        piece = await speech.piece()
    await exchange.finish()
