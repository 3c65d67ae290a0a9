"""The floor while the caller hears us: hold, then decide."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import pytest

from tests.turns.situations import (
    LISTENING,
    PROCESSING,
    SPEAKING,
    START,
    about,
    at,
    expired,
    run,
    said,
)
from voxanne_trio.events import (
    Event,
    PlayedOut,
    RanDry,
    ReplyAudible,
    ReplyFailed,
    ReplyProduced,
    SpeechStarted,
    TurnEnded,
    VoiceStarted,
    VoiceStopped,
    WordsHeard,
)
from voxanne_trio.turns import (
    Answer,
    Cancel,
    Command,
    Floor,
    Hold,
    Kind,
    Phrase,
    Resume,
    Say,
    Scene,
    SetTimer,
    State,
    Timer,
)

HOLDING = run(VoiceStarted(5.0), floor=SPEAKING, scene=at(5.06))[0]


def actions(commands: Sequence[Command]) -> list[Command]:
    return [command for command in commands if not isinstance(command, SetTimer)]


# Voice


def test_voice_silences_us_at_once() -> None:
    floor, commands = run(VoiceStarted(5.0), floor=SPEAKING, scene=at(5.06))
    assert (floor.state, commands) == (State.HOLDING, [Hold(), SetTimer(Timer.HOLD_MAX, 1.5)])


def test_where_nothing_is_left_to_be_silenced_voice_is_only_noted() -> None:
    whole, _ = run(ReplyProduced(2), floor=SPEAKING)
    floor, commands = run(VoiceStarted(5.0), floor=whole, scene=at(5.06, unplayed_ms=0))
    assert (floor.state, floor.voice, commands) == (State.SPEAKING, True, [])


def test_a_cough_costs_a_moment() -> None:
    floor, commands = run(VoiceStopped(5.2, 200), floor=HOLDING, scene=at(5.44))
    assert commands == [SetTimer(Timer.HOLD_CONFIRM, about(0.16))]
    floor, commands = run(expired(Timer.HOLD_CONFIRM), floor=floor, scene=at(5.6))
    assert (floor.state, commands) == (State.SPEAKING, [Resume()])


def test_voice_that_goes_on_puts_the_decision_off() -> None:
    floor, _ = run(VoiceStopped(5.2, 200), VoiceStarted(5.5), floor=HOLDING, scene=at(5.56))
    assert run(expired(Timer.HOLD_CONFIRM), floor=floor)[1] == []
    assert floor.state is State.HOLDING


def test_what_has_not_been_listened_to_is_waited_for() -> None:
    floor, _ = run(VoiceStopped(5.4, 400), floor=HOLDING, scene=at(5.6))
    _, commands = run(expired(Timer.HOLD_CONFIRM), floor=floor, scene=at(5.8, covered_until=5.1))
    assert commands == [SetTimer(Timer.HOLD_CONFIRM, 0.1)]


def test_voice_for_long_and_not_one_word_does_not_silence_this_reply_again() -> None:
    floor, commands = run(expired(Timer.HOLD_MAX), floor=HOLDING, scene=at(6.5))
    assert (floor.state, commands) == (State.SPEAKING, [Resume()])
    floor, commands = run(VoiceStopped(7.0, 2_000), VoiceStarted(8.0), floor=floor, scene=at(8.1))
    assert (floor.state, commands) == (State.SPEAKING, [])
    assert run(WordsHeard(said("no I mean")), floor=floor)[0].state is State.LISTENING


def test_after_two_false_holds_words_are_needed_for_a_while() -> None:
    floor = SPEAKING
    for when in (5.0, 8.0):
        happened: tuple[Event, ...] = (VoiceStarted(when), VoiceStopped(when + 0.2, 200))
        floor, _ = run(*happened, expired(Timer.HOLD_CONFIRM), floor=floor, scene=at(when + 0.6))
    assert run(VoiceStarted(11.0), floor=floor, scene=at(11.0))[0].state is State.SPEAKING
    assert run(VoiceStarted(40.0), floor=floor, scene=at(40.0))[0].state is State.HOLDING


def test_voice_while_a_tool_runs_silences_nothing_that_it_silenced_before() -> None:
    """The voice before the answer has stopped it already; what ends the hold ends both."""
    before, _ = run(VoiceStarted(3.0), floor=PROCESSING, scene=at(3.1, unplayed_ms=0))
    asked = at(3.5, unplayed_ms=0, tool_asked=True)
    floor, _ = run(VoiceStarted(3.4), floor=before, scene=asked)
    floor, commands = run(expired(Timer.HOLD_MAX), floor=floor, scene=asked)
    assert (floor.held, commands) == (False, [Resume()])
    _, commands = run(VoiceStarted(6.0), floor=floor, scene=at(6.1, unplayed_ms=0))
    assert Hold() in commands


def test_an_answer_that_fails_unheard_in_a_hold_is_one_failure() -> None:
    asked = at(3.5, unplayed_ms=0, tool_asked=True)
    _, commands = run(VoiceStarted(3.4), ReplyFailed(2, "down"), floor=PROCESSING, scene=asked)
    assert commands == [Cancel(2), Say(3, Phrase.APOLOGY)]


# Words


@pytest.mark.parametrize("floor", [SPEAKING, HOLDING, run(RanDry(2), floor=SPEAKING)[0]])
@pytest.mark.parametrize("text", ["Wait", "And what about", "no no stop"])
def test_words_that_interrupt(floor: Floor, text: str) -> None:
    for event in (SpeechStarted(said(text)), WordsHeard(said(text))):
        barged, commands = run(event, floor=floor)
        assert barged.state is State.LISTENING
        assert actions(commands) == [Cancel(2)]


def test_words_over_us_are_voice_though_none_was_noticed() -> None:
    """The caller's voice of the turn before ends no turn that has just begun."""
    floor = attrs.evolve(SPEAKING, voiced_until=7.0)
    barged, commands = run(WordsHeard(said("Tell me the price"), 9.1), floor=floor, scene=at(9.2))
    assert barged.voiced_until == 9.1
    assert SetTimer(Timer.END_OF_TURN, about(0.4)) in commands
    barged, commands = run(WordsHeard(said("Tell me the price")), floor=floor, scene=at(9.2))
    assert SetTimer(Timer.END_OF_TURN, about(0.2)) in commands  # told about 0.3 s late


