"""Whether what the recogniser heard is ourselves, out of the caller's loudspeaker. Pure.

An echo is a run of our own words, as a recogniser may mishear them: a word dropped, one spelled
otherwise, in longer runs one that is wrong. What a caller would change is never taken for an
error: a number, a day, a "yes", a "not".

A caller may repeat our words, to ask ("Tuesday at three?") or to answer. A question mark where we
put none says that they do. Otherwise nothing here can tell, so a word alone is never an echo, and
what is said of longer runs is meant for partial transcripts: they do not interrupt, while the turn,
once it has ended, may be answered whatever this says.
"""

# ruff: noqa: SIM905 - word lists read best as text

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final

from ..humanizer import normalise
from .words import said

_NUMBERS: Final = frozenset(
    (
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
        "fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy "
        "eighty ninety hundred thousand o'clock"
    ).split()
)
_DECISIVE: Final = _NUMBERS | frozenset(
    (
        "yes yeah yep no nope not never don't can't won't isn't i i'm i'd my me mine "
        "what why how when where who which wait stop hold sorry actually but instead "
        "first second third fourth fifth half left right before after "
        "monday tuesday wednesday thursday friday saturday sunday today tomorrow tonight morning "
        "afternoon evening noon january february march april may june july august september "
        "october november december am pm"
    ).split()
)
_DIGIT: Final = re.compile(r"\d")
_QUESTION: Final = re.compile(r"\?\W*$")
_WRONG, _DROPPED, _MISHEARD, _NEVER = 2, 1, 1, 99
"""What an error costs; half as much as there are words is affordable."""

_MOST_WORDS: Final = 40
"""What is longer is no partial that has just begun."""


def is_echo(text: str, ours: str) -> bool:
    """Whether the words are, nearly, a run of at least two of our own.

    `ours` is best given as spoken ("two thirty"): figures in it cost a tenth of a millisecond.
    """
    heard = said(text)
    if " " not in heard or not ours or (_QUESTION.search(text) and "?" not in ours):
        return False
    spoken = said(ours)
    if f" {heard} " in f" {spoken} ":
        return True
    if not _may_be(heard.split(), spoken.split()):
        return False
    if _DIGIT.search(text) or _DIGIT.search(ours):  # "2:30" for our "two thirty", or the reverse
        heard, spoken = said(normalise(text)), said(normalise(ours))
    one = heard.split()
    return _distance(one, spoken.split()) <= len(one) // 2


def is_word_of(ours: str, text: str) -> bool:
    """Whether the text is a single word, none that decides something, and among our own."""
    heard = said(text)
    return (
        bool(heard)
        and " " not in heard
        and heard not in _DECISIVE
        and f" {heard} " in f" {said(ours)} "
    )


def _may_be(heard: list[str], ours: list[str]) -> bool:
    """Whether the words but for numbers could be ours, at the least cost each of them allows."""
    if len(heard) > _MOST_WORDS:
        return False
    known, begun = set(ours), {word[:3] for word in ours}
    cost = left_out = 0
    for word in heard[:-1]:  # the last may be the beginning of anything
        if word in _NUMBERS or _DIGIT.search(word):
            left_out += 1
        elif word not in known:
            if word in _DECISIVE:
                return False
            cost += _MISHEARD if word[:3] in begun else _WRONG
    return cost <= (len(heard) + left_out) // 2


def _distance(heard: list[str], ours: list[str]) -> int:
    """The least cost of making the heard words out of some run of ours."""
    before = [0] * (len(ours) + 1)
    for index, word in enumerate(heard):
        partial = index == len(heard) - 1
        extra = _NEVER if word in _DECISIVE or _DIGIT.search(word) else _WRONG
        row = [before[0] + extra]
        for (diagonal, above), own in zip(pairwise(before), ours, strict=True):
            changed = 0 if word == own else min(extra, _change(word, own, partial=partial))
            row.append(min(diagonal + changed, above + extra, row[-1] + _DROPPED))
        before = row
    return min(before)


def _change(word: str, own: str, *, partial: bool) -> int:
    """What hearing the word for one of ours costs; a partial last one may be its beginning."""
    if partial and len(word) > 1 and own.startswith(word):
        return 0
    if word in _DECISIVE or word[:3] != own[:3] or abs(len(word) - len(own)) > 3:
        return _NEVER
    return _MISHEARD
