"""The floor's table: exhaustive, and right in the situations a caller makes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxanne_trio import events
from voxanne_trio.events import (
    CallStarted,
    Event,
    HearingLost,
    KeyPressed,
    PlayedOut,
    ReplyAudible,
    ReplyFailed,
    ReplyProduced,
    Sensitive,
    SpeechStarted,
    StreamLost,
    StreamStopped,
    TimerExpired,
    TurnEnded,
    WordsHeard,
)
from voxanne_trio.turns import (
    TABLE,
    Answer,
    Cancel,
    CloseStream,
    Command,
    EndCall,
    Ending,
    Floor,
    Phrase,
    Say,
    SetTimer,
    State,
    StopTimer,
    Timer,
    step,
)
from voxanne_trio.turns.policy import is_farewell

START = CallStarted("CA1", "MZ1", "AC1")


def said(text: str) -> Sensitive:
    return Sensitive(text)


def run(*happened: Event, floor: Floor | None = None) -> tuple[Floor, list[Command]]:
    """The floor after these events, and the commands of the last one."""
    floor = floor or Floor()
    commands: tuple[Command, ...] = ()
    for event in happened:
        floor, commands = step(floor, event)
    return floor, list(commands)


LISTENING = run(START, ReplyAudible(1), ReplyProduced(1), PlayedOut(1))[0]
PROCESSING = run(TurnEnded(said("Do you do BBL?")), floor=LISTENING)[0]
SPEAKING = run(ReplyAudible(2), floor=PROCESSING)[0]


def test_every_event_has_an_entry_in_every_state() -> None:
    every = set(Event.__args__)
    assert set(TABLE) == set(State)
    for state in State:
        assert set(TABLE[state]) == every, state


def test_a_call_begins_with_the_greeting() -> None:
    floor, commands = run(START)
    assert floor.state is State.SPEAKING
    assert commands == [SetTimer(Timer.CALL_LIMIT), Say(1, Phrase.GREETING)]


def test_a_turn_is_answered() -> None:
    assert LISTENING.state is State.LISTENING
    floor, commands = run(TurnEnded(said("How much is it?")), floor=LISTENING)
    assert floor.state is State.PROCESSING
    assert commands[-1] == Answer(2, said("How much is it?"))


def test_a_turn_without_words_is_no_turn() -> None:
    assert run(TurnEnded(said(" ")), floor=LISTENING) == (LISTENING, [])


@pytest.mark.parametrize("event", [SpeechStarted(said("Wait")), WordsHeard(said("Wait"))])
def test_words_over_us_are_a_barge_in(event: Event) -> None:
    floor, commands = run(event, floor=SPEAKING)
    assert floor.state is State.LISTENING
    assert commands == [StopTimer(Timer.HANGUP), Cancel(2)]


def test_voice_over_us_that_yields_no_words_is_asked_about() -> None:
    floor, commands = run(SpeechStarted(), floor=SPEAKING)
    assert commands == [
        StopTimer(Timer.HANGUP),
        Cancel(2),
        SetTimer(Timer.VOICE_WITHOUT_WORDS),
    ]
    _, commands = run(TimerExpired(Timer.VOICE_WITHOUT_WORDS.value), floor=floor)
    assert commands == [Say(3, Phrase.SAY_AGAIN)]


def test_a_turn_that_ends_over_us_unannounced_is_answered() -> None:
    floor, commands = run(TurnEnded(said("Stop")), floor=SPEAKING)
    assert floor.state is State.PROCESSING
    assert [type(command) for command in commands] == [
        StopTimer,
        Cancel,
        StopTimer,
        StopTimer,
        Answer,
    ]


def test_words_before_the_answer_is_heard_are_merged_into_the_turn() -> None:
    floor, commands = run(SpeechStarted(said("and the recovery")), floor=PROCESSING)
    assert floor.state is State.LISTENING
    assert commands == [Cancel(2, forget_turn=True), SetTimer(Timer.UNANSWERED)]
    floor, commands = run(TurnEnded(said("and the recovery?")), floor=floor)
    assert commands[-1] == Answer(3, said("Do you do BBL? and the recovery?"))


def test_merged_words_are_answered_though_no_end_of_turn_comes() -> None:
    floor, _ = run(WordsHeard(said("and")), floor=PROCESSING)
    _, commands = run(TimerExpired(Timer.UNANSWERED.value), floor=floor)
    assert commands[-1] == Answer(3, said("Do you do BBL?"))


def test_a_farewell_ends_the_call_once_the_goodbye_is_played() -> None:
    happened: list[Event] = [TurnEnded(said("Thank you, goodbye.")), ReplyAudible(2)]
    floor, _ = run(*happened, ReplyProduced(2), floor=LISTENING)
    floor, commands = run(PlayedOut(2), floor=floor)
    assert commands == [SetTimer(Timer.HANGUP)]
    floor, commands = run(TimerExpired(Timer.HANGUP.value), floor=floor)
    assert (floor.state, commands) == (State.ENDED, [CloseStream(Ending.FAREWELL)])


def test_a_question_over_our_goodbye_calls_the_ending_off_and_another_bye_does_not() -> None:
    goodbye, _ = run(TurnEnded(said("Bye.")), ReplyAudible(2), floor=LISTENING)
    assert run(WordsHeard(said("Bye bye")), floor=goodbye) == (goodbye, [])
    floor, commands = run(WordsHeard(said("Oh, how much was it?")), floor=goodbye)
    assert floor.ending is None
    assert Cancel(2) in commands


def test_a_reply_that_fails_before_it_is_heard_is_apologised_for_and_twice_is_the_end() -> None:
    floor, commands = run(ReplyFailed(2, "down"), floor=PROCESSING)
    assert commands == [Cancel(2), Say(3, Phrase.APOLOGY)]
    floor, _ = run(ReplyAudible(3), PlayedOut(3), TurnEnded(said("Well?")), floor=floor)
    floor, commands = run(ReplyFailed(4, "down"), floor=floor)
    assert commands == [Cancel(4), Say(5, Phrase.TROUBLE)]
    assert floor.ending is Ending.TROUBLE


def test_a_reply_that_breaks_off_is_played_as_far_as_it_goes_and_then_apologised_for() -> None:
    floor, commands = run(ReplyFailed(2, "down"), floor=SPEAKING)
    assert commands == []
    _, commands = run(PlayedOut(2), floor=floor)
    assert commands == [Cancel(2), Say(3, Phrase.APOLOGY)]


def test_lost_hearing_ends_the_call_politely_after_what_is_being_said() -> None:
    floor, commands = run(HearingLost("refused"), floor=SPEAKING)
    assert commands == []
    floor, commands = run(PlayedOut(2), floor=floor)
    assert commands[-1] == Say(3, Phrase.TROUBLE)
    unmoved = run(WordsHeard(said("hello")), HearingLost("again"), floor=floor)
    assert unmoved == (floor, [])  # it must be heard
    _, commands = run(HearingLost("refused"), floor=LISTENING)
    assert commands == [Say(2, Phrase.TROUBLE)]


def test_last_words_that_fail_still_end_the_call() -> None:
    trouble, _ = run(HearingLost("refused"), floor=LISTENING)
    floor, commands = run(ReplyFailed(2, "no voice either"), floor=trouble)
    assert (floor.ending, commands) == (Ending.TROUBLE, [])
    assert run(PlayedOut(2, proven=False), floor=floor)[1] == [SetTimer(Timer.HANGUP)]
    goodbye, _ = run(TurnEnded(said("Bye.")), floor=LISTENING)
    floor, commands = run(ReplyFailed(2, "down"), floor=goodbye)
    assert (floor.ending, commands[-1]) == (Ending.FAREWELL, Say(3, Phrase.GOODBYE))


def test_words_lost_with_the_recogniser_are_asked_for_again() -> None:
    lost = events.HearingRestored(words_lost=True)
    assert run(lost, floor=LISTENING)[1] == [Say(2, Phrase.SAY_AGAIN)]
    assert run(events.HearingRestored(), floor=LISTENING)[1] == []


def test_the_longest_call_ends() -> None:
    floor, commands = run(TimerExpired(Timer.CALL_LIMIT.value), floor=LISTENING)
    assert commands == [Say(2, Phrase.TIME_IS_UP)]
    assert floor.ending is Ending.LIMIT


@pytest.mark.parametrize("floor", [LISTENING, PROCESSING, SPEAKING])
def test_the_other_side_may_end_the_call_at_any_time(floor: Floor) -> None:
    assert run(StreamStopped(), floor=floor)[1] == [EndCall("caller hung up")]
    ended, commands = run(StreamLost(), floor=floor)
    assert commands == [EndCall("stream lost")]
    assert run(TurnEnded(said("Hello?")), floor=ended) == (ended, [])


@pytest.mark.parametrize(
    "late", [ReplyAudible(1), ReplyProduced(1), ReplyFailed(1, ""), PlayedOut(1)]
)
def test_events_of_a_reply_that_is_over_mean_nothing(late: Event) -> None:
    assert run(late, floor=SPEAKING) == (SPEAKING, [])


EVENTS = st.one_of(
    st.sampled_from(
        [
            SpeechStarted(),
            events.TurnEndedEagerly(said("yes")),
            events.HearingRestored(),
            HearingLost("gone"),
            KeyPressed("1"),
            *(TimerExpired(timer.value) for timer in Timer),
        ]
    ),
    st.sampled_from(["", "yes", "goodbye"]).map(said).map(WordsHeard),
    st.sampled_from(["", "yes", "goodbye"]).map(said).map(SpeechStarted),
    st.sampled_from(["", "yes", "goodbye"]).map(said).map(TurnEnded),
    st.integers(1, 9).map(ReplyAudible),
    st.integers(1, 9).map(PlayedOut),
    st.integers(1, 9).map(lambda reply: ReplyFailed(reply, "down")),
)


@given(happened=st.lists(EVENTS, max_size=30))
def test_a_new_reply_never_starts_before_the_old_one_is_over(happened: list[Event]) -> None:
    floor, playing = Floor(), 0
    for event in [START, *happened]:
        if isinstance(event, PlayedOut) and event.reply == playing == floor.reply:
            playing = 0
        floor, commands = step(floor, event)
        for command in commands:
            match command:
                case Cancel():
                    playing = 0
                case Answer(reply) | Say(reply):
                    assert not playing
                    playing = reply


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
