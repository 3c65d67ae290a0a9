"""Numbers that stand for themselves: ordinals, fractions and other slashes, counts, ranges. Pure.

What has its own class (money, times, measures) was read before these are asked.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from . import dates
from .numbers import DASH, NUMBER, cardinal, digits, fraction, house, mixed, number, ordinal
from .reading import Heard, Reading, onward

# ruff: noqa: SIM905 - word lists read best as text
_ORDINAL: Final = re.compile(
    r"([0-9]{1,3}(?:,[0-9]{3}){1,3}|[0-9]{1,9})-?(?:st|nd|rd|th|ST|ND|RD|TH)(?![A-Za-z0-9])"
)
_MIXED: Final = re.compile(r"([0-9]{1,6})(?: |-| and )([0-9]{1,3})[/\u2044]([0-9]{1,3})(?![0-9/])")
_SLASH: Final = re.compile(
    r"([0-9]{1,4}(?:\.[0-9]{1,2})?) ?[/\u2044] ?([0-9]{1,4})(?![0-9]|[/.,][0-9]|[A-Za-z])"
)
_VULGAR: Final = re.compile(r"([0-9]{0,6}) ?([\u00bc-\u00be\u2150-\u215e])")
_RANGE: Final = re.compile(
    rf"({NUMBER})(?:{DASH}| ?~ ?)({NUMBER})(\+)?(?![0-9])(?!{DASH}[0-9]|\.[0-9])"
)
_DASHED: Final = re.compile(r"[0-9]++(?:-[0-9]++){2,}")
_POINTS: Final = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,6}){2,}")
_PLAIN: Final = re.compile(rf"({NUMBER})(\+(?![0-9])| ?[xX\u00d7\u2022*] ?(?=[0-9]))?")
_RATIO: Final = re.compile(r"([0-9]{1,3}):([0-9]{1,3})(?![0-9:])")

_RATED: Final = frozenset("rated rating rate score scored scale pain average stars star".split())
_OUT_OF: Final = re.compile(
    r" (?:stars?|ratings?|patients|people|clients|reviews|users|women|men|on|dentists|doctors)\b"
)
_JOINTS: Final = frozenset("-.:~\u2010\u2011\u2012\u2013\u2014\u2015")
_COMMON: Final = frozenset({2, 3, 4, 5, 6, 8, 16, 32, 64, 100, 1000})


def read_ordinal(text: str, start: int, heard: Heard) -> Reading | None:
    """ "2nd", "33rd"."""
    match = _ORDINAL.match(text, start)
    if match is None:
        return None
    return onward(text, match.end(), ordinal(int(match.group(1).replace(",", ""))))


def read_slashed(text: str, start: int, heard: Heard) -> Reading | None:
    """ "1/4", "1 1/2", "24/7", "120/80", "4.8/5", and dates nobody announced."""
    if vulgar := read_vulgar(text, start, heard):
        return vulgar
    if match := _MIXED.match(text, start):
        whole, above, below = (int(n) for n in match.groups())
        if 0 < above < below:
            return Reading(match.end(), mixed(whole, above, below))
    match = _SLASH.match(text, start)
    if match is None:
        return None
    above_written, below_written = match.groups()
    end = match.end()
    if match.group(0).replace(" ", "") == "24/7":
        return Reading(end, "twenty-four seven")
    near = {word.lower() for word in heard[-4:]}
    if "." in above_written or not _RATED.isdisjoint(near) or _OUT_OF.match(text, end):
        return Reading(end, f"{number(above_written)} out of {number(below_written)}")
    above, below = int(above_written), int(below_written)
    if "pressure" in near or "bp" in near or (above >= 60 and 30 <= below < above):
        return Reading(end, f"{house(above_written)} over {house(below_written)}")
    if above == below or above + below == 100 or (above, below) == (9, 11):
        return Reading(end, f"{cardinal(above)} {cardinal(below)}")
    if above < below and below == 10:
        return Reading(end, f"{cardinal(above)} out of ten")
    return _fraction_or_date(text, start, end, (above, below))


def _fraction_or_date(text: str, start: int, end: int, parts: tuple[int, int]) -> Reading:
    above, below = parts
    if above < below and below in _COMMON and not (below in {6, 8} and above % 2 == 0):
        return Reading(end, fraction(above, below))
    return dates.slashed(text, start) or Reading(end, fraction(above, below))


def read_vulgar(text: str, start: int, heard: Heard) -> Reading | None:
    """ "\u00bd", "1\u00bd"."""
    match = _VULGAR.match(text, start)
    if match is None:
        return None
    above, slash, below = unicodedata.normalize("NFKC", match.group(2)).partition("\u2044")
    if not slash:
        return None
    if match.group(1).strip("0"):
        return Reading(match.end(), mixed(int(match.group(1)), int(above), int(below)))
    return Reading(match.end(), fraction(int(above), int(below)))


def read_count(text: str, start: int, heard: Heard) -> Reading:
    """Any number at all: the last to be asked, it never passes."""
    match = _PLAIN.match(text, start)
    assert match is not None
    following = text[match.end() : match.end() + 2].strip()[:1]
    if following in _JOINTS:
        found = _joined(text, start)
        if found is not None:
            return found
    said = number(match.group(1))
    if not match.group(2):
        return Reading(match.end(), said)
    if match.group(2) == "+":
        return Reading(match.end(), f"{said} plus")
    return Reading(match.end(), f"{said} {'by' if match.group(2).strip() in 'xX' else 'times'} ")


def _joined(text: str, start: int) -> Reading | None:
    """Numbers joined by dashes, points or a colon."""
    if match := _DASHED.match(text, start):
        return Reading(match.end(), ", ".join(digits(g) for g in match.group().split("-")))
    if match := _POINTS.match(text, start):
        return Reading(match.end(), " point ".join(number(g) for g in match.group().split(".")))
    if match := _RATIO.match(text, start):
        return Reading(match.end(), f"{number(match.group(1))} to {number(match.group(2))}")
    if match := _RANGE.match(text, start):
        plus = " plus" if match.group(3) else ""
        return Reading(match.end(), f"{number(match.group(1))} to {number(match.group(2))}{plus}")
    return None
