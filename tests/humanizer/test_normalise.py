"""Written and spoken, by tables; and what holds for any text.

The tables are in `pairs`: written, a tab, and what may be said, alternatives parted by a bar.
"""

from __future__ import annotations

import time
from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from voxanne_trio.humanizer.edits import Edit, apply, composed
from voxanne_trio.humanizer.normalise import normalise, normalising_edits
from voxanne_trio.humanizer.pronunciations import pronouncing

# ruff: noqa: RUF001 - typographic variants are what it is about
PAIRS: Final = Path(__file__).parent / "pairs"


def pairs() -> list[tuple[str, str, str]]:
    """Every row of every table: the table's name, the written form, the spoken ones."""
    return [
        (path.stem, *row.split("\t"))  # type: ignore[misc]
        for path in sorted(PAIRS.glob("*.tsv"))
        for row in path.read_text("utf-8").splitlines()
    ]


@pytest.mark.parametrize(("table", "written", "spoken"), pairs())
def test_written_and_spoken(table: str, written: str, spoken: str) -> None:
    said = normalise(written)
    assert said in spoken.split("|")
    assert normalise(said) == said


def test_there_are_enough_pairs() -> None:
    assert len(pairs()) >= 400


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Ask Dr. Nguyen about BBL.", "Ask Dr. Win about bee bee ell."),
        ("BBLs and BBL-like", "BBLs and bee bee ell-like"),
        ("Ask about TCA peel", "Ask about T C A chemical peel"),
        ("nothing of it", "nothing of it"),
    ],
)
def test_a_clinic_says_its_words_its_own_way(written: str, said: str) -> None:
    words = {
        "Nguyen": "Win",
        "BBL": "bee bee ell",
        "TCA": "T C A",
        "TCA peel": "T C A chemical peel",
    }
    assert apply(written, pronouncing(words)(written)) == said
    assert pronouncing({})(written) == []


ALPHABET: Final = frozenset(" .,?!'-")
PARTS: Final = st.sampled_from(
    [
        *"0123456789$€£%&@#*_~<>()[]{}/\\|+-=.,:;!?'\"°º½²™… \t\n–—’“”×",
        *(
            "am",
            "p.m.",
            "St.",
            "Dr.",
            "Mon",
            "May",
            "Jan.",
            "II",
            "Phase",
            "mg",
            "ft",
            "code",
            "555",
        ),
        *("a.", "e.g.", "x", "k", "M", "www.", ".com", "http://", "w/o", "No.", "Suite", "NY", "s"),
        *("\u0301", "\u200d", "😊", "１", "٣", "①", "Ⅷ", "ﬁ", "ª", "中", "é", "st", "and", "to"),
    ]
)
TEXTS: Final = st.one_of(st.text(max_size=60), st.lists(PARTS, max_size=25).map("".join))


@given(TEXTS)
@example("10 May 5")
def test_nothing_unspeakable_comes_out(text: str) -> None:
    said = normalise(text)
    assert all(c.isalpha() or c in ALPHABET for c in said), said
    assert "  " not in said
    assert said == said.strip()


@given(TEXTS)
def test_saying_it_again_changes_nothing(text: str) -> None:
    said = normalise(text)
    assert normalise(said) == said
    assert normalising_edits(said) == []


@given(TEXTS)
def test_edits_are_in_order_and_apart(text: str) -> None:
    edits = normalising_edits(text)
    assert all(0 <= edit.start <= edit.end <= len(text) for edit in edits)
    assert all(one.end <= two.start for one, two in pairwise(edits))
    assert all(edit.rule for edit in edits)


@given(TEXTS.filter(lambda t: any(c.isdigit() for c in t) and "<" not in t))
def test_empty_only_if_nothing_could_be_said(text: str) -> None:
    assert any(c.isalpha() for c in normalise(text))


HOSTILE: Final = {
    "digits": "7" * 10_000,
    "numbers": "1 " * 5_000,
    "commas": "1,111" * 2_000,
    "points": "1." * 5_000,
    "dashes": "1-" * 5_000,
    "slashes": "1/" * 5_000,
    "colons": "10:30" * 2_000,
    "dollars": "$" * 10_000,
    "dollars and digits": "$1" * 5_000,
    "stars": "*" * 10_000,
    "emphasis": "**a_*" * 2_000,
    "brackets": "[" * 10_000,
    "links": "[a](" * 2_500,
    "parentheses": "(" * 10_000,
    "letters": "a" * 10_000,
    "letters and points": "a." * 5_000,
    "letters and digits": "a1" * 5_000,
    "mail": "a.a@" * 2_500,
    "domains": "a.com" * 2_000,
    "addresses": "www.a/" * 1_500,
    "capitals": "12 Ab " * 1_700,
    "months": "May 4, 5, " * 1_000,
    "spaces": " " * 10_000,
    "space and a shortening": "Dr." + " " * 10_000 + "x",
    "quotes": '1" ' * 3_300,
    "tags": "<a" * 5_000,
    "accents": "e" + "\u0301" * 10_000,
    "emoji": "😊" * 10_000,
    "codes": "code 12-34-56 " * 700,
    "apostrophes": "'" * 10_000,
    "apostrophes and letters": "a'" * 5_000,
    "newlines": "\n" * 10_000,
    "newlines and dashes": "\n-" * 5_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_takes_linear_time(name: str) -> None:
    text = HOSTILE[name]
    began = time.thread_time()  # of the processor, which others may be using too
    said = normalise(text)
    seconds = time.thread_time() - began
    assert seconds < 1.5  # about ten times what it takes; squared it would be minutes
    assert all(c.isalpha() or c in ALPHABET for c in said)
    assert normalise(said) == said


EDITS: Final = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 3), st.text("xy", max_size=3)), max_size=6
)


def edits_for(text: str, drawn: list[tuple[int, int, str]]) -> list[Edit]:
    """Ordered edits of a text from gaps, lengths and replacements."""
    found: list[Edit] = []
    at = 0
    for gap, length, spoken in drawn:
        start, end = at + gap, at + gap + length
        if end > len(text):
            break
        found.append(Edit(start, end, spoken, "drawn"))
        at = end
    return found


@given(st.text("abc", max_size=20), EDITS, EDITS)
def test_two_rounds_of_edits_as_one(
    text: str, one: list[tuple[int, int, str]], two: list[tuple[int, int, str]]
) -> None:
    first = edits_for(text, one)
    between = apply(text, first)
    second = edits_for(between, two)
    both = composed(between, first, second)
    assert apply(text, both) == apply(between, second)
    assert all(a.end <= b.start for a, b in pairwise(both))
