"""The floor while an answer takes its time: "one moment", and what becomes of it."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from tests.turns.situations import (
    LISTENING,
    PLAYING,
    PROCESSING,
    QUESTION,
    SPEAKING,
    about,
    at,
    expired,
    said,
)
from voxanne_trio.events import (
    Event,
    PlayedOut,
    RanDry,
    ReplyAudible,
    ReplyFailed,
    ReplyProduced,
    Sensitive,
    TurnEnded,
    TurnEndedEagerly,
    VoiceStarted,
    VoiceStopped,
    WordsHeard,
)
from voxanne_trio.turns import (
    Answer,
    Cancel,
    Command,
    Commit,
    Fill,
    Floor,
    Hold,
    Phrase,
    Resume,
    Say,
    Scene,
    SetTimer,
    State,
    StopTimer,
    Timer,
    step,
)

WAITED = expired(Timer.FILLER)
QUIET = at(3.0, unplayed_ms=0, lately="")


def run(*happened: Event, floor: Floor, scene: Scene = QUIET) -> tuple[Floor, list[Command]]:
    commands: tuple[Command, ...] = ()
    for event in happened:
        floor, commands = step(floor, event, scene)
    return floor, [command for command in commands if not isinstance(command, StopTimer)]


def filler_in(seconds: float) -> Any:
    return SetTimer(Timer.FILLER, about(seconds))


UNHURRIED = attrs.evolve(PROCESSING, fill_by=None)
"""The same, as if the turn had been decided only now."""

FILLED = run(WAITED, ReplyAudible(2, aside=True), floor=PROCESSING)[0]


def test_a_turn_that_is_decided_is_heard_of_within_the_time_for_a_filler() -> None:
    _, commands = run(TurnEnded(said(QUESTION)), floor=LISTENING)
    assert commands == [Answer(2, said(QUESTION)), filler_in(1.2)]
    supposed, commands = run(TurnEndedEagerly(said(QUESTION)), floor=LISTENING)
    assert filler_in(1.2) not in commands  # nothing is owed to the caller yet
    _, commands = run(TurnEnded(said(QUESTION)), floor=supposed)
    assert commands == [filler_in(1.2), Commit(2)]


def test_a_filler_leaves_the_reply_in_the_making_and_the_turn_open() -> None:
    floor, commands = run(WAITED, floor=PROCESSING)
    assert commands == [Fill(2), filler_in(1.2)]
    floor, commands = run(ReplyAudible(2, aside=True), floor=floor)
    assert (floor.state, floor.heard, floor.fillers, commands) == (State.PROCESSING, False, 1, [])
    assert run(RanDry(2), floor=floor)[1] == [filler_in(1.2)]
    floor, _ = run(ReplyAudible(2), floor=floor)
    assert (floor.state, floor.heard) == (State.SPEAKING, True)


def test_an_answer_that_runs_dry_in_its_middle_is_filled_too() -> None:
    floor, commands = run(RanDry(2), floor=SPEAKING)
    assert commands == [filler_in(1.2)]
    floor, commands = run(WAITED, floor=floor)
    assert (floor.state, commands) == (State.PROCESSING, [Fill(2), filler_in(1.2)])


def test_while_a_tool_runs_the_second_filler_comes_later() -> None:
    tool = attrs.evolve(QUIET, tool_asked=True, tool_runs=True)
    assert run(WAITED, floor=PROCESSING, scene=tool)[1] == [Fill(2), filler_in(1.2)]
    assert run(RanDry(2), floor=FILLED, scene=tool)[1] == [filler_in(5.0 - 0.8)]


def test_fillers_are_bounded_in_number() -> None:
    floor = PROCESSING
    for _ in range(10):
        floor, commands = run(WAITED, floor=floor)
        assert Fill(2) in commands
        floor, _ = run(ReplyAudible(2, aside=True), RanDry(2), floor=floor)
    assert run(WAITED, floor=floor)[1] == []


@pytest.mark.parametrize("floor", [SPEAKING, LISTENING, run(ReplyProduced(2), floor=PROCESSING)[0]])
def test_there_is_none_where_we_speak_or_listen_or_all_is_produced(floor: Floor) -> None:
    assert run(WAITED, floor=floor) == (floor, [])


def test_there_is_none_over_the_callers_voice_and_one_soon_after_it_was_nothing() -> None:
    held, commands = run(VoiceStarted(2.5), floor=UNHURRIED)
    assert Hold() in commands
    floor, _ = run(VoiceStopped(2.8, 300), floor=held)
    _, commands = run(expired(Timer.HOLD_CONFIRM), floor=floor, scene=at(3.3, QUIET))
    assert commands == [Resume(), filler_in(0.7)]  # 1.2 s after the voice
    loud = attrs.evolve(UNHURRIED, voice=True)  # it holds nothing any more
    waiting, commands = run(WAITED, floor=loud, scene=at(3.3))
    assert commands == [filler_in(0.1)]
    assert run(WAITED, floor=waiting, scene=at(3.6))[1] == [filler_in(0.1)]
    floor, commands = run(WAITED, floor=waiting, scene=at(3.7))  # it may be a noise that stays
    assert commands == [Fill(2), filler_in(1.2)]
    assert floor.fill_by is None


def test_a_voice_without_words_holds_an_answer_back_no_longer_than_the_caller_can_wait() -> None:
    held, _ = run(VoiceStarted(2.5), floor=UNHURRIED, scene=at(2.5))
    floor, commands = run(WAITED, floor=held, scene=at(3.0))
    assert commands == [filler_in(0.4)]
    floor, commands = run(WAITED, floor=floor, scene=at(3.4))
    assert commands == [Resume(), filler_in(0)]
    assert run(WAITED, floor=floor, scene=at(3.4))[1] == [Fill(2), filler_in(1.2)]


def test_a_voice_that_has_just_begun_may_yet_bring_words() -> None:
    produced, _ = run(ReplyProduced(2), floor=UNHURRIED)
    held, _ = run(VoiceStarted(2.9), floor=produced, scene=at(2.9))
    floor, commands = run(WAITED, floor=held, scene=at(3.0))
    assert commands == [filler_in(0.6)]
    floor, commands = run(WAITED, floor=floor, scene=at(3.6))
    assert commands == [Resume(), filler_in(0)]
    assert run(WAITED, floor=floor, scene=at(3.6)) == (floor, [])  # it is heard as it is


def test_a_second_voice_in_a_row_holds_an_answer_back_hardly_longer_than_the_first() -> None:
    by = PROCESSING.fill_by
    assert by is not None
    noise = (VoiceStarted(by - 1.2), VoiceStopped(by - 1.0, 60), expired(Timer.HOLD_CONFIRM))
    quiet, _ = run(*noise, ReplyProduced(2), floor=PROCESSING, scene=at(by - 0.8, QUIET))
    for began, until in ((by - 0.4, by + 0.2), (by - 0.6, by + 0.1), (by + 0.1, by + 0.3)):
        held, _ = run(VoiceStarted(began), floor=quiet, scene=at(began))
        now = max(by, began)
        floor, commands = run(WAITED, floor=held, scene=at(now))
        assert commands == [filler_in(about(until - now))]
        assert run(WAITED, floor=floor, scene=at(until))[1] == [Resume(), filler_in(0)]


def test_noises_before_an_answer_and_at_its_first_frame_count_as_one() -> None:
    by = PROCESSING.fill_by
    assert by is not None
    noise = (VoiceStarted(by - 1.2), VoiceStopped(by - 1.0, 60), expired(Timer.HOLD_CONFIRM))
    audible, _ = run(*noise, ReplyAudible(2), floor=PROCESSING, scene=at(by - 0.8, QUIET))
    _, commands = run(VoiceStarted(by - 0.8), floor=audible, scene=at(by - 0.8))
    assert commands == [Hold(), SetTimer(Timer.HOLD_MAX, about(0.8))]
    _, commands = run(VoiceStarted(by - 0.1), floor=audible, scene=at(by - 0.1))
    assert commands == [Hold(), SetTimer(Timer.HOLD_MAX, about(0.7))]  # it may be the caller's
    for held_before, now in ((False, by - 0.8), (True, by + 0.1)):
        floor = audible if held_before else attrs.evolve(audible, held_since=None)
        _, commands = run(VoiceStarted(now), floor=floor, scene=at(now))
        assert commands == [Hold(), SetTimer(Timer.HOLD_MAX, 1.5)]


def test_noises_after_a_turn_put_the_first_filler_off_no_further_than_once() -> None:
    by = PROCESSING.fill_by
    assert by is not None
    floor, _ = run(VoiceStarted(by - 1.2), VoiceStopped(by - 0.8, 60), floor=PROCESSING)
    _, commands = run(expired(Timer.HOLD_CONFIRM), floor=floor, scene=at(by - 0.4, QUIET))
    assert commands == [Resume(), filler_in(0.4)]  # not 1.2 s after the noise


def test_one_that_was_due_in_a_hold_comes_as_soon_as_the_voice_was_nothing() -> None:
    held, _ = run(VoiceStarted(2.9), floor=PROCESSING)
    held, _ = run(WAITED, floor=held)
    floor, _ = run(VoiceStopped(3.3, 60), floor=held, scene=at(3.5))
    floor, commands = run(expired(Timer.HOLD_CONFIRM), floor=floor, scene=at(3.7, QUIET))
    assert commands == [Resume(), filler_in(0.0)]  # and not 1.2 s after a noise
    floor, _ = run(ReplyAudible(2), floor=floor)
    assert run(RanDry(2), floor=floor, scene=at(9.0, QUIET))[1] == [filler_in(1.2)]


def test_words_over_a_filler_are_merged_into_the_turn() -> None:
    sounding = at(3.2, unplayed_ms=400)
    held, commands = run(VoiceStarted(3.1), floor=FILLED, scene=sounding)
    assert (held.state, commands[0]) == (State.PROCESSING, Hold())  # it falls silent
    floor, commands = run(WordsHeard(said("And how much is it")), floor=held, scene=sounding)
    assert (floor.state, floor.unanswered) == (State.LISTENING, said(QUESTION))
    assert Cancel(2, forget_turn=True) in commands
    _, commands = run(TurnEnded(said("And how much is it?")), floor=floor, scene=sounding)
    assert Answer(3, said(f"{QUESTION} And how much is it?")) in commands


def test_our_own_filler_in_the_callers_line_is_no_word_of_theirs() -> None:
    sounding = at(3.2, unplayed_ms=400, lately="One moment.")
    assert run(WordsHeard(said("one moment")), floor=FILLED, scene=sounding)[1] == []


def test_a_reply_that_fails_lets_its_filler_end_and_is_apologised_for_once() -> None:
    sounding = at(3.2, unplayed_ms=400)
    floor, commands = run(ReplyFailed(2, "down"), floor=FILLED, scene=sounding)
    assert (floor.failures, commands) == (1, [filler_in(0.55)])
    for over in (PlayedOut(2), WAITED):  # a phone whose marks are lost is not waited for
        apology, commands = run(over, floor=floor)
        assert commands[:2] == [Cancel(2), Say(3, Phrase.APOLOGY)]
        assert apology.failures == 1
    assert Say(3, Phrase.APOLOGY) in run(ReplyFailed(2, "down"), floor=FILLED)[1]


def test_what_broke_off_is_apologised_for_though_its_last_mark_is_lost() -> None:
    sounding = at(3.2, unplayed_ms=400)
    floor, commands = run(ReplyFailed(2, "down"), floor=SPEAKING, scene=sounding)
    assert commands == [filler_in(1.4)]
    assert run(WAITED, floor=floor, scene=sounding)[1] == [filler_in(0.55)]  # it was held meanwhile
    assert run(WAITED, floor=floor)[1][:2] == [Cancel(2), Say(3, Phrase.APOLOGY)]


def test_who_takes_leave_hears_goodbye_and_no_filler() -> None:
    leaving, _ = run(TurnEnded(Sensitive("Thank you, goodbye.")), floor=LISTENING)
    floor, commands = run(WAITED, floor=leaving)
    assert commands == [Cancel(2), Say(3, Phrase.GOODBYE)]
    assert floor.ending is leaving.ending


def test_each_reply_counts_its_own_fillers() -> None:
    floor, _ = run(ReplyFailed(2, "down"), PlayedOut(3), floor=FILLED, scene=PLAYING)
    floor, _ = run(PlayedOut(2), floor=floor)
    assert floor.fillers == 0
