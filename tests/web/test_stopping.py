"""Stopping, step by step, in virtual time: how long calls are waited for, and how they are left."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack

import attrs
import httpx
import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from voxanne_trio.events import Draining
from voxanne_trio.telephony.tickets import Tickets
from voxanne_trio.web.desk import Desk
from voxanne_trio.web.stopping import AFTER_SECONDS, PARTING_SECONDS, Stopping, another_replica

from .support import CALL, SETTINGS


def new_stopping(drain_seconds: int = 600, *, handover: bool = False) -> Stopping:
    async def found() -> bool:
        await trio.sleep(1)
        return handover

    settings = attrs.evolve(SETTINGS, drain_seconds=drain_seconds)
    tickets = Tickets(("t",), 60, wall_clock=trio.current_time, entropy=bytes)
    return Stopping(Desk(settings=settings, tickets=tickets), found)


async def a_call(stopping: Stopping, seconds: float) -> None:
    with stopping.desk.calls.taking_one():
        await trio.sleep(seconds)


async def a_polite_call(stopping: Stopping, told: list[Draining], seconds: float) -> None:
    """A call that ends so long after it was told to."""
    with stopping.desk.calls.taking_one() as live:
        leaving = trio.Event()

        def tell(notice: Draining) -> None:
            told.append(notice)
            leaving.set()

        live.tell = tell
        await leaving.wait()
        await trio.sleep(seconds)


async def drained_after(stopping: Stopping, *asks_at: float) -> float:
    """Ask to stop at these times; how long the drain took from the first."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(stopping.drain)
        await wait_all_tasks_blocked()
        for moment in asks_at:
            await trio.sleep_until(moment)
            stopping.ask()
        await stopping.calls_gone.wait()
    assert stopping.desk.parting
    return trio.current_time() - asks_at[0]


async def test_without_calls_the_server_stops_at_once(autojump_clock: MockClock) -> None:
    stopping = new_stopping()
    assert await drained_after(stopping, 1.0) == 0
    assert stopping.desk.draining


async def test_live_calls_are_waited_for(autojump_clock: MockClock) -> None:
    stopping = new_stopping()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(a_call, stopping, 100)
        nursery.start_soon(a_call, stopping, 31)
        await wait_all_tasks_blocked()
        assert await drained_after(stopping, 1.0) == 99 + AFTER_SECONDS


async def test_a_call_that_rings_is_waited_for(autojump_clock: MockClock) -> None:
    """Its stream was sent for before the signal, and opens two seconds after it."""
    stopping = new_stopping()
    stopping.desk.tickets.issue(CALL)
    async with trio.open_nursery() as nursery:

        async def rings() -> None:
            await trio.sleep(3)
            await a_call(stopping, 60)

        nursery.start_soon(rings)
        assert await drained_after(stopping, 1.0) == 62 + AFTER_SECONDS


async def test_one_whose_stream_never_opens_is_not_waited_for_long(
    autojump_clock: MockClock,
) -> None:
    stopping = new_stopping()
    stopping.desk.tickets.issue(CALL)
    assert await drained_after(stopping, 1.0) == 4


@pytest.mark.parametrize("handover", [True, False])
@pytest.mark.parametrize("asks_at", [(1.0,), (1.0, 31.0)])
async def test_at_the_deadline_calls_are_told_and_let_go(
    asks_at: Sequence[float], handover: bool, autojump_clock: MockClock
) -> None:
    stopping = new_stopping(drain_seconds=50, handover=handover)
    told: list[Draining] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(a_polite_call, stopping, told, 7)
        nursery.start_soon(a_polite_call, stopping, told, 4)
        await wait_all_tasks_blocked()
        waited = 50 if len(asks_at) == 1 else 30
        assert await drained_after(stopping, *asks_at) == waited + 1 + 7
    assert told == [Draining(handover)] * 2
    assert stopping.ask() is (len(asks_at) == 1)  # there is one step more, or none


async def test_who_does_not_go_is_cut(autojump_clock: MockClock) -> None:
    stopping = new_stopping(drain_seconds=50)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(a_polite_call, stopping, [], 1_000)
        await wait_all_tasks_blocked()
        assert await drained_after(stopping, 1.0) == 50 + 1 + PARTING_SECONDS


async def test_one_call_that_cannot_be_told_is_cut_and_the_others_are_told() -> None:
    calls, told = new_stopping().desk.calls, list[Draining]()

    def fails(notice: Draining) -> None:
        raise RuntimeError("a bug in one call")

    tells: list[Callable[[Draining], None] | None] = [fails, None, told.append]
    with ExitStack() as stack:
        live = [stack.enter_context(calls.taking_one()) for _ in tells]
        for call, tell in zip(live, tells, strict=True):
            call.tell = tell
        calls.take_leave(handover=True)
        assert [call.scope.cancel_called for call in live] == [True, True, False]
    assert told == [Draining(handover=True)]


Replica = Callable[[httpx.Request], Awaitable[httpx.Response]]


def replicas(desk: Desk, *answers: object) -> httpx.MockTransport:
    """A proxy that hands a request to one replica after the other."""
    turns = iter(answers * 100)

    async def answer(request: httpx.Request) -> httpx.Response:
        assert str(request.url) == desk.url("/readyz")
        match next(turns):
            case "hangs":
                await trio.sleep_forever()
            case "is down":
                raise httpx.ConnectError("refused")
            case "drains":
                return httpx.Response(503, json={"status": "draining", "instance": "other"})
            case "ourselves":
                return httpx.Response(200, json={"status": "ready", "instance": desk.instance})
            case "another":
                return httpx.Response(200, json={"status": "ready", "instance": "other"})
        return httpx.Response(200, text="<html>a page of the proxy's own")

    return httpx.MockTransport(answer)


@pytest.mark.parametrize(
    ("answers", "found"),
    [
        (("another",), True),
        (("ourselves", "drains", "another"), True),
        (("ourselves",), False),
        (("drains",), False),
        (("is down",), False),
        (("a page",), False),
        (("hangs",), False),
    ],
)
async def test_another_replica_is_one_that_takes_calls_and_is_not_us(
    answers: tuple[str, ...], found: bool, autojump_clock: MockClock
) -> None:
    desk = new_stopping().desk
    assert await another_replica(desk, replicas(desk, *answers)) is found
    assert trio.current_time() <= 3.0
