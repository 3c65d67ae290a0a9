"""Each law keeps silent about what is right, and speaks about what is wrong.

The calls are made up: what no product should do cannot be had from this one.
"""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from tests.simulation.calls import (
    answered,
    audible,
    audio,
    barged_in,
    clear,
    concluded,
    evidence,
    found,
    moved,
    played_out,
    record,
    turn,
    words_of,
)
from voxanne_trio.events import Sensitive, VoiceStarted, WordsHeard
from voxanne_trio.humanizer import Sentence
from voxanne_trio.sandbox.playout import PlayOut
from voxanne_trio.simulation.laws.heard import HeardText
from voxanne_trio.simulation.laws.hearing import TAIL_FRAMES, EveryFrame
from voxanne_trio.simulation.laws.leftovers import NothingLeft
from voxanne_trio.simulation.laws.order import InOrder
from voxanne_trio.simulation.laws.queues import Bounded
from voxanne_trio.simulation.laws.recorded import Recorded
from voxanne_trio.simulation.laws.silence import Silenced
from voxanne_trio.simulation.numbered import Vocabulary
from voxanne_trio.simulation.observed import (
    Evidence,
    FrameCame,
    Overheard,
    Returned,
    Sent,
)
from voxanne_trio.telephony.passages import Pace
from voxanne_trio.telephony.speech import Speech
from voxanne_trio.turns import Answer, Cancel, Commit, GoOn, Hold, Repeat, Resume, Say, State
from voxanne_trio.turns.floor import Phrase

SPEAKING, LISTENING, HOLDING = State.SPEAKING, State.LISTENING, State.HOLDING
PROCESSING = State.PROCESSING
HELD = moved(2.0, SPEAKING, HOLDING, Hold())
RESUMED = moved(3.0, HOLDING, SPEAKING, Resume())
NEXT = answered(3.0, 2)
WORDS = Sensitive("How much is it?")
SUPPOSED = moved(1.0, LISTENING, LISTENING, Answer(2, WORDS, speculative=True), reply=2)
SUPPOSED_AGAIN = moved(
    1.0, LISTENING, LISTENING, Cancel(2), Answer(3, WORDS, speculative=True), reply=3
)
COMMITTED = moved(2.3, LISTENING, PROCESSING, Commit(2), reply=2)


# Law 1


def test_silence_right() -> None:
    said = (audible(1.0), audio(1.0, 0), audio(1.1, 1))
    barge_in = (*said, barged_in(1.2, synthesised=3), clear(1.2), NEXT, audio(3.1, 3))
    hold = (*said, HELD, RESUMED, audio(3.0, 1))
    hold_then_barge_in = (*said, moved(1.2, SPEAKING, HOLDING, Hold()), clear(1.2))
    assert found(Silenced(), *barge_in) == []
    assert found(Silenced(), *hold) == []  # all had been played: nothing to clear
    assert found(Silenced(), *hold_then_barge_in, moved(1.5, HOLDING, LISTENING, Cancel(1))) == []
    held = moved(1.4, PROCESSING, PROCESSING, Hold())
    supposed = (SUPPOSED, SUPPOSED, COMMITTED, held, moved(1.6, PROCESSING, PROCESSING, Resume()))
    assert found(Silenced(), *supposed, audio(1.7, 0)) == []


@pytest.mark.parametrize(
    ("course", "wrong"),
    [
        ((audio(1.0, 0), barged_in(1.0), clear(1.0), audio(1.02, 1)), "while listening"),
        (
            (audio(1.0, 0), moved(1.0, SPEAKING, HOLDING, Hold()), clear(1.0), audio(1.1)),
            "while holding",
        ),
        (
            (
                *(audio(1.0, 0), moved(1.05, SPEAKING, HOLDING, Hold()), clear(1.05)),
                *(moved(1.5, HOLDING, LISTENING, Cancel(1)), clear(1.5)),
            ),
            "second one",
        ),
        ((answered(0.9, 2), moved(1.0, PROCESSING, PROCESSING, Hold()), audio(1.1)), "it is held"),
        (
            (
                moved(1.0, SPEAKING, HOLDING, Hold(), event=VoiceStarted(1.0)),
                moved(1.9, HOLDING, SPEAKING, Resume()),
            ),
            "resumed over",
        ),
        ((answered(0.9, 2), SUPPOSED_AGAIN, clear(1.0)), "without an interruption"),
        ((SUPPOSED, audio(1.2, 0)), "while listening"),
        ((audio(1.0, 0), barged_in(1.05), clear(1.05), clear(1.06)), "second one"),
        ((audio(1.0, 0), clear(1.05)), "without an interruption"),
        ((audio(1.0, 0), barged_in(1.05), played_out(1.5)), "no clear within"),
        (
            (audio(1.0, 0), barged_in(1.05, synthesised=4), clear(1.05), NEXT, audio(3.1, 3)),
            "cancelled reply",
        ),
        ((audio(1.0, 0), moved(1.05, SPEAKING, SPEAKING, Cancel(1)), audio(1.06)), "before"),
    ],
)
def test_silence_wrong(course: tuple[Sent, ...], wrong: str) -> None:
    assert any(wrong in detail for detail in found(Silenced(), audible(0.9), *course))


