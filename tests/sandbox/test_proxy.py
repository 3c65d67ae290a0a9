"""The proxy before two servers: who is asked in turn, who is passed over, and what goes through."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio
from trio.testing import MockClock

from voxanne_trio.sandbox.client import NoAnswer, UpgradeRefused, fetch, open_socket
from voxanne_trio.sandbox.memory import Network
from voxanne_trio.sandbox.proxy import ANSWER_SECONDS, Proxy
from voxanne_trio.sandbox.sockets import SocketClosed
from voxanne_trio.sandbox.wire import Exchange, serve_stream

HOSTS = ("one", "two")


class Servers:
    """Two servers that say who they are; a media stream is echoed."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.status = dict.fromkeys(HOSTS, 200)
        self.seen: list[tuple[str, bytes]] = []
        self.open: list[trio.abc.Stream] = []
        for host in HOSTS:
            self.start(host)
        self.proxy = Proxy([(host, 80) for host in HOSTS], dial=network.dial, most=5)
        network.listen("proxy", self.proxy.handler)

    def start(self, host: str) -> None:
        async def handle(exchange: Exchange) -> None:
            self.seen.append((host, exchange.request.body))
            if self.status[host] == 0:
                await trio.sleep_forever()
            elif self.status[host] != 200 or not exchange.request.is_upgrade:
                await exchange.respond(self.status[host], host * 50_000)
            else:
                self.open.append(exchange.stream)
                socket = await exchange.accept()
                while True:
                    await socket.send(f"{host} {await socket.receive()!r}")

        self.network.listen(host, lambda stream: serve_stream(stream, handle))

    async def get(self, size: int = 70_000) -> tuple[int, str]:
        answer = await fetch(self.network.dial, "POST", "http://proxy/twiml", body=b"x" * size)
        return answer.status, answer.body[:3].decode()


@asynccontextmanager
async def servers() -> AsyncIterator[Servers]:
    async with trio.open_nursery() as nursery:
        yield Servers(Network(nursery))
        nursery.cancel_scope.cancel()


async def test_servers_take_turns_and_bad_ones_are_passed_over(autojump_clock: MockClock) -> None:
    async with servers() as there:
        assert [await there.get() for _ in range(3)] == [(200, "one"), (200, "two"), (200, "one")]
        assert {body for _, body in there.seen} == {b"x" * 70_000}
        there.status["two"] = 503
        assert [await there.get() for _ in range(2)] == [(200, "one")] * 2
        there.status["two"] = 200
        there.network.refuse("one")
        assert [await there.get() for _ in range(2)] == [(200, "two")] * 2
        there.status["two"] = 500  # an answer, if not a good one
        assert (await there.get())[0] == 500
        there.status["two"] = 503
        assert (await there.get())[0] == 503
        there.network.refuse("two")
        assert (await there.get())[0] == 502
        there.start("one")
        there.start("two")
        there.status = {"one": 0, "two": 200}
        began = trio.current_time()
        assert [await there.get() for _ in range(2)] == [(200, "two")] * 2
        assert trio.current_time() - began == pytest.approx(ANSWER_SECONDS)  # once in two turns


async def test_streams_go_through_and_end_with_their_server(autojump_clock: MockClock) -> None:
    async with servers() as there:
        there.status["one"] = 503
        socket = await open_socket(there.network.dial, "ws://proxy/ws/t")
        await socket.send("hello")
        assert await socket.receive() == "two 'hello'"
        large = "m" * 300_000
        await socket.send(large)
        assert await socket.receive() == f"two {large!r}"
        there.open[0].reset()  # type: ignore[attr-defined]  # the process was killed
        with pytest.raises(SocketClosed) as closed:
            await socket.receive()
        assert closed.value.code == 1006
        there.status["two"] = 403
        with pytest.raises(UpgradeRefused, match="403"):
            await open_socket(there.network.dial, "ws://proxy/ws/t")
        await trio.testing.wait_all_tasks_blocked()
        assert there.proxy._open == 0


async def test_there_is_a_limit(autojump_clock: MockClock) -> None:
    async with servers() as there, trio.open_nursery() as nursery:
        idle = [await there.network.dial("proxy") for _ in range(5)]
        await trio.testing.wait_all_tasks_blocked()
        assert (await there.get(size=10))[0] == 503
        await trio.sleep(60)  # who asks for nothing is not waited for
        assert (await there.get())[0] == 200
        for stream in idle:
            await stream.aclose()
        with pytest.raises(NoAnswer):
            await fetch(there.network.dial, "GET", "http://nobody/")
        nursery.cancel_scope.cancel()
