"""Law 6: sentences play in order, and two replies are never audible at once.

Words carry their numbers in the order of synthesis, so what goes to the phone must count up: inside
a text word by word, from its first; back only to take up again what a `clear` has cut, or to a
phrase that is kept as audio. A reply that comes back after another has begun counts down. A filler
is such a phrase, and may break into a text, which then goes on where it was.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from typing import Final

import attrs

from ..numbered import Vocabulary, Word
from ..observed import REPLIES, Breach, Evidence, Observation, Sent, Told

RESUME_WORDS: Final = 8
"""How far back speech may be taken up again: half a second of it, and a word cut in two."""


@attrs.define(eq=False)
class InOrder:
    """The law, watching one call."""

    vocabulary: Vocabulary = attrs.field(factory=Vocabulary)
    marks_lost: bool = False
    """Whether the phone's word for what it played may be lost: then more may be taken up again."""
    _last: Word | None = None
    _broken: Word | None = None
    """The last word of a text before the phrases that have come since."""
    _phrase: Word | None = None
    """The last word of a phrase."""
    _cleared: bool = False
    _text_cleared: bool = False
    """The same for texts: a phrase that a clear has cut as well goes first."""
    _new_reply: bool = False
    _sent: deque[int] = attrs.field(factory=lambda: deque(maxlen=RESUME_WORDS))
    """The last words of texts: their numbers tell of what was made, not of how much was sent."""

    def see(self, observed: Observation) -> Iterator[Breach]:
        """Every word that is sent, against the one before."""
        if isinstance(observed, Told):
            self._new_reply |= observed.does(*REPLIES)
        elif isinstance(observed, Sent) and observed.kind == "clear":
            self._cleared = self._text_cleared = True
        elif isinstance(observed, Sent):
            for number in observed.numbers:
                yield from self._next(self.vocabulary.words[number])

    def conclude(self, evidence: Evidence) -> Iterator[Breach]:
        """Nothing: every word was judged as it went."""
        del evidence
        yield from ()

    def _next(self, word: Word) -> Iterator[Breach]:
        last, self._last = self._last, word
        is_phrase = self.vocabulary.is_phrase(word.number)
        was_sent = word.number in self._sent
        if not is_phrase and (not self._sent or self._sent[-1] != word.number):
            self._sent.append(word.number)
        broken, self._broken = self._broken, self._broken if is_phrase else word
        if last is not None and not is_phrase and self.vocabulary.is_phrase(last.number):
            last = broken if broken is not None and broken.passage == word.passage else last
        if last is not None and last.number == word.number and not self._cleared:
            return
        cleared, self._cleared = self._cleared, False
        phrase = self._phrase
        if is_phrase:
            self._phrase = word
            if cleared and phrase is not None and phrase.passage == word.passage:
                last = phrase
        else:
            cleared, self._text_cleared = self._text_cleared, False
        if last is None or last.passage != word.passage:
            yield from self._next_passage(last, word, cleared=cleared, was_sent=was_sent)
        elif cleared and last.number - self._most_back <= word.number <= last.number + 1:
            return
        elif word.number != last.number + 1 and not self._begins_again(word):
            yield Breach(f"word {word.index} of a text after its word {last.index} ({word.text!r})")

    @property
    def _most_back(self) -> float:
        return math.inf if self.marks_lost else RESUME_WORDS

    def _begins_again(self, word: Word) -> bool:
        return self.vocabulary.is_phrase(word.number) and word.index == 0 and self._new_reply

    def _next_passage(
        self, last: Word | None, word: Word, *, cleared: bool, was_sent: bool
    ) -> Iterator[Breach]:
        takes_up = cleared and last is not None and (was_sent or self.marks_lost)
        phrases = self.vocabulary.is_phrase
        if word.index and not takes_up:
            yield Breach(f"a text begins with its word {word.index} ({word.text!r})")
        if phrases(word.number):
            self._new_reply = False
            return
        older = last is not None and not phrases(last.number) and word.number < last.number
        if older and not takes_up:
            yield Breach(f"an older text after a newer one ({word.text!r})")
