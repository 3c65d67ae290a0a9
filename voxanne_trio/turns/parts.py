"""The parts of a caller's turn, put together and taken apart. Pure.

A turn may come in parts (the caller goes on before we have spoken), and a turn that we ended before
the recogniser did comes once more, with whatever was said since.
"""

from __future__ import annotations

import re
from typing import Final

from ..events import Sensitive
from .words import same_words

_WORD: Final = re.compile(r"[\w']+")

_LIKENESS: Final = 0.6
"""Share of the words that must stand where they stood: a recogniser revises what it wrote."""


def merged(first: Sensitive, second: Sensitive) -> Sensitive:
    """Two parts of one turn as its whole text. Parts may be alike, as groups of a number are."""
    return Sensitive(f"{first.reveal()} {second.reveal()}".strip())


def beyond(text: Sensitive, known: Sensitive) -> Sensitive | None:
    """What a text says beyond words that are known already; None where it does not begin so."""
    if same_words(text.reveal(), known.reveal()):
        return Sensitive("")  # "619-555" was "619555" before
    words = list(_WORD.finditer(text.reveal()))
    before = _WORD.findall(known.reveal().lower())
    if not before or len(words) < len(before):
        return None
    alike = sum(word[0].lower() == other for word, other in zip(words, before, strict=False))
    if alike < _LIKENESS * len(before):
        return None
    if len(words) == len(before):
        return Sensitive("")
    return Sensitive(text.reveal()[words[len(before)].start() :])
