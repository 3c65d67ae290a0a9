"""The voices of the sandbox: real ones in a thread, tones at once."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from voxanne_trio.sandbox.endpointer import FRAME_BYTES, Endpointer
from voxanne_trio.sandbox.voice import (
    RealVoices,
    ToneVoices,
    manner_of,
    pause_seconds,
    pieces,
    word_seconds,
)

TEXT = "Recovery takes two weeks. Do you want me to check Tuesday?"
THALIA = "aura-2-thalia-en"


def voiced_share(audio: bytes) -> float:
    ends = Endpointer()
    frames = [audio[at : at + FRAME_BYTES] for at in range(0, len(audio), FRAME_BYTES)]
    heard = 0
    for frame in frames:
        ends.push(frame)
        heard += ends.voiced
    return heard / len(frames)


async def test_caller_and_agents_speak_with_different_voices() -> None:
    voices = RealVoices()
    audio = [
        await voices.caller().speak(TEXT),
        await voices.agent(THALIA).speak(TEXT),
        await voices.agent("aura-2-orion-en").speak(TEXT),
    ]
    assert len(set(audio)) == 3
    for speech in audio:
        assert 2.0 < len(speech) / 8_000 < 6.0
        assert voiced_share(speech) > 0.5
    assert len(await voices.agent(THALIA).speak(TEXT, 1.4)) < len(audio[1]) * 0.85


async def test_what_was_said_is_remembered_and_the_loop_goes_on_meanwhile() -> None:
    voices = RealVoices()
    first = await voices.caller().speak(TEXT)
    start = trio.current_time()
    assert await voices.caller().speak(TEXT) is first
    assert trio.current_time() - start < 0.005
    said: list[bytes] = []

    async def speak(number: int) -> None:
        said.append(await voices.caller().speak(f"Number {number}."))

    async with trio.open_nursery() as nursery:
        for number in range(4):
            nursery.start_soon(speak, number)
    assert len(set(said)) == 4


def test_every_agent_has_a_voice_that_stays_the_same() -> None:
    models = [f"aura-2-{name}-en" for name in ("thalia", "orion", "luna", "zeus", "pandora")]
    assert [manner_of(model) for model in models] == [manner_of(model) for model in models]
    assert len({manner_of(model) for model in models}) > 2


async def test_tones_follow_the_words_without_a_thread(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_threads(*args: object, **options: object) -> None:
        raise AssertionError("a thread in virtual time")

    monkeypatch.setattr(trio.to_thread, "run_sync", no_threads)
    voices = ToneVoices()
    audio = await voices.caller().speak("Hello there, Anna")
    words = sum(word_seconds(word) for word in ("Hello", "there,", "Anna"))
    pauses = pause_seconds("Hello") + pause_seconds("there,")
    assert len(audio) / 8_000 == pytest.approx(words + pauses)
    assert voices.caller().say("Hello there, Anna") == audio
    assert voices.agent(THALIA).say("Hello there, Anna") != audio
    assert voiced_share(voices.caller().say("Hello")) == 1.0
    assert voices.caller().say("") == b""


def test_long_texts_are_spoken_sentence_by_sentence() -> None:
    long = "We are open from nine to six on every day of the week but Sunday. Yes. Dr. Marsh is in."
    assert " ".join(pieces(long)) == long
    assert len(pieces(long)) == 2
    assert pieces("Short. Texts.") == ["Short. Texts."]
    assert pieces("  ") == []
