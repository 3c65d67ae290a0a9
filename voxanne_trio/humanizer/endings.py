"""Where a sentence ends in text that is still being written. Pure.

A point may belong to a shortening, a number, a time or a title; what follows tells. Every question
has three answers: it ends here, it does not, or not enough has been written to tell.
"""

# ruff: noqa: RUF001, SIM905 - typographic quotes are meant; word lists read best as text

from __future__ import annotations

import re
from typing import Final

_SHORTENINGS: Final = frozenset(
    (
        "dr mr mrs ms prof st mt ft rev hon gen sgt capt lt col jr sr vs etc approx appt dept ext "
        "no inc ltd co corp ave blvd rd ln ste apt fl hwy pkwy e.g i.e cf jan feb mar apr jun jul "
        "aug sep sept oct nov dec mon tue tues wed thu thur thurs fri sat sun"
    ).split()
)
"""What a point after it does not always end."""

_MAY_END: Final = frozenset("etc inc ltd co corp jr sr ave blvd rd ln hwy pkwy a.m p.m".split())
"""Those of them that end a sentence when a capital follows."""

_STREETS: Final = frozenset("st dr ave blvd rd ln hwy pkwy".split())
_DAYS: Final = frozenset(
    (
        "jan feb mar apr jun jul aug sep sept oct nov dec mon tue tues wed thu thur thurs fri sat "
        "sun"
    ).split()
)
_AFTER_STREET: Final = frozenset("suite ste apt unit floor fl".split())
_AFTER_CLOCK: Final = frozenset(
    (
        "pacific eastern central mountain est edt cst cdt mst mdt pst pdt et ct pt monday tuesday "
        "wednesday thursday friday saturday sunday mon tue wed thu fri sat sun january february "
        "march april june july august september october november december"
    ).split()
)
_BEGINNINGS: Final = frozenset(
    (
        "we you i it our the please if and but so is do would can this that there they he she what "
        "when how your my let let's it's we're you're i'm that's a for"
    ).split()
)
"""Words with which a sentence begins, and no name."""

END: Final = re.compile(r"(?<![.!?…])[.!?…]+[\"'”’)\]*_`]*(?=\s)|\n")
RUN: Final = re.compile(r"[.!?…]+[\"'”’)\]*_`]*$")
_LAST_WORD: Final = re.compile(r"([A-Za-z](?:[A-Za-z.]{0,20}[A-Za-z])?)\.$")
_INITIALS: Final = re.compile(r"[a-z](?:\.[a-z])*$")
_LIST_NUMBER: Final = re.compile(r"\s*(?:[-*+•]\s*)?(?:\*\*)?\d{1,2}\.(?:\*\*)?$")
_NUMBERED_STREET: Final = re.compile(
    r"\d\s+(?:[NSEW]\.?\s+)?(?:[A-Z\d][\w']*\s+){1,3}[A-Z][a-z]+\.$"
)
_BLANK: Final = re.compile(r"\s*")
_FOLLOWER: Final = re.compile(r"[\"'“‘(*_`\[#>]*([A-Za-z]+(?:'[a-z]+)?(?:\.(?=[A-Za-z]))?)?")
_LOOK_BACK: Final = 60


def is_ended(text: str, match: re.Match[str]) -> bool | None:
    """Whether the sentence with which the text begins ends at that match of `END`; None while it
    cannot be told."""
    if match.group() == "\n":
        return True
    start = max(0, match.end() - _LOOK_BACK)
    before = text[start : match.end()]
    is_number = start == 0 and is_list_number(before)
    blank = _BLANK.match(text, match.end())
    assert blank is not None
    if "\n" in blank.group():
        return not is_number
    follower = _FOLLOWER.match(text, blank.end())
    assert follower is not None
    if follower.end() == len(text) and follower[1] is None:
        return None
    if is_number:
        return False
    mark = match.group()
    if not mark.startswith(".") or mark.startswith(".."):
        return True
    word = follower[1] or ""
    bare = before.rstrip("\"'”’)]*_`")
    if not is_shortening(bare):
        return not word[:1].islower()
    if not word[:1].isupper():
        return False
    if follower.end() >= len(text):
        return None  # the word may go on
    return _ends_though_short(bare, word.lower().rstrip("."))


def is_shortening(text: str) -> bool:
    """Whether the text ends with a shortened word, or letters with points."""
    word = _last_word(text)
    return word in _SHORTENINGS or _INITIALS.match(word) is not None


def is_list_number(text: str) -> bool:
    """Whether the text is the number of a list's item, and nothing else."""
    return _LIST_NUMBER.match(text) is not None


def _last_word(text: str) -> str:
    match = _LAST_WORD.search(text[-24:])
    return match.group(1).lower() if match else ""


def _ends_though_short(text: str, follower: str) -> bool:
    """Whether a shortened word also ends its sentence, with a word in a capital behind it."""
    word = _last_word(text)
    if word in {"a.m", "p.m"}:
        return follower not in _AFTER_CLOCK
    if word in _STREETS and _NUMBERED_STREET.search(text):
        return follower not in _AFTER_STREET
    if word == "no" or word in _DAYS:
        return follower not in _AFTER_CLOCK and follower not in _DAYS
    if word in _MAY_END:
        return follower not in _AFTER_STREET
    is_loose = word in {"ft", "ext", "fl"} or "." in word or len(word) == 1
    return is_loose and follower in _BEGINNINGS
