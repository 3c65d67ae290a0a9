"""Who has the floor, in whole calls: real wires, real detector, both recognisers, virtual time.

Callers do what callers do; what is asserted is what they hear, and what is kept of it.
"""

from __future__ import annotations

from typing import Any

import pytest
import trio
import trio.testing

from voxanne_trio.records import TurnRecord
from voxanne_trio.sandbox.line import Line
from voxanne_trio.sandbox.server import Placed
from voxanne_trio.simulation.world import world

BOTH = pytest.mark.parametrize("stt", ["flux", "nova"])
PRICE = "How much is a BBL?"
HOURS = "What are your hours on Friday?"


async def call(
    *script: Any, stt: str = "flux", line: Line | None = None, **settings: Any
) -> tuple[Placed, list[TurnRecord]]:
    """A call with this script; the turns of its record after the greeting."""
    async with world(stt=stt, **settings) as here:
        placed = await here.ring("listen", *script, line=line or Line())
        record = await here.record(placed)
        assert placed.call.journal.violations == []
        return placed, record.turns[1:]


def words(turns: list[TurnRecord]) -> list[str | None]:
    return [None if turn.caller is None else turn.caller.reveal() for turn in turns]


# What is no interruption


@BOTH
@pytest.mark.parametrize(
    "aside", [{"cough": None}, {"hum": None}, {"noise": "door"}, {"backchannel": "mm-hm"}]
)
@pytest.mark.parametrize("after_ms", [700, 1_600])
async def test_nothing_of_a_reply_is_lost_to_what_is_no_interruption(
    autojump_clock: trio.testing.MockClock, stt: str, aside: dict[str, Any], after_ms: int
) -> None:
    patient = {"listen": 1_800}  # with nova-3 a hold takes over a second
    script = ({"say": PRICE}, {**aside, "after_ms": after_ms}, patient, "hang_up")
    placed, turns = await call(*script, stt=stt)
    (answer,) = turns
    assert not answer.interrupted
    assert answer.heard == answer.agent
    (seen,) = placed.caller.report.asides
    assert not seen.lost_ms
    if seen.interrupted:
        assert seen.continues
        assert seen.hole_ms is not None
        assert seen.hole_ms < 1_600


@BOTH
@pytest.mark.parametrize(
    "line",
    [
        Line(echo_down_db=15.0, echo_late_ms=200.0),
        Line(echo_down_db=20.0, echo_late_ms=60.0, noise_db=-44.0),
        Line(echo_down_db=30.0, echo_late_ms=300.0, television_db=-50.0),
    ],
)
async def test_the_agent_never_interrupts_itself(
    autojump_clock: trio.testing.MockClock, stt: str, line: Line
) -> None:
    script = ({"say": PRICE}, "listen", {"say": HOURS}, "listen", "hang_up")
    placed, turns = await call(*script, stt=stt, line=line)
    assert words(turns) == [PRICE, HOURS]
    assert not any(turn.interrupted for turn in turns)
    assert placed.call.journal.of("clear") == []


@BOTH
async def test_keys_do_not_silence_us(autojump_clock: trio.testing.MockClock, stt: str) -> None:
    script = ({"say": PRICE}, {"press": "12#", "audible": True}, "listen", "hang_up")
    placed, turns = await call(*script, stt=stt)
    assert words(turns) == [PRICE]
    assert placed.call.journal.of("clear") == []


# What is one


@BOTH
@pytest.mark.parametrize("after_ms", [600, 1_500, 3_000])
async def test_a_caller_who_interrupts_is_let_speak_at_once_and_answered(
    autojump_clock: trio.testing.MockClock, stt: str, after_ms: int
) -> None:
    over = {"interrupt": f"Sorry, {HOURS.lower()}", "after_ms": after_ms}
    placed, turns = await call({"say": PRICE}, over, "listen", "hang_up", stt=stt)
    cut, answer = turns
    assert cut.interrupted
    assert cut.agent.startswith(cut.heard)
    assert "Friday" in answer.agent
    report = placed.caller.report.turns[1]
    assert report.gave_way_ms is not None
    assert report.gave_way_ms < 48 + 150  # there and back on the wire; an S is no voice yet
    assert len(placed.call.journal.of("clear")) == 1


@BOTH
async def test_a_word_that_answers_our_question_is_taken(
    autojump_clock: trio.testing.MockClock, stt: str
) -> None:
    script = ({"say": "Do you do BBL?"}, "listen", {"say": "Yes."}, "listen", "hang_up")
    _, turns = await call(*script, stt=stt)
    assert words(turns) == ["Do you do BBL?", "Yes."]
    assert turns[1].agent


@BOTH
async def test_hello_over_the_greeting_does_not_stop_it(
    autojump_clock: trio.testing.MockClock, stt: str
) -> None:
    async with world(stt=stt) as here:
        placed = await here.ring(
            {"talk_over": "Hello?", "after_ms": 900}, "listen", {"say": PRICE}, "listen", "hang_up"
        )
        greeting, answer = (await here.record(placed)).turns
    assert not greeting.interrupted
    assert greeting.heard == greeting.agent
    assert answer.caller is not None