def test_a_phrase_may_be_played_again_after_a_barge_in() -> None:
    course = (audible(0.9), audio(1.0, 0), barged_in(1.05, synthesised=4), clear(1.05), NEXT)
    made = Vocabulary()
    words_of(made, "Good morning to you.")
    made.seal_phrases({"Sure."})
    words_of(made, "Sure. Well.")
    (sure,) = words_of(made, "Sure.")
    assert sure == 6
    course = (*course[:2], attrs.evolve(course[2], synthesised=7), *course[3:])
    assert found(Silenced(vocabulary=made), *course, audio(3.1, 0), audio(3.2, sure)) == []
    assert found(Silenced(vocabulary=made), *course, audio(3.1, 5)) != []


# Law 2


def test_nothing_left() -> None:
    assert found(NothingLeft(), NEXT, Returned(4.0, ())) == []
    assert found(NothingLeft(), Returned(4.0, ("listen",))) == [
        "listen is left when the call has ended"
    ]
    assert found(NothingLeft(), Returned(2.0, ()), NEXT) == ["TurnEnded after the call's end"]
    assert concluded(NothingLeft(), evidence(), NEXT)[0].detail == "the call has not ended"


def test_a_reply_that_was_cancelled_is_produced_no_further() -> None:
    going_on = moved(2.0, LISTENING, LISTENING, producing=frozenset({1}))
    assert found(NothingLeft(), going_on, barged_in(2.0), attrs.evolve(going_on, at=2.2)) == []
    assert found(NothingLeft(), barged_in(2.0), attrs.evolve(going_on, at=3.1)) == [
        "reply 1 is produced though it was cancelled"
    ]


# Law 3


def frames(*batches: tuple[int, ...], socket: int = 1) -> list[Overheard]:
    return [Overheard(1.0, socket, batch) for batch in batches]


CAME = [FrameCame(0.02 * number, number) for number in range(100)]
ALL = tuple(range(100))


def test_every_frame_right() -> None:
    replayed = [*frames(ALL[:60]), *frames(ALL[40:], socket=2)]
    dropped = evidence(dropped_ms={"overflow": 200.0})
    assert concluded(EveryFrame(), evidence(), *CAME, *frames(ALL)) == []
    assert concluded(EveryFrame(), evidence(), *CAME, *frames(ALL[:-TAIL_FRAMES])) == []
    assert concluded(EveryFrame(), evidence(), *CAME, *replayed) == []
    assert concluded(EveryFrame(), evidence(waiting_ms=600.0), *CAME, *frames(ALL[:50])) == []
    assert concluded(EveryFrame(), dropped, *CAME, *frames(ALL[:10], ALL[20:])) == []


def test_every_frame_wrong() -> None:
    (lost,) = concluded(EveryFrame(), evidence(), *CAME, *frames(ALL[:10], ALL[11:]))
    assert lost.detail == "1 frames lost, 0 counted (10)"
    (lost,) = concluded(EveryFrame(), evidence(waiting_ms=580.0), *CAME, *frames(ALL[:45]))
    assert lost.detail == "1 frames lost, 0 counted (45)"
    assert found(EveryFrame(), *frames((1, 2), (2, 3))) == ["frame 2 after frame 2 on one socket"]


# Law 4

TEXT = "We are open on Monday. Come and see us."
SENTENCES = (
    Sentence.verbatim("We are open on Monday."),
    Sentence.verbatim("Come and see us."),
)


def told_heard(heard: str, words: int, *, interrupted: bool = True) -> tuple[HeardText, Evidence]:
    """A call whose phone played so many words of the text, of which we say `heard` was heard."""
    vocabulary, agent = Vocabulary(), PlayOut(0.0)
    whole = vocabulary.say(TEXT)
    agent.add(whole, 1.0)
    until = [end for end in _word_ends(whole) if end][words - 1] if words else 0
    agent.clear(1.0 + until / 8_000)
    speech = Speech(1, Pace())
    speech.begin(SENTENCES)
    law = HeardText()
    for observed in (answered(0.5), audible(1.0, speech=speech), barged_in(9.0)):
        assert list(law.see(observed)) == []
    spoken = turn("Hours?", TEXT, heard=heard, interrupted=interrupted)
    known = evidence(vocabulary=vocabulary, agent=agent, record=record(spoken))
    return law, known


