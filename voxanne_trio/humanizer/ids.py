"""What is read character by character: codes, account numbers, ZIPs, part numbers. Pure.

Told by the words before it ("your code is", "ending in") or by mixing letters and digits.
"""

from __future__ import annotations

import re
from typing import Final

from .numbers import digits, house, number, year
from .reading import Heard, Reading
from .units import unit

# ruff: noqa: SIM905 - word lists read best as text
_RUN: Final = re.compile(
    r"#?([A-Za-z0-9]{1,40}(?:-[A-Za-z0-9]{1,40}){0,5}"
    r"(?: [0-9]{3,4}(?![0-9A-Za-z:%,-]|\.[0-9])){0,4})"
    r"(?![A-Za-z0-9]|[,.:/'][0-9]|%)"
)
_MIXED: Final = re.compile(
    r"[A-Za-z]{0,12}[0-9][A-Za-z0-9]{0,30}(?:-[A-Z0-9]{1,20}(?![a-z])){0,4}(?![A-Za-z0-9])"
)
_RETIREMENT: Final = re.compile(r"(40[13])(?:\(([kb])\)|([kKbB])(?![A-Za-z0-9]))")
_LETTERS_DASH: Final = re.compile(r"[A-Z]{1,5}-[0-9]{1,12}(?:-[A-Z0-9]{1,12}){0,3}(?![A-Za-z0-9])")
_PARTS: Final = re.compile(r"[A-Za-z]+|[0-9]+")
_ZIP_FOLLOWS: Final = re.compile(r"[0-9]{5}(?= (?:ZIP|zip|Zip)\b)")
_NEXT_WORD: Final = re.compile(r" ?-?([A-Za-z]+)")

_STRONG: Final = frozenset(
    "code codes pin zip zipcode passcode password passkey confirmation account acct reference ref "
    "tracking mrn npi serial license licence id ids ending ends otp conf".split()
)
_WEAK: Final = frozenset(
    "card order case ticket invoice claim policy member chart record group number booking "
    "appointment registration extension ext visa mastercard amex digits".split()
)
_LINKS: Final = frozenset(
    "is are number numbers no of the your my our as was be in with it's id code digits four last "
    "following ending this that here's be s reads card # 4".split()
)
_COUNTED: Final = frozenset(
    "am pm a.m p.m minutes minute hours hour days day weeks week months month years year dollars "
    "units people patients percent times points miles feet".split()
)


def read_announced(text: str, start: int, heard: Heard) -> Reading | None:
    """What follows "code", "account number", "ending in" and their like."""
    if zip_code := _ZIP_FOLLOWS.match(text, start):
        return Reading(zip_code.end(), digits(zip_code.group()))
    strength = _announced(heard)
    match = _RUN.match(text, start) if strength else None
    if match is None:
        return None
    run = match.group(1)
    count = sum(c.isdigit() for c in run)
    least = 3 if heard[-1].lower() in {"extension", "ext"} else 4
    if not count or (strength == 1 and count < least and run.isdigit()) or len(run) == 1:
        return None
    following = _NEXT_WORD.match(text, match.end())
    if following and (following.group(1).lower() in _COUNTED or unit(following.group(1))):
        return None
    if run[:1].isdigit() and not run.isdigit() and unit(run.lstrip("0123456789")):
        return None
    return Reading(match.end(), spelled(run))


def _announced(heard: Heard) -> int:
    """2 after a word that only codes follow, 1 after one that may count things, 0 otherwise."""
    strength, counted = 0, False
    for heard_word in reversed(heard[-5:]):
        word = heard_word.lower()
        if word == "last":
            return 2 if counted else 0
        counted = counted or word in {"four", "4", "digits"}
        if word in _STRONG:
            return 2
        if word in _WEAK:
            strength = 1
        if word not in _LINKS:
            break
    return strength


