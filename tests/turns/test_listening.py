"""The floor while we listen: when a turn is over, and what is begun before it surely is."""

from __future__ import annotations

import attrs
import pytest

from tests.turns.situations import LISTENING, PROCESSING, QUESTION, about, at, expired, run, said
from voxanne_trio.events import (
    Event,
    PlayedOut,
    ReplyAudible,
    ReplyFailed,
    ReplyProduced,
    SpeechStarted,
    TurnEnded,
    TurnEndedEagerly,
    TurnResumed,
    VoiceStarted,
    VoiceStopped,
    WordsHeard,
)
from voxanne_trio.turns import (
    Answer,
    BePatient,
    Cancel,
    Command,
    Commit,
    Ending,
    EndTurn,
    Floor,
    GoOn,
    Hold,
    Phrase,
    Repeat,
    Resume,
    Rules,
    Say,
    SetTimer,
    State,
    Timer,
)
from voxanne_trio.turns.policy import Expecting

HOURS = "What are your hours?"
HEARD: tuple[Event, ...] = (VoiceStarted(1.0), WordsHeard(said(HOURS)), VoiceStopped(2.0, 1_000))


def test_a_turn_is_answered() -> None:
    floor, commands = run(TurnEnded(said(HOURS)), floor=LISTENING)
    assert (floor.state, commands) == (State.PROCESSING, [Answer(2, said(HOURS))])


def test_a_turn_without_words_is_no_turn() -> None:
    floor, commands = run(TurnEnded(said(" ")), floor=LISTENING)
    assert (floor, commands) == (LISTENING, [SetTimer(Timer.IDLE, 8.0)])


def test_the_end_of_a_turn_told_twice_is_answered_once() -> None:
    assert run(TurnEnded(said(QUESTION)), floor=PROCESSING)[1] == []


# Speculation


SUPPOSED = run(TurnEndedEagerly(said(HOURS)), floor=LISTENING)[0]


def test_an_eager_end_begins_a_reply_and_the_end_lets_it_be_heard() -> None:
    floor, commands = run(TurnEndedEagerly(said(HOURS)), floor=LISTENING)
    assert floor.state is State.LISTENING
    assert commands[-1] == Answer(2, said(HOURS), speculative=True)
    floor, commands = run(ReplyProduced(2), TurnEnded(said("what are your hours")), floor=floor)
    assert (floor.state, commands) == (State.PROCESSING, [Commit(2)])


@pytest.mark.parametrize(
    "event", [TurnResumed(said(HOURS)), WordsHeard(said("What are your hours on Monday"))]
)
def test_a_caller_who_goes_on_ends_the_speculation(event: Event) -> None:
    floor, commands = run(event, floor=SUPPOSED)
    assert (floor.state, bool(floor.speculating)) == (State.LISTENING, False)
    assert Cancel(2, forget_turn=True) in commands


def test_an_end_with_other_words_is_answered_anew() -> None:
    _, commands = run(TurnEnded(said("What are your hours on Monday?")), floor=SUPPOSED)
    assert commands == [
        Cancel(2, forget_turn=True),
        Answer(3, said("What are your hours on Monday?")),
    ]


def test_a_speculation_that_fails_is_dropped_without_a_word() -> None:
    floor, commands = run(ReplyFailed(2, "down"), floor=SUPPOSED)
    assert (floor.failures, commands) == (0, [Cancel(2, forget_turn=True)])
    assert run(TurnEnded(said(HOURS)), floor=floor)[1] == [Answer(3, said(HOURS))]


def test_no_more_than_so_many_speculations_a_turn_and_none_without_quota() -> None:
    scene = at(1.0, rules=Rules(speculations=1))
    resumed, _ = run(TurnEndedEagerly(said(HOURS)), TurnResumed(said(HOURS)), floor=LISTENING)
    again = TurnEndedEagerly(said("What are your hours on Monday?"))
    assert not any(isinstance(c, Answer) for c in run(again, floor=resumed, scene=scene)[1])
    poor = at(1.0, may_speculate=False)
    assert not any(isinstance(c, Answer) for c in run(again, floor=LISTENING, scene=poor)[1])


# Our own end of a turn


