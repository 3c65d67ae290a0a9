"""Sentences out of a stream of tokens, as early as they can be told.

Pure and synchronous. A sentence leaves as soon as the characters after it rule out another reading
("Dr." is no end, nor is the point in "$1.50"), and what leaves never depends on how the text was
cut into tokens. One exception has its own method: `settle`, for a model that stalls.
"""

from __future__ import annotations

import re
from typing import Final

from .markdown import without_markdown
from .sentence import Sentence

# ruff: noqa: RUF001, SIM905 - typographic quotes are meant; word lists read best as text
_TITLES: Final = frozenset(
    "dr mr mrs ms prof st mt rev hon gen sgt capt lt col jr sr vs etc approx appt dept ext no "
    "inc ltd co corp ave blvd rd ln ste apt fl e.g i.e cf jan feb mar apr jun jul aug sep sept "
    "oct nov dec mon tue tues wed thu thur thurs fri sat sun".split()
)
"""What a point after it does not end: titles, shortenings, months and days."""

_MAY_END_TOO: Final = frozenset("etc inc ltd co corp jr sr ave blvd rd st ln".split())
"""Those of them that end a sentence when a capital follows."""

_END: Final = re.compile(r"[.!?…]+[\"'”’)\]*_`]*(?=\s)|\n")
_LAST_WORD: Final = re.compile(r"([A-Za-z](?:[A-Za-z.]*[A-Za-z])?)\.$")
_INITIALS: Final = re.compile(r"[a-z](?:\.[a-z])*$")
_LIST_NUMBER: Final = re.compile(r"^\s*(?:[-*+•]\s*)?(?:\*\*)?\d{1,2}\.(?:\*\*)?$")
_OPENERS: Final = "\"'“‘(*_`[#>"


class SentenceStream:
    """Cuts streamed text into sentences: `feed` tokens as they come, `flush` at the end."""

    def __init__(self) -> None:
        self._text = ""

    def feed(self, text: str) -> list[Sentence]:
        """Take more text; returns the sentences that are now complete, often none."""
        self._text += text
        found: list[Sentence] = []
        start = 0
        for match in _END.finditer(self._text):
            if match.end() <= start:
                continue
            verdict = self._ends(start, match)
            if verdict is None:
                break  # what follows will tell
            if verdict:
                found += _spoken(self._text[start : match.end()])
                start = match.end()
        self._text = self._text[start:]
        return found

    def flush(self) -> list[Sentence]:
        """The text has ended: returns what is left, complete or not."""
        rest, self._text = self._text, ""
        return _spoken(rest)

    def settle(self) -> list[Sentence]:
        """The model has stalled: let go of what reads as a whole sentence, keep all else."""
        text = self._text.rstrip()
        whole = re.search(r"[A-Za-z\"'”’)*][.!?…]+[\"'”’)\]*_`]*$", text)
        if whole is None or _is_shortening(text) or _LIST_NUMBER.match(text):
            return []
        return self.flush()

    def _ends(self, start: int, match: re.Match[str]) -> bool | None:
        """Whether the sentence that began at `start` ends here; None while it cannot be told."""
        if match.group() == "\n":
            return True
        before = self._text[start : match.end()]
        following = self._text[match.end() :]
        if "\n" in following[: len(following) - len(following.lstrip())]:
            return not _LIST_NUMBER.match(before)
        following = following.lstrip()
        if not following.lstrip(_OPENERS):
            return None
        if _LIST_NUMBER.match(before):
            return False
        if not match.group().startswith(".") or match.group().startswith(".."):
            return True
        first = following.lstrip(_OPENERS)[0]
        if _is_shortening(before.rstrip("\"'”’)]*_`")):
            return first.isupper() and _may_end(before)
        return not first.islower()


def _last_word(text: str) -> str:
    match = _LAST_WORD.search(text)
    return match.group(1).lower() if match else ""


def _is_shortening(text: str) -> bool:
    word = _last_word(text)
    return word in _TITLES or _INITIALS.match(word) is not None


def _may_end(text: str) -> bool:
    word = _last_word(text)
    return word in _MAY_END_TOO or word in {"a.m", "p.m"} or word.count(".") >= 2


def _spoken(written: str) -> list[Sentence]:
    written = written.strip()
    sentence = without_markdown(written)
    return [sentence] if any(c.isalnum() for c in sentence.spoken) else []
