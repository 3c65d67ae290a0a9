"""Roman numerals, where they are numbers: "Phase II", "Henry VIII". Pure."""

from __future__ import annotations

import re
from typing import Final

from .numbers import cardinal, ordinal
from .reading import Heard, Reading, last

# ruff: noqa: SIM905 - word lists read best as text
_NUMERAL: Final = re.compile(r"(X{0,3})(IX|IV|V?I{0,3})(?![A-Za-z0-9'])")
_VALUES: Final = {"I": 1, "V": 5, "X": 10}
COUNTED: Final = frozenset(
    "phase type stage class grade part chapter level volume section act schedule tier factor "
    "category step article book war bowl division title angle group degree".split()
)
_RULERS: Final = frozenset(
    "henry louis george elizabeth edward charles william james richard philip catherine "
    "alexander nicholas frederick paul pius benedict john leo francis mary napoleon".split()
)
_MORE_NAME: Final = re.compile(r"(?:[.,?!;:)'\"]|\Z| (?:and|or|is|was|has|for|to|on|in|at|of)\b)")
WORDS: Final = tuple(
    ten + one
    for ten in ("", "x", "xx", "xxx")
    for one in ("", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix")
    if ten + one
)


def read(text: str, start: int, heard: Heard) -> Reading | None:
    """A numeral that counts what is named before it, or a person."""
    match = _NUMERAL.match(text, start)
    if match is None or not match.group() or not last(heard):
        return None
    numeral, before = match.group(), heard[-1]
    value = _value(numeral)
    if before.lower() in COUNTED or (_is_numeral(before) and last(heard, 2) in COUNTED):
        return Reading(match.end(), cardinal(value))
    if len(numeral) == 1 and not (numeral in "VX" and before in {"Charles", "Louis", "Henry"}):
        return None
    if before.lower() in _RULERS and before[0].isupper():
        return Reading(match.end(), f"the {ordinal(value)}")
    if numeral not in {"II", "III"} or not before[0].isupper():
        return None
    surname = last(heard, 2) and heard[-2][:1].isupper() and _MORE_NAME.match(text, match.end())
    return Reading(match.end(), f"the {ordinal(value)}" if surname else cardinal(value))


def _value(numeral: str) -> int:
    total = 0
    for letter, following in zip(numeral, f"{numeral[1:]} ", strict=True):
        value = _VALUES[letter]
        total += -value if value < _VALUES.get(following, 0) else value
    return total


def _is_numeral(word: str) -> bool:
    return bool(word) and set(word) <= set(_VALUES)
