"""The end of a call: whatever the sockets were doing, nothing of them is left."""

from __future__ import annotations

import pytest
import trio
import trio.testing

from .peers import (
    NOVA,
    SETTINGS,
    Call,
    Deepgram,
    FluxMachine,
    Line,
    NovaMachine,
    greet,
    quiet,
    speech,
)


async def test_hanging_up_says_goodbye(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    vendor = Deepgram(greet)
    call = Call(nursery, vendor)
    nursery.start_soon(call.listen)
    await call.say(quiet(1_000))
    call.scope.cancel()
    await trio.testing.wait_all_tasks_blocked()
    assert vendor.lines[0].texts[-1][1] == '{"type":"CloseStream"}'
    assert vendor.lines[0].closed
    assert call.settled


async def test_hanging_up_on_a_peer_that_reads_nothing_takes_half_a_second(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    async def stuck(max_bytes: int | None = None) -> bytes:
        del max_bytes
        await trio.sleep_forever()
        return b""

    async def stall(line: Line) -> None:
        await line.send({"type": "Connected", "request_id": "r", "sequence_id": 0})
        line.stream.receive_some = stuck  # type: ignore[method-assign]
        await trio.sleep_forever()

    call = Call(nursery, Deepgram(stall))
    call.network._capacity = 1_400
    nursery.start_soon(call.say, quiet(5_000))
    with trio.move_on_after(1.0):
        await call.listen()
    assert trio.current_time() - call.began <= 1.51
    assert call.settled


@pytest.mark.parametrize("settings", [SETTINGS, NOVA], ids=["flux", "nova"])
def test_cancelled_anywhere_the_stream_is_closed(settings: object) -> None:
    """Cancel after any task's n-th step of the schedule: nothing stays open."""
    for step in [*range(1, 120, 5), *range(120, 1_500, 97)]:
        clock = trio.testing.MockClock(autojump_threshold=0)
        trio.run(_cancelled_after, step, settings, clock=clock)


class _After(trio.abc.Instrument):
    def __init__(self, step: int, act: trio.CancelScope) -> None:
        self._left, self._scope = step, act

    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        self._left -= 1
        if self._left == 0:
            self._scope.cancel()


async def _cancelled_after(step: int, settings: object) -> None:
    machine = FluxMachine() if settings is SETTINGS else NovaMachine()

    async def flaky(line: Line) -> None:
        line.on_audio = machine
        await line.send({"type": "Connected", "request_id": "r", "sequence_id": 0})
        await line.until(lambda: len(line.audio) > 4_000)
        line.stream.reset()

    async with trio.open_nursery() as nursery:
        call = Call(nursery, Deepgram(flaky), settings=settings)  # type: ignore[arg-type]
        nursery.start_soon(call.say, quiet(200) + speech(1, 2) + quiet(600))
        trio.lowlevel.add_instrument(_After(step, call.scope))
        with trio.fail_after(30):
            nursery.start_soon(_stop_later, call.scope)
            await call.listen()
        assert call.settled
        nursery.cancel_scope.cancel()


async def _stop_later(scope: trio.CancelScope) -> None:
    await trio.sleep(2)
    scope.cancel()
