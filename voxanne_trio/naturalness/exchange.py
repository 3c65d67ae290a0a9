"""What the checks look at, and what they answer.

A reply holds both forms of what the agent said: as the model wrote it and as the voice was given
it. Refuses to know where replies come from.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import attrs

from ..humanizer import Piece, Sentence

_BOUNDARY: Final = re.compile(r"(?<=[.?!])(?<!\.\.\.)[\"'\u201d\u2019)\]*_]*\s+(?=\S)")
_ENDED: Final = re.compile(r"[.?!][\"'\u201d\u2019)*_]*\s*$")
_SHORTENED: Final = re.compile(
    r"\b(?:dr|mr|mrs|ms|st|mt|jr|sr|vs|approx|appt|dept|ext|no|ave|blvd|rd|ste|apt|e\.g|i\.e"
    r"|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec|mon|tues?|wed|thur?s?|fri|sat|sun)\.$",
    re.IGNORECASE,
)
_BEFORE_LOWER: Final = re.compile(r"\s*[\"'\u201c\u2018(*_]*[a-z\d]")


@attrs.frozen(kw_only=True)
class Reply:
    """One answer of the agent. `name` is the caller's, where it is known by then; `brief` says why
    a word or two are enough ("goodbye"), and is empty when they are not."""

    written: str
    sentences: tuple[Sentence, ...]
    name: str = ""
    brief: str = ""
    expect: tuple[str, ...] = ()
    never: tuple[str, ...] = ()

    @property
    def spoken(self) -> str:
        """All that is said."""
        return " ".join(sentence.spoken.strip() for sentence in self.sentences)


@attrs.frozen
class Verdict:
    """What a check found. `passed` is None where it does not apply."""

    passed: bool | None
    reason: str


def as_written(text: str) -> tuple[Sentence, ...]:
    """A reply's sentences, spoken just as they are written."""
    lines = [line for line in text.splitlines() if line.strip()]
    return tuple(each for line in lines for each in single([Sentence.verbatim(line.strip())]))


def single(sentences: Iterable[Sentence]) -> list[Sentence]:
    """The same speech, one sentence each: what is synthesised as one piece may hold several, or
    the first clause of one."""
    found: list[Sentence] = []
    for sentence in _joined(sentences):
        rest: Sentence | None = sentence
        while rest is not None:
            cut = _first_boundary(rest.spoken)
            if not cut:
                found.append(rest)
                break
            head, rest = rest.divided(cut)
            if head is None:  # it cannot be cut there: one written stretch, several sentences
                assert rest is not None
                found += [Sentence.verbatim(text) for text in _pieces(rest.spoken)]
                break
            found.append(head)
    return found


def _joined(sentences: Iterable[Sentence]) -> list[Sentence]:
    """A clause that was said early is put before the rest of its sentence."""
    found: list[Sentence] = []
    for sentence in sentences:
        if found and not _ENDED.search(found[-1].spoken):
            clause = found.pop()
            sentence = Sentence(
                f"{clause.written} {sentence.written}",
                f"{clause.spoken} {sentence.spoken}",
                (*clause.map, Piece(1, 1), *sentence.map),
            )
        found.append(sentence)
    return found


def _first_boundary(spoken: str) -> int:
    """Where the second sentence begins; 0 where there is one."""
    for match in _BOUNDARY.finditer(spoken):
        ended_by_point = spoken[: match.start()].endswith(".")
        if ended_by_point and _SHORTENED.search(spoken[: match.start()]):
            continue
        if ended_by_point and _BEFORE_LOWER.match(spoken, match.end()):
            continue
        return match.end()
    return 0


def _pieces(spoken: str) -> list[str]:
    pieces = []
    while cut := _first_boundary(spoken):
        pieces.append(spoken[:cut].rstrip())
        spoken = spoken[cut:]
    return [*pieces, spoken]
