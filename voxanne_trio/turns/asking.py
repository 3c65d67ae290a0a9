"""What our own sentences ask of the caller, so that the floor knows what an answer is. Pure.

Knows the few things that are dictated rather than said, and take longer than a breath: a number, a
spelling, an e-mail address, a street address, a name, a date of birth. A question that offers the
thing itself and wants only a yes ("Is 555-0134 still your number?") asks for none of them.
"""

from __future__ import annotations

import enum
import re
from typing import Final

from .words import said


class Expecting(enum.Enum):
    """What we asked the caller to give us."""

    NOTHING = "nothing"
    DIGITS = "digits"
    """A phone number."""
    SPELLING = "spelling"
    """Letters or figures one by one, of no known length: a name spelled, a member number."""
    EMAIL = "email"
    ADDRESS = "address"
    NAME = "name"
    DATE = "date"
    """A date in full, as that of birth."""


_SENTENCE_END: Final = re.compile(r"(?<=[.!?])\s+")
_INVERTED: Final = (
    r"(?:(?:is|are|was|were|do|does|did|can|could|would|will|should|have|has|may|shall)(?:n't)? "
    r"(?:i|you|we|that|this|it|there|he|she|they|your|any)\b|"
    r"(?:is|are|was|were|do|does|did|can|could|would|will|should) (?:the|an?)\b|"
    r"(?:would|could|should|are|does|did) (?!be\b)\w+ \w+)"
)
_WH: Final = (
    r"(?:(?:what|which|when|where|who|how|why)(?:'s|'re|'d)?(?: (?:day|days|time|date|kind|type|"
    r"one|name|number|many|much|long|often|soon|else|part|area|areas|\w+ of)(?: \w+)?)? (?:is|are|"
    r"was|were|do|does|did|can|could|would|will|should|may|have|has|brings|works|about|sounds|suits)\b|"
    r"(?:what|who|how|where|when)'s)(?!.* depends\b)"
)
_LEAD: Final = r"(?:(?:and|so|okay|great|perfect|alright|now|then|sure|thanks|well|but|or) )*+"
_QUESTION: Final = re.compile(rf"{_LEAD}(?:{_WH}|{_INVERTED})")
_REQUEST: Final = re.compile(
    r"\b(?:tell me|let me know|give me|spell (?:that|it|your|out)|confirm (?:your|that|the)|"
    r"(?:can|could|may|might) (?:i|we|you) (?:please |just |also |first )*(?:get|have|ask|take|"
    r"give|tell|spell|confirm|verify|repeat|share|provide|say)|go ahead and|"
    r"i(?:'ll| will|'d)?(?: just| also)? (?:need|like) (?:your|you to|the|an?)\b"
    r"(?! (?:moment|second|minute))|"
    r"i(?:'d| would) like to (?:get|have|confirm|verify|ask)|would you (?:like|prefer|mind)|"
    r"do you (?:want|prefer|have|need)|please (?:say|tell|give|spell|confirm|share|repeat|provide)|"
    r"(?:say|repeat) (?:that|it) again|what about you|how about)\b"
)

_WHAT_IS_ASKED: Final = (
    (Expecting.SPELLING, r"\b(?:spell(?:ing|ed)?|letter by letter)\b"),
    (Expecting.EMAIL, r"\be ?mail(?: address)?\b"),
    (
        Expecting.SPELLING,
        r"\b(?:member|policy|group|insurance|subscriber|confirmation|reference|booking|patient|"
        r"account|record|case)(?: id)?(?: number| id| code)\b|\b(?:member id|id number)\b",
    ),
    (
        Expecting.DIGITS,
        r"\b(?:(?:phone|cell|mobile|callback|call back|telephone|contact|best|good|home|work)"
        r"(?: phone| telephone| cell| contact| callback| call back)* ?(?:number|phone)|"
        r"(?:your|a|the) number|area code|number (?:to|for|where|should|can|do|may|we|i|is best)"
        r" ?(?:we|i)? ?(?:reach|call|text|contact|you|can|use|$))\b",
    ),
    (
        Expecting.DATE,
        r"\b(?:date of birth|birth ?date|birthday|dob|(?:when|what day|what year) were you born)\b",
    ),
    (
        Expecting.ADDRESS,
        r"\b(?:(?:street|home|mailing|billing|current|your|the|an|what|which) address|"
        r"address (?:on file|for)|where do you live)\b",
    ),
    (
        Expecting.NAME,
        r"\b(?:(?:first|last|full|maiden|middle|family|sur|your|patient's|legal|the|a) ?"
        r"(?:and last |first and last |full )?names?|who am i speaking (?:with|to)|"
        r"who(?:'s| is) (?:calling|this|the (?:patient|appointment))|may i ask who)\b",
    ),
)
_ASKED: Final = tuple((what, re.compile(pattern)) for what, pattern in _WHAT_IS_ASKED)
_OFFERED: Final = re.compile(
    rf"{_LEAD}(?:is|was|so|did|do|does|are|should|shall|would|will|has|i have|i've|to confirm|"
    r"just to confirm|that's|let me|i can|we can)\b"
)
_STILL_ASKED: Final = re.compile(
    rf"{_LEAD}(?:(?:would|will|do|did) you (?:mind|please|give|tell|spell|have|remember|know|share|"
    r"be able|like to (?:give|share|leave))|is there an?|are you able)\b"
)
_SHORT: Final = re.compile(r"\b(?:zip|last (?:four|three|4|3)|how many|what time)\b")
_CONFIRMED: Final = re.compile(
    r"\b(?:(?:is|was) (?:that|this|it) (?:all )?(?:right|correct|okay|still \w+)|correct|right|"
    r"(?:did|do) i (?:get|have|hear) (?:that|it)(?: right| correctly)?)$"
)
_MENTIONED: Final = re.compile(
    r"\b(?:how|why|when) (?:would|did|do|should|can) (?:you|we|i) (?!spell|pronounce)|\bdifferent\b"
)


def asks_something(sentence: str) -> bool:
    """Whether our sentence asks the caller something, so that a bare "yeah" over it answers it."""
    if "?" in sentence:
        return True
    heard = said(sentence)
    return _QUESTION.match(heard) is not None or _REQUEST.search(heard) is not None


def expecting(ours: str) -> Expecting:
    """What the last thing we asked wants the caller to give, if it is one of those dictated."""
    for sentence in reversed(_SENTENCE_END.split(ours.strip())):
        if asks_something(sentence):
            return _wanted(said(sentence))
    return Expecting.NOTHING


def _wanted(sentence: str) -> Expecting:
    if _OFFERED.match(sentence) and not _STILL_ASKED.match(sentence):
        return Expecting.NOTHING
    if _CONFIRMED.search(sentence) or _SHORT.search(sentence) or _MENTIONED.search(sentence):
        return Expecting.NOTHING
    return next((what for what, asked in _ASKED if asked.search(sentence)), Expecting.NOTHING)
