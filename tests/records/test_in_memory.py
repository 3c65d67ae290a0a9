"""Calls in memory: over several streams, and never more than so many."""

from __future__ import annotations

from collections.abc import Mapping

from voxanne_trio.events import Sensitive
from voxanne_trio.records import CallRecord, InMemoryRecords, Then, TurnRecord


def a_call(sid: str = "CA1", stream: str = "MZ1") -> CallRecord:
    return CallRecord(call_sid=sid, stream_sid=stream, started_at=1_700_000_000.0)


def a_turn(number: int, caller: str | None, heard: str) -> TurnRecord:
    return TurnRecord(
        number=number,
        caller=Sensitive(caller) if caller is not None else None,
        agent=heard,
        heard=heard,
        interrupted=False,
        latency_ms={},
        timeline={},
    )


def end(records: InMemoryRecords, outcome: str, then: Then, counts: Mapping[str, int]) -> None:
    records.call_ended("CA1", outcome=outcome, then=then, duration_ms=1_000, counts=counts)


async def test_a_call_goes_on_with_a_new_stream(autojump_clock: object) -> None:
    records = InMemoryRecords()
    records.call_started(a_call())
    records.turn_ended("CA1", a_turn(0, None, "Hello."))
    records.turn_began("CA1", Sensitive("When are you open?"))
    end(records, "stream lost", Then.GO_ON, {"gaps": 1})
    records.call_started(a_call(stream="MZ2"))
    call = await records.find("CA1")
    assert call is not None
    assert (call.stream_sid, call.streams, call.outcome) == ("MZ2", 2, None)
    assert call.asked is not None
    assert call.asked.reveal() == "When are you open?"
    records.turn_ended("CA1", a_turn(1, "When are you open?", "Until five."))
    end(records, "farewell", Then.HANG_UP, {"gaps": 2, "dropped_ms": 40})
    assert call.asked is None
    assert [turn.number for turn in call.turns] == [0, 1]
    assert (call.outcome, call.then) == ("farewell", Then.HANG_UP)
    assert (call.duration_ms, call.counts) == (2_000, {"gaps": 3, "dropped_ms": 40})


async def test_a_phrase_of_ours_answers_nothing(autojump_clock: object) -> None:
    records = InMemoryRecords()
    records.call_started(a_call())
    records.turn_began("CA1", Sensitive("When are you open?"))
    records.turn_ended("CA1", a_turn(0, None, "One moment."))
    call = await records.find("CA1")
    assert call is not None
    assert call.asked is not None


async def test_the_oldest_calls_go(autojump_clock: object) -> None:
    records = InMemoryRecords(limit=2)
    for number in range(3):
        records.call_started(a_call(f"CA{number}"))
    assert await records.find("CA0") is None
    assert await records.find("CA2") is not None
