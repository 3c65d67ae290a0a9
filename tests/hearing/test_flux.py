from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import attrs
import pytest
import trio
import trio.testing

from voxanne_trio.events import HearingLost, TurnEnded
from voxanne_trio.hearing.flux import Flux

from .peers import SETTINGS, Call, Deepgram, Line, greet, plain, quiet, speech

TALKS_LITTLE = attrs.evolve(SETTINGS, hearing_mute_ms=60_000)
"""For vendors that say less than a real one would."""

SAMPLES = Path(__file__).parent.parent / "data" / "deepgram_messages.jsonl"


def sample(name: str) -> list[dict[str, Any]]:
    records = [json.loads(line) for line in SAMPLES.read_text().splitlines()]
    return [record for record in records if record["seq"] == name]


async def play_sample(line: Line, name: str) -> None:
    """The server's side of a sample session, at its own times from the first audio on."""
    if name != "listen_v2_flux_eager":
        await line.until(lambda: bool(line.audio))
    began = trio.current_time()
    for record in sample(name):
        if record["dir"] == "server" and record["kind"] == "text":
            await trio.sleep_until(began + record["t_ms"] / 1000)
            await line.send(record["msg"])
    await trio.sleep_forever()


def flux_of(call: Call) -> Flux:
    assert isinstance(call.ears, Flux)
    return call.ears


