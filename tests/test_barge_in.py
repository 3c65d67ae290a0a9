"""Barge-in at many moments of a reply, all wires real, on virtual time.

The recogniser's events are told at exact times; everything else is the whole product against the
stand-ins: the model's stream, the speak sockets, Twilio's play-out. What is asserted is what
reached Twilio's wire, and what the model was told the caller had heard.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import pairwise

import attrs
import pytest
import trio
import trio.testing

from voxanne_trio.events import HearingEvent, Sensitive, SpeechStarted, TurnEnded
from voxanne_trio.hearing import AudioRing
from voxanne_trio.humanizer import Manner, Sentence, SentenceStream
from voxanne_trio.records import TurnRecord
from voxanne_trio.sandbox.phone import PhoneCall
from voxanne_trio.sandbox.playout import RATE
from voxanne_trio.sandbox.server import Placed
from voxanne_trio.sandbox.voice import word_seconds
from voxanne_trio.simulation.world import World, world
from voxanne_trio.thinking.history import INTERRUPTED

QUESTION = "How much does a BBL cost?"
SECOND = "And what are your hours?"
ASKED = 1.0
"""The turn is decided so long after the stream began; the greeting was cut off before."""

FIRST_TOKEN = 0.110
FIRST_AUDIO = 0.260
"""About when the reply's first frame leaves, after the turn was decided."""

REPLY_SECONDS = 12.5

MOMENTS = [
    *(0.0, 0.05, 0.109, 0.111, 0.15, 0.2, 0.21, 0.22, 0.23, 0.24, 0.25, 0.26, 0.28, 0.3),
    *(0.4 + 0.37 * n for n in range(40)),
]


@attrs.frozen
class ScriptedEars:
    """Tells events at times counted from the start of the stream."""

    script: tuple[tuple[float, HearingEvent], ...]
    covered_until: None = None

    async def listen(self, audio: AudioRing, tell: Callable[[HearingEvent], None]) -> None:
        began = trio.current_time()
        for at, event in self.script:
            await trio.sleep_until(began + at)
            tell(event)
        await trio.sleep_forever()

    def end_turn(self) -> None:
        """Its script says when a turn ends."""

    def be_patient(self, patient: bool) -> None:
        """Its script says so."""


@attrs.frozen
class Outcome:
    """One call with a barge-in, as seen from both sides. Times from the start of the stream."""

    here: World
    placed: Placed
    began: float
    turns: list[TurnRecord]

    def on_wire(self, kind: str) -> list[float]:
        return [round(e.at - self.began, 6) for e in self.placed.call.journal.of(kind)]

    def interrupted(self) -> TurnRecord:
        (turn,) = (t for t in self.turns if t.caller == Sensitive(QUESTION))
        return turn


@asynccontextmanager
async def barge_in(after: float) -> AsyncIterator[Outcome]:
    """A call in which the caller speaks again `after` seconds after their turn was decided."""
    async with world() as here:
        ears = ScriptedEars(
            (
                (0.1, SpeechStarted(Sensitive("How much"))),
                (ASKED, TurnEnded(Sensitive(QUESTION))),
                (ASKED + after, SpeechStarted(Sensitive("And what"))),
                (ASKED + after + 0.8, TurnEnded(Sensitive(SECOND))),
            )
        )
        composition = here.composition
        composition.services = attrs.evolve(composition.services, make_ears=lambda sid: ears)
        placed = here.call()

        async def wait(call: PhoneCall) -> None:
            await trio.sleep(ASKED + after + 0.8 + 1.5)
            call.hang_up()

        await here.sandbox.twilio.place(placed.call, wait)
        record = await here.record(placed)
        (start,) = placed.call.journal.of("start")
        yield Outcome(here, placed, start.at, record.turns)


def words_played(audio: bytes, words: list[str]) -> tuple[int, int]:
    """How many of the words have begun, and finished, in the tones that stand for them.

    40 ms of silence end a word; where one flush follows another there is none, and a burst of
    tone is as long as two words.
    """
    begun, last = 0, 0.0
    for burst in re.split(b"\xff{300,}", audio):
        if len(burst) > 80:
            begun, last = begun + 1, len(burst) / RATE
            if last > word_seconds(words[begun - 1]) + 0.08:
                last -= word_seconds(words[begun - 1])
                begun += 1
    is_whole = begun > 0 and last > word_seconds(words[begun - 1]) - 0.02
    return begun, begun if is_whole else begun - 1


