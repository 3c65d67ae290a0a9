"""Callers who ask for a person, in their words; and what the floor makes of it."""

from __future__ import annotations

import pytest

from tests.turns.situations import LISTENING, PROCESSING, SPEAKING, at, run, said
from voxanne_trio.events import (
    HearingLost,
    KeyPressed,
    PlayedOut,
    ReplyAudible,
    ReplyFailed,
    TurnEnded,
    TurnEndedEagerly,
    WordsHeard,
)
from voxanne_trio.turns import Answer, Cancel, Ending, Phrase, Say, Scene, State
from voxanne_trio.turns.policy import asks_for_a_person, is_thanks, takes_the_offer

OPEN = Scene(can_transfer=True)
CLOSED = Scene(can_transfer=True, is_open=False)
WISH = "Can I speak to a person?"

ASKING = """Can I speak to someone?|I'd like to talk to a real person.|operator|Human please
Representative, please.|Could you transfer me to the front desk?|Put me through to a human
Connect me with Dr. Marsh please|Can I speak with Doctor Marsh about my appointment?
I need to speak to somebody about my bill|Is there someone I can talk to?|No, I want a human.
stop I want to speak to a human|Get me a real person on the phone|Please transfer me
I don't want to talk to a robot, can I speak to a person|How do I talk to a real person?"""
NOT_ASKING = """Do you do BBL?|I spoke to someone yesterday about this|Are you a real person?
Is there a person who speaks Spanish?|Can I get an appointment with Dr. Marsh?|Speak up
Am I talking to a human?|Can I bring a person with me?|I need to talk to my husband first
Who do I talk to about financing?|Can you talk more slowly?|Can I reach you by email?
I'd like to talk about rhinoplasty|Can I talk to you about something?|put me on the list
I need an agent for my insurance|Do you transfer records?|How many people work there?|Goodbye"""


def texts(rows: str) -> list[str]:
    return rows.replace("\n", "|").split("|")


@pytest.mark.parametrize("text", texts(ASKING))
def test_who_asks_for_a_person(text: str) -> None:
    assert asks_for_a_person(text)


@pytest.mark.parametrize("text", texts(NOT_ASKING))
def test_who_does_not(text: str) -> None:
    assert not asks_for_a_person(text)


@pytest.mark.parametrize("text", ["Yes please", "yeah sure", "I'd like to leave a message", "ok"])
def test_the_offer_is_taken(text: str) -> None:
    assert takes_the_offer(text)


@pytest.mark.parametrize(
    "text", ["No thanks", "no", "What are your hours?", "I don't want to leave a message"]
)
def test_the_offer_is_not_taken(text: str) -> None:
    assert not takes_the_offer(text)


def test_thanks_may_be_half_said() -> None:
    assert all(map(is_thanks, ["Thank", "Thank you", "Okay, thank you so", "Thanks so much."]))
    assert not any(map(is_thanks, ["Thank you, how much is it", "Oh wait", "so how"]))


def test_a_wish_for_a_person_is_granted_without_the_model() -> None:
    floor, commands = run(TurnEnded(said(WISH)), floor=LISTENING, scene=OPEN)
    assert commands == [Say(2, Phrase.TRANSFER, said(WISH))]
    assert floor.ending is Ending.TRANSFER
    _, commands = run(TurnEndedEagerly(said(WISH)), floor=LISTENING, scene=OPEN)
    assert not any(isinstance(command, Answer) for command in commands)


def test_without_anybody_to_reach_the_wish_is_the_models() -> None:
    _, commands = run(TurnEnded(said(WISH)), floor=LISTENING)
    assert commands == [Answer(2, said(WISH))]


def test_where_nobody_is_there_a_message_is_offered() -> None:
    offered, commands = run(TurnEnded(said(WISH)), floor=LISTENING, scene=CLOSED)
    assert commands == [Say(2, Phrase.CLOSED, said(WISH))]
    asked, _ = run(ReplyAudible(2), PlayedOut(2), floor=offered, scene=CLOSED)
    taken, commands = run(TurnEnded(said("Yes.")), floor=asked, scene=CLOSED)
    assert (commands, taken.ending) == (
        [Say(3, Phrase.VOICEMAIL, said("Yes."))],
        Ending.TRANSFER,
    )
    declined, commands = run(TurnEnded(said("No thanks.")), floor=asked, scene=CLOSED)
    assert commands == [Answer(3, said("No thanks."))]
    assert not declined.offered


@pytest.mark.parametrize("floor", [LISTENING, PROCESSING, SPEAKING])
def test_0_asks_for_a_person_in_any_state(floor: object) -> None:
    assert not isinstance(floor, type)
    after, commands = run(KeyPressed("0"), floor=floor, scene=OPEN)  # type: ignore[arg-type]
    assert commands[-1] == Say(after.reply, Phrase.TRANSFER)
    assert after.state is State.SPEAKING
    _, commands = run(KeyPressed("0"), floor=after, scene=OPEN)
    assert commands == []  # once is enough


def test_0_within_a_number_is_none() -> None:
    floor, _ = run(KeyPressed("5"), floor=LISTENING, scene=at(10.0, OPEN))
    floor, commands = run(KeyPressed("0"), floor=floor, scene=at(10.8, OPEN))
    assert commands == []
    _, commands = run(KeyPressed("0"), floor=floor, scene=at(20.0, OPEN))
    assert commands == [Say(2, Phrase.TRANSFER)]


@pytest.mark.parametrize(
    ("scene", "phrase", "ending"),
    [
        (OPEN, Phrase.TRANSFER_FOR_TROUBLE, Ending.TRANSFER),
        (CLOSED, Phrase.VOICEMAIL_FOR_TROUBLE, Ending.TRANSFER),
        (Scene(), Phrase.TROUBLE, Ending.TROUBLE),
    ],
)
def test_trouble_leads_to_a_person_where_one_can_be_reached(
    scene: Scene, phrase: Phrase, ending: Ending
) -> None:
    deaf, commands = run(HearingLost("refused"), floor=LISTENING, scene=scene)
    assert (commands, deaf.ending) == ([Say(2, phrase)], ending)
    floor, _ = run(ReplyFailed(2, "down"), ReplyAudible(3), PlayedOut(3), floor=PROCESSING)
    floor, _ = run(TurnEnded(said("Well, how much?")), floor=floor)
    failed, commands = run(ReplyFailed(4, "down"), floor=floor, scene=scene)
    assert (commands, failed.ending) == ([Cancel(4), Say(5, phrase)], ending)


def test_a_change_of_mind_calls_the_transfer_off() -> None:
    floor, _ = run(TurnEnded(said(WISH)), ReplyAudible(2), floor=LISTENING, scene=OPEN)
    thanked, commands = run(WordsHeard(said("Thank you so")), floor=floor, scene=OPEN)
    assert (thanked.ending, commands) == (Ending.TRANSFER, [])
    changed, commands = run(WordsHeard(said("No wait, how much")), floor=floor, scene=OPEN)
    assert changed.ending is None
    assert Cancel(2) in commands
