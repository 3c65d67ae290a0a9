"""Telephone numbers: digit words in groups, a comma between groups. Pure."""

from __future__ import annotations

import re
from typing import Final

from .numbers import below_hundred, digits
from .reading import Heard, Reading

# ruff: noqa: SIM905 - word lists read best as text
_GROUPED: Final = re.compile(
    r"(\+?1[-. ]{0,2}(?=[(0-9]))?(?:\(([0-9]{3})\) ?[-.]? ?|([0-9]{3})(?:[-./]| ?- ?| ))"
    r"([0-9]{3})(?:[-.]| ?- ?| )([0-9]{4})(?![0-9]|[-.][0-9])"
)
_SOLID: Final = re.compile(
    r"(?:(\+1)([0-9]{3})([0-9]{3})|(1)?([2-9][0-9]{2})([2-9][0-9]{2}))([0-9]{4})(?![0-9]|[-.][0-9])"
)
_LOCAL: Final = re.compile(r"([0-9]{3})-([0-9]{4})(?![0-9]|[-.,][0-9]|[A-Za-z%])")
_VANITY: Final = re.compile(
    r"(?:(1)[-. ])?(8[0-9]{2}|9[0-9]{2})[-. ](?:([0-9]{3})[-. ])?([A-Z]{2,9})(?:-([A-Z0-9]{2,9}))?"
    r"(?![A-Za-z0-9])"
)
_ABROAD: Final = re.compile(
    r"\+([0-9]{1,3})((?:[-. ]\(?[0-9]{1,5}\)?){2,6})(?![0-9])|\+([0-9]{7,15})(?![0-9])"
)
_EXTENSION: Final = re.compile(
    r"[,;]? ?\(?(?:x|[Ee]xt\.?|[Ee]xtension) ?#?([0-9]{1,6})(?![0-9A-Za-z])\)?"
)
_SERVICE: Final = re.compile(r"([2-9]11|988)(?![0-9]|[-.,:/][0-9]|[A-Za-z%]| ?(?:mg|ml|units))")
_SHORT_CODE: Final = re.compile(r"([0-9]{5,6})(?![0-9A-Za-z]|[-.,/][0-9])")

_CALLING: Final = frozenset(
    "call calling called phone number text dial dialing fax reach cell mobile contact "
    "ring tel telephone office line at".split()
)

_TEXTING: Final = frozenset({"text", "send", "reply"})


def read(text: str, start: int, heard: Heard) -> Reading | None:
    """Any telephone number that begins here, its extension included."""
    found = _grouped(text, start) or _local(text, start, heard) or _unusual(text, start)
    if found is None:
        return None
    if extension := _EXTENSION.match(text, found.end):
        number = extension.group(1)
        said = below_hundred(int(number)) if len(number.lstrip("0")) < 3 else digits(number)
        if number.startswith("0"):
            said = digits(number)
        return Reading(extension.end(), f"{found.spoken}, extension {said}")
    return found


def _grouped(text: str, start: int) -> Reading | None:
    match = _GROUPED.match(text, start) or _SOLID.match(text, start)
    if match is None:
        return None
    groups = [digits(group) for group in match.groups() if group]
    return Reading(match.end(), ", ".join(group for group in groups if group))


def _local(text: str, start: int, heard: Heard) -> Reading | None:
    match = _LOCAL.match(text, start)
    if match is None:
        return None
    called = any(word.lower() in _CALLING for word in heard[-4:])
    if match.group(1) == "555" or match.group(2).startswith("0") or called:
        return Reading(match.end(), f"{digits(match.group(1))}, {digits(match.group(2))}")
    return None


def _unusual(text: str, start: int) -> Reading | None:
    if match := _VANITY.match(text, start):
        groups = [digits(g) if g.isdigit() else g for g in match.groups() if g]
        return Reading(match.end(), ", ".join(groups))
    if match := _ABROAD.match(text, start):
        country, rest, solid = match.groups()
        if solid:
            groups = [digits(solid[i : i + 3]) for i in range(0, len(solid), 3)]
        else:
            groups = [digits(country), *(digits(g) for g in re.findall("[0-9]+", rest))]
        return Reading(match.end(), f"plus {', '.join(groups)}")
    return None


def read_short(text: str, start: int, heard: Heard) -> Reading | None:
    """911 and its like, and the short codes that texts are sent to."""
    before = [word.lower() for word in heard[-6:]]
    match = _SERVICE.match(text, start)
    if match and not (match.group(1) in {"911", "411"} or _CALLING.intersection(before[-3:])):
        return None
    if not match and before[-1:] == ["to"] and not _TEXTING.isdisjoint(before):
        match = _SHORT_CODE.match(text, start)
    return Reading(match.end(), digits(match.group(1))) if match else None
