"""Our ears on the sandbox's Deepgram: two sides of a wire that were written apart."""

from __future__ import annotations

import random

import pytest
import trio
import trio.testing

from voxanne_trio.events import HearingEvent, TurnEnded, TurnEndedEagerly
from voxanne_trio.sandbox.deepgram import Deepgram as StandIn
from voxanne_trio.sandbox.profiles import Profile
from voxanne_trio.sandbox.scripted import Scripted
from voxanne_trio.sandbox.voice import ToneVoices
from voxanne_trio.sandbox.wire import serve_stream
from voxanne_trio.settings import Settings

from .peers import HOST, NOVA, SETTINGS, Call, Deepgram, quiet, started

UTTERANCES = ("Do you do BBL?", "And how much is it?")


def times(call: Call, kind: type[HearingEvent]) -> list[float]:
    return [at for at, event in call.told if isinstance(event, kind)]


@pytest.mark.parametrize("settings", [SETTINGS, NOVA], ids=["flux", "nova"])
async def test_a_scripted_caller_is_understood(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock, settings: Settings
) -> None:
    script, rng = Scripted(), random.Random(1)
    script.register("CA1", UTTERANCES)
    voices = ToneVoices()
    standin = StandIn(Profile.named("fixed:260,110,90", rng), voices, script, rng)

    async def serve(stream: trio.abc.Stream) -> None:
        await serve_stream(stream, standin.handle)

    call = Call(nursery, Deepgram(), settings=settings, keyterms=("BBL", "Botox"))
    call.network.listen(HOST, serve)
    nursery.start_soon(call.listen)
    await call.say(quiet(500))
    said_at = []
    for utterance in UTTERANCES:
        await call.say(voices.caller().say(utterance))
        said_at.append(trio.current_time())
        await call.say(quiet(2_000))
    assert call.turns == list(UTTERANCES)
    assert started(call.events) == len(UTTERANCES)
    assert call.losses == []
    for said, event in zip(
        said_at, (event for event in call.events if isinstance(event, TurnEnded)), strict=True
    ):
        assert event.voiced_until == pytest.approx(said, abs=0.15)
    for said, told in zip(said_at, times(call, TurnEnded), strict=True):
        assert told + call.began - said < 0.5
    assert len(times(call, TurnEndedEagerly)) == (2 if settings is SETTINGS else 0)
    call.scope.cancel()
    await trio.testing.wait_all_tasks_blocked()
    assert call.settled
    assert standin.open["listen"] == 0
