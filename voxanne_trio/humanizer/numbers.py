"""Numbers as words: cardinals, ordinals, years, digits, fractions. Pure; knows no context.

American usage: no "and" inside a number ("one hundred six"), hyphens only from twenty-one to
ninety-nine.
"""

from __future__ import annotations

from typing import Final

# ruff: noqa: SIM905 - word lists read best as text
_SMALL: Final = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
).split()
_TENS: Final = "- - twenty thirty forty fifty sixty seventy eighty ninety".split()
_SCALES: Final = ("", " thousand", " million", " billion", " trillion")
_SAYABLE_DIGITS: Final = 15
"""Longer numbers are read digit by digit; nobody counts in quadrillions on the phone."""

_ORDINALS: Final = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}

NUMBER: Final = r"(?:[0-9]++(?:,[0-9]{3}(?![0-9]))*+(?:\.[0-9]++)?|\.[0-9]++)"
"""A written number, its commas and decimals included; for use inside of larger patterns."""

DASH: Final = r"\s?[-\u2010-\u2015]{1,2}\s?"
"""What stands between the ends of a range."""


def below_hundred(n: int) -> str:
    """0 to 99."""
    if n < 20:
        return _SMALL[n]
    tens, ones = divmod(n, 10)
    return f"{_TENS[tens]}-{_SMALL[ones]}" if ones else _TENS[tens]


def cardinal(n: int) -> str:
    """Any whole number: "two thousand four hundred", "minus six"."""
    if n < 0:
        return f"minus {cardinal(-n)}"
    if n < 100:
        return below_hundred(n)
    if n >= 10**_SAYABLE_DIGITS:
        return digits(str(n))
    groups: list[str] = []
    for scale in _SCALES:
        n, group = divmod(n, 1000)
        if group:
            groups.append(_below_thousand(group) + scale)
        if not n:
            break
    return " ".join(reversed(groups))


def ordinal(n: int) -> str:
    """ "second", "thirty-third", "one hundredth"."""
    words = cardinal(n)
    cut = max(words.rfind(" "), words.rfind("-")) + 1
    last = words[cut:]
    if last in _ORDINALS:
        last = _ORDINALS[last]
    elif last.endswith("y"):
        last = f"{last[:-1]}ieth"
    elif last.endswith("t"):
        last += "h"
    else:
        last += "th"
    return words[:cut] + last


def digits(text: str) -> str:
    """Digit by digit: "zero zero nine three"; what is no digit is passed over."""
    return " ".join(_SMALL[int(c)] for c in text if "0" <= c <= "9")


def number(text: str) -> str:
    """A written number, with commas and decimals: "four point seven five"."""
    whole, point, decimals = text.replace(",", "").partition(".")
    if len(whole) > _SAYABLE_DIGITS or (len(whole) > 1 and whole[0] == "0"):
        said = digits(whole)
    else:
        said = cardinal(int(whole or "0"))
    return f"{said} point {digits(decimals)}" if point else said


def year(n: int) -> str:
    """ "nineteen ninety-five", "two thousand seven", "twenty twenty-six"."""
    century, rest = divmod(n, 100)
    if not 1000 <= n <= 9999 or n % 1000 < 10:
        return cardinal(n)
    if not rest:
        return f"{cardinal(century)} hundred"
    return f"{cardinal(century)} {oh(rest)}"


def oh(n: int) -> str:
    """The last two of a time, year or house number: "oh five", "fifteen"."""
    return below_hundred(n) if n >= 10 else f"oh {_SMALL[n]}"


def house(text: str) -> str:
    """A number that names a place, in pairs: "two fifty", "three ten", "one oh five"."""
    n = int(text) if len(text) < 5 else 0
    if len(text) > 4 or text.startswith("0"):
        return digits(text)
    if n < 100 or n % 1000 == 0:
        return cardinal(n)
    first, rest = divmod(n, 100)
    return f"{cardinal(first)} {oh(rest) if rest else 'hundred'}"


def fraction(above: int, below: int) -> str:
    """ "one quarter", "two thirds"."""
    if below in {1, 0}:
        return f"{cardinal(above)} over {cardinal(below)}"
    named = {2: "half", 4: "quarter"}.get(below) or ordinal(below)
    if above != 1:
        named = "halves" if below == 2 else f"{named}s"
    return f"{cardinal(above)} {named}"


def mixed(whole: int, above: int, below: int) -> str:
    """ "one and a half", "two and three quarters"."""
    part = fraction(above, below)
    if above == 1:
        part = f"{'an' if below in {8, 11, 18} else 'a'} {part.removeprefix('one ')}"
    return f"{cardinal(whole)} and {part}"


def _below_thousand(n: int) -> str:
    hundreds, rest = divmod(n, 100)
    if not hundreds:
        return below_hundred(rest)
    said = f"{_SMALL[hundreds]} hundred"
    return f"{said} {below_hundred(rest)}" if rest else said
