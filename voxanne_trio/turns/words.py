"""A text as the words that were said: what every other reading of a caller's words begins with.

Knows how a recogniser may write the same words: capitals or none, punctuation or none, one kind of
apostrophe or another, "uh-huh" or "uh huh". Refuses to know what any of it means. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_WORD: Final = re.compile(
    r"(?:n?uh-uh|huh-uh|mm-mm|m+[ -]h+m+|u(?:n)?h[ -]huh)\b|[^\W_]+(?:'[^\W_]+)*"
)
"""A hyphen parts words, but for noises: "uh-uh" means no, "uh, uh" nothing, "uh-huh" yes."""

_CLAUSE_END: Final = re.compile(r"[.,;:?!…]+(?=[\s\"')]|$)|\s-+\s|--+|[–—]")  # noqa: RUF001
_UNSAID: Final = re.compile(r"[\W_]+")
_APOSTROPHES: Final = str.maketrans("‘’ʼ`", "''''")  # noqa: RUF001 - they are what it is about

FILLERS: Final = frozenset(
    "um umm uh uhh er err erm ehm hm hmm hmmm mm mmm".split()  # noqa: SIM905 - a word list
)
"""Hesitation, no words. Deepgram writes "um" and "uh" alone, other recognisers the rest."""


def words(text: str) -> list[str]:
    """The words, in small letters."""
    return _WORD.findall(text.casefold().translate(_APOSTROPHES))


def said(text: str) -> str:
    """The words parted by single spaces: what patterns are matched against."""
    return " ".join(words(text))


def clauses(text: str) -> list[str]:
    """What stands between marks of punctuation, each as its words; all where there are none."""
    return [clause for part in _CLAUSE_END.split(text) if (clause := said(part))]


def word_count(text: str) -> int:
    """How many words, hesitation not counted."""
    return sum(word not in FILLERS for word in words(text))


def same_words(one: str, other: str) -> bool:
    """Whether two transcripts are equal but for case, punctuation and spacing."""
    return _letters(one) == _letters(other)


def _letters(text: str) -> str:
    return _UNSAID.sub("", text.casefold())


def any_of(phrases: Iterable[str]) -> str:
    """A pattern of whole phrases, the longest first: the first that fits is the one meant."""
    return "|".join(map(re.escape, sorted(phrases, key=len, reverse=True)))


def one_of(*patterns: str) -> str:
    """A pattern of any of these, one family of phrases in each."""
    return f"(?:{'|'.join(patterns)})"


def not_after(phrases: str) -> str:
    """A pattern's condition that none of these, with commas between them, stands before."""
    return "".join(rf"(?<!\b{re.escape(phrase)} )" for phrase in listed(phrases))


def listed(text: str) -> list[str]:
    """The phrases of a list written with commas between them."""
    return [phrase.strip() for phrase in text.split(",")]