# Where people pause


@BOTH
@pytest.mark.parametrize(
    "said",
    [
        "My number is six one nine ~900 five five five ~900 zero one three four.",
        "I would like to um ~1000 make an appointment for Friday.",
        "How much is the BBL and ~900 the recovery?",
    ],
)
async def test_a_caller_who_hesitates_is_not_talked_over(
    autojump_clock: trio.testing.MockClock, stt: str, said: str
) -> None:
    placed, turns = await call({"say": said}, "listen", "hang_up", stt=stt)
    (turn,) = turns
    assert turn.caller is not None
    assert turn.caller.reveal().split()[-1].strip(".?") == said.split()[-1].strip(".?")
    (report,) = placed.caller.report.turns
    assert report.stepped_on_at is None
    assert report.answered_at is not None


@BOTH
async def test_who_goes_on_before_the_answer_is_heard_gets_one_answer(
    autojump_clock: trio.testing.MockClock, stt: str
) -> None:
    script = ({"say": f"{PRICE} ~450 And what are your hours on Friday?"}, "listen", "hang_up")
    placed, turns = await call(*script, stt=stt, end_of_turn_cap_ms=300)
    assert placed.caller.report.turns[0].answered_at is not None
    assert turns[-1].caller is not None
    assert "hours on Friday" in turns[-1].caller.reveal()
    heard = [turn for turn in turns if turn.heard]
    assert len(heard) == 1 or heard[0].interrupted


# What is asked of the conversation itself


@BOTH
async def test_hold_on_rests_the_ladder(autojump_clock: trio.testing.MockClock, stt: str) -> None:
    script = ({"say": "Hold on a second."}, "listen", {"stay_silent": 30}, {"say": PRICE}, "listen")
    _, turns = await call(*script, "hang_up", stt=stt)
    assert [turn.agent for turn in turns[:1]] == ["Sure."]
    assert words(turns) == ["Hold on a second.", PRICE]


@BOTH
async def test_what_was_said_is_said_again_and_slower(
    autojump_clock: trio.testing.MockClock, stt: str
) -> None:
    script = [{"say": PRICE}, "listen", {"say": "Can you say that again?"}, "listen"]
    script += [{"say": "Slower, please."}, "listen", "hang_up"]
    placed, turns = await call(*script, stt=stt)
    first, again, slower = turns
    assert again.heard == first.heard
    assert slower.heard == first.heard
    spoke = [
        turn.answered_until - turn.answered_at
        for turn in placed.caller.report.turns
        if turn.answered_until is not None and turn.answered_at is not None
    ]
    assert spoke[2] > 1.1 * spoke[1]


@BOTH
async def test_what_was_cut_off_can_be_asked_for(
    autojump_clock: trio.testing.MockClock, stt: str
) -> None:
    over = {"interrupt": "Wait, stop.", "after_ms": 1_200}
    script = ({"say": PRICE}, over, "listen", {"say": "Okay, go on."}, "listen", "hang_up")
    _, turns = await call(*script, stt=stt)
    cut, sure, rest = turns
    assert cut.interrupted
    assert sure.agent == "Sure."
    assert f"{cut.heard} {rest.heard}".split() == cut.agent.split()


# Silence and goodbye


@BOTH
async def test_a_caller_who_says_nothing_is_asked_twice_and_then_left(
    autojump_clock: trio.testing.MockClock, stt: str
) -> None:
    placed, turns = await call({"await_hang_up": 60}, stt=stt)
    assert [turn.agent for turn in turns] == [
        "Are you still there?",
        "I can't hear you. If you're there, please say something.",
        "Thanks for calling. Goodbye.",
    ]
    assert placed.result()["hung_up_by"] == ["twiml"]


@BOTH
async def test_a_question_during_the_goodbye_is_answered(
    autojump_clock: trio.testing.MockClock, stt: str
) -> None:
    over = {"interrupt": f"Oh wait, {PRICE.lower()}", "after_ms": 700}
    script = ({"say": "Thank you, goodbye."}, over, "listen", {"say": "Goodbye."})
    placed, turns = await call(*script, {"await_hang_up": 20}, stt=stt)
    assert len(turns) == 3
    assert "$" in turns[1].agent
    assert placed.result()["hung_up_by"] == ["twiml"]


async def test_a_long_call_is_warned_and_then_ended(
    autojump_clock: trio.testing.MockClock,
) -> None:
    script = [{"say": PRICE}, "listen"] * 3
    wait = {"stay_silent": 60}
    quiet: dict[str, Any] = {"idle_seconds": (100.0,), "max_call_seconds": 130}
    placed, turns = await call(*script, wait, {"await_hang_up": 90}, **quiet)
    said = [turn.agent for turn in turns if turn.caller is None]
    assert said[0].startswith("Just so you know")
    assert said[-1].startswith("I'm sorry, we've come to the end")
    assert placed.result()["hung_up_by"] == ["twiml"]
