"""Dates: months with days and years, days of the week, numeric dates. Pure."""

from __future__ import annotations

import re
from typing import Final

from .numbers import DASH, ordinal, year
from .reading import Heard, Reading, last, shortened

# ruff: noqa: SIM905 - word lists read best as text
_MONTHS: Final = (
    "January February March April May June July August September October November December"
).split()
_MONTH: Final = {
    **{name.lower(): name for name in _MONTHS},
    **{name[:3].lower(): name for name in _MONTHS},
    "sept": "September",
}
_DAYS: Final = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_DAY: Final = {
    **{name.lower(): name for name in _DAYS},
    **{f"{name.lower()}s": f"{name}s" for name in _DAYS},
    **{name[:3].lower(): name for name in _DAYS},
    "tues": "Tuesday",
    "weds": "Wednesday",
    "thur": "Thursday",
    "thurs": "Thursday",
}
MONTH_WORDS: Final = tuple(_MONTH)
DAY_WORDS: Final = tuple(_DAY)
SHORT_WORDS: Final = frozenset(
    word
    for word in (*_MONTH, *_DAY)
    if len(word) <= 5 and word not in {"march", "april", "may", "june", "july"}
)
"""Those of them that are shortenings."""

_NAMES: Final = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)[a-z]{0,6}\b"
_NTH: Final = r"(0?[1-9]|[12][0-9]|3[01])(?:st|nd|rd|th)?(?![\w:%]|[.,/][0-9])"
_MONTH_DAY: Final = re.compile(rf"\.? (?:the )?{_NTH}")
_TO_DAY: Final = re.compile(rf"({DASH}| to | through | thru | until )(?:({_NAMES})\.? )?{_NTH}")
_AND_DAY: Final = re.compile(
    rf"((?:, ?and|, ?or| and| or| ?&|,) ){_NTH}"
    r"(?=[ ]*(?:[.,?!;:)]|\Z|(?:and|or|&|at|are|is|work|for|if|in|from|between|would)\b))"
)
_YEAR: Final = re.compile(r",? ((?:19|20)[0-9]{2})(?![0-9:]|[.,][0-9])")
_MONTH_YEAR: Final = re.compile(r"(?:\.?,? (?:of )?|-)((?:19|20)[0-9]{2})(?![0-9:]|[.,][0-9])")
_TO_MONTH: Final = re.compile(rf"\.?{DASH}(?={_NAMES})")
_TO_NAME: Final = re.compile(
    rf"\.?(?:({DASH})|(/))(?=((?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{{0,7}})\b\.?(/)?)"
)
_ISO: Final = re.compile(
    r"((?:19|20)[0-9]{2})([-/.])([0-9]{1,2})\2([0-9]{1,2})(?:(T)(?=[0-9]{2}:)|(?!\w))"
)
_NUMERIC: Final = re.compile(
    r"([0-9]{1,2})([-/.])([0-9]{1,2})\2((?:19|20)[0-9]{2}|[0-9]{2})(?![\w]|[-/.][0-9])"
)
_SLASHED: Final = re.compile(r"([0-9]{1,2})/([0-9]{1,2})(?![\w%]|[/.,][0-9])")
_MONTH_SLASH_YEAR: Final = re.compile(r"([0-9]{1,2})/((?:19|20)[0-9]{2})(?![\w/])")
_DAY_MONTH: Final = re.compile(
    rf"(0?[1-9]|[12][0-9]|3[01])(st|nd|rd|th)? (of )?({_NAMES})"
    r"(?:\.?,? ((?:19|20)[0-9]{2})(?![0-9:]))?"
)
_WORKWEEK: Final = re.compile(rf"M{DASH}(F|Fri|Thu?|Sat?|Sun?|S)\b")
_WORKDAYS: Final = {
    "F": "Friday",
    "Fr": "Friday",
    "Th": "Thursday",
    "S": "Saturday",
    "Sa": "Saturday",
    "Su": "Sunday",
}
_WORD_FOLLOWS: Final = re.compile(
    r" (?!(?:and|or|to|through|from|at|is|only|by|we|before|after|until|morning|afternoon|evening|"
    r"night|hours|works)\b)[A-Za-z]"
)
_TO_SLASHED: Final = re.compile(rf"{DASH}(?=[0-9]{{1,2}}/[0-9])")
_DATED: Final = frozenset(
    "on by until till before after since from starting of through dated".split()
)

_BEFORE_DATE: Final = _DATED | set(_DAY)
_BEFORE_MONTH: Final = _DATED | set(_MONTH) | {"in", "next", "every", "late", "early", "and", "or"}


def read_month(text: str, start: int, heard: Heard) -> Reading | None:
    """ "May 4", "Jan. 6-8, 2027", "June 2026", "Jan-Mar", "in Feb."."""
    end = _word_end(text, start)
    written = text[start:end]
    name = _MONTH.get(written.lower())
    if name is None or not written[0].isupper():
        return None
    if match := _MONTH_DAY.match(text, end):
        return _day_and_more(text, match.end(), f"{name} {ordinal(int(match.group(1)))}")
    if match := _MONTH_YEAR.match(text, end):
        return Reading(match.end(), f"{name} {year(int(match.group(1)))}")
    if match := _TO_MONTH.match(text, end):
        return Reading(match.end(), f"{name} to")
    if (
        written == name
        or written.isupper()
        or (
            written in {"Jan", "Mar", "Jun"}
            and text[end : end + 1] != "."
            and last(heard) not in _BEFORE_MONTH
        )
    ):
        return None
    return shortened(text, end, name, may_end=True)


