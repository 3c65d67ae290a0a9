"""Which faults met a call in which of its states, and which pairs of the two nothing has met yet.

A cell is a fault and the state of the call at the moment it struck; a reply that is not whole takes
the fault that struck it along into its next states. `reachable` says for each kind which cells a
call can be brought to at will, by where it strikes:

    webhook     before the stream and after it: nothing is posted while it is open
    media       a refused stream has not begun; its socket from the first message to the last; marks
                come back only once something was said
    listen, deepgram
                the socket is open from `start` on; openings come with the greeting, and after a
                loss in whatever state
    speak       sockets are leased while a reply is produced, also behind its gate, and are opened
                anew when one was lost
    speak_http  asked for by a reply that is being produced: before it is heard, or in the middle
    chat, groq  the same; in the middle where a filler is heard, and the next way is asked
    process     whenever a call is there

`HOLDING` is left out where a reply is what suffers: a hold comes over speech, and what is asked for
then is too rare for each kind to be waited for in a night. The rows of the failure table, which are
several kinds each, meet every state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
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
    "deepgram": _IN_CALL,
    "speak": _PRODUCING | {SPEAKING},
    "speak_http": _PRODUCING | {SPEAKING},
    "chat": _PRODUCING | {SPEAKING},
    "groq": _PRODUCING,
    "process": _IN_CALL,
}
_BY_ACT: Final[Mapping[Act, frozenset[str]]] = {
    Act.ANSWER_AND_CLOSE: frozenset({LISTENING}),  # asked to end a turn
    Act.LOSE: _PRODUCING | {SPEAKING},
}
_BY_NAME: Final[Mapping[str, frozenset[str]]] = {
    "chat_stall": _PRODUCING | {SPEAKING, HOLDING},  # its first sentence is heard meanwhile
    "media_refused": frozenset({"idle"}),
    "media_wrong_fields": _IN_CALL,
    "listen_not_configured": frozenset[str](),  # patience: asked for by questions for numbers only
    "speak_no_cleared": frozenset({LISTENING}),  # `Clear` is sent when a lease is given back early
    "speak_stale_audio": frozenset({LISTENING}),
    "webhook_abandoned": frozenset({"ended"}),  # else there is no call
    "webhook_refused": frozenset({"ended"}),
}
HELD_LATER: Final = frozenset({"chat_stall"})
"""What strikes a reply before it is held."""


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
    return _PRODUCING | {SPEAKING} if kind.place == "speak" else _BY_PLACE[kind.place]


_SLOW: Final = {Act.SLOW_CONNECT, Act.SLOW_ANSWER, Act.NO_ANSWER}
_SLOW_MODEL: Final = {"chat_slow", "chat_stall", "chat_mute"}
_VOICE: Final = {"speak", "speak_http"}
_LINE: Final = {Act.STOP_FRAMES, Act.SLOW, Act.CUT_TEXT, Act.UNKNOWN, Act.WRONG_FIELDS} | MARKS

RECOGNISER, SLOW_MODEL, MODEL = "recogniser lost or mute", "model slow", "model fails"
VOICE, LINE, STREAM = "voice lost", "line disturbed", "stream lost"
PROCESS, WEBHOOK = "process ends", "webhook not answered"
_STATES_OF_ROWS: Final[Mapping[str, frozenset[str]]] = {
    **dict.fromkeys((RECOGNISER, SLOW_MODEL, MODEL, VOICE, LINE, STREAM, PROCESS), _IN_CALL),
    WEBHOOK: frozenset({"idle", "ended"}),
}


def row_of(name: str) -> str:
    """The row of the failure table that a fault belongs to."""
    kind = KINDS[name]
    if kind.place in {"chat", "groq"}:
        return SLOW_MODEL if kind.act in _SLOW or name in _SLOW_MODEL else MODEL
    if kind.place == "media":
        return LINE if kind.act in _LINE else STREAM
    if kind.place in _VOICE:
        return VOICE
    return {"process": PROCESS, "webhook": WEBHOOK}.get(kind.place, RECOGNISER)


def of_a_reply(name: str) -> bool:
    """Whether a fault, where it strikes, strikes a reply that is being made."""
    kind = KINDS[name]
    return kind.place in {"chat", "groq", "speak_http"} or (
        kind.place == "speak" and kind.act not in OPENING
    )


def failure_rows(coverage: Mapping[str, int]) -> dict[str, dict[str, int]]:
    """The coverage by the failure table's rows: how often one of its faults met each state."""
    rows: dict[str, dict[str, int]] = {row: {} for row in _STATES_OF_ROWS}
    for name, count in coverage.items():
        fault, _, state = name.rpartition(" x ")
        if fault in KINDS:
            row = rows[row_of(fault)]
            row[state] = row.get(state, 0) + count
    return rows


def missing_rows(rows: Mapping[str, Mapping[str, int]], faults: Iterable[str]) -> list[str]:
    """Rows of these faults, and the states that they have not met."""
    wanted = {row_of(fault) for fault in faults}
    return [
        cell(row, state)
        for row, states in _STATES_OF_ROWS.items()
        for state in COLUMNS
        if row in wanted and state in states and not rows.get(row, {}).get(state)
    ]


def table_of_rows(rows: Mapping[str, Mapping[str, int]]) -> list[str]:
    """The failure table, a row a line."""
    return _table(rows, lambda row: _STATES_OF_ROWS[row])


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
    ordered = {name: rows[name] for name in sorted(rows)}
    everywhere = frozenset(COLUMNS)
    return _table(ordered, lambda name: reachable(name) if name in KINDS else everywhere)


def _table(
    rows: Mapping[str, Mapping[str, int]], can_be: Callable[[str], frozenset[str]]
) -> list[str]:
    width = max(map(len, rows), default=0)
    head = " ".join(f"{state:>10}" for state in COLUMNS)
    return [
        f"{'':{width}} {head}",
        *(f"{name:{width}} {_row(counts, can_be(name))}" for name, counts in rows.items()),
    ]


def _row(counts: Mapping[str, int], can_be: frozenset[str]) -> str:
    cells = (
        str(counts[state]) if state in counts else "0" if state in can_be else "."
        for state in COLUMNS
    )
    return " ".join(f"{text:>10}" for text in cells)
