"""Audio in order of its place in the call, piece by piece, with gaps where something was left out.

Pure. Knows how much it holds, how much of that is voice, and which piece of a long pause nobody
will miss. Refuses to know who wants the audio.
"""

from __future__ import annotations

from collections import deque
from typing import Final

import attrs

from ..audio import BYTES_PER_MS, FRAME_BYTES, loudness, samples_below

_QUIET_MEAN: Final = 12
"""Mean magnitude under which nobody speaks, not even softly: about 50 dB under full scale."""

_QUIET_SAMPLES: Final = samples_below(_QUIET_MEAN)

_ONSET: Final = 80 * BYTES_PER_MS
_PAUSE: Final = 240 * BYTES_PER_MS + _ONSET
"""What stays of a pause that is shortened: its beginning, and the breath before the next word."""


def is_quiet(audio: bytes) -> bool:
    """Whether audio holds nothing that could be speech, not in one of its frames; nearly always
    seen at once."""
    return not audio.translate(None, _QUIET_SAMPLES) or all(
        loudness(audio[begin : begin + FRAME_BYTES]) < _QUIET_MEAN
        for begin in range(0, len(audio), FRAME_BYTES)
    )


@attrs.define  # not frozen: fifty a second and call are made, and freezing costs half their price
class Piece:
    """Mu-law from `position` to `end` of the call, in bytes.

    So many bytes of it are `voice`. `said` are the caller's: the rest, at its end, is silence of
    ours. `quiet` is sure; a piece that is not may be quiet all the same.
    """

    position: int
    end: int
    audio: bytes
    voice: int
    said: int
    quiet: bool

    def cut(self, count: int) -> tuple[Piece, Piece]:
        """Its first so many bytes, and the rest."""
        middle, voice, said = self.position + count, min(self.voice, count), min(self.said, count)
        first = Piece(self.position, middle, self.audio[:count], voice, said, self.quiet)
        rest = self.audio[count:]
        return first, Piece(
            middle, self.end, rest, self.voice - voice, self.said - said, self.quiet
        )


class Pieces:
    """Pieces by position. Both ends are cheap."""

    def __init__(self) -> None:
        self.size = 0
        self.voice = 0
        """Bytes, and bytes of voice."""
        self._pieces: deque[Piece] = deque()
        self._pause = 0  # how long the pause at the end is, what was left out of it included

    def __bool__(self) -> bool:
        return bool(self._pieces)

    @property
    def first(self) -> Piece:
        return self._pieces[0]

    @property
    def last(self) -> Piece:
        return self._pieces[-1]

    def append(self, piece: Piece) -> None:
        """One more, after all others."""
        size = piece.end - piece.position
        self._pause = self._pause + size if piece.quiet else 0
        self._pieces.append(piece)
        self.size += size
        self.voice += piece.voice

    def append_left(self, piece: Piece) -> None:
        """One more, before all others; what is a pause is looked for anew."""
        self._pause = 0
        self._pieces.appendleft(piece)
        self.size += piece.end - piece.position
        self.voice += piece.voice

    def pop(self) -> Piece:
        """Without the last."""
        self._pause = 0
        return self._without(self._pieces.pop())

    def pop_left(self, most: int | None = None) -> Piece:
        """Without the first, or without so many bytes of it."""
        piece = self._pieces.popleft()
        if most is not None and most < piece.end - piece.position:
            piece, rest = piece.cut(most)
            self._pieces.appendleft(rest)
        return self._without(piece)

    def shorten_pause(self) -> Piece | None:
        """Without one piece from the middle of the pause at the end, if it is a long one."""
        if self._pause <= _PAUSE:
            return None
        onset = 0
        for index in range(len(self._pieces) - 1, 0, -1):
            onset += len(self._pieces[index].audio)
            if onset >= _ONSET:
                piece = self._pieces[index - 1]
                del self._pieces[index - 1]
                return self._without(piece)
        return None

    def _without(self, piece: Piece) -> Piece:
        self.size -= piece.end - piece.position
        self.voice -= piece.voice
        return piece
