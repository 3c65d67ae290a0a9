"""Written English to the words a person would say on a US phone line. Pure and synchronous.

What comes out holds letters, spaces, `. , ? ! '`, `...`, a spaced dash, and the hyphen inside a
number word or a compound; nothing else, whatever went in. It is empty only if nothing could be
said. Saying it again changes nothing.

A text with nothing to do is told by one test. Otherwise the scanner goes over it, and again over
what it gave, until nothing changes: a reading may uncover what another has to read (the text of a
link, a full-width digit), which is rare.
"""

from __future__ import annotations

import re
from typing import Final

from . import dates, grammars, roman
from .edits import Edit, apply, composed
from .scanner import scan

_MOST_PASSES: Final = 4

_QUIET: Final = re.compile(
    r"(?:'?[A-Za-z]++(?:'[A-Za-z]++)*+'?(?:-(?=[a-z])|,? (?=['A-Za-z])|[.?!] (?=['A-Za-z])"
    r"|\.\.\. (?=['A-Za-z])| - (?=['A-Za-z])|\.\.\.\Z|[.,?!]\Z|\Z))*+\Z"
)
"""Words with the pauses that may come out between them, and nothing else."""


def _alerts() -> frozenset[str]:
    """Words that may need work though they are made of nothing but letters and points."""
    full = {*dates.MONTH_WORDS, *dates.DAY_WORDS} - dates.SHORT_WORDS
    words = set(grammars.AT_WORD) - full - grammars.QUIET_WORDS
    cased = {form for word in words for form in (word, word.capitalize(), word.upper())}
    cased -= {word for word in cased if word.lower() in grammars.UPPER_WORDS and not word.isupper()}
    ends = ("", ".", ",", "?", "!", "...", ".,")
    return frozenset(
        {f"{word}{end}" for word in cased for end in ends}
        | {f"{c}." for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
    )


_ALERTS: Final = _alerts()
_LONE_NUMERALS: Final = frozenset(f"{n}{end}" for n in "IVX" for end in ("", ".", ",", "?", "!"))


def normalise(text: str) -> str:
    """The text as it is to be said."""
    return apply(text, normalising_edits(text))


def normalising_edits(text: str) -> list[Edit]:
    """What `normalise` changes, in order, with the name of the grammar that read each stretch."""
    if is_quiet(text):
        return []
    edits = scan(text)
    for _ in range(_MOST_PASSES - 1):
        said = apply(text, edits)
        if is_quiet(said):
            break
        more = scan(said)
        if not more:
            break
        edits = composed(said, edits, more)
    return edits


def is_quiet(text: str) -> bool:
    """Whether there is certainly nothing to do, told fast."""
    if _QUIET.match(text) is None:
        return False
    words = text.split()
    if not _ALERTS.isdisjoint(words):
        return False
    return _LONE_NUMERALS.isdisjoint(words) or roman.COUNTED.isdisjoint(text.lower().split())
