"""Figures and letters as people say them one after another, and recognisers write them. Pure.

"five five five", "555", "five fifty five", "double five", "twenty third", "S M I": from words to
digits and letters, in the groups they were said in. What they are the number of is not known here.
"""

# ruff: noqa: SIM905 - word lists read best as text

from __future__ import annotations

import re
from typing import Final

from .words import FILLERS

_UNITS: Final = {
    word: str(value)
    for value, word in enumerate(
        (
            "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
            "fifteen sixteen seventeen eighteen nineteen"
        ).split()
    )
} | {"oh": "0", "o": "0"}
_TENS: Final = {
    word: str(value)
    for value, word in enumerate(
        "twenty thirty forty fifty sixty seventy eighty ninety".split(), start=2
    )
}
_ROUND: Final = {"hundred": "00", "thousand": "000"}
_TIMES: Final = {"double": 2, "triple": 3}
_ORDINALS: Final = {
    word: str(value)
    for value, word in enumerate(
        (
            "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth "
            "thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
        ).split(),
        start=1,
    )
} | {"thirtieth": "30"}
_ORDINAL: Final = re.compile(r"(\d+)(?:st|nd|rd|th)")
_BETWEEN: Final = FILLERS | frozenset("dash hyphen and then area code".split())


def figures(heard: list[str]) -> list[str]:
    """The digits of each number word, "" for a word that is none; tens wait for their unit."""
    found: list[str] = []
    for index, word in enumerate(heard):
        following = heard[index + 1] if index + 1 < len(heard) else ""
        found.append(_figure(word, following))
        if index and heard[index - 1] in _TIMES and len(found[-1]) == 1:
            found[-1] *= _TIMES[heard[index - 1]]
    return found


def _figure(word: str, following: str) -> str:
    if word.isdecimal():
        return word
    if word in _TENS:
        joined = len(_UNITS.get(following, "00")) == 1 and following not in {"oh", "o", "zero"}
        return _TENS[word] + ("" if joined else "0")
    return _UNITS.get(word) or _ROUND.get(word, "")


def trailing_figures(heard: list[str]) -> list[str]:
    """The groups of digits the words end in, hesitation and dashes between them passed over."""
    groups: list[str] = []
    found = figures(heard)
    for word, digits in zip(reversed(heard), reversed(found), strict=True):
        if digits:
            groups.append(digits)
        elif word not in _BETWEEN and word not in _TIMES:
            break
    return groups[::-1]


def trailing_letters(heard: list[str]) -> list[str]:
    """The single letters the words end in."""
    letters: list[str] = []
    for word in reversed(heard):
        if len(word) != 1 or not word.isalpha():
            break
        letters.append(word)
    return letters[::-1]


def is_whole_phone(groups: list[str]) -> bool:
    """Whether the groups of digits make a phone number: ten, or seven in their usual groups.

    Seven written in groups of three, three and one are the beginning of ten. A 1 before the area
    code is not counted; more than ten digits are not waited for either.
    """
    sizes = [len(group) for group in (groups[1:] if groups[:1] == ["1"] else groups)]
    count = sum(sizes)
    return count >= 10 or (count == 7 and sizes[:2] != [3, 3])


def numbers(heard: list[str]) -> list[str]:
    """Numbers as said, ordinals among them, units joined to their tens."""
    found: list[str] = []
    before = ""
    for word, digits in zip(heard, figures(heard), strict=True):
        match = _ORDINAL.fullmatch(word)
        number = digits or _ORDINALS.get(word) or (match.group(1) if match else "")
        if before in _TENS and len(number) == 1 and number != "0":
            found[-1] = found[-1][0] + number
        elif number:
            found.append(number)
        before = word
    return found


def said_singly(heard: list[str]) -> int:
    """How many digits are said singly at the end: "nineteen eighty five" says none so."""
    count = 0
    for word, before in zip(reversed(heard), [*reversed(heard[:-1]), ""], strict=True):
        if word in _BETWEEN:
            continue
        if len(_UNITS.get(word, "--")) > 1 or before in _TENS:
            break
        count += 1
    return count