def test_silence_after_a_complete_text_ends_the_turn() -> None:
    floor, commands = run(*HEARD, floor=LISTENING, scene=at(2.24))
    assert commands == [SetTimer(Timer.END_OF_TURN, about(0.26))]
    floor, commands = run(expired(Timer.END_OF_TURN), floor=floor, scene=at(2.5, covered_until=2.0))
    assert commands == [
        Answer(2, said(HOURS), speculative=True),
        EndTurn(),
        SetTimer(Timer.FORCED, 0.3),
    ]
    _, commands = run(TurnEnded(said(HOURS)), floor=floor)
    assert commands == [Commit(2)]


def test_a_recogniser_that_does_not_end_the_turn_is_not_waited_for() -> None:
    supposed, _ = run(*HEARD, expired(Timer.END_OF_TURN), floor=LISTENING, scene=at(2.5))
    floor, commands = run(expired(Timer.FORCED), floor=supposed, scene=at(2.8))
    assert (floor.state, commands) == (State.PROCESSING, [Commit(2)])
    # The recogniser's own end comes late: its words have been answered.
    floor, commands = run(WordsHeard(said(HOURS)), TurnEnded(said(HOURS)), floor=floor)
    assert (floor.state, commands) == (State.PROCESSING, [])


def test_words_after_a_turn_that_we_ended_are_only_the_new_ones() -> None:
    supposed, _ = run(*HEARD, expired(Timer.END_OF_TURN), floor=LISTENING, scene=at(2.5))
    answering, _ = run(expired(Timer.FORCED), floor=supposed, scene=at(2.8))
    _, commands = run(TurnEnded(said(HOURS + " On Monday, I mean?")), floor=answering)
    assert commands[-1] == Answer(3, said(HOURS + " On Monday, I mean?"))


def test_a_turn_that_we_ended_may_come_written_otherwise() -> None:
    happened = (VoiceStarted(1.0), WordsHeard(said("It's 6195550134")), VoiceStopped(2.0, 1_000))
    floor, _ = run(*happened, expired(Timer.END_OF_TURN), floor=LISTENING, scene=at(2.5))
    floor, _ = run(expired(Timer.FORCED), ReplyAudible(2), floor=floor, scene=at(2.8))
    assert run(TurnEnded(said("It's 619-555-0134.")), floor=floor)[1] == []


def test_a_turn_that_we_ended_twice_is_not_answered_a_third_time() -> None:
    supposed, _ = run(*HEARD, expired(Timer.END_OF_TURN), floor=LISTENING, scene=at(2.5))
    answering, _ = run(expired(Timer.FORCED), floor=supposed, scene=at(2.8))
    whole = said(HOURS + " On Monday, I mean?")
    merged, _ = run(WordsHeard(whole), floor=answering, scene=at(3.0))
    floor, commands = run(expired(Timer.UNANSWERED), floor=merged, scene=at(4.5))
    assert commands == [Answer(3, whole)]
    # At last the recogniser's own end comes, with all that it heard.
    floor, _ = run(ReplyAudible(3), floor=floor)
    assert run(WordsHeard(whole), TurnEnded(whole), floor=floor)[1] == []


def test_what_the_recogniser_has_not_listened_to_may_still_be_words() -> None:
    listening, _ = run(*HEARD, floor=LISTENING, scene=at(2.24))
    late = at(2.5, covered_until=1.6)
    assert run(expired(Timer.END_OF_TURN), floor=listening, scene=late)[1] == [
        SetTimer(Timer.END_OF_TURN, 0.1)
    ]
    mute = at(3.6, covered_until=1.6)
    assert EndTurn() in run(expired(Timer.END_OF_TURN), floor=listening, scene=mute)[1]


@pytest.mark.parametrize("text", ["My number is five five five", "I was wondering, um"])
def test_a_text_that_looks_unfinished_is_given_time(text: str) -> None:
    happened = (VoiceStarted(1.0), WordsHeard(said(text)), VoiceStopped(2.0, 1_000))
    _, commands = run(*happened, floor=LISTENING, scene=at(2.2))
    assert commands == [SetTimer(Timer.END_OF_TURN, about(1.3))]


def test_an_end_of_turn_in_the_middle_of_a_number_waits_for_more() -> None:
    part, whole = "My number is five five five", "zero one three four two two one."
    happened = (VoiceStarted(1.0), WordsHeard(said(part)), VoiceStopped(2.0, 1_000))
    floor, commands = run(*happened, TurnEnded(said(part)), floor=LISTENING, scene=at(2.3))
    assert commands == [SetTimer(Timer.UNANSWERED, about(1.2))]
    _, commands = run(WordsHeard(said(whole)), TurnEnded(said(whole)), floor=floor)
    assert commands[-1] == Answer(2, said(f"{part} {whole}"))
    _, commands = run(expired(Timer.UNANSWERED), floor=floor, scene=at(3.5))
    assert commands == [Answer(2, said(part))]


