"""What a model says again when it is to go on with an answer is left out. Pure.

A model that is asked to go on from a beginning which another has written tends to take a running
start: it repeats the last sentence, or all of them. `Unrepeated` compares what comes with what has
been said, word by word and deaf to case and punctuation, from the beginning of any of its sentences
on; what is the same up to the end of a sentence (or up to where the beginning was cut off) is
dropped. Text is kept back only for as long as it may still turn out to be a repetition.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

_WORD: Final = re.compile(r"\S+")
_STOP: Final = re.compile(r"[.?!…]\W*$")
_DEAF: Final = re.compile(r"[^a-z0-9$%]")


def _heard(word: str) -> str:
    return _DEAF.sub("", word.lower())


class Unrepeated:
    """Feed it the text that goes on after `said`, the sentences so far; it gives what is new."""

    def __init__(self, said: Sequence[str]) -> None:
        self._said: list[str] = []
        self._starts: list[int] = []  # of sentences, in words
        for sentence in said:
            self._starts.append(len(self._said))
            self._said += filter(None, map(_heard, sentence.split()))
        ends = zip([*self._starts[1:], len(self._said)], said, strict=True)
        self._ends = {end: bool(_STOP.search(sentence)) for end, sentence in ends}
        self._kept_back: str | None = ""  # None: what comes is new

    def feed(self, text: str) -> str:
        """What of the text so far is certainly new; often nothing, at the beginning."""
        if self._kept_back is None:
            return text
        self._kept_back += text
        return self._new(is_complete=False)

    def flush(self) -> str:
        """The text has ended: what is left of it."""
        return "" if self._kept_back is None else self._new(is_complete=True)

    def _new(self, *, is_complete: bool) -> str:
        text = self._kept_back or ""
        words = list(_WORD.finditer(text))
        if not is_complete and words and words[-1].end() == len(text):
            words.pop()  # it may go on
        spoken = [(heard, word) for word in words if (heard := _heard(word.group()))]
        repeated = 0
        for start in self._starts:
            same = self._same(start, [heard for heard, _ in spoken])
            if same == len(spoken) and start + same < len(self._said) and not is_complete:
                return ""  # a repetition so far
            if same == len(spoken) and is_complete:
                repeated = max(repeated, same)
            else:
                ends = (n for n in range(same, 0, -1) if self._ends_at(start + n, spoken[n - 1][1]))
                repeated = max(repeated, next(ends, 0))
        if not is_complete and repeated == len(spoken):
            return ""  # nothing new yet
        self._kept_back = None
        return text[spoken[repeated - 1][1].end() :] if repeated else text

    def _ends_at(self, said: int, word: re.Match[str]) -> bool:
        """Whether a sentence ended there, and does so by this word too: "We do." is not repeated in
        "We do it." A beginning that was cut off has no end to be compared."""
        if said not in self._ends:
            return False
        return not self._ends[said] or _STOP.search(word.group()) is not None

    def _same(self, start: int, heard: Sequence[str]) -> int:
        """How many words are those that were said from there on."""
        pairs = zip(self._said[start:], heard, strict=False)
        return next(
            (n for n, (said, now) in enumerate(pairs) if said != now),
            min(len(heard), len(self._said) - start),
        )
