"""The pump and what it pours: real sockets, the bytes sent by hand.

A look is forced by a byte of one's own and waiting until all is quiet; nothing is timed.
"""

import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import attrs
import pytest
import trio
import trio.testing

from voxanne_trio.telephony.media_stream import MediaSocket, SocketGone
from voxanne_trio.web import pump as pumping
from voxanne_trio.web.inflow import Inflow
from voxanne_trio.web.pump import Pump

from .live import BOUND, Caller, live_server
from .test_inflow import masked

pytestmark = pytest.mark.sockets

LIMIT = 2_000
QUIET = 0.05


@pytest.fixture
async def pump() -> AsyncIterator[Pump]:
    pump = Pump()
    async with trio.open_nursery() as nursery:
        await nursery.start(pump.run)
        yield pump
        nursery.cancel_scope.cancel()


@attrs.define
class Lent:
    """A stream that is lent, and the peer's end of it."""

    inflow: Inflow
    ours: trio.SocketStream
    peer: socket.socket
    heard: list[str] = attrs.field(factory=list)

    def hear(self, text: str) -> bool:
        self.heard.append(text)
        return text == "enough"

    def say(self, *texts: str) -> None:
        self.peer.sendall(b"".join(map(masked, texts)))


@asynccontextmanager
async def lending(pump: Pump) -> AsyncIterator[Callable[[], Lent]]:
    """Makes streams, and closes them at the end of the body."""
    opened: list[Any] = []

    def lend() -> Lent:
        ours, peer = trio.socket.socketpair()
        stream, inflow = trio.SocketStream(ours), Inflow(LIMIT)
        inflow.pump = pump
        assert inflow.can_be_lent(stream)
        opened.append(lent := Lent(inflow, stream, socket.socket(fileno=peer.detach())))
        return lent

    try:
        yield lend
    finally:
        for lent in opened:
            lent.inflow.give_back()
            await lent.ours.aclose()
            lent.peer.close()


async def quiet() -> None:
    await trio.testing.wait_all_tasks_blocked(QUIET)


async def test_a_sink_gets_all_until_it_has_enough_and_the_next_one_the_rest(pump: Pump) -> None:
    async with lending(pump) as lend:
        lent = lend()
        lent.say("one", "two", "enough", "three", "enough")
        for wanted in (["one", "two", "enough"], ["three", "enough"]):
            lent.heard.clear()
            with trio.fail_after(BOUND):
                assert await lent.inflow.pour(lent.hear)
            assert lent.heard == wanted


async def test_cancelling_loses_nothing(pump: Pump) -> None:
    async with lending(pump) as lend:
        lent = lend()
        with trio.move_on_after(0):
            await lent.inflow.pour(lent.hear)
        lent.say("one")
        await quiet()
        assert lent.heard == []
        lent.say("enough")
        with trio.fail_after(BOUND):
            assert await lent.inflow.pour(lent.hear)
        assert lent.heard == ["one", "enough"]


@pytest.mark.parametrize("streams", [2, pumping.MANY_STREAMS, pumping.MANY_STREAMS + 1])
async def test_what_one_sink_raises_no_other_stream_notices(pump: Pump, streams: int) -> None:
    raised: list[str] = []

    async def hear(lent: Lent) -> None:
        await lent.inflow.pour(lent.hear)

    async def fail(lent: Lent) -> None:
        def break_down(text: str) -> bool:
            raise RuntimeError(text)

        with pytest.raises(RuntimeError) as error:
            await lent.inflow.pour(break_down)
        raised.append(str(error.value))

    async with lending(pump) as lend:
        bad, *good = [lend() for _ in range(streams)]
        with trio.fail_after(BOUND):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(fail, bad)
                for lent in good:
                    nursery.start_soon(hear, lent)
                await quiet()
                bad.say("bad")
                for text in ("one", "two", "enough"):
                    for lent in good:
                        lent.say(text)
                    await quiet()
        assert raised == ["bad"]
        assert all(lent.heard == ["one", "two", "enough"] for lent in good)


