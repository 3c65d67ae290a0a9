"""Groq's stand-in in bytes: its shapes against the sample streams, errors, limits, faults."""

from __future__ import annotations

import json
import random
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock

from voxanne_trio.sandbox.completions import Answer, ToolUse, tokens
from voxanne_trio.sandbox.faults import Fault
from voxanne_trio.sandbox.groq import CHAT, LIST, Groq
from voxanne_trio.sandbox.memory import Network, http_transport
from voxanne_trio.sandbox.profiles import Profile
from voxanne_trio.sandbox.wire import serve_stream

SAMPLES = (Path(__file__).parent.parent / "data" / "groq_stream.txt").read_text()
TEXT = "It's $8,000-$12,000; recovery takes 2 weeks. **Want** me to check Tuesday?"
AUTH = {"authorization": "Bearer k"}
ASK: dict[str, Any] = {
    "model": "openai/gpt-oss-20b",
    "messages": [{"role": "user", "content": "How much is it?"}],
    "stream": True,
    "include_reasoning": False,
    "stream_options": {"include_usage": True},
}


def make_groq(answer: Answer | None = None, **options: Any) -> Groq:
    said = answer or Answer(TEXT)

    def reply(messages: Sequence[Mapping[str, Any]], tools: Sequence[str]) -> Answer:
        del messages, tools
        return said

    profile = Profile.named("fixed:260,110,90", random.Random(1))
    return Groq(profile, reply, rng=random.Random(2), wall=lambda: 1_795_340_254.5, **options)


@asynccontextmanager
async def client_of(groq: Groq) -> AsyncIterator[httpx.AsyncClient]:
    async with trio.open_nursery() as nursery:
        network = Network(nursery)
        network.listen("groq", lambda stream: serve_stream(stream, groq.handle))
        transport = http_transport(network.dial)
        async with httpx.AsyncClient(transport=transport, base_url="http://groq") as client:
            yield client
        nursery.cancel_scope.cancel()


def events(body: str) -> list[dict[str, Any]]:
    lines = [line[6:] for line in body.splitlines() if line.startswith("data: {")]
    return [json.loads(line) for line in lines]


def sample(name: str) -> list[dict[str, Any]]:
    section = re.split(rf"(?m)^: === stream: {name} ===$", SAMPLES)[1]
    return events(re.split(r"(?m)^: === ", section)[0])


