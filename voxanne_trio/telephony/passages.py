"""What one flush of the voice gives, and how long it should be: the units a speech is made of.

Pure. The voice gives no timings; what is known of its pace is learned from what it has given.
"""

from __future__ import annotations

import math
from typing import Final

import attrs

from ..humanizer import Sentence

FAR_OFF: Final = 2.0
"""So many times longer or shorter than its text should be, audio is not what it seems."""

DOUBT: Final = 0.7
"""How far, in characters, the estimate wanders over one character."""


def surely(share: float, characters: int) -> int:
    """How many of a sentence's characters have been said when that share of its voice has.

    Words are not spoken evenly: the estimate wanders off between the two ends that are known, as
    the root of the distance to the nearer one, and by so much less is claimed.
    """
    said = share * characters
    return int(said - DOUBT * math.sqrt(max(0.0, min(said, characters - said))))


@attrs.define
class Pace:
    """How many voiced frames a spoken character takes, learned from complete passages.

    It starts slow (12.5 characters a second): then too little is claimed rather than too much.
    """

    characters: float = 100.0
    frames: float = 400.0

    def learn(self, characters: int, voiced_frames: int) -> None:
        """Nothing from a passage with far more or less voice than its text has: it was not it."""
        expected = self.frames_for(characters)
        if expected / FAR_OFF < voiced_frames < expected * FAR_OFF:
            self.characters = self.characters * 0.8 + characters
            self.frames = self.frames * 0.8 + voiced_frames

    def frames_for(self, characters: int) -> float:
        return characters * self.frames / self.characters


@attrs.define(eq=False)
class Passage:
    """What one flush gives."""

    sentences: tuple[Sentence, ...]
    start: int = 0
    end: int | None = None  # known once the flush is complete
    boundaries: tuple[int, ...] = ()  # where each sentence ends, in frames

    @property
    def characters(self) -> int:
        return sum(len(sentence.spoken) for sentence in self.sentences)

    def make_room(self, at: int, frames: int) -> None:
        """So many frames that are not its own come in before that one."""
        self.start += frames if self.start >= at else 0
        self.boundaries = tuple(end + frames if end > at else end for end in self.boundaries)
        if self.end is not None and self.end > at:
            self.end += frames
