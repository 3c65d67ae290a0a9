"""What a grammar is, and the few things that every grammar asks of the text around it. Pure.

A grammar looks at one place of a text and either leaves it alone or reads a stretch that begins
there. The text is folded (see `fold`): its apostrophes, spaces and digits are the plain ones. What
was said before is handed over as a list of words, latest last, with "." where a sentence ended.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, TypeAlias

from .numbers import DASH

# ruff: noqa: SIM905 - word lists read best as text


class Reading(NamedTuple):
    """The text up to `end` is to be said as `spoken`."""

    end: int
    spoken: str


Heard: TypeAlias = Sequence[str]
Grammar: TypeAlias = Callable[[str, int, Heard], Reading | None]

_NOTHING_FOLLOWS: Final = re.compile(r"[\"')\]*_`]*\s*(?:\Z|\n)")
_CAPITAL_FOLLOWS: Final = re.compile(r"[\"')\]*_`]*\s+[\"(]?([A-Z][A-Za-z]*)")
_NEVER_BEGINS: Final = frozenset(
    "Suite Ste Apt Unit Floor Building Room N S E W NE NW SE SW Eastern Central Mountain Pacific "
    "EST EDT ET CST CDT CT MST MDT MT PST PDT PT UTC GMT Monday Tuesday Wednesday Thursday Friday "
    "Saturday Sunday Mon Tue Tues Wed Thu Thur Thurs Fri Sat Sun January February March April June "
    "July August September October November December Jan Feb Mar Apr Jun Jul Aug Sep Sept Oct Nov "
    "Dec".split()
)
"""Capitals that go on after "p.m." or "St." rather than begin a sentence."""


def shortened(text: str, end: int, spoken: str, *, may_end: bool = False) -> Reading:
    """A shortening that ends at `end`, with its point if that is not the end of the sentence.

    `may_end` when it also ends a sentence that another one follows, as "p.m." and "etc." do.
    """
    if text[end : end + 1] != "." or text[end + 1 : end + 2] == ".":
        return Reading(end, spoken)
    if _NOTHING_FOLLOWS.match(text, end + 1):
        return Reading(end, spoken)
    following = _CAPITAL_FOLLOWS.match(text, end + 1) if may_end else None
    if following and following.group(1) not in _NEVER_BEGINS:
        return Reading(end, spoken)
    return Reading(end + 1, spoken)


def last(heard: Heard, back: int = 1) -> str:
    """The word that many before, in lower case; empty before the first of the sentence."""
    if len(heard) < back or "." in heard[-back:]:
        return ""
    return heard[-back].lower()


def article(following: str) -> str:
    """ "a" or "an", by how the next word sounds."""
    return "an" if following[:1] in set("aeio") or following.startswith("hour") else "a"


_ONWARD: Final = re.compile(DASH + r"(?=[$\u20ac\u00a3]?[0-9])")


def onward(text: str, end: int, spoken: str) -> Reading:
    """A quantity that ends at `end`, and "to" if a dash leads on to another one."""
    leads = _ONWARD.match(text, end)
    return Reading(leads.end(), f"{spoken} to") if leads else Reading(end, spoken)
