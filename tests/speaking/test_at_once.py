"""What is said to the voice on a real socket is on its way when the call returns, in order."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import attrs
import pytest
import trio
import trio.testing
import trio_websocket

from voxanne_trio.speaking.pool import SocketSpeaker
from voxanne_trio.speaking.socket import OUTGOING, SpeakSocket
from voxanne_trio.upstream import Dialer

pytestmark = pytest.mark.sockets

BOUND = 10.0
LONG = "x" * 60_000


@attrs.define
class Voice:
    """A server that says nothing, and reads once it may."""

    may_read: trio.Event = attrs.field(factory=trio.Event)
    got: list[str] = attrs.field(factory=list)
    came: trio.Event = attrs.field(factory=trio.Event)

    async def handle(self, request: trio_websocket.WebSocketRequest) -> None:
        socket = await request.accept()
        await self.may_read.wait()
        try:
            while True:
                self.got.append(str(await socket.get_message()))
                self.came.set()
        except trio_websocket.ConnectionClosed:
            return

    async def until(self, last: str) -> None:
        with trio.fail_after(BOUND):
            while not self.got or self.got[-1] != last:
                self.came = trio.Event()
                await self.came.wait()


@asynccontextmanager
async def connected() -> AsyncIterator[tuple[Voice, SocketSpeaker, SpeakSocket]]:
    voice = Voice()
    async with trio.open_nursery() as nursery:
        server = await nursery.start(
            trio_websocket.serve_websocket, voice.handle, "127.0.0.1", 0, None
        )
        pool = SocketSpeaker(
            Dialer(),
            api_key="dg_test",
            base_url=f"http://127.0.0.1:{server.port}",
            voice="aura-2-thalia-en",
            warm=1,
            most=1,
        )
        await nursery.start(pool.run)
        await trio.testing.wait_all_tasks_blocked(0.05)
        assert pool.free
        yield voice, pool, pool._sockets[0]
        nursery.cancel_scope.cancel()


async def test_a_sentence_is_written_at_once() -> None:
    async with connected() as (voice, pool, socket), pool.lease() as lease:
        lease.write("Friday at two.")
        lease.flush()
        assert not socket._unwritten
        voice.may_read.set()
        await voice.until('{"type":"Flush"}')
        assert [json.loads(message)["type"] for message in voice.got] == ["Speak", "Flush"]
        assert json.loads(voice.got[0])["text"] == "Friday at two. "


async def test_what_does_not_fit_follows_whole_and_in_order() -> None:
    async with connected() as (voice, _, socket):
        said = [f"{number} {LONG}" for number in range(OUTGOING)]
        for message in said:
            socket._post(message)
        assert 0 < socket._unwritten < OUTGOING
        voice.may_read.set()
        await voice.until(said[-1])
        assert voice.got == said
        await trio.testing.wait_all_tasks_blocked(0.05)
        socket._post("and on")
        assert not socket._unwritten
        await voice.until("and on")
