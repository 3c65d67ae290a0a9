"""A pool of speak sockets against the scripted peer, on virtual time and in-memory streams."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import attrs
import pytest
import trio

from voxanne_trio.sandbox.memory import Network
from voxanne_trio.speaking import Flushed, Lease
from voxanne_trio.speaking.pool import SocketSpeaker
from voxanne_trio.upstream import Dialer

from .speak_peer import SpeakPeer


@attrs.frozen
class Stage:
    pool: SocketSpeaker
    peer: SpeakPeer
    network: Network


StageMaker = Callable[..., AbstractAsyncContextManager[Stage]]


@asynccontextmanager
async def stage(peer: SpeakPeer | None = None, **options: Any) -> AsyncIterator[Stage]:
    """A running pool, warm unless the peer is broken; afterwards nothing may be left open."""
    peer = peer or SpeakPeer()
    async with trio.open_nursery() as nursery:
        network = Network(nursery)
        network.listen("dg.test", peer.handle)
        pool = SocketSpeaker(
            Dialer(open_stream=network.dial),
            api_key="dg_test",
            base_url="http://dg.test",
            voice="aura-2-thalia-en",
            **({"warm": 1, "most": 3} | options),
        )
        async with trio.open_nursery() as serving:
            await serving.start(pool.run)
            await trio.testing.wait_all_tasks_blocked()
            yield Stage(pool, peer, network)
            serving.cancel_scope.cancel()
        assert pool.open == 0
        assert all(stream._closed for stream in network.streams)
        nursery.cancel_scope.cancel()


@pytest.fixture(autouse=True)
def no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a thread was started")

    monkeypatch.setattr("trio._threads.start_thread_soon", refuse)


async def until_flushed(lease: Lease, audio: bytearray | None = None) -> bytes:
    """All audio of one flush, also put into `audio` as it comes."""
    audio = bytearray() if audio is None else audio
    while not isinstance(item := await lease.receive(), Flushed):
        audio += item
    return bytes(audio)


async def said(lease: Lease, *texts: str) -> bytes:
    """The audio of some texts, flushed once."""
    for text in texts:
        lease.write(text)
    lease.flush()
    return await until_flushed(lease)