async def test_who_sends_much_is_not_served_before_others(pump: Pump) -> None:
    async with lending(pump) as lend:
        loud, soft = lend(), lend()
        heard_before: list[int] = []

        def hear_softly(text: str) -> bool:
            heard_before.append(len(loud.heard))
            return soft.hear(text)

        async def flood() -> None:
            await loud.inflow.pour(loud.hear)

        message = masked("x" * 90)
        loud.peer.sendall(message * 300)
        soft.say("enough")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(flood)
            with trio.fail_after(BOUND):
                assert await soft.inflow.pour(hear_softly)
            assert heard_before[0] <= 2 * pumping.READ_BYTES // len(message)
            await quiet()
            assert len(loud.heard) == 300
            nursery.cancel_scope.cancel()


@pytest.mark.parametrize("lasts", [60.0, 0.0])
async def test_with_many_streams_whoever_has_something_to_do_goes_first_for_a_while(
    pump: Pump, monkeypatch: pytest.MonkeyPatch, lasts: float
) -> None:
    monkeypatch.setattr(pumping, "POLITE_SECONDS", lasts)

    async def pour(lent: Lent) -> None:
        await lent.inflow.pour(lent.hear)

    async with lending(pump) as lend, trio.open_nursery() as nursery:
        streams = [lend() for _ in range(pumping.MANY_STREAMS)]
        for lent in streams:
            nursery.start_soon(pour, lent)
        await quiet()
        for lent in streams:
            lent.say("one")
        with trio.fail_after(BOUND):
            for _ in range(100):  # never idle
                await trio.lowlevel.checkpoint()
            assert [lent.heard for lent in streams] == [[] if lasts else ["one"]] * len(streams)
            await quiet()
        assert all(lent.heard == ["one"] for lent in streams)
        nursery.cancel_scope.cancel()


async def test_a_number_that_is_in_use_again_belongs_to_its_new_stream(pump: Pump) -> None:
    given_back: list[bool] = []

    async def pour(lent: Lent) -> None:
        given_back.append(not await lent.inflow.pour(lent.hear))

    async with lending(pump) as lend:
        stale = lend()
        with trio.fail_after(BOUND):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(pour, stale)
                await quiet()
                number = stale.ours.socket.fileno()
                await stale.ours.aclose()
                fresh = lend()
                assert fresh.ours.socket.fileno() == number
                nursery.start_soon(pour, fresh)
                await quiet()
                assert given_back == [True]
                stale.inflow.give_back()
                fresh.say("enough")
        assert fresh.heard == ["enough"]
        assert given_back == [True, False]


async def test_when_the_pump_ends_every_stream_is_given_back() -> None:
    pump, given_back = Pump(), list[bool]()

    async def pour(lent: Lent) -> None:
        given_back.append(not await lent.inflow.pour(lent.hear))

    async with lending(pump) as lend, trio.open_nursery() as nursery:
        running = trio.CancelScope()

        async def run(task_status: trio.TaskStatus[None]) -> None:
            with running:
                await pump.run(task_status=task_status)

        await nursery.start(run)
        lent, idle = lend(), lend()
        nursery.start_soon(pour, lent)
        await quiet()
        running.cancel()
        with trio.fail_after(BOUND):
            await lent.inflow.lent()
            await quiet()
            assert given_back == [True]
            await pour(idle)  # it was lent when the pump ended, and nobody read it then
        assert given_back == [True, True]
        assert not lent.inflow.can_be_lent(lent.ours)


async def test_a_call_with_a_bug_ends_alone() -> None:
    async def answer(media: MediaSocket, services: Any, call_sid: str) -> None:
        del services, call_sid
        echoes: list[str] = []

        def sink(message: str | bytes) -> bool:
            if message == "bug":
                raise RuntimeError("a bug in this call")
            echoes.append(str(message))
            return len(echoes) == 2

        await media.pour(sink)
        for text in echoes:
            await media.send(text)
        with suppress(SocketGone):
            await media.pour(sink)

    async with live_server(answer) as live, Caller.ring(live) as good, Caller.ring(live) as bad:
        for caller in (good, bad):
            await caller.say("one")
            await quiet()
        await bad.say("bug")
        assert await bad.until_closed() == 1011
        await good.say("two")
        assert [await good.hear(), await good.hear()] == ["one", "two"]
        await good.stream.aclose()
        await live.no_calls()
        assert not live.app.desk.pump._streams
