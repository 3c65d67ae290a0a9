"""How long a sentence is: words, where a number, phone, date or address counts as one. Pure.

Reads both forms, figures and number words, since a text may have been humanised before.
"""

# ruff: noqa: SIM905 - word lists read best as text

from __future__ import annotations

import re
from bisect import bisect_left
from typing import Final

_MONTH: Final = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?"
    r"|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\b\.?"
)
_DAY: Final = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6}\b\.?"
_STREET: Final = (
    r"(?:Street|St|Avenue|Ave|Boulevard|Blvd|Road|Rd|Drive|Dr|Lane|Ln|Way|Court|Ct|Place|Pl"
    r"|Parkway|Pkwy|Highway|Hwy)\b\.?"
)
_STEM: Final = "(?:thir|four|fif|six|seven|eigh|nine)"
_NUMBER: Final = (
    r"(?:zero|oh|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
    rf"|{_STEM}teen|(?:twen|thir|for|fif|six|seven|eigh|nine)ty|hundred|thousand|million|billion"
    rf"|first|second|third|fifth|eighth|ninth|twelfth|(?:four|six|seven|ten|eleven|{_STEM}teen)th"
    r"|(?:twen|thir)tieth)\b"
)
_RUN: Final = (
    rf"{_NUMBER}(?:(?:[ -]|, )(?:(?:and |to |point |and a )?{_NUMBER}|and a half\b|AM\b|PM\b"
    r"|o'clock\b|percent\b|dollars?\b|cents?\b))*"
)
_WORDS: Final = r"[a-z]+(?:-[a-z]+)?"
_SUITE: Final = (
    r"(?:,? (?:Suite|Ste\.?|Apt\.?|Unit|Floor|#) ?"
    rf"(?:#?\d\w*|{_WORDS}(?: {_WORDS})?|\w+))?"
)
_TOWN: Final = r"(?:, (?:[A-Z][a-z]+\b ?){1,3})*(?:\d{5}(?:-\d{4})?)?"
_DASH: Final = r"(?: ?[-–] ?)"  # noqa: RUF001
_CLOCK: Final = r"\d{1,2}(?::\d\d)?"
_HALF_DAY: Final = r"(?: ?[ap]\.?m\b\.?)"
_FIGURE: Final = r"[-+]?[$€£#]?\d[\d,]*(?:\.\d+)?"
_IN_FIGURES: Final = "|".join(
    (
        rf"\d+ (?:[A-Z][\w']*\.? ){{1,3}}{_STREET}{_SUITE}{_TOWN}",
        r"(?:\+?1[-. ])?(?:\(\d{3}\) ?|\d{3}[-. ])\d{3}[-. ]\d{4}(?: (?:x|ext\.?) ?\d+)?",
        rf"{_CLOCK}{_HALF_DAY}?(?:{_DASH}{_CLOCK})?{_HALF_DAY}(?: [ECMP][SD]?T\b)?",
        rf"{_FIGURE}(?:{_DASH}{_FIGURE})?(?: ?[kKMB%]\b| (?:dollars?|cents?|percent)\b)?",
    )
)
_DATE: Final = (
    rf"(?:{_DAY},? )?{_MONTH} (?:\d{{1,2}}(?:st|nd|rd|th)?(?:,? \d{{4}})?"
    rf"|{_WORDS}(?:, {_WORDS}(?: {_WORDS})?)?)"
)
_STREET_NAME: Final = rf" (?:[A-Z][\w']*\.? ){{1,3}}{_STREET}{_SUITE}{_TOWN}"
_ONE: Final = re.compile(
    rf"(?=[\d(+$€£#-])(?:{_IN_FIGURES})|\b(?=[JFMASOND][aepucoe])(?:{_DATE})"
    rf"|\b(?=[zotfsenhmb][eihonuwvl])(?:{_RUN}(?:{_STREET_NAME})?)"
)
_WORD: Final = re.compile(r"[^\W_](?:[^\W_]|['’.@&/:_-](?=[^\W_]))*")  # noqa: RUF001
_NO_NUMBER: Final = (
    r"(?:one|first|second)\b(?! (?:hundred|thousand|million|AM|PM|o'clock|dollar|percent|point))"
)
_ANY_NUMBER: Final = re.compile(rf"\d|\b(?!{_NO_NUMBER}){_NUMBER}", re.IGNORECASE)


class Lengths:
    """The words of a text, to be counted between any two places. Linear to build."""

    def __init__(self, text: str) -> None:
        self._starts: list[int] = []
        at = 0
        for match in _ONE.finditer(text):
            self._starts += (word.start() for word in _WORD.finditer(text, at, match.start()))
            self._starts.append(match.start())
            at = match.end()
        self._starts += (word.start() for word in _WORD.finditer(text, at))

    def between(self, start: int, end: int) -> int:
        """Words that begin there."""
        return bisect_left(self._starts, end) - bisect_left(self._starts, start)


def word_count(text: str) -> int:
    """The words of a text, a number, phone, date or address counting as one."""
    return len(_WORD.findall(_ONE.sub("0", text)))


def is_surely_short(text: str, most: int) -> bool:
    """Whether the text has no more words than that, told cheaply; False where it cannot be told."""
    if text.count(" ") < most:
        return True
    if text.count(" ") >= 3 * most:
        return False
    words, after = 0, ""  # after what kind of word: "" is an ordinary one
    for word in text.split(" "):
        bare = word.partition("-")[0].rstrip(",.?!")
        if bare in _CERTAIN:
            words += after not in {"number", "month"}
            after = "number"
        elif bare[:1].isdigit():
            words += after != "month"
            after = "number"
        elif after == "number" and bare in _HALF_DAYS:
            continue
        else:
            words += 1
            after = "month" if bare in _MONTHS else ""
    return words <= most


_HALF_DAYS: Final = frozenset("AM PM am pm a.m p.m o'clock".split())
_MONTHS: Final = frozenset(
    (
        "January February March April May June July August September October November December "
        "Jan Feb Mar Apr Jun Jul Aug Sep Sept Oct Nov Dec"
    ).split()
)
_CERTAIN: Final = frozenset(
    (
        "zero oh one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
        "fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy "
        "eighty ninety hundred thousand million first second third fourth fifth sixth seventh "
        "eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth "
        "seventeenth eighteenth nineteenth twentieth thirtieth"
    ).split()
)


def holds_number(text: str) -> bool:
    """Whether a number is in the text, in figures or in words; "one of them" is none."""
    return _ANY_NUMBER.search(text) is not None
