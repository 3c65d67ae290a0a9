"""The pool against a server that speaks the real wire.

Rules: virtual time and no threads; every time is exact; after each test every stream is closed.
"""

from __future__ import annotations

from contextlib import AsyncExitStack

import pytest
import trio
from trio.testing import MockClock

from voxanne_trio.errors import PermanentVendorError, TransientVendorError
from voxanne_trio.speaking.pool import IDLE_SECONDS, OPEN_FOR_LEASE_SECONDS, RUSH_SECONDS
from voxanne_trio.speaking.socket import (
    MAX_AGE_SECONDS,
    PING_SECONDS,
    PONG_SECONDS,
)

from .conftest import said, stage
from .speak_peer import SpeakPeer, voice


async def test_the_least_used_socket_is_lent(autojump_clock: MockClock) -> None:
    async with stage(warm=2, most=2) as here:
        for _ in range(6):
            async with here.pool.lease() as lease:
                await said(lease, "Sure.")
        assert [connection.kinds().count("Flush") for connection in here.peer.connections] == [3, 3]


async def test_the_pool_stays_warm_and_shrinks_after_a_rush(autojump_clock: MockClock) -> None:
    async with stage(warm=2, most=4) as here:
        assert (here.pool.free, here.pool.open) == (2, 2)
        async with here.pool.lease(), here.pool.lease(), here.pool.lease():
            await trio.sleep(1)
            assert (here.pool.free, here.pool.open) == (1, 4)
            async with here.pool.lease():
                with pytest.raises(TransientVendorError, match="in use"):
                    await here.pool.lease().__aenter__()
        await trio.sleep(1)
        assert (here.pool.free, here.pool.open) == (4, 4)
        await trio.sleep(IDLE_SECONDS + PING_SECONDS)
        assert (here.pool.free, here.pool.open) == (2, 2)


async def test_the_more_replies_begin_the_more_sockets_are_ready(autojump_clock: MockClock) -> None:
    async with stage(warm=1, most=9) as here, AsyncExitStack() as replies:
        for begun, ready in ((1, 1), (2, 2), (3, 3), (4, 4), (5, 4)):  # the fifth is out of room
            await replies.enter_async_context(here.pool.lease())
            await trio.sleep(0.1)
            assert (here.pool.free, here.pool.open) == (ready, begun + ready)
        await replies.aclose()
        await trio.sleep(RUSH_SECONDS)
        async with here.pool.lease():
            await trio.sleep(0.1)
            assert here.pool.open == 9  # those of the rush are still there
        await trio.sleep(IDLE_SECONDS + PING_SECONDS)
        assert (here.pool.free, here.pool.open) == (1, 1)


async def test_a_socket_closed_while_idle_is_replaced(autojump_clock: MockClock) -> None:
    async with stage(SpeakPeer(close_after=15.0)) as here:
        await trio.sleep(50)
        opened = [connection.opened_at for connection in here.peer.connections]
        assert opened == pytest.approx([0, 15, 30, 45], abs=0.1)
        assert here.pool.free == 1


async def test_a_server_that_closes_at_once_is_not_hammered(autojump_clock: MockClock) -> None:
    async with stage(SpeakPeer(close_after=0.0)) as here:
        await trio.sleep(60)
        assert here.peer.attempts == pytest.approx([0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5], abs=0.1)
        assert here.pool.trouble is not None


async def test_a_vendor_that_is_down_is_tried_with_growing_pauses(
    autojump_clock: MockClock,
) -> None:
    peer = SpeakPeer(refuse=503)
    async with stage(peer) as here:
        await trio.sleep(10)
        assert peer.attempts == pytest.approx([0, 0.5, 1.5, 3.5, 7.5])
        with pytest.raises(TransientVendorError) as caught:
            await here.pool.lease().__aenter__()
        assert caught.value.status == 503
        assert trio.current_time() == 10
        peer.refuse = None
        await trio.sleep(6)
        assert here.pool.free == 1
        assert here.pool.trouble is None


async def test_a_refused_key_is_named_and_seldom_tried(autojump_clock: MockClock) -> None:
    async with stage(SpeakPeer(refuse=401)) as here:
        await trio.sleep(59)
        assert isinstance(here.pool.trouble, PermanentVendorError)
        assert here.peer.attempts == [0, 30]


async def test_retry_after_is_kept(autojump_clock: MockClock) -> None:
    async with stage(SpeakPeer(refuse=429, headers=[(b"retry-after", b"7")])) as here:
        await trio.sleep(8)
        assert here.peer.attempts == [0, 7]


async def test_a_lease_does_not_wait_long_for_a_socket(autojump_clock: MockClock) -> None:
    async with stage(SpeakPeer(silent_handshake=True)) as here:
        with pytest.raises(TransientVendorError, match="in time"):
            await here.pool.lease().__aenter__()
        assert trio.current_time() == OPEN_FOR_LEASE_SECONDS


async def test_a_lease_before_the_pool_runs_is_refused(autojump_clock: MockClock) -> None:
    async with stage() as here:
        pool = here.pool
    with pytest.raises(TransientVendorError, match="not running"):
        await pool.lease().__aenter__()


async def test_a_lease_opens_a_socket_when_none_is_warm(autojump_clock: MockClock) -> None:
    async with stage(warm=0, most=1) as here:
        assert here.pool.open == 0
        async with here.pool.lease() as lease:
            assert await said(lease, "Sure.") == voice("Sure. ")
        assert here.pool.free == 1


async def test_cancelled_while_a_socket_opens_nothing_is_left(autojump_clock: MockClock) -> None:
    async with stage(SpeakPeer(silent_handshake=True), warm=0, most=1) as here:
        with trio.move_on_after(0.5):
            async with here.pool.lease():
                raise AssertionError
        await trio.testing.wait_all_tasks_blocked()
        assert here.pool.open == 0


async def test_an_old_socket_ends_when_its_lease_does(autojump_clock: MockClock) -> None:
    async with stage(warm=1, most=2) as here:
        await trio.sleep(MAX_AGE_SECONDS - PING_SECONDS / 2)
        async with here.pool.lease() as lease:
            await trio.sleep(PING_SECONDS * 2)
            assert here.peer.connections[0].closed_at is None
            assert await said(lease, "Still here.") == voice("Still here. ")
        await trio.testing.wait_all_tasks_blocked()
        assert here.peer.connections[0].closed_at == pytest.approx(trio.current_time())
        assert here.pool.free == 1


async def test_an_idle_socket_that_answers_no_ping_is_replaced(autojump_clock: MockClock) -> None:
    async with stage() as here:
        stream = here.network.streams[0]
        stream._outgoing.capacity = 0  # nothing reaches the peer any more, and nothing says so
        await trio.sleep(PING_SECONDS + PONG_SECONDS + 2)
        assert len(here.peer.connections) == 2
        assert here.pool.free == 1
