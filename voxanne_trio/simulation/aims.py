"""At which state of a call a plan's fault is aimed, and what else must be so that it gets there.

Consecutive seeds take the cells of `coverage` in turn, a fault and a state each, so that some
hundreds of them have met every cell that can be met. A fault that is aimed strikes in its state
only; more of them may come at any time. Should nothing have struck after a while, the aim is given
up, and then comes what can strike in any state: hardly a plan goes without.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Final

import attrs

from ..sandbox.faults import KINDS, PLACES, Act, Fault, Kind, draw
from ..sandbox.faults.drawing import HOW_MANY
from ..sandbox.faults.kinds import OPENING
from . import coverage

ANYWHERE: Final = ""

PATIENCE_SECONDS: Final = 9.0
"""Of a call, until the aim is given up."""

PATIENCE_SHARE: Final = 0.4
"""The same, of a call that ends early."""

SECONDS: Final = 12.0
"""Of a call, in which those come that are not aimed."""

_STRIDE: Final = 7_919
"""From one seed's cell to the next one's: a prime, so that neighbours have little in common."""

_OFTEN: Final = {"sigterm": 4, "chat_stall": 2}
"""Cells of these come several times: a row of the failure table has few others."""

_AFTER: Final = (0, 0, 0, 1, 5)
_TOKENS: Final = (0, 0, 1, 2, 5, 12)
_BYTES: Final = (0, 400, 2_000, 8_000)
_TIMES: Final = (1, 1, 1, 1, 2, 3, None)

_AT_ANY_TIME: Final = (
    *("listen_reset", "listen_half_open", "listen_mute", "listen_slow"),
    *("media_frames_stop", "media_slow", "media_reset", "media_half_open"),
)
"""Whatever the state: audio is always on its way."""

_LOSES_SPEECH: Final = Fault(kind="speak_reset", times=2)
_LOSES_HEARING: Final = Fault(kind="listen_reset")
_MAKES_ROOM: Final = {
    "speak": _LOSES_SPEECH,
    "listen": _LOSES_HEARING,
    "deepgram": _LOSES_HEARING,
    "groq": Fault(kind="chat_cut_unanswered"),
}
"""What must fail for another connection to be opened at all, in the same state."""

_SPEECH_BY_HTTP: Final = Fault(kind="speak_reset", times=None)
_SLOW_MODEL: Final = Fault(kind="chat_no_answer")
"""A filler is heard by the time that the next way is asked."""


@attrs.frozen(kw_only=True)
class Aim:
    """The faults of a plan, each with the state in which alone it strikes."""

    faults: tuple[Fault, ...] = ()
    strikes_in: tuple[str, ...] = ()
    otherwise: Fault | None = None
    """What strikes when nothing has for so many `patience` seconds."""
    patience: float = PATIENCE_SECONDS


def aimed(
    rng: random.Random,
    seed: int,
    allowed: Sequence[str],
    *,
    by_state: bool = True,
    leaves_after: float | None = None,
) -> Aim:
    """The aim of a seed; not `by_state` where several calls could meet a fault."""
    name, state = _cell(seed, allowed)
    fault, state = _one(rng, name), state if by_state else ANYWHERE
    if name in coverage.HELD_LATER and state == coverage.HOLDING:  # it has struck by then
        fault, state = attrs.evolve(fault, times=None), ANYWHERE
    room = _room_for(KINDS[name], state) if by_state else ()
    more = draw(rng, seconds=SECONDS, places=PLACES, kinds=allowed, count=rng.choice(HOW_MANY) - 1)
    more = tuple(_later(rng, other) for other in more)
    sure = [known for known in _AT_ANY_TIME if known in allowed]
    planned = ((fault, state), *room, *((other, ANYWHERE) for other in more))
    return Aim(
        faults=tuple(fault for fault, _ in planned),
        strikes_in=tuple(state for _, state in planned),
        otherwise=Fault(kind=rng.choice(sure)) if sure else None,
        patience=min(PATIENCE_SECONDS, (leaves_after or 60.0) * PATIENCE_SHARE),
    )


def _cell(seed: int, allowed: Sequence[str]) -> tuple[str, str]:
    cells = [
        (name, state)
        for name in allowed
        for state in coverage.COLUMNS
        if state in coverage.reachable(name)
        for _ in range(_OFTEN.get(name, 1))
    ]
    if not cells:
        return allowed[0], ANYWHERE
    return cells[seed * _STRIDE % len(cells)]


def _one(rng: random.Random, name: str) -> Fault:
    kind = KINDS[name]
    after = rng.choice(_units(kind))
    return Fault(
        kind=name,
        times=rng.choice(_TIMES) if kind.act is not Act.PROCESS else rng.choice((1, 2)),
        after=after,
        seconds=round(kind.seconds * rng.choice((0.5, 1, 1, 2)), 3),
    )


def _later(rng: random.Random, fault: Fault) -> Fault:
    """A signal finds a call that has begun."""
    if KINDS[fault.kind].act is not Act.PROCESS or fault.at is not None:
        return fault
    return attrs.evolve(fault, at=round(rng.uniform(1.0, SECONDS), 2))


def _units(kind: Kind) -> Sequence[int]:
    if kind.act is Act.OWN:
        return _BYTES if kind.place in {"speak", "speak_http"} else _TOKENS
    return (0,) if kind.of or kind.act in OPENING else _AFTER


def _room_for(kind: Kind, state: str) -> tuple[tuple[Fault, str], ...]:
    if kind.place == "speak_http":
        return ((_SPEECH_BY_HTTP, ANYWHERE),)
    slow = ((_SLOW_MODEL, ANYWHERE),) if kind.place == "chat" and state == "speaking" else ()
    if kind.act in OPENING and kind.place in _MAKES_ROOM:
        return (*slow, (_MAKES_ROOM[kind.place], state))
    return slow