@pytest.mark.parametrize(
    "text", ["Mm-hmm", "Okay", "right, okay", "Tuesday", "starts at eight thousand"]
)
def test_words_that_do_not(text: str) -> None:
    assert run(WordsHeard(said(text)), floor=HOLDING)[0].state is State.HOLDING
    assert run(WordsHeard(said(text)), floor=SPEAKING)[0].state is State.SPEAKING


def test_a_listening_noise_is_resumed_after() -> None:
    happened = (WordsHeard(said("Mm-hmm")), VoiceStopped(5.3, 300))
    floor, _ = run(*happened, floor=HOLDING, scene=at(5.5))
    assert run(TurnEnded(said("Mm-hmm.")), floor=floor)[1] == [Resume()]
    assert run(expired(Timer.HOLD_CONFIRM), floor=floor, scene=at(5.7))[1] == [Resume()]


@pytest.mark.parametrize("scene", [at(6.0, sentence="Shall I book that?"), at(6.0, is_last=True)])
def test_assent_to_a_question_or_to_the_end_is_the_answer(scene: Scene) -> None:
    floor, commands = run(TurnEnded(said("Yeah.")), floor=HOLDING, scene=scene)
    assert floor.state is State.PROCESSING
    assert actions(commands) == [Cancel(2), Answer(3, said("Yeah."))]


