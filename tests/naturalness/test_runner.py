"""Scripts through the agent: the messages it gets, its tries, the checks' inputs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import attrs
import pytest
import trio
import trio.testing

from voxanne_trio.clinic import load_clinic
from voxanne_trio.errors import PermanentVendorError, TransientVendorError
from voxanne_trio.naturalness.runner import Agent, Outcome, rate, unchanged
from voxanne_trio.naturalness.scenario import Scenario, Turn
from voxanne_trio.thinking import Thrift
from voxanne_trio.thinking.thoughts import Finished, ThinkingRequest, Thought, Words

CLINIC = load_clinic()


@attrs.define
class Told:
    """A thinker who says what it is told to, or fails."""

    answers: list[str | Exception]
    requests: list[ThinkingRequest] = attrs.field(factory=list)

    def thrift(self, model: str) -> Thrift:
        return Thrift.NONE

    @asynccontextmanager
    async def think(self, request: ThinkingRequest) -> AsyncIterator[AsyncIterator[Thought]]:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        yield _thoughts(answer)


async def _thoughts(text: str) -> AsyncIterator[Thought]:
    for word in text.split():
        yield Words(f"{word} ")
    yield Finished("stop")


def agent(*answers: str | Exception) -> tuple[Agent, Told]:
    told = Told(list(answers))
    made = Agent(thinker=told, model="m", clinic=CLINIC, now_text="Monday", speech=unchanged)
    return made, told


def script(*turns: str | Turn, patient: str = "") -> Scenario:
    made = (turn if isinstance(turn, Turn) else Turn(say=turn) for turn in turns)
    return Scenario(name="a script", turns=tuple(made), patient=patient)


def notes(request: ThinkingRequest) -> list[str]:
    return [m["content"] for m in request.messages[1:] if m["role"] == "system"][1:]


async def test_a_conversation_is_told_to_the_model_as_on_a_call() -> None:
    made, told = agent("It's 2 weeks.", "Yes. Bye.")
    outcome = await made.run(script("How long?", "Sure?"))
    talk = [(m["role"], m["content"]) for m in told.requests[1].messages if m["role"] != "system"]
    assert talk == [
        ("assistant", CLINIC.greeting),
        ("user", "How long?"),
        ("assistant", "It's 2 weeks."),
        ("user", "Sure?"),
    ]
    assert [reply.written for reply in outcome.replies] == ["It's 2 weeks.", "Yes. Bye."]
    assert outcome.verdicts["Numbers as Words"].passed is False
    assert 0 < rate([outcome]) < 1


async def test_the_name_is_told_to_the_model_from_when_it_is_known() -> None:
    made, told = agent("Hi, Sarah. Yes?", "Hi. Yes?", "Hi, Sarah. Yes?", "Fine. Yes?")
    known = await made.run(script("Hello", patient="Sarah"))
    said_once = "The caller's name is Sarah. Say it once, in direct address."
    assert notes(told.requests[0]) == [said_once]
    assert known.replies[0].name == "Sarah"
    learned = await made.run(script("Hello", "I'm Sarah.", "So?", patient="Sarah"))
    assert notes(told.requests[1]) == []
    assert notes(told.requests[2]) == [said_once]
    assert notes(told.requests[3]) == ["The caller's name is Sarah. Do not say it now."]
    assert [reply.name for reply in learned.replies] == ["", "Sarah", "Sarah"]


async def test_silence_and_keys_are_told() -> None:
    made, told = agent("Hello? Yes?", "Okay. Yes?")
    await made.run(script(Turn(silence=8), Turn(press="0")))
    assert notes(told.requests[0]) == ["The caller has said nothing for 8 seconds."]
    assert notes(told.requests[1]) == ["The caller has pressed 0."]


async def test_another_try_when_the_vendor_is_busy(autojump_clock: trio.testing.MockClock) -> None:
    busy = TransientVendorError("groq", "too much", status=429, retry_after=7)
    made, told = agent(busy, "It's fine. Okay?")
    outcome = await made.run(script("Hello"))
    assert outcome.replies[0].written == "It's fine. Okay?"
    assert trio.current_time() == 7
    assert len(told.requests) == 2


async def test_a_refusal_and_lasting_trouble_come_out(
    autojump_clock: trio.testing.MockClock,
) -> None:
    made, _ = agent(PermanentVendorError("groq", "key refused"))
    with pytest.raises(PermanentVendorError):
        await made.run(script("Hello"))
    made, told = agent(*[TransientVendorError("groq", "down")] * 9)
    with pytest.raises(TransientVendorError):
        await made.run(script("Hello"))
    assert len(told.requests) == 4


def test_the_rate_of_nothing() -> None:
    assert rate([]) == 0.0
    assert rate([Outcome(script("Hi"), (), {})]) == 0.0
