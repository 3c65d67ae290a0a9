"""From number words back to numbers: a witness for what the humanizer has said.

Pure, and shares no code with the humanizer on purpose: a mistake made twice would stay hidden. The
grammar is that of spoken US English: cardinals with or without "and", hundreds up to ninety-nine
("ninety-five hundred"), decimals after "point", scales, ordinals, halves and quarters, negatives.
Words that do not join ("two fifty", "twenty twenty-seven", "five five five") are numbers of their
own, next to one another; `Number.digits` lets them be read as one row of figures. Refuses to know
what a number means: a time, a price and a year are all numbers here.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

import attrs

# ruff: noqa: SIM905 - word lists read best as text
_UNITS: Final = "one two three four five six seven eight nine".split()
_TEENS: Final = (
    "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
)
_TENS: Final = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_ODD_ORDINALS: Final = {
    "first": 1, "second": 2, "third": 3, "fifth": 5, "eighth": 8, "ninth": 9, "twelfth": 12,
}  # fmt: skip
_SCALES: Final = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_ZEROS: Final = frozenset({"zero", "oh"})

UNIT: Final = {word: value for value, word in enumerate(_UNITS, 1)}
TEEN: Final = {word: value for value, word in enumerate(_TEENS, 10)}
TENS: Final = {word: value * 10 for value, word in enumerate(_TENS, 2)}
_PLURAL_TENS: Final = {word[:-1] + "ies": value for word, value in TENS.items()}


def _ordinals(cardinals: dict[str, int]) -> dict[str, int]:
    regular = {
        (word[:-1] + "ieth" if word.endswith("y") else word + "th"): value
        for word, value in cardinals.items()
        if value not in _ODD_ORDINALS.values()
    }
    odd = {word: value for word, value in _ODD_ORDINALS.items() if value in cardinals.values()}
    return regular | odd


_UNIT_ORDINAL: Final = _ordinals(UNIT)
_TEEN_ORDINAL: Final = _ordinals(TEEN)
_TENS_ORDINAL: Final = _ordinals(TENS)
_HUNDREDTH: Final = "hundredth"
_PARTS: Final = {"half": 2, "halves": 2, "quarter": 4, "quarters": 4, "third": 3, "thirds": 3} | {
    word + "s": value for word, value in (_UNIT_ORDINAL | _TEEN_ORDINAL).items() if value > 2
}
_MANY_PARTS: Final = frozenset(word for word in _PARTS if word.endswith("s"))

_TOKEN: Final = re.compile(r"[a-z]+(?:['\u2019][a-z]+)*|[^\sa-z-]")


@attrs.frozen
class Number:
    """A number that was said: its value, its words, and where they stand among all words.

    `digits` are its figures, empty for what no row of figures can be (4.75, a half, minus six).
    """

    value: Fraction
    digits: str
    words: str
    start: int
    end: int


def numbers_in(text: str) -> list[Number]:
    """Every number said in the text, in order."""
    return _Reader(_TOKEN.findall(text.lower().replace("\u2019", "'"))).numbers()


def words_in(text: str) -> list[str]:
    """The text's words in lower case, hyphens apart."""
    return [token for token in _TOKEN.findall(text.lower()) if token[0].isalpha()]


@attrs.frozen
class _Read:
    """A value and the token after it; `closed` when nothing can join it any more."""

    value: int
    end: int
    closed: bool = False


