"""Asides: audio that is heard in a speech and is nothing of it, against a phone on virtual time."""

from __future__ import annotations

import pytest
import trio
import trio.testing

from tests.telephony.test_playback import LOUD, fill, line
from voxanne_trio.audio import silence
from voxanne_trio.events import PlayedOut, RanDry, ReplyAudible
from voxanne_trio.humanizer import Sentence
from voxanne_trio.telephony.passages import Pace
from voxanne_trio.telephony.speech import Speech

FILLER = silence(40) + LOUD * 4_800
"""640 ms, the first 40 of them silent."""


async def test_a_filler_is_heard_before_a_speech_that_has_nothing_yet_and_the_rest_after_it(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with line() as call:
        speech = call.speech()
        call.playback.play(speech)
        await trio.sleep(1.2)
        assert call.playback.interject(FILLER)
        await trio.sleep(0.1)
        assert call.playback.heard().written == ""
        fill(speech, 2)
        own = speech.audio(32, 72)
        call.playback.finished(speech)
        await trio.sleep(5)
        assert b"".join(frame for _, frame in call.phone.heard) == FILLER + own
        assert call.told == [
            (1.2, ReplyAudible(1, aside=True)),
            (pytest.approx(1.2 + 0.64 - 0.3, abs=0.101), ReplyAudible(1)),  # the lead
            (pytest.approx(1.2 + 0.64 + 0.8 + 0.04), PlayedOut(1)),
        ]
        assert call.playback.ended_with.written == "word00 word01."
        assert call.playback.gaps == 0


async def test_an_answer_that_comes_after_its_filler_is_no_underrun_and_is_told_again(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with line() as call:
        speech = call.speech()
        call.playback.play(speech)
        call.playback.interject(FILLER)
        await trio.sleep(1.5)
        fill(speech, 1)
        call.playback.finished(speech)
        await trio.sleep(2)
        events = [event for _, event in call.told]
        asides = [ReplyAudible(1, aside=True), RanDry(1)]
        assert events == [*asides, ReplyAudible(1), PlayedOut(1)]
        assert call.playback.gaps == 0


async def test_there_is_no_filler_where_something_plays_or_is_held_or_all_was_said(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with line() as call:
        assert not call.playback.interject(FILLER)
        speech = call.say(2, finish=False)
        assert not call.playback.interject(FILLER)  # it is about to be heard
        await trio.sleep(0.1)
        assert not call.playback.interject(FILLER)
        await trio.sleep(2)
        call.playback.pause()
        assert not call.playback.interject(FILLER)
        call.playback.resume()
        call.playback.finished(speech)
        assert not call.playback.interject(FILLER)


async def test_a_filler_that_is_silenced_is_not_taken_up_again(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with line() as call:
        speech = call.speech()
        call.playback.play(speech)
        call.playback.interject(FILLER)
        await trio.sleep(0.2)
        call.playback.pause()
        await trio.sleep(1)
        call.playback.resume()
        fill(speech, 1)
        own = speech.audio(32, 52)
        call.playback.finished(speech)
        await trio.sleep(2)
        heard = b"".join(frame for _, frame in call.phone.heard)
        assert heard.endswith(own)
        assert len(heard) < len(FILLER) // 2 + 20 * 160
        assert call.playback.ended_with.written == "word00."


def test_a_filler_in_the_middle_of_a_passage_moves_nothing_that_is_said() -> None:
    """Its frames count for no word, and its silence is no pause between sentences."""
    sentences = tuple(Sentence.verbatim(text) for text in ("Hello there.", "How are you today?"))

    def spoken(*, with_filler: bool) -> Speech:
        speech = Speech(1, Pace())
        speech.begin(sentences)
        speech.add(LOUD * 4_800)
        if with_filler:
            speech.interject(FILLER, speech.frames)
        speech.add(LOUD * 1_600 + silence(200) + LOUD * 8_000)
        speech.end_passage()
        return speech

    plain, filled = spoken(with_filler=False), spoken(with_filler=True)
    assert filled.frames == plain.frames + 32
    assert filled.written == plain.written
    for frame in range(30, 101):
        assert filled.heard_until(frame + 32) == plain.heard_until(frame)
    assert filled.heard_until(45) == plain.heard_until(30)


@pytest.mark.parametrize("frame", [64, 80])
def test_speech_that_is_held_soon_after_a_filler_takes_up_none_of_it(frame: int) -> None:
    speech = Speech(1, Pace())
    speech.begin((Sentence.verbatim("one two three four five six seven eight nine ten"),))
    speech.add(LOUD * 4_800)
    speech.interject(FILLER, speech.frames)
    speech.add(LOUD * 4_800)
    assert speech.pause_before(frame, 25) == 62


def test_speech_that_breaks_off_after_a_filler_keeps_it() -> None:
    sentence = Sentence.verbatim("one two three four five six seven eight nine ten")
    speech = Speech(1, Pace())
    speech.begin((sentence,))
    speech.interject(FILLER, 0)
    assert speech.break_off(sent=10) == (sentence,)
    assert (speech.frames, speech.sentences) == (32, ())
    speech.begin((sentence,))
    speech.add(LOUD * 8_000)
    speech.end_passage()
    assert speech.heard_until(32) == ""
    assert speech.heard_until(speech.frames) == sentence.written
    assert speech.first_voiced == 2
