"""Files of sound as Twilio plays and serves them: WAV in, WAV out, raw mu-law inside. Pure."""

from __future__ import annotations

import struct
from typing import Final

import numpy as np

from .mulaw import RATE, encode

_PCM: Final = 1
_MULAW: Final = 7
_OTHER_SECONDS: Final = 2.0
"""A file that cannot be read here (MP3, another rate) sounds like a hum of this length."""


class BadSound(Exception):
    """Not a file that could be played."""


def read_sound(body: bytes, content_type: str) -> bytes:
    """A file's sound as mu-law at 8 kHz. Raises `BadSound`."""
    if body.startswith(b"RIFF"):
        return _read_wav(body)
    kind = content_type.partition(";")[0].strip().lower()
    if kind in {"audio/basic", "audio/ulaw", "audio/x-mulaw"}:
        return body
    if not kind.startswith("audio/") or not body:
        raise BadSound(f"content type {content_type!r}")
    return _hum()


def _read_wav(body: bytes) -> bytes:
    at, form = 12, (0, 0, 0)
    while at + 8 <= len(body):
        name, size = struct.unpack_from("<4sI", body, at)
        data = body[at + 8 : at + 8 + size]
        if name == b"fmt " and size >= 16:
            kind, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", data)
            form = (kind, bits, rate * channels)
        elif name == b"data":
            if form == (_MULAW, 8, RATE):
                return data
            if form == (_PCM, 16, RATE):
                return encode(np.frombuffer(data[: len(data) & ~1], "<i2").astype(np.int16))
            return _hum()
        at += 8 + size + (size & 1)
    raise BadSound("a WAV file without sound")


def _hum() -> bytes:
    return b"\x30\xb0" * round(_OTHER_SECONDS * RATE / 2)


def as_wav(audio: bytes) -> bytes:
    """Mu-law at 8 kHz as a WAV file."""
    form = struct.pack("<HHIIHHH", _MULAW, 1, RATE, RATE, 1, 8, 0)
    chunks = b"fmt " + struct.pack("<I", len(form)) + form
    chunks += b"data" + struct.pack("<I", len(audio)) + audio + b"\xff" * (len(audio) & 1)
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks
