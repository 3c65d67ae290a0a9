"""A call whose stream is lost goes on: what a record becomes, and whole calls on virtual time."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest
import trio
import trio.testing

from tests.turns.situations import expired, run, said
from voxanne_trio.events import (
    CallResumed,
    CallStarted,
    PlayedOut,
    ReplyAudible,
    ReplyProduced,
    Sensitive,
    StreamLost,
    TurnEnded,
    VoiceStarted,
    VoiceStopped,
    WordsHeard,
)
from voxanne_trio.records import CallRecord, InMemoryRecords, Then, ToolRecord, TurnRecord
from voxanne_trio.records.database import Database
from voxanne_trio.records.entries import StreamBegan, TurnHeard
from voxanne_trio.resuming import (
    LOOK_UP_SECONDS,
    Past,
    acquaintance_of,
    history_of,
    last_answer,
    look_up,
    past_of,
    resumption,
    what_next,
    where_we_were,
)
from voxanne_trio.sandbox.server import Placed
from voxanne_trio.simulation.world import World, world
from voxanne_trio.turns import Answer, Ending, Phrase, Say, SetTimer, State, Timer

GREETING = "Thanks for calling. How can I help you today?"


def turn(
    number: int,
    caller: str | None,
    agent: str,
    heard: str | None = None,
    tools: tuple[ToolRecord, ...] = (),
) -> TurnRecord:
    """A turn of a record; heard to its end unless told how far."""
    return TurnRecord(
        number=number,
        caller=Sensitive(caller) if caller is not None else None,
        agent=agent,
        heard=agent if heard is None else heard,
        interrupted=heard is not None,
        latency_ms={},
        timeline={},
        tools=tools,
    )


def a_call(*turns: TurnRecord) -> CallRecord:
    return CallRecord(call_sid="CA1", stream_sid="MZ1", started_at=1_000.0, turns=list(turns))


# What a record becomes


def test_the_history_is_what_was_said_and_heard() -> None:
    used = ToolRecord(name="find", arguments={"day": "Friday"}, result=Sensitive("ten"))
    running = ToolRecord(name="book", arguments={})
    turns = [
        turn(0, None, GREETING),
        turn(1, "Friday?", "Ten is free. Is that good?", "Ten is free.", (used, running)),
    ]
    messages = history_of(turns).messages(1_000)
    assert [message["role"] for message in messages] == [
        *("assistant", "user", "assistant", "tool", "assistant", "tool", "assistant")
    ]
    assert messages[3]["content"] == "ten"
    assert messages[5]["content"] == "still running"
    assert messages[6]["content"] == "Ten is free. —"


def test_the_caller_is_still_known() -> None:
    turns = [turn(1, "My name is Sarah.", "Hi, Sarah."), turn(2, "How much?", "It is much.")]
    known = acquaintance_of(turns)
    assert (known.name, known.may_address) == ("Sarah", False)
    asked = [turn(1, "Hello.", "Hi! What is your name?"), turn(2, "Peter", "Hello.")]
    assert acquaintance_of(asked).name == "Peter"


def test_words_whose_answer_nobody_heard_are_asked_still_and_are_no_history() -> None:
    past = past_of(a_call(turn(0, None, GREETING), turn(1, "How much?", "It is.", "")), 1_030.0)
    assert past.asked == Sensitive("How much?")
    assert [turn.number for turn in past.turns] == [0]
    assert (past.next_turn, past.seconds) == (2, 30.0)


def test_words_that_no_turn_holds_are_asked() -> None:
    record = a_call(turn(0, None, GREETING))
    record.asked = Sensitive("How much?")
    assert past_of(record, 900.0) == Past(
        turns=tuple(record.turns), asked=Sensitive("How much?"), next_turn=1
    )


@pytest.mark.parametrize(
    ("turns", "left_off"),
    [
        ([], ""),
        ([turn(0, None, GREETING)], "How can I help you today?"),
        ([turn(0, None, GREETING, "Thanks for")], GREETING),
        (
            [turn(1, "BBL?", "Yes. It is 3 hours. And more?", "Yes. It is")],
            "It is 3 hours. And more?",
        ),
        ([turn(1, "BBL?", "Yes. It is 3 hours. And more?", "Yes.")], "It is 3 hours. And more?"),
        ([turn(0, None, GREETING), turn(1, None, "Still there?")], "How can I help you today?"),
        ([turn(0, None, GREETING, "")], ""),
        ([turn(3, None, "We were cut off. It is 3 hours.", "We were")], "It is 3 hours."),
    ],
)
def test_where_we_were(turns: list[TurnRecord], left_off: str) -> None:
    asides = {"Still there?", "We were cut off."}
    assert where_we_were(turns, asides.__contains__) == left_off


def test_what_is_repeated_is_the_answer_not_that_we_were_cut_off() -> None:
    asides = {"Still there?", "We were cut off."}
    turns = [
        turn(2, "BBL?", "It is long."),
        turn(3, None, "We were cut off. It is long."),
        turn(4, None, "Still there?"),
    ]
    assert last_answer(turns, asides.__contains__) == "It is long."
    assert last_answer(turns[2:], asides.__contains__) == ""


def test_the_idle_ladder_counts_the_whole_call() -> None:
    prompts = ["Still there?"]
    turns = (turn(0, None, GREETING), turn(1, None, "Still there?"))
    assert resumption(Past(turns=turns), prompts).rung == 1
    assert resumption(Past(turns=(*turns, turn(2, "Yes", "Good."))), prompts).rung == 0


class Slow(InMemoryRecords):
    async def find(self, call_sid: str) -> CallRecord | None:
        await trio.sleep(3_600)
        return None


class Broken(InMemoryRecords):
    async def find(self, call_sid: str) -> CallRecord | None:
        raise OSError("no database")


async def test_a_look_up_is_short_and_only_for_calls_that_go_on(
    autojump_clock: trio.testing.MockClock,
) -> None:
    first, again = (
        CallStarted("CA1", "MZ2", "AC1", parameters) for parameters in ({}, {"resumes": "2"})
    )
    assert await look_up(first, Slow(), 0.0) is None
    assert trio.current_time() == 0
    assert await look_up(again, Slow(), 0.0) == Past()
    assert trio.current_time() == pytest.approx(LOOK_UP_SECONDS)
    assert await look_up(again, Broken(), 0.0) == Past()


@pytest.mark.parametrize("records", [Slow(), Broken()], ids=["slow", "broken"])
async def test_where_the_database_fails_this_process_still_knows_its_calls(
    records: InMemoryRecords, autojump_clock: trio.testing.MockClock
) -> None:
    records.call_started(CallRecord(call_sid="CA1", stream_sid="MZ1", started_at=0.0))
    records.turn_ended("CA1", turn(0, None, GREETING))
    past = await look_up(CallStarted("CA1", "MZ2", "AC1", {"resumes": "2"}), records, 9.0)
    assert past is not None
    assert (past.next_turn, past.seconds) == (1, 9.0)


async def test_turns_of_a_record_that_cannot_be_read_are_not_replaced(
    autojump_clock: trio.testing.MockClock, tmp_path: Path
) -> None:
    database = Database(f"sqlite:///{tmp_path}/calls.db")
    database.prepare()
    again = CallStarted("CA1", "MZ2", "AC1", {"resumes": "2"})
    past = await look_up(again, Slow(), 1_800_000_000.0)
    assert past is not None
    old, new = turn(0, None, GREETING), turn(past.next_turn, "How much?", "It is much.")
    assert not database.write(
        [
            *(StreamBegan("CA1", "MZ1", 1.0), TurnHeard("CA1", "MZ1", old)),
            *(StreamBegan("CA1", "MZ2", 2.0), TurnHeard("CA1", "MZ2", new)),
        ]
    )
    record = database.find("CA1")
    database.close()
    assert record is not None
    assert [turn.agent for turn in record.turns] == [GREETING, "It is much."]
    assert past_of(record, 3.0).next_turn == past.next_turn + 1


# The table


def test_a_call_that_goes_on_says_so_and_answers_what_was_asked() -> None:
    floor, commands = run(CallResumed(said("How much?"), seconds=100))
    assert commands == [
        SetTimer(Timer.CALL_LIMIT, 1_700),
        SetTimer(Timer.CALL_WARNING, 1_640),
        Say(1, Phrase.CUT_OFF),
    ]
    floor, commands = run(ReplyAudible(1), ReplyProduced(1), PlayedOut(1), floor=floor)
    assert floor.state is State.PROCESSING
    assert commands == [Answer(2, said("How much?"))]


def test_words_over_the_opening_join_what_was_asked() -> None:
    floor, _ = run(CallResumed(said("How much?")), ReplyAudible(1), VoiceStarted(1.0))
    floor, _ = run(WordsHeard(said("Hello, are you there")), VoiceStopped(2.0, 900.0), floor=floor)
    _, commands = run(TurnEnded(said("Hello, how much is it for two?")), floor=floor)
    answers = [command for command in commands if isinstance(command, Answer)]
    assert answers == [Answer(2, said("How much? Hello, how much is it for two?"))]


@pytest.mark.parametrize("past", [1_795, 2_500])
def test_a_call_near_its_limit_still_hears_the_opening(past: float) -> None:
    floor, commands = run(CallResumed(seconds=past))
    assert commands == [SetTimer(Timer.CALL_LIMIT, 10), Say(1, Phrase.CUT_OFF)]
    _, commands = run(expired(Timer.CALL_LIMIT), floor=floor)
    assert Say(2, Phrase.TIME_IS_UP) in commands


# Whole calls


async def cut_after(here: World, placed: Placed, seconds: float) -> None:
    """The line of the call's stream breaks so long after it began."""
    await placed.call.streaming.wait()
    await trio.sleep(seconds)
    media = [s for s in here.network.streams if s.socket.remote[0] == "voxanne.test"]
    next(stream for stream in media if not stream._closed).reset()


