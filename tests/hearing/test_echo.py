"""Our own voice on its way back is not the caller's; theirs on top of it is."""

from __future__ import annotations

import numpy as np
import pytest

from voxanne_trio.audio import FRAME_BYTES
from voxanne_trio.hearing.echo import FarEnd
from voxanne_trio.hearing.vad import VoiceDetector
from voxanne_trio.sandbox.mulaw import RATE, decode, encode
from voxanne_trio.sandbox.sounds import SpeechVoices, active_level, at_level

from .voices import AGENT, ANSWER, FRAME, heard, said, spoken, starts, still, with_echo

OURS = SpeechVoices().agent(AGENT).say(f"{ANSWER} {ANSWER}")
OUR_DB = active_level(decode(OURS))


@pytest.mark.parametrize("db", [15.0, 20.0, 27.0, 35.0])
@pytest.mark.parametrize(("delay_ms", "network_ms"), [(40, 0), (160, 130), (300, 400)])
def test_an_echo_is_no_voice(db: float, delay_ms: float, network_ms: float) -> None:
    arriving = with_echo(OURS, still(0), db, delay_ms, network_ms)
    assert starts(heard(arriving, OURS)) == []


def test_an_echo_of_real_speech_is_no_voice() -> None:
    ours = encode(spoken(ANSWER, "en+f3", 62))
    arriving = with_echo(ours, still(0), 16.0, 120, 90)
    assert starts(heard(arriving, ours)) == []


def test_without_knowing_what_sounds_an_echo_is_a_voice() -> None:
    assert starts(heard(with_echo(OURS, still(0), 20.0, 160, 130))) != []


def test_an_echo_stays_none_when_frames_come_in_bursts() -> None:
    arriving = encode(with_echo(OURS, still(0), 22.0, 100, 100))
    far_end = FarEnd()
    far_end.played(OURS, 0.0)
    detector, events = VoiceDetector(far_end), []
    for at in range(0, len(arriving), FRAME_BYTES):
        burst = -(-(at + FRAME_BYTES) // 480) * 480 / RATE  # every third frame brings three
        events += detector.feed(arriving[at : at + FRAME_BYTES], burst)
    assert starts(events) == []


@pytest.mark.parametrize("db", [15.0, 22.0, 30.0])
@pytest.mark.parametrize("below_db", [0.0, 6.0])
@pytest.mark.parametrize("voice", ["espeak", "synthetic"])
def test_a_caller_who_talks_over_us_is_heard(db: float, below_db: float, voice: str) -> None:
    text = "No, wait, I have another question."
    caller = spoken(text) if voice == "espeak" else said(text)
    caller = at_level(caller, OUR_DB - below_db)
    begun = 6.0
    late = np.concatenate([still(begun), caller])
    first, *_ = starts(heard(with_echo(OURS, late, db, 120, 100), OURS))
    assert begun <= first <= begun + (0.15 if below_db == 0 else 0.5)


def test_a_soft_caller_is_heard_once_the_path_is_known() -> None:
    caller = at_level(spoken("No, wait, I have another question."), OUR_DB - 10.0)
    late = np.concatenate([still(7.0), caller])
    first, *_ = starts(heard(with_echo(OURS, late, 30.0, 120, 100), OURS))
    assert 7.0 <= first <= 7.4


def test_a_path_that_becomes_louder_is_learned_again() -> None:
    half = len(OURS) // 2
    ours = OURS[:half] + OURS[:half] + OURS
    quiet = with_echo(ours, still(0), 33.0, 120, 100)
    loud = with_echo(ours, still(0), 20.0, 120, 100)
    turn = len(OURS)
    arriving = np.concatenate([quiet[:turn], loud[turn:]])
    wrong = starts(heard(arriving, ours))
    assert all(at < turn / RATE + 3.0 for at in wrong)


def test_after_a_clear_nothing_can_come_back() -> None:
    far_end = FarEnd()
    far_end.played(OURS, 10.0)
    assert far_end.hear(11.0, -60.0, -62.0)
    assert far_end.echo_db() > -40.0
    far_end.cleared(11.0)
    assert far_end.hear(11.5, -60.0, -62.0)  # still on its way
    assert far_end.echo_db() > -40.0
    assert not far_end.hear(12.5, -60.0, -62.0)


def test_nothing_played_means_no_echo() -> None:
    far_end = FarEnd()
    assert not far_end.hear(5.0, -20.0, -60.0)
    far_end.played(b"\xff" * 1_600, 5.0)
    assert not far_end.hear(5.1, -20.0, -60.0)


def test_its_memory_does_not_grow() -> None:
    far_end = FarEnd()
    before = {name: len(kept) for name, kept in vars(far_end).items() if isinstance(kept, list)}
    for second in range(0, 120, 3):
        far_end.played(OURS[: 3 * RATE], float(second))
        far_end.hear(second + FRAME, -40.0, -60.0)
    after = {name: len(kept) for name, kept in vars(far_end).items() if isinstance(kept, list)}
    assert after == before
