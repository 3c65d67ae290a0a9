"""Quantities with a unit: measures, dosages, percentages, temperatures, heights, sizes. Pure."""

from __future__ import annotations

import re
from typing import Final

from .numbers import DASH, NUMBER, cardinal, fraction, mixed, number
from .reading import Heard, Reading, last, onward, shortened
from .units import UNITS, per, unit

# ruff: noqa: SIM905 - word lists read best as text
_SIDE: Final = rf"((?:[0-9]{{1,4}} )?[0-9]{{1,3}}/[0-9]{{1,3}}|{NUMBER})"
_LEAD: Final = re.compile(
    rf"(?:[0-9]{{1,4}}/[0-9]{{1,4}}"
    rf"|{NUMBER}(?: [1-9]{{1,2}}/[1-9][0-9]?)?(?:(?:{DASH}| to ){NUMBER})?)"
    r"\+? ?-?([A-Za-z\u03bc]+|[\u00b0%\u00a2\u20ac\u00a3'\"\u00d7])"
)
"""A number, perhaps a range, and the word or sign it may be measured in."""

_MORE_LEADS: Final = frozenset(
    "degree degrees feet foot in inch inches sq fl y f c k b ' \" \u00b0 \u00d7".split()
)
_SIZE_LEADS: Final = frozenset("xX\u00d7ficm\"'")
_QUANTITY: Final = re.compile(
    rf"(?:([0-9]{{1,4}})/([0-9]{{1,4}})|({NUMBER})(?: ([1-9]{{1,2}})/([1-9][0-9]?)(?![0-9/]))?)"
    rf"(?:({DASH}| to )({NUMBER}))?(\+?)([ -]?)"
    r"(sq\.?[ -]?(?:ft|in|m|yd|mi|km|cm|mm)|fl\.? ?oz|y/o"
    r"|[A-Za-z\u03bc]{1,5}|[%\u00a2\u20ac\u00a3])"
    r"([23\u00b2\u00b3])?(?![A-Za-z0-9])"
)
_RATE: Final = re.compile(r" ?/ ?([A-Za-z]{1,12})(?![A-Za-z0-9])\.?")
_TEMPERATURE: Final = re.compile(
    rf"({NUMBER})(?:(?: ?\u00b0)?({DASH}| to )({NUMBER}))?"
    r"(?: ?\u00b0 ?([FCK]\b)?| degrees? ([FC])\b| ?([FC])\b)"
)
_HEIGHT: Final = re.compile(
    r"([0-9]{1,2})(?: ?' ?| ?-?(?:ft|feet|foot)\.?,? ?)([0-9]{1,2})"
    r"(?: ?(?:\"|''|in\b\.?|inch(?:es)?\b))?(?![0-9A-Za-z'])"
)
_FEET: Final = re.compile(rf"({NUMBER})'(?= (?:tall|wide|long|high|deep|by|x)\b)")
_INCHES: Final = re.compile(rf"(?:{_SIDE}|({NUMBER})({DASH})({NUMBER}))\"(?![A-Za-z])")
_SIZES: Final = re.compile(
    rf"{_SIDE}(?: ?(ft|in|cm|mm|m|\"|'))? ?[xX\u00d7] ?{_SIDE}"
    rf"(?: ?(ft|in|cm|mm|m|yd|\"|')(?![A-Za-z]))?(?: ?[xX\u00d7] ?{_SIDE})?"
    r"(?: ?(ft|feet|in|inches|inch|cm|mm|m|yd|px|\"|')(?![A-Za-z]))?(?![A-Za-z0-9])"
)
_SAID_SIZES: Final = {
    "ft": "feet",
    "in": "inches",
    "cm": "centimeters",
    "mm": "millimeters",
    "m": "meters",
    "yd": "yards",
    "px": "pixels",
    '"': "inches",
    "'": "feet",
}
_SCALED: Final = re.compile(rf"({NUMBER})(?:({DASH})({NUMBER}))?([kKMB])(\+?)(?![A-Za-z0-9])")
_SCALES: Final = {"k": "thousand", "K": "thousand", "M": "million", "B": "billion"}
_RACES: Final = re.compile(r" (?:run|race|walk|fun)\b")
_NOUN_FOLLOWS: Final = re.compile(
    r" (?!(?:and|or|to|in|of|for|at|on|a|an|the|by|per|with|is|are|was|if|from|before|after|each|"
    r"every|daily|once|twice|will|can|may|so|but|then|that|as|prior|later|ago|away|early|late|"
    r"between|apart)\b)[a-z]{3,}"
)
_INCH_ENDS: Final = re.compile(r"\.? ?(?:[,;)?!]|\Z)|\.? (?:long|wide|tall|deep|thick|high|by|x)\b")
_ADJECTIVAL: Final = frozenset("a an the our your this that each every one another".split())
_FEVERISH: Final = frozenset("temperature fever temp degrees thermometer reads".split())
_SPACED_WORDS: Final = frozenset("x cal ma".split())
"""Units that are too short, or too much like words, to be told after a space."""


def read(text: str, start: int, heard: Heard) -> Reading | None:
    """Any quantity that begins here and carries its unit."""
    lead = _LEAD.match(text, start)
    if lead is None:
        return None
    word = lead.group(1)
    if word.lower() not in UNITS and word.lower() not in _MORE_LEADS:
        return None
    first = word[0]
    found = None
    if first in "'\"fF":
        found = _height(text, start)
    if not found and first in _SIZE_LEADS:
        found = _size(text, start)
    if not found and first in "\u00b0dFCK":
        found = _temperature(text, start, heard)
    if not found and first in "kKMB":
        found = _scaled(text, start)
    return found or _quantity(text, start, heard)


