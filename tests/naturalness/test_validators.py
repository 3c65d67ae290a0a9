"""The checks by tables: what passes, what fails, what does not apply."""

from __future__ import annotations

from typing import Any

import pytest

from voxanne_trio.humanizer import Sentence
from voxanne_trio.humanizer.sentence import Piece
from voxanne_trio.naturalness import VALIDATORS, Reply, judge
from voxanne_trio.naturalness.counter_examples import CounterExample, caught, shipped_examples
from voxanne_trio.naturalness.exchange import as_written, single

from .replies import reply

LONG = "We have one two three four five six seven eight nine ten rooms."


@pytest.mark.parametrize(
    ("name", "passed", "replies"),
    [
        ("Short Sentences", True, [reply("Sure. We're open today.")]),
        ("Short Sentences", True, [reply("We're at 1200 Harbor Boulevard, Suite 210, San Diego.")]),
        ("Short Sentences", False, [reply("We're here."), reply("And so " * 7 + "on.")]),
        ("Numbers as Words", True, [reply("It's two weeks.", "It's 2 weeks.")]),
        ("Numbers as Words", False, [reply("It's 2 weeks.")]),
        ("Numbers as Words", None, [reply("It's soon.")]),
        ("Contractions", True, [reply("I'm here. It's fine.")]),
        ("Contractions", True, [reply("I'm sure you know what it is. Yes, I am.")]),
        ("Contractions", None, [reply("What is it that worries you?")]),
        ("Contractions", False, [reply("I am here.")]),
        ("Contractions", False, [reply("You cannot drive."), reply("It's fine.")]),
        ("Contractions", False, [reply("We have noted it.")]),
        ("Contractions", None, [reply("We have two rooms.")]),
        ("Contractions", None, [reply("Sarah's doctor knows.")]),
        ("Punctuation Spacing", True, [reply("Sure, Sarah! It's - well... fine. Okay?")]),
        ("Punctuation Spacing", True, [reply("See Dr. Lee at 2 p.m. on Friday.")]),
        ("Punctuation Spacing", False, [reply("Sure , fine.")]),
        ("Punctuation Spacing", False, [reply("Sure,fine.")]),
        ("Punctuation Spacing", False, [reply("It's fine. really.")]),
        ("Punctuation Spacing", False, [reply("It's fine.. Really.")]),
        ("Punctuation Spacing", False, [reply("It's fine!! Really.")]),
        ("Punctuation Spacing", False, [reply("It's fine, .")]),
        ("Punctuation Spacing", False, [reply("It's fine \u2014really.")]),
        ("Punctuation Spacing", False, [reply("It's fine")]),
        ("Response Length", True, [reply("One. Two.")]),
        ("Response Length", True, [reply("One. Two. Three! Four?")]),
        ("Response Length", False, [reply("One.")]),
        ("Response Length", False, [reply("One. Two. Three. Four. Five.")]),
        ("Response Length", None, [reply("Goodbye!", brief="goodbye")]),
        ("Response Length", False, [reply("A. B. C. Dee. E.", brief="goodbye")]),
        ("Nothing Unspeakable", True, [reply("Bold. Two.", "**Bold**. 2.")]),
        ("Nothing Unspeakable", False, [reply("**Bold**.")]),
        ("Nothing Unspeakable", False, [reply("Fine \U0001f60a.")]),
        ("Nothing Unspeakable", False, [reply("See Dr. Lee.")]),
        ("Nothing Unspeakable", False, [reply("two--three -four")]),
        ("Nothing Unspeakable", None, [reply("Well-known, isn't it - yes.")]),
        ("Facts Unchanged", True, [reply("It's two weeks, Doctor Lee.", "It's 2 weeks, Dr. Lee.")]),
        ("Facts Unchanged", False, [reply("It's three weeks.", "It's 2 weeks.")]),
        ("Facts Unchanged", False, [reply("See the doctor.", "See Dr. Lee.")]),
        ("Facts Unchanged", None, [reply("It's fine.")]),
        ("Expectations", True, [reply("Call nine one one.", expect=("Nine One One",))]),
        ("Expectations", False, [reply("Wait.", expect=("call",))]),
        ("Expectations", False, [reply("It's normal.", never=("normal",))]),
        ("Expectations", None, [reply("Wait.")]),
    ],
)  # fmt: skip
def test_a_check_of_single_replies(name: str, passed: bool | None, replies: list[Reply]) -> None:
    assert VALIDATORS[name](replies).passed is passed


