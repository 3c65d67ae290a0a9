"""What a caller's words mean for the floor, apart from what they ask. Pure.

Refuses to understand language: these are the few phrases on which turn-taking itself depends.
"""

from __future__ import annotations

import re
from typing import Final

_FAREWELL: Final = re.compile(
    r"\b(?:good\s?bye|bye|bye bye|see you(?: then| later| soon)?|talk to you later|"
    r"have a (?:good|great|nice|lovely) (?:day|one|night|evening|afternoon|weekend))$"
)
_MORE: Final = re.compile(r"\b(?:before|how|what|when|where|why|can you|could you|do you)\b")
_FAREWELL_WORDS: Final = 14


def is_farewell(text: str) -> bool:
    """Whether the caller is taking leave, so that the answer to it ends the call."""
    words = re.sub(r"[^a-z' ]+", " ", text.lower()).split()
    if len(words) > _FAREWELL_WORDS:
        return False
    said = " ".join(words)
    return _FAREWELL.search(said) is not None and _MORE.search(said) is None
