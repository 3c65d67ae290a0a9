"""Sums of money, ranges of them, and what they are paid per. Pure."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from .numbers import DASH, NUMBER, cardinal, number
from .reading import Heard, Reading, article, last, onward
from .units import per


class _Currency(NamedTuple):
    one: str
    many: str
    cent: str
    cents: str


_DOLLAR: Final = _Currency("dollar", "dollars", "cent", "cents")
_CURRENCIES: Final = {
    "$": _DOLLAR,
    "US$": _Currency("US dollar", "US dollars", "cent", "cents"),
    "C$": _Currency("Canadian dollar", "Canadian dollars", "cent", "cents"),
    "CA$": _Currency("Canadian dollar", "Canadian dollars", "cent", "cents"),
    "A$": _Currency("Australian dollar", "Australian dollars", "cent", "cents"),
    "AU$": _Currency("Australian dollar", "Australian dollars", "cent", "cents"),
    "\u20ac": _Currency("euro", "euros", "cent", "cents"),
    "\u00a3": _Currency("pound", "pounds", "penny", "pence"),
    "\u00a5": _Currency("yen", "yen", "sen", "sen"),
    "\u20b9": _Currency("rupee", "rupees", "paisa", "paise"),
}
_SIGN: Final = r"(?:US|CA|AU|C|A)?\$|[\u20ac\u00a3\u00a5\u20b9]"
_SCALE: Final = (
    r"(?: ?(thousand|million|billion|trillion|hundred|grand|mil|bn)|([kKMBT]|MM|mm))?"
    r"(?![A-Za-z0-9])"
)
_SUM: Final = rf"({NUMBER}|\.[0-9]++){_SCALE}"
_MONEY: Final = re.compile(rf"({_SIGN}) ?{_SUM}")
_TO: Final = re.compile(rf"(?:{DASH}| to )({_SIGN})? ?{_SUM}")
_AND: Final = re.compile(rf" and ({_SIGN}) ?{_SUM}")
_PER: Final = re.compile(r" ?/ ?([A-Za-z]{1,14}(?: ft\b| foot\b)?)(\.(?=,? [a-z]|[,;:)]))?")
_ISO_CODE: Final = re.compile(r" ?(?:USD|US dollars|dollars|euros)\b")
_SCALES: Final = {
    "k": "thousand",
    "K": "thousand",
    "M": "million",
    "MM": "million",
    "mm": "million",
    "mil": "million",
    "B": "billion",
    "bn": "billion",
    "T": "trillion",
    "grand": "thousand",
}
_NOUN: Final = re.compile(
    r"(?:-| )(?:(?:non-?refundable|refundable|flat|one-time|annual|monthly|yearly|late|no-show|"
    r"minimum|initial|security|booking|scheduling|cancellation|consultation|consult|office|facility|"
    r"anesthesia|administrative|processing|application|gift|store|account|new-patient) )?"
    r"(?:fee|deposit|co-?pay|copayment|charge|discount|credit|gift card|card|minimum|balance|bill|"
    r"refund|payment|down payment|coupon|voucher|package|plan|treatment|procedure|membership|"
    r"rebate|penalty|fine|tip|limit|bonus|value|donation|visit|consult|consultation|range|increment|"
    r"deductible|certificate|special|promotion|savings)\b"
)
_ANY_NOUN: Final = re.compile(
    r" (?!(?:and|or|to|in|of|for|at|on|a|an|the|by|per|with|is|are|was|if|from|before|after|each|"
    r"every|off|more|less|total|plus|down|up|upfront|when|but|then|that|as|today|now|extra|"
    r"which|will|can|would|should|depending|due|toward|towards|because|so|until|only|"
    r"deposits|fees|charges)\b)[a-z]{3,}"
)


class _Sum(NamedTuple):
    written: str
    scale: str
    currency: _Currency

    @property
    def cents(self) -> int | None:
        """The cents, where they are written as such."""
        decimals = self.written.partition(".")[2]
        return int(decimals) if len(decimals) == 2 and not self.scale else None

    @property
    def plain(self) -> str:
        """The number alone."""
        written = self.written.partition(".")[0] if self.cents == 0 else self.written
        said = number(written)
        return f"{said} {self.scale}" if self.scale else said

    @property
    def said(self) -> str:
        return self._with(self.currency.many, self.currency.cents)

    @property
    def adjective(self) -> str:
        """As it stands before a noun: "forty-dollar"."""
        said = self._with(self.currency.one, self.currency.cent)
        return said.replace(" ", "-") if said.count(" ") == 1 else said

    def _with(self, units: str, small: str) -> str:
        whole, cents = self.written.partition(".")[0].replace(",", ""), self.cents
        if not cents:
            one = whole.lstrip("0") == "1" and (cents == 0 or "." not in self.written)
            return f"{self.plain} {self.currency.one if one and not self.scale else units}"
        cent = f"{cardinal(cents)} {self.currency.cent if cents == 1 else small}"
        if not whole.strip("0"):
            return cent
        one_whole = self.currency.one if whole == "1" else units
        return f"{number(whole)} {one_whole} and {cent}"


def read(text: str, start: int, heard: Heard) -> Reading | None:
    """A sum, or a range of two, that begins here with the sign of its currency."""
    match = _MONEY.match(text, start)
    if match is None:
        return None
    first = _sum(match.group(2), match.group(3), match.group(4), match.group(1))
    end, second = match.end(), None
    between = any(word.lower() == "between" for word in heard[-4:])
    more = _TO.match(text, end) or (_AND.match(text, end) if between else None)
    if more and more.group(1) in {None, match.group(1)}:
        second = _sum(more.group(2), more.group(3), more.group(4), match.group(1))
        and_to = "and" if more.group().startswith(" and ") else "to"
        end = more.end()
        lead = _lead(first, second, and_to)
    else:
        lead = ""
    return _after(text, end, lead, second or first, heard)


def _sum(written: str, word: str | None, letter: str | None, sign: str) -> _Sum:
    scale = word or letter or ""
    return _Sum(written, _SCALES.get(scale, scale), _CURRENCIES[sign])


def _lead(first: _Sum, second: _Sum, joined: str) -> str:
    """The lower end of a range, without its unit where the upper one tells it."""
    if first.cents or second.cents:
        return f"{first.said} {joined} "
    if first.scale == second.scale and first.scale:
        return f"{number(first.written)} {joined} "
    return f"{first.plain} {joined} "


def _after(text: str, end: int, lead: str, top: _Sum, heard: Heard) -> Reading:
    if text[end : end + 1] == "+":
        return Reading(end + 1, f"{lead}{top.plain} plus {top.currency.many}")
    if (code := _ISO_CODE.match(text, end)) and top.currency is _DOLLAR:
        end = code.end()
    if rate := _PER.match(text, end):
        word = per(rate.group(1).replace("sq ft", "sqft"))
        named = word if word == "each" else f"{article(word)} {word}"
        return Reading(rate.end(), f"{lead}{top.said} {named}")
    indefinite = last(heard) in {"a", "an", "another"}
    if _NOUN.match(text, end) or (indefinite and _ANY_NOUN.match(text, end)):
        hyphen = text[end : end + 1] == "-"
        said = top.adjective.replace("-dollar", " dollar") if lead else top.adjective
        return Reading(end + hyphen, f"{lead}{said} " if hyphen else f"{lead}{said}")
    return onward(text, end, lead + top.said)
