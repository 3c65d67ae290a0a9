"""A small English for the recogniser: a trigram model and a dictionary from a clinic's phrases.

Knows everyday phrases of callers (`phrases.txt`), how to fill their slots from a clinic's profile,
how to smooth counts and how the words sound. Refuses to know the recogniser: it writes two texts,
an ARPA model and a pronunciation dictionary. A closed grammar would force wrong sentences onto
whatever is not in it; a smoothed model merely prefers what callers say.

Words are lower-case tokens. A letter that is said by its name is a token with a period (`b.`), so
that "BBL" is three tokens; `shown` says how a token is written.
"""

# ruff: noqa: RUF001 - IPA has its own letters

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.resources import files
from math import log10
from typing import Final

import attrs

from voxanne_trio.clinic import Clinic

Tokens = tuple[str, ...]
Sentences = Sequence[tuple[Tokens, float]]

_SLOT: Final = re.compile(r"\{(\w+)\}")
_LETTER: Final = re.compile(r"[A-Z]\.")
_CAPITALS: Final = re.compile(r"[A-Z]{2,5}")
_SAMPLES: Final = 200
"""How often a phrase with several slots is filled, each time at random."""

_SMOOTHING: Final = (0.4, 0.6)
"""What the shorter context weighs, in observations, behind one word and behind two."""

_UNIFORM: Final = 0.02
"""The share of the unigrams that is spread evenly, so that no word is impossible."""


@attrs.frozen
class Language:
    """What the recogniser is given, and how its tokens are written."""

    model: str
    dictionary: str
    shown: Mapping[str, str]


def build(clinic: Clinic, dictionary: Iterable[str], pronounce: Callable[[str], str]) -> Language:
    """The language of a clinic's callers.

    `dictionary` is the recogniser's own, line by line; `pronounce` gives the phones of a word that
    is not in it. Takes about half a second of computing.
    """
    shown: dict[str, str] = {}
    sentences = [(_tokens(phrase, shown), weight) for phrase, weight in phrases(clinic)]
    words = {token for tokens, _ in sentences for token in tokens}
    return Language(arpa(sentences), _dictionary(words, dictionary, pronounce), shown)


def phrases(clinic: Clinic) -> Iterable[tuple[str, float]]:
    """What a clinic's callers say, and how often."""
    return _filled(*_phrases(clinic))


