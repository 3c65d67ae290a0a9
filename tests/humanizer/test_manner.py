"""What is done to a reply beside its numbers, by tables; and what holds for any text.

The tables are in `manner`: what goes in, a tab, what comes out.
"""

from __future__ import annotations

import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.humanizer.document import DOCUMENT, document
from voxanne_trio.humanizer import (
    Acquaintance,
    Manner,
    Sentence,
    SentenceStream,
    caller_name,
    explain,
    humanize_text,
    recited,
    sanitise,
    spoken,
)
from voxanne_trio.humanizer.dividing import MOST_WORDS
from voxanne_trio.humanizer.fillers import has_filler
from voxanne_trio.humanizer.lengths import word_count

TABLES: Final = Path(__file__).parent / "manner"
SPOKEN: Final = ("contractions", "clauses", "address", "punctuation", "markdown")
NAMED: Final = Manner("Sarah", seed=3)


def rows(*names: str) -> list[tuple[str, str]]:
    return [
        (given, wanted)
        for name in names
        for given, wanted in (
            row.split("\t") for row in (TABLES / f"{name}.tsv").read_text("utf-8").splitlines()
        )
    ]


def said(text: str, manner: Manner) -> list[Sentence]:
    stream = SentenceStream(manner)
    return stream.feed(text) + stream.flush()


@pytest.mark.parametrize(("written", "wanted"), rows(*SPOKEN))
def test_written_and_spoken(written: str, wanted: str) -> None:
    manner = Manner("Sarah", fillers=False, first_words=None)
    assert " ".join(sentence.spoken for sentence in said(written, manner)) == wanted


@pytest.mark.parametrize(("words", "name"), rows("names"))
def test_names_in_the_callers_words(words: str, name: str) -> None:
    assert caller_name(words) == (name or None)


def test_a_bare_name_counts_only_when_it_was_asked_for() -> None:
    assert caller_name("Sarah Lopez.") is None
    assert caller_name("Sarah Lopez.", asked=True) == "Sarah Lopez"
    assert caller_name("yes, sarah", asked=True) == "Sarah"
    assert caller_name("I'd rather not", asked=True) is None


@pytest.mark.parametrize(("words", "wanted"), rows("sanitise"))
def test_what_is_meant_for_the_machine_goes(words: str, wanted: str) -> None:
    assert sanitise(words) == wanted
    assert sanitise(wanted) == wanted


def test_a_name_is_said_once_every_few_turns() -> None:
    known = Acquaintance()
    known.listen("Hi, my name is Sarah.")
    allowed = []
    for _ in range(8):
        allowed.append(known.may_address)
        manner = Manner(known.name, may_address=known.may_address)
        known.said(spoken(tuple(said("Of course, Sarah. We do that, Sarah.", manner))))
    assert allowed == [True, False, False, False, True, False, False, False]


def test_a_name_that_comes_too_soon_is_left_out_and_once_is_enough() -> None:
    text = "Of course, Sarah. We can do that, Sarah, if you like. Sarah, is Tuesday good?"
    once = [s.spoken for s in said(text, Manner("Sarah", fillers=False))]
    assert once == ["Of course, Sarah.", "We can do that, if you like.", "Is Tuesday good?"]
    never = said(text, Manner("Sarah", may_address=False, fillers=False))
    assert never[0].spoken == "Of course."
    assert never[0].written == "Of course, Sarah."


def test_the_first_clause_of_a_long_sentence_leaves_before_its_end() -> None:
    stream = SentenceStream(Manner(fillers=False))
    first = "We can see you this Tuesday at 2:30 PM,"
    assert stream.feed(f"{first} and then Dr. Marsh will go over") == []
    (sentence,) = stream.feed(" everything with you")
    assert sentence.spoken == "We can see you this Tuesday at two thirty PM."
    assert sentence.written == first
    (rest,) = stream.feed(" in detail.") + stream.flush()
    assert rest.spoken == "And then Doctor Marsh will go over everything with you in detail."


def test_parts_of_a_sentence_keep_their_own_written_text() -> None:
    text = "It's $8,000-$12,000; recovery takes **2** weeks. We do."
    sentences = said(text, Manner(fillers=False))
    assert [s.written for s in sentences] == [
        "It's $8,000-$12,000;",
        "recovery takes **2** weeks.",
        "We do.",
    ]
    first = sentences[0]
    grown = [first.written_until(n) for n in range(len(first.spoken) + 1)]
    assert list(dict.fromkeys(grown)) == ["", "It's", "It's $8,000-$12,000;"]


def test_scripts_are_said_as_they_are() -> None:
    text = "So we are open from 9 to 5, and you can call us any time before or after that too."
    assert not any(has_filler(s.spoken) for s in recited(text))


def test_fillers_come_at_a_natural_rate_and_never_in_facts() -> None:
    texts = ["We do that here. You can come any day you like. It takes 2 hours. We look forward."]
    texts += ["Yes. That is one of the treatments we offer. Would you like to hear more about it?"]
    filled = [
        has_filler(s.spoken)
        for seed in range(100)
        for text in texts
        for s in said(text, Manner(seed=seed))
    ]
    assert 0.03 < sum(filled) / len(filled) < 0.2
    for seed in range(100):
        assert not any(
            has_filler(s.spoken)
            for s in said("Yes. It takes 2 hours or so for us.", Manner(seed=seed))
        )
        assert humanize_text(texts[0], seed=seed) == humanize_text(texts[0], seed=seed)


