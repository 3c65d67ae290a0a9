"""When a fault strikes, and how faults are written down."""

from __future__ import annotations

import json
import random
import re
from functools import partial
from pathlib import Path

import pytest
import trio
import trio.testing
from trio.testing import MockClock
from trio_websocket import WebSocketConnection

from tests.sandbox.failing import (
    SAID,
    FailingDeepgram,
    answer_to_upgrade,
    healthy,
    hosts,
    messages,
)
from tests.sandbox.rig import tones
from voxanne_trio.sandbox.faults import KINDS, Fault, Schedule, draw, named
from voxanne_trio.sandbox.faults.opening import dialling
from voxanne_trio.sandbox.wire import serve_stream


async def hit_times(*faults: Fault, looks: int = 4) -> list[tuple[str, int]]:
    """What strikes a few listen sockets, one after the other, 7 s each at the most."""
    failing = FailingDeepgram.by(*faults)
    for _ in range(looks):
        await failing.look("listen")
    return [(hit.kind, hit.number) for hit in failing.schedule.hits]


async def test_a_fault_strikes_the_connections_it_means(autojump_clock: MockClock) -> None:
    reset = "listen_reset"
    assert await hit_times(Fault(kind=reset, after=2)) == [(reset, 1)]
    twice = Fault(kind=reset, after=2, nth=2, times=2)
    assert await hit_times(twice) == [(reset, 2), (reset, 3)]
    always = Fault(kind=reset, after=2, times=None)
    assert await hit_times(always) == [(reset, n) for n in (1, 2, 3, 4)]
    both = Fault(kind=reset, after=2), Fault(kind="listen_mute", nth=3)
    assert await hit_times(*both) == [(reset, 1), ("listen_mute", 3)]


async def test_a_fault_strikes_at_its_time(autojump_clock: MockClock) -> None:
    failing = FailingDeepgram.by(Fault(kind="listen_reset", at=1.25))
    began = trio.current_time()
    seen = await failing.look("listen")
    assert seen.lost_at is not None
    assert seen.lost_at - began == pytest.approx(1.25, abs=0.1)
    (hit,) = failing.schedule.hits
    assert hit.at - began == pytest.approx(1.25)


async def test_an_idle_socket_that_was_open_before_is_struck_too(
    autojump_clock: MockClock,
) -> None:
    failing = FailingDeepgram.by(Fault(kind="speak_net_0000", at=2.0), armed=False)

    async def idle(socket: WebSocketConnection) -> None:
        await trio.sleep(1)
        failing.schedule.arm()
        await trio.sleep(10)
        await socket.ping()

    seen = await failing.look("speak", idle)
    assert seen.closed == (1011, "NET-0000")
    assert failing.schedule.hits[0].at == pytest.approx(failing.schedule.armed_at + 2)


async def test_an_outage_has_an_end(autojump_clock: MockClock) -> None:
    schedule = Schedule([Fault(kind="groq_refused", at=1.0, lasts=2.0, times=None)])
    schedule.arm()
    async with hosts() as there:
        dial = dialling(schedule, there.network.dial, lambda host: host.removesuffix(".test"))
        refused = []
        for _ in range(8):
            try:
                await (await dial("groq.test", 443)).aclose()
            except ConnectionRefusedError:
                refused.append(trio.current_time() - schedule.armed_at)
            await trio.sleep(0.5)
    assert refused == pytest.approx([1.0, 1.5, 2.0, 2.5])


async def test_a_slow_connection_recovers(autojump_clock: MockClock) -> None:
    failing = FailingDeepgram.by(Fault(kind="listen_slow", seconds=0.5, lasts=1.0))
    seen, well = await failing.look("listen"), await healthy("listen")
    assert messages(seen) == messages(well)
    began = seen.messages[0][0] - well.messages[0][0] - 0.5  # the first is late, the last is not
    assert seen.messages[-1][0] - began == pytest.approx(well.messages[-1][0])


async def test_what_goes_on_strikes_once(autojump_clock: MockClock) -> None:
    slow = Fault(kind="listen_slow", times=None, seconds=0.2)
    assert await hit_times(slow, looks=2) == [("listen_slow", 1), ("listen_slow", 2)]


async def test_a_half_open_listener_reads_nothing(autojump_clock: MockClock) -> None:
    sent = 0

    async def flood(socket: WebSocketConnection) -> None:
        nonlocal sent
        with trio.move_on_after(5):
            for _ in range(1_000):
                await socket.send_message(tones(SAID)[:640])
                sent += 1

    await FailingDeepgram.by(Fault(kind="listen_half_open")).look("listen", flood)
    assert 60 < sent < 300  # what the buffers of a connection hold


@pytest.mark.sockets
async def test_real_sockets_are_reset_too() -> None:
    failing = FailingDeepgram.by(Fault(kind="listen_cut_unanswered"))
    async with trio.open_nursery() as nursery:

        async def serve(stream: trio.SocketStream) -> None:
            await serve_stream(stream, failing.handle)

        serving = partial(trio.serve_tcp, serve, 0, host="127.0.0.1")
        (listener,) = await nursery.start(serving)
        stream = await trio.testing.open_stream_to_socket_listener(listener)
        async with stream:
            answer = await answer_to_upgrade(stream, "listen")
        nursery.cancel_scope.cancel()
    assert isinstance(answer, trio.BrokenResourceError)
    assert isinstance(answer.__cause__, ConnectionResetError)


# As values.


def test_the_documentation_names_every_kind() -> None:
    lines = (Path(__file__).parents[2] / "docs" / "callers.md").read_text("utf-8").splitlines()
    rows = [line.split("|")[1:3] for line in lines if line.startswith("| `")]
    told = {
        f"{place}_{name}"
        for places, names in rows
        for place in re.findall(r"`(\w+)`", places)
        for name in re.findall(r"`(\w+)`", names)
    }
    assert KINDS.keys() - {"sigterm"} <= told


def test_faults_can_be_written_down_and_read_back() -> None:
    fault = Fault(kind="listen_slow", at=2.5, lasts=3.0, times=None, seconds=0.2)
    assert fault.as_json() == {
        "kind": "listen_slow", "at": 2.5, "lasts": 3.0, "times": None, "seconds": 0.2,
    }  # fmt: skip
    assert Fault.from_json(json.loads(json.dumps(fault.as_json()))) == fault
    with pytest.raises(ValueError):
        Fault.from_json({"kind": "listen_slow", "often": True})
    with pytest.raises(ValueError, match="no fault"):
        Schedule([Fault(kind="listen_upside_down")])


def test_faults_by_name() -> None:
    assert named("none") == ()
    assert [fault.kind for fault in named("listen_reset, chat_429")] == ["listen_reset", "chat_429"]
    assert {fault.kind for fault in named("all")} == KINDS.keys() - {"sigterm"}
    with pytest.raises(ValueError, match="no fault 'listen_upside_down'"):
        named("listen_upside_down")


def test_drawn_faults_are_the_same_for_the_same_seed_and_reach_every_kind() -> None:
    assert draw(random.Random(7)) == draw(random.Random(7))
    rng = random.Random(1)
    drawn = [fault for _ in range(4_000) for fault in draw(rng)]
    assert {fault.kind for fault in drawn} == KINDS.keys() - {"sigterm"}
    assert all(fault.at is None or 0 <= fault.at <= 15 for fault in drawn)
    assert draw(rng, places=["chat"], kinds=["listen_reset"]) == ()
    only = draw(rng, kinds=["chat_429", "speak_mute"], count=5)
    assert {fault.kind for fault in only} <= {"chat_429", "speak_mute"}
    assert len(only) == 5
