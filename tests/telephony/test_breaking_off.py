"""Synthesis breaks off: what is kept, what must be said again, and how sure that can be. Pure.

A voice here takes four frames a character, as `Pace` expects of one it does not know yet.
"""

from __future__ import annotations

import pytest

from voxanne_trio.audio import FRAME_BYTES, silence
from voxanne_trio.humanizer import Sentence
from voxanne_trio.telephony.passages import Pace
from voxanne_trio.telephony.speech import Speech

LOUD = b"\x80"
FRAMES_A_CHARACTER = 4
PLAIN = ("We open at nine.", "Parking is behind the house.", "Bring your card.")


def sentences(*texts: str) -> tuple[Sentence, ...]:
    return tuple(map(Sentence.verbatim, texts))


def voice(characters: float) -> bytes:
    return LOUD * (round(characters * FRAMES_A_CHARACTER) * FRAME_BYTES)


def said(*texts: str, pause_ms: int = 300) -> bytes:
    """Whole sentences, and the pause after each."""
    return b"".join(voice(len(text)) + silence(pause_ms) for text in texts)


def broken_off(
    audio: bytes, *texts: str, sent: int = 0
) -> tuple[Speech, str, tuple[Sentence, ...]]:
    speech = Speech(1, Pace())
    speech.begin(sentences(*texts))
    speech.add(audio)
    rest = speech.break_off(sent)
    return speech, speech.written, rest


@pytest.mark.parametrize("faster", [0.8, 1.0, 1.25])
def test_a_sentence_that_was_not_sent_is_said_again_from_its_beginning(faster: float) -> None:
    audio = voice(len(PLAIN[0]) / faster) + silence(300) + voice(10 / faster)
    speech, kept, rest = broken_off(audio, *PLAIN, sent=20)
    assert kept == PLAIN[0]
    assert rest == sentences(*PLAIN[1:])
    assert speech.heard_until(speech.frames) == PLAIN[0]
    assert speech.frames == round(16 / faster * FRAMES_A_CHARACTER) + 15  # its pause is kept


def test_what_was_sent_of_the_next_sentence_is_not_said_again() -> None:
    audio = said(PLAIN[0]) + voice(20)
    sent = (len(PLAIN[0]) + 18) * FRAMES_A_CHARACTER + 15
    speech, kept, rest = broken_off(audio, *PLAIN, sent=sent)
    assert speech.frames == sent
    assert kept == "We open at nine. Parking is behind"
    assert [sentence.written for sentence in rest] == ["the house.", "Bring your card."]


@pytest.mark.parametrize(
    ("first", "pause_ms", "share"),
    [
        ("We open at nine, or a little later.", 300, 16 / 35),  # a comma is as long a pause
        ("We open at nine in the morning, usually.", 300, 31 / 40),
        ("We open at nine in the morning usually.", 100, 1.0),  # no pause between sentences
        ("We open at nine in the morning usually.", 300, 0.5),  # far too soon for the end
    ],
)
def test_no_pause_but_that_of_a_sentence_ends_one(first: str, pause_ms: int, share: float) -> None:
    heard = round(len(first) * share)
    audio = voice(heard) + silence(pause_ms) + voice(5)
    _, kept, rest = broken_off(audio, first, PLAIN[1])
    assert len(kept) <= heard
    assert f"{kept} {rest[0].written}".strip().startswith(first)


def test_a_passage_whose_end_was_not_told_has_the_next_ones_audio_too() -> None:
    speech = Speech(1, Pace())
    speech.begin(sentences("Yes, we do!"))
    speech.begin(sentences(*PLAIN[:2]))
    speech.add(said("Yes, we do!", *PLAIN[:2]))
    speech.end_passage()  # the end of the second
    assert speech.break_off(sent=0) == ()
    assert speech.written == "Yes, we do! We open at nine. Parking is behind the house."
    assert speech.heard_until(speech.frames) == speech.written


def test_a_passage_without_audio_is_said_again_where_the_one_before_has_but_its_own() -> None:
    speech = Speech(1, Pace())
    speech.begin(sentences(*PLAIN[:2]))
    speech.begin(sentences("Bye."))
    speech.add(said(*PLAIN[:2]))
    speech.end_passage()
    assert speech.break_off(sent=0) == sentences("Bye.")
    assert speech.written == "We open at nine. Parking is behind the house."


def test_a_voice_is_not_known_by_audio_that_is_not_its_texts() -> None:
    pace = Pace()
    pace.learn(10, 400)
    pace.learn(100, 10)
    assert pace.frames_for(1) == FRAMES_A_CHARACTER
    pace.learn(100, 300)
    assert 3 < pace.frames_for(1) < FRAMES_A_CHARACTER


def test_what_breaks_off_is_said_again_from_its_last_word() -> None:
    speech = Speech(1, Pace())
    sentence = Sentence.verbatim("one two three four five six seven eight nine ten")
    speech.begin((sentence,))
    speech.add(LOUD * 8000 + silence(100) + LOUD * 400)  # 1 s, a pause, a torn word
    rest = speech.break_off(sent=0)
    kept = speech.written
    assert f"{kept} {rest[0].written}" == sentence.written
    assert 1 <= len(kept.split()) < 5  # slow pace assumed: rather repeat a word than lose one
    speech.begin(rest)
    speech.add(LOUD * 8000)
    speech.end_passage()
    assert speech.heard_until(speech.frames) == sentence.written


def test_audio_that_broke_off_before_its_first_word_belongs_to_no_sentence() -> None:
    speech = Speech(1, Pace())
    sentence = Sentence.verbatim("extraordinarily long")
    speech.begin((sentence,))
    speech.add(LOUD * 320)
    assert speech.break_off(sent=2) == (sentence,)
    assert (speech.frames, speech.sentences, speech.sentence_at(1)) == (2, (), -1)
    speech.begin((sentence,))
    speech.add(LOUD * 8000)
    speech.end_passage()
    assert speech.sentence_at(10) == 0
