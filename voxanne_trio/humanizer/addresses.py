"""Street addresses, and the shortened words that only make sense in them. Pure."""

from __future__ import annotations

import re
from typing import Final

from .numbers import digits, house, ordinal
from .reading import Heard, Reading, last, shortened

# ruff: noqa: SIM905 - word lists read best as text
_SUFFIXES: Final = {
    "St": "Street",
    "Ave": "Avenue",
    "Av": "Avenue",
    "Blvd": "Boulevard",
    "Rd": "Road",
    "Dr": "Drive",
    "Ln": "Lane",
    "Ct": "Court",
    "Pl": "Place",
    "Pkwy": "Parkway",
    "Hwy": "Highway",
    "Sq": "Square",
    "Ter": "Terrace",
    "Cir": "Circle",
    "Expy": "Expressway",
    "Plz": "Plaza",
    "Trl": "Trail",
    "Fwy": "Freeway",
    "Aly": "Alley",
}
_WHOLE: Final = (
    "Street Avenue Boulevard Road Drive Lane Court Place Parkway Highway Square Terrace Circle Way "
    "Plaza Trail Freeway Alley Row Broadway Loop Walk"
).split()
_SIDES: Final = {
    "N": "North",
    "S": "South",
    "E": "East",
    "W": "West",
    "NE": "Northeast",
    "NW": "Northwest",
    "SE": "Southeast",
    "SW": "Southwest",
}
_SIDE: Final = r"(?:NE|NW|SE|SW|[NSEW]|North|South|East|West)\b\.?"
_ADDRESS: Final = re.compile(
    rf"([0-9]{{1,6}})(?:-([0-9]{{1,4}}))?([A-Za-z](?= ))? ((?:{_SIDE} )?"
    rf"(?:(?:[A-Z][A-Za-z']{{1,19}}\.?|[0-9]{{1,3}}(?:st|nd|rd|th)) ){{0,4}}?)"
    rf"({'|'.join(_SUFFIXES)}|{'|'.join(_WHOLE)})(?![A-Za-z'])((?:\.?,? {_SIDE}(?!\.? ?[a-z]))?)"
)
_ROAD: Final = re.compile(
    rf"({_SIDE} )?([0-9]{{1,3}})(?:st|nd|rd|th) ({'|'.join(_SUFFIXES)})(?![A-Za-z])"
)
_POINTED_SIDE: Final = re.compile(r"(N|S|E|W)\.(?= (?:[A-Z][a-z]|of\b|[0-9]))")
_INNER: Final = {"St": "Saint", "Mt": "Mount", "Ft": "Fort", "Dr": "Doctor", **_SIDES}
_NTH: Final = re.compile(r"([0-9]+)(?:st|nd|rd|th)")
_CAPITAL: Final = re.compile(r"\.? ([A-Z][A-Za-z]+)")
_MORE_ADDRESS: Final = frozenset("Suite Ste Apt Unit Floor Room Building And N S E W".split())
_PART_OF_NAME: Final = frozenset("north south east west mount port lake old new mt sault".split())
STREET_WORDS: Final = tuple(word.lower() for word in _SUFFIXES if word not in {"St", "Dr"})
SIDE_WORDS: Final = tuple(_SIDES)


def read(text: str, start: int, heard: Heard) -> Reading | None:
    """ "250 N. Oak Ave", "12 Main St.", "350 5th Ave"."""
    match = _ADDRESS.match(text, start)
    if match is None:
        return None
    inner, suffix = match.group(4), match.group(5)
    if not inner.strip() and suffix not in {"Broadway", "Hwy", "Highway"}:
        return None
    number = house(match.group(1)) + (f" {digits(match.group(2))}" if match.group(2) else "")
    if match.group(3):
        number += f" {match.group(3).upper()}"
    words = [number, *(_word(word) for word in inner.split()), _SUFFIXES.get(suffix, suffix)]
    side = match.group(6).strip(". ,")
    if side:
        words.append(_SIDES.get(side, side))
    said, end = " ".join(words), match.end()
    if match.group(6).endswith("."):
        end -= 1
    return shortened(text, end, said, may_end=True)


def read_street(text: str, start: int, heard: Heard) -> Reading | None:
    """ "Ave.", "Blvd", "Rd" and their like, after a name."""
    end = _word_end(text, start)
    written = text[start:end]
    full = _SUFFIXES.get(written)
    if full is None or not _named(heard):
        return None
    return shortened(text, end, full, may_end=True)


