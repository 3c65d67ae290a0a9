"""The Flux stand-in: its state machine in virtual time, over the wire, in scripted mode."""

from __future__ import annotations

import pytest
from trio.testing import MockClock

from voxanne_trio.sandbox.deepgram import Deepgram
from voxanne_trio.sandbox.endpointer import FRAME_BYTES
from voxanne_trio.sandbox.faults import Fault
from voxanne_trio.sandbox.voice import ToneVoices

from .rig import FLUX, Client, connected, events, refusal, samples, scripted, state_order

EAGER = FLUX + "&eager_eot_threshold=0.5"
FRAME = FRAME_BYTES / 8_000


def tones(text: str) -> bytes:
    """Speech of the caller, in whole frames."""
    audio = ToneVoices().caller().say(text)
    return audio[: len(audio) // FRAME_BYTES * FRAME_BYTES]


async def say(client: Client, text: str, *, after: float = 0.5) -> float:
    """Say something after a silence; when the last of it was sent."""
    await client.silence(after)
    await client.hear(tones(text), FRAME_BYTES)
    return MockClockNow()


def MockClockNow() -> float:
    import trio

    return trio.current_time()


async def test_a_turn_is_told_word_by_word_and_ends_after_the_profiles_delay(
    autojump_clock: MockClock,
) -> None:
    async with connected(scripted("Do you do BBL?"), FLUX) as client:
        spoken = await say(client, "Do you do BBL?")
        await client.silence(1.0)
    assert events(client) == ["Connected", "StartOfTurn", "EndOfTurn"]
    end = client.of("EndOfTurn")[0]
    assert (end["transcript"], end["trigger"], end["turn_index"]) == ("Do you do BBL?", "model", 0)
    assert [word["word"] for word in end["words"]] == ["Do", "you", "do", "BBL?"]
    assert end["words"][-1]["end"] == pytest.approx(0.5 + 1.04, abs=2 * FRAME)
    assert client.at("EndOfTurn") == pytest.approx(spoken + 0.260, abs=FRAME)
    said = [update["transcript"] for update in client.of("Update")]
    assert [text for text in said if text][:2] == ["Do you", "Do you do"]
    assert client.of("Update")[-1]["turn_index"] == 1


async def test_updates_follow_the_audio_and_nothing_follows_when_it_stops(
    autojump_clock: MockClock,
) -> None:
    async with connected(scripted("Hello there."), FLUX) as client:
        await say(client, "Hello there.", after=0.48)
        heard = len(client.heard)
        await trio_sleep(30.0)
        assert len(client.heard) == heard
        assert "EndOfTurn" not in events(client)
        await client.silence(0.4)
        assert events(client)[-1] == "EndOfTurn"
        windows = [round(update["audio_window_end"] / 0.24, 2) for update in client.of("Update")]
    assert windows == [float(n + 1) for n in range(len(windows))]
    assert [said["sequence_id"] for said in client.said] == list(range(len(client.said)))


async def trio_sleep(seconds: float) -> None:
    import trio

    await trio.sleep(seconds)


async def test_an_eager_end_comes_at_half_the_delay_with_the_transcript_of_the_end(
    autojump_clock: MockClock,
) -> None:
    async with connected(scripted("How much does it cost"), EAGER) as client:
        spoken = await say(client, "How much does it cost")
        await client.silence(1.0)
    assert events(client) == ["Connected", "StartOfTurn", "EagerEndOfTurn", "EndOfTurn"]
    eager, end = client.of("EagerEndOfTurn")[0], client.of("EndOfTurn")[0]
    assert eager["transcript"] == end["transcript"] == "How much does it cost?"
    assert client.at("EagerEndOfTurn") == pytest.approx(spoken + 0.130, abs=FRAME)
    assert 0.5 <= eager["end_of_turn_confidence"] < 0.7 <= end["end_of_turn_confidence"]


async def test_words_after_an_eager_end_resume_the_turn_first(autojump_clock: MockClock) -> None:
    text = "I would like to move my appointment to Friday"
    async with connected(scripted(text), EAGER) as client:
        await say(client, "I would like to move my appointment")
        await client.silence(0.2)
        await client.hear(tones("to Friday"), FRAME_BYTES)
        await client.silence(1.0)
    assert events(client)[1:] == ["StartOfTurn", "EagerEndOfTurn", "EndOfTurn"]
    # The script's words were all known at the eager end, so nothing changed. Real words do:
    async with connected(scripted(text, "and Dr. Marsh please"), EAGER) as client:
        await say(client, "to Friday")
        await client.silence(0.2)
    assert "TurnResumed" not in events(client)
