"""The Flux stand-in: its state machine in virtual time, over the wire, in scripted mode."""

from __future__ import annotations

import pytest
from trio.testing import MockClock

from voxanne_trio.sandbox.scripted import Scripted
from voxanne_trio.sandbox.voice import ToneVoices

from .rig import FLUX, SILENCE, connected, events, stand_in

EAGER = FLUX + "&eager_eot_threshold=0.5"


def tones(text: str) -> bytes:
    return ToneVoices().caller().say(text)


def scripted(*utterances: str, profile: str = "fixed:260,110,90"):
    deepgram = stand_in(profile)
    assert isinstance(deepgram.recogniser, Scripted)
    deepgram.recogniser.register("CA1", utterances)
    return deepgram


async def test_a_turn_is_told_word_by_word_and_ends_after_the_delay(
    autojump_clock: MockClock,
) -> None:
    async with connected(scripted("Do you do BBL?"), FLUX) as client:
        await client.silence(0.48)
        await client.hear(tones("Do you do BBL?"))
        spoken = autojump_clock.current_time()
        await client.silence(1.0)
    assert events(client) == ["Connected", "StartOfTurn", "EndOfTurn"]
    end = client.of("EndOfTurn")[0]
    assert end["transcript"] == "Do you do BBL?"
    assert end["trigger"] == "model"
    assert [word["word"] for word in end["words"]] == ["Do", "you", "do", "BBL?"]
    print(client.at("EndOfTurn") - spoken, end["words"])
    texts = [said["transcript"] for said in client.of("Update")]
    print(texts)