def test_a_number_whose_groups_are_alike_loses_none_of_them() -> None:
    groups = ("My number is", "five five five,", "five five five one, two three four.")
    floor, _ = run(*(TurnEnded(said(group)) for group in groups[:2]), floor=LISTENING)
    _, commands = run(TurnEnded(said(groups[2])), floor=floor)
    assert commands[-1] == Answer(2, said(" ".join(groups)))
    floor, _ = run(TurnEnded(said("Three one zero,")), floor=LISTENING)
    _, commands = run(TurnEnded(said("three one zero, one two three four.")), floor=floor)
    assert commands[-1] == Answer(2, said("Three one zero, three one zero, one two three four."))


def test_um_and_no_more_is_not_answered() -> None:
    floor, _ = run(TurnEnded(said("Um")), floor=LISTENING)
    floor, commands = run(expired(Timer.UNANSWERED), floor=floor)
    assert (floor.state, commands) == (State.LISTENING, [SetTimer(Timer.IDLE, 8.0)])


def test_a_question_that_asks_for_a_number_makes_the_recogniser_patient() -> None:
    asking = at(1.0, sentence="What's the best number to reach you?")
    floor, commands = run(ReplyAudible(2), PlayedOut(2), floor=PROCESSING, scene=asking)
    assert commands == [BePatient(True), SetTimer(Timer.IDLE, 8.0)]
    _, commands = run(TurnEnded(said("619 555 0134.")), ReplyAudible(3), PlayedOut(3), floor=floor)
    assert BePatient(False) in commands


def test_a_word_between_leaves_our_question_open() -> None:
    asking = at(1.0, sentence="What's the best number to reach you?")
    floor, _ = run(ReplyAudible(2), PlayedOut(2), floor=PROCESSING, scene=asking)
    floor, _ = run(expired(Timer.IDLE), floor=floor)
    still_there = at(1.0, sentence="Are you still there?")
    floor, commands = run(ReplyAudible(3), PlayedOut(3), floor=floor, scene=still_there)
    assert BePatient(False) not in commands
    assert floor.expecting is Expecting.DIGITS


# A turn that goes on before anything was heard


def test_words_before_the_answer_is_heard_are_merged_into_the_turn() -> None:
    floor, commands = run(SpeechStarted(said("and the recovery")), floor=PROCESSING)
    assert floor.state is State.LISTENING
    assert commands == [Cancel(2, forget_turn=True), SetTimer(Timer.UNANSWERED, 1.5)]
    floor, commands = run(TurnEnded(said("and the recovery time?")), floor=floor)
    assert commands == [Answer(3, said("Do you do BBL? and the recovery time?"))]


def test_a_phrase_that_nobody_has_heard_yet_takes_no_turn_back() -> None:
    """It answers no words: those before it would be lost."""
    silent = at(3.0, unplayed_ms=0)  # the phrase is not in the cache
    apology, _ = run(ReplyFailed(2, "down"), VoiceStarted(3.0), floor=PROCESSING, scene=silent)
    floor, _ = run(expired(Timer.HOLD_MAX), floor=apology, scene=silent)
    assert floor.state is State.PROCESSING
    for event in (WordsHeard(said("Hello are you")), TurnEnded(said("Hello?"))):
        commands = run(event, floor=floor, scene=silent)[1]
        assert Cancel(3) in commands


def test_a_turn_that_goes_on_unnoticed_by_the_detector_is_heard_out() -> None:
    floor = attrs.evolve(PROCESSING, voiced_until=7.0)
    for event in (WordsHeard(said("and the recovery"), 9.1), TurnEnded(said("My number is"), 9.1)):
        _, commands = run(event, floor=floor, scene=at(9.2))
        waits = [command.seconds for command in commands if isinstance(command, SetTimer)]
        assert min(waits) > 0.3


def test_merged_words_are_answered_though_no_end_of_turn_comes() -> None:
    floor, _ = run(WordsHeard(said("for my sister")), floor=PROCESSING)
    floor, commands = run(expired(Timer.UNANSWERED), floor=floor)
    assert commands == [Answer(3, said("Do you do BBL? for my sister"))]
    assert run(TurnEnded(said("for my sister")), floor=floor)[1] == []


