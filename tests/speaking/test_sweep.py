"""A barge-in after every step of any task: the pool and the next lease are none the worse.

The instrument fires when a task has parked, so the cancellation is delivered exactly there.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import attrs
import httpx
import pytest
import trio
from trio.testing import MockClock

from tests.thinking.groq_peer import Answer, GroqPeer
from voxanne_trio.sandbox.memory import Network, http_transport
from voxanne_trio.speaking.http import HttpSpeaker

from .conftest import said, stage
from .speak_peer import SpeakPeer, heard

STRIDE = 1
"""Every step would take a minute; an odd stride still meets every kind of moment."""


@attrs.define(eq=False)
class FireAt(trio.abc.Instrument):
    step: int
    fire: Callable[[], None] | None = None
    steps: int = 0
    fired: bool = False

    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        del task
        if self.fire is None or self.fired:
            return
        self.steps += 1
        if self.steps == self.step:
            self.fired = True
            self.fire()


Scenario = Callable[[FireAt], Awaitable[None]]


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
            assert all(not connection.is_available() or connection.is_idle()
                       for connection in transport._pool.connections)
            async with speaker.lease() as lease:
                assert len(await said(lease, "Next.")) == 10_001
        assert all(stream._closed for stream in network.streams)
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize(
    "scenario", [barge_in_on_a_warm_socket, barge_in_on_an_opening_socket, barge_in_on_http]
)
def test_nothing_is_lost_by_a_barge_in_at_any_step(scenario: Scenario) -> None:
    step, at = 1, FireAt(1, fired=True)
    while at.fired:
        at = FireAt(step)
        trio.run(bounded, scenario, at, clock=MockClock(autojump_threshold=0), instruments=[at])
        step += STRIDE
    assert step > 10 * STRIDE


async def bounded(scenario: Scenario, at: FireAt) -> None:
    with trio.fail_after(3_600):
        await scenario(at)
