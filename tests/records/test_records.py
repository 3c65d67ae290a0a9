"""What every form of records does: a call over several streams, its turns, its end."""

from __future__ import annotations

from voxanne_trio.events import Sensitive
from voxanne_trio.records import InMemoryRecords, Then
from voxanne_trio.web.outcomes import settle

from .support import FULL_TURN, a_call, a_turn, any_records, end, found


async def test_a_call_goes_on_with_a_new_stream(any_url: str, autojump_clock: object) -> None:
    async with any_records(any_url) as records:
        records.call_started(a_call())
        records.turn_ended("CA1", a_turn(0, None, "Hello."))
        records.turn_began("CA1", Sensitive("When are you open?"))
        end(records, "stream lost", Then.GO_ON, {"gaps": 1})
        assert (await found(records)).outcome == "stream lost"
        records.call_started(a_call(stream="MZ2"))
        call = await found(records)
        assert (call.stream_sid, call.streams, call.outcome) == ("MZ2", 2, None)
        assert call.started_at == a_call().started_at
        assert call.asked == Sensitive("When are you open?")
        records.turn_ended("CA1", a_turn(1, "When are you open?", "Until five."))
        end(records, "farewell", Then.HANG_UP, {"gaps": 2, "dropped_ms": 40})
        call = await found(records)
        assert call.asked is None
        assert [turn.number for turn in call.turns] == [0, 1]
        assert (call.outcome, call.then) == ("farewell", Then.HANG_UP)
        assert (call.duration_ms, call.counts) == (2_000, {"gaps": 3, "dropped_ms": 40})


async def test_what_a_call_turned_out_to_be_takes_nothing_away(
    any_url: str, autojump_clock: object
) -> None:
    async with any_records(any_url) as records:
        records.call_started(a_call())
        end(records, "transfer", Then.TRANSFER, {"gaps": 2})
        call = await found(records)
        settle(records, call, "voicemail", Then.HANG_UP, {"voicemail_seconds": 9})
        call = await found(records)
        assert (call.outcome, call.then) == ("voicemail", Then.HANG_UP)
        assert (call.duration_ms, call.counts) == (1_000, {"gaps": 2, "voicemail_seconds": 9})


async def test_a_phrase_of_ours_answers_nothing(any_url: str, autojump_clock: object) -> None:
    async with any_records(any_url) as records:
        records.call_started(a_call())
        records.turn_began("CA1", Sensitive("When are you open?"))
        records.turn_ended("CA1", a_turn(0, None, "One moment."))
        assert (await found(records)).asked is not None


async def test_a_turn_comes_back_as_it_was(any_url: str, autojump_clock: object) -> None:
    async with any_records(any_url) as records:
        records.call_started(a_call())
        records.turn_ended("CA1", FULL_TURN)
        assert (await found(records)).turns == [FULL_TURN]


async def test_a_recording_is_kept_over_streams_and_the_first_that_is_told_stays(
    any_url: str, autojump_clock: object
) -> None:
    async with any_records(any_url) as records:
        records.call_started(a_call())
        assert (await found(records)).as_json()["recording"] is None
        records.recording_left("CA1", "https://api.twilio.com/RE1")
        records.recording_left("CA1", "https://api.twilio.com/RE2")
        records.call_started(a_call(stream="MZ2"))
        end(records, "farewell", Then.HANG_UP)
        call = await found(records)
        assert call.as_json()["recording"] == "https://api.twilio.com/RE1"
        assert "RE1" not in repr(call)


async def test_what_is_said_of_an_unknown_call_is_not_kept(
    any_url: str, autojump_clock: object
) -> None:
    async with any_records(any_url) as records:
        records.turn_began("CA1", Sensitive("Hello?"))
        records.turn_ended("CA1", a_turn(0, None, "Hello."))
        end(records, "hung up")
        records.recording_left("CA1", "https://api.twilio.com/RE1")
        assert await records.find("CA1") is None
        assert records.failure is None


async def test_in_memory_the_oldest_calls_go(autojump_clock: object) -> None:
    records = InMemoryRecords(limit=2)
    for number in range(3):
        records.call_started(a_call(f"CA{number}"))
    assert await records.find("CA0") is None
    end(records, "hung up", sid="CA2")
    records.call_started(a_call("CA3"))
    assert await records.find("CA1") is not None, "it still goes on"
    assert await records.find("CA2") is None


async def test_what_is_learned_of_an_end_later_adds_to_it(
    any_url: str, autojump_clock: object
) -> None:
    async with any_records(any_url) as records:
        records.call_started(a_call())
        end(records, "transfer", Then.TRANSFER, {"gaps": 1})
        message = {"voicemail_seconds": 23}
        records.call_ended(
            "CA1", outcome="voicemail", then=Then.HANG_UP, duration_ms=0, counts=message
        )
        call = await found(records)
        assert (call.outcome, call.then) == ("voicemail", Then.HANG_UP)
        assert (call.duration_ms, call.counts) == (1_000, {"gaps": 1, **message})
