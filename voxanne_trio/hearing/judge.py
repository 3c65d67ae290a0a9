"""Whether what has been proposed is a voice: asking the sure detector, and not too often.

Keeps the last quarter of a second. An answer costs 1 ms, so while the answer is no it is asked for
less and less often, until something louder comes; in a voice a yes lasts for a while. Without a
sure detector it believes three proposals that are no key. Refuses to know levels and time: it
counts frames.
"""

from __future__ import annotations

from typing import Final

from ..audio import FRAME_BYTES
from .engines import WINDOW, WINDOWS, Sure
from .tones import is_key

_CONTEXT: Final = WINDOW * WINDOWS

_LIKELY: Final = {1: 0.7, 2: 0.35, 3: 0.2, 4: 0.15, 5: 0.12}
"""How likely a voice must be, by the proposals among the last five frames: the more insist, the
less is needed. Steady noise, ringing and music stay under 0.1 nearly always; the first 80 ms of a word reach
0.12 in nine cases of ten."""

_ENOUGH: Final = 3
"""Proposals that are believed where there is no sure detector."""

_WAITS: Final = (1, 1, 1, 2, 2, 3, 5)
"""Frames between questions while the answer is no."""

_LOUDER_DB: Final = 6.0
"""So much louder than what was refused is something else: ask at once."""

_STILL: Final = 0.3
_TRUSTED: Final = 20
_CONFIRMED: Final = 6
_DOUBTED: Final = 3
"""In a voice: how likely it must still be; for how many frames a yes lasts, on a quiet line (where
loudness tells the end) and on a noisy one; after how many a no is asked about again."""


_KEY_FRAMES: Final = 3
"""How long nothing is believed after a key: its end is a click."""


class Judge:
    """The judge of one call."""

    def __init__(self, sure: Sure | None) -> None:
        self._sure = sure
        self._heard = bytearray()
        self._refusals = 0
        self._refused_db = 0.0
        self._wait = 0
        self._believed = True

    def hear(self, frame: bytes) -> None:
        """One more frame, proposed or not."""
        self._heard += frame
        if len(self._heard) > 2 * _CONTEXT:
            del self._heard[:-_CONTEXT]
        self._wait -= 1

    def rest(self) -> None:
        """Nothing is proposed any more: the next proposal is a new case."""
        self._refusals = 0
        self._wait = 0

    def begins(self, proposals: int, level: float) -> bool:
        """Whether a voice begins, with so many of the last frames proposed, the last that loud."""
        if self._refusals and level > self._refused_db + _LOUDER_DB:
            self.rest()
        if self._wait > 0:
            return False
        if is_key(self._heard[-FRAME_BYTES:]):
            self._wait = _KEY_FRAMES
            return False
        if self._is_voice(proposals):
            self._believed, self._wait = True, _CONFIRMED
            return True
        self._refused_db = level
        self._wait = _WAITS[min(self._refusals, len(_WAITS) - 1)]
        self._refusals += 1
        return False

    def goes_on(self, *, quiet: bool) -> bool:
        """Whether a voice that has begun still is one, now that a frame is proposed; `quiet` when
        the line's noise is far under it."""
        if self._wait <= 0:
            self._believed = self._sure is None or self._likely() >= _STILL
            lasts = _TRUSTED if quiet else _CONFIRMED
            self._wait = lasts if self._believed else _DOUBTED
        return self._believed

    def _is_voice(self, proposals: int) -> bool:
        return proposals >= _ENOUGH if self._sure is None else self._likely() >= _LIKELY[proposals]

    def _likely(self) -> float:
        return self._sure(bytes(self._heard[-_CONTEXT:])) if self._sure else 1.0
