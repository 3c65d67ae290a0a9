from __future__ import annotations

import json
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import trio
import trio.testing

from voxanne_trio.events import TurnEnded
from voxanne_trio.hearing.nova import Nova

from .peers import NOVA, Call, Deepgram, Line, plain, quiet, speech, stay
from .test_flux import play_sample


def nova_call(nursery: trio.Nursery, vendor: Deepgram) -> Call:
    call = Call(nursery, vendor, settings=NOVA)
    nursery.start_soon(call.listen)
    return call


def results(
    text: str,
    start: float,
    duration: float,
    *,
    final: bool = False,
    speech_final: bool = False,
    **more: Any,
) -> dict[str, Any]:
    each = duration / (len(text.split()) or 1)
    words = [
        {"word": word, "start": start + index * each, "end": start + (index + 1) * each}
        for index, word in enumerate(text.split())
    ]
    return {
        "type": "Results",
        "start": start,
        "duration": duration,
        "is_final": final,
        "speech_final": speech_final,
        "channel": {"alternatives": [{"transcript": text, "words": words}]},
        **more,
    }


STARTED = {"type": "SpeechStarted", "channel": [0, 1], "timestamp": 0.1}


def utterance_end(last_word_end: float) -> dict[str, Any]:
    return {"type": "UtteranceEnd", "channel": [0, 1], "last_word_end": last_word_end}


async def told(nursery: trio.Nursery, *messages: dict[str, Any]) -> list[tuple[str, str]]:
    """What a series of messages, a tenth of a second apart, makes the ears tell."""

    async def script(line: Line) -> None:
        await trio.sleep(1)
        for message in messages:
            await trio.sleep(0.1)
            await line.send(message)
        await trio.sleep_forever()

    call = nova_call(nursery, Deepgram(script))
    await call.say(quiet(1_200 + 100 * len(messages)))
    call.scope.cancel()
    return [plain(event) for event in call.events]


