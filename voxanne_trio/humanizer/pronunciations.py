"""How a clinic wants its own words said: short forms, brands, names of doctors. Pure.

A rule like the others, made from the clinic's list, to go before the normaliser: what the list
says is text, which the normaliser may still have to read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from .edits import Edit


def pronouncing(words: Mapping[str, str]) -> Callable[[str], list[Edit]]:
    """A rule that says each of these words, cased as given, as the list says.

    Of two that begin at one place the longer wins. Without words it finds nothing.
    """
    longest_first = sorted(filter(None, words), key=len, reverse=True)
    if not longest_first:
        return lambda text: []
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)")

    def rule(text: str) -> list[Edit]:
        return [
            Edit(match.start(), match.end(), words[match.group()], "pronunciation")
            for match in pattern.finditer(text)
            if words[match.group()] != match.group()
        ]

    return rule
