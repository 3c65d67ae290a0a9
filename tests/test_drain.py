"""A server is told to stop while a call is up: whole calls on virtual time, wires included."""

from __future__ import annotations

import trio
import trio.testing

from voxanne_trio.records import Then
from voxanne_trio.sandbox import memory
from voxanne_trio.sandbox.server import Placed
from voxanne_trio.simulation.world import World, world
from voxanne_trio.web.application import create_app
from voxanne_trio.web.guard import GuardedServer

QUESTION = {"say": "How much is a BBL?"}


async def call_and_stop(here: World, *script: object, after: float) -> Placed:
    """A call, and two signals in a row so long after its stream opened."""
    placed = here.call("listen", *script)

    async def stop() -> None:
        await placed.call.streaming.wait()
        await trio.sleep(after)
        here.stopping.ask()
        here.stopping.ask()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(stop)
        await here.sandbox.place(placed)
    await here.stopping.calls_gone.wait()
    return placed


async def test_without_another_replica_the_call_ends_with_a_word(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with world() as here:
        placed = await call_and_stop(here, QUESTION, {"await_hang_up": 60}, after=14)
        record = await here.record(placed)
    assert (record.outcome, record.then) == ("server stopping", Then.HANG_UP)
    assert "we have to end this call now" in record.turns[-1].heard
    assert not record.turns[-1].interrupted
    assert placed.call.journal.violations == []
    assert placed.result()["hung_up_by"] == ["twiml"]


async def test_with_one_the_stream_is_closed_between_two_sentences(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with world() as here, trio.open_nursery() as nursery:
        other = create_app(here.composition.settings, lambda _: here.composition)
        server = memory.MemoryServer(other, server=GuardedServer)

        async def serve_there(*, task_status: trio.TaskStatus[None]) -> None:
            other.desk.composition = here.composition  # the same records
            other.desk.probed.set()
            task_status.started()
            await trio.sleep_forever()

        await nursery.start(serve_there)
        placed = here.call("listen", QUESTION, {"listen": 1_500}, {"await_hang_up": 60})

        async def stop() -> None:
            await placed.call.streaming.wait()
            await trio.sleep(14)  # in the middle of the answer
            here.network.listen("voxanne.test", server.handle)  # where the proxy now sends all
            here.stopping.ask()
            here.stopping.ask()

        nursery.start_soon(stop)
        nursery.start_soon(here.sandbox.place, placed)
        await here.stopping.calls_gone.wait()
        record = await here.record(placed)
        nursery.cancel_scope.cancel()
    assert (record.outcome, record.then) == ("handed over", Then.GO_ON)
    answer = record.turns[1]
    assert (answer.heard, answer.interrupted) == (answer.agent, False)