def test_assent_while_we_think_changes_nothing() -> None:
    floor, commands = run(WordsHeard(said("Okay")), TurnEnded(said("Okay.")), floor=PROCESSING)
    assert (floor.state, commands) == (State.PROCESSING, [])


def test_voice_before_the_answer_keeps_it_back_until_it_was_nothing() -> None:
    floor, commands = run(VoiceStarted(3.0), floor=PROCESSING, scene=at(3.1))
    assert commands == [Hold(), SetTimer(Timer.HOLD_MAX, 1.5)]
    floor, commands = run(VoiceStopped(3.2, 200), floor=floor, scene=at(3.4))
    assert commands == [SetTimer(Timer.HOLD_CONFIRM, about(0.2))]
    floor, commands = run(expired(Timer.HOLD_CONFIRM), floor=floor, scene=at(3.6))
    assert (floor.state, commands) == (State.PROCESSING, [Resume()])


def test_voice_without_end_keeps_the_answer_back_only_so_long() -> None:
    floor, _ = run(VoiceStarted(3.0), floor=PROCESSING)
    assert run(expired(Timer.HOLD_MAX), floor=floor)[1] == [Resume()]


def test_voice_that_no_word_accounts_for_keeps_the_answer_back_from_its_beginning() -> None:
    again = run(*HEARD, VoiceStarted(2.4), floor=LISTENING, scene=at(2.5))[0]
    _, commands = run(TurnEnded(said(HOURS)), floor=again)
    assert commands == [Answer(2, said(HOURS)), Hold(), SetTimer(Timer.HOLD_MAX, 1.5)]
    going_on = run(*HEARD[:2], floor=LISTENING)[0]  # the detector still hears the same words
    assert run(TurnEnded(said(HOURS)), floor=going_on)[1] == [Answer(2, said(HOURS))]


@pytest.mark.parametrize(
    ("listened", "held"),
    [
        (2.0, (Hold(), SetTimer(Timer.HOLD_MAX, 1.5))),
        (3.5, (Hold(), SetTimer(Timer.HOLD_MAX, 0.5))),
        (4.0, ()),
    ],
)
def test_what_was_listened_to_without_a_word_in_it_keeps_no_answer_back(
    listened: float, held: tuple[Command, ...]
) -> None:
    again = run(*HEARD, VoiceStarted(2.4), floor=LISTENING, scene=at(2.5))[0]
    scene = at(4.1, covered_until=listened)
    assert run(TurnEnded(said(HOURS)), floor=again, scene=scene)[1] == [
        Answer(2, said(HOURS)),
        *held,
    ]


# What is asked of the conversation itself


def test_a_caller_who_asks_us_to_wait_is_waited_for() -> None:
    floor, commands = run(TurnEnded(said("Hold on a second.")), floor=LISTENING)
    assert commands == [Say(2, Phrase.SURE, said("Hold on a second."))]
    floor, commands = run(ReplyAudible(2), PlayedOut(2), floor=floor)
    assert commands == [SetTimer(Timer.IDLE, 60.0)]


def test_voice_that_no_word_accounts_for_keeps_a_repetition_back_too() -> None:
    again = run(*HEARD, VoiceStarted(2.4), floor=LISTENING, scene=at(2.5))[0]
    text = said("Say that again?")
    _, commands = run(TurnEnded(text), floor=attrs.evolve(again, words=text))
    assert commands == [Repeat(2, text), Hold(), SetTimer(Timer.HOLD_MAX, 1.5)]


@pytest.mark.parametrize(
    ("text", "slower"), [("Say that again?", False), ("Slower, please.", True)]
)
def test_what_was_heard_is_said_again(text: str, slower: bool) -> None:
    _, commands = run(TurnEnded(said(text)), floor=LISTENING)
    assert commands == [Repeat(2, said(text), slower=slower)]
    nothing_yet = at(1.0, can_repeat=False)
    assert run(TurnEnded(said(text)), floor=LISTENING, scene=nothing_yet)[1] == [
        Answer(2, said(text))
    ]


def test_what_was_left_unsaid_can_be_asked_for() -> None:
    left = at(1.0, can_go_on=True)
    assert run(TurnEnded(said("Go on.")), floor=LISTENING, scene=left)[1] == [
        GoOn(2, said("Go on."))
    ]


# Nobody speaks, or nothing is understood


