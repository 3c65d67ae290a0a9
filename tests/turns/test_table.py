"""The floor's table: exhaustive, and what holds in any state: beginnings, failures, endings."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.turns.situations import LISTENING, PROCESSING, SPEAKING, START, at, expired, run, said
from voxanne_trio import events
from voxanne_trio.events import (
    Event,
    HearingLost,
    KeyPressed,
    PlayedOut,
    RanDry,
    ReplyAudible,
    ReplyFailed,
    ReplyProduced,
    SpeechStarted,
    StreamLost,
    StreamStopped,
    TurnEnded,
    VoiceStarted,
    VoiceStopped,
    WordsHeard,
)
from voxanne_trio.turns import (
    TABLE,
    TIMERS,
    Answer,
    Cancel,
    CloseStream,
    Commit,
    EndCall,
    Ending,
    Floor,
    GoOn,
    Hold,
    Phrase,
    Repeat,
    Resume,
    Say,
    Scene,
    SetTimer,
    State,
    Timer,
    step,
)
from voxanne_trio.turns.policy import is_farewell

HANG_UP = SetTimer(Timer.HANGUP, 0.4)


def test_every_event_has_an_entry_in_every_state() -> None:
    every = set(Event.__args__)
    assert set(TABLE) == set(State)
    for state in State:
        assert set(TABLE[state]) == every, state


def test_every_timer_has_an_entry_in_every_state() -> None:
    assert set(TIMERS) == set(State)
    for state in State:
        assert set(TIMERS[state]) == set(Timer), state


def test_a_call_begins_with_the_greeting() -> None:
    floor, commands = run(START)
    assert floor.state is State.SPEAKING
    assert commands == [
        SetTimer(Timer.CALL_LIMIT, 1_800),
        SetTimer(Timer.CALL_WARNING, 1_740),
        Say(1, Phrase.GREETING),
    ]


# Goodbyes


def test_a_farewell_ends_the_call_once_the_goodbye_is_played() -> None:
    happened: list[Event] = [TurnEnded(said("Thank you, goodbye.")), ReplyAudible(2)]
    floor, _ = run(*happened, ReplyProduced(2), floor=LISTENING)
    floor, commands = run(PlayedOut(2), floor=floor)
    assert commands == [HANG_UP]
    floor, commands = run(expired(Timer.HANGUP), floor=floor)
    assert (floor.state, commands) == (State.ENDED, [CloseStream(Ending.FAREWELL)])


def test_a_question_over_our_goodbye_calls_the_ending_off_and_another_bye_does_not() -> None:
    goodbye, _ = run(TurnEnded(said("Bye.")), ReplyAudible(2), floor=LISTENING)
    floor, commands = run(WordsHeard(said("Bye bye")), floor=goodbye)
    assert (floor.ending, commands) == (Ending.FAREWELL, [])
    floor, commands = run(WordsHeard(said("Oh, how much was it?")), floor=goodbye)
    assert floor.ending is None
    assert Cancel(2) in commands


def test_voice_in_the_last_moment_puts_the_hang_up_off() -> None:
    goodbye, _ = run(
        TurnEnded(said("Bye.")), ReplyAudible(2), ReplyProduced(2), PlayedOut(2), floor=LISTENING
    )
    floor, commands = run(VoiceStarted(1.0), floor=goodbye, scene=at(1.0, unplayed_ms=0))
    assert (floor.state, commands) == (State.SPEAKING, [SetTimer(Timer.HANGUP, 1.5)])


def test_a_caller_who_is_speaking_when_the_goodbye_ends_is_let_speak() -> None:
    goodbye, _ = run(TurnEnded(said("Bye.")), ReplyAudible(2), ReplyProduced(2), floor=LISTENING)
    over = (VoiceStarted(1.0), PlayedOut(2))  # its last mark is on its way back
    _, commands = run(*over, floor=goodbye, scene=at(1.1, unplayed_ms=0))
    assert commands == [SetTimer(Timer.HANGUP, 1.5)]


# What fails


def test_a_reply_that_fails_before_it_is_heard_is_apologised_for_and_twice_is_the_end() -> None:
    floor, commands = run(ReplyFailed(2, "down"), floor=PROCESSING)
    assert commands == [Cancel(2), Say(3, Phrase.APOLOGY)]
    floor, _ = run(ReplyAudible(3), PlayedOut(3), TurnEnded(said("Well, how much?")), floor=floor)
    floor, commands = run(ReplyFailed(4, "down"), floor=floor)
    assert commands == [Cancel(4), Say(5, Phrase.TROUBLE)]
    assert floor.ending is Ending.TROUBLE


@pytest.mark.parametrize("floor", [SPEAKING, run(RanDry(2), floor=SPEAKING)[0]])
def test_a_reply_that_breaks_off_is_played_as_far_as_it_goes_and_then_apologised_for(
    floor: Floor,
) -> None:
    floor, commands = run(ReplyFailed(2, "down"), floor=floor)
    assert commands == []
    _, commands = run(PlayedOut(2), floor=floor)
    assert commands == [Cancel(2), Say(3, Phrase.APOLOGY)]


def test_lost_hearing_ends_the_call_politely_after_what_is_being_said() -> None:
    floor, commands = run(HearingLost("refused"), floor=SPEAKING)
    assert commands == []
    floor, commands = run(PlayedOut(2), floor=floor)
    assert commands[-1] == Say(3, Phrase.TROUBLE)
    floor, commands = run(WordsHeard(said("hello there you")), HearingLost("again"), floor=floor)
    assert (floor.reply, commands) == (3, [])  # it must be heard
    _, commands = run(HearingLost("refused"), floor=LISTENING)
    assert commands == [Say(2, Phrase.TROUBLE)]


def test_last_words_that_fail_still_end_the_call() -> None:
    trouble, _ = run(HearingLost("refused"), floor=LISTENING)
    floor, commands = run(ReplyFailed(2, "no voice either"), floor=trouble)
    assert (floor.ending, commands) == (Ending.TROUBLE, [])
    assert run(PlayedOut(2, proven=False), floor=floor)[1] == [HANG_UP]
    goodbye, _ = run(TurnEnded(said("Bye.")), floor=LISTENING)
    floor, commands = run(ReplyFailed(2, "down"), floor=goodbye)
    assert (floor.ending, commands[-1]) == (Ending.FAREWELL, Say(3, Phrase.GOODBYE))


def test_words_lost_with_the_recogniser_are_asked_for_again() -> None:
    lost = events.HearingRestored(words_lost=True)
    floor, commands = run(lost, floor=LISTENING)
    assert commands == [Say(2, Phrase.SAY_AGAIN)]
    assert floor.asked_again == 1
    often = attrs.evolve(LISTENING, asked_again=3)
    assert run(lost, floor=often)[1] == [Say(2, Phrase.TROUBLE)]
    assert run(events.HearingRestored(), floor=LISTENING)[1] == []


# What is too long


def test_the_longest_call_ends_and_the_caller_is_warned_before() -> None:
    floor, commands = run(expired(Timer.CALL_WARNING), floor=LISTENING)
    assert commands == [Say(2, Phrase.TIME_IS_SHORT)]
    assert floor.ending is None
    floor, commands = run(expired(Timer.CALL_LIMIT), floor=LISTENING)
    assert commands == [Say(2, Phrase.TIME_IS_UP)]
    assert floor.ending is Ending.LIMIT


def test_the_warning_waits_for_the_end_of_what_is_being_said() -> None:
    floor, commands = run(expired(Timer.CALL_WARNING), floor=SPEAKING)
    assert commands == []
    assert Say(3, Phrase.TIME_IS_SHORT) in run(PlayedOut(2), floor=floor)[1]


@pytest.mark.parametrize(
    "instead",
    [
        (TurnEnded(said("Wait, how much?")), ReplyAudible(3), PlayedOut(3)),
        (ReplyFailed(2, "down"), PlayedOut(2), ReplyAudible(3), PlayedOut(3)),
        (HearingLost("gone"), events.HearingRestored(), PlayedOut(2)),
    ],
)
def test_the_warning_outlasts_whatever_comes_between(instead: tuple[Event, ...]) -> None:
    floor, commands = run(expired(Timer.CALL_WARNING), *instead, floor=SPEAKING)
    assert commands[-1] == Say(floor.reply, Phrase.TIME_IS_SHORT)
    _, commands = run(ReplyAudible(floor.reply), PlayedOut(floor.reply), floor=floor)
    assert commands == [SetTimer(Timer.IDLE, 8.0)]  # and it is said once


def test_a_caller_who_has_the_floor_is_warned_after_the_next_thing_we_say() -> None:
    floor, commands = run(VoiceStarted(1.0), expired(Timer.CALL_WARNING), floor=LISTENING)
    assert commands == []
    floor, _ = run(VoiceStopped(1.2, 200), expired(Timer.IDLE), floor=floor)
    _, commands = run(ReplyAudible(2), PlayedOut(2), floor=floor)
    assert Say(3, Phrase.TIME_IS_SHORT) in commands


def test_what_is_said_over_protected_words_is_kept_and_does_not_stop_them() -> None:
    over, _ = run(expired(Timer.CALL_LIMIT), ReplyAudible(2), floor=LISTENING)
    floor, commands = run(VoiceStarted(1.0), WordsHeard(said("wait I have a question")), floor=over)
    assert (floor.state, commands) == (State.SPEAKING, [])
    floor, commands = run(TurnEnded(said("wait I have a question")), floor=floor)
    assert (floor.kept, commands) == (said("wait I have a question"), [])


# The other side


@pytest.mark.parametrize("floor", [LISTENING, PROCESSING, SPEAKING])
def test_the_other_side_may_end_the_call_at_any_time(floor: Floor) -> None:
    assert run(StreamStopped(), floor=floor)[1] == [EndCall("caller hung up")]
    ended, commands = run(StreamLost(), floor=floor)
    assert commands == [EndCall("stream lost")]
    assert run(TurnEnded(said("Hello?")), floor=ended) == (ended, [])


@pytest.mark.parametrize(
    "late", [ReplyAudible(1), RanDry(1), ReplyProduced(1), ReplyFailed(1, ""), PlayedOut(1)]
)
def test_events_of_a_reply_that_is_over_mean_nothing(late: Event) -> None:
    assert run(late, floor=SPEAKING) == (SPEAKING, [])


# Whatever happens


_TEXTS = "/yes/goodbye/my number is five/what are your hours/hold on/mm-hm/say that again/um/go on"
TEXTS = st.sampled_from(_TEXTS.split("/")).map(said)
EVENTS = st.one_of(
    st.sampled_from(
        [
            events.HearingRestored(),
            events.HearingRestored(words_lost=True),
            HearingLost("gone"),
            events.Draining(handover=True),
            events.Draining(handover=False),
            KeyPressed("1"),
            VoiceStarted(1.0),
            VoiceStopped(1.5, 500.0),
            VoiceStopped(1.5, 900.0),
            *(expired(timer) for timer in Timer),
        ]
    ),
    TEXTS.map(WordsHeard),
    TEXTS.map(SpeechStarted),
    TEXTS.map(TurnEnded),
    TEXTS.map(events.TurnEndedEagerly),
    TEXTS.map(events.TurnResumed),
    st.integers(1, 9).map(ReplyAudible),
    st.integers(1, 9).map(RanDry),
    st.integers(1, 9).map(ReplyProduced),
    st.integers(1, 9).map(PlayedOut),
    st.integers(1, 9).map(lambda reply: ReplyFailed(reply, "down")),
)
SCENES = st.builds(
    at,
    st.floats(0, 100),
    unplayed_ms=st.sampled_from([0.0, 500.0]),
    is_last=st.booleans(),
    covered_until=st.sampled_from([None, 0.0, 100.0]),
    may_speculate=st.booleans(),
    can_repeat=st.booleans(),
    can_go_on=st.booleans(),
)


@given(happened=st.lists(st.tuples(EVENTS, SCENES), max_size=40))
def test_replies_never_overlap_and_holds_are_resolved(
    happened: list[tuple[Event, Scene]],
) -> None:
    floor, playing, held, speculative = Floor(), 0, False, False
    timers: set[Timer] = set()
    for event, scene in [(START, Scene()), *happened]:
        if isinstance(event, PlayedOut) and event.reply == playing == floor.reply:
            if speculative or held:
                continue  # what is behind its gate cannot have been played
            playing = 0
        if isinstance(event, events.TimerExpired):
            timers.discard(Timer(event.name))
        floor, commands = step(floor, event, scene)
        for command in commands:
            match command:
                case Cancel(reply):
                    assert reply == floor.reply or reply == floor.reply - 1
                    playing, held, speculative = 0, False, False
                case Answer(reply) | Say(reply) | Repeat(reply) | GoOn(reply):
                    assert not playing
                    playing, held = reply, False
                    speculative = isinstance(command, Answer) and command.speculative
                case Commit(reply):
                    assert speculative
                    assert reply == playing
                    speculative = False
                case Hold():
                    assert not held
                    held = True
                case Resume():
                    held = False
                case SetTimer(timer):
                    timers.add(timer)
        assert bool(floor.speculating) == speculative
        if floor.state is State.HOLDING:
            assert held
        if held and playing:
            assert floor.state in {State.HOLDING, State.PROCESSING}
            assert timers & {Timer.HOLD_MAX, Timer.HOLD_CONFIRM}


@pytest.mark.parametrize(
    ("text", "farewell"),
    [
        ("Goodbye.", True),
        ("Okay thank you, bye bye!", True),
        ("That's all, have a nice day", True),
        ("Thank you good bye", True),
        ("Before I say goodbye, how much is it?", False),
        ("I want to buy", False),
        ("Do you do BBL?", False),
        ("", False),
    ],
)
def test_who_takes_leave(text: str, farewell: bool) -> None:
    assert is_farewell(text) is farewell
