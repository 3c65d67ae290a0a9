"""The official groq client, unmodified, against the stand-in: streams, tools, errors."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import groq
import httpx
import pytest
import trio
from groq._base_client import get_platform
from trio.testing import MockClock

from voxanne_trio.clinic import load_clinic
from voxanne_trio.sandbox.faults import Fault
from voxanne_trio.sandbox.groq import Groq
from voxanne_trio.sandbox.memory import Network, http_transport
from voxanne_trio.sandbox.profiles import Profile
from voxanne_trio.sandbox.receptionist import Receptionist
from voxanne_trio.sandbox.wire import serve_stream

MODEL = "openai/gpt-oss-20b"
TOOLS: Any = [
    {
        "type": "function",
        "function": {"name": "find_slots", "parameters": {"type": "object", "properties": {}}},
    }
]


@asynccontextmanager
async def sdk() -> AsyncIterator[tuple[groq.AsyncGroq, Groq]]:
    profile = Profile.named("target", random.Random(1))
    answer = Receptionist(load_clinic()).answer
    stand_in = Groq(profile, answer, rng=random.Random(2), wall=lambda: 1_795_340_254.0)
    async with trio.open_nursery() as nursery:
        network = Network(nursery)
        network.listen("api.groq.com", lambda stream: serve_stream(stream, stand_in.handle))
        http = httpx.AsyncClient(transport=http_transport(network.dial))
        client = groq.AsyncGroq(
            api_key="k", base_url="http://api.groq.com", max_retries=0, http_client=http
        )
        client._platform = get_platform()  # it would be asked for in a thread
        async with client:
            yield client, stand_in
        nursery.cancel_scope.cancel()


def ask(text: str) -> Any:
    return [{"role": "system", "content": "Be brief."}, {"role": "user", "content": text}]


async def test_a_stream(autojump_clock: MockClock) -> None:
    async with sdk() as (client, stand_in):
        stream = await client.chat.completions.create(
            model=MODEL,
            messages=ask("Do you do BBL?"),
            stream=True,
            reasoning_effort="low",
            include_reasoning=False,
            max_completion_tokens=512,
            temperature=0.4,
            extra_body={"stream_options": {"include_usage": True}},
        )
        async with stream:
            chunks = [chunk async for chunk in stream]
    choices = [choice for chunk in chunks for choice in chunk.choices]
    said = "".join(choice.delta.content or "" for choice in choices)
    assert said == stand_in.served[0].text
    assert said.startswith("Yes, we do!")
    assert choices[-1].finish_reason == "stop"
    assert chunks[-1].choices == []
    assert chunks[0].x_groq is not None
    assert chunks[-2].x_groq is not None
    assert chunks[-2].x_groq.usage is not None
    assert chunks[-2].x_groq.usage.prompt_tokens == 13


async def test_a_whole_answer_and_the_models(autojump_clock: MockClock) -> None:
    async with sdk() as (client, _):
        completion = await client.chat.completions.create(
            model="openai/gpt-oss-120b", messages=ask("How much is rhinoplasty?")
        )
        models = await client.models.list()
    assert "$7,500-$10,000" in (completion.choices[0].message.content or "")
    assert completion.usage is not None
    assert MODEL in [model.id for model in models.data]


async def test_tools(autojump_clock: MockClock) -> None:
    async with sdk() as (client, _):
        messages = ask("I'd like to book an appointment")
        stream = await client.chat.completions.create(
            model=MODEL, messages=messages, stream=True, tools=TOOLS
        )
        async with stream:
            chunks = [chunk async for chunk in stream]
        calls = [
            call
            for chunk in chunks
            for choice in chunk.choices
            for call in choice.delta.tool_calls or []
        ]
        assert [call.function and call.function.name for call in calls] == ["find_slots"]
        assert chunks[-1].choices[0].finish_reason == "tool_calls"
        called = {"id": calls[0].id, "type": "function", "function": {"name": "find_slots"}}
        called["function"]["arguments"] = "{}"  # type: ignore[index]  # a dict of mixed values
        messages += [
            {"role": "assistant", "content": None, "tool_calls": [called]},
            {"role": "tool", "tool_call_id": calls[0].id, "content": '{"slots": ["Monday 9 AM"]}'},
        ]
        answer = await client.chat.completions.create(model=MODEL, messages=messages, tools=TOOLS)
    assert "Monday 9 AM" in (answer.choices[0].message.content or "")


@pytest.mark.filterwarnings(
    # The SDK leaves its own generators to the collector when a stream ends with an error.
    "ignore::pytest.PytestUnraisableExceptionWarning",
    "ignore:Async generator:ResourceWarning",
)
async def test_errors_are_the_sdks_own(autojump_clock: MockClock) -> None:
    async with sdk() as (client, stand_in):

        async def stream(model: str = MODEL, **options: Any) -> None:
            made = await client.chat.completions.create(
                model=model, messages=ask("Hello"), stream=True, **options
            )
            async with made:
                async for _ in made:
                    pass

        with pytest.raises(groq.NotFoundError) as missing:
            await stream("llama-3.3-70b-versatile")
        assert missing.value.body["error"]["code"] == "model_not_found"  # type: ignore[index]  # object
        with pytest.raises(groq.BadRequestError):
            await stream(temperature=9)
        stand_in.faults.add(Fault(kind="status", status=429))
        with pytest.raises(groq.RateLimitError) as limited:
            await stream()
        assert limited.value.response.headers["retry-after"] == "6"
        stand_in.faults.add(Fault(kind="status", status=500))
        with pytest.raises(groq.InternalServerError):
            await stream()
        stand_in.faults.add(Fault(kind="error_event", after=2))
        with pytest.raises(groq.APIError):
            await stream()
        stand_in.faults.add(Fault(kind="cut", after=2))
        with pytest.raises(httpx.RemoteProtocolError):
            await stream()
        stand_in.faults.add(Fault(kind="truncate", after=2))
        await stream()
        client.api_key = "wrong"
        with pytest.raises(groq.AuthenticationError):
            await stream()


async def test_leaving_a_stream_ends_it_here_too(autojump_clock: MockClock) -> None:
    async with sdk() as (client, stand_in):
        before = trio.lowlevel.current_statistics().tasks_living
        with trio.move_on_after(0.2) as barge_in:
            stream = await client.chat.completions.create(
                model=MODEL, messages=ask("What services do you offer?"), stream=True
            )
            async with stream:
                async for chunk in stream:
                    if chunk.choices and chunk.choices[0].delta.content:
                        barge_in.cancel()
        await trio.sleep(1)
        assert trio.lowlevel.current_statistics().tasks_living == before
        assert not stand_in.served[0].finished
