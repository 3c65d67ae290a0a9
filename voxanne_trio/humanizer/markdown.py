"""Markdown that a model writes and nobody can say: what of a sentence is spoken.

Pure. Marks characters for keeping or dropping, so that every kept one keeps its place in the
written text.
"""

from __future__ import annotations

import re
from typing import Final

from .sentence import Sentence, kept

_DROPPED: Final = tuple(
    re.compile(pattern, re.MULTILINE)
    for pattern in (
        r"^\s{0,3}#{1,6}\s+",  # heading
        r"^\s*>\s?",  # quotation
        r"^\s*[-*+•]\s+(?=\S)",  # bullet
        r"^\s*(?:\*\s*){3,}$|^\s*(?:-\s*){3,}$|^\s*(?:_\s*){3,}$",  # rule
        r"`+",  # code
        r"\*+(?=\S)|(?<=\S)\*+",  # emphasis
        r"(?<!\w)_{1,2}(?=\S)|(?<=\S)_{1,2}(?!\w)",
        r"~~",
        r"!?\[(?=[^\]\n]*\]\()",  # link or image: its text stays …
        r"(?<=\S)\]\([^)\n]*\)",  # … its address goes
    )
)
_TIMES: Final = re.compile(r"(?<=\d)\s?\*\s?(?=\d)")


def without_markdown(written: str) -> Sentence:
    """The sentence with its markdown left unspoken; runs of white space are spoken as one."""
    keep = [True] * len(written)
    protected = {i for m in _TIMES.finditer(written) for i in range(*m.span())}
    for pattern in _DROPPED:
        for match in pattern.finditer(written):
            for i in range(*match.span()):
                keep[i] = i in protected
    spaced = True  # nothing said yet: leading space is dropped too
    for i, character in enumerate(written):
        if keep[i] and character.isspace():
            keep[i] = not spaced
            spaced = True
        elif keep[i]:
            spaced = False
    while keep and (last := _last_kept(keep)) is not None and written[last].isspace():
        keep[last] = False
    return kept(written, keep)


def _last_kept(keep: list[bool]) -> int | None:
    return next((i for i in range(len(keep) - 1, -1, -1) if keep[i]), None)
