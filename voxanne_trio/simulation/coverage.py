"""Which faults met a call in which of its states, and which pairs of the two nothing has met yet.

A cell is a fault and the state of the call at the moment it struck. `REACHABLE` says for each kind
which cells a call can be in at all, by where it strikes:

    webhook     before the stream and after it: nothing is posted while it is open
    media       a refused stream has not begun; its socket from the first message to the last; marks
                come back only once something was said
    listen, deepgram
                the socket is open from `start` on; openings come with the greeting and after a loss
    speak       sockets are leased while a reply is produced, also behind its gate, and are opened
                anew when one was lost
    speak_http, chat, groq
                asked for by a reply that is being produced: before it is heard, or in the middle
    process     whenever a call is there

`HOLDING` is left out where a connection is being opened for a reply: a hold comes over speech, and
what is asked for then is too rare to be waited for in a night.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from ..sandbox.faults import KINDS, Act
from ..sandbox.faults.kinds import MARKS, OPENING, Kind

LISTENING, PROCESSING, SPEAKING, HOLDING = "listening", "processing", "speaking", "holding"
COLUMNS: Final = ("idle", LISTENING, PROCESSING, SPEAKING, HOLDING, "ended")

_IN_CALL: Final = frozenset({LISTENING, PROCESSING, SPEAKING, HOLDING})
_PRODUCING: Final = frozenset({LISTENING, PROCESSING})
_BY_PLACE: Final[Mapping[str, frozenset[str]]] = {
    "webhook": frozenset({"idle", "ended"}),
    "media": _IN_CALL,
    "listen": _IN_CALL,
    "deepgram": frozenset({LISTENING, SPEAKING}),
    "speak": _PRODUCING | {SPEAKING},
    "speak_http": _PRODUCING | {SPEAKING},
    "chat": _PRODUCING,
    "groq": _PRODUCING,
    "process": _IN_CALL,
}
_BY_ACT: Final[Mapping[Act, frozenset[str]]] = {
    Act.ANSWER_AND_CLOSE: frozenset({LISTENING}),  # asked to end a turn
    Act.LOSE: _PRODUCING | {SPEAKING},
}
_BY_NAME: Final[Mapping[str, frozenset[str]]] = {
    "media_refused": frozenset({"idle"}),
    "media_wrong_fields": _IN_CALL,
    "listen_not_configured": frozenset[str](),  # patience: asked for by questions for numbers only
    "speak_no_cleared": frozenset({LISTENING}),  # `Clear` is sent when a lease is given back early
    "speak_stale_audio": frozenset({LISTENING}),
    "webhook_abandoned": frozenset({"ended"}),  # else there is no call
    "webhook_refused": frozenset({"ended"}),
}


def reachable(name: str) -> frozenset[str]:
    """The states in which a fault can meet a call."""
    kind = KINDS[name]
    if name in _BY_NAME:
        return _BY_NAME[name]
    if kind.act in _BY_ACT:
        return _BY_ACT[kind.act]
    if kind.act in MARKS:
        return frozenset({PROCESSING, SPEAKING, HOLDING, LISTENING})
    return _openings(kind) if kind.act in OPENING else _BY_PLACE[kind.place]


def _openings(kind: Kind) -> frozenset[str]:
    if kind.place in {"listen", "speak"}:
        return frozenset({LISTENING, SPEAKING})
    return _BY_PLACE[kind.place]


def cell(fault: str, state: str) -> str:
    """The name of a cell."""
    return f"{fault} x {state}"


def missing(coverage: Mapping[str, int], faults: Iterable[str]) -> list[str]:
    """The reachable cells of these faults that nothing has met."""
    return [
        cell(fault, state)
        for fault in faults
        for state in COLUMNS
        if state in reachable(fault) and not coverage.get(cell(fault, state))
    ]


def table(coverage: Mapping[str, int]) -> list[str]:
    """The coverage, a fault a line: how often in each state; a dot where it cannot be."""
    rows: dict[str, dict[str, int]] = {}
    for name, count in coverage.items():
        fault, _, state = name.rpartition(" x ")
        rows.setdefault(fault, {})[state] = count
    width = max(map(len, rows), default=0)
    head = " ".join(f"{state:>10}" for state in COLUMNS)
    return [
        f"{'':{width}} {head}",
        *(f"{name:{width}} {_row(name, rows[name])}" for name in sorted(rows)),
    ]


def _row(name: str, counts: Mapping[str, int]) -> str:
    can_be = reachable(name) if name in KINDS else frozenset(COLUMNS)
    cells = (
        str(counts[state]) if state in counts else "0" if state in can_be else "."
        for state in COLUMNS
    )
    return " ".join(f"{text:>10}" for text in cells)