def _word_ends(audio: bytes) -> list[int]:
    from voxanne_trio.simulation.numbered import played

    return [word.end for word in played(audio)]


@pytest.mark.parametrize(
    ("heard", "words", "wrong", "exact"),
    [
        ("We are open", 3, False, True),
        ("We are", 3, False, True),
        ("We", 4, False, False),
        ("", 0, False, True),
        ("We are open on", 2, True, False),
        ("We are open on Monday. Come", 5, True, False),
    ],
)
def test_heard(heard: str, words: int, wrong: bool, exact: bool) -> None:
    law, known = told_heard(heard, words)
    assert bool(list(law.conclude(known))) is wrong
    assert (law.interruptions, law.exact) == (1, exact)


def test_a_reply_that_was_cut_off_is_not_called_heard_to_its_end() -> None:
    law, known = told_heard(TEXT, 5, interrupted=False)
    (breach,) = law.conclude(known)
    assert "9 words are called heard, 5 had begun" in breach.detail


HELLO = {"role": "user", "content": "Hello?"}


def test_the_model_is_told_what_was_heard() -> None:
    law, known = told_heard("We are open", 3)
    system = {"role": "system", "content": ""}
    asked = [system, {"role": "assistant", "content": "We are open —"}, HELLO]
    assert list(law.conclude(attrs.evolve(known, asked=[asked]))) == []
    for wrong in ("We are open on Monday. —", "We are open"):
        asked[1] = {"role": "assistant", "content": wrong}
        (breach,) = law.conclude(attrs.evolve(known, asked=[asked]))
        assert "which was not heard so" in breach.detail


def test_a_model_goes_on_from_what_is_being_said_and_from_nothing_else() -> None:
    law, known = told_heard("We are open", 3)
    for begun, wrong in (("We are open on Monday.", False), ("We close at noon.", True)):
        request = [HELLO, {"role": "assistant", "content": begun}]
        breaches = list(law.conclude(attrs.evolve(known, asked=[request])))
        assert [("which nobody said" in breach.detail) for breach in breaches] == [True] * wrong


# Law 6


def vocabulary() -> tuple[Vocabulary, list[int], list[int], list[int]]:
    """A phrase of three words, then two texts of four."""
    made = Vocabulary()
    phrase = words_of(made, "Good morning there.")
    made.seal_phrases()
    return (
        made,
        phrase,
        words_of(made, "This is the first."),
        words_of(made, "Then comes the second."),
    )


def test_a_filler_may_break_into_a_text_which_then_goes_on() -> None:
    made, phrase, first, _ = vocabulary()
    law = InOrder(made)
    whole = sent(*first[:2], *phrase, *first[2:])
    assert [breach for one in whole for breach in law.see(one)] == []
    lost = InOrder(made)
    cut = sent(*first[:2], *phrase, first[3])
    (breach,) = [breach for one in cut for breach in lost.see(one)]
    assert "word 3 of a text after its word 1" in breach.detail


def sent(*words: int) -> list[Sent]:
    return [audio(1.0, word) for word in words]


def test_order_right() -> None:
    made, phrase, first, second = vocabulary()
    say = moved(0.0, LISTENING, SPEAKING, Say(1, Phrase.GREETING))
    assert (
        found(InOrder(made), say, *sent(*phrase), *sent(*first, *second), say, *sent(*phrase)) == []
    )
    assert found(InOrder(made), *sent(*first[:2]), clear(1.0), *sent(*first[1:], *second)) == []
    assert found(InOrder(made), *sent(*first[:2]), clear(1.0), *sent(*second)) == []
    filled = (*sent(*first[:2], *phrase), clear(1.0))
    assert found(InOrder(made), *filled, *sent(*phrase[1:], *first)) == []


def test_what_no_mark_has_proven_may_be_taken_up_from_further_back() -> None:
    made = Vocabulary()
    long = words_of(made, "one two three four five six seven eight nine ten eleven twelve.")
    course = (*sent(*long), clear(1.0), *sent(*long[1:]))
    assert found(InOrder(made, marks_lost=True), *course) == []
    assert found(InOrder(made), *course)


def test_what_is_taken_up_again_is_counted_in_words_that_were_sent() -> None:
    made, _, first, second = vocabulary()
    words_of(made, "Words of another call that were made meanwhile and never sent here.")
    last = words_of(made, "And this is the last.")
    course = (*sent(*first, last[0]), clear(1.0))
    assert found(InOrder(made), *course, *sent(*first[2:], *last)) == []
    assert found(InOrder(made), *course, *sent(*second)) != []  # was never sent
    assert found(InOrder(made), *sent(*first, *second, *last), clear(1.0), *sent(*first)) != []