def test_steps_lead_from_what_was_written_to_what_is_said() -> None:
    text = "**I am** here until 5 PM; we are open."
    steps = explain(text)
    assert steps[0].before == text
    assert all(a.after == b.before for a, b in pairwise(steps))
    assert steps[-1].after == humanize_text(text)
    assert {"markdown", "contraction", "clauses"} <= {step.rule for step in steps}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Call (212) 555-0147 now", 3),
        ("on Tuesday, June 14th at 2:30 PM with", 7),
        ("on Tuesday, June fourteenth at two thirty PM with", 7),
        ("We are at 1200 Harbor Boulevard, Suite 210, San Diego, California 92101.", 4),
        ("two one two, five five five, zero one four seven", 2),
    ],
)
def test_a_fact_is_one_word(text: str, words: int) -> None:
    assert word_count(text) <= words


WORDS: Final = st.sampled_from(
    [
        *("Sure", "we can", "it is", "I am", "and", "but", "because", "which is", "which takes"),
        *("although", "if you", "call", "please", "you can", "visit", "Dr.", "St.", "p.m.", "2"),
        *("$1,234.50", "(212) 555-0147", "June 4", "10 AM", "the price", "recovery", "takes"),
        *("Sarah", "Thanks", "Monday", "no.", "e.g.", "BBL", "US", "NOW", "it", "is", "that", "so"),
        *("or", "would you", "like", "do not", "...", "Main St."),
    ]
)
MARKS: Final = st.sampled_from(
    [
        *(" ", " ", " ", ", ", ". ", "? ", "! ", "; ", ": ", " - ", "\n", " **", "** ", " (", ") "),
        *('"', "'", "\u2019", "\u2014", "  ", "- ", "*", "_", ".", ""),
    ]
)
TEXTS: Final = st.one_of(
    st.lists(st.tuples(WORDS, MARKS), max_size=30).map(
        lambda pairs: "".join(word + mark for word, mark in pairs)
    ),
    st.text(max_size=60),
)


@settings(max_examples=200, deadline=None)
@given(text=TEXTS, cuts=st.lists(st.integers(0, 200), max_size=12))
def test_the_cut_into_tokens_never_shows(text: str, cuts: list[int]) -> None:
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    stream = SentenceStream(NAMED)
    streamed = [s for a, b in pairwise(edges) for s in stream.feed(text[a:b])] + stream.flush()
    assert streamed == said(text, NAMED)


@settings(max_examples=200, deadline=None)
@given(text=TEXTS)
def test_any_text_gives_whole_speakable_sentences(text: str) -> None:
    for sentence in said(text, NAMED):
        assert sum(piece.written for piece in sentence.map) == len(sentence.written)
        assert sum(piece.spoken for piece in sentence.map) == len(sentence.spoken)
        assert all(c.isalpha() or c in " .,?!'-" for c in sentence.spoken)
        assert sentence.spoken.endswith((".", "?", "!"))
        lengths = [sentence.written_length(n) for n in range(len(sentence.spoken) + 1)]
        assert lengths == sorted(lengths)


@settings(max_examples=200, deadline=None)
@given(text=TEXTS)
def test_humanising_twice_changes_nothing(text: str) -> None:
    once = humanize_text(text, name="Sarah", seed=3)
    assert humanize_text(once, name="Sarah", seed=3) == once


@pytest.mark.parametrize("text", [text for text, _ in rows("clauses")])
def test_no_part_is_a_subordinate_clause(text: str) -> None:
    parts = [s.spoken for s in said(text, Manner(fillers=False, first_words=None))]
    alone = ("Because", "Although", "Which", "If", "When", "While", "Unless", "Since", "That is")
    assert not [part for part in parts[1:] if part.startswith(alone)]
    assert len(parts) == 1 or all(word_count(part) <= MOST_WORDS + 3 for part in parts)


@pytest.mark.wall_seconds(30)
@pytest.mark.parametrize(
    "bad",
    [
        *("1", "1, ", "[(", "*", "a, and ", "we can, and we will ", ".", '"', "(a", "a.b. ", "`_*"),
        *("if we can, because ", "5; we do ", "NOW ", "'a ", "\u2014", "Sarah, ", "and because "),
    ],
)
def test_time_grows_with_the_text_and_no_faster(bad: str) -> None:
    def seconds(size: int) -> float:
        text = (bad * size)[:size]
        return min(_timed(text) for _ in range(2))

    assert seconds(8_000) < 8 * seconds(2_000) + 0.05


def _timed(text: str) -> float:
    began = time.process_time()
    stream = SentenceStream(NAMED)
    stream.feed(text)
    stream.flush()
    return time.process_time() - began


def test_the_document_is_current() -> None:
    assert DOCUMENT.read_text("utf-8") == document()


def test_the_humanizer_needs_nothing_but_the_standard_library() -> None:
    code = "import sys, voxanne_trio.humanizer; print('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    roots = {name.partition(".")[0] for name in done.stdout.split()}
    assert not roots & {"trio", "httpx", "groq", "deepgram", "numpy"}
