"""The server stops: a call is handed over when nobody is in mid-sentence, or ended with a word."""

from __future__ import annotations

import pytest

from tests.turns.situations import LISTENING, PROCESSING, SPEAKING, at, expired, run, said
from voxanne_trio.events import (
    Draining,
    Event,
    PlayedOut,
    ReplyAudible,
    ReplyFailed,
    ReplyProduced,
    TurnEnded,
    VoiceStarted,
    VoiceStopped,
    WordsHeard,
)
from voxanne_trio.turns import Cancel, CloseStream, Ending, Floor, Kind, Phrase, Say, State, Timer

HANDOVER = Draining(handover=True)
HANDED_OVER = CloseStream(Ending.HANDOVER)
GOODBYE = run(TurnEnded(said("Bye.")), ReplyAudible(2), floor=LISTENING)[0]


def test_a_call_that_listens_is_handed_over_at_once() -> None:
    floor, commands = run(HANDOVER, floor=LISTENING)
    assert (floor.state, commands[-1]) == (State.ENDED, HANDED_OVER)


@pytest.mark.parametrize("floor", [PROCESSING, SPEAKING])
def test_what_we_say_is_heard_out_before(floor: Floor) -> None:
    leaving, commands = run(HANDOVER, floor=floor)
    assert HANDED_OVER not in commands
    leaving, commands = run(ReplyAudible(2), ReplyProduced(2), floor=leaving)
    assert commands == []
    floor, commands = run(PlayedOut(2), floor=leaving)
    assert (floor.state, commands[-1]) == (State.ENDED, HANDED_OVER)


def test_a_caller_in_mid_sentence_is_answered_before() -> None:
    leaving, commands = run(
        VoiceStarted(1.0), WordsHeard(said("How much")), HANDOVER, floor=LISTENING
    )
    assert leaving.state is State.LISTENING
    assert HANDED_OVER not in commands
    answered, commands = run(
        VoiceStopped(2.0, 900.0), TurnEnded(said("How much is it?")), floor=leaving
    )
    assert answered.state is State.PROCESSING
    assert HANDED_OVER not in commands
    ended, _ = run(ReplyAudible(2), ReplyProduced(2), PlayedOut(2), floor=answered)
    assert ended.state is State.ENDED


def test_a_voice_may_still_become_words_and_a_cough_a_while_ago_not() -> None:
    happened: tuple[Event, ...] = (VoiceStarted(1.0), VoiceStopped(1.4, 400.0))
    coughed, _ = run(*happened, floor=LISTENING, scene=at(1.4))
    assert run(HANDOVER, floor=coughed, scene=at(1.6))[0].state is State.LISTENING
    assert run(HANDOVER, floor=coughed, scene=at(9.0))[0].state is State.ENDED


@pytest.mark.parametrize(
    ("floor", "ending"),
    [
        (SPEAKING, Ending.HANDOVER),
        (PROCESSING, Ending.HANDOVER),
        (run(VoiceStarted(1.0), floor=SPEAKING)[0], Ending.HANDOVER),
        (run(VoiceStarted(1.0), floor=LISTENING)[0], Ending.HANDOVER),
        (GOODBYE, Ending.FAREWELL),
    ],
)
def test_nobody_who_is_never_quiet_holds_the_server_up(floor: Floor, ending: Ending) -> None:
    leaving, _ = run(HANDOVER, floor=floor)
    floor, commands = run(expired(Timer.HANDOVER), floor=leaving)
    assert (floor.state, commands) == (State.ENDED, [CloseStream(ending)])


def test_without_another_replica_the_caller_is_told_and_nothing_calls_it_off() -> None:
    floor, commands = run(Draining(handover=False), floor=SPEAKING)
    assert commands == [Cancel(2), Say(3, Phrase.WE_MUST_END)]
    assert (floor.ending, floor.kind) == (Ending.DRAIN, Kind.PROTECTED)
    floor, _ = run(ReplyAudible(3), WordsHeard(said("Wait, I have a question")), floor=floor)
    floor, _ = run(ReplyProduced(3), PlayedOut(3), floor=floor)
    assert run(expired(Timer.HANGUP), floor=floor)[1] == [CloseStream(Ending.DRAIN)]


def test_last_words_that_fail_are_said_in_others_that_must_be_heard_too() -> None:
    floor, _ = run(Draining(handover=False), TurnEnded(said("What?")), floor=PROCESSING)
    assert floor.ending is Ending.DRAIN
    floor, _ = run(ReplyFailed(3, "no voice"), PlayedOut(3, proven=False), floor=floor)
    assert run(expired(Timer.HANGUP), floor=floor)[1] == [CloseStream(Ending.DRAIN)]


def test_a_goodbye_that_is_being_said_will_do() -> None:
    floor, commands = run(Draining(handover=False), floor=GOODBYE)
    assert (commands, floor.ending, floor.kind) == ([], Ending.DRAIN, Kind.PROTECTED)
