"""The line that lasts for the call: what is told, when, and what is left behind."""

from __future__ import annotations

import logging

import attrs
import pytest
import trio
import trio.testing

from voxanne_trio.events import HearingLost, HearingRestored

from .peers import (
    HOST,
    NOVA,
    SETTINGS,
    Call,
    Deepgram,
    FluxMachine,
    Line,
    NovaMachine,
    Refusal,
    greet,
    quiet,
    speech,
    spelled,
    stay,
)


async def drop(line: Line) -> None:
    """Open, and fail at once (but not before the answer to the handshake has been read)."""
    await trio.sleep(0.001)
    line.stream.reset()


async def drop_greeted(line: Line) -> None:
    await line.send({"type": "Connected", "request_id": "r", "sequence_id": 0})
    await line.send({"type": "Error", "sequence_id": 1, "code": "INTERNAL", "description": "sorry"})
    await line.socket.aclose(1011, "NET-0000")


async def test_a_whole_conversation_without_trouble(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    vendor = Deepgram(FluxMachine().script)
    call = Call(nursery, vendor)
    nursery.start_soon(call.listen)
    await call.say(quiet(1_000) + speech(1, 2, 3) + quiet(1_000) + speech(4, 5) + quiet(1_000))
    assert call.turns == [spelled(1, 2, 3), spelled(4, 5)]
    assert call.losses == []
    assert call.ring.dropped_ms == {}
    call.scope.cancel()


@pytest.mark.parametrize("status", [400, 401, 402, 403])
async def test_a_permanent_refusal_is_told_once_and_ends_the_listening(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock, status: int
) -> None:
    vendor = Deepgram(Refusal(status, ((b"dg-error", b"Invalid credentials."),)))
    call = Call(nursery, vendor)
    with trio.fail_after(60):
        await call.listen()
    ((at, event),) = call.told
    assert isinstance(event, HearingLost)
    assert event.attempts == 1
    assert "Invalid credentials." in event.reason
    assert str(status) in event.reason
    assert at < 0.1
    await trio.sleep(60)
    assert len(vendor.tried_at) == 1
    assert call.settled


async def test_a_key_refused_in_mid_call_is_not_tried_again(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    vendor = Deepgram(FluxMachine().script, Refusal(401))
    call = Call(nursery, vendor)
    nursery.start_soon(call.listen)
    await call.say(quiet(2_000))
    vendor.lines[0].stream.reset()
    await call.say(speech(1) + quiet(10_000))
    ((at, event),) = call.told
    assert isinstance(event, HearingLost)
    assert at < 2.2
    assert len(vendor.tried_at) == 2
    assert call.settled


async def test_undecodable_audio_is_a_permanent_refusal(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    async def reject(line: Line) -> None:
        await line.until(lambda: bool(line.audio))
        await line.socket.aclose(1008, "DATA-0000")

    call = Call(nursery, Deepgram(reject), settings=NOVA)
    with trio.fail_after(60):
        await call.listen()
    ((_, event),) = call.told
    assert isinstance(event, HearingLost)
    assert "DATA-0000" in event.reason


@pytest.mark.parametrize("script", [drop, drop_greeted, Refusal(503), Refusal(429), None])
async def test_unreachable_is_told_once_at_the_limit_and_tried_on(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock, script: object
) -> None:
    vendor = Deepgram(script)  # type: ignore[arg-type]
    call = Call(nursery, vendor)
    if script is None:
        call.network.refuse(HOST)
    nursery.start_soon(call.listen)
    await call.say(quiet(15_000))
    ((at, event),) = call.told
    assert isinstance(event, HearingLost)
    assert at == pytest.approx(4.0)
    assert event.attempts >= 4
    vendor.scripts = [FluxMachine().script]
    call.network.listen(HOST, vendor.handle)
    await call.say(quiet(4_000) + speech(1, 2) + quiet(1_000))
    assert [event for _, event in call.losses[1:]] == [HearingRestored(words_lost=False)]
    assert call.turns == [spelled(1, 2)]
    call.scope.cancel()


async def test_a_socket_that_opens_and_fails_backs_off(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    vendor = Deepgram(drop)
    call = Call(nursery, vendor)
    nursery.start_soon(call.listen)
    await call.say(quiet(10_000))
    gaps = [b - a for a, b in zip(vendor.tried_at, vendor.tried_at[1:], strict=False)]
    for index, gap in enumerate(gaps):
        longest = min(0.1 * 2**index, 2.0)
        assert 0.5 * longest <= gap <= longest + 0.01
    assert len(vendor.tried_at) < 14
    call.scope.cancel()


async def test_the_vendors_own_wait_is_respected(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    vendor = Deepgram(Refusal(429, ((b"retry-after", b"3"),)), greet)
    call = Call(nursery, vendor)
    nursery.start_soon(call.listen)
    await call.say(quiet(4_000))
    assert vendor.tried_at[1] - vendor.tried_at[0] == pytest.approx(3, abs=0.01)
    call.scope.cancel()


async def test_a_host_that_never_answers_is_given_up_in_time(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    async def deaf(stream: trio.abc.Stream) -> None:
        async with stream:
            await trio.sleep_forever()

    call = Call(nursery, Deepgram(greet))
    call.network.listen(HOST, deaf)
    nursery.start_soon(call.listen)
    await call.say(quiet(6_000))
    ((at, event),) = call.told
    assert isinstance(event, HearingLost)
    assert at == pytest.approx(4.0)
    call.scope.cancel()


async def test_a_recogniser_that_does_not_greet_is_left(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    vendor = Deepgram(stay, FluxMachine().script)
    call = Call(nursery, vendor)
    nursery.start_soon(call.listen)
    await call.say(speech(1, 2) + quiet(10_000))
    assert len(vendor.lines) == 2
    assert vendor.lines[1].opened_at - vendor.lines[0].opened_at < 4.2
    assert call.turns == [spelled(1, 2)]
    call.scope.cancel()


async def test_a_peer_that_stops_reading_is_left(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    opened: list[trio.abc.Stream] = []

    async def clogged(stream: trio.abc.Stream) -> None:
        opened.append(stream)
        await vendor.handle(stream)  # type: ignore[arg-type]

    async def stall(line: Line) -> None:
        await line.send({"type": "Connected", "request_id": "r", "sequence_id": 0})
        line.stream.receive_some = stuck  # type: ignore[method-assign]
        await trio.sleep_forever()

    async def stuck(max_bytes: int | None = None) -> bytes:
        del max_bytes
        await trio.sleep_forever()
        return b""

    vendor = Deepgram(stall, FluxMachine().script)
    call = Call(nursery, vendor)
    call.network._capacity = 2_000
    call.network.listen(HOST, clogged)
    nursery.start_soon(call.listen)
    await call.say(quiet(8_000) + speech(1, 2) + quiet(1_000))
    assert len(vendor.lines) == 2
    assert call.turns == [spelled(1, 2)]
    assert call.losses == []
    call.scope.cancel()


@pytest.mark.parametrize("then", ["stay", "reset", "close"])
@pytest.mark.parametrize(
    "garbage",
    [
        b"\xff" * 64,
        b"\x81\x02\xff\xfe",
        b"\x88\x01\x00",
        b"\x81\xff" + b"\xff" * 8,
        b"HTTP/1.1 500\r\n",
        b"\x88\x02\x03\xf3\x89\x00",
    ],
    ids=[
        "reserved bits",
        "no text",
        "half a close code",
        "masked and endless",
        "another protocol",
        "ping after close",
    ],
)
async def test_bytes_that_are_no_websocket_cost_only_the_socket(
    nursery: trio.Nursery,
    autojump_clock: trio.testing.MockClock,
    garbage: bytes,
    then: str,
) -> None:
    async def talk_nonsense(line: Line) -> None:
        await line.until(lambda: bool(line.audio))
        await line.stream.send_all(garbage)
        if then == "reset":
            line.stream.reset()
        if then == "close":
            line.stream.close()  # our answer to the nonsense finds nobody
        await trio.sleep_forever()

    vendor = Deepgram(talk_nonsense, NovaMachine().script)
    call = Call(nursery, vendor, settings=NOVA)
    nursery.start_soon(call.listen)
    await call.say(quiet(300) + speech(1, 2) + quiet(3_000))
    assert len(vendor.lines) == 2
    assert call.turns == [spelled(1, 2)]
    call.scope.cancel()


async def test_a_long_outage_loses_words_and_says_so(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    vendor = Deepgram(FluxMachine().script)
    call = Call(nursery, vendor)
    nursery.start_soon(call.listen)
    await call.say(quiet(1_000))
    call.network.refuse(HOST)
    vendor.lines[0].stream.reset()
    await call.say(speech(*range(1, 21)))  # 7.2 s, six of them voice
    vendor.scripts = [FluxMachine().script]
    call.network.listen(HOST, vendor.handle)
    await call.say(quiet(12_000))
    assert [type(event) for _, event in call.losses] == [HearingLost, HearingRestored]
    assert call.losses[1][1] == HearingRestored(words_lost=True)
    (turn,) = call.turns
    words = turn.split()
    assert words[-16:] == spelled(*range(5, 21)).split()
    assert call.ring.dropped_ms["replay"] > 900
    call.scope.cancel()


async def test_a_long_outage_in_silence_loses_nothing(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    vendor = Deepgram(FluxMachine().script)
    call = Call(nursery, vendor)
    nursery.start_soon(call.listen)
    await call.say(quiet(1_000) + speech(1) + quiet(1_000))
    call.network.refuse(HOST)
    vendor.lines[0].stream.reset()
    await call.say(quiet(30_000))
    vendor.scripts = [FluxMachine().script]
    call.network.listen(HOST, vendor.handle)
    await call.say(quiet(3_000) + speech(2) + quiet(1_000))
    assert call.losses[1][1] == HearingRestored(words_lost=False)
    assert call.turns == ["w1", "w2"]
    assert "overflow" not in call.ring.dropped_ms
    assert call.ring.dropped_ms["silence"] > 25_000
    call.scope.cancel()


async def test_each_outage_is_told(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    vendor = Deepgram(greet)
    call = Call(nursery, vendor, settings=attrs.evolve(SETTINGS, hearing_limit_ms=1_000))
    nursery.start_soon(call.listen)
    for _ in range(3):
        await call.say(quiet(4_000))
        call.network.refuse(HOST)
        vendor.lines[-1].stream.reset()
        await call.say(quiet(3_000))
        call.network.listen(HOST, vendor.handle)
    await call.say(quiet(4_000))
    assert [type(event) for _, event in call.losses] == [HearingLost, HearingRestored] * 3
    call.scope.cancel()


async def test_connects_and_losses_are_logged_with_the_vendors_request_id(
    nursery: trio.Nursery,
    autojump_clock: trio.testing.MockClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, logger="voxanne.hearing")
    vendor = Deepgram(greet)
    call = Call(nursery, vendor)
    nursery.start_soon(call.listen)
    await call.say(quiet(2_000))
    vendor.lines[0].stream.reset()
    await call.say(quiet(1_000))
    said = [record.getMessage() for record in caplog.records if record.name == "voxanne.hearing"]
    assert len(said) == 3
    assert said[0] == "flux hears CA1 (request id-1)"
    assert "request id-1" in said[1]
    assert said[2] == "flux hears CA1 (request id-2)"
    assert "dg_key" not in caplog.text
    call.scope.cancel()


def test_a_bug_of_ours_is_not_hidden() -> None:
    async def main() -> None:
        async with trio.open_nursery() as nursery:
            call = Call(nursery, Deepgram(FluxMachine().script))
            nursery.start_soon(call.say, speech(1) + quiet(500))

            def tell(event: object) -> None:
                raise RuntimeError("bug")

            await call.ears.listen(call.ring, tell)

    bugs = 0
    try:
        trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
    except* RuntimeError:
        bugs += 1
    assert bugs == 1
