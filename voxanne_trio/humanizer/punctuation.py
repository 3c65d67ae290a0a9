"""Punctuation a voice can use: before the words are changed, marks that mean a pause; after, order.

Pure, two rules. `marks` turns what is written for the eye (dashes, brackets, quotes, semicolons)
into commas and spaced dashes. `spacing` leaves a sentence with one mark at a time, each in its
place, nothing outside of the alphabet a voice is given, a capital first, and an end.
"""

from __future__ import annotations

import re
from typing import Final

from .edits import Edit

# ruff: noqa: RUF001 - typographic marks are meant

_MAYBE_MARKS: Final = re.compile(r"[’‘“”\"()\[\]{}—…]|[;:](?=\s|$)|--|–\s|(?<!\w)'|'(?!\w)")
_MARKS: Final = re.compile(
    r"""
      (?P<apostrophe>  (?<=\w)[’‘](?=\w) | (?<=s)’(?=\s) | ’(?=\d0s) )
    | (?P<quote>       [“”’‘] | (?<!\d)" | (?<![\w.,])'(?=[A-Za-z]+[^']{0,80}?[\w.,!?]'(?!\w))
                       | (?<=[.,!?])'(?!\w) | (?<=[a-rt-z])'(?=\s|[.,!?]|$) )
    | (?P<dash>        —+ | --+ | –(?=\s) )
    | (?P<pause>       ;(?=\s|$) | :(?=\s+[^\W\d]|\s*$) )
    | (?P<opening>     (?<!\w)[(\[{](?=[A-Za-z][^()\[\]{}]{0,200}[)\]}]) )
    | (?P<closing>     (?<=[A-Za-z.,!?])[)\]}] )
    | (?P<ellipsis>    … )
    """,
    re.VERBOSE,
)


def marks(text: str) -> list[Edit]:
    """Marks for the eye as marks for the ear."""
    if not _MAYBE_MARKS.search(text):
        return []
    edits: list[Edit] = []
    opened = False
    for match in _MARKS.finditer(text):
        kind, start, end = match.lastgroup, match.start(), match.end()
        following = text[end : end + 1]
        spoken = ""
        if kind == "apostrophe":
            spoken = "'"
        elif kind == "ellipsis":
            spoken = "..."
        elif kind in {"dash", "pause"}:
            spoken = " -" if following.isspace() or kind == "pause" else " - "
            start = _without_space(text, start, edits)
        elif kind == "opening":
            opened = True
            start = _without_space(text, start, edits)
            spoken = ", " if start and text[start - 1] not in ".!?," else " " * (start > 0)
        elif kind == "closing":
            if not opened:
                continue  # of "401(k)", "appointment(s)"
            spoken = "," if following == " " else ""
            opened = False
        edits.append(Edit(start, end, spoken, "marks"))
    return edits


def _without_space(text: str, start: int, edits: list[Edit]) -> int:
    """Where the one space before a mark begins."""
    is_free = not edits or edits[-1].end < start
    return start - 1 if start and text[start - 1] == " " and is_free else start


_AMISS: Final = re.compile(
    r"[^\w .,?!'-]|_|  | [.,?!]|[,?!](?=[^ ])|[.,?!][.,?!]|(?<=[a-z])\.(?=[A-Z])"
    r"|(?<![A-Za-z])-(?=[A-Za-z])|(?<=[A-Za-z])-(?![A-Za-z])|, -|- ,"
)
_SPACING: Final = re.compile(
    r"""
      (?P<run>      \s*[,.?!](?:\s*[,.?!])*\s*)
    | (?P<dash>     (?:,\s*)?\s+-+(?:\s+-+)*(?:\s+|(?=[A-Za-z])) | (?<=[A-Za-z])-+\s+ )
    | (?P<hyphens>  (?<=\w)--+(?=\w))
    | (?P<stray>    (?:[^\w\s.,?!'-]|_)+ )
    | (?P<space>    \s{2,}|[^\S\ ])
    """,
    re.VERBOSE,
)
_ALPHANUMERIC: Final = re.compile(r"[^\W_]")


def spacing(text: str) -> list[Edit]:
    """Marks and spaces in order, a capital at the start, an end at the end."""
    first = _ALPHANUMERIC.search(text)
    if first is None:
        return [Edit(0, len(text), "", "punctuation")] if text else []
    start, end = first.start(), len(text)
    while not text[end - 1].isalnum():
        end -= 1
    edits: list[Edit] = []
    if start:
        edits.append(Edit(0, start, "", "punctuation"))
    if first.group().islower() and not text[start + 1 : start + 2].isupper():
        edits.append(Edit(start, start + 1, first.group().upper(), "capital"))
    if _AMISS.search(text, start, end):
        for match in _SPACING.finditer(text, start, end):
            spoken = _in_order(text, match)
            if spoken != match.group():
                edits.append(Edit(match.start(), match.end(), spoken, "punctuation"))
    mark = _strongest(text[end:]) or "."
    if mark != text[end:]:
        edits.append(Edit(end, len(text), mark, "punctuation"))
    return edits


def _in_order(text: str, match: re.Match[str]) -> str:
    kind, found = match.lastgroup, match.group()
    if kind == "run":
        mark = _strongest(found) or ","
        before, after = text[match.start() - 1], text[match.end()]
        is_inside = found == "." and after.isalnum() and not (before.islower() and after.isupper())
        return mark if is_inside else f"{mark} "
    if kind == "dash":
        return " - "
    return "-" if kind == "hyphens" else " " if kind == "space" else ""


def _strongest(found: str) -> str:
    """One mark for several: what asks, then what calls, what trails off, what ends."""
    if "?" in found:
        return "?"
    if "!" in found:
        return "!"
    if "..." in found:
        return "..."
    return "." if "." in found else ""
