"""Whether what has been proposed is a voice: asking the sure detector, and not too often.

Keeps the last quarter of a second. An answer about all of it costs about 1 ms, so on a quiet line
less is shown; answers are rationed, and while it is no it is asked for less and less often, until
something louder comes; in a voice a yes lasts for a while. A key of the phone is refused first: a
detector may stumble over its edges. Without a sure detector three proposals are believed. Refuses
to know time: it counts frames.
"""

from __future__ import annotations

from typing import Final

from ..audio import FRAME_BYTES
from .engines import WINDOW, WINDOWS, Sure
from .tones import is_key

RECENT: Final = 5
"""Frames (100 ms) among which proposals are counted."""

_LIKELY: Final = 0.4
_LIKELY_QUIET: Final = 0.45
_ALONE: Final = 0.8
"""How likely a voice must be that begins, on a noisy line and a quiet one, and with a single
proposal. Less brings coughs (at 0.15 half of them, at 0.45 one in twelve) and not one onset sooner;
more delays onsets in noise."""

_ENOUGH: Final = 3
"""Proposals that are believed where there is no sure detector."""

_CONTEXT: Final = WINDOW * WINDOWS
_BEGINNING: Final = WINDOW * 5
_MIDDLE: Final = WINDOW * 4
"""Audio that is shown, and on a quiet line at a beginning and in a voice. There the answers are as
good: before a beginning was nothing, and the end of a voice that other sounds follow is noticed
sooner. At a beginning four windows take more throats for voices than five or eight."""

_WAITS: Final = (1, 1, 1, 2, 2, 3, 5)
"""Frames until the next question, by the number of refusals so far."""

_LOUDER_DB: Final = 6.0
"""So much louder than what was refused is something else: ask at once."""

_RATION: Final = 0.2
_SAVED: Final = 15.0
"""Questions about beginnings earned with each frame (10 in a second), and the most that are saved:
music and a noise that comes and goes cost no more than so many answers. Fewer, and a voice in noise
has to wait."""

_KEY_FRAMES: Final = 3
"""How long nothing is believed after a key: it ends with a click."""

_STILL: Final = 0.3
_TRUSTED: Final = 25
_CONFIRMED: Final = 6
_DOUBTED: Final = 3
"""In a voice: how likely it must still be; for how many frames a yes lasts on a quiet line, where
loudness tells the end, and on a noisy one; after how many a no is asked about again. Trusted for
longer, a voice that noise follows at once ends later."""


class Judge:
    """The judge of one call."""

    def __init__(self, sure: Sure | None) -> None:
        self._sure = sure
        self._heard = bytearray()
        self._refusals = 0
        self._refused_db = 0.0
        self._wait = 0
        self._ration = _SAVED
        self._believed = True

    def hear(self, frame: bytes) -> None:
        """One more frame, proposed or not."""
        self._heard += frame
        if len(self._heard) > 2 * _CONTEXT:
            del self._heard[:-_CONTEXT]
        self._wait -= 1
        if self._ration < _SAVED:
            self._ration += _RATION

    def rest(self) -> None:
        """Nothing is proposed any more: the next proposal is a new case."""
        self._refusals = 0
        self._wait = 0

    def begins(self, proposals: int, level: float, *, quiet: bool) -> bool:
        """Whether a voice begins: so many of the last frames were proposed, the last that loud;
        `quiet` when the line's noise is far under it."""
        if self._refusals and level > self._refused_db + _LOUDER_DB:
            self.rest()
        if self._wait > 0 or self._ration < 1:
            return False
        self._ration -= 1
        if is_key(self._heard[-FRAME_BYTES:]):
            self._wait = _KEY_FRAMES
            return False
        if self._is_voice(proposals, quiet=quiet):
            self._believed, self._wait = True, _CONFIRMED
            return True
        self._refused_db = level
        self._wait = _WAITS[min(self._refusals, len(_WAITS) - 1)]
        self._refusals += 1
        return False

    def goes_on(self, *, quiet: bool) -> bool:
        """Whether a voice that has begun still is one, now that a frame is proposed."""
        if self._wait <= 0:
            shown = _MIDDLE if quiet else _CONTEXT
            self._believed = self._sure is None or self._sure(self._last(shown)) >= _STILL
            lasts = _TRUSTED if quiet else _CONFIRMED
            self._wait = lasts if self._believed else _DOUBTED
        return self._believed

    def _is_voice(self, proposals: int, *, quiet: bool) -> bool:
        if self._sure is None:
            return proposals >= _ENOUGH
        shown, likely = (_BEGINNING, _LIKELY_QUIET) if quiet else (_CONTEXT, _LIKELY)
        return self._sure(self._last(shown)) >= (likely if proposals > 1 else _ALONE)

    def _last(self, size: int) -> bytes:
        return bytes(self._heard[-size:])
