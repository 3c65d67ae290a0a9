"""A barge-in after any step of any task: the pool and the next lease are none the worse."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import trio

from tests.thinking.groq_peer import Answer, GroqPeer
from voxanne_trio.sandbox.memory import Network, http_transport
from voxanne_trio.speaking.http import HttpSpeaker

from .conftest import said, stage
from .fire_at import FireAt, Scenario, sweep
from .speak_peer import SpeakPeer, heard

STRIDE = 13
"""Every step takes 40 s (and passes); a prime stride still meets every kind of moment."""


async def barge_in_on_a_socket(at: FireAt, warm: int) -> None:
    async with stage(SpeakPeer(), warm=warm, most=1) as here:
        with trio.CancelScope() as scope:
            at.fire = scope.cancel
            async with here.pool.lease() as lease:
                await said(lease, "a" * 50)
                lease.write("b" * 200)
                await said(lease, "c")
        at.fire = None
        await trio.sleep(3)
        assert here.pool.open <= 1
        async with here.pool.lease() as lease:
            assert heard(await said(lease, "Next.")) == "Next. "
        assert len(here.peer.connections) <= 2


async def barge_in_on_a_warm_socket(at: FireAt) -> None:
    await barge_in_on_a_socket(at, 1)


async def barge_in_on_an_opening_socket(at: FireAt) -> None:
    await barge_in_on_a_socket(at, 0)


async def barge_in_on_http(at: FireAt) -> None:
    peer = GroqPeer([Answer([0.1, b"a" * 5_000, b"b" * 5_000, 0.1, b"c"])] * 2)
    async with trio.open_nursery() as nursery:
        network = Network(nursery)
        network.listen("dg.test", peer.handle)
        transport: Any = http_transport(network.dial, max_connections=1)
        async with httpx.AsyncClient(transport=transport) as client:
            limit = trio.CapacityLimiter(1)
            speaker = HttpSpeaker(
                client, api_key="k", base_url="http://dg.test", voice="v", limit=limit
            )
            with trio.CancelScope() as scope:
                at.fire = scope.cancel
                async with speaker.lease() as lease:
                    await said(lease, "Sure.")
            at.fire = None
            assert limit.borrowed_tokens == 0
            assert all(
                not connection.is_available() or connection.is_idle()
                for connection in transport._pool.connections
            )
            async with speaker.lease() as lease:
                assert len(await said(lease, "Next.")) == 10_001
        assert all(stream._closed for stream in network.streams)
        nursery.cancel_scope.cancel()


# httpx gives a request's body by an async generator: cancelled while it is sent, nobody ends it.
@pytest.mark.filterwarnings("ignore:Async generator 'httpx._content.ByteStream:ResourceWarning")
@pytest.mark.parametrize(
    "scenario", [barge_in_on_a_warm_socket, barge_in_on_an_opening_socket, barge_in_on_http]
)
def test_nothing_is_lost_by_a_barge_in_at_any_step(scenario: Scenario) -> None:
    assert sweep(scenario, STRIDE) > 50
