"""Markdown that a model writes and nobody can say: marks go, what they mean stays.

Pure, one rule: a table row is read with pauses, a numbered item by its number, a link by its text.
"""

from __future__ import annotations

import re
from typing import Final

from .edits import Edit

_MAYBE: Final = re.compile(r"[*_`~#>|\[<•\t\r\n\f\v\u00a0]|  |^\s*[-+]\s|^\s*\d{1,2}[.)]\s")
_MARKS: Final = re.compile(
    r"""
      (?P<kept>    (?<=\d)\s?\*\s?(?=\d))                      # times
    | (?P<number>  ^\s*\d{1,2}[.)](?=\s+\S))                   # 1. item
    | (?P<dropped>
        ^\s*\|?(?:\s*:?-{3,}:?\s*\|?)+$                        # rule, or below a table's head
      | ^\s*(?:\*\s*){3,}$ | ^\s*(?:_\s*){3,}$
      | ^\s{0,3}\#{1,6}\s+ | \s+\#+\s*$                        # heading
      | ^\s*>[>\s]*\s                                            # quotation
      | ^\s*[-*+•]\s+(?=\S)                                    # item
      | ^\s*\|\s* | \s*\|\s*$                                  # edge of a table
      | `+ | ~~
      | \*+(?=\S) | (?<=\S)\*+                                 # emphasis
      | (?<![\w@.])_{1,2}(?=\S) | (?<=\S)_{1,2}(?![\w@])
      | !?\[(?=[^\]\n]{0,300}\]\()                             # link or image: its text stays …
      | (?<=\S)\]\([^)\n]{0,500}\)                             # … its address goes
      | </?[A-Za-z][^<>\n]{0,100}>
      )
    | (?P<cell>    \s*\|\s*)
    | (?P<space>   \s{2,} | [^\S\ ])
    """,
    re.VERBOSE | re.MULTILINE,
)


def markdown(text: str) -> list[Edit]:
    """Markdown out of a line or a sentence; white space of any kind becomes one space."""
    if not _MAYBE.search(text):
        return []
    edits: list[Edit] = []
    for match in _MARKS.finditer(text):
        kind, start, end = match.lastgroup, match.start(), match.end()
        if kind == "dropped":
            edits.append(Edit(start, end, "", "markdown"))
        elif kind == "number":
            edits.append(Edit(end - 1, end, ",", "markdown"))
        elif kind == "cell":
            edits.append(Edit(start, end, ", ", "markdown"))
        elif kind == "space":
            edits.append(Edit(start, end, " ", "markdown"))
    return edits
