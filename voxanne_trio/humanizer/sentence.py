"""One sentence in its two forms, and the way from an offset in one to the other.

The written form is the model's; the spoken form is what the voice is given. Playback knows how
many spoken characters were heard; history wants the written text that stands for them.
"""

from __future__ import annotations

from typing import NamedTuple


class Piece(NamedTuple):
    """A stretch of a sentence, by its lengths in both forms.

    `exact` when both forms hold the same characters; otherwise the stretch was rewritten as a
    whole ("$5" to "five dollars") and counts as heard only when all of it was.
    """

    spoken: int
    written: int
    exact: bool = True


class Sentence(NamedTuple):
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
        return self.written[: self.written_length(self._word_start(spoken))].rstrip()

    def divided(self, spoken: int) -> tuple[Sentence | None, Sentence | None]:
        """The sentence as two, cut before the word at that spoken offset; None for an empty one.

        A stretch that was rewritten as a whole is not cut: it goes with the second half.
        """
        if spoken >= len(self.spoken):
            return self, None
        left, head, tail = self._word_start(spoken), list[Piece](), list[Piece]()
        for piece in self.map:
            if tail or left <= 0 or (left < piece.spoken and not piece.exact):
                tail.append(piece)
            elif left >= piece.spoken:
                head.append(piece)
                left -= piece.spoken
            else:
                head.append(Piece(left, left))
                tail.append(Piece(piece.spoken - left, piece.written - left))
        cut_spoken = sum(piece.spoken for piece in head)
        cut_written = sum(piece.written for piece in head)
        if not cut_spoken:
            return None, self
        return (
            Sentence(self.written[:cut_written], self.spoken[:cut_spoken], tuple(head)),
            Sentence(self.written[cut_written:], self.spoken[cut_spoken:], tuple(tail)),
        )

    def _word_start(self, spoken: int) -> int:
        """Where the word at that offset begins; one whose following space is not reached counts."""
        return self.spoken.rfind(" ", 0, max(spoken, 0)) + 1
