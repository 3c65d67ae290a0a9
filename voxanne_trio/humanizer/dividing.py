"""Long sentences in several, each short enough to be taken in by ear. Pure.

From the left, each part is the longest that fits, at the best kind of cut there is. Words are
looked at a bounded stretch at a time, so the work is linear. A cut is made at a space that stands
as it was written, so that each part keeps its own written text and none is lost between them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Final

from . import clause_words as words
from .clauses import RESUMED, SUBJECT_WORDS, Cut, Part, Token, cut_before, tokens_of
from .edits import Edit
from .lengths import Lengths, is_surely_short, word_count
from .rewriting import Rewriting

MOST_WORDS: Final = 12
FEWEST_WORDS: Final = 3
"""A part is no shorter."""

WINDOW: Final = 80
"""Words looked at from the beginning of a part; a clause that is longer stays as it is."""


class Outline:
    """The words of a text, and how many lie between any two, in the longer of both forms."""

    def __init__(self, rewriting: Rewriting) -> None:
        self.tokens = tokens_of(rewriting.text)
        self._rewriting = rewriting

    @cached_property
    def _spoken(self) -> Lengths:
        return Lengths(self._rewriting.text)

    @cached_property
    def _written(self) -> Lengths:
        return Lengths(self._rewriting.written)

    @cached_property
    def _starts(self) -> list[int]:
        return [*(token.start for token in self.tokens), len(self._rewriting.text)]

    @cached_property
    def _places(self) -> list[int]:
        places = self._rewriting.written_offsets(self._starts[:-1])
        return [*places, len(self._rewriting.written)]

    def words(self, start: int, end: int, extra: int) -> int:
        """Words from one token up to another, the spoken form being `extra` words longer."""
        return max(
            self._spoken.between(self._starts[start], self._starts[end]) + extra,
            self._written.between(self._places[start], self._places[end]),
        )


def divided(rewriting: Rewriting, most: int = MOST_WORDS) -> list[Rewriting]:
    """The sentence in parts of at most `most` words where its clauses allow it, else as it is.

    Capitals and marks of the parts are left to the rule for them, save that a part that asks says
    so. What was written with a semicolon is divided however short it is.
    """
    is_short = is_surely_short(rewriting.text, most) and is_surely_short(rewriting.written, most)
    if is_short and ";" not in rewriting.written:
        return [rewriting]
    outline = Outline(rewriting)
    spaces = [_space(token) for token in outline.tokens]
    allowed = rewriting.stays(spaces)
    semicolons = _semicolons(rewriting, outline.tokens)
    search = _Search(outline, most, allowed, semicolons, is_short=is_short)
    is_question = rewriting.text.endswith("?")
    found = search.cuts(is_question=is_question)
    if not found:
        return [rewriting]
    parts = rewriting.divided([spaces[cut.token] for cut in found])
    _open_parts(parts[1:], found, outline.tokens)
    if is_question:
        firsts = [0, *(cut.token for cut in found)]
        for part, first in zip(parts[:-1], firsts, strict=False):
            if outline.tokens[first].low in words.AUXILIARIES | words.ASKING:
                part.apply([Edit(len(part.text), len(part.text), "?", "clauses")])
    return parts


def _space(token: Token) -> int:
    """The space to cut at: before a word, behind a dash."""
    return token.end if token.low == "-" else max(token.start - 1, 0)


def _semicolons(rewriting: Rewriting, tokens: Sequence[Token]) -> set[int]:
    """The dashes that were written as semicolons."""
    if ";" not in rewriting.written:
        return set()
    dashes = [number for number, token in enumerate(tokens) if token.low == "-"]
    places = rewriting.written_offsets([tokens[dash].end for dash in dashes])
    return {
        dash
        for dash, place in zip(dashes, places, strict=True)
        if rewriting.written[place - 1 : place] == ";"
    }


class _Search:
    """The cuts of one sentence, found from the left."""

    def __init__(
        self,
        outline: Outline,
        most: int,
        allowed: Sequence[bool],
        semicolons: set[int],
        *,
        is_short: bool,
    ) -> None:
        self._is_short = is_short
        self._outline = outline
        self._most = most
        self._allowed = allowed
        self._semicolons = semicolons

    def cuts(self, *, is_question: bool) -> list[Cut]:
        tokens, end = self._outline.tokens, len(self._outline.tokens)
        last_semicolon = max(self._semicolons, default=-1)
        found: list[Cut] = []
        start, extra, subject, opener = 0, 0, "", ""
        while start < end:
            is_long = not self._is_short and (self._outline.words(start, end, extra) > self._most)
            if not is_long and last_semicolon <= start:
                break
            part = Part(tokens, start, subject=subject, opener=opener)
            cut = self._best(part, start, extra, is_long=is_long, is_question=is_question)
            if cut is None:
                break
            found.append(cut)
            start, extra, opener = cut.token, cut.extra, cut.opener
            subject = part.subject if cut.rank == RESUMED else ""
        return found

    def _best(
        self, part: Part, start: int, extra: int, *, is_long: bool, is_question: bool
    ) -> Cut | None:
        tokens = self._outline.tokens
        best: Cut | None = None
        for at in range(start + FEWEST_WORDS, min(len(tokens) - 1, start + WINDOW)):
            cut = cut_before(tokens, at, part, is_question=is_question)
            if cut is None or not self._allowed[at]:
                continue
            if at in self._semicolons:
                return cut
            if not is_long:
                continue
            if self._outline.words(start, at, extra) > self._most:
                return best or cut
            if best is None or cut.rank <= best.rank:
                best = cut
        return best


def _open_parts(parts: Sequence[Rewriting], found: Sequence[Cut], tokens: Sequence[Token]) -> None:
    """Give the parts their new first words; a dash before one has stayed with the part before."""
    for part, cut in zip(parts, found, strict=True):
        if cut.opener:
            start = tokens[cut.token].start
            end = tokens[cut.token + cut.drop - 1].end
            part.apply([Edit(0, end - start, cut.opener, "clauses")])


def first_clause(text: str, fewest: int, *, is_complete: bool) -> int | None:
    """Where the first clause of a long sentence ends, so that it can be said at once; None where
    it does not, or cannot be told yet. The place is that of a space.

    What is found in a beginning is found in every longer text: a place is judged only when all the
    words that it is judged by are there. `is_complete` when the sentence is.
    """
    if ", " not in text:
        return None
    tokens = tokens_of(text)
    whole = len(tokens) if is_complete or text[-1].isspace() else len(tokens) - 1
    if whole <= SUBJECT_WORDS:
        return None
    part = Part(tokens)
    for at in range(1, whole - SUBJECT_WORDS - 1):
        token = tokens[at]
        if token.low not in _GOING_ON or not tokens[at - 1].comma:
            continue
        cut = cut_before(tokens, at, part)
        head = text[: token.start]
        if cut is not None and not cut.rank and not _is_open(head) and word_count(head) >= fewest:
            return token.start - 1
    return None


_GOING_ON: Final = frozenset({"and", "but", "so"})


def _is_open(head: str) -> bool:
    """Whether something begins in the text that does not end in it."""
    pairs = (head.count("(") - head.count(")"), head.count("[") - head.count("]"))
    return any(pairs) or any(head.count(mark) % 2 for mark in ("**", "`", '"', "_"))
