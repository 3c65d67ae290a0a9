"""Now and then a "well": what makes a voice sound as if it thought. Pure.

At most one in a reply, never in its first sentence (the answer comes first), never in a sentence
that holds a number or is grave, and only before the beginnings of ordinary statements. Which
sentence gets one follows from a seed, the sentence's place and its words: the same every time.
"""

# ruff: noqa: SIM905 - word lists read best as text

from __future__ import annotations

import re
from typing import Final
from zlib import crc32

from .edits import Edit
from .lengths import holds_number

PER_HUNDRED: Final = 22
"""Of the sentences that could have one; the conditions leave about one in ten of all."""

FEWEST_WORDS: Final = 5

_STATED: Final = ("Well", "So", "Um", "You know")
_ASKED: Final = ("So", "Um")
FILLER: Final = re.compile(
    r"(?:well|so|um+|uh+|hmm+|oh|okay so|you know|let me see|let's see|i mean|actually|honestly"
    r"|alright|all right|right|now|okay|ok)(?:,|\.\.\.| -)",
    re.IGNORECASE,
)
_STARTERS: Final = frozenset(
    (
        "i i'm i'd i'll i've we we're we'll we've you you're you'll it it's that that's there "
        "there's the our your most many some they they're she he this these those"
    ).split()
)
_ASKING: Final = frozenset("would do does can could is are what when which how".split())
_GRAVE: Final = re.compile(
    r"\b(?:emergenc|hang up|bleed|breath|pain|fever|infect|sorry|apolog|urgent|hospital|doctor now"
    r"|unfortunately|goodbye|bye|thank|welcome|not safe|dead|die|overdose|police)",
    re.IGNORECASE,
)


def has_filler(text: str) -> bool:
    """Whether the sentence begins with a filler already."""
    return FILLER.match(text) is not None


def filler(text: str, place: int, seed: int) -> list[Edit]:
    """A filler for the sentence at that place of its reply, or none."""
    first, _, rest = text.partition(" ")
    low = first.lower()
    is_question = text.endswith("?")
    if place < 1 or rest.count(" ") < FEWEST_WORDS - 2:
        return []
    if low not in (_ASKING if is_question else _STARTERS):
        return []
    drawn = crc32(f"{seed} {place} {text.lower()}".encode())
    if drawn % 100 >= PER_HUNDRED or holds_number(text) or _GRAVE.search(text):
        return []
    choice = _ASKED if is_question else _STATED
    word = choice[drawn // 100 % len(choice)]
    kept = first if low == "i" or low.startswith("i'") else low
    return [Edit(0, len(first), f"{word}, {kept}", "filler")]
