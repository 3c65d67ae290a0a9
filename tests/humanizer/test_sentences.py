"""Sentences from streamed tokens: where they end, what is spoken, and the way back."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxanne_trio.humanizer import PLAIN, Sentence, SentenceStream


def cut(text: str) -> list[Sentence]:
    stream = SentenceStream(PLAIN)
    return stream.feed(text) + stream.flush()


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Sure. Tuesday works.", ["Sure.", "Tuesday works."]),
        ("Dr. Lee is in. She can see you.", ["Dr. Lee is in.", "She can see you."]),
        ("It's $1,234.56 in all. OK?", ["It's $1,234.56 in all.", "OK?"]),
        ("Write to help@example.com. Thanks!", ["Write to help@example.com.", "Thanks!"]),
        ("Come at 2:30 p.m. on Friday.", ["Come at 2:30 p.m. on Friday."]),
        ("Come at 2:30 p.m. We close at five.", ["Come at 2:30 p.m.", "We close at five."]),
        ("Really?! Yes... maybe. I think so.", ["Really?!", "Yes...", "maybe.", "I think so."]),
        ('She said "Come." Then she left.', ['She said "Come."', "Then she left."]),
        ("One\nTwo\n\nThree", ["One", "Two", "Three"]),
        ("1. Call us.\n2. Come in.", ["1. Call us.", "2. Come in."]),
        ("**Want** me to check? I can.", ["**Want** me to check?", "I can."]),
        ("I said no. We close.", ["I said no.", "We close."]),
        ("See room no. 5 first.", ["See room no. 5 first."]),
        ("St. John's is near. Come.", ["St. John's is near.", "Come."]),
        ("We're at 12 Main St. Come by.", ["We're at 12 Main St.", "Come by."]),
        ("We're at 12 Main St. Suite 4.", ["We're at 12 Main St. Suite 4."]),
        ("It's at 2 p.m. Pacific time.", ["It's at 2 p.m. Pacific time."]),
        ("On Tue. Jan. 6 we do.", ["On Tue. Jan. 6 we do."]),
        ("No ending", ["No ending"]),
        ("--- \n", []),
        ("", []),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text: str, written: list[str]) -> None:
    assert [sentence.written for sentence in cut(text)] == written


PROSE = st.lists(
    st.sampled_from(
        ["Sure", ".", " ", "Dr", "$", "1", ",", "2", "?", "!", "**", "\n", "p.m", "a", "Bo", "- "]
    ),
    max_size=40,
).map("".join)


@given(text=PROSE, cuts=st.lists(st.integers(0, 80), max_size=12))
def test_the_cut_into_tokens_never_shows(text: str, cuts: list[int]) -> None:
    stream = SentenceStream()
    edges = [0, *sorted(min(c, len(text)) for c in cuts), len(text)]
    tokens = [text[a:b] for a, b in pairwise(edges)]
    streamed = [s for token in tokens for s in stream.feed(token)] + stream.flush()
    assert streamed == cut(text)


@given(text=PROSE)
def test_a_map_covers_both_forms_and_nothing_written_is_lost(text: str) -> None:
    sentences = cut(text)
    for sentence in sentences:
        assert sum(piece.written for piece in sentence.map) == len(sentence.written)
        assert sum(piece.spoken for piece in sentence.map) == len(sentence.spoken)
    kept = "".join(sentence.written for sentence in sentences)
    assert [c for c in kept if c.isalnum()] == [c for c in text if c.isalnum()]


def test_the_first_sentence_leaves_before_the_second_is_written() -> None:
    stream = SentenceStream()
    assert stream.feed("Yes, we do") == []
    assert stream.feed(".") == []
    assert [s.written for s in stream.feed(" It")] == ["Yes, we do."]


def test_a_stalled_model_lets_go_of_a_whole_sentence_only() -> None:
    stream = SentenceStream()
    stream.feed("Yes, we do.")
    assert [s.written for s in stream.settle()] == ["Yes, we do."]
    stream.feed(" Dr.")
    assert stream.settle() == []
    stream.feed(" Lee costs $1.")
    assert stream.settle() == []


def test_heard_text_grows_by_whole_words_and_never_claims_too_much() -> None:
    (sentence,) = cut("**Want** me to check?")
    grown = [sentence.written_until(n) for n in range(len(sentence.spoken) + 1)]
    assert grown[0] == ""
    assert grown[4] == ""  # the word is over only when what follows it begins
    assert grown[5] == "**Want**"
    assert grown[-1] == "**Want** me to check?"
    assert [len(a) for a in grown] == sorted(len(a) for a in grown)


@given(text=PROSE, spoken=st.integers(0, 60))
def test_a_divided_sentence_says_the_same(text: str, spoken: int) -> None:
    for sentence in cut(text):
        head, tail = sentence.divided(spoken)
        halves = [half for half in (head, tail) if half is not None]
        assert "".join(half.spoken for half in halves) == sentence.spoken
        assert "".join(half.written for half in halves) == sentence.written
        assert head is None or len(head.spoken) <= max(spoken, 0)
        for half in halves:
            assert sum(piece.spoken for piece in half.map) == len(half.spoken)
            assert sum(piece.written for piece in half.map) == len(half.written)
