"""What stands between words: punctuation as a voice can use it, and all that cannot be said. Pure.

A run of punctuation, white space, emoji and markdown becomes one of the pauses that may come out:
a space, `, `, `. `, `? `, `! `, `... `, ` - `, or the hyphen of a compound.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_JOINERS: Final = frozenset("\u00ad\u200b\u200c\u200d\u2060\ufeff\u200e\u200f")
_DASHES: Final = re.compile(r"[\u2013-\u2015]|--|\s-\s|\s-\Z|->|=>")
_COMMAS: Final = frozenset(",:;()[]{}|\u2022\u2192")
_BROKEN: Final = re.compile(r"\n\s*\n|\n\s*(?:[-*+\u2022>#]|[0-9]+[.)])")
_DECORATION: Final = "*_`~^\\"


def between(run: str) -> str:
    """The pause for a run between two words."""
    if run == " ":
        return run
    if run == "-":
        return run
    mark = _mark(run)
    if mark:
        return f"{mark} "
    if _DASHES.search(run) and not _BROKEN.search(run):
        return " - "
    if not _COMMAS.isdisjoint(run) or _BROKEN.search(run):
        return ", "
    if all(c in _JOINERS or unicodedata.combining(c) for c in run):
        return ""
    return "-" if run.strip(_DECORATION) == "-" else " "


def ending(run: str) -> str:
    """The end of a text: its full stop or what was there, nothing else."""
    mark = _mark(run)
    if mark:
        return mark
    stripped = run.strip()
    if _DASHES.search(run) or stripped.endswith("-"):
        return "..." if stripped.strip(_DECORATION + "-") or _long(stripped) else ""
    if ":" in run or ";" in run:
        return "."
    return "," if "," in run else ""


def _long(dash: str) -> bool:
    return "\u2014" in dash or dash in {"-", "--", "\u2013"}


def _mark(run: str) -> str:
    if "?" in run:
        return "?"
    if "!" in run:
        return "!"
    if "\u2026" in run or ".." in run:
        return "..."
    return "." if "." in run or "\u3002" in run else ""