def read_retirement(text: str, start: int, heard: Heard) -> Reading | None:
    """ "401(k)"."""
    match = _RETIREMENT.match(text, start)
    if match is None:
        return None
    return Reading(match.end(), f"{house(match.group(1))} {match.group(2) or match.group(3)}")


def read_mixed(text: str, start: int, heard: Heard) -> Reading | None:
    """Letters and digits in one: "B12" is said, "B7K29" is spelled."""
    match = _MIXED.match(text, start) or _LETTERS_DASH.match(text, start)
    if match is None or match.group().replace("-", "").isdigit():
        return None
    run = match.group()
    parts = _PARTS.findall(run)
    if len(parts) < 2:
        return None
    count = sum(map(str.isdigit, run))
    if len(parts) == 2 and len(parts[0]) < 4 and _RECENT.fullmatch(parts[1]):
        return Reading(match.end(), f"{parts[0]} {year(int(parts[1]))}")
    if (len(parts) > 3 and len(run) > 4) or (count > 3 and run.upper() == run):
        return Reading(match.end(), spelled(run))
    said = [_part(part) for part in parts]
    return Reading(match.end(), " ".join(said))


def _part(part: str) -> str:
    if part.isdigit():
        return digits(part) if len(part) > 3 or part[0] == "0" else house(part)
    return part.upper() if len(part) == 1 else part


def spelled(run: str) -> str:
    """Every letter and digit by itself, a comma where the written form has a break."""
    groups = [group for group in re.split("[- ]+", run) if group]
    said = [" ".join(_character(c) for c in group) for group in groups]
    return ", ".join(said)


def _character(character: str) -> str:
    return digits(character) if character.isdigit() else character.upper()


_NUMBER_SIGN: Final = re.compile(r"# ?(?=([A-Za-z]{0,4}-?[0-9]{1,20}))")
_RECENT: Final = re.compile("(?:19[5-9]|20[0-9])[0-9]")
_LABELLED: Final = re.compile(
    r"\.?,? ?(?:[Nn]o\.? ?|[Nn]umber )?#? ?([0-9]{1,6})(-?[A-Za-z](?![A-Za-z]))?"
    r"(?![0-9A-Za-z%$]|[.,:/-][0-9])"
)
_LABELS: Final = {
    "suite": "Suite",
    "ste": "Suite",
    "apt": "Apartment",
    "apartment": "Apartment",
    "unit": "Unit",
    "room": "Room",
    "rm": "Room",
    "bldg": "Building",
    "building": "Building",
    "box": "Box",
    "highway": "Highway",
    "hwy": "Highway",
    "route": "Route",
    "exit": "Exit",
    "fl": "Floor",
}
LABELS: Final = tuple(_LABELS)


def read_label(text: str, start: int, heard: Heard) -> Reading | None:
    """ "Suite 310", "Apt. 4B", "Room 204": numbers that name a place are read in pairs."""
    end = start
    while end < len(text) and text[end].isalpha():
        end += 1
    written = text[start:end]
    match = _LABELLED.match(text, end)
    if match is None or (
        written.lower() in {"fl", "unit", "exit", "room"}
        and written.islower()
        and len(match.group(1)) < 3
    ):
        return None
    name = _LABELS[written.lower()]
    name = name.lower() if written.islower() else name
    letter = f" {match.group(2).strip('-').upper()}" if match.group(2) else ""
    return Reading(match.end(), f"{name} {house(match.group(1))}{letter}")


def read_number_sign(text: str, start: int, heard: Heard) -> Reading | None:
    """ "#4", "# 4821", "order #B-12"."""
    match = _NUMBER_SIGN.match(text, start)
    if match is None:
        return None
    end = match.end()
    announced = read_announced(text, end, [*heard, "code"])
    prefix = "" if heard and heard[-1].lower() in {"number", "no"} else "number "
    written = match.group(1)
    if announced and (len(written) > 3 or not written.isdigit()):
        return Reading(announced.end, prefix + announced.spoken)
    if written.isdigit():
        return Reading(end + len(written), prefix + number(written))
    return None