def shape(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    return [shape(inner) for inner in value] if isinstance(value, list) else type(value)


def shapes(chunks: Sequence[Any]) -> list[Any]:
    """The different shapes of a stream, in order of their first appearance."""
    found: list[Any] = []
    for chunk in chunks:
        if shape(chunk) not in found:
            found.append(shape(chunk))
    return found


def without_cached(chunks: Sequence[dict[str, Any]]) -> list[Any]:
    """Cached tokens come and go with the prompt's length."""
    return json.loads(re.sub(r'"prompt_tokens_details": \{[^}]*\}, ', "", json.dumps(chunks)))  # type: ignore[no-any-return]  # JSON


@pytest.mark.parametrize(
    ("name", "ask", "answer"),
    [
        ("text_gptoss120b", {}, Answer(TEXT)),
        ("text_no_include_usage", {"stream_options": None}, Answer(TEXT)),
        ("reasoning_gptoss20b", {"include_reasoning": True}, Answer(TEXT)),
        ("tool_single_delta", {}, Answer("", (ToolUse("find_slots", "{}"),))),
        (
            "tool_preamble_then_parallel",
            {},
            Answer("Let me look.", (ToolUse("find_slots"), ToolUse("find_slots"))),
        ),
        ("length_reasoning_starvation", {"include_reasoning": True, "max_tokens": 5}, Answer(TEXT)),
    ],
)
async def test_streams_are_shaped_like_the_samples(
    autojump_clock: MockClock, name: str, ask: dict[str, Any], answer: Answer
) -> None:
    async with client_of(make_groq(answer)) as client:
        response = await client.post(CHAT, json={**ASK, **ask}, headers=AUTH)
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/event-stream"
    assert response.text.endswith("data: [DONE]\n\n")
    ours, theirs = events(response.text), sample(name)
    assert shapes(without_cached(ours)) == shapes(without_cached(theirs))
    assert {chunk["id"] for chunk in ours} == {ours[0]["id"]}
    deltas = [choice["delta"] for chunk in ours for choice in chunk["choices"]]
    expected = "" if "max_tokens" in ask else answer.text
    assert "".join(delta.get("content", "") for delta in deltas) == expected


async def test_the_first_token_comes_after_the_profiles_delay(autojump_clock: MockClock) -> None:
    groq = make_groq()
    times: list[tuple[float, str]] = []
    async with client_of(groq) as client:
        start = trio.current_time()
        async with client.stream("POST", CHAT, json=ASK, headers=AUTH) as response:
            async for line in response.aiter_lines():
                if line.startswith("data: {"):
                    choices: list[Any] = json.loads(line[6:])["choices"]
                    content = choices[0]["delta"].get("content", "") if choices else ""
                    times.append((trio.current_time() - start, content))
    role, *said = times
    assert role[0] == pytest.approx(0.11 * 0.35)
    said = [(at, content) for at, content in said if content]
    assert said[0][0] == pytest.approx(0.11)
    gaps = [b - a for (a, _), (b, _) in pairwise(said)]
    assert 0.001 <= min(gaps) <= max(gaps) <= 0.0051
    assert groq.served[0].finished
    assert groq.served[0].text == TEXT


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"model": "llama-3.3-70b-versatile"}, 404, "model_not_found"),
        ({"model": "gpt-9"}, 404, "model_not_found"),
        ({"model": None}, 400, None),
        ({"messages": []}, 400, None),
        ({"messages": [{"role": "robot", "content": "x"}]}, 400, None),
        ({"messages": [{"role": "user"}]}, 400, None),
        ({"messages": [{"role": "assistant", "content": "", "reasoning": "x"}]}, 400, None),
        ({"temperature": 3}, 400, None),
        ({"n": 2}, 400, None),
        ({"max_completion_tokens": 0}, 400, None),
        ({"reasoning_effort": "none"}, 400, None),
        ({"reasoning_format": "parsed"}, 400, None),
        ({"logprobs": True}, 400, None),
        ({"stream": False}, 400, None),
        ({"tools": [{"type": "function"}]}, 400, None),
    ],
)
async def test_bad_requests_are_refused(
    autojump_clock: MockClock, change: dict[str, Any], status: int, code: str | None
) -> None:
    async with client_of(make_groq()) as client:
        response = await client.post(CHAT, json={**ASK, **change}, headers=AUTH)
    error = response.json()["error"]
    assert response.status_code == status
    assert error.get("code") == code
    assert error["type"] == "invalid_request_error"
    assert response.headers["x-ratelimit-limit-requests"] == "500000"


async def test_keys_models_and_unknown_paths(autojump_clock: MockClock) -> None:
    async with client_of(make_groq(keys=frozenset({"good"}))) as client:
        for key in ("wrong", "bad"):
            headers = {"authorization": f"Bearer {key}"}
            refused = await client.post(CHAT, json=ASK, headers=headers)
            assert refused.status_code == 401
            assert refused.json()["error"]["code"] == "invalid_api_key"
        good = {"authorization": "Bearer good"}
        models = (await client.get(LIST, headers=good)).json()
        assert "openai/gpt-oss-20b" in [model["id"] for model in models["data"]]
        assert (await client.get(LIST)).status_code == 401
        assert (await client.get("/openai/v1/openai/v1/models", headers=good)).status_code == 404
        assert (await client.post(CHAT, content=b"{", headers=good)).status_code == 400


async def test_tokens_a_minute_are_a_limit(autojump_clock: MockClock) -> None:
    ask = {**ASK, "messages": [{"role": "user", "content": "x" * 4_000}]}
    async with client_of(make_groq(tokens_per_minute=2_500)) as client:
        statuses = [(await client.post(CHAT, json=ask, headers=AUTH)).status_code for _ in range(3)]
        assert statuses == [200, 200, 429]
        over = await client.post(CHAT, json=ask, headers=AUTH)
        assert int(over.headers["retry-after"]) in range(55, 61)
        assert over.json()["error"]["type"] == "tokens"
        assert over.headers["x-ratelimit-remaining-tokens"] == "492"
        await trio.sleep(61)
        assert (await client.post(CHAT, json=ask, headers=AUTH)).status_code == 200


