"""Whether something dictated is whole: a phone number, a spelling, an address, a date. Pure.

Knows the shapes: how many digits, where a domain ends, what a street needs. People dictate in
groups with pauses between, longer than those that end a turn; and a recogniser writes "five five
five" or "555". Where the length cannot be known (letters, a member number) it counts as going on:
that costs a second, cutting the caller off costs the answer.
"""

# ruff: noqa: SIM905 - word lists read best as text

from __future__ import annotations

import re
from typing import Final

from .asking import Expecting
from .figures import (
    figures,
    is_whole_phone,
    numbers,
    said_singly,
    trailing_figures,
    trailing_letters,
)
from .words import words

_REFUSED: Final = re.compile(
    r"^(?:no|nope|not|never|nothing|none)\b|\b(?:rather not|don't|do not|can't|won't|why|"
    r"you have (?:it|that|my)|on file|already|no thanks|never mind|forget it|same (?:as|one)|"
    r"that's (?:it|all)|instead|do you|(?:can|could|may|should) (?:i|you)|is that|are you|"
    r"what(?:'s| is| do| for)|how)\b"
)
_YES: Final = re.compile(
    r"(?:(?:yeah|yes|yep|sure|okay|ok|of course|certainly|uh huh|absolutely|it's|it is|um|uh|so|"
    r"well|alright)(?: |$))+"
)
_SITE: Final = "com|org|net|edu|gov|io|co|us|me|info|biz|health|clinic|ca|uk|mil|tv|app|dev|ai"
_DOMAIN: Final = re.compile(rf"(?:\bdot |\.)(?:{_SITE})\b(?! (?:dot|at)\b)[.?!]?(?: \w+){{0,6}}$")
_STREET: Final = re.compile(
    r"\b(?:street|st|avenue|ave|road|rd|drive|dr|lane|ln|boulevard|blvd|court|ct|place|pl|way|"
    r"circle|cir|terrace|trail|parkway|pkwy|highway|hwy|square|broadway|loop|plaza|alley|row|"
    r"crescent|pike|route|box \w+)\b"
)
_PART: Final = re.compile(
    r"\b(?:apartment|apt|suite|unit|number|box|floor|north|south|east|west|p o)$"
)
_ZIP: Final = re.compile(r"\b\d{5}(?:-?\d{4})?\W*$")
_MONTH: Final = re.compile(
    r"\b(?:january|february|march|april|may|june|july|august|september|october|november|december|"
    r"jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\b"
)
_AS_IN: Final = re.compile(r"(?:^| )(?:[a-z] as in|[b-hj-z] (?:for|like)) \w+$")
_TITLE: Final = re.compile(r"(?:doctor|dr|mister|mr|missus|mrs|ms|miss|first name(?: is)? \w+)$")


def still_dictating(text: str, expected: Expecting) -> bool:
    """Whether this answer to what we asked for is not yet whole.

    Assent alone ("sure") is not: the thing itself is to come. A refusal or a question of theirs
    ("why do you need it?") is no dictation.
    """
    heard = words(text)
    joined = " ".join(heard)
    if expected is Expecting.NOTHING or not heard or _REFUSED.search(joined):
        return False
    if _YES.fullmatch(joined):
        return True
    match expected:
        case Expecting.DIGITS:
            return _digits_go_on(heard)
        case Expecting.SPELLING:
            return _spelling_goes_on(heard) or bool(trailing_figures(heard))
        case Expecting.EMAIL:
            return not _DOMAIN.search(text.casefold().rstrip()) and len(heard) < 12
        case Expecting.ADDRESS:
            return _address_goes_on(text, joined, heard)
        case Expecting.NAME:
            return _spelling_goes_on(heard) or _TITLE.search(joined) is not None
        case _:
            return _date_goes_on(joined, heard)


def _digits_go_on(heard: list[str]) -> bool:
    groups = [digits for digits in figures(heard) if digits]
    return bool(groups) and not is_whole_phone(groups)


