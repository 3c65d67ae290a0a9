"""Shortened words, titles, initials, and words written with a slash. Pure."""

from __future__ import annotations

import re
from typing import Final

from .reading import Heard, Reading, last, shortened

# ruff: noqa: SIM905 - word lists read best as text
_TITLES: Final = {
    "Mr": "Mister",
    "Mrs": "Missus",
    "Ms": "Ms",
    "Mx": "Mix",
    "Prof": "Professor",
    "Rev": "Reverend",
    "Sgt": "Sergeant",
    "Capt": "Captain",
    "Lt": "Lieutenant",
    "Col": "Colonel",
    "Gen": "General",
    "Hon": "Honorable",
    "Gov": "Governor",
    "Fr": "Father",
    "Sen": "Senator",
    "Jr": "Junior",
    "Sr": "Senior",
    "Mt": "Mount",
    "Ft": "Fort",
}
_ALWAYS: Final = {
    "approx": "approximately",
    "apx": "approximately",
    "vs": "versus",
    "etc": "et cetera",
    "appt": "appointment",
    "appts": "appointments",
    "apt": "apartment",
    "dept": "department",
    "depts": "departments",
    "govt": "government",
    "misc": "miscellaneous",
    "incl": "including",
    "excl": "excluding",
    "avg": "average",
    "tel": "telephone",
    "hosp": "hospital",
    "asst": "assistant",
    "assoc": "associate",
    "mgr": "manager",
    "mgmt": "management",
    "pkg": "package",
    "qty": "quantity",
    "rx": "prescription",
    "tx": "treatment",
    "dx": "diagnosis",
    "hx": "history",
    "lbs": "pounds",
    "hrs": "hours",
    "mins": "minutes",
    "secs": "seconds",
    "yrs": "years",
    "wks": "weeks",
    "hr": "hour",
    "yr": "year",
    "wk": "week",
    "mg": "milligrams",
    "ml": "milliliters",
    "mcg": "micrograms",
    "cc": "C C",
    "ccs": "C C",
    "kg": "kilograms",
    "tbsp": "tablespoon",
    "tsp": "teaspoon",
    "oz": "ounces",
    "aka": "also known as",
    "pls": "please",
    "thx": "thanks",
    "ste": "Suite",
    "bldg": "building",
    "intl": "international",
    "natl": "national",
    "univ": "university",
    "addl": "additional",
    "temp": "temperature",
    "ext": "extension",
    "acct": "account",
    "pts": "patients",
    "min": "minute",
    "est": "established",
    "max": "maximum",
    "ctr": "center",
    "inc": "incorporated",
    "ltd": "limited",
    "corp": "corporation",
    "co": "company",
    "jan": "January",
    "sq": "square",
    "ft": "feet",
    "vol": "volume",
    "fig": "figure",
    "pg": "page",
    "ave": "avenue",
    "blvd": "boulevard",
}
_ONLY_POINTED: Final = frozenset(
    "apt temp min est max ctr inc ltd corp co jan sq ft vol fig pg rx tx incl asst oz".split()
)
"""Words of their own, or names, when no point follows."""

_CAPITAL: Final = frozenset({"Rx", "Tx", "Dx", "Hx"})
_KEEPS_CAPITAL: Final = frozenset("Inc Ltd Corp Co Dept Univ Ctr Hosp Assoc Asst".split())
_MAY_END: Final = frozenset(
    "etc inc ltd corp co hrs mins yrs wks lbs mg ml kg jr sr appt appts".split()
)
_FOLLOWS_NAME: Final = frozenset("inc ltd corp co".split())
_POINTED: Final = {
    "e.g": "for example",
    "i.e": "that is",
    "a.k.a": "also known as",
    "a.m": "AM",
    "p.m": "PM",
    "b.i.d": "twice a day",
    "t.i.d": "three times a day",
    "q.i.d": "four times a day",
    "q.d": "once a day",
    "p.r.n": "as needed",
    "p.o": "by mouth",
    "r.s.v.p": "RSVP",
    "a.s.a.p": "ASAP",
    "w.r.t": "with regard to",
}
_SLASHED: Final = {
    "w/o": "without",
    "w/in": "within",
    "w/": "with",
    "b/c": "because",
    "b/w": "between",
    "c/o": "care of",
    "n/a": "not applicable",
    "f/u": "follow-up",
    "s/p": "after",
    "h/o": "history of",
    "r/o": "rule out",
    "a/c": "AC",
    "y/o": "year old",
    "i/v": "IV",
    "and/or": "and or",
}
_POINTS: Final = re.compile(r"(?:[A-Za-z]{1,3}\.){1,5}[A-Za-z](?![A-Za-z])")
_SLASHES: Final = re.compile(r"([A-Za-z]{1,3}/(?:in|or|[A-Za-z](?![A-Za-z]))?)(?![A-Za-z0-9])")
_WITH: Final = re.compile(r"[wW]/(?=[A-Za-z0-9$])")
_INITIAL: Final = re.compile(r"([A-Z])\.(?= [A-Z](?:[a-z']|\. ))")
_LETTERED: Final = frozenset(
    "vitamin plan hepatitis type grade option part group unit suite section exhibit building "
    "apartment room class category tier step level phase schedule is was and or".split()
)
_SPACES: Final = frozenset({" "})
_FIGURES: Final = frozenset("0123456789")
_EVERY: Final = re.compile(
    r"[qQ] ?([0-9]{1,2})(?:-([0-9]{1,2}))? ?([hH](?:rs?|ours?)?|[dD])(?![A-Za-z])"
)
_NUMBERED: Final = frozenset("policy account phone room suite order case the is at ref".split())
_NUMBER_FOLLOWS: Final = re.compile(r"\.? ?#? ?(?=[0-9])")

