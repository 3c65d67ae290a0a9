"""Across the loss of a socket no word is lost and none is told twice, wherever it is cut.

The vendor is an honest recogniser of what it really got (`peers.Transcriber`), so a word that is
replayed in half, skipped or sent twice shows in the text.
"""

from __future__ import annotations

import pytest
import trio
import trio.testing

from voxanne_trio.audio import FRAME_BYTES
from voxanne_trio.events import SpeechStarted, TurnEnded
from voxanne_trio.settings import Settings

from .peers import (
    HOST,
    NOVA,
    SETTINGS,
    Call,
    Deepgram,
    FluxMachine,
    NovaMachine,
    greet,
    quiet,
    speech,
    spelled,
    started,
)

FIRST, SECOND = (1, 2, 3, 4, 5), (6, 7, 8)
SAID = quiet(500) + speech(*FIRST) + quiet(1_500) + speech(*SECOND) + quiet(600)


async def conversation(settings: Settings, cut_at: tuple[float, ...], down_seconds: float) -> Call:
    """A call of two turns whose sockets are reset at those times."""
    async with trio.open_nursery() as nursery:
        machine = FluxMachine if settings is SETTINGS else NovaMachine
        vendor = Deepgram(*(machine().script for _ in range(len(cut_at) + 1)))
        call = Call(nursery, vendor, settings=settings)

        async def cut() -> None:
            for at in cut_at:
                await trio.sleep_until(call.began + at)
                call.network.refuse(HOST)
                for line in vendor.lines:
                    line.stream.reset()
                await trio.sleep(down_seconds)
                call.network.listen(HOST, vendor.handle)

        nursery.start_soon(call.listen)
        nursery.start_soon(cut)
        await call.say(SAID + quiet(8_000))
        call.scope.cancel()
        nursery.cancel_scope.cancel()
    return call


@pytest.mark.parametrize("settings", [SETTINGS, NOVA], ids=["flux", "nova"])
@pytest.mark.parametrize("down_seconds", [0.0, 1.0])
def test_cut_once_anywhere(settings: Settings, down_seconds: float) -> None:
    for step in range(14):
        cut_at = 0.1 + step * 0.41
        call = trio.run(
            conversation,
            settings,
            (cut_at,),
            down_seconds,
            clock=trio.testing.MockClock(autojump_threshold=0),
        )
        said = " ".join(call.turns)
        assert said == spelled(*FIRST, *SECOND), f"cut at {cut_at}"
        assert call.losses == [], f"cut at {cut_at}"
        # A turn that was begun is ended, and only then does the next begin.
        order = [e for e in call.events if isinstance(e, SpeechStarted | TurnEnded)]
        assert [type(e) for e in order] == [SpeechStarted, TurnEnded] * (len(order) // 2), cut_at


@pytest.mark.parametrize("settings", [SETTINGS, NOVA], ids=["flux", "nova"])
def test_cut_again_and_again(settings: Settings) -> None:
    for first in range(6, 40, 5):
        call = trio.run(
            conversation,
            settings,
            (first / 10, first / 10 + 0.7, first / 10 + 1.3),
            0.1,
            clock=trio.testing.MockClock(autojump_threshold=0),
        )
        assert " ".join(call.turns) == spelled(*FIRST, *SECOND), f"first cut at {first / 10}"


async def test_a_turn_over_but_for_its_end_is_ended_after_the_reconnect(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    vendor = Deepgram(FluxMachine().script, FluxMachine().script)
    call = Call(nursery, vendor)
    nursery.start_soon(call.listen)
    await call.say(quiet(500) + speech(1, 2))
    last_voiced = trio.current_time() - 0.06
    await call.say(quiet(300))  # an update with both words has come, not the end
    vendor.lines[0].stream.reset()
    await call.say(quiet(3_000))
    assert call.turns == [spelled(1, 2)]
    assert started(call.events) == 1
    end = call.events[-1]
    assert isinstance(end, TurnEnded)
    assert end.voiced_until == pytest.approx(last_voiced)
    call.scope.cancel()


async def test_times_stay_on_the_calls_clock_across_sockets(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    vendor = Deepgram(FluxMachine().script, FluxMachine().script)
    call = Call(nursery, vendor)
    nursery.start_soon(call.listen)
    await call.say(quiet(2_000))
    vendor.lines[0].stream.reset()
    await call.say(speech(1, 2, 3))
    last_voiced = trio.current_time() - 0.06
    await call.say(quiet(3_000))
    end = call.events[-1]
    assert isinstance(end, TurnEnded)
    assert end.text.reveal() == spelled(1, 2, 3)
    assert end.voiced_until == pytest.approx(last_voiced)
    call.scope.cancel()


async def test_the_replay_keeps_the_vendors_pace(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    vendor = Deepgram(FluxMachine().script, FluxMachine().script)
    call = Call(nursery, vendor)
    nursery.start_soon(call.listen)
    await call.say(quiet(500) + speech(1))
    call.network.refuse(HOST)
    vendor.lines[0].stream.reset()
    await call.say(speech(2, 3, 4, 5, 6))
    call.network.listen(HOST, vendor.handle)
    await call.say(speech(7, 8, 9) + quiet(6_000))
    line = vendor.lines[1]
    sent_ms = 0.0
    for at, batch in line.received:
        assert sent_ms <= (at - line.opened_at) * 1_000 * 1.25 + 1e-6
        sent_ms += len(batch) / 8
    assert call.turns == [spelled(*range(1, 10))]
    assert call.losses == []
    call.scope.cancel()


async def test_what_comes_late_in_a_burst_is_not_paced_and_more_of_it_is(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    vendor = Deepgram(greet)
    call = Call(nursery, vendor)
    nursery.start_soon(call.listen)
    await call.say(quiet(2_000))
    await trio.testing.wait_all_tasks_blocked()
    late, now, received = quiet(480), trio.current_time(), vendor.lines[0].received
    before = len(received)
    for begin in range(0, len(late), FRAME_BYTES):
        call.ring.put(late[begin : begin + FRAME_BYTES], now)
    await trio.sleep(0.15)
    sent_after = [at - now for at, _ in received[before:]]
    assert sent_after == pytest.approx([0, 0, 0, 0.006, 0.07, 0.134])
    call.scope.cancel()
