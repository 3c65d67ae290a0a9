"""Typographic variants made plain, one character for one, so that offsets keep. Pure."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

_NOT_ASCII: Final = re.compile(r"[^\x00-\x7f]")
_APOSTROPHES: Final = "\u2018\u2019\u201a\u201b\u02bc\u02b9\u2032\u00b4"
_QUOTES: Final = "\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb"
_HYPHENS: Final = "\u2010\u2011\u2212\ufe63\uff0d"
_TABLE: Final = {
    **dict.fromkeys(_APOSTROPHES, "'"),
    **dict.fromkeys(_QUOTES, '"'),
    **dict.fromkeys(_HYPHENS, "-"),
    "\u00ba": "\u00b0",  # an ordinal indicator, typed for a degree sign
    "\u02da": "\u00b0",
    "\u00b5": "\u03bc",  # micro, as the Greek letter
}


def fold(text: str) -> str:
    """The text with plain apostrophes, quotes, hyphens, spaces and digits; as long as before."""
    return text if text.isascii() else _NOT_ASCII.sub(_folded, text)


def _folded(match: re.Match[str]) -> str:
    return _plain(match.group())


@lru_cache(maxsize=1024)
def _plain(character: str) -> str:
    if character in _TABLE:
        return _TABLE[character]
    if character.isspace():
        return "\n" if character in "\u2028\u2029\x85" else " "
    if character.isdecimal():
        return str(unicodedata.decimal(character))
    if character.isnumeric():
        return character
    compatible = unicodedata.normalize("NFKC", character)
    if len(compatible) == 1 and (compatible.isascii() or compatible.isalpha()):
        return compatible
    return character
