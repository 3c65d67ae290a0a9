"""Which grammar is asked, in what order, at which kind of place. Pure; a table."""

from __future__ import annotations

from functools import cache
from typing import Final, TypeAlias

from . import (
    abbreviations,
    addresses,
    dates,
    figures,
    ids,
    measures,
    money,
    phones,
    roman,
    symbols,
    times,
    web,
    years,
)
from .reading import Grammar

Named: TypeAlias = tuple[str, Grammar]

_LONGEST: Final = 12  # digits in a row; how many more makes no difference
_DASHES: Final = "\u2010\u2011\u2012\u2013\u2014\u2015"

_ANY: Final = frozenset(range(_LONGEST + 1))
_AFTER_ANY: Final = frozenset("a -./:,'*~")
_AT_DIGIT: Final[tuple[tuple[str, Grammar, frozenset[int], frozenset[str]], ...]] = (
    ("phone", phones.read, frozenset({1, 3, 10, 11}), _AFTER_ANY),
    ("id", ids.read_retirement, frozenset({3}), frozenset("a*")),
    ("phone", phones.read_short, frozenset({3, 5, 6}), _AFTER_ANY),
    ("id", ids.read_announced, _ANY, _AFTER_ANY),
    ("date", dates.read_numeric, frozenset({1, 2, 4}), frozenset("/-.")),
    ("date", dates.read_day_first, frozenset({1, 2}), frozenset("a ")),
    ("time", times.read, frozenset({1, 2}), frozenset("a -:.~")),
    ("address", addresses.read, frozenset({1, 2, 3, 4, 5, 6}), frozenset("a -")),
    ("decade", years.read_decade, frozenset({2, 4}), frozenset("a'")),
    ("measure", measures.read, _ANY, _AFTER_ANY),
    ("ordinal", figures.read_ordinal, _ANY, frozenset("a-,")),
    ("address", addresses.read_side, frozenset({1, 2, 3}), frozenset("a")),
    ("year", years.read_year, frozenset({4}), _AFTER_ANY),
    ("fraction", figures.read_slashed, _ANY, frozenset(" /-.*")),
    ("id", ids.read_mixed, _ANY, frozenset("a-")),
    ("number", figures.read_count, _ANY, _AFTER_ANY),
)
"""For each grammar, how many digits may begin what it reads, and what may come after them."""


def at_digits(length: int, following: str) -> tuple[Named, ...]:
    """Who is asked where so many digits stand before that character ("" at the end)."""
    if following.isalpha():
        following = "a"
    elif following not in _AFTER_ANY:
        following = "~" if following in _DASHES else "*" if following else "."
    return _at_digits(min(length, _LONGEST), following)


@cache
def _at_digits(length: int, following: str) -> tuple[Named, ...]:
    return tuple(
        (name, grammar)
        for name, grammar, lengths, followings in _AT_DIGIT
        if length in lengths
        and (following in followings or (following == "~" and "-" in followings))
    )


AT_MONEY: Final[tuple[Named, ...]] = (("money", money.read), ("symbol", symbols.read))

AT_ADDRESS: Final[Named] = ("web", web.read)

AT_POINT: Final[Named] = ("abbreviation", abbreviations.read_pointed)
AT_SLASH: Final[Named] = ("abbreviation", abbreviations.read_slashed)
AT_UNUSUAL: Final[tuple[Named, ...]] = (
    ("fraction", figures.read_vulgar),
    ("typography", symbols.read_compatible),
)

AT_LETTERS_AND_DIGITS: Final[tuple[Named, ...]] = (
    ("every", abbreviations.read_every),
    ("id", ids.read_announced),
    ("id", ids.read_mixed),
)

AT_CHARACTER: Final[dict[str, tuple[Named, ...]]] = {
    **dict.fromkeys(symbols.SYMBOLS, (("symbol", symbols.read),)),
    **dict.fromkeys("$\u20ac\u00a3\u00a5\u20b9", AT_MONEY),
    "(": (("phone", phones.read),),
    "+": (("phone", phones.read), ("symbol", symbols.read)),
    "#": (("number", ids.read_number_sign), ("symbol", symbols.read)),
    "-": (("minus", symbols.read_minus),),
    ".": (("measure", measures.read), ("number", figures.read_count)),
    "'": (("decade", years.read_decade),),
    "[": (("link", web.read_link),),
}


def _words() -> dict[str, tuple[Named, ...]]:
    """For each word that may need work, who is asked about it."""
    found: dict[str, list[Named]] = {}

    def ask(words: tuple[str, ...], name: str, grammar: Grammar) -> None:
        for word in words:
            found.setdefault(word, []).append((name, grammar))

    ask(dates.MONTH_WORDS, "date", dates.read_month)
    ask(dates.DAY_WORDS, "date", dates.read_day)
    ask(("m",), "date", dates.read_workweek)
    ask(addresses.STATE_WORDS, "address", addresses.read_state)
    ask(("st",), "address", addresses.read_saint)
    ask(("dr", "drs"), "title", addresses.read_doctor)
    ask(ids.LABELS, "id", ids.read_label)
    ask(addresses.STREET_WORDS, "address", addresses.read_street)
    ask(tuple(side.lower() for side in addresses.SIDE_WORDS), "address", addresses.read_side)
    ask(("no",), "number", abbreviations.read_no)
    ask(("x",), "symbol", abbreviations.read_x)
    ask(abbreviations.WORDS, "abbreviation", abbreviations.read)
    ask(roman.WORDS, "roman", roman.read)
    ask(("noon", "midnight"), "time", times.read_noon)
    ask(("us", "c", "ca", "a", "au"), "money", money.read)
    ask(("https", "http", "ftp", "tel", "mailto"), "web", web.read_scheme)
    return {word: tuple(grammars) for word, grammars in found.items()}


AT_WORD: Final = _words()

QUIET_WORDS: Final = frozenset(ids.LABELS) - {"apt", "ste", "bldg", "hwy", "rm", "fl"} | frozenset(
    "no i v x m c a us noon midnight".split()  # noqa: SIM905
)
"""Those of them that need work only next to digits or symbols."""

UPPER_WORDS: Final = (frozenset(addresses.STATE_WORDS) | frozenset(roman.WORDS)) - frozenset(
    abbreviations.WORDS
)
"""Those of them that need work only in capitals."""
