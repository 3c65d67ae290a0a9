"""Edits: what a rule changes in a text, by offsets into it. Pure.

Every rule of this package is a function from a text to edits in order, none overlapping another.
What they mean, and where the result came from, is worked out from the edits alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Edit(NamedTuple):
    """`text[start:end]` is to be said as `spoken`, because of `rule` (its name, for people)."""

    start: int
    end: int
    spoken: str
    rule: str


def apply(text: str, edits: Iterable[Edit]) -> str:
    """The text with the edits made; they are in order and do not overlap."""
    parts: list[str] = []
    at = 0
    for edit in edits:
        parts += (text[at : edit.start], edit.spoken)
        at = edit.end
    parts.append(text[at:])
    return "".join(parts)


def composed(between: str, first: Sequence[Edit], second: Sequence[Edit]) -> list[Edit]:
    """One list of edits that does what `first` and then `second` do.

    `between` is the text that `first` gives and `second` is about. Edits of the two that overlap
    become one, named after the one that begins it.
    """
    found: list[Edit] = []
    shift = i = j = 0  # `shift` leads from an offset in the original to one in `between`
    while i < len(first) or j < len(second):
        low = high = -1
        grown, inside, rule = 0, list[Edit](), ""
        while True:
            ours = first[i].start + shift + grown if i < len(first) else len(between) + 1
            theirs = second[j].start if j < len(second) else len(between) + 1
            start = min(ours, theirs)
            if start > len(between) or (low >= 0 and start >= high):
                break
            low = start if low < 0 else low
            if ours <= theirs:
                edit = first[i]
                high = max(high, ours + len(edit.spoken))
                grown += len(edit.spoken) - (edit.end - edit.start)
                i += 1
            else:
                edit = second[j]
                high = max(high, edit.end)
                inside.append(edit._replace(start=edit.start - low, end=edit.end - low))
                j += 1
            rule = rule or edit.rule
        spoken = apply(between[low:high], inside)
        found.append(Edit(low - shift, high - shift - grown, spoken, rule))
        shift += grown
    return found
