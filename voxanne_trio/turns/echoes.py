"""Whether what the recogniser heard is ourselves, out of the caller's loudspeaker. Pure.

An echo is a run of our own words, as a recogniser may mishear them: a word dropped, one spelled
differently, in longer runs one that is wrong. What a caller would change is never taken for an
error: a number, a day, a "yes", a "no", a "not".

A caller may repeat our words, to ask ("Tuesday at three?") or to answer. A question mark where we
put none says they do. Otherwise nothing here can tell, so one word alone is never an echo, and what
is said of longer ones is meant for partial transcripts: the words do not interrupt, while the turn,
when it has ended, may be answered whatever this says.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final

from .words import said, words

_DECISIVE: Final = frozenset(
    (  # noqa: SIM905 - a word list
        "yes yeah yep no nope not don't can't won't isn't what why how when where who which wait "
        "stop but instead or never sorry actually "
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
        "fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy "
        "eighty ninety hundred thousand first second third fourth fifth "
        "monday tuesday wednesday thursday friday saturday sunday today tomorrow tonight morning "
        "afternoon evening noon january february march april may june july august september "
        "october november december am pm"
    ).split()
)
_NUMBERS: Final = {
    word: str(value)
    for value, word in enumerate(
        (  # noqa: SIM905 - a word list
            "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
            "fifteen sixteen seventeen eighteen nineteen twenty"
        ).split()
    )
} | {"thirty": "30", "forty": "40", "fifty": "50", "o'clock": "", "oh": "0"}
_QUESTION: Final = re.compile(r"\?\W*$")
_FAR: Final = 99
_LONGEST: Final = 40
"""Words looked at: what is longer is no partial that has just begun."""


def is_echo(text: str, ours: str) -> bool:
    """Whether the words are, nearly, a run of at least two of our own."""
    heard = said(text)
    count = heard.count(" ") + 1
    if count < 2 or not ours:
        return False
    if _QUESTION.search(text) and "?" not in ours:
        return False
    spoken = said(ours)
    if f" {heard} " in f" {spoken} ":
        return True
    one, other = _plain(heard)[:_LONGEST], _plain(spoken)
    known = set(other)
    if 2 * sum(word in known for word in one) < len(one):
        return False
    return _distance(one, other) <= len(one) // 2


def holds_word(ours: str, text: str) -> bool:
    """Whether the text is a single word, not a decisive one, and among our own."""
    heard = words(text)
    return len(heard) == 1 and heard[0] not in _DECISIVE and heard[0] in words(ours)


def _plain(heard: str) -> list[str]:
    return [figure for word in heard.split() if (figure := _NUMBERS.get(word, word))]


def _distance(heard: list[str], ours: list[str]) -> int:
    """The least cost of making the heard words out of some run of ours."""
    before = [0] * (len(ours) + 1)
    for index, word in enumerate(heard):
        extra = _FAR if word in _DECISIVE or word.isdigit() else 2
        partial = index == len(heard) - 1
        row = [before[0] + extra]
        for (diagonal, above), own in zip(pairwise(before), ours, strict=True):
            changed = 0 if word == own else min(extra, _change(word, own, partial))
            row.append(min(diagonal + changed, above + extra, row[-1] + 1))
        before = row
    return min(before)


def _change(word: str, own: str, partial: bool) -> int:
    """1 where one may have been heard for the other, 0 where it is the beginning of it."""
    if partial and len(word) > 1 and own.startswith(word):
        return 0
    similar = word[:3] == own[:3] and abs(len(word) - len(own)) < 4 and not word.isdigit()
    return 1 if similar else _FAR
