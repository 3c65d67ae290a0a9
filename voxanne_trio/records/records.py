"""What is kept of a call: who said what, what was heard, how long each stage took, how it ended.

The protocol never waits where a call writes: a form that stores elsewhere queues and writes on its
own. Only looking a call up may wait.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final, Protocol

import attrs

from ..events import Sensitive

CALLS_KEPT: Final = 1_000


@attrs.frozen(kw_only=True)
class TurnRecord:
    """One turn: what the caller said (None for a turn of ours alone, such as the greeting), what
    the model wrote, how the voice was given it, and how much of it was heard, as written.
    `timeline` is in milliseconds of the call; `quality` has the figures of `observe.quality`."""

    caller: Sensitive | None
    agent: str
    heard: str
    interrupted: bool
    latency_ms: Mapping[str, int | None]
    timeline: Mapping[str, int]
    spoken: str = ""
    quality: Mapping[str, float | None] = attrs.field(factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {
            "caller": self.caller.reveal() if self.caller is not None else None,
            "agent": self.agent,
            "spoken": self.spoken,
            "heard": self.heard,
            "interrupted": self.interrupted,
            "latency_ms": dict(self.latency_ms),
            "timeline_ms": dict(self.timeline),
            "quality": dict(self.quality),
        }


@attrs.define(kw_only=True)
class CallRecord:
    """One call. `started_at` is wall-clock seconds; `outcome` is None while it goes on.

    `we_ended_it` is what `/twiml/after` asks: whether hanging up is the right end of this call.
    """

    call_sid: str
    stream_sid: str
    started_at: float
    turns: list[TurnRecord] = attrs.field(factory=list)
    outcome: str | None = None
    we_ended_it: bool = False
    duration_ms: int | None = None
    counts: dict[str, int] = attrs.field(factory=dict)
    """What went wrong in small: bad messages, audio dropped, underruns."""

    def as_json(self) -> dict[str, Any]:
        return {
            "call_sid": self.call_sid,
            "stream_sid": self.stream_sid,
            "started_at": self.started_at,
            "outcome": self.outcome,
            "duration_ms": self.duration_ms,
            "turns": [turn.as_json() for turn in self.turns],
            "counts": dict(self.counts),
        }


class Records(Protocol):
    """Where calls are kept."""

    def call_started(self, call: CallRecord) -> None:
        """A call began. Never waits."""
        ...

    def turn_ended(self, call_sid: str, turn: TurnRecord) -> None:
        """A turn was heard or cut off. Never waits."""
        ...

    def call_ended(
        self,
        call_sid: str,
        *,
        outcome: str,
        we_ended_it: bool,
        duration_ms: int,
        counts: Mapping[str, int],
    ) -> None:
        """A call is over, however. Never waits."""
        ...

    async def find(self, call_sid: str) -> CallRecord | None:
        """The call of that sid, with the turns it has so far."""
        ...


class InMemoryRecords:
    """`Records` for one process: the latest `limit` calls, gone when it ends."""

    def __init__(self, limit: int = CALLS_KEPT) -> None:
        self._limit = limit
        self._calls: OrderedDict[str, CallRecord] = OrderedDict()

    def call_started(self, call: CallRecord) -> None:
        self._calls[call.call_sid] = call
        self._calls.move_to_end(call.call_sid)
        while len(self._calls) > self._limit:
            self._calls.popitem(last=False)

    def turn_ended(self, call_sid: str, turn: TurnRecord) -> None:
        if (call := self._calls.get(call_sid)) is not None:
            call.turns.append(turn)

    def call_ended(
        self,
        call_sid: str,
        *,
        outcome: str,
        we_ended_it: bool,
        duration_ms: int,
        counts: Mapping[str, int],
    ) -> None:
        if (call := self._calls.get(call_sid)) is not None:
            call.outcome, call.we_ended_it = outcome, we_ended_it
            call.duration_ms, call.counts = duration_ms, dict(counts)

    async def find(self, call_sid: str) -> CallRecord | None:
        return self._calls.get(call_sid)
