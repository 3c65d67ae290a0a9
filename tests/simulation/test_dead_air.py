"""Law 5, shown made-up calls: silences that were ours to break, and those that were not."""

from __future__ import annotations

import math

import pytest

from tests.simulation.calls import (
    answered,
    audible,
    audio,
    concluded,
    evidence,
    moved,
    played_out,
    voice,
)
from voxanne_trio.events import CallResumed, Sensitive, WordsHeard
from voxanne_trio.simulation.laws.dead_air import DeadAir
from voxanne_trio.simulation.observed import Evidence, FrameCame, Overheard, Returned
from voxanne_trio.turns import Answer, Cancel, Commit, State

LISTENING, PROCESSING = State.LISTENING, State.PROCESSING
WORDS = Sensitive("How much is it?")
SUPPOSED = moved(1.0, LISTENING, LISTENING, Answer(2, WORDS, speculative=True), reply=2)
COMMITTED = moved(2.3, LISTENING, PROCESSING, Commit(2), reply=2)

CALLER = voice((1.0, 2.0))
OVER = moved(30.0, LISTENING, State.ENDED)
CAME = tuple(FrameCame(0.0, number) for number in range(1_500))


def dead_air(
    known: Evidence, *course: object, came: tuple[FrameCame, ...] = CAME
) -> list[tuple[str, float | None]]:
    breaches = concluded(DeadAir(), known, *came, *course, OVER)  # type: ignore[arg-type]
    return [(breach.detail, breach.at) for breach in breaches]


def test_an_answer_in_time() -> None:
    known = evidence(caller=CALLER, agent=voice((3.0, 5.0), (6.5, 8.0)))
    assert dead_air(known, answered(2.3), audible(2.9), played_out(8.1)) == []


def test_an_answer_too_late() -> None:
    known = evidence(caller=CALLER, agent=voice((4.5, 8.0)))
    wrong = [("2.20 s of silence after a turn was decided", 2.3)]
    assert dead_air(known, answered(2.3), audible(4.4), played_out(8.1)) == wrong


def test_silence_counts_from_the_commit_and_not_from_the_supposition() -> None:
    known = evidence(caller=CALLER, agent=voice((3.1, 8.0)))
    assert dead_air(known, SUPPOSED, COMMITTED, audible(3.0, 2), played_out(8.1, 2)) == []
    late = evidence(caller=CALLER, agent=voice((4.5, 8.0)))
    ((detail, at),) = dead_air(late, SUPPOSED, COMMITTED, audible(4.4, 2), played_out(8.1, 2))
    assert (detail, at) == ("2.20 s of silence after a turn was decided", 2.3)


def test_a_pause_inside_an_answer() -> None:
    known = evidence(caller=CALLER, agent=voice((3.0, 4.0), (6.5, 8.0)))
    ((detail, at),) = dead_air(known, answered(2.3), audible(2.9), played_out(8.1))
    assert detail == "a pause of 2.50 s inside an answer"
    assert at == pytest.approx(4.0)


def test_a_caller_who_speaks_on_breaks_the_silence() -> None:
    known = evidence(caller=voice((1.0, 2.0), (3.9, 5.0)), agent=voice((5.5, 8.0)))
    assert dead_air(known, answered(2.3), answered(5.2, 2), audible(5.4), played_out(8.1)) == []


def test_the_floor_is_given_back_when_all_was_played() -> None:
    said = (audible(0.9), audio(1.0, 0), audio(1.1, 1))
    late = FrameCame(5.0, 1)
    assert concluded(DeadAir(), evidence(), *said, played_out(3.3), late) == []
    (breach,) = concluded(DeadAir(), evidence(), *said, late)
    assert breach.detail == "all was played, and the floor is not given back"
    assert concluded(DeadAir(), evidence(partings=((1.0, math.inf),)), *said, late) == []
    assert concluded(DeadAir(), evidence(), *said, Returned(1.2, ()), late) == []
    assert concluded(DeadAir(), evidence(), *said, FrameCame(4.9, 1), Returned(5.0, ()))


def test_a_decision_that_is_taken_back_is_none_and_the_next_one_counts() -> None:
    back = moved(3.5, PROCESSING, LISTENING, Cancel(2, forget_turn=True), event=WordsHeard(WORDS))
    course = (answered(2.3, 2), back, answered(4.0, 3), audible(5.2, 3), played_out(8.1, 3))
    assert dead_air(evidence(caller=CALLER, agent=voice((5.2, 8.0))), *course) == []
    ((_, at),) = dead_air(evidence(caller=CALLER, agent=voice((6.5, 8.0))), *course)
    assert at == 4.0


def test_each_stream_of_a_call_is_judged_and_nothing_between_them() -> None:
    parted = ((1.5, 4.0),)
    gone = (moved(2.0, LISTENING, State.ENDED), Returned(2.0, ()))
    resumed = moved(4.0, State.IDLE, State.SPEAKING, event=CallResumed())
    late = (*gone, resumed, audible(4.1), played_out(5.6), answered(9.0, 2))
    said = {"caller": voice((1.0, 2.0), (8.0, 8.6)), "partings": parted}
    ((detail, at),) = dead_air(evidence(**said, agent=voice((4.1, 5.5), (12.0, 14.0))), *late)
    assert (detail, at) == ("3.00 s of silence after a turn was decided", 9.0)
    mute = evidence(**said, agent=voice((7.0, 8.0), (9.5, 14.0)))
    ((detail, at),) = dead_air(mute, *gone, resumed, played_out(5.6), answered(9.0, 2))
    assert (detail, at) == ("3.00 s of silence after a stream began", 4.0)


def test_a_recogniser_that_has_to_catch_up_is_given_its_time() -> None:
    behind = Overheard(5.0, 2, tuple(range(100)))
    said = moved(3.5, LISTENING, LISTENING, event=WordsHeard(WORDS))
    course = (moved(0.1, State.IDLE, LISTENING), said, answered(6.0, 2))
    known = evidence(caller=CALLER, agent=voice((7.0, 8.0)))
    assert dead_air(known, behind, *course, audible(6.9, 2), played_out(8.1, 2)) == []
    assert dead_air(known, *course, audible(6.9, 2), played_out(8.1, 2))


def test_voice_that_is_never_answered() -> None:
    (nothing,) = dead_air(evidence(caller=CALLER), moved(0.1, State.IDLE, LISTENING))
    assert "after voice without words" in nothing[0]
    unheard = evidence(caller=CALLER)  # a line that brings us nothing at all
    assert dead_air(unheard, moved(0.1, State.IDLE, LISTENING), came=()) == []
    assert dead_air(evidence(caller=voice((1.0, 1.4))), moved(0.1, State.IDLE, LISTENING)) == []