def read_saint(text: str, start: int, heard: Heard) -> Reading | None:
    """ "St.": Saint before a name, Street after one."""
    end = _word_end(text, start)
    if text[start:end] != "St":
        return None
    following = _CAPITAL.match(text, end)
    before = heard[-1] if last(heard) else ""
    after_name = bool(before[:1].isupper() or _NTH.fullmatch(before))
    opens = len(heard) < 2 or heard[-2] == "."
    begins = not after_name or opens or before.lower() in _PART_OF_NAME
    if begins and following and following.group(1) not in _MORE_ADDRESS:
        return Reading(end + (text[end : end + 1] == "."), "Saint")
    if after_name:
        return shortened(text, end, "Street", may_end=True)
    return Reading(end + 1, "Saint") if text[end : end + 1] == "." and following else None


def read_doctor(text: str, start: int, heard: Heard) -> Reading | None:
    """ "Dr.": Doctor, unless it ends the name of a road."""
    end = _word_end(text, start)
    if text[start:end] not in {"Dr", "Drs", "DR"}:
        return None
    if text[start:end] == "Drs":
        return Reading(end + (text[end : end + 1] == "."), "Doctors")
    following = _CAPITAL.match(text, end)
    before = heard[-1] if last(heard) else ""
    named = before[:1].isupper() and len(heard) > 1 and heard[-2] != "."
    if following and (not named or following.group(1) not in _MORE_ADDRESS):
        return Reading(end + (text[end : end + 1] == "."), "Doctor")
    if named:
        return shortened(text, end, "Drive", may_end=True)
    return shortened(text, end, "Doctor")


def read_side(text: str, start: int, heard: Heard) -> Reading | None:
    """ "W 42nd St", and "N. Main" where a point shows that a word was shortened."""
    if match := _ROAD.match(text, start):
        side = (match.group(1) or "").strip(". ")
        nth = ordinal(int(match.group(2)))
        words = [_SIDES.get(side, side), nth, _SUFFIXES[match.group(3)]]
        return shortened(text, match.end(), " ".join(w for w in words if w), may_end=True)
    if match := _POINTED_SIDE.match(text, start):
        return Reading(match.end(), _SIDES[match.group(1)])
    return None


def _word(word: str) -> str:
    if match := _NTH.fullmatch(word):
        return ordinal(int(match.group(1)))
    plain = word.rstrip(".")
    return _INNER.get(plain, plain)


def _named(heard: Heard) -> bool:
    return bool(last(heard)) and (heard[-1][:1].isupper() or bool(_NTH.fullmatch(heard[-1])))


def _word_end(text: str, start: int) -> int:
    end = start
    while end < len(text) and text[end].isalpha():
        end += 1
    return end


_STATES: Final = dict(
    pair.split(":")
    for pair in (
        "AL:Alabama AK:Alaska AZ:Arizona AR:Arkansas CA:California CO:Colorado CT:Connecticut "
        "DE:Delaware FL:Florida GA:Georgia HI:Hawaii ID:Idaho IL:Illinois IN:Indiana IA:Iowa "
        "KS:Kansas KY:Kentucky LA:Louisiana ME:Maine MD:Maryland MA:Massachusetts MI:Michigan "
        "MN:Minnesota MS:Mississippi MO:Missouri MT:Montana NE:Nebraska NV:Nevada NH:New_Hampshire "
        "NJ:New_Jersey NM:New_Mexico NY:New_York NC:North_Carolina ND:North_Dakota OH:Ohio "
        "OK:Oklahoma OR:Oregon PA:Pennsylvania RI:Rhode_Island SC:South_Carolina SD:South_Dakota "
        "TN:Tennessee TX:Texas UT:Utah VT:Vermont VA:Virginia WA:Washington WV:West_Virginia "
        "WI:Wisconsin WY:Wyoming DC:DC"
    ).split()
)
STATE_WORDS: Final = tuple(state.lower() for state in _STATES)
_ONLY_WITH_ZIP: Final = frozenset("OK HI OR IN ME ID PA MA MD MS DC CT AL DE LA".split())
_ZIP: Final = re.compile(r",? ([0-9]{5})(?:-([0-9]{4}))?(?![0-9])")


def read_state(text: str, start: int, heard: Heard) -> Reading | None:
    """ ", NY 10013": the state by its name and the ZIP by its digits."""
    state = text[start : start + 2]
    if state not in _STATES or text[start + 2 : start + 3].isalnum():
        return None
    name = _STATES[state].replace("_", " ")
    if match := _ZIP.match(text, start + 2):
        said = ", ".join(digits(group) for group in match.groups() if group)
        return Reading(match.end(), f"{name} {said}")
    after_comma = text[max(0, start - 2) : start] == ", "
    if state in _ONLY_WITH_ZIP or not after_comma or not last(heard) or not heard[-1][:1].isupper():
        return None
    return Reading(start + 2, name)