async def test_a_model_that_does_not_stream(autojump_clock: MockClock) -> None:
    answer = Answer("Let me look.", (ToolUse("find_slots", '{"day":"friday"}'),))
    ask = {key: value for key, value in ASK.items() if not key.startswith("stream")}
    async with client_of(make_groq(answer)) as client:
        body = (await client.post(CHAT, json=ask, headers=AUTH)).json()
    assert body["object"] == "chat.completion"
    assert body["choices"][0]["finish_reason"] == "tool_calls"
    call = body["choices"][0]["message"]["tool_calls"][0]
    assert call["function"] == {"name": "find_slots", "arguments": '{"day":"friday"}'}
    assert "index" not in call


async def fault_body(fault: Fault) -> tuple[str, float]:
    groq = make_groq()
    groq.faults.add(fault)
    async with client_of(groq) as client:
        start = trio.current_time()
        response = await client.post(CHAT, json=ASK, headers=AUTH, timeout=None)
        elapsed = trio.current_time() - start
        again = await client.post(CHAT, json=ASK, headers=AUTH)
        assert again.text.endswith("data: [DONE]\n\n")
    assert response.status_code == (fault.status if fault.kind == "status" else 200)
    return response.text, elapsed


async def test_faults(autojump_clock: MockClock) -> None:
    cut_short, _ = await fault_body(Fault(kind="truncate", after=3))
    assert "[DONE]" not in cut_short
    assert 'finish_reason":"stop' not in cut_short
    assert cut_short.count('"content"') == 4
    error, _ = await fault_body(Fault(kind="error_event", after=3))
    assert 'event: error\ndata: {"error"' in error
    groq_error, _ = await fault_body(Fault(kind="x_groq_error"))
    assert '"error":"over_capacity"' in groq_error
    starved, _ = await fault_body(Fault(kind="starve"))
    assert '"finish_reason":"length"' in starved
    _, stalled = await fault_body(Fault(kind="stall", seconds=5))
    _, slow = await fault_body(Fault(kind="slow", seconds=2))
    assert 5.11 < stalled < 5.4
    assert 2.11 < slow < 2.4
    unavailable, _ = await fault_body(Fault(kind="status", status=503))
    assert json.loads(unavailable)["error"]["type"] == "internal_server_error"
    limited, _ = await fault_body(Fault(kind="status", status=429))
    assert json.loads(limited)["error"]["code"] == "rate_limit_exceeded"


@pytest.mark.parametrize("kind", ["cut", "refuse"])
async def test_a_cut_connection(autojump_clock: MockClock, kind: str) -> None:
    groq = make_groq()
    groq.faults.add(Fault(kind=kind, after=2))
    async with client_of(groq) as client:
        with pytest.raises(httpx.RemoteProtocolError):
            await client.post(CHAT, json=ASK, headers=AUTH)
    assert not groq.served[0].finished


async def test_a_stall_comes_after_the_first_sentence(autojump_clock: MockClock) -> None:
    groq = make_groq()
    groq.faults.add(Fault(kind="stall", seconds=9))
    async with client_of(groq) as client, trio.open_nursery() as nursery:

        async def ask() -> None:
            await client.post(CHAT, json=ASK, headers=AUTH, timeout=None)

        nursery.start_soon(ask)
        await trio.sleep(4)
        assert groq.served[0].text == "It's $8,000-$12,000; recovery takes 2 weeks."


def test_unknown_faults_are_refused() -> None:
    groq = make_groq()
    for wanted in ({"kind": "flood"}, {"kind": "cut", "colour": 1}, {}):
        with pytest.raises(ValueError):
            groq.faults.add_from(wanted)
    groq.faults.add_from({"kind": "cut", "times": 2})
    assert [fault and fault.kind for fault in (groq.faults.take() for _ in range(3))] == [
        "cut",
        "cut",
        None,
    ]


@given(st.text())
def test_tokens_join_to_the_text(text: str) -> None:
    assert "".join(tokens(text)) == text
