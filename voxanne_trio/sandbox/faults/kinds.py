"""Everything that can go wrong on the wires, by name: where, what, and in which documented form.

A table. A kind's act says what happens to a connection; `opening` acts happen before it is
answered, the others while it is open. What acts is in `opening`, `sockets`, `marks` and `dialling`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from typing import Final

import attrs


class Act(Enum):
    """What happens; in brackets what `after` counts."""

    REFUSED = auto()  # nobody listens: the connection is refused
    SLOW_CONNECT = auto()  # `seconds` until the connection stands
    CUT_UNANSWERED = auto()  # reset before any answer
    NO_ANSWER = auto()  # connected, and no answer for ever
    SLOW_ANSWER = auto()  # `seconds` until the answer begins
    OWN = auto()  # the stand-in's own fault `own` (with its own unit)
    ABANDONED = auto()  # the client goes away without the answer
    TWICE = auto()  # the request is made two times

    RESET = auto()  # reset (messages sent)
    HALF_OPEN = auto()  # says nothing more and reads nothing (messages sent)
    MUTE = auto()  # reads on, says nothing more (messages sent)
    SLOW = auto()  # each message `seconds` late from now on (messages sent)
    HALF_FRAME = auto()  # half a message, then the end (messages sent)
    CUT_TEXT = auto()  # a text that ends in the middle: no JSON (messages sent)
    UNKNOWN = auto()  # a message of a type that nobody knows (messages sent)
    WRONG_FIELDS = auto()  # a text whose fields are missing, or of another type (messages sent)
    CLOSE = auto()  # closed with `code` and `reason` (messages sent)
    SAY_AND_CLOSE = auto()  # `says`, then closed (messages sent)
    LOSE = auto()  # messages of type `of` never come (messages of it)
    STALE_AUDIO = auto()  # after a message of type `of` comes audio from before (messages of it)
    ANSWER = auto()  # a command of type `of` is answered with `says` (commands of it)
    ANSWER_AND_CLOSE = auto()  # the same, then closed

    STOP_FRAMES = auto()  # no audio for `seconds` (frames)
    MARKS_LOST = auto()  # a mark never comes back (marks)
    MARKS_LATE = auto()  # a mark comes back `seconds` late (marks)
    MARKS_SWAPPED = auto()  # a mark comes back after its successor (marks)

    PROCESS = auto()  # for whoever owns the process


OPENING: Final = frozenset(
    {Act.REFUSED, Act.SLOW_CONNECT, Act.CUT_UNANSWERED, Act.NO_ANSWER, Act.SLOW_ANSWER, Act.OWN}
    | {Act.ABANDONED, Act.TWICE}
)
"""They strike a connection before it is answered."""

MARKS: Final = frozenset({Act.MARKS_LOST, Act.MARKS_LATE, Act.MARKS_SWAPPED})


@attrs.frozen(kw_only=True)
class Kind:
    """One way to fail at one place."""

    place: str
    act: Act
    seconds: float = 0.0
    status: int = 0
    own: str = ""
    code: int = 0
    reason: str = ""
    of: str = ""
    says: Mapping[str, object] = attrs.field(factory=dict)


PLACES: Final = (
    "listen",
    "speak",
    "speak_http",
    "chat",
    "media",
    "webhook",
    "deepgram",
    "groq",
    "process",
)
"""`deepgram` and `groq` are hosts to dial: which service is wanted is not known before the dial."""


def _statuses(place: str, own: str, *statuses: int) -> dict[str, Kind]:
    return {
        f"{place}_{status}": Kind(place=place, act=Act.OWN, own=own, status=status)
        for status in statuses
    }


def _answers(place: str) -> dict[str, Kind]:
    """What any server may do before it answers."""
    return {
        f"{place}_cut_unanswered": Kind(place=place, act=Act.CUT_UNANSWERED),
        f"{place}_no_answer": Kind(place=place, act=Act.NO_ANSWER),
        f"{place}_slow_answer": Kind(place=place, act=Act.SLOW_ANSWER, seconds=2.0),
    }


def _socket(place: str) -> dict[str, Kind]:
    """What any open socket may do."""
    return {
        f"{place}_reset": Kind(place=place, act=Act.RESET),
        f"{place}_half_open": Kind(place=place, act=Act.HALF_OPEN),
        f"{place}_mute": Kind(place=place, act=Act.MUTE),
        f"{place}_slow": Kind(place=place, act=Act.SLOW, seconds=0.4),
        f"{place}_half_frame": Kind(place=place, act=Act.HALF_FRAME),
        f"{place}_cut_text": Kind(place=place, act=Act.CUT_TEXT),
        f"{place}_unknown": Kind(place=place, act=Act.UNKNOWN),
        f"{place}_wrong_fields": Kind(place=place, act=Act.WRONG_FIELDS),
    }


def _closes(place: str, *ways: tuple[int, str]) -> dict[str, Kind]:
    return {
        f"{place}_{reason.lower().replace('-', '_')}": Kind(
            place=place, act=Act.CLOSE, code=code, reason=reason
        )
        for code, reason in ways
    }


def _hosts(place: str) -> dict[str, Kind]:
    return {
        f"{place}_refused": Kind(place=place, act=Act.REFUSED),
        f"{place}_slow_connect": Kind(place=place, act=Act.SLOW_CONNECT, seconds=1.5),
    }


_UNPARSABLE: Final = {
    "type": "Error",
    "code": "UNPARSABLE_CLIENT_MESSAGE",
    "description": (
        "Text message received from client did not match any of the formats we expect."
    ),
}
_NOT_CONFIGURED: Final = {
    "type": "ConfigureFailure",
    "code": "CONFIGURE_INTERNAL_ERROR",
    "description": "The configuration could not be applied.",
}
_FLUSH_LIMITED: Final = {
    "type": "Warning",
    "code": "FLUSH_RATE_LIMITED",
    "description": "Flush was ignored: too many in 60 seconds.",
}

_LISTEN: Final[Mapping[str, Kind]] = {
    **_statuses("listen", "listen_status", 401, 429, 500, 503),
    **_answers("listen"),
    **_socket("listen"),
    **_closes("listen", (1011, "NET-0000"), (1011, "NET-0001"), (1008, "DATA-0000")),
    "listen_error": Kind(place="listen", act=Act.SAY_AND_CLOSE, says=_UNPARSABLE, code=1011),
    "listen_old_host": Kind(
        place="listen", act=Act.ANSWER_AND_CLOSE, of="ForceEndTurn", says=_UNPARSABLE, code=1011
    ),
    "listen_not_configured": Kind(
        place="listen", act=Act.ANSWER, of="Configure", says=_NOT_CONFIGURED
    ),
}
_SPEAK: Final[Mapping[str, Kind]] = {
    **_statuses("speak", "speak_status", 401, 429, 500, 503),
    **_answers("speak"),
    **_socket("speak"),
    **_closes(
        "speak",
        (1011, "NET-0000"),
        (1011, "NET-0001"),
        (1011, "NET-0002"),
        (1011, "NET-0003"),
        (1008, "DATA-0000"),
        (1008, "DATA-0001"),
        (1009, "BIG-0001"),
    ),
    "speak_flush_limited": Kind(place="speak", act=Act.ANSWER, of="Flush", says=_FLUSH_LIMITED),
    "speak_no_flushed": Kind(place="speak", act=Act.LOSE, of="Flushed"),
    "speak_no_cleared": Kind(place="speak", act=Act.LOSE, of="Cleared"),
    "speak_stale_audio": Kind(place="speak", act=Act.STALE_AUDIO, of="Cleared"),
    "speak_stall": Kind(place="speak", act=Act.OWN, own="speak_stall"),
}
_SPEAK_HTTP: Final[Mapping[str, Kind]] = {
    **_statuses("speak_http", "speak_status", 401, 413, 429, 500, 503),
    **_answers("speak_http"),
    "speak_http_cut": Kind(place="speak_http", act=Act.OWN, own="speak_cut"),
    "speak_http_stall": Kind(place="speak_http", act=Act.OWN, own="speak_stall"),
}
_CHAT: Final[Mapping[str, Kind]] = {
    **_statuses("chat", "status", 400, 401, 404, 413, 429, 498, 500, 502, 503),
    **_answers("chat"),
    "chat_slow": Kind(place="chat", act=Act.OWN, own="slow", seconds=2.0),
    "chat_stall": Kind(place="chat", act=Act.OWN, own="stall", seconds=4.0),
    "chat_mute": Kind(place="chat", act=Act.OWN, own="mute"),
    "chat_cut": Kind(place="chat", act=Act.OWN, own="cut"),
    "chat_truncated": Kind(place="chat", act=Act.OWN, own="truncate"),
    "chat_half_json": Kind(place="chat", act=Act.OWN, own="half_json"),
    "chat_error_event": Kind(place="chat", act=Act.OWN, own="error_event"),
    "chat_x_groq_error": Kind(place="chat", act=Act.OWN, own="x_groq_error"),
    "chat_starved": Kind(place="chat", act=Act.OWN, own="starve"),
}
_MEDIA: Final[Mapping[str, Kind]] = {
    **_socket("media"),
    "media_refused": Kind(place="media", act=Act.REFUSED),
    "media_frames_stop": Kind(place="media", act=Act.STOP_FRAMES, seconds=2.0),
    "media_marks_lost": Kind(place="media", act=Act.MARKS_LOST),
    "media_marks_late": Kind(place="media", act=Act.MARKS_LATE, seconds=0.6),
    "media_marks_swapped": Kind(place="media", act=Act.MARKS_SWAPPED),
}
_WEBHOOK: Final[Mapping[str, Kind]] = {
    "webhook_refused": Kind(place="webhook", act=Act.REFUSED),
    "webhook_slow": Kind(place="webhook", act=Act.SLOW_CONNECT, seconds=1.5),
    "webhook_abandoned": Kind(place="webhook", act=Act.ABANDONED),
    "webhook_twice": Kind(place="webhook", act=Act.TWICE),
}

KINDS: Final[Mapping[str, Kind]] = {
    **_LISTEN,
    **_SPEAK,
    **_SPEAK_HTTP,
    **_CHAT,
    **_MEDIA,
    **_WEBHOOK,
    **_hosts("deepgram"),
    **_hosts("groq"),
    "sigterm": Kind(place="process", act=Act.PROCESS),
}
