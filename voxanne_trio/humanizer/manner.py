"""A sentence on its way from the model to the voice: which rules, in which order, with what in
mind. Pure.

The order matters where a rule makes what another reads: markdown goes first, since everything else
reads plain text; capitals before contractions, since "WE ARE" contracts once it is quiet; marks are
put in order before a sentence is divided, since the parts are found by its commas.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from .address import address, is_addressed
from .contractions import contractions
from .dividing import MOST_WORDS, divided
from .edits import Edit, apply
from .fillers import filler, has_filler
from .markdown import markdown
from .normalise import normalising_edits
from .punctuation import marks, spacing
from .rewriting import Rewriting
from .sentence import Sentence
from .shouting import shouting

FIRST_WORDS = 8
"""A reply's first clause is said before its sentence is complete when it is at least so long."""


class Step(NamedTuple):
    """What one rule did to a sentence."""

    rule: str
    before: str
    after: str


class Manner(NamedTuple):
    """How a reply is to be said.

    `name` is the caller's, where it is known; it is left out where it was said too lately
    (`may_address`). `fillers` are off for what must be said as it is: a read-back, a script.
    `pronounce` is the clinic's own rule for its names, from `pronunciations`.
    `first_words` is None where the first sentence is to stay whole.
    """

    name: str | None = None
    may_address: bool = True
    seed: int = 0
    fillers: bool = True
    pronounce: Callable[[str], list[Edit]] | None = None
    most_words: int = MOST_WORDS
    first_words: int | None = FIRST_WORDS


PLAIN = Manner(fillers=False, first_words=None)
"""For scripts: nothing is added, nothing comes early."""


class Humanising:
    """The sentences of one reply, one after the other; `note` is told what each rule did."""

    def __init__(self, manner: Manner, note: Callable[[Step], None] | None = None) -> None:
        self._manner = manner
        self._note = note
        self._said = 0
        self._addressed = not manner.may_address
        self._filled = not manner.fillers

    def sentences(self, written: str) -> list[Sentence]:
        """What is said for a written sentence: itself, its parts, or nothing."""
        rewriting = Rewriting.of(written)
        self._apply("markdown", markdown(rewriting.text), rewriting)
        self._apply("marks", marks(rewriting.text), rewriting)
        self._apply("capitals", shouting(rewriting.text), rewriting)
        self._address(rewriting)
        if (pronounce := self._manner.pronounce) is not None:
            self._apply("pronunciation", pronounce(rewriting.text), rewriting)
        self._apply("numbers", normalising_edits(rewriting.text), rewriting)
        self._apply("contractions", contractions(rewriting.text), rewriting)
        self._apply("punctuation", spacing(rewriting.text), rewriting)
        return [part.sentence() for part in self._parts(rewriting) if part.text]

    def _parts(self, rewriting: Rewriting) -> list[Rewriting]:
        parts = divided(rewriting, self._manner.most_words)
        if len(parts) > 1:
            for part in parts:
                part.apply(spacing(part.text))
            after = " ".join(part.text for part in parts)
            self._tell(Step("clauses", rewriting.text, after))
        for part in parts:
            self._fill(part)
        return parts

    def _address(self, rewriting: Rewriting) -> None:
        name, text = self._manner.name, rewriting.text
        self._apply("address", address(text, name), rewriting)
        if name is None or not is_addressed(rewriting.text, name):
            return
        if self._addressed:
            self._apply("address", address(rewriting.text, name, allowed=False), rewriting)
        self._addressed = True

    def _fill(self, part: Rewriting) -> None:
        if has_filler(part.text):
            self._filled = True
        if not self._filled:
            edits = filler(part.text, self._said, self._manner.seed)
            self._apply("filler", edits, part)
            self._filled = bool(edits)
        self._said += bool(part.text)

    def _apply(self, rule: str, edits: Sequence[Edit], rewriting: Rewriting) -> None:
        if not edits:
            return
        if self._note is not None:
            for step in steps(rule, rewriting.text, edits):
                self._tell(step)
        rewriting.apply(edits)

    def _tell(self, step: Step) -> None:
        if self._note is not None and step.before != step.after:
            self._note(step)


def steps(rule: str, text: str, edits: Iterable[Edit]) -> list[Step]:
    """The edits of one rule as steps, those of each name together, in the order of the text."""
    edits = list(edits)
    made: list[Edit] = []
    found: list[Step] = []
    before = text
    for name in dict.fromkeys(edit.rule for edit in edits):
        made += (edit for edit in edits if edit.rule == name)
        after = apply(text, sorted(made, key=lambda edit: (edit.start, edit.end)))
        found.append(Step(name or rule, before, after))
        before = after
    return found