def test_a_short_turn_over_us_is_answered() -> None:
    _, commands = run(WordsHeard(said("Tuesday")), TurnEnded(said("Tuesday.")), floor=HOLDING)
    assert actions(commands) == [Cancel(2), Answer(3, said("Tuesday."))]


def test_a_word_without_an_end_of_turn_is_answered_in_time() -> None:
    happened = (WordsHeard(said("Tuesday")), VoiceStopped(5.4, 400))
    floor, _ = run(*happened, floor=HOLDING, scene=at(5.6))
    floor, commands = run(expired(Timer.HOLD_CONFIRM), floor=floor, scene=at(5.8))
    assert commands == [SetTimer(Timer.HOLD_MAX, about(1.1))]
    floor, commands = run(expired(Timer.HOLD_MAX), floor=floor, scene=at(6.9))
    assert actions(commands) == [Cancel(2), Answer(3, said("Tuesday"))]
    assert run(TurnEnded(said("Tuesday")), floor=floor)[1] == []  # it has been answered


def test_words_that_are_withdrawn_cost_a_moment() -> None:
    happened = (WordsHeard(said("Tuesday")), VoiceStopped(5.4, 400), TurnEnded(said("")))
    assert run(*happened, floor=HOLDING, scene=at(5.7))[1] == [Resume()]


def test_an_unfinished_turn_over_us_is_waited_for() -> None:
    floor, commands = run(TurnEnded(said("Can I have the number for the um")), floor=HOLDING)
    assert Cancel(2) in commands
    assert floor.state in {State.LISTENING, State.PROCESSING}


def test_a_caller_who_asks_us_to_stop_is_waited_for() -> None:
    listening, _ = run(WordsHeard(said("Hold on")), floor=HOLDING)
    _, commands = run(TurnEnded(said("Hold on.")), floor=listening)
    assert commands == [Say(3, Phrase.SURE, said("Hold on."))]


# Policies


def test_hello_over_the_greeting_is_no_interruption() -> None:
    greeting, _ = run(START, ReplyAudible(1))
    floor, _ = run(VoiceStarted(0.3), WordsHeard(said("Hello? Hi there")), floor=greeting)
    assert floor.state is State.HOLDING
    floor, commands = run(
        VoiceStopped(0.9, 600), TurnEnded(said("Hello? Hi there.")), floor=floor, scene=at(1.2)
    )
    assert (floor.state, commands) == (State.SPEAKING, [Resume()])
    _, commands = run(WordsHeard(said("Hi do you do BBL")), floor=greeting)
    assert Cancel(1) in commands


def test_a_read_back_is_not_silenced_by_voice_but_by_words() -> None:
    reading = attrs.evolve(SPEAKING, kind=Kind.READ_BACK)
    floor, commands = run(VoiceStarted(5.0), floor=reading)
    assert (floor.state, commands) == (State.SPEAKING, [])
    assert run(WordsHeard(said("no that is wrong")), floor=floor)[0].state is State.LISTENING


def test_our_echo_is_no_turn_unless_voice_was_noticed() -> None:
    ours = TurnEnded(said("it starts at eight thousand dollars"))
    assert run(ours, floor=SPEAKING)[1] == []
    assert Cancel(2) in run(ours, floor=HOLDING)[1]


# To the end


def test_a_reply_that_runs_dry_is_being_worked_on_and_audible_again() -> None:
    floor, _ = run(RanDry(2), floor=SPEAKING)
    assert floor.state is State.PROCESSING
    assert run(ReplyAudible(2), floor=floor)[0].state is State.SPEAKING


def test_a_reply_heard_to_its_end_gives_the_floor_back() -> None:
    floor, commands = run(ReplyProduced(2), PlayedOut(2), floor=SPEAKING)
    assert (floor.state, commands) == (State.LISTENING, [SetTimer(Timer.IDLE, 8.0)])
    assert LISTENING.state is State.LISTENING
