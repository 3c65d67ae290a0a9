"""Scripted callers against an agent played by hand: what they wait for, what they report."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence

import pytest
import trio
from trio.testing import MockClock

from tests.sandbox.answering import LOUD, ORIGIN, Answering, Line, twilio_for
from voxanne_trio.sandbox.account import Numbers
from voxanne_trio.sandbox.caller import (
    AwaitHangUp,
    Caller,
    CallerReport,
    HangUp,
    Interrupt,
    Listen,
    Press,
    Say,
    StaySilent,
    Step,
    read_script,
)
from voxanne_trio.sandbox.phone import PhoneCall
from voxanne_trio.sandbox.playout import voiced
from voxanne_trio.sandbox.sockets import SocketClosed

DELAY = 0.008
SECOND = LOUD * 50


async def speak(text: str) -> bytes:
    """300 ms of voice a word, and a little silence at the end."""
    await trio.lowlevel.checkpoint()
    return b"\x20" * 2_400 * len(text.split()) + b"\xff" * 400


class Agent:
    """Greets for a second, answers each stretch of voice 500 ms after its end, gives way.

    Without giving way it goes on, and says the next answer after this one.
    """

    def __init__(self, *, answer_seconds: int = 3, gives_way: bool = True) -> None:
        self._answer = SECOND * answer_seconds
        self._gives_way = gives_way
        self._speaking_until = 0.0

    async def drive(self, line: Line) -> None:
        await line.receive_until("start")
        await self._say(line, SECOND)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._listen, line, nursery.cancel_scope)

    async def _say(self, line: Line, audio: bytes) -> None:
        self._speaking_until = trio.current_time() + len(audio) / 8_000
        await line.play(audio)

    async def _listen(self, line: Line, over: trio.CancelScope) -> None:
        quiet = -1
        try:
            while True:
                message = await line.receive()
                if message["event"] != "media":
                    continue
                if voiced(base64.b64decode(message["media"]["payload"])):
                    if self._gives_way and trio.current_time() < self._speaking_until:
                        self._speaking_until = 0.0
                        await line.clear()
                    quiet = 0
                elif quiet >= 0:
                    quiet += 1
                if quiet == 25:
                    quiet = -1
                    await self._say(line, self._answer)
        except SocketClosed:
            over.cancel()


async def call_with(agent: Agent, script: Sequence[Step]) -> tuple[PhoneCall, CallerReport]:
    async with twilio_for(Answering(agent.drive)) as twilio:
        caller = Caller(script, speak)
        call = twilio.new_call(Numbers(webhook=f"{ORIGIN}/twiml"))
        with trio.fail_after(600):
            await twilio.place(call, caller)
        return call, caller.report


async def test_a_caller_waits_for_each_answer(autojump_clock: MockClock) -> None:
    call, report = await call_with(
        Agent(), [Listen(), Say("do you do BBL"), Listen(), Say("bye"), Listen(), HangUp()]
    )
    assert report.missed == []
    assert call.journal.violations == []
    assert report.greeted_at is not None
    assert report.greeted_until == pytest.approx(report.greeted_at + 1)
    first, second = report.turns
    assert report.greeted_until is not None
    assert first.began_at == pytest.approx(report.greeted_until + 0.9, abs=0.03)
    assert first.voiced_until == pytest.approx(first.began_at + 1.2, abs=0.03)
    assert first.gap_ms == pytest.approx(520, abs=45)
    assert first.answered_until is not None
    assert first.answered_at is not None
    assert first.answered_until - first.answered_at == pytest.approx(3)
    assert second.began_at == pytest.approx(first.answered_until + 0.9, abs=0.03)
    assert first.silent_at is None
    json.dumps([turn.as_json() for turn in report.turns])


async def test_an_interruption_is_timed_from_the_callers_side(autojump_clock: MockClock) -> None:
    call, report = await call_with(
        Agent(), [Listen(), Say("how much"), Interrupt("wait", after_ms=1_200), Listen()]
    )
    asked, cut_in = report.turns
    assert asked.answered_at is not None
    assert cut_in.interrupting
    assert cut_in.began_at == pytest.approx(asked.answered_at + 1.2, abs=0.03)
    assert cut_in.silent_at is not None
    assert cut_in.cleared_at == pytest.approx(cut_in.silent_at)
    assert 0.02 < cut_in.silent_at - cut_in.began_at < 0.08
    assert cut_in.answered_at is not None
    assert cut_in.answered_at > cut_in.voiced_until
    assert len(call.journal.of("clear")) == 1


async def test_an_agent_that_does_not_give_way_is_found_out(autojump_clock: MockClock) -> None:
    _, report = await call_with(
        Agent(gives_way=False), [Listen(), Say("hi"), Interrupt("no no", after_ms=500), Listen()]
    )
    cut_in = report.turns[1]
    assert cut_in.cleared_at is None
    assert cut_in.silent_at is not None
    assert cut_in.silent_at - cut_in.began_at == pytest.approx(5.5, abs=0.05)


async def test_an_agent_that_says_nothing(autojump_clock: MockClock) -> None:
    async def drive(line: Line) -> None:
        await line.drain()

    async with twilio_for(Answering(drive)) as twilio:
        steps = ({"listen": None, "patience": 3}, {"stay_silent": 1}, {"press": "1#"})
        script = [*read_script(steps), Interrupt("hey", patience=2)]
        caller = Caller(script, speak)
        call = twilio.new_call(Numbers(webhook=f"{ORIGIN}/twiml"))
        await twilio.place(call, caller)
    assert len(caller.report.missed) == 2
    assert caller.report.greeted_at is None
    assert [turn.answered_at for turn in caller.report.turns] == [None]
    assert [entry.detail for entry in call.journal.of("dtmf")] == ["1", "#"]


@pytest.mark.parametrize(("stays", "missed"), [(1.0, []), (50.0, ["nobody hung up"])])
async def test_waiting_for_the_other_side_to_hang_up(
    autojump_clock: MockClock, stays: float, missed: list[str]
) -> None:
    async def drive(line: Line) -> None:
        await line.receive_until("start")
        with trio.move_on_after(stays):
            await line.drain()
        await line.socket.close()

    async with twilio_for(Answering(drive)) as twilio:
        caller = Caller([AwaitHangUp(patience=5)], speak)
        call = twilio.new_call(Numbers(webhook=f"{ORIGIN}/twiml"))
        await twilio.place(call, caller)
    assert caller.report.missed == missed
    assert call.status == "completed"


def test_scripts_are_read_from_json() -> None:
    steps = json.loads(
        '["listen", {"say": "Do you do BBL?"}, {"interrupt": "Wait", "after_ms": 900},'
        ' {"stay_silent": 2}, {"press": "1"}, {"listen": null, "silence_ms": 700}, "hang_up"]'
    )
    assert read_script(steps) == [
        Listen(),
        Say("Do you do BBL?"),
        Interrupt("Wait", 900),
        StaySilent(2),
        Press("1"),
        Listen(silence_ms=700),
        HangUp(),
    ]


@pytest.mark.parametrize("step", ["sing", {}, 3, {"say": "x", "louder": True}, {"press": None}])
def test_what_is_no_step_is_refused(step: object) -> None:
    with pytest.raises(ValueError):
        read_script([step])
