"""Made-up observations of a call, for laws to be shown what no product should do."""

from __future__ import annotations

from typing import Any

from voxanne_trio.events import Event, PlayedOut, ReplyAudible, Sensitive, TimerExpired, TurnEnded
from voxanne_trio.records import CallRecord, TurnRecord
from voxanne_trio.sandbox.playout import PlayOut, Timeline
from voxanne_trio.sandbox.voice import ToneVoices
from voxanne_trio.settings import Settings
from voxanne_trio.simulation.laws import Law
from voxanne_trio.simulation.numbered import Vocabulary, numbers
from voxanne_trio.simulation.observed import Breach, Evidence, Observation, Sent, Told
from voxanne_trio.turns import Answer, Cancel, State

FRAME = b"\xff" * 160


def found(law: Law, *observed: Observation) -> list[str]:
    """What a law finds wrong with a course of things."""
    return [breach.detail for seen in observed for breach in law.see(seen)]


def concluded(law: Law, evidence: Evidence, *observed: Observation) -> list[Breach]:
    """What a law finds wrong with a whole call."""
    seen = [breach for each in observed for breach in law.see(each)]
    return [*seen, *law.conclude(evidence)]


def moved(
    at: float,
    before: State,
    state: State,
    *commands: Any,
    event: Event | None = None,
    **more: Any,
) -> Told:
    """The floor took an event."""
    return Told(at, event or TimerExpired("idle"), commands, before, state, **more)


def audio(at: float, *words: int, frames: int = 5) -> Sent:
    return Sent(at, "media", FRAME * frames, words)


def clear(at: float) -> Sent:
    return Sent(at, "clear")


def evidence(**known: Any) -> Evidence:
    """A call that is over, of which nothing else is known."""
    blank: dict[str, Any] = {
        "sid": "CA1",
        "settings": Settings(),
        "agent": Timeline(0.0),
        "caller": Timeline(0.0),
        "vocabulary": Vocabulary(),
        "record": None,
        "streamed": True,
        "asked": (),
        "dropped_ms": {},
        "waiting_ms": 0.0,
        "delay_seconds": 0.02,
    }
    return Evidence(**{**blank, **known})


def record(*turns: TurnRecord, outcome: str | None = "caller hung up") -> CallRecord:
    call = CallRecord(call_sid="CA1", stream_sid="MZ1", started_at=0.0)
    call.turns, call.outcome, call.duration_ms = list(turns), outcome, 1_000
    return call


def turn(caller: str | None, spoken: str = "", **more: Any) -> TurnRecord:
    known: dict[str, Any] = {
        "caller": None if caller is None else Sensitive(caller),
        "agent": spoken,
        "spoken": spoken,
        "heard": spoken,
        "interrupted": False,
        "latency_ms": {},
        "timeline": {"decided": 0, "first_frame": 100, "ended": 900},
    }
    return TurnRecord(**{**known, **more})


def answered(at: float, reply: int = 1, text: str = "How much is it?", **more: Any) -> Told:
    """A turn was decided."""
    words = Sensitive(text)
    event = TurnEnded(words)
    return moved(
        at,
        State.LISTENING,
        State.PROCESSING,
        Answer(reply, words),
        event=event,
        reply=reply,
        **more,
    )


def audible(at: float, reply: int = 1, **more: Any) -> Told:
    event = ReplyAudible(reply)
    return moved(at, State.PROCESSING, State.SPEAKING, event=event, reply=reply, **more)


def played_out(at: float, reply: int = 1) -> Told:
    return moved(at, State.SPEAKING, State.LISTENING, event=PlayedOut(reply), reply=reply)


def barged_in(at: float, reply: int = 1, **more: Any) -> Told:
    return moved(at, State.SPEAKING, State.LISTENING, Cancel(reply), reply=reply, **more)


def voice(*stretches: tuple[float, float]) -> Timeline:
    """A channel that is voiced from and to those times."""
    channel = PlayOut(0.0)
    tone = ToneVoices().caller().say("a" * 24) * 20
    for start, end in stretches:
        channel.place(tone[: round((end - start) * 8_000)], start)
    return channel


def words_of(vocabulary: Vocabulary, text: str) -> list[int]:
    """Have a text synthesised; its words' numbers."""
    return list(dict.fromkeys(number for _, number in numbers(vocabulary.say(text))))
