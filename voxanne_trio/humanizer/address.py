"""The caller's name: set off by commas where the model says it, and not said too often. Pure.

`address` is the rule. `Acquaintance` is what a call remembers: the name the caller gave, and how
many turns ago we last used it; the prompt is told, and a name that comes too soon is left out.
Nobody adds a name that the model did not write.
"""

# ruff: noqa: SIM905 - word lists read best as text

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from .edits import Edit
from .names import caller_name

TURNS_BETWEEN: Final = 3
"""A name in every answer sounds like a salesman."""

_OPENERS: Final = (
    r"absolutely|sure(?: thing)?|of course|great(?: question)?|perfect|thanks(?: so much)?"
    r"|thank you(?: so much| very much)?|hi(?: there)?|hello|hey|good (?:morning|afternoon|evening)"
    r"|yes|no|okay|ok|all right|alright|right|well|wonderful|certainly|definitely|(?:i'm |i am )?"
    r"(?:so |very )?sorry|welcome(?: back)?|goodbye|bye|no problem|you're welcome|you are welcome"
    r"|got it|i understand|awesome|congratulations|excellent|(?:it's |it is )?nice to meet you"
    r"|(?:thanks|thank you) (?:for|again)(?-i:(?: [a-z]+){0,3})|take care"
    r"|sounds good|fantastic|lovely|good to hear|happy to help|please|oh"
)
_NO_NAME: Final = frozenset(
    (
        "I Doctor Dr Mr Mrs Ms Monday Tuesday Wednesday Thursday Friday Saturday Sunday January "
        "February March April May June July August September October November December There "
        "Botox Again Today Tomorrow"
    ).split()
)
_TAKES_AN_OBJECT: Final = ("calling", "choosing", "contacting", "visiting", "trusting")

_SAFE_BEFORE: Final = (
    "that|you|today|now|it|then|there|here|much|soon|course|tomorrow|again|problem|all|moment|"
    "questions|way|calling|welcome|week|morning|afternoon|evening|time|day|minute|great|this"
)
_CLAUSE: Final = (
    r"(?:(?:I|we|you|it|that|there|let)(?:'\w+)?|your|our|thanks?|please|how|what|when|where|which"
    r"|(?:is|are|do|does|did|would|could|can|may|shall|should) (?:I|we|you|it|that|there|your))\b"
)
"""How a clause begins that is said to the one just named; "Sarah can come" is about her."""

_STRANGER: Final = re.compile(
    rf"^(?i:{_OPENERS})(?P<before> )(?P<name>(?:(?:Dr|Mr|Mrs|Ms)\.? )?[A-Z][a-z]+)(?=[.!?,])"
)
_QUICK: Final = re.compile(rf"^(?i:{_OPENERS}) ")


def address(text: str, name: str | None = None, *, allowed: bool = True) -> list[Edit]:
    """Commas around the caller's name where it is said to the caller; no name where not `allowed`.

    Without a name, one is still seen behind an opening word: "Thanks Sarah!".
    """
    if name is None:
        match = _STRANGER.match(text)
        if match is None or match["name"].split()[-1] in _NO_NAME:
            return []
        if text[: match.start("before")].endswith(_TAKES_AN_OBJECT):
            return []  # "Thanks for calling Lumen." names the clinic
        return [Edit(*match.span("before"), ", ", "address")]
    if _given(name) not in text:
        return []
    opened, first, last, said = _patterns(name)
    if not allowed:
        return [_left_out(text, match) for match in said.finditer(text)]
    edits: list[Edit] = []
    for pattern in (opened, first, last):
        for match in pattern.finditer(text):
            edits += _commas(match)
        if edits:
            break
    return edits


def _commas(match: re.Match[str]) -> Iterator[Edit]:
    for place in ("before", "after"):
        if place in match.re.groupindex and match[place] == " ":
            yield Edit(*match.span(place), ", ", "address")


def is_addressed(text: str, name: str) -> bool:
    """Whether the text says the name to the caller."""
    return _given(name) in text and _patterns(name)[3].search(text) is not None


def _given(name: str) -> str:
    return re.sub(r"^(?:Dr|Mr|Mrs|Ms|Doctor)\.? ", "", name).split(" ")[0]


@lru_cache(maxsize=64)
def _patterns(name: str) -> tuple[re.Pattern[str], ...]:
    """Where a comma may be missing, three ways; and where the name is said to the caller."""
    forms = {name, _given(name), name.replace("Dr.", "Doctor")}
    names = "|".join(re.escape(each) for each in sorted(forms, key=len, reverse=True))
    said = rf"(?:{names})(?!['\w-])"
    ends = r"(?=\s*[.!?,]|\s*$)"
    return (
        re.compile(rf"^(?i:{_OPENERS})(?P<before>,? ){said}(?:{ends}|(?P<after> )(?={_CLAUSE}))"),
        re.compile(rf"^{said}(?P<after> )(?={_CLAUSE})"),
        re.compile(rf"\b(?:{_SAFE_BEFORE})(?P<before> ){said}(?=\s*[.!?]|\s*$)"),
        re.compile(rf"(?P<inner>, {said}){ends}|^(?P<first>{said},) "),
    )


def _left_out(text: str, match: re.Match[str]) -> Edit:
    start, end = match.span()
    if match["first"] is None and text[end : end + 2].startswith(", ") and start == 0:
        end += 2
    return Edit(start, end, "", "address")


class Acquaintance:
    """The caller, as far as a call has come to know them. Turns are counted by `answer`."""

    def __init__(self) -> None:
        self.name: str | None = None
        self._since = TURNS_BETWEEN  # answers since the name was last said

    def listen(self, words: str, *, asked: bool = False) -> None:
        """The caller's words; a name in them is remembered, a later one replaces it.

        `asked` when we had just asked for it: then a bare "Sarah" is one.
        """
        self.name = caller_name(words, asked=asked) or self.name

    @property
    def may_address(self) -> bool:
        """Whether the name may be said in the next answer."""
        return self.name is not None and self._since >= TURNS_BETWEEN

    def said(self, spoken: str) -> None:
        """An answer was heard, or as much of it as this."""
        if self.name is not None and is_addressed(spoken, self.name):
            self._since = 0
        else:
            self._since += 1