def test_the_idle_ladder() -> None:
    floor, spoken = LISTENING, []
    for _ in range(3):
        floor, commands = run(expired(Timer.IDLE), floor=floor)
        spoken += [command.phrase for command in commands if isinstance(command, Say)]
        floor, _ = run(ReplyAudible(floor.reply), PlayedOut(floor.reply), floor=floor)
    assert spoken == [Phrase.STILL_THERE, Phrase.STILL_THERE_AGAIN, Phrase.GOODBYE]
    assert floor.ending is Ending.SILENCE


def test_an_answer_takes_the_caller_off_the_ladder() -> None:
    prompted, _ = run(expired(Timer.IDLE), ReplyAudible(2), PlayedOut(2), floor=LISTENING)
    assert run(TurnEnded(said("Yes, I am here.")), floor=prompted)[0].rung == 0


def test_the_ladder_waits_while_the_caller_speaks() -> None:
    _, commands = run(VoiceStarted(1.0), expired(Timer.IDLE), floor=LISTENING)
    assert commands == [SetTimer(Timer.IDLE, 8.0)]


def test_long_voice_without_words_is_asked_about_twice_and_a_cough_is_not() -> None:
    voice = (VoiceStarted(1.0), VoiceStopped(1.9, 900))
    floor, commands = run(*voice, floor=LISTENING, scene=at(2.1))
    assert SetTimer(Timer.VOICE_WITHOUT_WORDS, about(3.8)) in commands
    _, commands = run(expired(Timer.VOICE_WITHOUT_WORDS), floor=floor)
    assert commands == [Say(2, Phrase.SAY_AGAIN)]
    _, commands = run(VoiceStarted(1.0), VoiceStopped(1.3, 300), floor=LISTENING, scene=at(1.5))
    assert commands == [SetTimer(Timer.IDLE, about(7.8))]
    twice = attrs.evolve(floor, asked_again=2)
    listened = at(6.0, covered_until=1.9)
    assert run(expired(Timer.VOICE_WITHOUT_WORDS), floor=twice, scene=listened)[1] == []


def test_a_voice_that_is_to_be_answered_is_put_off_by_none_that_follows() -> None:
    long = (VoiceStarted(1.0), VoiceStopped(1.9, 900))
    owed, _ = run(*long, floor=LISTENING, scene=at(2.0))  # by 5.9
    floor, commands = run(VoiceStarted(3.0), floor=owed, scene=at(3.0))
    assert commands == [SetTimer(Timer.VOICE_WITHOUT_WORDS, about(2.9))]
    floor, commands = run(VoiceStopped(3.1, 100), floor=floor, scene=at(3.4))  # a cough
    assert SetTimer(Timer.VOICE_WITHOUT_WORDS, about(2.5)) in commands
    _, commands = run(VoiceStopped(4.9, 900), floor=floor, scene=at(5.2))  # a television
    assert SetTimer(Timer.VOICE_WITHOUT_WORDS, about(0.7)) in commands
    heard, _ = run(WordsHeard(said("Hello")), floor=owed, scene=at(3.0))
    assert heard.answer_by is None
    asked, _ = run(expired(Timer.VOICE_WITHOUT_WORDS), floor=owed, scene=at(5.9))
    assert asked.answer_by is None


@pytest.mark.parametrize("covered_until", [None, 0.5])
def test_voice_that_nobody_listens_to_goes_to_a_person(covered_until: float | None) -> None:
    twice = attrs.evolve(LISTENING, asked_again=2, voiced_until=1.9)
    scene = at(6.0, covered_until=covered_until)
    floor, commands = run(expired(Timer.VOICE_WITHOUT_WORDS), floor=twice, scene=scene)
    assert commands == [Say(2, Phrase.TROUBLE)]
    assert floor.ending is Ending.TROUBLE


def test_voice_that_never_stops_is_asked_about_too() -> None:
    _, commands = run(VoiceStarted(1.0), floor=LISTENING)
    assert commands == [SetTimer(Timer.VOICE_WITHOUT_WORDS, 4.6)]


def test_our_own_words_on_their_way_back_are_nobody_speaking() -> None:
    ours = "it starts at eight thousand dollars"
    floor, commands = run(WordsHeard(said(ours)), floor=LISTENING)
    assert (floor, commands) == (LISTENING, [])
    assert run(TurnEnded(said(ours)), floor=LISTENING)[0].state is State.LISTENING
    noticed, _ = run(VoiceStarted(1.0), floor=LISTENING)
    assert run(TurnEnded(said(ours)), floor=noticed)[0].state is State.PROCESSING


def test_a_floor_begins_idle() -> None:
    assert Floor().state is State.IDLE