def _spelling_goes_on(heard: list[str]) -> bool:
    """Whether the words end in letters spelled, and not those of a word said before them."""
    letters = trailing_letters(heard)
    if letters[:1] == ["a"] and len(letters) < min(3, len(heard)):
        letters = letters[1:]  # "with a K"
    if len(letters) < 2:
        alone = len(heard) == 1 or heard[-2] in {"capital", "letter"}
        return bool(letters and alone) or _AS_IN.search(" ".join(heard)) is not None
    if any("".join(letters[start:]) in _ACRONYMS for start in (0, 1)):
        return False
    return "".join(letters) not in heard[: -len(letters)]


def _address_goes_on(text: str, joined: str, heard: list[str]) -> bool:
    if _PART.search(joined):
        return True
    if _STREET.search(joined):
        return False
    return any(figures(heard)) and _ZIP.search(text) is None


def _date_goes_on(joined: str, heard: list[str]) -> bool:
    month = _MONTH.search(joined) is not None
    groups = numbers(heard)
    if not groups:
        return month
    if groups[-1] in {"19", "20"} and len(groups) > 1 - month:
        return len(groups) < 4 - month
    digits = "".join(groups)
    return len(groups) < 3 - month and not (not month and len(digits) in {6, 8})


# What is dictated without our having asked

_ACRONYMS: Final = frozenset(
    (
        "am pm ok bbl prp tca ipl mri er id dob tv us usa la ny ppo hmo iv iq bmi hiv std obgyn "
        "ent cpr dui asap fyi pdo rf hsa fsa aarp aa bb cc"
    ).split()
)
_NUMBER_CUE: Final = re.compile(
    r"\b(?:number|numbers|phone|cell|mobile|reach me|call me|text me|area code)\b"
)
_UNKNOWN_LENGTH: Final = re.compile(
    r"\b(?:member|policy|group|subscriber|confirmation|reference|insurance|account)\b"
)
_OTHER_NUMBER: Final = re.compile(
    r"\b(?:year|born|zip|dollars|at|around|about|before|after|until|suite|apartment|room|extension|"
    r"last four|weigh|pounds|age|i'm)(?: \w+)?$"
)
_HUNDREDS: Final = re.compile(
    r"(?:(?:it's|it is|i live at|i'm at|my address is|the address is|address is|um|uh|yeah) )*"
    r"(?:eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen) hundred"
)
_ADDRESS_CUE: Final = re.compile(r"\b(?:address is|address's|(?:i|we) live (?:at|on))\b")
_DIRECTION: Final = re.compile(r"(?:\d+|hundred|\w+teen|\w+ty) (?:north|south|east|west)$")
_EMAIL_CUE: Final = re.compile(r"\be ?mail(?:'s| is| address is)\b")
_EMAIL_BEGUN: Final = re.compile(r"(?:\w+ ){0,4}\w+ (?:dot|underscore) \w+$")
_SIDES: Final = ("north", "south", "east", "west")
_EMAIL_MARK: Final = re.compile(" (?:dot|underscore) ")
_SAID_SITE: Final = re.compile(rf"\bdot (?:{_SITE})$")


def dictation_goes_on(text: str, joined: str, heard: list[str], *, asked: bool) -> bool:
    """Whether the text ends in something dictated that is not whole, whoever asked for it."""
    if _spelling_goes_on(heard) and len(heard) > 1:
        return True
    if _number_goes_on(joined, heard):
        return True
    return not asked and _place_goes_on(text, joined)


def _number_goes_on(joined: str, heard: list[str]) -> bool:
    groups = trailing_figures(heard)
    if not groups:
        return False
    if _UNKNOWN_LENGTH.search(joined):
        return True
    if _NUMBER_CUE.search(joined):
        return not is_whole_phone(groups)
    before = " ".join(heard[: -len(groups)])
    return (
        (len(groups) > 1 and len(groups[0]) == 3 and heard[-1].isdecimal())
        or said_singly(heard) > 2
    ) and not (is_whole_phone(groups) or _OTHER_NUMBER.search(before))


def _place_goes_on(text: str, joined: str) -> bool:
    if _EMAIL_CUE.search(joined) or (_EMAIL_MARK.search(joined) and _EMAIL_BEGUN.match(joined)):
        return not _SAID_SITE.search(joined) and not _DOMAIN.search(text.casefold().rstrip())
    if _HUNDREDS.fullmatch(joined) or (joined.endswith(_SIDES) and _DIRECTION.search(joined)):
        return True
    return _ADDRESS_CUE.search(joined) is not None and not _STREET.search(joined)
