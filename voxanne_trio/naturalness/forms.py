"""The forms in which a model writes numbers: for counting words, and for finding facts.

Pure; written apart from the humanizer's own grammar, so that the one can witness for the other.
"""

from __future__ import annotations

import re
from typing import Final

_MONTH: Final = (
    r"(?:Jan(?:uary|\.)?|Feb(?:ruary|\.)?|Mar(?:ch|\.)?|Apr(?:il|\.)?|May|June?\.?|July?\.?"
    r"|Aug(?:ust|\.)?|Sept?(?:ember|\.)?|Oct(?:ober|\.)?|Nov(?:ember|\.)?|Dec(?:ember|\.)?)"
)
_WEEKDAY: Final = (
    r"(?:Mon(?:day)?|Tue(?:s(?:day)?)?|Wed(?:nesday)?|Thu(?:rs(?:day)?)?|Fri(?:day)?"
    r"|Sat(?:urday)?|Sun(?:day)?)\b\.?"
)
_FIGURE: Final = r"\d+(?:,\d{3})*(?:\.\d+)?"
_DASH: Final = r"\s?[-\u2013\u2014]\s?"
_HALF_DAY: Final = r"(?:\s?[aApP]\.?[mM]\b\.?)?"
_CLOCK: Final = rf"\d{{1,2}}(?::\d{{2}})?{_HALF_DAY}"
_STREET: Final = (
    r"(?:Street|St|Avenue|Ave|Boulevard|Blvd|Road|Rd|Drive|Dr|Lane|Ln|Way|Court|Ct|Place|Pl)\b\.?"
)

ADDRESS: Final = re.compile(
    rf"\d+ (?:[A-Z][\w'.]* ){{1,3}}{_STREET}"
    r"(?:,? (?:Suite|Ste\.?|Apt\.?|Unit|#) ?\w+)?"
    r"(?:, (?:[A-Z][a-z]+ ?){1,3})*(?:\d{5}(?:-\d{4})?)?"
)
PHONE: Final = re.compile(
    r"(?<![\w-])(?:\+?1[-. ])?(?:\(\d{3}\) ?|\d{3}[-. ])\d{3}[-. ]\d{4}(?!\d)"
    r"|(?<![\w-])\d{3}-\d{4}(?![\d-])|(?<!\w)\+?1?\d{10}(?!\w)"
)
DATE: Final = re.compile(
    rf"(?:{_WEEKDAY},? )?\b{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?\b(?:,? \d{{4}}\b)?"
    r"|(?<!\d)\d{1,2}/\d{1,2}/\d{2,4}(?!\d)|(?<!\d)\d{4}-\d{2}-\d{2}(?!\d)"
)
TIMES: Final = re.compile(
    rf"(?<![\w:$])\d{{1,2}}(?::\d{{2}}{_HALF_DAY}|\s?[aApP]\.?[mM]\b\.?)"
    rf"(?:{_DASH}{_CLOCK})?(?: [ECMP][SD]?T\b)?"
    rf"|(?<![\w:$])\d{{1,2}}{_DASH}{_CLOCK}(?<=[mM.])"
)
AMOUNT: Final = re.compile(
    rf"[-+]?[$\u20ac\u00a3#]?{_FIGURE}(?:{_DASH}[$\u20ac\u00a3]?{_FIGURE})?"
    r"(?:\s?(?:%|\u00b0[FC]?)|(?:st|nd|rd|th|k|K|M|B|s)\b|/(?=[a-z]))?"
    r"(?: ?(?:thousand|million|billion|dollars?|cents?|percent|degrees)\b)?"
)
_SINGLE: Final = (ADDRESS, PHONE, DATE, TIMES, AMOUNT)
_WORD: Final = re.compile(r"[^\W_](?:[^\W_]|['\u2019.@&/_-](?=[^\W_]))*")


def counted_words(written: str) -> int:
    """How many words a sentence has, a number, phone, date or address counting as one."""
    for form in _SINGLE:
        written = form.sub(" number ", written)
    return len(_WORD.findall(written))
