"""GroqThinker against a scripted server over in-memory streams, the groq SDK unmodified.

Rules: no threads, no sockets, virtual time only; after each test no connection is left open.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import httpx
import pytest
import trio
from trio.testing import MockClock

from tests.speaking.fire_at import FireAt, sweep
from voxanne_trio.errors import PermanentVendorError, TransientVendorError, VendorError
from voxanne_trio.sandbox.memory import Network, http_transport
from voxanne_trio.thinking import Finished, ThinkingRequest, Thought, ToolCall, Words
from voxanne_trio.thinking.groq_chat import (
    HURRIED_CHARACTERS,
    LAST_BYTES_SECONDS,
    REST_SECONDS,
    GroqThinker,
)

from .groq_peer import CUT, DONE, HALT, STOP, Answer, GroqPeer, Step, bodies, chunk, http_errors

MESSAGES = ({"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello?"})
REQUEST = ThinkingRequest("openai/gpt-oss-20b", MESSAGES)


@pytest.fixture(autouse=True)
def no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a thread was started")

    monkeypatch.setattr("trio._threads.start_thread_soon", refuse)


@asynccontextmanager
async def thinking(*answers: Answer) -> AsyncIterator[tuple[GroqThinker, GroqPeer, Network]]:
    peer = GroqPeer(list(answers))
    async with trio.open_nursery() as nursery:
        network = Network(nursery)
        network.listen("llm.test", peer.handle)
        transport = http_transport(network.dial)
        async with httpx.AsyncClient(transport=transport) as client:
            thinker = GroqThinker(
                client,
                api_key="gsk_test",
                base_url="http://llm.test",
                max_completion_tokens=512,
                temperature=0.4,
            )
            thinker.prewarm()
            yield thinker, peer, network
        await trio.testing.wait_all_tasks_blocked()
        assert not transport._pool.connections  # type: ignore[attr-defined]
        assert all(stream._closed for stream in network.streams)
        nursery.cancel_scope.cancel()


async def ask(
    thinker: GroqThinker,
    request: ThinkingRequest = REQUEST,
    each: Callable[[Thought], object] = bool,
) -> list[Thought]:
    heard = []
    async with thinker.think(request) as thoughts:
        async for thought in thoughts:
            each(thought)
            heard.append(thought)
    return heard


async def test_thoughts_come_at_the_time_they_are_written(autojump_clock: MockClock) -> None:
    script: Sequence[Step] = [0.1, chunk("Yes,"), 0.05, chunk(" we do."), 0.02, STOP + DONE]
    async with thinking(Answer(script)) as (thinker, _, _):
        heard: list[tuple[float, Thought]] = []
        await ask(thinker, each=lambda it: heard.append((round(trio.current_time(), 3), it)))
    assert heard == [
        (0.1, Words("Yes,")),
        (0.15, Words(" we do.")),
        (0.17, Finished("stop")),
    ]


async def test_what_follows_a_long_first_piece_is_read_in_larger_ones(
    autojump_clock: MockClock,
) -> None:
    words: list[Step] = [chunk("word "), 0.002] * 40
    script = [chunk("x" * HURRIED_CHARACTERS), *words, STOP + DONE]
    async with thinking(Answer(script)) as (thinker, _, _):
        times: list[float] = []
        heard = await ask(thinker, each=lambda _: times.append(trio.current_time()))
    assert len(heard) == 42  # nothing is lost
    assert times[-1] <= 40 * 0.002 + REST_SECONDS
    assert len(set(times)) <= 8  # reads that waited, where there were 42 chunks


async def test_the_request_is_what_groq_documents(autojump_clock: MockClock) -> None:
    tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
    async with thinking(Answer([STOP, DONE]), Answer([STOP, DONE])) as (thinker, peer, _):
        await ask(thinker, ThinkingRequest(REQUEST.model, MESSAGES, (tool,)))
        await ask(thinker, ThinkingRequest("qwen/qwen3.8-27b", MESSAGES))
    target, headers, body = peer.requests[0]
    assert target == "/openai/v1/chat/completions"
    assert headers["authorization"] == "Bearer gsk_test"
    common = {
        "messages": list(MESSAGES),
        "max_completion_tokens": 512,
        "temperature": 0.4,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    assert body == common | {
        "model": "openai/gpt-oss-20b",
        "reasoning_effort": "low",
        "include_reasoning": False,
        "tools": [tool],
        "tool_choice": "auto",
        "parallel_tool_calls": False,
    }
    assert peer.requests[1][2] == common | {"model": "qwen/qwen3.8-27b"}


async def test_a_reply_read_to_its_end_leaves_the_connection_for_the_next(
    autojump_clock: MockClock,
) -> None:
    body = bodies()["tool_preamble_then_parallel"]
    async with thinking(Answer([body]), Answer([body])) as (thinker, peer, _):
        first, second = await ask(thinker), await ask(thinker)
    assert first == second
    assert [type(thought) for thought in first[-3:]] == [ToolCall, ToolCall, Finished]
    assert peer.connections == 1


@pytest.mark.parametrize("name", sorted(bodies()))
async def test_recorded_bodies_end_or_fail(autojump_clock: MockClock, name: str) -> None:
    fails = name.startswith(("error", "truncated"))
    async with thinking(Answer([bodies()[name]])) as (thinker, _, _):
        if fails:
            with pytest.raises(TransientVendorError):
                await ask(thinker)
        else:
            assert isinstance((await ask(thinker))[-1], Finished)


@pytest.mark.parametrize("answer", http_errors(), ids=lambda answer: str(answer.status))
async def test_recorded_refusals(autojump_clock: MockClock, answer: Answer) -> None:
    transient = {429, 498, 500, 503}
    is_bad_sample = b"tool_use_failed" in b"".join(
        step for step in answer.steps if isinstance(step, bytes)
    )
    async with thinking(answer) as (thinker, _, _):
        with pytest.raises(VendorError) as caught:
            await ask(thinker)
    error = caught.value
    expected = TransientVendorError if answer.status in transient or is_bad_sample else None
    assert type(error) is (expected or PermanentVendorError)
    assert error.status == answer.status
    assert error.retry_after == (6.0 if answer.status == 429 else None)
    assert error.__cause__ is not None
    assert "gsk_test" not in str(error)


async def test_a_body_cut_in_the_middle_is_transient(autojump_clock: MockClock) -> None:
    async with thinking(Answer([chunk("Yes,"), CUT])) as (thinker, _, _):
        heard: list[Thought] = []
        with pytest.raises(TransientVendorError, match="broke off"):
            await ask(thinker, each=heard.append)
    assert heard == [Words("Yes,")]


async def test_a_body_cut_after_its_reason_is_complete(autojump_clock: MockClock) -> None:
    async with thinking(Answer([chunk("Yes.") + STOP, CUT])) as (thinker, _, _):
        assert await ask(thinker) == [Words("Yes."), Finished("stop")]


async def test_a_body_left_open_after_done_ends_all_the_same(autojump_clock: MockClock) -> None:
    async with thinking(Answer([chunk("Yes.") + STOP + DONE, HALT])) as (thinker, _, _):
        await ask(thinker)
        assert trio.current_time() == pytest.approx(LAST_BYTES_SECONDS)


async def test_nobody_there_is_transient(autojump_clock: MockClock) -> None:
    async with thinking() as (thinker, _, network):
        network.refuse("llm.test")
        with pytest.raises(TransientVendorError, match="cannot be reached"):
            await ask(thinker)


async def test_a_silent_server_is_transient(autojump_clock: MockClock) -> None:
    async with thinking(Answer([chunk("Yes,"), HALT])) as (thinker, _, _):
        with pytest.raises(TransientVendorError, match="no answer in time"):
            await ask(thinker)
        assert trio.current_time() == pytest.approx(15.0)


@pytest.mark.parametrize("at", [0.0, 0.05, 0.15, 0.25, 0.5])
@pytest.mark.parametrize("busy", [False, True])
async def test_leaving_closes_the_connection_at_once(
    autojump_clock: MockClock, at: float, busy: bool
) -> None:
    """Cancelled while it waits, or while its consumer is busy with a word: nothing is left."""
    script: Sequence[Step] = [0.1, chunk("One"), 0.1, chunk(" two"), HALT]
    async with thinking(Answer(script)) as (thinker, peer, network):
        with trio.move_on_at(at):
            async with thinker.think(REQUEST) as thoughts:
                async for _ in thoughts:
                    if busy:
                        await trio.sleep_forever()
        assert trio.current_time() == at
        assert all(stream._closed for stream in network.streams)
        await trio.sleep(1)
        if peer.connections and peer.hung_up_at is not None:
            assert peer.hung_up_at == pytest.approx(at, abs=0.11)


async def test_a_break_closes_the_connection_at_once(autojump_clock: MockClock) -> None:
    async with thinking(Answer([chunk("One") * 40, HALT])) as (thinker, peer, network):
        async with thinker.think(REQUEST) as thoughts:
            async for thought in thoughts:
                assert thought == Words("One")
                break
        assert all(stream._closed for stream in network.streams)
        await trio.testing.wait_all_tasks_blocked()
        assert peer.hung_up_at == 0


async def test_an_error_of_the_consumer_comes_out_as_it_is(autojump_clock: MockClock) -> None:
    async with thinking(Answer([chunk("One"), HALT])) as (thinker, _, network):
        with pytest.raises(ZeroDivisionError):
            await ask(thinker, each=lambda _: 1 / 0)
        assert all(stream._closed for stream in network.streams)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(200, None), (404, None), (401, PermanentVendorError), (503, TransientVendorError)],
)
async def test_the_probe_says_whether_the_key_is_taken(
    autojump_clock: MockClock, status: int, kind: type[VendorError] | None
) -> None:
    answer = Answer([b'{"error": {"message": "no", "code": "c"}, "data": []}'], status)
    async with thinking(answer) as (thinker, peer, _):
        if kind:
            with pytest.raises(kind):
                await thinker.probe()
        else:
            await thinker.probe()
        assert peer.requests[0][0] == "/openai/v1/models"


async def leave_at_any_step(at: FireAt) -> None:
    script: Sequence[Step] = [0.1, chunk("One"), chunk(" two"), 0.1, STOP + DONE]
    async with thinking(Answer(script), Answer(script)) as (thinker, _, _):
        with trio.CancelScope() as scope:
            at.fire = scope.cancel
            await ask(thinker)
        at.fire = None
        if scope.cancelled_caught:
            assert await ask(thinker) == [Words("One"), Words(" two"), Finished("stop")]


# httpx gives a request's body by an async generator: cancelled while it is sent, nobody ends it.
@pytest.mark.filterwarnings("ignore:Async generator 'httpx._content.ByteStream:ResourceWarning")
def test_nothing_is_lost_by_leaving_at_any_step() -> None:
    assert sweep(leave_at_any_step, 1) > 20
