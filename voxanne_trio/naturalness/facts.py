"""Whether what is said still holds the facts that were written: numbers, dates and names.

Pure. Each written number may be said in several right ways ("twenty-four hundred", "two four zero
zero" for a code); the spoken text is read back by `numbers_back`, which knows nothing of how it was
made. What is said must hold every written fact, and no number besides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Final

import attrs

from .forms import PHONE
from .numbers_back import Number, numbers_in, words_in

# ruff: noqa: SIM905 - word lists read best as text
_LONGEST_GROUP: Final = 3
"""Figures said as one number within a row: "eight hundred" in a telephone number."""

_MONTHS: Final = (
    "january february march april may june july august september october november december".split()
)
_SCALES: Final = {
    "k": 10**3, "thousand": 10**3, "m": 10**6, "mm": 10**6, "million": 10**6,
    "b": 10**9, "bn": 10**9, "billion": 10**9,
}  # fmt: skip

_DATE: Final = re.compile(
    r"(?<![\d/])(?:(?P<m>\d{1,2})/(?P<d>\d{1,2})/(?P<y>\d{4}|\d{2})"
    r"|(?P<iy>\d{4})-(?P<im>\d{2})-(?P<id>\d{2}))(?![\d/])"
)
_ROW: Final = re.compile(
    r"(?i:\b(?:zip|code|pin|card|confirmation|reference|ending|ends)(?: (?:code|number|in|is))*:? )"
    r"(?P<row>\d{3,})\b|, [A-Z]\w+,? (?P<zip>\d{5})\b"
)
"""Figures that name something, and are said one by one or in groups, never as an amount."""

_CLOCK: Final = re.compile(r"(?<![\d:])(?P<hour>[0-2]?\d):(?P<minute>[0-5]\d)(?![\d:])")
_MIXED: Final = re.compile(r"(?<![\d/.,])(?:(?P<whole>\d+) )?(?P<over>\d+)/(?P<under>\d+)(?![\d/])")
_FIGURES: Final = re.compile(
    r"(?P<sign>(?<![\w)\u2013-])[-\u2212](?=[$\d]))?(?P<money>[$\u20ac\u00a3]\s?)?"
    r"(?P<figures>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
    r"(?P<scale>(?:k|K|M|MM|B|bn)\b|\s?(?:thousand|million|billion)\b)?"
)
_NUMBER_WORD: Final = re.compile(r"[^\d$\u20ac\u00a3]+")
_ROMAN: Final = re.compile(r"\b[IVX]{2,}\b|\b(?:Phase|Type|Stage|Level|Part) [IVX]+\b")

Part = Fraction | str
"""What has to be said: a value; a row of figures; or, in letters, a word."""


@attrs.frozen
class Fact:
    """A written number and the ways to say it, each a series of parts."""

    written: str
    ways: tuple[tuple[Part, ...], ...]
    words: str = ""
    """The number's own words, where it was written so."""


def written_facts(written: str) -> list[Fact]:
    """Every number of a written text, in order."""
    return [fact for _, fact in sorted(_facts(written), key=lambda found: found[0])]


def _facts(text: str) -> Iterator[tuple[int, Fact]]:
    readers = ((PHONE, _phone), (_DATE, _date), (_ROW, _row), (_CLOCK, _clock), (_MIXED, _mixed))
    for form, read in (*readers, (_FIGURES, _figures)):
        for match in form.finditer(text):
            written = match[match.lastgroup] if form is _ROW and match.lastgroup else match.group()
            yield match.start(), Fact(written.strip(), read(match))
        text = form.sub(lambda match: "|" * len(match.group()), text)
    for match in _NUMBER_WORD.finditer(text):
        for number in numbers_in(match.group()):
            yield match.start(), Fact(number.words, ((number.value,),), number.words)


def _phone(match: re.Match[str]) -> tuple[tuple[Part, ...], ...]:
    figures = re.sub(r"\D", "", match.group())
    return ((figures,), (figures[1:],)) if len(figures) == 11 else ((figures,),)


def _date(match: re.Match[str]) -> tuple[tuple[Part, ...], ...]:
    month, day, year = match["m"] or match["im"], match["d"] or match["id"], match["y"]
    year = year or match["iy"]
    whole_year = year if len(year) == 4 else ("19" if int(year) > 50 else "20") + year
    if not 1 <= int(month) <= 12:
        return ((Fraction(int(month)), Fraction(int(day)), year),)
    years: tuple[Part, ...] = (whole_year, Fraction(int(whole_year)), year)
    return tuple((_MONTHS[int(month) - 1], Fraction(int(day)), said) for said in years)


def _row(match: re.Match[str]) -> tuple[tuple[Part, ...], ...]:
    return ((match["row"] or match["zip"],),)


def _clock(match: re.Match[str]) -> tuple[tuple[Part, ...], ...]:
    hour, minute = int(match["hour"]), match["minute"]
    hours = {hour, hour - 12 if hour > 12 else hour, 12 if hour == 0 else hour}
    ways: list[tuple[Part, ...]] = []
    for said in sorted(hours):
        ways += [(Fraction(said),)] if minute == "00" else []
        ways += [(f"{said}{minute}",), (f"{said}{int(minute)}",)] if minute != "00" else []
    if (hour % 12, minute) == (0, "00"):
        ways.append(("noon" if hour == 12 else "midnight",))
    return tuple(ways)