class _Reader:
    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._word_numbers = [0]
        for token in tokens:
            self._word_numbers.append(self._word_numbers[-1] + token[0].isalpha())

    def numbers(self) -> list[Number]:
        found: list[Number] = []
        at = 0
        while at < len(self._tokens):
            read = self._number(at)
            if read is None:
                at += 1
                continue
            value, digits, end = read
            words = " ".join(self._tokens[at:end])
            place = self._word_numbers
            found.append(Number(value, digits, words, place[at], place[end]))
            at = end
        return found

    def _word(self, at: int) -> str:
        return self._tokens[at] if 0 <= at < len(self._tokens) else ""

    def _number(self, at: int) -> tuple[Fraction, str, int] | None:
        if self._word(at) in {"minus", "negative"}:
            read = self._unsigned(at + 1)
            return (-read[0], "", read[2]) if read else None
        return self._unsigned(at)

    def _unsigned(self, at: int) -> tuple[Fraction, str, int] | None:
        if part := self._part(at):
            return part
        if self._word(at) == "point":
            return self._decimal(Fraction(0), at)
        if self._word(at) in _ZEROS:
            return self._zero(at)
        read = self._cardinal(at)
        if read is None:
            return None
        value, end = Fraction(read.value), read.end
        if read.closed:
            return value, str(value), end
        if self._word(end) == "point" and (decimal := self._decimal(value, end)):
            return decimal
        if self._word(end) == "and" and (more := self._part(end + 1)) and more[0] < 1:
            return value + more[0], "", more[2]
        return value, str(value), end

    def _zero(self, at: int) -> tuple[Fraction, str, int] | None:
        if self._word(at) == "oh" and not (self._is_figure(at - 1) or self._is_figure(at + 1)):
            return None  # "oh, I see"
        decimal = self._decimal(Fraction(0), at + 1) if self._word(at + 1) == "point" else None
        return decimal or (Fraction(0), "0", at + 1)

    def _is_figure(self, at: int) -> bool:
        word = self._word(at)
        return word in UNIT or word in TEEN or word in TENS or word in _ZEROS

    def _decimal(self, whole: Fraction, point: int) -> tuple[Fraction, str, int] | None:
        end, figures = point + 1, ""
        while (word := self._word(end)) in UNIT or word in _ZEROS:
            figures += str(UNIT.get(word, 0))
            end += 1
        if not figures:
            return None
        value = whole + Fraction(int(figures), 10 ** len(figures))
        if scale := _SCALES.get(self._word(end)):
            return value * scale, "", end + 1
        return value, "", end

    def _part(self, at: int) -> tuple[Fraction, str, int] | None:
        """A half, one third, three quarters, half (of something)."""
        word, following = self._word(at), self._word(at + 1)
        if word == "half" and following in {"a", "an"}:
            return Fraction(1, 2), "", at + 1
        if word in {"a", "an", "one"} and following in _PARTS and following not in _MANY_PARTS:
            return Fraction(1, _PARTS[following]), "", at + 2
        many = UNIT.get(word) or TEEN.get(word)
        if many and many > 1 and following in _MANY_PARTS:
            return Fraction(many, _PARTS[following]), "", at + 2
        return None

    def _cardinal(self, at: int) -> _Read | None:
        """Groups with falling scales: "two million three hundred thousand and six"."""
        total, limit, end, read_any = 0, 10**15, at, False
        while group := self._group(end + (read_any and self._word(end) == "and")):
            scale = _SCALES.get(self._word(group.end), 1)
            if group.closed or scale == 1:
                joins = not read_any or group.value < limit
                if self._word(end) == "and" and group.value >= 100:
                    joins = False  # between one thousand and six hundred
                return (
                    _Read(total + group.value, group.end, group.closed)
                    if joins
                    else (_Read(total, end))
                )
            if scale >= limit:
                break  # the next number
            total, limit = total + group.value * scale, scale
            end, read_any = group.end + 1, True
        return _Read(total, end) if read_any else None

    def _group(self, at: int) -> _Read | None:
        """Up to 9,900: a small number, with hundreds or not."""
        if self._word(at) == "a" and self._word(at + 1) in {"hundred", *_SCALES}:
            small: _Read | None = _Read(1, at + 1)
        else:
            small = self._small(at)
        if small is None or small.closed:
            return small
        if self._word(small.end) == _HUNDREDTH:
            return _Read(small.value * 100, small.end + 1, closed=True)
        if self._word(small.end) != "hundred":
            return small
        hundreds, end = small.value * 100, small.end + 1
        rest = self._small(end + (self._word(end) == "and"))
        if rest is None or self._word(rest.end) == "hundred":
            return _Read(hundreds, end)
        if self._word(end) == "and" and self._word(rest.end) in _SCALES and small.value > 9:
            return _Read(hundreds, end)
        return _Read(hundreds + rest.value, rest.end, rest.closed)

    def _small(self, at: int) -> _Read | None:
        """Below a hundred, an ordinal or not; ordinals close."""
        word, following = self._word(at), self._word(at + 1)
        if word in TENS:
            if following in UNIT:
                return _Read(TENS[word] + UNIT[following], at + 2)
            if following in _UNIT_ORDINAL:
                return _Read(TENS[word] + _UNIT_ORDINAL[following], at + 2, closed=True)
            return _Read(TENS[word], at + 1)
        if word in UNIT or word in TEEN:
            return _Read(UNIT.get(word) or TEEN[word], at + 1)
        for ordinals in (_UNIT_ORDINAL, _TEEN_ORDINAL, _TENS_ORDINAL, _PLURAL_TENS):
            if word in ordinals:
                return _Read(ordinals[word], at + 1, closed=True)
        return None
