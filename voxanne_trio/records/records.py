"""What is kept of a call: who said what, what was heard, how long each stage took, how it ended.

The protocol never waits where a call writes: a form that stores elsewhere queues and writes on its
own. Only looking a call up may wait.
"""

from __future__ import annotations

import enum
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final, Protocol

import attrs

from ..events import Sensitive

CALLS_KEPT: Final = 1_000


class Then(enum.Enum):
    """What a call does once a stream of ours is over: the answer of `/twiml/after`."""

    GO_ON = "go on"
    """With a new stream and this history: the old one was lost, or handed over."""
    HANG_UP = "hang up"
    SAY_GOODBYE = "say goodbye"
    """And hang up: our own was not heard, so another voice says it."""
    TRANSFER = "transfer"
    """To a person, or to voicemail where nobody answers."""


@attrs.frozen(kw_only=True)
class ToolRecord:
    """A tool that was used in a turn; `result` is None where the call ended before it did."""

    name: str
    arguments: Mapping[str, Any]
    result: Sensitive | None = None


@attrs.frozen(kw_only=True)
class TurnRecord:
    """One turn, numbered from 0 in its call: what the caller said (None for a turn of ours alone,
    such as the greeting), what the model wrote, how the voice was given it, and how much of it was
    heard, as written. `timeline` is in milliseconds of the call; `quality` has the figures of
    `observe.quality`."""

    number: int = 0
    caller: Sensitive | None
    agent: str
    heard: str
    interrupted: bool
    latency_ms: Mapping[str, int | None]
    timeline: Mapping[str, int]
    spoken: str = ""
    quality: Mapping[str, float | None] = attrs.field(factory=dict)
    tools: tuple[ToolRecord, ...] = ()

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
            "tools": [
                {
                    "name": tool.name,
                    "arguments": dict(tool.arguments),
                    "result": tool.result.reveal() if tool.result is not None else None,
                }
                for tool in self.tools
            ],
        }


@attrs.define(kw_only=True)
class CallRecord:
    """One call, over all its streams. `started_at` is wall-clock seconds; `outcome` is None while a
    stream of it is open, or where its server died; `duration_ms` and `counts` are sums.
    """

    call_sid: str
    stream_sid: str
    started_at: float
    turns: list[TurnRecord] = attrs.field(factory=list)
    asked: Sensitive | None = None
    """The caller's words that are being answered: no turn holds them yet."""
    streams: int = 1
    """How many streams it has had."""
    outcome: str | None = None
    then: Then = Then.GO_ON
    duration_ms: int = 0
    counts: dict[str, int] = attrs.field(factory=dict)
    """What went wrong in small: bad messages, audio dropped, underruns."""
    recording: str | None = attrs.field(default=None, repr=False)
    """The URL of the caller's voicemail: who has it may hear that, so no log names it."""

    def as_json(self) -> dict[str, Any]:
        return {
            "call_sid": self.call_sid,
            "stream_sid": self.stream_sid,
            "started_at": self.started_at,
            "streams": self.streams,
            "outcome": self.outcome,
            "then": self.then.value,
            "duration_ms": self.duration_ms,
            "turns": [turn.as_json() for turn in self.turns],
            "counts": dict(self.counts),
            "recording": self.recording,
        }


class Records(Protocol):
    """Where calls are kept."""

    def call_started(self, call: CallRecord) -> None:
        """A call began; one that is known goes on with a new stream. Never waits."""
        ...

    def turn_began(self, call_sid: str, caller: Sensitive) -> None:
        """These words of the caller are being answered. Never waits."""
        ...

    def turn_ended(self, call_sid: str, turn: TurnRecord) -> None:
        """A turn was heard or cut off. Never waits."""
        ...

    def call_ended(
        self,
        call_sid: str,
        *,
        outcome: str,
        then: Then,
        duration_ms: int,
        counts: Mapping[str, int],
    ) -> None:
        """A stream of a call is over, however; or the call has turned out otherwise since, which
        takes nothing from its length and counts. Never waits."""
        ...

    def recording_left(self, call_sid: str, url: str) -> None:
        """A voicemail of the call is kept at this URL; the first that is told stays. Never
        waits."""
        ...

    async def find(self, call_sid: str) -> CallRecord | None:
        """The call of that sid, with the turns it has so far."""
        ...

    def known(self, call_sid: str) -> CallRecord | None:
        """What this process remembers of it, at once; another may have gone on with it since."""
        ...

    @property
    def failure(self) -> str | None:
        """Why nothing can be kept at present, for the operator; None while all is well."""
        ...


class InMemoryRecords:
    """`Records` for one process: the latest `limit` calls, gone when it ends."""

    failure: str | None = None

    def __init__(self, limit: int = CALLS_KEPT) -> None:
        self._limit = limit
        self._calls: OrderedDict[str, CallRecord] = OrderedDict()

    def call_started(self, call: CallRecord) -> None:
        if (known := self._calls.get(call.call_sid)) is not None:
            known.stream_sid, known.outcome, known.then = call.stream_sid, None, Then.GO_ON
            known.streams += 1
        self._calls[call.call_sid] = known or call
        self._calls.move_to_end(call.call_sid)
        self._forget_some()

    def turn_began(self, call_sid: str, caller: Sensitive) -> None:
        if (call := self._calls.get(call_sid)) is not None:
            call.asked = caller

    def turn_ended(self, call_sid: str, turn: TurnRecord) -> None:
        if (call := self._calls.get(call_sid)) is not None:
            call.turns.append(turn)
            call.asked = None if turn.caller is not None else call.asked

    def call_ended(
        self,
        call_sid: str,
        *,
        outcome: str,
        then: Then,
        duration_ms: int,
        counts: Mapping[str, int],
    ) -> None:
        if (call := self._calls.get(call_sid)) is not None:
            call.outcome, call.then = outcome, then
            call.duration_ms += duration_ms
            for name, count in counts.items():
                call.counts[name] = call.counts.get(name, 0) + count

    def recording_left(self, call_sid: str, url: str) -> None:
        if (call := self._calls.get(call_sid)) is not None and call.recording is None:
            call.recording = url

    async def find(self, call_sid: str) -> CallRecord | None:
        return self._calls.get(call_sid)

    def known(self, call_sid: str) -> CallRecord | None:
        return self._calls.get(call_sid)

    def remember(self, call: CallRecord) -> None:
        """Take a call as others have kept it, unless it goes on here."""
        known = self._calls.get(call.call_sid)
        if known is None or known.outcome is not None:
            self._calls[call.call_sid] = call
            self._forget_some()

    def _forget_some(self) -> None:
        """The oldest; of these, what has ended before what goes on."""
        while len(self._calls) > self._limit:
            ended = (sid for sid, call in self._calls.items() if call.outcome is not None)
            del self._calls[next(ended, next(iter(self._calls)))]
