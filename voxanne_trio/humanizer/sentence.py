"""One sentence in its two forms, and the way from an offset in one to the other.

The written form is the model's; the spoken form is what the voice is given. Playback knows how
many spoken characters were heard; history wants the written text that stands for them.
"""

from __future__ import annotations

from itertools import pairwise

import attrs


@attrs.frozen
class Piece:
    """A stretch of a sentence, by its lengths in both forms.

    `exact` when both forms hold the same characters; otherwise the stretch was rewritten as a
    whole ("$5" to "five dollars") and counts as heard only when all of it was.
    """

    spoken: int
    written: int
    exact: bool = True


@attrs.frozen
class Sentence:
    """`written` as the model wrote it, `spoken` as the voice is given it, `map` joining the two.

    The pieces of the map cover both forms from their start to their end, in order.
    """

    written: str
    spoken: str
    map: tuple[Piece, ...]

    @classmethod
    def verbatim(cls, text: str) -> Sentence:
        """A sentence that is spoken as it is written."""
        return cls(text, text, (Piece(len(text), len(text)),))

    def written_length(self, spoken: int) -> int:
        """How many written characters stand for the first `spoken` spoken ones, never too many."""
        if spoken <= 0:
            return 0
        written = 0
        for piece in self.map:
            if spoken < piece.spoken:
                return written + (spoken if piece.exact else 0)
            spoken -= piece.spoken
            written += piece.written
        return written

    def written_until(self, spoken: int) -> str:
        """The written text of the first `spoken` spoken characters, cut after a whole word."""
        if spoken >= len(self.spoken):
            return self.written
        if not self.spoken[spoken : spoken + 1].isspace():  # in a word: it was not heard whole
            spoken = self.spoken.rfind(" ", 0, spoken) + 1
        return self.written[: self.written_length(spoken)].rstrip()


def kept(written: str, keep: list[bool]) -> Sentence:
    """The sentence spoken with just the kept characters of its written form."""
    edges = [0, *(i for i, (a, b) in enumerate(pairwise(keep), 1) if a != b), len(keep)]
    pieces = tuple(
        Piece(end - start if keep[start] else 0, end - start, exact=keep[start])
        for start, end in pairwise(edges)
        if end > start
    )
    return Sentence(written, "".join(c for c, k in zip(written, keep, strict=True) if k), pieces)
