"""A call as the demo finds it afterwards: five questions, one of which interrupts an answer."""

from collections.abc import Sequence
from typing import Any

import attrs

from voxanne_trio.demo.evidence import Evidence, Said, Span, Turn

LOUD = b"\x90\x10"
SECONDS = 40


def channel(voice: Sequence[Span]) -> bytes:
    """Mu-law that is loud in these spans and silent elsewhere."""
    audio = bytearray(b"\xff" * (SECONDS * 8_000))
    for start, end in voice:
        count = round((end - start) * 8_000)
        audio[round(start * 8_000) : round(start * 8_000) + count] = (LOUD * count)[:count]
    return bytes(audio)


def turn(caller: str | None, agent: str, began_ms: int, ended_ms: int, **changes: Any) -> Turn:
    """A turn decided at `began_ms`, whose stages took 260, 110, 90 and 30 ms."""
    decided = began_ms
    timeline = {
        "voiced_until": decided - 260,
        "decided": decided,
        "llm_requested": decided,
        "llm_first": decided + 110,
        "tts_requested": decided + 130,
        "tts_first": decided + 220,
        "first_frame": decided + 225,
        "first_audible": decided + 250,
        "ended": ended_ms,
    }
    latencies: dict[str, int | None] = {
        "stt": 260, "llm": 110, "tts": 90, "total": 225, "gap": 510,
    }  # fmt: skip
    if caller is None:
        timeline = {"first_frame": 3, "first_audible": 100, "ended": ended_ms}
        latencies = dict.fromkeys(latencies)
    known = {
        "caller": caller,
        "agent": agent,
        "heard": agent,
        "interrupted": False,
        "latency_ms": latencies,
        "timeline_ms": timeline,
    }
    return Turn.from_json({**known, **changes})


SAID = (
    Said(text="Do you do BBL?", began=8, until=9, answered=9.55, answered_until=18),
    Said(text="How much does it cost?", began=19, until=20, answered=20.55, answered_until=25),
    Said(
        text="Okay, do you have anything on Thursday?",
        began=25,
        until=27,
        interrupting=True,
        answered=27.55,
        answered_until=30,
        silent=25.2,
        cleared=25.22,
    ),
    Said(text="My name is Emily.", began=31, until=32, answered=32.55, answered_until=35),
    Said(text="Thank you, goodbye.", began=36, until=37, answered=37.55, answered_until=39),
)
CALLER_VOICE: tuple[Span, ...] = tuple((said.began, said.until) for said in SAID)
AGENT_VOICE: tuple[Span, ...] = (
    (0.1, 7.0), (9.55, 18.0), (20.55, 25.2), (27.55, 30.0), (32.55, 35.0), (37.55, 39.0),
)  # fmt: skip
TURNS = (
    turn(None, "Thanks for calling.", 0, 7_000),
    turn("Do you do BBL?", "Yes, we do! It takes 3 hours.", 9_250, 18_000),
    turn(
        "How much does it cost?",
        "It's $8,000-$12,000; recovery takes 2 weeks. **Want** me to check Thursday?",
        20_250,
        25_150,
        heard="It's $8,000-$12,000; recovery takes",
        interrupted=True,
    ),
    turn("Okay do you have anything on Thursday?", "Thursday is open.", 27_250, 30_000),
    turn("My name is Emily.", "Great, Emily <& co>.", 32_250, 35_000),
    turn("Thank you. Goodbye.", "Thanks for calling, Emily. Goodbye!", 37_250, 39_000),
)


def evidence(**changes: Any) -> Evidence:
    """The call as it should be, with these things otherwise."""
    whole = Evidence(
        call_sid="CA1",
        caller_audio=channel(CALLER_VOICE),
        agent_audio=channel(AGENT_VOICE),
        caller_voice=CALLER_VOICE,
        agent_voice=AGENT_VOICE,
        said=SAID,
        planned=len(SAID),
        greeted=(0.1, 7.0),
        turns=TURNS,
        server_began=0.01,
        outcome="farewell",
        ended_by="twiml",
    )
    return attrs.evolve(whole, **changes)