def sentences_of(turn: TurnRecord) -> tuple[Sentence, ...]:
    """The sentences of a turn; which of them has a filler depends on a seed that is not kept."""
    for seed in range(20):
        stream = SentenceStream(Manner(seed=seed))
        sentences = (*stream.feed(turn.agent), *stream.flush())
        if " ".join(sentence.spoken for sentence in sentences) == turn.spoken:
            return sentences
    raise AssertionError(turn.spoken)


def words_claimed(turn: TurnRecord) -> tuple[int, int]:
    """How many spoken words the written text that was heard stands for: at least, at most."""
    heard, before = turn.heard, 0
    for sentence in sentences_of(turn):
        if heard.startswith(sentence.written):
            heard = heard[len(sentence.written) :].lstrip()
            before += len(sentence.spoken.split())
            continue
        stands_for = [
            len(sentence.spoken[:said].split())
            for said in range(len(sentence.spoken))
            if sentence.written_until(said) == heard
        ]
        return before + min(stands_for), before + max(stands_for)
    return before, before


@pytest.mark.parametrize("after", MOMENTS)
async def test_barge_in(autojump_clock: trio.testing.MockClock, after: float) -> None:
    async with barge_in(after) as call:
        assert call.placed.call.journal.violations == []
        asked = ASKED + after + 0.8
        spoken = ASKED + after
        # The answer to the second question comes in either case, and says all it should.
        last = [message for message in call.here.asked[-1] if message["role"] != "system"]
        answers = [at for at in call.on_wire("media") if at > asked]
        assert answers, "the caller gets an answer"
        assert min(answers) - asked < 0.5
        # Nothing at all is sent between the interruption and that answer.
        assert [at for at in call.on_wire("media") if spoken < at < asked] == []
        clears = [at for at in call.on_wire("clear") if at > 0.5]
        if after < FIRST_AUDIO and not clears:
            # Nothing had been heard: the turn was not over after all, its parts are one.
            assert last == [{"role": "user", "content": f"{QUESTION} {SECOND}"}]
            assert all(turn.caller != Sensitive(QUESTION) for turn in call.turns)
            return
        if after > REPLY_SECONDS and not clears:
            assert not call.interrupted().interrupted  # it had been heard to its end
            return
        # `clear` exactly once, in the very moment of the recogniser's speech event.
        assert clears == [pytest.approx(spoken, abs=1e-6)]
        turn = call.interrupted()
        assert turn.interrupted
        assert turn.agent.startswith(turn.heard)
        heard = [m["content"] for m in last if m["role"] == "assistant"]
        assert heard == ([f"{turn.heard} {INTERRUPTED}"] if turn.heard else [])
        assert last[-1]["content"].endswith(SECOND)
        # Held against what the phone really played until the clear took effect.
        (clear,) = (e for e in call.placed.call.journal.of("clear") if e.at > call.began + 0.5)
        playout = call.placed.call.playout
        start = playout.position(call.began + ASKED)
        played = bytes(playout.audio[start : playout.position(clear.detail["effective_at"])])
        begun, finished = words_played(played, turn.spoken.split())
        least, most = words_claimed(turn)
        assert finished - 2 <= most  # at most a word or two less …
        assert least <= begun  # … and never more


async def test_what_was_heard_grows_word_by_word(autojump_clock: trio.testing.MockClock) -> None:
    claimed: list[int] = []
    for step in range(24):
        async with barge_in(0.4 + step * 0.2) as call:
            claimed.append(len(call.interrupted().heard.split()))
    assert claimed == sorted(claimed)
    assert max(b - a for a, b in pairwise(claimed)) <= 1
    assert claimed[-1] >= 3


async def test_a_barge_in_ends_model_stream_and_synthesis_with_the_reply(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with barge_in(0.115) as call:  # the model has begun, and has not finished
        cut, answered = list(call.here.groq.served)[-2:]
        assert not cut.finished
        assert answered.finished
        assert call.here.deepgram.open["speak"] <= 3  # warm sockets, none lost to the barge-in


async def test_nothing_is_left_of_calls_that_were_interrupted(
    autojump_clock: trio.testing.MockClock,
) -> None:
    living: list[int] = []
    async with world() as here:
        script = ("listen", {"say": QUESTION}, {"interrupt": SECOND, "after_ms": 700}, "hang_up")
        for _ in range(4):
            await here.ring(*script)
            await trio.sleep(90)  # until surplus sockets and keep-alives have ended too
            living.append(trio.lowlevel.current_statistics().tasks_living)
    assert living[0] == living[-1], living
