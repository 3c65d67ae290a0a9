"""The frames of a media stream: whole text messages, read and written by the shortest way. Pure.

Fifty times a second and call, wsproto's generality costs more than all else that is done with a
frame. `read` knows one shape (RFC 6455, section 5.2: final, text, masked, length in its shortest
form) and stops, without an opinion, at whatever has another: that is wsproto's to judge, from the
very frame on. Refuses to know sockets.
"""

from __future__ import annotations

from typing import Final

_TEXT: Final = 0x81
_MASKED: Final = 0x80
_MEDIUM: Final = 126
"""From this length on two more bytes hold the length; a longer form than that is not plain."""

_MOST_MEDIUM: Final = 0xFFFF
_HEAD: Final = 2
_KEY: Final = 4


def read(data: bytes, limit: int) -> tuple[list[str], int, bool]:
    """The plain messages at the beginning of the data, each of at most `limit` bytes.

    Also where the first byte is that was not read, and whether what stands there is no plain frame
    (else it is the beginning of one, or nothing).
    """
    texts: list[str] = []
    at, total = 0, len(data)
    while total - at >= _HEAD:
        length = data[at + 1] - _MASKED
        if data[at] != _TEXT or not 0 <= length <= _MEDIUM:
            return texts, at, True
        key = at + _HEAD
        if length == _MEDIUM:
            key += 2
            if total < key:
                break
            length = data[key - 2] << 8 | data[key - 1]
            if length < _MEDIUM:
                return texts, at, True
        if length > limit:
            return texts, at, True
        begin = key + _KEY
        end = begin + length
        if total < end:
            break
        try:
            texts.append(_unmasked(data[begin:end], data[key:begin]).decode())
        except UnicodeDecodeError:
            return texts, at, True
        at = end
    return texts, at, at < total and data[at] != _TEXT


def text_frame(text: str) -> bytes:
    """A whole text message as a server sends it."""
    payload = text.encode()
    length = len(payload)
    if length < _MEDIUM:
        return bytes((_TEXT, length)) + payload
    if length <= _MOST_MEDIUM:
        return bytes((_TEXT, _MEDIUM)) + length.to_bytes(2, "big") + payload
    return bytes((_TEXT, _MEDIUM + 1)) + length.to_bytes(8, "big") + payload


def _unmasked(payload: bytes, key: bytes) -> bytes:
    """One exclusive-or over the whole payload as a number: a microsecond for 20 ms of audio."""
    length = len(payload)
    keys = (key * (length // _KEY + 1))[:length]
    number = int.from_bytes(payload, "little") ^ int.from_bytes(keys, "little")
    return number.to_bytes(length, "little")
