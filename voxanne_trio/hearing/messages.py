"""Deepgram's server messages on `/v1/listen` and `/v2/listen`, as small frozen values.

Pure: text in, value out. Messages are told apart by `type` alone; unknown keys and unknown types
are ignored, a message that does not hold what its type promises is a `BadMessage`. Times are
seconds on the stream's own clock, which is the audio it got. Words never show in a `repr`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

import attrs

from ..errors import BadMessage

Fields = dict[str, Any]

_FAR: Final = 1e9
"""No number of the protocol comes near it; not-a-number and infinity are kept out as well."""


@attrs.frozen
class Word:
    """One recognised word as it is to be read; times where the recogniser gave them."""

    text: str = attrs.field(repr=False)
    start: float | None = None
    end: float | None = None


@attrs.frozen
class Connected:
    """v2: the socket is ready for audio; always the first message."""

    request_id: str


@attrs.frozen
class TurnInfo:
    """v2: the state of the present turn. `event` is an open set."""

    event: str
    turn_index: int
    transcript: str = attrs.field(repr=False)
    words: tuple[Word, ...]
    window_start: float
    window_end: float
    confidence: float
    trigger: str | None = None
    languages: tuple[str, ...] = ()


@attrs.frozen
class Results:
    """v1: the words of the range from `start`, `duration` long."""

    start: float
    duration: float
    is_final: bool
    speech_final: bool
    from_finalize: bool
    transcript: str = attrs.field(repr=False)
    words: tuple[Word, ...]

    @property
    def end(self) -> float:
        return self.start + self.duration


@attrs.frozen
class SpeechNoticed:
    """v1 `SpeechStarted`: voice, perhaps only noise; has no counterpart."""

    timestamp: float


@attrs.frozen
class UtteranceEnded:
    """v1 `UtteranceEnd`: a gap after the last word, with or without a `speech_final` before."""

    last_word_end: float


@attrs.frozen
class Summary:
    """v1 `Metadata`: what the stream was, at its end."""

    request_id: str
    duration: float


@attrs.frozen
class Configured:
    """Both: the outstanding `Configure` is in force."""

    request_id: str


@attrs.frozen
class ConfigureRefused:
    """Both: the outstanding `Configure` changed nothing."""

    code: str
    description: str


@attrs.frozen
class Warned:
    """v2: something was ignored; the stream goes on."""

    code: str
    description: str


@attrs.frozen
class Failed:
    """`Error`: on v2 the stream is over, on v1 a message of ours was not understood."""

    code: str
    description: str


Message = (
    Connected
    | TurnInfo
    | Results
    | SpeechNoticed
    | UtteranceEnded
    | Summary
    | Configured
    | ConfigureRefused
    | Warned
    | Failed
)


def parse_v1(message: str | bytes) -> Message | None:
    """A message of `/v1/listen`; None for a type we have no use for."""
    return _parse(message, _V1)


def parse_v2(message: str | bytes) -> Message | None:
    """A message of `/v2/listen`; None for a type we have no use for."""
    return _parse(message, _V2)


def _parse(message: str | bytes, readers: dict[str, Callable[[Fields], Message]]) -> Message | None:
    if isinstance(message, bytes):
        raise BadMessage("binary message")
    try:
        fields = json.loads(message)
    except (ValueError, RecursionError):
        raise BadMessage("not JSON") from None
    if not isinstance(fields, dict) or not isinstance(kind := fields.get("type"), str):
        raise BadMessage("no type")
    reader = readers.get(kind)
    return reader(fields) if reader else None


def _turn_info(fields: Fields) -> TurnInfo:
    return TurnInfo(
        event=_text(fields, "event"),
        turn_index=int(_number(fields, "turn_index")),
        transcript=_text(fields, "transcript"),
        words=_words(fields, "word"),
        window_start=_number(fields, "audio_window_start"),
        window_end=_number(fields, "audio_window_end"),
        confidence=_number(fields, "end_of_turn_confidence"),
        trigger=_text(fields, "trigger", "") or None,
        languages=tuple(str(language) for language in _list(fields, "languages")),
    )


def _results(fields: Fields) -> Results:
    channel = fields.get("channel")
    alternatives = _list(channel, "alternatives") if isinstance(channel, dict) else []
    if not alternatives or not isinstance(best := alternatives[0], dict):
        raise BadMessage("Results without an alternative")
    return Results(
        start=_number(fields, "start"),
        duration=_number(fields, "duration"),
        is_final=_flag(fields, "is_final"),
        speech_final=_flag(fields, "speech_final"),
        from_finalize=_flag(fields, "from_finalize"),
        transcript=_text(best, "transcript"),
        words=_words(best, "punctuated_word"),
    )


def _words(fields: Fields, name: str) -> tuple[Word, ...]:
    words = []
    for item in _list(fields, "words"):
        if not isinstance(item, dict):
            raise BadMessage("a word that is no object")
        text = _text(item, name, "") or _text(item, "word")
        words.append(Word(text, _number_or_none(item, "start"), _number_or_none(item, "end")))
    return tuple(words)


def _text(fields: Fields, key: str, default: str | None = None) -> str:
    value = fields.get(key)
    if value is None:
        value = default
    if not isinstance(value, str):
        raise BadMessage(f"{key} is no text")
    return value


def _number_or_none(fields: Fields, key: str) -> float | None:
    value = fields.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _FAR:
        raise BadMessage(f"{key} is no number")
    return float(value)


def _number(fields: Fields, key: str) -> float:
    value = _number_or_none(fields, key)
    if value is None:
        raise BadMessage(f"{key} is missing")
    return value


def _flag(fields: Fields, key: str) -> bool:
    value = fields.get(key)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise BadMessage(f"{key} is no flag")
    return value


def _list(fields: Fields, key: str) -> list[Any]:
    value = fields.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise BadMessage(f"{key} is no list")
    return value


def _code(fields: Fields) -> str:
    return _text(fields, "code", "") or _text(fields, "error_code", "")


def _explained(fields: Fields) -> str:
    return _text(fields, "description", "") or _text(fields, "message", "")


_COMMON: Final[dict[str, Callable[[Fields], Message]]] = {
    "ConfigureSuccess": lambda fields: Configured(_text(fields, "request_id", "")),
    "ConfigureFailure": lambda fields: ConfigureRefused(_code(fields), _explained(fields)),
    "Error": lambda fields: Failed(_code(fields), _explained(fields)),
}
_V1: Final[dict[str, Callable[[Fields], Message]]] = {
    **_COMMON,
    "Results": _results,
    "SpeechStarted": lambda fields: SpeechNoticed(_number(fields, "timestamp")),
    "UtteranceEnd": lambda fields: UtteranceEnded(_number(fields, "last_word_end")),
    "Metadata": lambda fields: Summary(
        _text(fields, "request_id", ""), _number(fields, "duration")
    ),
}
_V2: Final[dict[str, Callable[[Fields], Message]]] = {
    **_COMMON,
    "Connected": lambda fields: Connected(_text(fields, "request_id", "")),
    "TurnInfo": _turn_info,
    "Warning": lambda fields: Warned(_code(fields), _explained(fields)),
}