async def call_cut_at(here: World, seconds: float, *script: object) -> CallRecord:
    placed = here.call(*script)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(cut_after, here, placed, seconds)
        await here.sandbox.place(placed)
    assert placed.call.journal.violations == []
    assert placed.result()["hung_up_by"] == ["caller"]
    return await here.record(placed)


QUESTION = ("listen", {"say": "Do you do BBL?"}, {"listen": 1_500})


async def test_a_call_cut_off_in_an_answer_goes_on_with_the_rest_of_it(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with world() as here:
        more = ({"say": "My name is Sarah."}, {"listen": 1_500}, "hang_up")
        record = await call_cut_at(here, 12.0, *QUESTION, *more)
        _, cut, opening, named = record.turns
        assert cut.heard.startswith("Yes, we do!")
        rest = opening.heard.removeprefix("Sorry, we were cut off. ")
        assert rest
        assert cut.agent.endswith(rest)
        assert "Sarah" in named.heard
        assert [turn.number for turn in record.turns] == [0, 1, 2, 3]
        assert record.streams == 2
        contents = [message["content"] for message in here.asked[-1]]
        assert any(str(content).startswith(cut.heard) for content in contents)
        started = [turn.timeline["ended"] for turn in record.turns]
        assert started == sorted(started)


async def test_a_call_cut_off_while_we_think_is_answered_then(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with world() as here:
        record = await call_cut_at(here, 9.95, *QUESTION, "hang_up")
        assert [turn.caller is not None for turn in record.turns] == [False, True, False, True]
        assert record.turns[2].heard == "Sorry, we were cut off."
        assert record.turns[3].heard.startswith("Yes, we do!")
        assert [message["role"] for message in here.asked[-1]].count("user") == 1


async def test_a_call_cut_off_while_we_listen_hears_the_question_again(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with world() as here:
        script = ("listen", {"stay_silent": 6}, {"say": "Do you do BBL?"}, {"listen": 1_500})
        record = await call_cut_at(here, 9.0, *script, "hang_up")
        assert record.turns[1].heard == "Sorry, we were cut off. How can I help you today?"
        assert record.turns[2].heard.startswith("Yes, we do!")


async def test_a_call_whose_record_is_gone_is_greeted_shortly(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with world() as here:
        placed = here.call("listen", {"stay_silent": 2}, {"listen": 1_500}, "hang_up")

        async def forget() -> None:
            await placed.call.streaming.wait()
            await trio.sleep(8.9)
            here.composition.records._calls.clear()  # type: ignore[attr-defined]

        async with trio.open_nursery() as nursery:
            nursery.start_soon(forget)
            nursery.start_soon(cut_after, here, placed, 9.0)
            await here.sandbox.place(placed)
        opening = (await here.record(placed)).turns[0]
        assert opening.heard == "Sorry, we were cut off. How can I help you?"


async def test_a_line_on_which_nothing_comes_is_lost_and_taken_up_again(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with world() as here:
        lost: list[float] = []

        def watch(call: object, event: object, commands: object) -> None:
            if isinstance(event, StreamLost):
                lost.append(trio.current_time())

        composition = here.composition
        composition.services = attrs.evolve(composition.services, watch=watch)
        placed = here.call("listen", {"stay_silent": 12}, {"listen": 1_500}, "hang_up")
        silenced: list[float] = []

        async def silence() -> None:
            await placed.call.streaming.wait()
            await trio.sleep(9.0)
            stream = placed.call.stream
            assert stream is not None

            async def nothing(message: object) -> None:
                await trio.lowlevel.checkpoint()

            silenced.append(trio.current_time())
            stream._socket.send = nothing  # type: ignore[method-assign]

        async with trio.open_nursery() as nursery:
            nursery.start_soon(silence)
            await here.sandbox.place(placed)
        assert lost == [pytest.approx(silenced[0] + 5, abs=0.1)]
        assert (await here.record(placed)).turns[1].heard.startswith("Sorry, we were cut off.")


@pytest.mark.parametrize(
    ("outcome", "meant", "heard", "then"),
    [
        ("stream lost", None, GREETING, Then.GO_ON),
        ("stream lost", Ending.TRANSFER, "", Then.TRANSFER),
        ("handed over", None, GREETING, Then.GO_ON),
        ("transfer", Ending.TRANSFER, "One moment.", Then.TRANSFER),
        ("trouble", Ending.TROUBLE, "Sorry.", Then.HANG_UP),
        ("trouble", Ending.TROUBLE, "", Then.TRANSFER),
        ("farewell", Ending.FAREWELL, "Goodbye.", Then.HANG_UP),
        ("farewell", Ending.FAREWELL, "", Then.SAY_GOODBYE),
        ("silence", Ending.SILENCE, "", Then.SAY_GOODBYE),
        ("limit", Ending.LIMIT, "", Then.TRANSFER),
        ("server stopping", Ending.DRAIN, "", Then.TRANSFER),
    ],
)
def test_no_call_ends_without_a_word(
    outcome: str, meant: Ending | None, heard: str, then: Then
) -> None:
    assert what_next(outcome, meant=meant, heard=heard) is then
