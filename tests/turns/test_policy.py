"""What a caller's words mean for the floor, by tables; and what holds for any text.

Tables named `heldout` were written when the rules stood, read once, and only then learnt from. All
eight readings were right of 294 of 321 texts in `heldout_first`, of 228 of 243 in `heldout_second`
(14 labels that had called a begun sentence whole were set right, and count as wrong). Of those in
`heldout_third`, mostly sentences broken off beside the same ones ended, 75 of 105 that go on were
seen to look unfinished, and 54 of 59 that end to look finished. Of `over_us/heldout`: interrupting
36 of 36, greeting 15 of 15, echoes 21 of 22, wanted 34 of 36, asking 21 of 23, dictating 60 of 62.
Eight rows that no rule of words can tell were given up: five are left out ("with two"), three stand
with the answer the rules give ("three parking" is no echo of "free parking").
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.turns.tables import rows
from voxanne_trio.turns.policy import (
    Expecting,
    asks_for_slower,
    asks_something,
    asks_to_go_on,
    asks_to_repeat,
    asks_to_wait,
    expecting,
    interrupts,
    is_backchannel,
    is_echo,
    is_farewell,
    is_stop,
    looks_unfinished,
    same_words,
    still_dictating,
    word_count,
)

READINGS: Final[dict[str, Callable[[str], bool]]] = {
    "farewell": is_farewell,
    "backchannel": is_backchannel,
    "stop": is_stop,
    "wait": asks_to_wait,
    "repeat": asks_to_repeat,
    "slower": asks_for_slower,
    "onward": asks_to_go_on,
    "unfinished": looks_unfinished,
}


def readings(text: str) -> set[str]:
    return {name for name, applies in READINGS.items() if applies(text)}


# By tables


@pytest.mark.parametrize(("text", "wanted"), rows("words"))
def test_what_the_words_are(text: str, wanted: str) -> None:
    assert readings(text) == set(wanted.split()) - {"-"}


@pytest.mark.parametrize("reading", READINGS)
def test_there_are_enough_rows_of_each(reading: str) -> None:
    of_it = [text for text, wanted in rows("words") if reading in wanted.split()]
    assert len(of_it) >= 30
    assert len(rows("words")) - len(of_it) >= 400


@pytest.mark.parametrize(("verdict", "needed", "text"), rows("over_us", "*interrupting"))
def test_what_takes_the_floor_from_us(verdict: str, needed: str, text: str) -> None:
    assert interrupts(text, words_needed=int(needed)) is (verdict == "yes")


@pytest.mark.parametrize(("verdict", "text"), rows("over_us", "*greeting"))
def test_what_takes_the_floor_from_our_greeting(verdict: str, text: str) -> None:
    assert interrupts(text, words_needed=2, greeting=True) is (verdict == "yes")


@pytest.mark.parametrize(("verdict", "ours", "text"), rows("over_us", "*echoes"))
def test_whether_it_is_ourselves_that_we_hear(verdict: str, ours: str, text: str) -> None:
    assert is_echo(text, ours) is (verdict == "echo")
    if verdict == "echo":
        assert not interrupts(text, words_needed=2, ours=ours)


@pytest.mark.parametrize(("wanted", "ours"), rows("over_us", "*wanted"))
def test_what_our_question_wants(wanted: str, ours: str) -> None:
    assert expecting(ours) is Expecting(wanted)


@pytest.mark.parametrize(("verdict", "sentence"), rows("over_us", "*asking"))
def test_whether_our_sentence_asks_something(verdict: str, sentence: str) -> None:
    assert asks_something(sentence) is (verdict == "yes")


@pytest.mark.parametrize(("verdict", "asked", "text"), rows("over_us", "*dictating"))
def test_whether_what_is_dictated_is_whole(verdict: str, asked: str, text: str) -> None:
    assert still_dictating(text, Expecting(asked)) is (verdict == "going")


@pytest.mark.parametrize(("verdict", "one", "other"), rows("over_us", "same"))
def test_whether_two_transcripts_are_the_same_words(verdict: str, one: str, other: str) -> None:
    assert same_words(one, other) is (verdict == "same")
    assert same_words(other, one) is (verdict == "same")


@pytest.mark.parametrize(("count", "text"), rows("over_us", "counted"))
def test_how_many_words_it_is(count: str, text: str) -> None:
    assert word_count(text) == int(count)


OURS: Final = "We can see you on Tuesday at two thirty. Just one moment, please."


@pytest.mark.parametrize(
    ("text", "takes"),
    [
        ("Tuesday at two", False),
        ("one moment please", False),  # a phrase to stop, and our own
        ("moment", False),  # over us, a single word of ours is one
        ("please", False),
        ("Tuesday", True),  # but not one that decides something
        ("Thursday", True),
        ("two", True),
        ("wait", True),
        ("Tuesday at two thirty?", True),  # they ask
        ("hold on Tuesday at two", True),
        ("you on Tuesday at three", True),
    ],
)
def test_our_own_words_take_no_floor(text: str, takes: bool) -> None:
    assert interrupts(text, words_needed=1, ours=OURS) is takes


# For any text

SAID: Final = [text for text, _ in rows("words")]
PIECES: Final = st.sampled_from(
    [
        *sorted({word for text in SAID for word in text.split()}),
        *("555-0134", "2:30", "$8,000", "@", ".", "?", "-", "…", "\u2019", "\n", "'", "é", "中"),
    ]
)
TEXTS: Final = st.one_of(
    st.text(max_size=60),
    st.sampled_from(SAID),
    st.lists(PIECES, max_size=16).map(" ".join),
)
NEEDED: Final = st.integers(-1, 8)


@given(TEXTS, TEXTS, NEEDED, st.sampled_from(Expecting))
def test_any_text_can_be_read(text: str, other: str, needed: int, asked: Expecting) -> None:
    assert readings(text) <= set(READINGS)
    assert interrupts(text, words_needed=needed, ours=other) in {True, False}
    assert is_echo(text, other) in {True, False}
    assert still_dictating(text, asked) in {True, False}
    assert isinstance(expecting(text), Expecting)
    assert asks_something(text) in {True, False}
    assert word_count(text) >= 0


@given(st.lists(PIECES, max_size=16).map(" ".join) | st.sampled_from(SAID))
def test_capitals_mean_nothing(text: str) -> None:
    assert readings(text) == readings(text.upper()) == readings(text.lower())
    assert expecting(text) is expecting(text.upper())
    assert word_count(text) == word_count(text.upper())


@pytest.mark.parametrize("text", SAID)
def test_of_punctuation_only_marks_of_asking_and_of_going_on_mean_anything(text: str) -> None:
    """But for "stop", which wants to know where a clause begins."""
    bare = re.sub(r"(?<!\.)[.!](?= |$)", "", text)
    for name in READINGS.keys() - {"stop", "unfinished"}:
        assert READINGS[name](re.sub("[,?]", "", bare)) is READINGS[name](text), name
    assert looks_unfinished(bare) is looks_unfinished(text)


@given(TEXTS, NEEDED, NEEDED, TEXTS, st.booleans())
def test_more_words_needed_never_interrupts_sooner(
    text: str, one: int, other: int, ours: str, greeting: bool
) -> None:
    few, many = sorted((one, other))
    if interrupts(text, words_needed=many, ours=ours, greeting=greeting):
        assert interrupts(text, words_needed=few, ours=ours, greeting=greeting)


@given(TEXTS, NEEDED, TEXTS)
def test_our_own_words_and_a_greeting_only_ever_hold_back(
    text: str, needed: int, ours: str
) -> None:
    if interrupts(text, words_needed=needed, ours=ours, greeting=True):
        assert interrupts(text, words_needed=needed)


LISTENING: Final = st.lists(
    st.sampled_from([text for text, wanted in rows("words") if "backchannel" in wanted.split()]),
    min_size=1,
    max_size=5,
).map(" ".join)


@given(LISTENING, NEEDED, TEXTS, st.integers(0, 60))
def test_listening_never_interrupts_nor_does_the_beginning_of_it(
    text: str, needed: int, ours: str, heard: int
) -> None:
    assert is_backchannel(text)
    assert not interrupts(text, words_needed=needed, ours=ours)
    words_so_far = " ".join(text.split()[:heard])
    assert not interrupts(words_so_far, words_needed=needed, ours=ours)


@given(TEXTS)
def test_a_text_of_two_words_is_its_own_echo(text: str) -> None:
    assert is_echo(text, text) or word_count(text) < 2


@given(TEXTS)
def test_a_text_is_the_same_as_itself_in_capitals_and_without_spaces(text: str) -> None:
    assert same_words(text, f"  {text} ")
    assert same_words("".join(text.split()), text)


HOSTILE: Final = {
    "letters": "x" * 20_000,
    "single letters": "a b c " * 3_000,
    "numbers": "five " * 3_000,
    "digits": "1." * 8_000,
    "dashes": "--" * 8_000,
    "apostrophes": "'" * 10_000,
    "openers": "oh okay um so " * 1_500,
    "sorry": "sorry i'm sorry pardon me " * 1_000,
    "waiting": "wait hold on please " * 1_500,
    "moments": "one second just a moment " * 1_500,
    "asking": "can you just please " * 1_500,
    "how": "how much is the " * 1_500,
    "dots": "a dot b " * 2_000,
    "mail": "a.a@" * 4_000,
    "right": "that's right " * 2_000,
    "again": "say that again " * 1_500,
    "short of a request": "say that again please " * 4 + "x",
    "short of waiting": "wait a second just one moment " * 3 + "x",
    "short of onward": "sorry go ahead no no go on " * 3 + "x",
    "short of slower": "slow down a little too fast " * 3 + "x",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_takes_linear_time(name: str) -> None:
    text = HOSTILE[name]
    began = time.thread_time()
    readings(text)
    expecting(text)
    asks_something(text)
    for asked in Expecting:
        still_dictating(text, asked)
    interrupts(text, words_needed=2, ours=text[:400])
    assert time.thread_time() - began < 2.5  # five times what the slowest takes; squared: minutes
