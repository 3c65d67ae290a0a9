"""The language the recogniser is given: model, dictionary, written forms."""

# ruff: noqa: RUF001 - IPA has its own letters

from __future__ import annotations

import itertools
from collections import defaultdict

import pytest

from voxanne_trio.clinic import load_clinic
from voxanne_trio.sandbox.language import Language, arpa, arpabet, build
from voxanne_trio.sandbox.recognition import joined
from voxanne_trio.sandbox.words import Word, written

KNOWN = [
    "hello HH AH L OW",
    "botox B OW T AO K S",
    "b. B IY",
    "l. EH L",
    "the DH AH",
    "the(2) DH IY",
]


@pytest.fixture(scope="module")
def language() -> Language:
    return build(load_clinic(), KNOWN, lambda word: "AH" if word != "okafor" else "OW K AH F AO R")


def read_arpa(text: str) -> tuple[dict[tuple[str, ...], float], dict[tuple[str, ...], float]]:
    """Probabilities and back-off weights."""
    probability, behind = {}, {}
    size = 0
    for line in text.splitlines():
        if line.startswith("\\"):
            size = int(line[1]) if line[1].isdigit() else 0
        elif size and line:
            fields = line.split()
            gram = tuple(fields[1 : size + 1])
            probability[gram] = 10 ** float(fields[0])
            if len(fields) > size + 1:
                behind[gram] = 10 ** float(fields[-1])
    return probability, behind


def test_after_every_context_the_probabilities_sum_to_one() -> None:
    sentences = [(("do", "you", "do", "botox"), 1.0), (("do", "you", "open"), 0.5), (("hi",), 3.0)]
    probability, behind = read_arpa(arpa(sentences))
    words = [gram[0] for gram in probability if len(gram) == 1 and gram != ("<s>",)]

    def given(context: tuple[str, ...], word: str) -> float:
        if (*context, word) in probability:
            return probability[(*context, word)]
        return behind.get(context, 1.0) * given(context[1:], word)

    contexts = [(), ("<s>",), ("do",), *itertools.pairwise(("<s>", "do", "you", "do"))]
    for context in contexts:
        assert sum(given(context, word) for word in words) == pytest.approx(1.0, abs=1e-3)
    assert given(("<s>", "do"), "you") > 0.5


def test_the_clinics_own_names_are_in_it(language: Language) -> None:
    entries = defaultdict(list)
    for line in language.dictionary.splitlines():
        word, _, phones = line.partition(" ")
        entries[word.partition("(")[0]].append(phones)
    assert entries["okafor"] == ["OW K AH F AO R"]
    assert entries["the"] == ["DH AH", "DH IY"]
    for word in ("botox", "b.", "l.", "rhinoplasty", "tuesday", "goodbye", "harbor"):
        assert entries[word]
    assert "b. b. l." in {line.partition(" ")[2] for line in language.model.splitlines()}


def test_letters_said_in_a_row_are_one_word_in_capitals(language: Language) -> None:
    tokens = [("do", 0.0, 0.2, 0.9), ("b.", 0.2, 0.3, 0.8), ("b.", 0.3, 0.4, 0.7)]
    tokens += [("l.", 0.4, 0.6, 0.9), ("on", 0.6, 0.8, 0.9), ("tuesday", 0.8, 1.0, 0.9)]
    words = joined(tokens, language.shown, 10.0)
    assert [word.text for word in words] == ["do", "BBL", "on", "Tuesday"]
    assert words[1] == Word("BBL", 10.2, 10.6, 0.7)


@pytest.mark.parametrize(
    ("said", "complete"),
    [
        ("do you do BBL", "Do you do BBL?"),
        ("my name is Anna", "My name is Anna."),
        ("okay and how long is it", "Okay and how long is it?"),
        ("thanks.", "Thanks."),
        ("", ""),
    ],
)
def test_the_written_form(said: str, complete: str) -> None:
    words = [Word(text, 0, 0, 1) for text in said.split()]
    assert " ".join(written(words, complete=True)) == complete
    assert " ".join(written(words, complete=False)) == complete.rstrip("?.") or said == "thanks."


def test_sounds_of_words_that_no_dictionary_has() -> None:
    assert arpabet("vˈɑːksæn") == "V AA K S AE N"
    assert arpabet("tʃˈɪɹi") == "CH IH R IY"
