"""Years and decades, told from other numbers by what stands near them. Pure."""

from __future__ import annotations

import re
from typing import Final

from .numbers import DASH, below_hundred, cardinal, year
from .reading import Heard, Reading, last

# ruff: noqa: SIM905 - word lists read best as text
_YEARS: Final = re.compile(
    rf"([12][0-9]{{3}})(?:({DASH})([12][0-9]{{3}}|[0-9]{{2}}))?(?![\w%$]|[.,:/-][0-9])"
)
_OUR_DAYS: Final = re.compile("(?:19|20)[0-9]{2}")
_COUNTED: Final = re.compile(
    r" ?-?(?:[a-z]+s|people|percent|mg|mcg|ml|cc|lbs?|kg|ft|square|sq|calorie|unit|dollar)\b"
)
_JOINED: Final = re.compile(rf"(?: to | or | and |{DASH})([0-9,]+)")
_YEARLY: Final = frozenset(
    "in since year from until during before after around circa class spring summer fall autumn "
    "winter early late mid by of for copyright established fy".split()
)


def read_year(text: str, start: int, heard: Heard) -> Reading | None:
    """Four digits that are a year by what is near them, or by being of our days."""
    match = _YEARS.match(text, start)
    if match is None:
        return None
    first, before = int(match.group(1)), last(heard)
    counted = _COUNTED.match(text, match.end()) is not None
    joined = _JOINED.match(text, match.end())
    if (
        joined
        and not _OUR_DAYS.fullmatch(joined.group(1))
        and before not in {"from", "since", "in", "year"}
    ):
        return None
    told = before in _YEARLY and (1500 <= first < 2100 or before == "year")
    if counted and not (told and before in {"since", "year", "in"} and first != 2000):
        return None
    if not (told and before not in {"of", "for", "by", "around"}) and not 1900 <= first < 2100:
        return None
    if match.group(2) is None:
        return Reading(match.end(), year(first))
    second = match.group(3)
    if len(second) == 2:
        return Reading(match.end(), f"{year(first)} to {below_hundred(int(second))}")
    return Reading(match.end(), f"{year(first)} to {year(int(second))}")


_DECADE: Final = re.compile(r"'?((?:[12][0-9])?[0-9]0)'?s(?![A-Za-z0-9])")
_CLASS_OF: Final = re.compile(r"'([0-9]{2})(?![0-9A-Za-z'])")


def read_decade(text: str, start: int, heard: Heard) -> Reading | None:
    """ "1980s", "the '90s", "in her 40s", "class of '26"."""
    if match := _DECADE.match(text, start):
        n = int(match.group(1))
        said = year(n) if n >= 100 else cardinal(n)
        said = f"{said[:-1]}ies" if said.endswith("y") else f"{said}s"
        return Reading(match.end(), said)
    if match := _CLASS_OF.match(text, start):
        return Reading(match.end(), below_hundred(int(match.group(1))))
    return None
