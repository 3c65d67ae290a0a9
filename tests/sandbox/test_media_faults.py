"""Faults on Twilio's side, as the server that is called sees them: its stream and its webhooks."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import Any

import attrs
import pytest
import trio
from trio.testing import MockClock

from tests.sandbox.answering import LOUD, ORIGIN, Answering, Line, twilio_for
from voxanne_trio.sandbox.account import Numbers
from voxanne_trio.sandbox.faults import KINDS, Fault, Schedule
from voxanne_trio.sandbox.phone import PhoneCall
from voxanne_trio.sandbox.sockets import SocketClosed
from voxanne_trio.sandbox.wire import Exchange

CALL_SECONDS = 4.0
AFTER = 50
"""Messages; the frames are `connected` and `start` less."""


@attrs.define
class Served:
    """What the server saw of one call."""

    messages: list[tuple[float, str | bytes]] = attrs.field(factory=list)
    ended: SocketClosed | None = None
    pong: bool = False
    requests: list[tuple[float, str]] = attrs.field(factory=list)
    schedule: Schedule = attrs.field(factory=Schedule)
    call: PhoneCall | None = None

    def read(self) -> list[dict[str, Any]]:
        return [json.loads(message) for _, message in self.messages]

    def times(self, event: str) -> list[float]:
        return [at for at, message in self.messages if json.loads(message)["event"] == event]

    def marks(self) -> list[tuple[str, float]]:
        marks = [(at, json.loads(message)) for at, message in self.messages]
        return [(said["mark"]["name"], at) for at, said in marks if said["event"] == "mark"]


class Noting(Answering):
    """A server that notes when it was asked for what."""

    def __init__(self, drive: Callable[[Line], Awaitable[None]], served: Served) -> None:
        super().__init__(drive)
        self._served = served

    async def handle(self, exchange: Exchange) -> None:
        self._served.requests.append((trio.current_time(), exchange.request.path))
        await super().handle(exchange)


async def call_with(*faults: Fault) -> Served:
    """A call of four seconds: the server plays a second of audio with five marks in it."""
    served = Served(schedule=Schedule(faults))
    served.schedule.arm()
    started = trio.Event()

    async def drive(line: Line) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(play, line)
            try:
                while True:
                    message = await line.socket.receive()
                    served.messages.append((trio.current_time(), message))
                    if len(served.messages) == 2:
                        started.set()
            except SocketClosed as closed:
                served.ended = closed
            nursery.cancel_scope.cancel()

    async def play(line: Line) -> None:
        await started.wait()
        line.sid = json.loads(served.messages[1][1])["streamSid"]
        for number in range(5):
            await line.play(LOUD * 10)
            await line.mark(f"mark {number}")
        await trio.sleep(2)
        await line.play(LOUD * 10)

    async def behave(call: PhoneCall) -> None:
        await trio.sleep(CALL_SECONDS)
        call.hang_up()

    server = Noting(drive, served)
    async with twilio_for(server, schedule=served.schedule) as twilio:
        call = twilio.new_call(Numbers(webhook=f"{ORIGIN}/twiml"))
        with trio.move_on_after(60):
            await twilio.place(call, behave)
    served.call = call
    return served


async def struck(name: str, **fields: Any) -> tuple[Served, Served]:
    seen, well = await call_with(Fault(kind=name, **fields)), await call_with()
    assert {hit.kind for hit in seen.schedule.hits} == {name}
    assert well.schedule.hits == []
    return seen, well


def texts(served: Served) -> list[str | bytes]:
    return [message for _, message in served.messages]


async def test_without_a_fault_not_a_byte_differs(autojump_clock: MockClock) -> None:
    never = [Fault(kind=name, nth=9) for name, kind in KINDS.items() if kind.place == "media"]
    planned, plain = await call_with(*never), await call_with()
    assert texts(planned) == texts(plain)
    began = planned.messages[0][0] - plain.messages[0][0]
    assert [at - began for at, _ in planned.messages] == pytest.approx(
        [at for at, _ in plain.messages]
    )
    assert plain.ended is not None
    assert plain.ended.code == 1000
    assert plain.read()[-1]["event"] == "stop"


@pytest.mark.parametrize("name", ["media_reset", "media_half_frame"])
async def test_the_socket_is_lost_without_a_stop(autojump_clock: MockClock, name: str) -> None:
    seen, well = await struck(name, after=AFTER)
    assert texts(seen) == texts(well)[:AFTER]
    assert seen.ended is not None
    assert seen.ended.code == 1006
    assert "/twiml/after" in [path for _, path in seen.requests]


@pytest.mark.parametrize("name", ["media_half_open", "media_mute"])
async def test_the_stream_falls_silent(autojump_clock: MockClock, name: str) -> None:
    seen, well = await struck(name, after=AFTER)
    assert texts(seen) == texts(well)[:AFTER]
    began = seen.messages[0][0]
    assert seen.call is not None
    reads = name == "media_mute"
    assert len(seen.call.playout.restarts) == (2 if reads else 1)  # what was played afterwards
    assert seen.messages[-1][0] - began < 1.1


async def test_frames_come_late(autojump_clock: MockClock) -> None:
    seen, well = await struck("media_slow", after=AFTER, seconds=0.3)
    assert texts(seen)[: len(texts(well)) - 20] == texts(well)[: len(texts(well)) - 20]
    late = [at - due for (at, _), (due, _) in zip(seen.messages, well.messages, strict=False)]
    late = [round(delay - late[0], 3) for delay in late]
    assert late[: AFTER - 1] == pytest.approx([0.0] * (AFTER - 1), abs=0.001)
    assert late[AFTER + 1 : 150] == pytest.approx([0.3] * (149 - AFTER), abs=0.001)


async def test_what_is_no_message(autojump_clock: MockClock) -> None:
    seen, well = await struck("media_cut_text", after=AFTER)
    with pytest.raises(ValueError):
        json.loads(texts(seen)[AFTER])
    assert texts(seen)[:AFTER] + texts(seen)[AFTER + 1 :] == [
        message for number, message in enumerate(texts(well)) if number != AFTER
    ]


async def test_an_event_that_nobody_knows(autojump_clock: MockClock) -> None:
    seen, well = await struck("media_unknown", after=AFTER)
    assert seen.read()[AFTER]["event"] == "unforeseen"
    assert texts(seen)[:AFTER] + texts(seen)[AFTER + 1 :] == texts(well)


async def test_fields_of_other_types(autojump_clock: MockClock) -> None:
    seen, well = await struck("media_wrong_fields", after=AFTER)
    wrong, right = seen.read()[AFTER], well.read()[AFTER]
    assert wrong.keys() == right.keys()
    assert wrong["event"] == right["event"] == "media"
    assert not isinstance(wrong["media"], dict)
    assert texts(seen)[AFTER + 1 :] == texts(well)[AFTER + 1 :]


async def test_nobody_reaches_the_server(autojump_clock: MockClock) -> None:
    seen, _ = await struck("media_refused")
    assert seen.messages == []
    assert seen.call is not None
    (error,) = seen.call.journal.of("stream_error")
    assert error.detail.startswith("31902")
    assert "/twiml/after" in [path for _, path in seen.requests]


async def test_frames_stop_for_a_while_and_their_clock_goes_on(autojump_clock: MockClock) -> None:
    seen, _ = await struck("media_frames_stop", after=40, seconds=1.0)
    frames = [said["media"] for said in seen.read() if said["event"] == "media"]
    holes = [
        (int(before["timestamp"]), int(after["timestamp"]))
        for before, after in pairwise(frames)
        if int(after["timestamp"]) - int(before["timestamp"]) > 30
    ]
    ((before, after),) = holes
    assert after - before == pytest.approx(1_040, abs=25)
    assert [int(frame["chunk"]) for frame in frames] == list(range(1, len(frames) + 1))


async def test_marks_that_do_not_come_back_as_they_should(autojump_clock: MockClock) -> None:
    well = await call_with()
    names = [name for name, _ in well.marks()]
    assert names == [f"mark {number}" for number in range(5)]
    lost, _ = await struck("media_marks_lost", after=1)
    assert [name for name, _ in lost.marks()] == [names[0], *names[2:]]
    swapped, _ = await struck("media_marks_swapped", after=1)
    assert [name for name, _ in swapped.marks()] == [names[n] for n in (0, 2, 1, 3, 4)]
    ever, _ = await struck("media_marks_swapped", times=None)
    assert [name for name, _ in ever.marks()] == [names[n] for n in (1, 0, 3, 2)]
    late, _ = await struck("media_marks_late", after=1, seconds=0.5)
    assert [name for name, _ in late.marks()] == [names[n] for n in (0, 2, 3, 1, 4)]
    began = late.messages[0][0] - well.messages[0][0]
    at, due = dict(late.marks())[names[1]], dict(well.marks())[names[1]]
    assert at - began - due == pytest.approx(0.5, abs=0.001)
    for served in (lost, swapped, late):
        numbers = [int(said["sequenceNumber"]) for said in served.read()[1:]]
        assert numbers == list(range(1, len(numbers) + 1))


async def test_webhooks(autojump_clock: MockClock) -> None:
    _, well = await struck("webhook_refused")
    plain = [path for _, path in well.requests]
    assert plain[0] == "/twiml"
    refused, _ = await struck("webhook_refused")
    assert [path for _, path in refused.requests] == plain  # tried once more
    refused, _ = await struck("webhook_refused", times=2)
    assert [path for _, path in refused.requests] == []
    slow, _ = await struck("webhook_slow", seconds=1.0)
    assert slow.requests[0][0] - slow.schedule.armed_at == pytest.approx(1.0)
    twice, _ = await struck("webhook_twice")
    assert [path for _, path in twice.requests] == [plain[0], *plain]
    abandoned, _ = await struck("webhook_abandoned")
    assert [path for _, path in abandoned.requests] == ["/twiml"]
    assert abandoned.messages == []