async def test_the_sample_session(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    async def script(line: Line) -> None:
        await play_sample(line, "listen_v2_flux_eager")

    call = Call(nursery, Deepgram(script), settings=TALKS_LITTLE)
    nursery.start_soon(call.listen)
    await call.say(quiet(18_000))
    assert [plain(event) for event in call.events] == [
        ("SpeechStarted", "I'd"),
        ("WordsHeard", "I'd like to"),
        ("WordsHeard", "I'd like to move my"),
        ("TurnEndedEagerly", "I'd like to move my appointment."),
        ("TurnResumed", "I'd like to move my appointment to"),
        ("WordsHeard", "I'd like to move my appointment to Friday"),
        ("TurnEndedEagerly", "I'd like to move my appointment to Friday at two thirty."),
        ("TurnEnded", "I'd like to move my appointment to Friday at two thirty."),
        ("SpeechStarted", "Seven"),
        ("WordsHeard", "7 4 1"),
        ("TurnEnded", "741"),
        ("SpeechStarted", "And"),
        ("TurnEnded", "And um"),
    ]
    # The last words end at 4.16, 5.56 and 11.17 s of the audio, which arrived in real time.
    until = [event.voiced_until for event in call.events if isinstance(event, TurnEnded)]
    assert until == [pytest.approx(call.began + seconds) for seconds in (4.16, 5.56, 11.17)]
    assert [round(at, 2) for at, _ in call.told][:2] == [1.26, 1.51]
    call.scope.cancel()


async def test_an_end_of_turn_alone_is_a_turn(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    async def script(line: Line) -> None:
        await line.send({"type": "Connected", "request_id": "r", "sequence_id": 0})
        await play_sample(line, "listen_v2_multi")

    call = Call(nursery, Deepgram(script))
    nursery.start_soon(call.listen)
    await call.say(quiet(1_500))
    assert [plain(event) for event in call.events] == [
        ("TurnEnded", "Hola, quiero una cita please.")
    ]
    call.scope.cancel()


async def test_what_the_upgrade_asks(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    vendor = Deepgram(greet)
    call = Call(nursery, vendor, keyterms=("Ridgeline Dental", "Invisalign", "Invisalign"))
    nursery.start_soon(call.listen)
    await call.say(quiet(200))
    (line,) = vendor.lines
    assert line.headers["authorization"] == "Token dg_key"
    assert urlsplit(line.path).path == "/v2/listen"
    assert parse_qsl(urlsplit(line.path).query) == [
        ("model", "flux-general-en"),
        ("encoding", "mulaw"),
        ("sample_rate", "8000"),
        ("eot_threshold", "0.7"),
        ("eager_eot_threshold", "0.4"),
        ("eot_timeout_ms", "5000"),
        ("keyterm", "Ridgeline Dental"),
        ("keyterm", "Invisalign"),
        ("mip_opt_out", "true"),
        ("tag", "CA1"),
    ]
    assert "keyterm=Ridgeline%20Dental" in line.path
    call.scope.cancel()


async def test_eager_ends_can_be_turned_off_and_keyterms_are_bounded(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    vendor = Deepgram(greet)
    settings = attrs.evolve(SETTINGS, eager_eot_threshold=0, stt_model="flux-general-multi")
    terms = tuple(f"Bupropion{index}" for index in range(400))
    call = Call(nursery, vendor, settings=settings, keyterms=terms)
    nursery.start_soon(call.listen)
    await call.say(quiet(200))
    asked = parse_qsl(urlsplit(vendor.lines[0].path).query)
    assert "eager_eot_threshold" not in dict(asked)
    assert dict(asked)["model"] == "flux-general-multi"
    assert 100 <= sum(name == "keyterm" for name, _ in asked) <= 125
    call.scope.cancel()


async def test_audio_waits_for_the_greeting_and_comes_in_batches(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    async def late(line: Line) -> None:
        await trio.sleep(0.5)
        await greet(line)

    vendor = Deepgram(late)
    call = Call(nursery, vendor, settings=TALKS_LITTLE)
    nursery.start_soon(call.listen)
    said = speech(*range(1, 11))
    await call.say(said)
    await trio.sleep(2)
    (line,) = vendor.lines
    assert line.received[0][0] - line.opened_at == pytest.approx(0.5)
    assert {len(message) for _, message in line.received} == {640}
    assert line.audio.startswith(said)
    # The backlog of half a second is worked off at 1.25 times real time.
    times = [at for at, _ in line.received[:8]]
    assert [round(b - a, 4) for a, b in pairwise(times)] == [0.064] * 7
    call.scope.cancel()


async def test_silence_is_fed_when_the_callers_stream_stops(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    vendor = Deepgram(greet)
    call = Call(nursery, vendor)
    nursery.start_soon(call.listen)
    said = speech(1, 2)
    await call.say(said)
    stopped_at = trio.current_time()
    await trio.sleep(5)
    (line,) = vendor.lines
    fed = line.audio[len(said) :]
    assert len(line.audio) / 8 == pytest.approx(720 + 5_000 - 200, abs=80)
    assert fed == quiet(1) * (len(fed) // 8)
    after = [at for at, _ in line.received if at > stopped_at + 0.01]
    assert after[0] - stopped_at == pytest.approx(0.2)
    assert {round(b - a, 3) for a, b in pairwise(after)} == {0.08}
    assert line.texts == []  # no keep-alive: Flux would end the stream
    call.scope.cancel()


async def test_words_after_fed_silence_keep_their_arrival_times(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    async def script(line: Line) -> None:
        await line.send({"type": "Connected", "request_id": "r", "sequence_id": 0})
        await line.until(lambda: len(line.audio) >= 3_000 * 8)
        end = (line.audio.rindex(b"\x07") + 1) / 8_000
        turn = sample("listen_v2_multi")[1]["msg"]
        await line.send(
            turn | {"audio_window_end": 3.0, "words": [{"word": "x", "start": 0.1, "end": end}]}
        )
        await trio.sleep_forever()

    call = Call(nursery, Deepgram(script))
    nursery.start_soon(call.listen)
    await call.say(quiet(100))
    await trio.sleep(1.5)
    await call.say(speech(7))
    voiced_until = trio.current_time() - 0.06
    await call.say(quiet(2_000))
    (event,) = call.events
    assert isinstance(event, TurnEnded)
    assert event.voiced_until == pytest.approx(voiced_until)
    call.scope.cancel()


async def test_forcing_the_end_of_a_turn(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    vendor = Deepgram(greet)
    call = Call(nursery, vendor)
    flux = flux_of(call)
    assert not flux.force_end_turn()
    nursery.start_soon(call.listen)
    await call.say(quiet(220))
    assert flux.force_end_turn()
    asked_at = trio.current_time()
    await trio.sleep(0.05)
    ((at, text),) = vendor.lines[0].texts
    assert json.loads(text) == {"type": "ForceEndTurn"}
    assert at == pytest.approx(asked_at)  # before the next audio, and not with it
    call.scope.cancel()


async def test_a_vendor_that_cannot_force_is_not_asked_again(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    async def old(line: Line) -> None:
        await line.send({"type": "Connected", "request_id": "r", "sequence_id": 0})
        await line.until(lambda: bool(line.texts))
        await line.send(sample("listen_v2_fatal")[2]["msg"])
        await line.socket.aclose(1000)

    vendor = Deepgram(old, greet)
    call = Call(nursery, vendor)
    nursery.start_soon(call.listen)
    await call.say(quiet(200))
    flux = flux_of(call)
    assert flux.force_end_turn()
    await call.say(quiet(500))
    assert len(vendor.lines) == 2
    assert not flux.force_end_turn()
    call.scope.cancel()


async def test_a_change_that_a_host_does_not_know_costs_one_socket(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    async def old(line: Line) -> None:
        await line.send({"type": "Connected", "request_id": "r", "sequence_id": 0})
        await line.until(lambda: bool(line.texts))
        await line.send(sample("listen_v2_fatal")[2]["msg"])
        await line.socket.aclose(1000)

    vendor = Deepgram(old)
    call = Call(nursery, vendor)
    nursery.start_soon(call.listen)
    call.ears.be_patient(True)
    await call.say(quiet(5_000))
    assert len(vendor.lines) == 2
    assert call.events == []
    call.scope.cancel()


@pytest.mark.parametrize("code", ["INVALID_AUTH", "INVALID_QUERY_PARAMETER"])
async def test_an_error_of_key_or_query_is_no_passing_one(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock, code: str
) -> None:
    async def refuse(line: Line) -> None:
        await line.send({"type": "Error", "sequence_id": 0, "code": code, "description": "no"})
        await line.socket.aclose(1008)

    vendor = Deepgram(refuse)
    call = Call(nursery, vendor)
    with trio.fail_after(1):
        await call.listen()
    ((_, event),) = call.told
    assert isinstance(event, HearingLost)
    assert code in event.reason
    assert len(vendor.lines) == 1


async def test_one_change_at_a_time_and_the_next_socket_knows_what_was_granted(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    async def strict(line: Line) -> None:
        await line.send({"type": "Connected", "request_id": "r", "sequence_id": 0})
        await trio.sleep(0.5)
        assert len(line.texts) == 1
        await line.send({"type": "ConfigureSuccess", "request_id": "r"})
        await trio.sleep(0.1)
        await line.send({"type": "ConfigureFailure", "request_id": "r", "code": "NO"})
        await trio.sleep(0.1)
        line.stream.reset()

    vendor = Deepgram(strict, greet)
    call = Call(nursery, vendor, keyterms=("Old",))
    flux = flux_of(call)
    flux.configure(eot_threshold=0.9, keyterms=["Okafor"])
    nursery.start_soon(call.listen)
    await call.say(quiet(200))
    flux.configure(eot_timeout_ms=100)
    flux.configure(eager_eot_threshold=0.2)
    await call.say(quiet(1_000))
    assert [json.loads(text) for _, text in vendor.lines[0].texts] == [
        {"type": "Configure", "thresholds": {"eot_threshold": 0.9}, "keyterms": ["Okafor"]},
        {"type": "Configure", "thresholds": {"eot_timeout_ms": 100, "eager_eot_threshold": 0.2}},
    ]
    query = dict(parse_qsl(urlsplit(vendor.lines[1].path).query))
    assert query["eot_threshold"] == "0.9"
    assert query["eager_eot_threshold"] == "0.4"
    assert query["eot_timeout_ms"] == "5000"
    assert query["keyterm"] == "Okafor"
    assert vendor.lines[1].texts == []
    call.scope.cancel()
