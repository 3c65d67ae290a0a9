"""When a clinic is open: its hours as it writes them, read strictly. Pure.

A day is `closed`, `24 hours`, or ranges with commas between them: `9:00 AM-6:00 PM`,
`08:00-12:00, 13:00-17:00`. What cannot be read so is refused when the profile is loaded: a guess
would send callers to a phone that nobody answers. Times are those of the clinic's wall clock, so a
change to summer time changes nothing about them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
WHOLE_DAY: Final = 24 * 60

Range = tuple[int, int]
"""Minutes after midnight: from, and until but not with."""

_RANGE: Final = re.compile(
    r"(\d{1,2})(?::(\d\d))?\s*(am|pm)?\s*(?:-|\u2013|to)\s*(\d{1,2})(?::(\d\d))?\s*(am|pm)?"
)


class BadHours(ValueError):
    """Opening hours that cannot be read; the message is one line."""


def opening(hours: Mapping[str, str]) -> dict[str, tuple[Range, ...]]:
    """The ranges of each day that is named. Raises `BadHours`."""
    return {day: _ranges(day, text) for day, text in hours.items()}


def is_open(hours: Mapping[str, str], time_zone: str, at: float) -> bool:
    """Whether a clinic with such hours is open at that time (seconds, wall clock).

    One that names none always is; one that names some is closed on the days it does not.
    """
    if not hours:
        return True
    return _is_open_in(int(at // 60), time_zone, tuple(hours.items()))


@lru_cache(maxsize=64)  # asked at every event of every call
def _is_open_in(minute: int, time_zone: str, hours: tuple[tuple[str, str], ...]) -> bool:
    local = datetime.fromtimestamp(minute * 60, UTC).astimezone(ZoneInfo(time_zone))
    day, minute_of_day = DAYS[local.weekday()], local.hour * 60 + local.minute
    ranges = _ranges(day, dict(hours).get(day, "closed"))
    return any(start <= minute_of_day < end for start, end in ranges)


def _ranges(day: str, text: str) -> tuple[Range, ...]:
    plain = text.strip().lower().replace(".", "")
    if plain in {"", "closed"}:
        return ()
    if plain in {"24 hours", "open 24 hours"}:
        return ((0, WHOLE_DAY),)
    return tuple(_range(day, text, part.strip()) for part in plain.split(","))


def _range(day: str, text: str, part: str) -> Range:
    found = _RANGE.fullmatch(part)
    if found is not None:
        start = _minute(*found.group(1, 2, 3))
        end = _minute(*found.group(4, 5, 6))
        if start is not None and end is not None:
            end = end or WHOLE_DAY  # until midnight
            if start < end:
                return start, end
    raise BadHours(
        f'[hours] {day} = "{text}" cannot be read: write "closed", "24 hours" or ranges such as '
        '"9:00 AM-6:00 PM"'
    )


def _minute(hour: str, minute: str | None, half: str | None) -> int | None:
    hours, minutes = int(hour), int(minute or 0)
    if half is None:
        known = minute is not None and hours <= 24 and minutes < 60  # "9-5" may be anything
        return hours * 60 + minutes if known and hours * 60 + minutes <= WHOLE_DAY else None
    if not 1 <= hours <= 12 or minutes >= 60:
        return None
    return (hours % 12 + (12 if half == "pm" else 0)) * 60 + minutes