async def test_the_sample_session(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    async def script(line: Line) -> None:
        await play_sample(line, "listen_v1_call")

    call = nova_call(nursery, Deepgram(script))
    await call.say(quiet(10_500))
    assert [plain(event) for event in call.events] == [
        ("SpeechStarted", ""),
        ("WordsHeard", "I'd like to"),
        ("WordsHeard", "I'd like to move my appointment"),
        ("WordsHeard", "I'd like to move my appointment to Friday"),
        ("TurnEnded", "I'd like to move my appointment to Friday at 2:30."),
        ("TurnEnded", "Thanks."),
    ]
    until = [event.voiced_until for event in call.events if isinstance(event, TurnEnded)]
    assert until == [pytest.approx(call.began + seconds) for seconds in (4.68, 7.6)]
    call.scope.cancel()


async def test_an_utterance_end_without_speech_final_ends_the_turn(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    assert await told(
        nursery,
        STARTED,
        results("how much", 0, 0.5, final=True),
        results("is it", 0.5, 0.4, final=True),
        utterance_end(0.9),
        results("", 0.9, 0.4, final=True, speech_final=True),
    ) == [
        ("SpeechStarted", ""),
        ("WordsHeard", "how much"),
        ("WordsHeard", "how much is it"),
        ("TurnEnded", "how much is it"),
    ]


async def test_an_utterance_end_after_speech_final_does_not_cut_the_next_turn(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    assert await told(
        nursery,
        STARTED,
        results("how much", 0, 0.5, final=True, speech_final=True),
        STARTED,
        results("for", 0.5, 0.2, final=True),
        utterance_end(0.5),
        results("two", 0.7, 0.3, final=True, speech_final=True),
    ) == [
        ("SpeechStarted", ""),
        ("TurnEnded", "how much"),
        ("SpeechStarted", ""),
        ("WordsHeard", "for"),
        ("TurnEnded", "for two"),
    ]


async def test_an_empty_speech_final_ends_what_was_said(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    assert await told(
        nursery,
        STARTED,
        results("hello", 0, 0.5, final=True),
        results("", 0.5, 0.4, final=True, speech_final=True),
        results("", 0.9, 0.4, final=True, speech_final=True),
        utterance_end(0.5),
    ) == [("SpeechStarted", ""), ("WordsHeard", "hello"), ("TurnEnded", "hello")]


async def test_words_without_speech_started_start_the_speech(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    assert await told(
        nursery,
        results("hi", 0, 0.5),
        results("hi", 0, 0.6),
        STARTED,
        results("hi there", 0, 0.9, final=True, speech_final=True),
    ) == [("SpeechStarted", "hi"), ("TurnEnded", "hi there")]


async def test_noise_starts_speech_again_and_again_but_ends_no_turn(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    assert await told(
        nursery,
        STARTED,
        results("", 0, 0.5, final=True),
        STARTED,
        results("", 0.5, 0.5, final=True, speech_final=True),
        utterance_end(0.1),
    ) == [("SpeechStarted", ""), ("SpeechStarted", "")]


async def test_bad_messages_are_ignored(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    assert await told(
        nursery,
        {"type": "Results"},
        {"no": "type"},
        {"type": "Later"},
        {"type": "Error", "description": "unknown variant"},
        results("hi", 0, 0.5, final=True, speech_final=True),
    ) == [("TurnEnded", "hi")]


async def test_what_the_upgrade_asks(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    vendor = Deepgram(stay)
    call = nova_call(nursery, vendor)
    await call.say(quiet(200))
    (line,) = vendor.lines
    assert urlsplit(line.path).path == "/v1/listen"
    assert parse_qsl(urlsplit(line.path).query) == [
        ("model", "nova-3"),
        ("language", "en-US"),
        ("encoding", "mulaw"),
        ("sample_rate", "8000"),
        ("channels", "1"),
        ("interim_results", "true"),
        ("endpointing", "300"),
        ("utterance_end_ms", "1000"),
        ("vad_events", "true"),
        ("smart_format", "true"),
        ("no_delay", "true"),
        ("numerals", "true"),
        ("mip_opt_out", "true"),
        ("tag", "CA1"),
    ]
    call.scope.cancel()


async def test_silence_first_and_then_keep_alives_when_the_callers_stream_stops(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    vendor = Deepgram(stay)
    call = nova_call(nursery, vendor)
    said = speech(1, 2)
    await call.say(said)
    stopped_at = trio.current_time()
    await trio.sleep(20)
    (line,) = vendor.lines
    assert line.audio.startswith(said)
    assert len(line.audio[len(said) :]) / 8 == pytest.approx(1_880, abs=80)
    assert {text for _, text in line.texts} == {'{"type":"KeepAlive"}'}
    gaps = [at - stopped_at for at, _ in line.texts]
    assert len(gaps) == 4
    assert all(3.9 < b - a < 4.2 for a, b in pairwise(gaps))
    await call.say(said)
    await trio.sleep(0.3)
    assert said in line.audio[len(said) :]  # and the caller is heard at once when he is back
    assert all(message != b"" for _, message in line.received)
    call.scope.cancel()


async def test_some_audio_follows_the_opening_though_the_caller_sends_none(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    vendor = Deepgram(stay)
    call = nova_call(nursery, vendor)
    await trio.sleep(15)
    (line,) = vendor.lines
    assert line.received[0][0] - line.opened_at == pytest.approx(0.2)
    assert isinstance(line.received[0][1], bytes)
    times = [at for at, _ in line.received]
    assert max(b - a for a, b in pairwise(times)) < 5
    call.scope.cancel()


async def test_finalize_and_configure(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    async def script(line: Line) -> None:
        await line.until(lambda: len(line.texts) >= 2)
        await line.send(results("hi", 0, 0.1, final=True, from_finalize=True))
        await trio.sleep_forever()

    vendor = Deepgram(script)
    call = nova_call(nursery, vendor)
    nova = call.ears
    assert isinstance(nova, Nova)
    assert not nova.finalize()
    await call.say(quiet(200))
    nova.configure(keyterms=["Okafor", " "])
    assert nova.finalize()
    await call.say(quiet(200))
    assert [json.loads(text) for _, text in vendor.lines[0].texts] == [
        {"type": "Configure", "keyterms": ["Okafor"]},
        {"type": "Finalize"},
    ]
    assert [plain(event) for event in call.events] == [("TurnEnded", "hi")]
    call.scope.cancel()