WORDS: Final = (*(word.lower() for word in _TITLES), *_ALWAYS)


def read(text: str, start: int, heard: Heard) -> Reading | None:
    """A shortened word or a title that begins here."""
    end = start
    while end < len(text) and text[end].isalpha():
        end += 1
    written = text[start:end]
    pointed = text[end : end + 1] == "."
    if written in _TITLES:
        if written in {"Jr", "Sr"}:
            return shortened(text, end, _TITLES[written], may_end=True)
        if written == "Ms" or (not pointed and written not in {"Mr", "Mrs", "Prof"}):
            return shortened(text, end, "Ms") if written == "Ms" and pointed else None
        return shortened(text, end, _TITLES[written])
    short = written.lower()
    full = _ALWAYS.get(short)
    if full is None or (short in _ONLY_POINTED and not pointed and written not in _CAPITAL):
        return None
    if (
        short in _ONLY_POINTED
        and shortened(text, end, "").end == end
        and short in {"min", "max", "co"}
    ):
        return None if short == "co" and not last(heard) else shortened(text, end, full)
    if short in _FOLLOWS_NAME and not heard[-1:]:
        return None
    if written in _KEEPS_CAPITAL or (written[0].isupper() and not last(heard)):
        full = full[0].upper() + full[1:]
    return shortened(text, end, full, may_end=short in _MAY_END)


def read_pointed(text: str, start: int, heard: Heard) -> Reading | None:
    """Letters with points between: "e.g.", "p.m.", "U.S.", "M.D.", and initials before a name."""
    if match := _POINTS.match(text, start):
        letters = match.group()
        known = _POINTED.get(letters.lower()) if letters != "P.O" else None
        if known:
            return shortened(text, match.end(), known, may_end=known in {"AM", "PM", "ASAP"})
        if letters.isupper() or letters in {"Ph.D", "Psy.D", "Pharm.D"}:
            return shortened(text, match.end(), letters.replace(".", ""))
    match = _INITIAL.match(text, start)
    if match is None or match.group(1) == "I" or last(heard) in _LETTERED:
        return None
    named = not last(heard) or heard[-1][:1].isupper()
    return Reading(match.end(), match.group(1)) if named else None


def read_slashed(text: str, start: int, heard: Heard) -> Reading | None:
    """ "w/o", "n/a" and their like."""
    if match := _SLASHES.match(text, start):
        written = match.group(1)
        known = _SLASHED.get(written.lower())
        if known:
            return Reading(match.end(), known)
    if match := _WITH.match(text, start):
        return Reading(match.end(), "with ")
    return None


def read_every(text: str, start: int, heard: Heard) -> Reading | None:
    """ "q6h", "q4-6h": every six hours."""
    match = _EVERY.match(text, start)
    if match is None:
        return None
    unit = "days" if match.group(3) in "dD" else "hours"
    to = f" to {match.group(2)}" if match.group(2) else ""
    return Reading(match.end(), f"every {match.group(1)}{to} {unit}")


def read_x(text: str, start: int, heard: Heard) -> Reading | None:
    """ "x 3 nights": times three."""
    times = text[start + 1 : start + 2] in _SPACES and text[start + 2 : start + 3] in _FIGURES
    return Reading(start + 1, "times") if times and last(heard) else None


def read_no(text: str, start: int, heard: Heard) -> Reading | None:
    """ "No. 5": number five."""
    match = _NUMBER_FOLLOWS.match(text, start + 2)
    if text[start] == "n" and last(heard) not in _NUMBERED:
        return None
    if match is None or not match.group().startswith("."):
        return None
    return Reading(match.end(), "number ")
