"""What reacting callers do beside speaking in turn, and what the recogniser makes of it.

The agent is played by hand: it talks, holds when it hears voice, goes on when that was nothing. The
audio of the call is given to Deepgram's stand-in frame by frame, as a server would.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence

import pytest
import trio
from trio.testing import MockClock

from tests.sandbox.answering import ORIGIN, Answering, Line, twilio_for
from tests.sandbox.rig import FLUX, connected, scripted
from voxanne_trio.sandbox import line as lines
from voxanne_trio.sandbox.account import Numbers
from voxanne_trio.sandbox.caller import (
    Backchannel,
    Caller,
    CallerReport,
    HangUp,
    Interrupt,
    Listen,
    Press,
    Say,
    Sound,
    StaySilent,
    Step,
    TalkOver,
    as_json,
    read_script,
    utterances,
)
from voxanne_trio.sandbox.mulaw import RATE
from voxanne_trio.sandbox.phone import PhoneCall
from voxanne_trio.sandbox.playout import voiced
from voxanne_trio.sandbox.sockets import SocketClosed
from voxanne_trio.sandbox.sounds.speech import SpeechVoices

VOICES = SpeechVoices()
SPEECH = VOICES.agent("aura-2-thalia-en").say(
    "We are open from nine to six on weekdays and until two on Saturdays and I could offer you"
    " the first appointment on Friday in the morning if that suits you at all."
)
LEAD = 2_400
QUIET_FRAMES = 20


class Talker:
    """Talks from `start` on, 300 ms ahead. What it hears goes to `heard`.

    With `holds` it clears at the first voiced frame and goes on, 200 ms earlier, 400 ms after the
    last.
    """

    def __init__(self, *, holds: bool = False, speech: bytes = SPEECH) -> None:
        self.heard = bytearray()
        self._holds = holds
        self._speech = speech
        self._at = 0
        self._held = False

    async def drive(self, line: Line) -> None:
        await line.receive_until("start")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._talk, line)
            await self._listen(line)
            nursery.cancel_scope.cancel()

    async def _talk(self, line: Line) -> None:
        began, self._at = trio.current_time(), 0
        while self._at < len(self._speech):
            if self._held:
                began = trio.current_time() - self._at / RATE
            elif self._at <= (trio.current_time() - began) * RATE + LEAD:
                piece = self._speech[self._at : self._at + 800]
                self._at += len(piece)
                await line.play(piece)
                continue
            await trio.sleep(0.02)

    async def _listen(self, line: Line) -> None:
        quiet = 0
        try:
            while True:
                message = await line.receive()
                if message["event"] != "media":
                    continue
                frame = base64.b64decode(message["media"]["payload"])
                self.heard += frame
                quiet = 0 if voiced(frame) else quiet + 1
                if self._holds and not quiet and not self._held:
                    self._held = True
                    self._at = max(0, self._at - LEAD - 1_600)
                    await line.clear()
                if self._held and quiet >= QUIET_FRAMES:
                    self._held = False
        except SocketClosed:
            pass


async def call_with(
    talker: Talker, script: Sequence[Step], line: lines.Line = lines.CLEAN
) -> tuple[PhoneCall, CallerReport]:
    async with twilio_for(Answering(talker.drive)) as twilio:
        caller = Caller(script, VOICES.caller().speak)
        call = twilio.new_call(Numbers(webhook=f"{ORIGIN}/twiml"), line)
        call.microphone.tells_words = True
        with trio.fail_after(600):
            await twilio.place(call, caller)
        return call, caller.report


async def recognised(talker: Talker, script: Sequence[Step]) -> list[str]:
    """The turns that Flux hears in what the talker was sent."""
    async with connected(scripted(*utterances(script)), FLUX) as client:
        audio = bytes(talker.heard)
        await client.hear(audio[: len(audio) // 160 * 160])
        await client.silence(2.0)
        return [turn["transcript"] for turn in client.of("EndOfTurn")]


NUMBER = "My number is five five five ~1200 zero one three four"


async def test_a_hesitation_is_silence_in_the_middle(autojump_clock: MockClock) -> None:
    talker = Talker(speech=b"")
    script: list[Step] = [Say(NUMBER), StaySilent(2), HangUp()]
    _, report = await call_with(talker, script)
    (turn,) = report.turns
    assert turn.said == "My number is five five five zero one three four"
    ((start, end),) = turn.pauses
    assert end - start == pytest.approx(1.2)
    assert turn.began_at < start < end < turn.voiced_until
    assert await recognised(talker, script) == [
        "My number is five five five.",
        "Zero one three four.",
    ]


async def test_a_short_hesitation_makes_no_second_turn(autojump_clock: MockClock) -> None:
    talker = Talker(speech=b"")
    script: list[Step] = [Say("It is emily ~500 at ~450 example dot com"), StaySilent(2), HangUp()]
    _, report = await call_with(talker, script)
    assert len(report.turns[0].pauses) == 2
    assert utterances(script) == ["It is emily at example dot com"]
    assert await recognised(talker, script) == ["It is emily at example dot com."]


async def test_an_agent_that_speaks_into_a_hesitation_is_found_out(
    autojump_clock: MockClock,
) -> None:
    talker = Talker(speech=b"\xff" * 16_000 + SPEECH)  # begins two seconds after `start`
    _, report = await call_with(talker, [Say("five ~4000 six"), HangUp()])
    (turn,) = report.turns
    assert turn.stepped_on_at is not None
    ((start, end),) = turn.pauses
    assert start < turn.stepped_on_at < end


@pytest.mark.parametrize(
    ("step", "text"),
    [
        (Backchannel("mm-hm", after_ms=2_000), "mm-hm"),
        (Sound("cough", after_ms=2_000), ""),
        (Sound("door", after_ms=2_000), ""),
        (Sound("hum", after_ms=2_000), ""),
    ],
)
async def test_an_aside_does_not_end_listening(
    autojump_clock: MockClock, step: Step, text: str
) -> None:
    talker = Talker()
    _, report = await call_with(talker, [step, Listen(), HangUp()])
    assert report.missed == []
    assert report.turns == []
    (aside,) = report.asides
    assert (aside.text, aside.over, aside.interrupted) == (text, True, False)
    assert report.greeted_at is not None
    assert report.greeted_until is not None
    assert aside.began_at == pytest.approx(report.greeted_at + 2.0, abs=0.03)
    assert report.greeted_until == pytest.approx(report.greeted_at + len(SPEECH) / RATE, abs=0.05)
    assert report.hung_up_at is not None
    assert report.hung_up_at > report.greeted_until + 0.8


async def test_a_hold_for_a_cough_and_how_the_speech_went_on(autojump_clock: MockClock) -> None:
    _, report = await call_with(
        Talker(holds=True), [Sound("cough", after_ms=3_000), Listen(), HangUp()]
    )
    (aside,) = report.asides
    assert aside.interrupted
    assert aside.cleared_at is not None
    assert aside.stopped_at is not None
    assert aside.began_at < aside.cleared_at < aside.began_at + 0.15
    assert aside.cleared_at - 0.3 < aside.stopped_at <= aside.cleared_at
    assert aside.hole_ms is not None
    assert 400 < aside.hole_ms < 1_200
    assert aside.continues
    assert aside.lost_ms == 0
    assert aside.repeated_ms is not None
    assert 50 < aside.repeated_ms <= 600
    json.dumps(aside.as_json())


async def test_sounds_take_no_words_of_the_script(autojump_clock: MockClock) -> None:
    talker = Talker(speech=b"")
    script: list[Step] = [
        Sound("cough"),
        StaySilent(1),
        Say("Hello there"),
        StaySilent(1),
        Sound("door"),
        StaySilent(0.2),
        Sound("hum"),
        StaySilent(1),
        Say("How much is it"),
        HangUp(),
    ]
    await call_with(talker, script)
    assert await recognised(talker, script) == ["Hello there.", "How much is it?"]


async def test_talking_over_does_not_wait_for_the_agent(autojump_clock: MockClock) -> None:
    text = "yes hello I would like to ask what a consultation costs at your clinic please"
    _, report = await call_with(Talker(), [TalkOver(text, after_ms=700), Listen(), HangUp()])
    (turn,) = report.turns
    assert turn.talking_over
    assert not turn.interrupting
    assert turn.over_since is not None
    assert turn.began_at == pytest.approx(turn.over_since + 0.7, abs=0.03)
    assert turn.voiced_until - turn.began_at > 4
    assert turn.cleared_at is None


async def test_what_was_played_until_the_agent_gave_way(autojump_clock: MockClock) -> None:
    call, report = await call_with(
        Talker(holds=True), [Interrupt("stop it", after_ms=2_000), HangUp()]
    )
    (turn,) = report.turns
    assert turn.gave_way_ms is not None
    assert 20 < turn.gave_way_ms < 150
    assert turn.played_ms == pytest.approx(2_000 + turn.gave_way_ms, abs=30)
    assert turn.played(call.playout) == SPEECH[: len(turn.played(call.playout))]


@pytest.mark.parametrize(
    ("script", "hung_up", "said"),
    [
        ([HangUp(after_ms=1_000), Say("one two three four five six seven")], 1.0, ["cut"]),
        ([HangUp(after_ms=1_500, while_heard=True), Listen()], 1.5, []),
        ([Say("hi"), HangUp(after_ms=800)], 0.24 + 0.8, ["whole"]),
    ],
)
async def test_hanging_up_at_any_moment(
    autojump_clock: MockClock, script: Sequence[Step], hung_up: float, said: list[str]
) -> None:
    call, report = await call_with(Talker(), script)
    started = call.journal.first("stream_opened")
    assert started is not None
    assert report.hung_up_at is not None
    assert report.hung_up_at - started.at == pytest.approx(hung_up, abs=0.2)
    assert ["cut" if turn.cut_short else "whole" for turn in report.turns] == said
    assert all(turn.voiced_until <= report.hung_up_at for turn in report.turns)
    assert [entry.detail for entry in call.journal.of("hang_up")] == ["caller"]


async def test_a_key_that_is_heard_is_no_word(autojump_clock: MockClock) -> None:
    talker = Talker(speech=b"")
    script: list[Step] = [
        Press("12", audible=True),
        StaySilent(1),
        Say("hello"),
        StaySilent(1),
        HangUp(),
    ]
    call, _ = await call_with(talker, script)
    assert [entry.detail for entry in call.journal.of("dtmf")] == ["1", "2"]
    assert len(call.microphone.runs) >= 2
    assert await recognised(talker, script) == ["Hello."]


async def test_what_is_waited_for_in_vain_is_told(autojump_clock: MockClock) -> None:
    script: list[Step] = [
        Backchannel(patience=1),
        Sound(after_ms=100, patience=1),
        TalkOver("hey", patience=1),
        Listen(patience=1),
        HangUp(while_heard=True, patience=1),
    ]
    _, report = await call_with(Talker(speech=b""), script)
    assert len(report.missed) == 5
    assert report.asides == []


def test_every_step_can_be_read_and_written_as_json() -> None:
    script = read_script(
        [
            {"say": NUMBER},
            {"interrupt": "wait", "after_ms": 900},
            {"talk_over": "hello", "after_ms": 200},
            {"backchannel": "okay", "after_ms": 2_500},
            "backchannel",
            "cough",
            {"cough": None, "after_ms": 500},
            {"noise": "throat"},
            {"hum": None, "after_ms": 800},
            {"press": "1", "audible": True},
            {"stay_silent": 3},
            {"listen": 700},
            {"hang_up": None, "after_ms": 700, "while_heard": True},
            "await_hang_up",
        ]
    )
    assert script[5] == Sound("cough")
    assert script[7] == Sound("throat")
    assert read_script(json.loads(json.dumps(as_json(script)))) == script
    with pytest.raises(ValueError, match="no sound"):
        read_script([{"noise": "trumpet"}])
