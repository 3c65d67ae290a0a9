"""How natural a reply was, in figures: sentences, fillers, contractions, numbers said as words.

Pure. Looks at what was written and what the voice was given. A figure is None where there was
nothing to measure: no full form that could have been contracted, no number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

import attrs

from ..humanizer import Sentence

_FILLER: Final = re.compile(
    r"(?:^|(?<=[.?!] ))(?:well|so|um+|uh+|hmm+|oh|you know|let me see|let's see|i mean|actually)"
    r"(?:,|\.\.\.| -)",
    re.IGNORECASE,
)
_CONTRACTED: Final = re.compile(
    r"\b\w+(?:n't|'(?:m|re|ll|ve|d))\b|\b(?:it|he|she|that|there|here|what|where|who|how|let)'s\b",
    re.IGNORECASE,
)
_FULL: Final = re.compile(
    r"\b(?:i am|(?:you|we|they) are|(?:he|she|it|that|there) is|(?:i|you|we|they|he|she|it) will"
    r"|(?:i|you|we|they) would|(?:do|does|did|is|are|was|were|has|have|would|could|should|will) not"
    r"|cannot)(?= [a-z])",
    re.IGNORECASE,
)
_NUMBER: Final = re.compile(r"\S*\d\S*")
_LEFT: Final = re.compile(r"\S*[\d$%#@&+=/°€£]\S*")


@attrs.frozen
class Quality:
    """What was counted; the figures follow. Several replies add up."""

    replies: int = 0
    sentences: int = 0
    fillers: int = 0
    contracted: int = 0
    full_forms: int = 0
    numbers: int = 0
    numbers_left: int = 0

    def __add__(self, other: Quality) -> Quality:
        return Quality(
            *(a + b for a, b in zip(attrs.astuple(self), attrs.astuple(other), strict=True))
        )

    @property
    def sentences_per_reply(self) -> float | None:
        return _share(self.sentences, self.replies)

    @property
    def filler_rate(self) -> float | None:
        """Fillers for each sentence."""
        return _share(self.fillers, self.sentences)

    @property
    def contraction_rate(self) -> float | None:
        """Contractions among the places where one could be."""
        return _share(self.contracted, self.contracted + self.full_forms)

    @property
    def number_accuracy(self) -> float | None:
        """Written numbers that the voice was given as words."""
        return _share(max(0, self.numbers - self.numbers_left), self.numbers)

    def figures(self) -> dict[str, float | None]:
        """All four, rounded, by name."""
        names = ("sentences_per_reply", "filler_rate", "contraction_rate", "number_accuracy")
        return {name: getattr(self, name) for name in names}


def quality_of(sentences: Sequence[Sentence]) -> Quality:
    """What is to be counted in one reply."""
    if not sentences:
        return Quality()
    spoken = " ".join(sentence.spoken for sentence in sentences)
    return Quality(
        replies=1,
        sentences=len(sentences),
        fillers=len(_FILLER.findall(spoken)),
        contracted=len(_CONTRACTED.findall(spoken)),
        full_forms=len(_FULL.findall(spoken)),
        numbers=sum(len(_NUMBER.findall(sentence.written)) for sentence in sentences),
        numbers_left=len(_LEFT.findall(spoken)),
    )


def total(qualities: Iterable[Quality]) -> Quality:
    """A conversation's replies together."""
    return sum(qualities, Quality())


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 3) if whole else None
