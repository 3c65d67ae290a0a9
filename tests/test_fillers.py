"""Whole calls whose vendors are slow, on virtual time: what the caller hears meanwhile.

The stand-in for the model is told how late to be; what is asserted is what was played, and when.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
import trio
import trio.testing

from voxanne_trio.records import CallRecord, TurnRecord
from voxanne_trio.sandbox.faults import Fault
from voxanne_trio.sandbox.server import Placed
from voxanne_trio.simulation.world import World, world
from voxanne_trio.web.composition import FILLERS

QUESTION = "Do you do BBL?"
ALONE: dict[str, Any] = {"llm_models": ("openai/gpt-oss-20b",), "llm_first_token_ms": 8_000}
"""One way, and no deadline that would end the wait: what is left is silence, or fillers."""


def filled(caplog: pytest.LogCaptureFixture) -> list[str]:
    said = [line.removeprefix("Voxanne: ").strip('"') for line in caplog.messages]
    return [text for text in said if text in FILLERS]


async def ring(here: World, *script: Any, faults: tuple[Fault, ...]) -> tuple[Placed, CallRecord]:
    placed = here.call("listen", {"say": QUESTION}, *script)
    for fault in faults:
        here.groq.faults.add(fault)
    await here.sandbox.place(placed)
    assert placed.call.journal.violations == []
    return placed, await here.record(placed)


def answer_in(record: CallRecord) -> TurnRecord:
    (turn,) = [t for t in record.turns if t.caller is not None and QUESTION in t.caller.reveal()]
    return turn


def silences(placed: Placed) -> list[float]:
    """Between what the phone played, from the caller's last voice on."""
    playout, microphone = placed.call.playout, placed.call.microphone
    asked = microphone.time(microphone.runs[-1][1])
    runs = [(playout.time(a), playout.time(b)) for a, b in playout.runs]
    ends = [asked, *(end for _, end in runs if end > asked)]
    starts = [start for start, _ in runs if start > asked]
    return [round(start - end, 2) for start, end in zip(starts, ends, strict=False)]


async def test_a_slow_answer_is_announced_and_comes_after_its_filler(
    autojump_clock: trio.testing.MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    async with world(**ALONE) as here:
        late = (Fault(kind="slow", seconds=2.4, times=None),)
        placed, record = await ring(here, {"listen": 2_500}, "hang_up", faults=late)
        assert filled(caplog) == ["One moment."]
        turn = answer_in(record)
        assert turn.heard == turn.agent
        assert turn.heard.startswith("Yes, we do!")
        assert "moment" not in turn.agent + turn.spoken
        assert turn.latency_ms["total"] is not None
        assert turn.latency_ms["total"] > 2_000  # a filler ends the gap, never the total
        assert turn.latency_ms["gap"] is not None
        assert 1_200 < turn.latency_ms["gap"] < 2_000
        assert max(silences(placed)) < 2.0
        assert record.counts["gaps"] == 0


async def test_a_very_slow_answer_has_several_and_never_the_same_twice_in_a_row(
    autojump_clock: trio.testing.MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    async with world(**ALONE) as here:
        late = (Fault(kind="slow", seconds=7.0, times=None),)
        placed, record = await ring(here, {"listen": 2_500}, "hang_up", faults=late)
        said = filled(caplog)
        assert len(said) == 3
        assert all(first != second for first, second in pairwise(said))
        assert answer_in(record).heard.startswith("Yes, we do!")
        assert max(silences(placed)) < 2.0


async def test_an_answer_that_stalls_in_its_middle_is_filled_and_goes_on(
    autojump_clock: trio.testing.MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    async with world(**ALONE, llm_stall_ms=8_000) as here:
        late = (Fault(kind="stall", seconds=4.0),)
        placed, record = await ring(here, {"listen": 2_500}, "hang_up", faults=late)
        assert filled(caplog) == ["One moment."]
        turn = answer_in(record)
        assert turn.heard == turn.agent
        assert len(turn.heard.split()) > 5
        assert turn.latency_ms["total"] is not None
        assert turn.latency_ms["total"] < 500
        assert max(silences(placed)) < 2.0


async def test_who_speaks_during_a_filler_is_let_speak_and_answered_in_one(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with world(**ALONE) as here:
        late = (Fault(kind="slow", seconds=2.4, times=None),)
        more = {"interrupt": "And how much does it cost?", "after_ms": 200}
        placed, record = await ring(here, more, {"listen": 2_500}, "hang_up", faults=late)
        turn = answer_in(record)
        assert turn.caller is not None
        assert turn.caller.reveal() == f"{QUESTION} And how much does it cost?"
        assert "$" in turn.agent
        assert len(placed.call.journal.of("clear")) == 1


async def test_where_no_model_answers_the_apology_comes_after_fillers(
    autojump_clock: trio.testing.MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    async with world() as here:
        hung = (Fault(kind="slow", seconds=60.0, times=None),)
        placed, record = await ring(here, {"listen": 3_000}, "hang_up", faults=hung)
        assert len(filled(caplog)) == 1
        turn = answer_in(record)
        assert "trouble" in turn.heard
        assert not turn.interrupted
        assert max(silences(placed)) < 2.0


async def test_a_goodbye_is_not_kept_waiting(
    autojump_clock: trio.testing.MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    async with world(**ALONE) as here:
        placed = here.call("listen", {"say": "Thank you, goodbye."}, "await_hang_up")
        here.groq.faults.add(Fault(kind="slow", seconds=6.0, times=None))
        await here.sandbox.place(placed)
        record = await here.record(placed)
        assert filled(caplog) == []
        assert record.turns[-1].heard == "Thanks for calling. Goodbye."
        assert record.outcome == "farewell"
