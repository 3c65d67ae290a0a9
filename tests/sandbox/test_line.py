"""What the line adds to the caller's frames, and that the recogniser stays right in spite of it."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Sequence

import numpy as np
import pytest
from trio.testing import MockClock

from tests.sandbox.rig import FLUX, NOVA, connected, scripted
from tests.sandbox.test_caller_steps import SPEECH, Talker, call_with
from voxanne_trio.sandbox import robbed_bits
from voxanne_trio.sandbox.caller import (
    Backchannel,
    HangUp,
    Listen,
    Say,
    Sound,
    StaySilent,
    Step,
    utterances,
)
from voxanne_trio.sandbox.line import CLEAN, LINES, Line, Pickup
from voxanne_trio.sandbox.microphone import FRAME_BYTES, Microphone
from voxanne_trio.sandbox.mulaw import RATE, SILENCE, Samples, decode
from voxanne_trio.sandbox.playout import PlayOut
from voxanne_trio.sandbox.robbed_bits import Holds
from voxanne_trio.sandbox.scripted import Scripted
from voxanne_trio.sandbox.sounds import level

SCRIPT: list[Step] = [
    Sound("cough"),
    StaySilent(1),
    Say("How much does a consultation cost?"),
    Backchannel("mm-hm", after_ms=300, patience=0.5),
    StaySilent(1),
    Say("My number is five five five ~1200 zero one three four"),
    StaySilent(2),
    HangUp(),
]
HEARD = [
    "How much does a consultation cost?",
    "Mm-hm.",
    "My number is five five five.",
    "Zero one three four.",
]


def carried(line: Line, spoken: bytes = b"", played: bytes = b"", *, frames: int = 150) -> Samples:
    """The frames of three seconds as linear samples."""
    microphone, playout = Microphone(0.0, random.Random(1)), PlayOut(0.0)
    microphone.pickup = None if line.is_clean else Pickup(line, playout)
    playout.add(played, 0.0)
    microphone.speak(spoken, 0.0)
    payloads = (microphone.payload(n * FRAME_BYTES) for n in range(frames))
    return decode(b"".join(base64.b64decode(payload) for payload in payloads))


def test_a_clean_line_adds_nothing() -> None:
    spoken = SPEECH[: 2 * RATE]
    assert CLEAN.is_clean
    assert (carried(CLEAN, spoken)[: len(spoken)] == decode(spoken)).all()


@pytest.mark.parametrize("db", [-50.0, -40.0])
@pytest.mark.parametrize("name", ["noise_db", "television_db"])
def test_noise_has_its_level_and_its_seed(name: str, db: float) -> None:
    line = Line(seed=4, **{name: db})  # type: ignore[arg-type]
    silence = carried(line, frames=750)
    assert level(silence) == pytest.approx(db, abs=4)
    assert (silence == carried(line, frames=750)).all()
    assert (silence != carried(Line(seed=5, **{name: db}), frames=750)).any()  # type: ignore[arg-type]


@pytest.mark.parametrize(("down", "late"), [(15.0, 40.0), (25.0, 300.0)])
def test_the_echo_comes_back_weaker_and_later(down: float, late: float) -> None:
    played = SPEECH[: 2 * RATE]
    echo = carried(Line(echo_down_db=down, echo_late_ms=late), played=played)
    played_at = decode(played).astype(np.float64)
    assert level(echo[: 2 * RATE]) == pytest.approx(level(decode(played)) - down, abs=3)
    lags = np.correlate(echo[: 2 * RATE].astype(np.float64), played_at, "full")[2 * RATE - 1 :]
    assert lags.argmax() / RATE == pytest.approx(late / 1000, abs=0.003)


def test_what_was_never_played_has_no_echo() -> None:
    microphone, playout = Microphone(0.0, random.Random(1)), PlayOut(0.0)
    microphone.pickup = Pickup(Line(echo_down_db=15.0, echo_late_ms=40.0), playout)
    playout.add(SPEECH[: 2 * RATE], 0.0)
    playout.clear(0.5)
    payloads = [microphone.payload(n * FRAME_BYTES) for n in range(100)]
    heard = decode(b"".join(base64.b64decode(payload) for payload in payloads))
    assert level(heard[: RATE // 2]) > -45
    assert level(heard[RATE // 2 + RATE // 5 :]) < -70


async def turns(talker: Talker, target: str, script: Sequence[Step]) -> list[str]:
    """The turns a recogniser hears in what a server was sent."""
    async with connected(scripted(*utterances(script)), target) as client:
        audio = bytes(talker.heard)
        await client.hear(audio[: len(audio) // FRAME_BYTES * FRAME_BYTES])
        await client.silence(3.0)
        if target == FLUX:
            return [turn["transcript"] for turn in client.of("EndOfTurn")]
        finals = [result for result in client.of("Results") if result["is_final"]]
        texts = [result["channel"]["alternatives"][0]["transcript"] for result in finals]
        return [text for text in texts if text]


@pytest.mark.parametrize("target", [FLUX, NOVA])
@pytest.mark.parametrize("name", [name for name in LINES if name != "heard_echo"])
async def test_words_are_the_callers_own_on_any_line(
    autojump_clock: MockClock, name: str, target: str
) -> None:
    talker = Talker(speech=SPEECH + SILENCE * RATE + SPEECH)
    _, report = await call_with(talker, SCRIPT, LINES[name])
    assert [turn.said for turn in report.turns] == [
        "How much does a consultation cost?",
        "My number is five five five zero one three four",
    ]
    assert await turns(talker, target, SCRIPT) == HEARD


async def test_turns_end_when_the_caller_does_on_any_line(autojump_clock: MockClock) -> None:
    ends = []
    for line in (CLEAN, LINES["speakerphone"], LINES["car"]):
        talker = Talker(speech=SPEECH)
        script: list[Step] = [StaySilent(1), Say("Do you do BBL?"), StaySilent(1), HangUp()]
        await call_with(talker, script, line)
        async with connected(scripted(*utterances(script)), FLUX) as client:
            audio = bytes(talker.heard)
            await client.hear(audio[: len(audio) // FRAME_BYTES * FRAME_BYTES])
            (end,) = client.of("EndOfTurn")
            ends.append((end["audio_window_end"], end["words"]))
    assert ends[0] == ends[1] == ends[2]


async def test_an_echo_becomes_words_only_where_that_is_wanted(autojump_clock: MockClock) -> None:
    talker = Talker()
    script: list[Step] = [Listen(), HangUp()]
    await call_with(talker, script, LINES["heard_echo"])
    deepgram = scripted()
    assert isinstance(deepgram.recogniser, Scripted)
    deepgram.recogniser.overheard = lambda tag: "We are open from nine to six on weekdays"
    async with connected(deepgram, FLUX) as client:
        audio = bytes(talker.heard)
        await client.hear(audio[: len(audio) // FRAME_BYTES * FRAME_BYTES])
        await client.silence(2.0)
        heard = " ".join(turn["transcript"] for turn in client.of("EndOfTurn"))
    assert "open from nine to six" in heard


async def test_frames_that_never_came_are_words_that_were_never_heard(
    autojump_clock: MockClock,
) -> None:
    talker = Talker(speech=b"")
    text = "one two three four five six seven eight nine ten"
    script: list[Step] = [StaySilent(0.5), Say(text), StaySilent(1), HangUp()]
    await call_with(talker, script)
    frames = [
        bytes(talker.heard[at : at + FRAME_BYTES])
        for at in range(0, len(talker.heard) - FRAME_BYTES + 1, FRAME_BYTES)
    ]
    words = [
        note.word if (note := robbed_bits.read(frame)) and note.holds is Holds.WORD else -1
        for frame in frames
    ]
    first, last = words.index(3), len(words) - words[::-1].index(6)
    async with connected(scripted(text), FLUX) as client:
        for part in (frames[:first], frames[last:]):
            await client.hear(b"".join(part))
        await client.silence(1.0)
        (turn,) = client.of("EndOfTurn")
    assert turn["transcript"] == "One two three eight nine ten."
    async with connected(scripted(text), FLUX) as client:  # a reconnect that says some again
        await client.hear(b"".join(frames[words.index(5) :]))
        await client.silence(1.0)
        (turn,) = client.of("EndOfTurn")
    assert turn["transcript"] == "Six seven eight nine ten."


def test_lines_are_values() -> None:
    assert Line.from_json("echo") == LINES["echo"]
    assert Line.from_json(json.loads('{"noise_db": -44, "seed": 3}')) == Line(noise_db=-44, seed=3)
    for wrong in ("wet", {"noise": 3}):
        with pytest.raises(ValueError):
            Line.from_json(wrong)
    assert Line.draw(random.Random(9)) == Line.draw(random.Random(9))
