"""What is known of a finished call: both channels as the phone network had them, the caller's
side of it, and the server's record. Times are seconds from the moment the call was answered.

Pure values, and how they are taken from the sandbox's call. Refuses to judge.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import attrs

from ..sandbox.caller import Caller, CallerTurn, utterances
from ..sandbox.phone import PhoneCall
from ..sandbox.playout import RATE, SILENCE, Timeline

Span = tuple[float, float]

SAME_TURN_SECONDS: Final = 3.0
"""The server's end of a turn and the caller's own last voice are not further apart than this."""


@attrs.frozen(kw_only=True)
class Turn:
    """One turn of the server's record; `timeline_ms` counts from the server's start of the call."""

    caller: str | None
    agent: str
    heard: str
    interrupted: bool
    latency_ms: Mapping[str, int | None]
    timeline_ms: Mapping[str, int]
    spoken: str = ""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Turn:
        names = (field.name for field in attrs.fields(cls))
        return cls(**{name: data[name] for name in names if name in data})

    def as_json(self) -> dict[str, Any]:
        """The turn as the command's contract has it."""
        fields = attrs.asdict(self)
        del fields["timeline_ms"]
        return fields


@attrs.frozen(kw_only=True)
class Said:
    """One thing the caller said, and what came of it as the caller heard it."""

    text: str
    began: float
    until: float
    interrupting: bool = False
    answered: float | None = None
    answered_until: float | None = None
    silent: float | None = None
    cleared: float | None = None

    @property
    def was_answered(self) -> bool:
        """Whether the agent spoke afterwards; who was speaking all along did not answer."""
        return bool(self.gap_ms)

    @property
    def gap_ms(self) -> int | None:
        """Between the caller's last voice and the answer's first, at the phone."""
        return None if self.answered is None else round((self.answered - self.until) * 1000)


@attrs.frozen(kw_only=True)
class Evidence:
    """A whole call."""

    call_sid: str
    caller_audio: bytes
    agent_audio: bytes
    caller_voice: tuple[Span, ...]
    agent_voice: tuple[Span, ...]
    said: tuple[Said, ...]
    planned: int
    """How many things the caller had to say."""
    greeted: Span | None
    turns: tuple[Turn, ...]
    server_began: float
    """When the server's count of the call began."""
    outcome: str | None
    ended_by: str
    missed: tuple[str, ...] = ()
    violations: tuple[str, ...] = ()
    stream_errors: tuple[str, ...] = ()
    twilio_says: tuple[str, ...] = ()
    gaps_ms: tuple[int, ...] = ()
    accidents: tuple[str, ...] = ()
    """What befell the processes during the call."""

    @property
    def seconds(self) -> float:
        return len(self.agent_audio) / RATE

    def at(self, turn: Turn, moment: str) -> float | None:
        """A moment of a turn's timeline on the caller's clock."""
        found = turn.timeline_ms.get(moment)
        return None if found is None else self.server_began + found / 1000

    def said_in(self, turn: Turn) -> Said | None:
        """What the caller had just said when the server took it for a turn."""
        ended = self.at(turn, "voiced_until") or self.at(turn, "decided")
        if turn.caller is None or ended is None or not self.said:
            return None
        nearest = min(self.said, key=lambda said: abs(said.until - ended))
        return nearest if abs(nearest.until - ended) <= SAME_TURN_SECONDS else None


def gather(
    call: PhoneCall,
    caller: Caller,
    record: Mapping[str, Any] | None,
    accidents: Sequence[str] = (),
) -> Evidence:
    """The evidence of a call that is over; `record` is the server's, where it gave one."""
    origin = call.playout.origin
    started = call.journal.first("start")
    seconds = _length(call)
    caller_audio, agent_audio = (_cut(audio, seconds) for audio in call.recording())
    record = record or {}
    hung_up = call.journal.first("hang_up")
    return Evidence(
        call_sid=call.sid,
        caller_audio=caller_audio,
        agent_audio=agent_audio,
        caller_voice=_voice(call.microphone, seconds),
        agent_voice=_voice(call.playout, seconds),
        said=tuple(_said(turn, origin) for turn in caller.report.turns),
        planned=sum(1 for text in utterances(caller.script) if text),
        greeted=_span(caller.report.greeted_at, caller.report.greeted_until, origin),
        turns=tuple(Turn.from_json(turn) for turn in record.get("turns", ())),
        server_began=started.at - origin if started is not None else 0.0,
        outcome=record.get("outcome"),
        ended_by=str(hung_up.detail) if hung_up is not None else "",
        missed=tuple(caller.report.missed),
        violations=tuple(call.journal.violations),
        stream_errors=tuple(str(entry.detail) for entry in call.journal.of("stream_error")),
        twilio_says=tuple(str(entry.detail) for entry in call.journal.of("twilio_says")),
        gaps_ms=tuple(round(r.gap * 1000) for r in call.playout.restarts if r.gap is not None),
        accidents=tuple(accidents),
    )


def _length(call: PhoneCall) -> float:
    """From the answer to the end: a recording is as long, whatever was still waiting to play."""
    answered, ended = call.journal.first("answered"), call.journal.first("completed")
    return ended.at - answered.at if ended is not None and answered is not None else 0.0


def _cut(audio: bytes, seconds: float) -> bytes:
    length = round(seconds * RATE)
    return audio[:length].ljust(length, SILENCE)


def _voice(channel: Timeline, seconds: float) -> tuple[Span, ...]:
    spans = ((start / RATE, min(end / RATE, seconds)) for start, end in channel.runs)
    return tuple((start, end) for start, end in spans if start < end)


def _span(start: float | None, end: float | None, origin: float) -> Span | None:
    if start is None:
        return None
    return (start - origin, (start if end is None else end) - origin)


def _said(turn: CallerTurn, origin: float) -> Said:
    def since(at: float | None) -> float | None:
        return None if at is None else at - origin

    return Said(
        text=turn.said,
        began=turn.began_at - origin,
        until=turn.voiced_until - origin,
        interrupting=turn.interrupting,
        answered=since(turn.answered_at),
        answered_until=since(turn.answered_until),
        silent=since(turn.silent_at),
        cleared=since(turn.cleared_at),
    )
