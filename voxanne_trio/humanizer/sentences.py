"""Sentences out of a stream of tokens, as early as they can be told, ready to be spoken.

Pure and synchronous. A sentence leaves as soon as the characters after it rule out another reading
("Dr." is no end, nor is the point in "$1.50"), and what leaves never depends on how the text was
cut into tokens. One exception has its own method: `settle`, for a model that stalls.

The first clause of a long first sentence leaves before the sentence ends. Sentences are not merged
here, however short: who synthesises them decides what goes into one flush, and whoever looks at a
reply still sees its sentences.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from .dividing import first_clause
from .endings import END, RUN, is_ended, is_list_number, is_shortening
from .manner import Humanising, Manner, Step
from .sentence import Sentence

_WHOLE: Final = re.compile(r"[A-Za-z\"'”’)*][.!?…]+[\"'”’)\]*_`]*$")  # noqa: RUF001


class SentenceStream:
    """Cuts streamed text into sentences: `feed` tokens as they come, `flush` at the end.

    `manner` says how they are humanised; `note` is told each step of it.
    """

    def __init__(
        self, manner: Manner | None = None, *, note: Callable[[Step], None] | None = None
    ) -> None:
        self._manner = manner or Manner()
        self._humanising = Humanising(self._manner, note)
        self._text = ""  # of the sentence that is being written
        self._looked = 0  # before it no sentence ends
        self._is_first = self._manner.first_words is not None

    def feed(self, text: str) -> list[Sentence]:
        """Take more text; returns the sentences that are now complete, often none."""
        self._text += text
        found: list[Sentence] = []
        while (end := self._next_end()) is not None:
            found += self._release(end)
        if self._is_first:
            found += self._first_clause(is_complete=False)
        return found

    def flush(self) -> list[Sentence]:
        """The text has ended: returns what is left, complete or not."""
        return self._release(len(self._text))

    def settle(self) -> list[Sentence]:
        """The model has stalled: let go of what reads as a whole sentence, keep all else."""
        text = self._text.rstrip()
        if _WHOLE.search(text[-40:]) is None or is_shortening(text) or is_list_number(text):
            return []
        return self.flush()

    def abandon(self) -> None:
        """What is not complete yet never will be: forget it. What comes next begins anew."""
        self._text, self._looked = "", 0

    def _next_end(self) -> int | None:
        """Where the sentence ends; None while none does, or it cannot be told."""
        for match in END.finditer(self._text, self._looked):
            verdict = is_ended(self._text, match)
            if verdict is None:
                self._looked = match.start()
                return None
            self._looked = match.end()
            if verdict:
                return match.end()
        run = RUN.search(self._text, max(self._looked, len(self._text) - 40))
        self._looked = run.start() if run is not None else len(self._text)
        return None

    def _release(self, end: int) -> list[Sentence]:
        found: list[Sentence] = []
        if self._is_first:
            rest = self._text[end:]
            self._text = self._text[:end]
            found += self._first_clause(is_complete=True)
            end = len(self._text)
            self._text += rest
        written, self._text = self._text[:end].strip(), self._text[end:]
        self._looked = 0
        said = self._humanising.sentences(written)
        self._is_first = self._is_first and not said
        return found + said

    def _first_clause(self, *, is_complete: bool) -> list[Sentence]:
        fewest = self._manner.first_words
        assert fewest is not None
        text = self._text.lstrip()
        space = first_clause(text, fewest, is_complete=is_complete)
        if space is None:
            return []
        self._is_first = False
        self._text = text[space + 1 :]
        self._looked = 0
        return self._humanising.sentences(text[:space])