def sarah(spoken: str, **more: Any) -> Reply:
    return reply(spoken, name="Sarah", **more)


@pytest.mark.parametrize(
    ("passed", "replies"),
    [
        (True, [sarah("Absolutely, Sarah! We do.")]),
        (True, [sarah("Sarah, we do.")]),
        (True, [sarah("We do. Okay, Ms. Sarah?")]),
        (True, [sarah("Of course, Sarah Jones.")]),
        (True, [sarah("Thanks, Sarah. We do."), sarah("It's open.")]),
        (False, [sarah("We do.")]),
        (False, [sarah("Absolutely Sarah! We do.")]),
        (False, [sarah("Absolutely, Sarah we do.")]),
        (False, [sarah("Sure, Sarah. It's open, Sarah.")]),
        (False, [sarah("Sure, Sarah."), sarah("Yes, Sarah."), sarah("It's open.")]),
        (None, [reply("We do.")]),
        (None, [sarah("Goodbye!", brief="goodbye")]),
        (False, [sarah("That's Sarah's room. It's open.")]),
    ],
)
def test_direct_address(passed: bool | None, replies: list[Reply]) -> None:
    assert VALIDATORS["Direct Address"](replies).passed is passed


@pytest.mark.parametrize(
    ("passed", "replies"),
    [
        (True, [reply("Well, we do. It's open. Okay?")]),
        (None, [reply("We do.")]),
        (False, [reply("Well, we do. Um, it's open. So, okay?")]),
        (False, [reply("Well, we do."), reply("So, it's open.")]),
        (False, [reply("One. Two. Three. Four.")] * 4),
    ],
)
def test_filler_frequency(passed: bool | None, replies: list[Reply]) -> None:
    assert VALIDATORS["Filler Frequency"](replies).passed is passed


@pytest.mark.parametrize(
    ("passed", "replies"),
    [
        (True, [reply("Sure. One."), reply("Of course. Two.")]),
        (False, [reply("Sure. One."), reply("Two."), reply("Sure, three.")]),
        (False, [reply("I'd be happy to."), reply("I'd be happy to.")]),
        (None, [reply("Sure. One.")]),
        (None, [reply("Sure. One."), reply("Sure. Bye.", brief="goodbye")]),
    ],
)
def test_openers(passed: bool | None, replies: list[Reply]) -> None:
    assert VALIDATORS["Varied Openers"](replies).passed is passed


def test_faults_are_told_by_turn() -> None:
    verdict = VALIDATORS["Response Length"]([reply("One."), reply("One. Two."), reply("One.")])
    assert verdict.reason == "turn 1: 1 sentence; turn 3: 1 sentence"
    many = VALIDATORS["Response Length"]([reply("One.")] * 4)
    assert many.reason.endswith("and 2 more")


@pytest.mark.parametrize("example", shipped_examples(), ids=lambda example: example.name)
def test_each_counter_example_is_caught(example: CounterExample) -> None:
    assert caught(example), VALIDATORS[example.validator](example.replies).reason


def test_every_check_has_a_counter_example() -> None:
    assert {example.validator for example in shipped_examples()} == set(VALIDATORS)


def test_a_pass_says_why() -> None:
    verdicts = judge([reply("It's two weeks. Okay?", "It's 2 weeks. Okay?")])
    assert verdicts["Short Sentences"].reason == "all at most 12 words"
    assert verdicts["Numbers as Words"].reason == "all numbers formatted as words"
    assert list(verdicts) == list(VALIDATORS)


# Sentences.


def test_one_piece_of_synthesis_may_hold_several_sentences() -> None:
    written, spoken = "It's $5. Okay?", "It's five dollars. Okay?"
    pieces = (Piece(5, 5), Piece(12, 2, exact=False), Piece(7, 7))
    first, second = single([Sentence(written, spoken, pieces)])
    assert (first.written.strip(), first.spoken.strip()) == ("It's $5.", "It's five dollars.")
    assert (second.written, second.spoken) == ("Okay?", "Okay?")


def test_sentences_that_share_one_stretch_are_still_counted() -> None:
    whole = Sentence("$5/day", "It's five. A day.", (Piece(17, 6, exact=False),))
    assert [each.spoken for each in single([whole])] == ["It's five.", "A day."]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("See Dr. Lee at 2 p.m. on Friday.", 1),
        ("Well... okay.", 1),
        ("St. John's? Yes!", 2),
        ("- one\n- two", 2),
        ("**Bold.** Next.", 2),
    ],
)
def test_written_sentences(text: str, count: int) -> None:
    assert len(as_written(text)) == count
