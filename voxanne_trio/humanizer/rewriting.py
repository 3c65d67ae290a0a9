"""A text on its way to the voice: rules change it one after the other, its origin stays known.

Theory of operation: the text is covered by pieces, each of which knows how many written characters
it stands for. An edit inside a piece that is still as written cuts that piece; one that touches a
piece already rewritten takes it in whole, since nothing finer is known of it. So the map is always
complete and monotone, whatever the rules do. Pure; knows nothing of language.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Final

from .edits import Edit
from .sentence import Piece, Sentence

_SPACE: Final = " \t\r\n\f\v\u00a0"


class Rewriting:
    """`text` as the rules have left it so far, and `written`, which it stands for."""

    __slots__ = ("_pieces", "text", "written")

    def __init__(self, written: str, text: str, pieces: list[Piece]) -> None:
        self.written = written
        self.text = text
        self._pieces = pieces

    @classmethod
    def of(cls, written: str) -> Rewriting:
        """A text to which nothing has been done yet."""
        return cls(written, written, [Piece(len(written), len(written))] if written else [])

    def apply(self, edits: Sequence[Edit]) -> None:
        """Make the edits, which are in order and do not overlap. Linear in pieces and edits."""
        if not edits:
            return
        parts: list[str] = []
        at = 0
        for edit in edits:
            parts += (self.text[at : edit.start], edit.spoken)
            at = edit.end
        parts.append(self.text[at:])
        self._pieces = list(_joined(_replaced(self._pieces, _stretches(self._pieces, edits))))
        self.text = "".join(parts)

    def written_offsets(self, offsets: Sequence[int]) -> list[int]:
        """The places in the written text that offsets of the text stand for; they are in order."""
        found: list[int] = []
        pieces = iter(self._pieces)
        piece, start, written = next(pieces, None), 0, 0
        for offset in offsets:
            while piece is not None and offset >= start + piece.spoken:
                start, written = start + piece.spoken, written + piece.written
                piece = next(pieces, None)
            is_exact = piece is not None and piece.exact
            found.append(written + (offset - start if is_exact else 0))
        return found

    def stays(self, offsets: Sequence[int]) -> list[bool]:
        """Whether the characters there are as they were written; the offsets are in order."""
        found: list[bool] = []
        pieces = iter(self._pieces)
        piece, start = next(pieces, None), 0
        for offset in offsets:
            while piece is not None and offset >= start + piece.spoken:
                start += piece.spoken
                piece = next(pieces, None)
            found.append(piece is not None and piece.exact)
        return found

    def divided(self, spaces: Sequence[int]) -> list[Rewriting]:
        """The parts between these characters, which are spaces as written and belong to no part."""
        edges = [*spaces, len(self.text)]
        parts: list[Rewriting] = []
        rest = iter(self._pieces)
        piece, at = next(rest, None), 0  # where `piece` begins
        start = written_start = 0
        for edge in edges:
            part, length = list[Piece](), 0
            while piece is not None and (at + piece.spoken <= edge):
                part.append(piece)
                length += piece.written
                at += piece.spoken
                piece = next(rest, None)
            if piece is not None:  # the space is in it
                part += [Piece(edge - at, edge - at)] if edge > at else []
                length += edge - at
                left = at + piece.spoken - edge - 1
                piece, at = Piece(left, left) if left else next(rest, None), edge + 1
            written = self.written[written_start : written_start + length]
            parts.append(Rewriting(written, self.text[start:edge], part))
            start, written_start = edge + 1, written_start + length + 1
        return parts

    def sentence(self) -> Sentence:
        """The text as a sentence, without the space around what was written."""
        pieces, written = self._pieces, self.written
        first, last = 0, len(written)
        while pieces and not pieces[0].spoken and written[first : first + 1] in _SPACE:
            pieces, first = _shorter(pieces, 0), first + 1
        while pieces and not pieces[-1].spoken and written[last - 1 : last] in _SPACE:
            pieces, last = _shorter(pieces, -1), last - 1
        return Sentence(written[first:last], self.text, tuple(pieces))


def _shorter(pieces: list[Piece], at: int) -> list[Piece]:
    """The pieces with one written character less in an unspoken one."""
    length = max(pieces[at].written - 1, 0)
    kept = [Piece(0, length, exact=False)] if length else []
    return [*kept, *pieces[1:]] if at == 0 else [*pieces[:-1], *kept]


def _stretches(pieces: Sequence[Piece], edits: Sequence[Edit]) -> list[tuple[int, int, int]]:
    """What the edits change, in whole rewritten pieces: start, end, and how much longer it gets."""
    ends = list(accumulate(piece.spoken for piece in pieces))
    rewritten = [
        (end - piece.spoken, end)
        for piece, end in zip(pieces, ends, strict=True)
        if not piece.exact and piece.spoken
    ]
    found: list[tuple[int, int, int]] = []
    first = 0
    for edit in edits:
        start, end = edit.start, edit.end
        while first < len(rewritten) and rewritten[first][1] <= start:
            first += 1
        touched = first
        while touched < len(rewritten) and rewritten[touched][0] < end:
            start, end = min(start, rewritten[touched][0]), max(end, rewritten[touched][1])
            touched += 1
        growth = len(edit.spoken) - (edit.end - edit.start)
        if found and start < found[-1][1]:
            start, before, grown = found.pop()
            end, growth = max(end, before), growth + grown
        found.append((start, end, growth))
    return found


def _replaced(
    pieces: Sequence[Piece], stretches: Sequence[tuple[int, int, int]]
) -> Iterator[Piece]:
    """The pieces with one piece for each stretch; a stretch cuts none that was rewritten."""
    rest = iter(pieces)
    piece = next(rest, None)
    at = 0  # where `piece` begins in the text before
    for start, end, growth in stretches:
        while piece is not None and at + piece.spoken <= start:
            yield piece
            at += piece.spoken
            piece = next(rest, None)
        if piece is not None and at < start:
            yield Piece(start - at, start - at)
            piece, at = Piece(piece.spoken - start + at, piece.written - start + at), start
        written = 0
        while piece is not None and at < end:
            if at + piece.spoken > end:
                written += end - at
                piece, at = Piece(at + piece.spoken - end, at + piece.spoken - end), end
            else:
                written += piece.written
                at += piece.spoken
                piece = next(rest, None)
        yield Piece(end - start + growth, written, exact=False)
    if piece is not None:
        yield piece
    yield from rest


def _joined(pieces: Iterator[Piece]) -> Iterator[Piece]:
    """Neighbours that are as written are one piece; empty pieces are none."""
    length = 0
    for piece in pieces:
        if piece.exact:
            length += piece.spoken
            continue
        if length:
            yield Piece(length, length)
            length = 0
        if piece.spoken or piece.written:
            yield piece
    if length:
        yield Piece(length, length)