def test_order_wrong() -> None:
    made, phrase, first, second = vocabulary()
    for course in (
        sent(*second, *first),
        sent(first[0], second[0], first[1]),
        sent(first[0], first[2]),
        sent(*first[1:]),
        sent(*first, first[0]),
        sent(*phrase, *phrase),
    ):
        assert found(InOrder(made), *course), course


# Law 7


def test_recorded() -> None:
    said = answered(1.0, text="Hours?")
    assert concluded(Recorded(), evidence(record=record(turn("Hours? On Monday?"))), said) == []
    for wrong in (
        None,
        record(),
        record(turn("Hours?"), outcome=None),
        record(turn("Hours?", timeline={"decided": 0})),
        record(turn("Hours?", timeline={"decided": 9, "first_frame": 1, "ended": 2})),
    ):
        assert concluded(Recorded(), evidence(record=wrong), said), wrong


def test_every_way_to_decide_a_turn_is_recorded() -> None:
    nothing = evidence(record=record())
    assert concluded(Recorded(), nothing, SUPPOSED) == []  # nobody was owed anything
    assert len(concluded(Recorded(), nothing, SUPPOSED, COMMITTED)) == 1
    for command in (Repeat(2, WORDS), GoOn(2, WORDS), Say(2, Phrase.SURE, WORDS)):
        assert len(concluded(Recorded(), nothing, moved(1.0, LISTENING, SPEAKING, command))) == 1
    assert (
        concluded(Recorded(), nothing, moved(1.0, LISTENING, SPEAKING, Say(2, Phrase.SURE))) == []
    )


def test_words_that_a_lost_stream_overtook_may_be_decided_in_the_next() -> None:
    heard = moved(0.5, LISTENING, LISTENING, event=WordsHeard(WORDS))
    overtaken = turn(WORDS.reveal(), "", timeline={"ended": 900})
    known = evidence(record=record(overtaken, turn(WORDS.reveal(), "It depends.")))
    gone = Returned(1.0, ())
    assert concluded(Recorded(), known, heard, gone, SUPPOSED, COMMITTED) == []
    (breach,) = concluded(Recorded(), known, heard, SUPPOSED, COMMITTED, gone)
    assert "lacks" in breach.detail


def test_words_that_the_calls_end_overtook_are_recorded_undecided() -> None:
    overtaken = turn("How much is it?", "", timeline={"ended": 900})
    assert concluded(Recorded(), evidence(record=record(overtaken)), SUPPOSED) == []
    for course, turns in (
        ((SUPPOSED, COMMITTED), [overtaken]),
        ((SUPPOSED,), [overtaken, turn("Hours?")]),
        ((SUPPOSED,), [attrs.evolve(overtaken, heard="It")]),
    ):
        (breach,) = concluded(Recorded(), evidence(record=record(*turns)), *course)
        assert "lacks" in breach.detail


def test_stages_may_be_over_before_the_turn_is_but_follow_one_another() -> None:
    early = {"llm_requested": 0, "llm_first": 10, "tts_requested": 20, "tts_first": 30}
    late = {"decided": 40, "first_frame": 45, "ended": 90}
    right = turn("Hours?", timeline={"voiced_until": 5} | early | late)
    assert concluded(Recorded(), evidence(record=record(right))) == []
    for wrong in ({"first_frame": 39}, {"llm_first": 21}, {"voiced_until": 41}, {"ended": 44}):
        of_it = turn("Hours?", timeline=early | late | wrong)
        (breach,) = concluded(Recorded(), evidence(record=record(of_it)))
        assert "goes back" in breach.detail


# Law 8


def test_bounded() -> None:
    full: dict[str, Any] = {"sizes": {"ring": 10.0}, "bounds": {"ring": 10.0}}
    too_full: dict[str, Any] = {"sizes": {"ring": 10.5}, "bounds": {"ring": 10.0}}
    assert found(Bounded(), answered(1.0, **full)) == []
    assert found(Bounded(), answered(1.0, **too_full), answered(2.0, **too_full)) == [
        "ring: 10.5, bound 10"
    ]


def test_an_answer_that_is_cancelled_and_given_at_once_is_silent_in_between() -> None:
    both = moved(1.05, SPEAKING, State.PROCESSING, Cancel(1), Answer(2, NEXT.event.text))  # type: ignore[union-attr]
    course = (audible(0.9), audio(1.0, 0), both, clear(1.05), audio(1.3, 4))
    assert found(Silenced(), *course) == []
