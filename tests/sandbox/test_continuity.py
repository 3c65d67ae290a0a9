"""Whether speech went on after a clear: what was heard twice, what was never heard."""

from __future__ import annotations

import pytest

from voxanne_trio.sandbox.continuity import Resumption, resumption, sounding
from voxanne_trio.sandbox.mulaw import RATE
from voxanne_trio.sandbox.sounds.speech import SpeechVoices
from voxanne_trio.sandbox.voice import ToneVoices

TEXT = "We are open from nine to six on weekdays and on Saturdays until two in the afternoon."
PADDING = b"\xff" * 400


@pytest.fixture(params=[ToneVoices, SpeechVoices])
def speech(request: pytest.FixtureRequest) -> bytes:
    audio: bytes = request.param().agent("aura-2-thalia-en").say(TEXT)
    return audio


def at(speech: bytes, seconds: float) -> int:
    """A position in the middle of a word, near that time."""
    return next(n for n in range(round(seconds * RATE), len(speech)) if speech[n] < 0xF0)


@pytest.mark.parametrize("rewind_ms", [0, 120, 500])
def test_speech_that_goes_on(speech: bytes, rewind_ms: int) -> None:
    cut, queued = at(speech, 2.0), 2_400
    back = cut - rewind_ms * RATE // 1000
    found = resumption(speech[:cut], speech[cut : cut + queued], PADDING + speech[back:])
    repeated = len(sounding(speech[back:cut])) * 1000 / RATE
    assert found == Resumption(continues=True, repeated_ms=repeated)


def test_speech_that_goes_on_with_a_piece_missing(speech: bytes) -> None:
    cut = at(speech, 2.0)
    found = resumption(speech[:cut], speech[cut : cut + 2_400], speech[cut + 800 :])
    assert found.continues
    assert 0 < found.lost_ms <= 100
    assert found.repeated_ms == 0


def test_other_speech_is_no_continuation(speech: bytes) -> None:
    cut = at(speech, 2.0)
    other = ToneVoices().caller().say("Goodbye and thank you for calling the clinic.")
    for after in (b"", PADDING, other):
        found = resumption(speech[:cut], speech[cut : cut + 2_400], after)
        assert not found.continues
        assert found.lost_ms > 150