def _day_and_more(text: str, end: int, said: str) -> Reading:
    if match := _TO_DAY.match(text, end):
        joined = match.group(1).strip(" -\u2010\u2011\u2012\u2013\u2014\u2015") or "to"
        month = f"{_MONTH[match.group(2).lower()]} " if match.group(2) in _known(match) else ""
        said += f" {joined} {month}{ordinal(int(match.group(3)))}"
        end = match.end()
    while match := _AND_DAY.match(text, end):
        joined = match.group(1).replace("&", "and")
        said += f"{joined if joined[0] in ', ' else f' {joined}'}{ordinal(int(match.group(2)))}"
        end = match.end()
    if match := _YEAR.match(text, end):
        return Reading(match.end(), f"{said}, {year(int(match.group(1)))}")
    return Reading(end, said)


def _known(match: re.Match[str]) -> tuple[str, ...]:
    name = match.group(2) or ""
    return (name,) if name.lower() in _MONTH else ()


def read_day(text: str, start: int, heard: Heard) -> Reading | None:
    """ "Tue", "Mon-Thu", "Mon/Wed/Fri"; Sat and Sun only where they cannot be words."""
    end = _word_end(text, start)
    written = text[start:end]
    name = _DAY.get(written.lower())
    if name is None or not written[0].isupper():
        return None
    if (match := _TO_NAME.match(text, end)) and match.group(3).lower() in _DAY:
        if match.group(1):
            return Reading(match.end(), f"{name} to")
        return Reading(match.end(), f"{name}," if match.group(4) else f"{name} and")
    if written == name or (written in {"Sat", "Sun"} and not _is_day(text, end, heard)):
        return None
    return shortened(text, end, name, may_end=True)


def read_workweek(text: str, start: int, heard: Heard) -> Reading | None:
    """ "M-F" and "M-Th", as opening hours are written."""
    match = _WORKWEEK.match(text, start)
    if match is None:
        return None
    last_day = _WORKDAYS[match.group(1)[:2]]
    return Reading(match.end(), f"Monday to {last_day}")


def _is_day(text: str, end: int, heard: Heard) -> bool:
    before = last(heard)
    if before in _DAY or before in {"on", "every", "this", "next", "to", "through"}:
        return True
    if before in {"and", "or"} and last(heard, 2) in _DAY:
        return True
    return before != "the" and not _WORD_FOLLOWS.match(text, end)


def read_numeric(text: str, start: int, heard: Heard) -> Reading | None:
    """ "6/14/2027", "2027-06-14", "6/2027", and "6/14" where a date is expected."""
    if match := _ISO.match(text, start):
        said = _date(int(match.group(3)), int(match.group(4)), int(match.group(1)))
        time = " at" if match.group(5) else ""
        return None if said is None else Reading(match.end(), said + time)
    if match := _NUMERIC.match(text, start):
        written = match.group(4)
        full = int(written) if len(written) == 4 else _full_year(int(written))
        said = _date(int(match.group(1)), int(match.group(3)), full)
        return None if said is None else Reading(match.end(), said)
    if (match := _MONTH_SLASH_YEAR.match(text, start)) and 1 <= int(match.group(1)) <= 12:
        said = f"{_MONTHS[int(match.group(1)) - 1]} {year(int(match.group(2)))}"
        return Reading(match.end(), said)
    if _SLASHED.match(text, start) and (
        last(heard) in _BEFORE_DATE or any(_SLASHED.fullmatch(word) for word in heard[-2:])
    ):
        return slashed(text, start)
    return None


def slashed(text: str, start: int) -> Reading | None:
    """ "6/14" as a date, if it can be one; a range of two of them."""
    match = _SLASHED.match(text, start)
    said = match and _date(int(match.group(1)), int(match.group(2)), None)
    if match is None or said is None:
        return None
    leads = _TO_SLASHED.match(text, match.end())
    if leads and (more := slashed(text, leads.end())):
        return Reading(more.end, f"{said} to {more.spoken}")
    return Reading(match.end(), said)


def read_day_first(text: str, start: int, heard: Heard) -> Reading | None:
    """ "14 June", "the 5th of May, 2027"."""
    match = _DAY_MONTH.match(text, start)
    name = match and _MONTH.get(match.group(4).lower())
    if match is None or name is None:
        return None
    if not match.group(5) and not match.group(2) and name in {"May", "March"}:
        return None  # "at 4 May I come": a verb
    day = ordinal(int(match.group(1)))
    said = f"{day} of {name}" if match.group(3) else f"{name} {day}"
    return Reading(match.end(), f"{said}, {year(int(match.group(5)))}" if match.group(5) else said)


def _date(month: int, day: int, full_year: int | None) -> str | None:
    if month > 12 >= day:
        month, day = day, month
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    said = f"{_MONTHS[month - 1]} {ordinal(day)}"
    return said if full_year is None else f"{said}, {year(full_year)}"


def _full_year(two: int) -> int:
    return 2000 + two if two < 50 else 1900 + two


def _word_end(text: str, start: int) -> int:
    end = start
    while end < len(text) and text[end].isalpha():
        end += 1
    return end
