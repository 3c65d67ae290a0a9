"""The HTTP way through deepgram-sdk, and the choice between both ways.

Rules: the SDK unmodified, no threads, virtual time; after each test no connection is left.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import trio
from trio.testing import MockClock

from tests.thinking.groq_peer import CUT, HALT, Answer, GroqPeer, Step
from voxanne_trio.errors import PermanentVendorError, TransientVendorError, VendorError
from voxanne_trio.sandbox.memory import Network, http_transport
from voxanne_trio.speaking import Flushed
from voxanne_trio.speaking.http import AT_ONCE, READ_SECONDS, WAIT_SECONDS, HttpSpeaker
from voxanne_trio.speaking.inbox import BOUND_BYTES

from .conftest import said, until_flushed

DATA = Path(__file__).parent.parent / "data" / "deepgram_messages.jsonl"
RECORDS = [json.loads(line) for line in DATA.read_text(encoding="utf-8").splitlines()]


def refusals() -> list[Answer]:
    """The refusals recorded for speech over HTTP."""
    return [
        Answer(
            [json.dumps(record["msg"]["body"]).encode()],
            record["msg"]["status"],
            record["msg"]["headers"],
        )
        for record in RECORDS
        if record["seq"].startswith("speak_http_") and record["kind"] == "http_error"
    ]


@asynccontextmanager
async def speaking(*answers: Answer) -> AsyncIterator[tuple[HttpSpeaker, GroqPeer, Network]]:
    peer = GroqPeer(list(answers))
    async with trio.open_nursery() as nursery:
        network = Network(nursery)
        network.listen("dg.test", peer.handle)
        transport = http_transport(network.dial)
        async with httpx.AsyncClient(transport=transport) as client:
            yield (
                HttpSpeaker(
                    client, api_key="dg_test", base_url="http://dg.test", voice="aura-2-thalia-en"
                ),
                peer,
                network,
            )
        await trio.testing.wait_all_tasks_blocked()
        assert not transport._pool.connections  # type: ignore[attr-defined]
        assert all(stream._closed for stream in network.streams)
        nursery.cancel_scope.cancel()


async def test_one_request_a_flush_in_order(autojump_clock: MockClock) -> None:
    answers = Answer([0.1, b"a" * 333, 0.1, b"b"]), Answer([0.1, b"c" * 7])
    async with speaking(*answers) as (speaker, peer, _), speaker.lease() as lease:
        assert lease.way == "http"
        lease.write("Sure.")
        lease.write("Friday at two")
        lease.flush()
        lease.write("is open.")
        lease.flush()
        assert await lease.receive() == b"a" * 333
        assert trio.current_time() == pytest.approx(0.1)
        assert await until_flushed(lease) == b"b"
        assert await until_flushed(lease) == b"c" * 7
        assert trio.current_time() == pytest.approx(0.3)
    (target, headers, body), (_, _, second) = peer.requests
    assert urlsplit(target).path == "/v1/speak"
    assert parse_qs(urlsplit(target).query) == {
        "model": ["aura-2-thalia-en"],
        "encoding": ["mulaw"],
        "sample_rate": ["8000"],
        "container": ["none"],
    }
    assert headers["authorization"] == "Token dg_test"
    assert (body, second) == ({"text": "Sure. Friday at two"}, {"text": "is open."})
    assert peer.connections == 1


async def test_a_long_text_is_several_requests_and_one_flush(autojump_clock: MockClock) -> None:
    answers = Answer([b"a"]), Answer([b"b"])
    async with speaking(*answers) as (speaker, peer, _), speaker.lease() as lease:
        assert await said(lease, "word " * 500) == b"ab"
        lease.flush()
        assert await lease.receive() == Flushed()
    assert [len(body["text"]) <= 2_000 for _, _, body in peer.requests] == [True, True]


@pytest.mark.parametrize("answer", refusals(), ids=lambda answer: str(answer.status))
async def test_recorded_refusals(autojump_clock: MockClock, answer: Answer) -> None:
    transient = answer.status in {429, 503}
    async with speaking(answer) as (speaker, _, _), speaker.lease() as lease:
        with pytest.raises(VendorError) as caught:
            await said(lease, "Sure.")
        lease.write("More.")
        lease.flush()
        with pytest.raises(VendorError):
            await lease.receive()
    error = caught.value
    assert type(error) is (TransientVendorError if transient else PermanentVendorError)
    assert error.status == answer.status
    assert error.request_id == answer.headers["dg-request-id"]
    assert "dg_test" not in str(error)


async def test_a_body_cut_or_stalled_gives_what_came_and_then_fails(
    autojump_clock: MockClock,
) -> None:
    for ending in (CUT, HALT):
        audio = bytearray()
        answer = Answer([b"abc", ending])
        async with speaking(answer) as (speaker, _, _), speaker.lease() as lease:
            lease.write("Sure.")
            lease.flush()
            with pytest.raises(TransientVendorError):
                await until_flushed(lease, audio)
        assert audio == b"abc"
    assert trio.current_time() == pytest.approx(READ_SECONDS)


async def test_nobody_there_is_transient(autojump_clock: MockClock) -> None:
    async with speaking() as (speaker, _, network):
        network.refuse("dg.test")
        async with speaker.lease() as lease:
            with pytest.raises(TransientVendorError, match="cannot be reached"):
                await said(lease, "Sure.")


@pytest.mark.parametrize("moment", [0.0, 0.05, 0.1, 0.15, 0.25, 1.0])
@pytest.mark.parametrize("listens", [True, False])
async def test_leaving_closes_the_connection_at_once(
    autojump_clock: MockClock, moment: float, listens: bool
) -> None:
    script: list[Step] = [0.1, *[b"a" * 1_000] * 30, HALT]
    async with speaking(Answer(script)) as (speaker, _, network):
        with trio.move_on_after(moment):
            async with speaker.lease() as lease:
                lease.write("Sure.")
                lease.flush()
                while listens:
                    await lease.receive()
                await trio.sleep_forever()
        assert trio.current_time() == moment
        assert all(stream._closed for stream in network.streams)


async def test_a_slow_listener_pushes_back(autojump_clock: MockClock) -> None:
    answer = Answer([b"a" * 1_000] * 50)
    async with speaking(answer) as (speaker, _, _), speaker.lease() as lease:
        lease.write("Sure.")
        lease.flush()
        await trio.sleep(60)
        assert lease.inbox._bytes < BOUND_BYTES + 65_536
        assert await until_flushed(lease) == b"a" * 50_000


@pytest.mark.parametrize(
    ("seconds", "sixteenth"), [(0.2, 0.4), (1.0, None)], ids=["waits for one", "is refused"]
)
async def test_no_more_than_15_requests_at_once(
    autojump_clock: MockClock, seconds: float, sixteenth: float | None
) -> None:
    answers = [Answer([seconds, b"a"]) for _ in range(AT_ONCE + 1)]
    ended = []

    async def one(speaker: HttpSpeaker) -> None:
        with suppress(TransientVendorError):
            async with speaker.lease() as lease:
                await said(lease, "Sure.")
                ended.append(round(trio.current_time(), 3))
                return
        refused.append(round(trio.current_time(), 3))

    refused: list[float] = []
    async with speaking(*answers) as (speaker, _, _), trio.open_nursery() as nursery:
        for _ in range(AT_ONCE + 1):
            nursery.start_soon(one, speaker)
    assert ended == [seconds] * AT_ONCE + ([] if sixteenth is None else [sixteenth])
    assert refused == ([WAIT_SECONDS] if sixteenth is None else [])


async def test_an_error_of_the_holder_comes_out_as_it_is(autojump_clock: MockClock) -> None:
    async with speaking() as (speaker, _, _):
        with pytest.raises(ZeroDivisionError):
            async with speaker.lease():
                raise ZeroDivisionError


@pytest.mark.parametrize(
    ("status", "kind"),
    [(200, None), (404, None), (401, PermanentVendorError), (503, TransientVendorError)],
)
async def test_the_probe_says_whether_the_key_is_taken(
    autojump_clock: MockClock, status: int, kind: type[VendorError] | None
) -> None:
    async with speaking(Answer([b"{}"], status)) as (speaker, peer, _):
        if kind:
            with pytest.raises(kind):
                await speaker.probe()
        else:
            await speaker.probe()
        assert peer.requests[0][0] == "/v1/auth/token"
        assert peer.requests[0][1]["authorization"] == "Token dg_test"