def _phrases(clinic: Clinic) -> tuple[list[str], dict[str, list[str]]]:
    """The phrases with their slots, and what may stand in each slot."""
    plain: list[str] = []
    lists: dict[str, str] = {}
    current = ""
    for line in (files(__package__) / "phrases.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("@"):
            current = line[1:]
            lists[current] = ""
        elif current:
            lists[current] += f" {line}"
        elif line and not line.startswith("#"):
            plain.append(line)
    slots = {name: [entry.strip() for entry in text.split(",")] for name, text in lists.items()}
    slots |= _clinic_slots(clinic)
    plain += [question.question for question in clinic.faq]
    plain += [word for question in clinic.faq for word in question.keywords]
    return [phrase for phrase in plain if not re.search(r"\d", phrase)], slots


def _clinic_slots(clinic: Clinic) -> dict[str, list[str]]:
    services = [name for service in clinic.services for name in (service.name, *service.also)]
    people = [form for person in clinic.people for form in _called(person.name)]
    terms = [clinic.name, clinic.agent, *clinic.keyterms]
    return {"service": services, "person": people, "term": terms}


def _called(name: str) -> list[str]:
    """The ways a person is called: Dr. Elena Marsh, Dr. Marsh, Elena Marsh, Elena."""
    title, _, rest = name.partition(" ") if name.startswith("Dr.") else ("", "", name)
    first, _, last = rest.partition(" ")
    called = [rest, first] if not title else [name, f"{title} {last}", rest]
    return [form for form in called if form.strip()]


def _filled(
    phrases: Iterable[str], slots: Mapping[str, Sequence[str]]
) -> Iterable[tuple[str, float]]:
    """Every phrase with its slots filled, weighted: one with slots counts for a few plain ones."""
    rng = random.Random("phrases")  # noqa: S311  a language, not a secret
    for phrase in phrases:
        names = _SLOT.findall(phrase)
        if not all(slots.get(name) for name in names):
            continue
        if len(names) > 1:
            for _ in range(_SAMPLES):
                yield _SLOT.sub(lambda slot: rng.choice(slots[slot[1]]), phrase), 4 / _SAMPLES
        elif names:
            entries = slots[names[0]]
            for entry in entries:
                yield phrase.replace(f"{{{names[0]}}}", entry), 3 / len(entries)
        else:
            yield phrase, 1.0


def tokens_of(phrase: str) -> Tokens:
    """A phrase as the model and the dictionary have it."""
    return _tokens(phrase, {})


def _tokens(phrase: str, shown: dict[str, str]) -> Tokens:
    """A phrase's tokens; notes in `shown` how those are written that are not plain lower case."""
    tokens: list[str] = []
    for index, word in enumerate(phrase.replace(",", " ").replace("?", " ").split()):
        if _LETTER.fullmatch(word) or (len(word) == 1 and word.isupper() and word not in "AI"):
            tokens.append(f"{word[0].lower()}.")
        elif _CAPITALS.fullmatch(word):
            tokens += [f"{letter}." for letter in word.lower()]
        else:
            token = word.lower() if word == "Dr." else word.lower().rstrip(".!")
            if word[0].isupper() and (index or len(phrase.split()) == 1 or word == "I"):
                shown.setdefault(token, word)
            tokens.append(token)
    return tuple(tokens)


def arpa(sentences: Sentences) -> str:
    """A trigram model in ARPA form: counts, each smoothed by the shorter context behind it."""
    vocabulary = sorted({token for tokens, _ in sentences for token in tokens} | {"</s>"})
    counts: list[dict[Tokens, dict[str, float]]] = [
        defaultdict(lambda: defaultdict(float)) for _ in range(3)
    ]
    for tokens, weight in sentences:
        line = ("<s>", *tokens, "</s>")
        for at in range(1, len(line)):
            for order in range(min(3, at + 1)):
                counts[order][line[at - order : at]][line[at]] += weight
    unigrams = counts[0][()]
    total = sum(unigrams.values())
    probability: dict[Tokens, float] = {
        (word,): (1 - _UNIFORM) * unigrams[word] / total + _UNIFORM / len(vocabulary)
        for word in vocabulary
    }
    for order in (1, 2):
        smoothing = _SMOOTHING[order - 1]
        for context, followers in counts[order].items():
            seen = sum(followers.values()) + smoothing
            for word, count in followers.items():
                shorter = probability[(*context[1:], word)]
                probability[(*context, word)] = (count + smoothing * shorter) / seen
    return _arpa_text(probability, counts)


def _arpa_text(
    probability: Mapping[Tokens, float], counts: Sequence[Mapping[Tokens, Mapping[str, float]]]
) -> str:
    grams: list[list[Tokens]] = [[("<s>",)], [], []]
    for gram in probability:
        grams[len(gram) - 1].append(gram)
    lines = ["\\data\\", *(f"ngram {n + 1}={len(grams[n])}" for n in range(3))]
    for n in range(3):
        lines += ["", f"\\{n + 1}-grams:"]
        for gram in sorted(grams[n]):
            score = log10(probability[gram]) if gram in probability else -99.0
            line = f"{score:.4f} {' '.join(gram)}"
            if n < 2 and (followers := counts[n + 1].get(gram)):
                behind = _SMOOTHING[n] / (sum(followers.values()) + _SMOOTHING[n])
                line += f" {log10(behind):.4f}"
            lines.append(line)
    return "\n".join([*lines, "", "\\end\\", ""])


def _dictionary(words: Iterable[str], lines: Iterable[str], pronounce: Callable[[str], str]) -> str:
    """The recogniser's own entries for these words, and made ones for those it lacks."""
    known: dict[str, list[str]] = defaultdict(list)
    for line in lines:
        head, _, phones = line.strip().partition(" ")
        known[head.partition("(")[0]].append(phones)
    entries: list[str] = []
    for word in sorted(words):
        sounds = _BY_HAND.get(word) or known.get(word) or [pronounce(word)]
        for number, phones in enumerate(filter(None, sounds), 1):
            entries.append(f"{word} {phones}" if number == 1 else f"{word}({number}) {phones}")
    return "\n".join([*entries, ""])


_BY_HAND: Final[Mapping[str, Sequence[str]]] = {
    "dr.": ["D AA K T ER"],
    "mhm": ["M HH AH M"],
    "hmm": ["HH AH M"],
    "z.": ["Z IY"],
}
"""Words that neither the dictionary nor a rule gets right."""

_PHONES: Final[Mapping[str, str]] = {
    "tʃ": "CH", "dʒ": "JH", "aɪ": "AY", "aʊ": "AW", "eɪ": "EY", "oʊ": "OW", "ɔɪ": "OY",
    "əʊ": "OW", "ɑːɹ": "AA R", "ɔːɹ": "AO R", "oːɹ": "AO R", "ɛɹ": "EH R", "ɪɹ": "IH R",
    "ʊɹ": "UH R", "ɜː": "ER", "ɚ": "ER", "iː": "IY", "uː": "UW", "ɑː": "AA", "ɔː": "AO",
    "iə": "IY AH", "æ": "AE", "ɐ": "AH", "ə": "AH", "ʌ": "AH", "ɛ": "EH", "ɪ": "IH", "i": "IY",
    "ᵻ": "IH", "ʊ": "UH", "u": "UW", "ɔ": "AO", "ɑ": "AA", "ɒ": "AA", "a": "AE", "o": "OW",
    "e": "EH", "b": "B", "d": "D", "ð": "DH", "f": "F", "ɡ": "G", "g": "G", "h": "HH", "j": "Y",
    "k": "K", "x": "K", "l": "L", "m": "M", "n": "N", "ŋ": "NG", "p": "P", "ɹ": "R", "r": "R",
    "ɾ": "T", "s": "S", "ʃ": "SH", "t": "T", "ʔ": "T", "θ": "TH", "v": "V", "w": "W", "z": "Z",
    "ʒ": "ZH",
}  # fmt: skip
"""IPA as espeak writes American English, to the recogniser's phones; the longest match wins."""


def arpabet(ipa: str) -> str:
    """The recogniser's phones for a word in IPA; marks that say nothing about sound are dropped."""
    phones: list[str] = []
    at = 0
    while at < len(ipa):
        size = next((n for n in (3, 2, 1) if ipa[at : at + n] in _PHONES), 0)
        if size:
            phones.append(_PHONES[ipa[at : at + size]])
        at += size or 1
    return " ".join(phones)
