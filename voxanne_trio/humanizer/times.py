"""Times of day and ranges of them, in twelve and twenty-four hours, with their zones. Pure."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from .numbers import DASH, below_hundred, cardinal, oh
from .reading import Heard, Reading, shortened

_CLOCK: Final = (
    r"([0-9]{1,2})(?::([0-9]{2})(?::([0-9]{2}))?)?(?![0-9])"
    r"(?: ?([AaPp])(?:\. ?)?[Mm](?![A-Za-z])|([ap])(?![A-Za-z]))?"
)
_TIMES: Final = re.compile(
    rf"{_CLOCK}(?:\.?(?:{DASH}| to | until | till )(?:{_CLOCK}(?![,.%]?[0-9]|%)|(noon|midnight)))?"
)
_CERTAIN: Final = (1, 3, 4, 6, 8, 9, 10)
"""The groups of `_TIMES`, from 0, of which one is there if it is about the time of day."""

_ZONES: Final = {
    **dict.fromkeys(("EST", "EDT", "ET"), "Eastern"),
    **dict.fromkeys(("CST", "CDT", "CT"), "Central"),
    **dict.fromkeys(("MST", "MDT", "MT"), "Mountain"),
    **dict.fromkeys(("PST", "PDT", "PT"), "Pacific"),
}
_ZONE: Final = re.compile(rf"\.? ?\(?({'|'.join(_ZONES)})\)?(?![A-Za-z]| scan)")
_NOON: Final = re.compile(rf"(noon|midnight){DASH}(?=[0-9])", re.IGNORECASE)


class _Clock(NamedTuple):
    hour: int
    minute: int | None  # None when it was not written
    second: int
    half: str  # "AM", "PM" or ""
    padded: bool

    @property
    def certain(self) -> bool:
        return self.minute is not None or bool(self.half)

    @property
    def possible(self) -> bool:
        return self.hour <= 24 and (self.minute or 0) < 60 and self.second < 60

    @property
    def by_24(self) -> bool:
        return not self.half and self.minute is not None and (self.hour > 12 or self.padded)


def read(text: str, start: int, heard: Heard) -> Reading | None:
    """A time or a range of times; a bare hour only where the other end shows that it is one."""
    match = _TIMES.match(text, start)
    if match is None:
        return None
    groups = match.groups()
    if not any(groups[i] for i in _CERTAIN):
        return None
    first, second = _clock(*groups[:5]), None
    end = match.end()
    if groups[5]:
        second = _clock(*groups[5:10])
    if not first.possible or not (first.certain or (second and second.certain)):
        return None
    if second and not (
        second.possible and (second.certain or first.minute is not None or second.hour <= 12)
    ):
        second, end = None, match.end(5 if match.group(5) else 4 if match.group(4) else 2)
        if end < 0:
            return None
    said = _said(first, second)
    if groups[10]:
        said += f" to {groups[10]}"
    return _with_zone(text, end, said, pointed=bool((second or first).half))


def read_noon(text: str, start: int, heard: Heard) -> Reading | None:
    """ "noon-3pm"."""
    match = _NOON.match(text, start)
    return Reading(match.end(), f"{match.group(1)} to") if match else None


def _clock(
    hour: str, minute: str | None, second: str | None, half: str | None, bare: str | None
) -> _Clock:
    letter = half or bare or ""
    return _Clock(
        int(hour),
        int(minute) if minute else None,
        int(second or 0),
        f"{letter.upper()}M" if letter else "",
        padded=len(hour) == 2 and hour[0] == "0",
    )


def _said(first: _Clock, second: _Clock | None) -> str:
    if second is None:
        return _one(first, by_24=first.by_24, alone=True)
    by_24 = first.by_24 or second.by_24
    return f"{_one(first, by_24=by_24)} to {_one(second, by_24=by_24)}"


def _one(clock: _Clock, *, by_24: bool, alone: bool = False) -> str:
    half = clock.half
    if by_24 and not half and clock.minute is not None:
        half = "PM" if 12 <= clock.hour < 24 else "AM"
    words = [cardinal(clock.hour % 12 or 12)]
    if clock.minute:
        words.append(oh(clock.minute))
    elif alone and not half:
        words.append("o'clock")
    if half:
        words.append(half)
    if clock.second:
        words.append(f"and {below_hundred(clock.second)} seconds")
    return " ".join(words)


def _with_zone(text: str, end: int, said: str, *, pointed: bool) -> Reading:
    if zone := _ZONE.match(text, end):
        return Reading(zone.end(), f"{said} {_ZONES[zone.group(1)]}")
    return shortened(text, end, said, may_end=True) if pointed else Reading(end, said)