def _mixed(match: re.Match[str]) -> tuple[tuple[Part, ...], ...]:
    whole, over, under = int(match["whole"] or 0), int(match["over"]), int(match["under"])
    apart: tuple[Part, ...] = (Fraction(over), Fraction(under))
    if over >= under or under == 0:
        return (apart,)
    return ((whole + Fraction(over, under),), apart)


def _figures(match: re.Match[str]) -> tuple[tuple[Part, ...], ...]:
    figures = match["figures"].replace(",", "")
    scale = _SCALES[match["scale"].strip().lower()] if match["scale"] else 1
    value = Fraction(figures) * scale * (-1 if match["sign"] else 1)
    ways: list[tuple[Part, ...]] = [(value,)]
    if figures.isdigit() and scale == 1:
        ways.append((figures,))
    elif match["money"] and "." in figures and scale == 1:
        dollars, cents = divmod(value * 100, 100)
        ways += [(Fraction(dollars), Fraction(cents))] if dollars else [(Fraction(cents),)]
    return tuple(ways)


# Said and written compared.


class _Said:
    """The numbers that were said; each stands for one written fact."""

    def __init__(self, spoken: str) -> None:
        self.words = set(words_in(spoken))
        self._numbers = numbers_in(spoken)

    def take_words(self, words: str) -> bool:
        """Use the number that is said in just these words."""
        found = next((n for n, number in enumerate(self._numbers) if number.words == words), None)
        if found is not None:
            del self._numbers[found]
        return found is not None

    def take(self, way: tuple[Part, ...]) -> bool:
        """Use the numbers that say this; False, and nothing is used, when they are not there."""
        left = list(self._numbers)
        for part in way:
            if isinstance(part, str) and part.isalpha():
                if part not in self.words:
                    return False
                continue
            found = _place(left, part)
            if found is None:
                return False
            del left[found]
        self._numbers = left
        return True

    @property
    def left(self) -> list[Number]:
        """What nobody wrote. "One" is a pronoun too."""
        return [number for number in self._numbers if number.words != "one"]


def _place(numbers: list[Number], part: Part) -> slice | None:
    for start, number in enumerate(numbers):
        if isinstance(part, Fraction):
            if number.value == part:
                return slice(start, start + 1)
            continue
        figures, end = "", number.start
        for stop in range(start, len(numbers)):
            following = numbers[stop]
            if following.start != end or not 0 < len(following.digits) <= _LONGEST_GROUP:
                break
            figures, end = figures + following.digits, following.end
            if figures == part:
                return slice(start, stop + 1)
            if not part.startswith(figures):
                break
    return None


def lost_numbers(written: str, spoken: str) -> list[str]:
    """What is wrong with the numbers of a spoken text, each in a few words; empty when nothing."""
    said = _Said(spoken)
    facts = [f for f in written_facts(written) if not (f.words and said.take_words(f.words))]
    wrong = [
        f"{fact.written} is not said"
        for fact in _longest_first(facts)
        if not any(said.take(way) for way in fact.ways)
    ]
    if not _ROMAN.search(written):
        wrong += [f"{number.words!r} is said, not written" for number in said.left]
    return wrong


def _longest_first(facts: list[Fact]) -> list[Fact]:
    """Rows of figures before single ones, which could be taken out of their middle."""
    return sorted(facts, key=lambda fact: -len(fact.written))


_CAPITAL: Final = re.compile(r"(?<![\w.@/])[A-Z][A-Za-z]*(?:['\u2019][A-Z]?[a-z]+)?")
_STARTS: Final = re.compile(r"(?:^|[.?!:]|\n)[\s\"'\u201c\u2018(*_>#-]*$")
_TITLED: Final = re.compile(r"\b(?:Dr|Mrs?|Ms|St|Mt|Prof)\.\s+$")
_NOT_NAMES: Final = frozenset(
    "i i'm i'll i'd i've am pm a.m p.m est pst cst mst edt pdt cdt mdt et pt ct mt dr mr mrs ms st"
    " ave blvd rd ln ste apt mon tue tues wed thu thur thurs fri sat sun jan feb mar apr jun jul"
    " aug sep sept oct nov dec f c k m b x".split()
)


def names_in(written: str) -> list[str]:
    """The proper names of a written text: capitals inside of sentences, without short forms."""
    found = []
    for match in _CAPITAL.finditer(written):
        name = re.sub(r"['\u2019]s$", "", match.group())
        before = written[: match.start()]
        inside = not _STARTS.search(before) or _TITLED.search(before)
        if (inside or name.isupper()) and len(name) > 1 and name.lower() not in _NOT_NAMES:
            found.append(name)
    return list(dict.fromkeys(found))


def lost_names(written: str, spoken: str) -> list[str]:
    """The names that are not said; letters of an acronym may be said apart."""
    lost = []
    for name in names_in(written):
        if name.isupper():
            letters = r"[\s.-]*".join(name)
            heard = re.search(rf"\b{letters}(?:s|'s)?\b", spoken, re.IGNORECASE)
            if heard is None and _ROMAN.search(name):
                continue
        else:
            heard = re.search(rf"\b{re.escape(name)}", spoken, re.IGNORECASE)
        if heard is None:
            lost.append(name)
    return lost