def _height(text: str, start: int) -> Reading | None:
    if match := _HEIGHT.match(text, start):
        feet, inches = int(match.group(1)), int(match.group(2))
        if inches < 12:
            said = f"{cardinal(feet)} foot"
            return Reading(match.end(), f"{said} {cardinal(inches)}" if inches else said)
    if match := _FEET.match(text, start):
        return Reading(match.end(), f"{number(match.group(1))} feet")
    match = _INCHES.match(text, start)
    if match is None or text.count('"', 0, start) % 2:
        return None
    if match.group(2):
        return Reading(match.end(), f"{_ranged(match, 2, 3, 4)} inches")
    one = match.group(1) == "1" or (
        match.group(1).find("/") in range(1, 3) and " " not in match.group(1)
    )
    return Reading(match.end(), f"{_side(match.group(1))} {'inch' if one else 'inches'}")


def _size(text: str, start: int) -> Reading | None:
    match = _SIZES.match(text, start)
    if match is None:
        return None
    sides = [_side(side) for side in match.group(1, 3, 5) if side]
    said = " by ".join(sides)
    written = match.group(6) or match.group(4) or match.group(2) or ""
    return Reading(match.end(), f"{said} {_SAID_SIZES.get(written, written)}".strip())


def _side(written: str) -> str:
    """A length that may be a fraction, or end in one."""
    whole, _, part = written.rpartition(" ")
    above, slash, below = part.partition("/")
    if not slash:
        return number(written)
    if whole:
        return mixed(int(whole), int(above), int(below))
    return fraction(int(above), int(below))


def _temperature(text: str, start: int, heard: Heard) -> Reading | None:
    match = _TEMPERATURE.match(text, start)
    if match is None:
        return None
    letter = match.group(4) or match.group(5) or match.group(6)
    bare = match.group(6) and "." not in match.group(1)
    if bare and _FEVERISH.isdisjoint(word.lower() for word in heard[-8:]):
        return None
    scale = {"F": " Fahrenheit", "C": " Celsius", "K": " Kelvin", None: ""}[letter]
    one = match.group(1) == "1" and not match.group(3)
    said = f"{_ranged(match, 1, 2, 3)} {'degree' if one else 'degrees'}{scale}"
    return onward(text, match.end(), said)


def _scaled(text: str, start: int) -> Reading | None:
    match = _SCALED.match(text, start)
    if match is None:
        return None
    letter = match.group(4)
    if "." not in match.group(1) and (letter == "B" or (letter == "M" and len(match.group(1)) < 2)):
        return None  # "3B" is a door, not a sum
    if letter == "K" and (match.group(1) == "4" or _RACES.match(text, match.end())):
        return Reading(match.end(), f"{number(match.group(1))} K")
    plus = " plus" if match.group(5) else ""
    return Reading(match.end(), f"{_ranged(match, 1, 2, 3)} {_SCALES[letter]}{plus}")


def _quantity(text: str, start: int, heard: Heard) -> Reading | None:
    match = _QUANTITY.match(text, start)
    if match is None:
        return None
    gap, written = match.group(9), match.group(10)
    named = _unit(text, match.end(10), written, gap)
    if named is None:
        return None
    one, many = named
    if match.group(11):
        word = "square" if match.group(11) in "2\u00b2" else "cubic"
        one, many = f"{word} {one}", f"{word} {many}"
    said = _amount(match) + (" plus" if match.group(8) else "")
    end = match.end()
    if gap == "-" or _is_adjective(text, end, heard, one):
        joined = "-" if " " not in f"{said}{one}" else " "
        return Reading(end, f"{said}{joined}{one}")
    single = match.group(7) is None and (match.group(3) == "1" or match.group(1))
    said = f"{said} {one if single and not match.group(4) else many}"
    if rate := _RATE.match(text, end):
        joined = "a" if one == "time" else "per"
        return Reading(rate.end() - _ends(text, rate), f"{said} {joined} {per(rate.group(1))}")
    if text[end : end + 1] == "." and written != "%":
        return shortened(text, end, said, may_end=True)
    return onward(text, end, said)


def _ends(text: str, rate: re.Match[str]) -> int:
    """1 if the point that the rate took was the end of the sentence, else 0."""
    if not rate.group().endswith("."):
        return 0
    return int(shortened(text, rate.end() - 1, "", may_end=True).end < rate.end())


def _unit(text: str, end: int, written: str, gap: str) -> tuple[str, str] | None:
    plain = written.replace(".", "").lower()
    if plain.startswith("sq") and plain != "sqft":
        name = unit(plain[2:].strip(" -")) or ("inch", "inches")
        return f"square {name[0]}", f"square {name[1]}"
    if plain.startswith("fl"):
        return "fluid ounce", "fluid ounces"
    if plain == "in":
        inch = gap != " " or _INCH_ENDS.match(text, end)
        return ("inch", "inches") if inch else None
    if gap == " " and plain in _SPACED_WORDS:
        return None
    if gap == "-" and len(plain) == 1:
        return None
    return unit(written)


def _amount(match: re.Match[str]) -> str:
    if match.group(1):
        return fraction(int(match.group(1)), int(match.group(2)))
    if match.group(4):
        whole, above, below = (int(n.replace(",", "")) for n in match.group(3, 4, 5))
        return mixed(whole, above, below)
    return _ranged(match, 3, 6, 7)


def _ranged(match: re.Match[str], low: int, dash: int, high: int) -> str:
    said = number(match.group(low))
    return f"{said} to {number(match.group(high))}" if match.group(dash) else said


def _is_adjective(text: str, end: int, heard: Heard, one: str) -> bool:
    if one in {"percent", "time", "C C"} or text[end : end + 1] == "/":
        return False
    return last(heard) in _ADJECTIVAL and _NOUN_FOLLOWS.match(text, end) is not None
