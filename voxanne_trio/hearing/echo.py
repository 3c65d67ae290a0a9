"""Our own voice on its way back: how loud it may be in what arrives from the caller.

A phone's microphone hears its loudspeaker: what we play returns 15 to 35 dB weaker, 40 to 300 ms
after it sounded, and the network adds up to 200 ms each way. `FarEnd` is told what sounds at the
phone, and answers how loud its echo can be in a frame that arrives now.

Theory of operation. Time is cut into slots of 20 ms, each with our level in it. For each lag there
is a *coupling*: the loudest that a frame has been against what sounded so long before. Speech has
pauses, so at a wrong lag something soon is loud although nothing sounded, and its coupling grows;
the right one's stays small. The echo is bounded by the loudest of the lags that are plausible: at
first all of them, with the worst coupling. Couplings fall slowly. Frames above the worst echo teach
nothing, since they are the caller's; softer words of theirs can only make the bound more careful.
Refuses to know speech.
"""

from __future__ import annotations

import math
from typing import Final

from ..audio import FRAME_BYTES, FRAME_MS
from .samples import SILENT_DB, level_db

_SLOT: Final = FRAME_MS / 1_000
_SLOTS: Final = 2_048
"""What is kept: 40 s, of which one is past; playback never holds more than 30 s still to sound."""

_LAGS: Final = 37
"""Lags looked at, from 20 ms on: 300 ms of echo, 400 ms of network, and a little for jitter."""

_NEAR: Final = 2
"""Slots to each side of a lag that belong to it: jitter, and the room's reflections."""

_WORST_DB: Final = -12.0
"""The strongest coupling that we believe in: 15 dB of attenuation, as frames differ from the
average. A loud speakerphone without a canceller of its own is about so."""

_BEST_DB: Final = -45.0
_FALL_DB: Final = 0.06
"""How fast a coupling falls with each frame that does not contradict it: 3 dB a second."""

_LEAP_DB: Final = 6.0
_RISE_DB: Final = 0.3
"""A frame that is louder by a leap than its coupling allows is more likely the caller's than a path
that has changed: the coupling rises, but slowly (15 dB in a second of such frames)."""

_REFUTED_DB: Final = 10.0
_DOUBT_DB: Final = 2.0
"""Something loud although nothing sounded at that lag: its coupling grows by this a frame, up to
one that nobody has."""

_RINGS_DB: Final = 3.0
"""How much weaker a room rings with each slot: 60 dB in 400 ms, a furnished one."""

_PLAUSIBLE_DB: Final = 4.0
"""Lags whose coupling is within this of the smallest may be the right one."""

_LOUD_DB: Final = -45.0
"""Our own slots softer than this are pauses: their echo is under any noise."""

_HEARD_DB: Final = 8.0
"""A frame so far above the line's noise has a cause."""

_MARGIN_DB: Final = 2.0
"""What a frame's echo may be above all that came before it. Larger (3, with 6 of plausibility),
soft callers over us were missed more often, and no echo less was taken for one."""


class FarEnd:
    """What the caller's phone plays, and what of it may come back. One for a call.

    The lags are kept with the longest first: a new slot is appended.
    """

    def __init__(self) -> None:
        self._levels = [SILENT_DB] * _SLOTS
        self._numbers = [-1] * _SLOTS
        self._last = -1
        # As of the last frame that taught more than that all of them fall; how many frames have
        # taught just that since, and the least of them as of then.
        self._couplings = [_WORST_DB] * _LAGS
        self._falls = 0
        self._least = _WORST_DB
        # For slots whose neighbours have sounded: the loudest near each, and the last of them by
        # themselves, ringing included.
        self._near = [SILENT_DB] * _LAGS
        self._rung = [SILENT_DB] * (2 * _NEAR + 1)
        self._number = -1
        self._sounded = self._near

    # Playback's side.

    def played(self, audio: bytes, at: float) -> None:
        """This mu-law starts to sound at the phone at about `at`."""
        first = math.floor(at / _SLOT + 0.5)
        for offset in range(0, len(audio), FRAME_BYTES):
            frame = audio[offset : offset + FRAME_BYTES]
            self._put(first + offset // FRAME_BYTES, level_db(frame))

    def cleared(self, at: float) -> None:
        """Nothing that was to sound after `at` does."""
        slot = math.floor(at / _SLOT + 0.5)
        for number in range(max(slot, self._last - _SLOTS + 1), self._last + 1):
            self._numbers[number % _SLOTS] = -1
        self._last = min(self._last, slot - 1)

    def _put(self, number: int, level: float) -> None:
        place = number % _SLOTS
        if self._numbers[place] == number:
            level = max(level, self._levels[place])
        self._numbers[place], self._levels[place] = number, level
        self._last = max(self._last, number)

    # The detector's side.

    def hear(self, at: float, level: float, floor: float) -> bool:
        """Learn from the frame that arrived at `at`; whether something of ours can be in it.

        `level` is the frame's, `floor` that of the line's noise.
        """
        number = math.floor(at / _SLOT)
        if number - self._last > _LAGS + _NEAR:
            return False
        self._sounded = self._sounded_before(number)
        loudest = max(self._sounded)
        if loudest < _LOUD_DB:
            return False
        if level <= loudest + _WORST_DB + _MARGIN_DB:
            self._learn(level, heard=level > floor + _HEARD_DB)
        return True

    def echo_db(self) -> float:
        """How loud our echo may be in the frame heard last, where something of ours can be."""
        couplings = self._fallen()
        plausible = min(couplings) + _PLAUSIBLE_DB
        bound = max(
            ours + min(coupling, _WORST_DB)
            for ours, coupling in zip(self._sounded, couplings, strict=True)
            if coupling <= plausible
        )
        return bound + _MARGIN_DB

    def _sounded_before(self, number: int) -> list[float]:
        """For each lag before a slot, the loudest slot near it, ringing included.

        Slots before that one have sounded; of those after it, what is to sound may yet change.
        """
        rung, near = self._rung, self._near
        for slot in range(max(self._number, number - 2 * _LAGS), number):
            rung = [*rung[1:], self._rings(slot, rung[-1])]
            near.append(max(rung))
        del near[:-_LAGS]
        self._rung, self._number = rung, max(self._number, number)
        this = self._rings(number, rung[-1])
        # The latest two lack neighbours; what they share is looked at once.
        both = max(*rung[_NEAR:], this)
        following = self._rings(number + 1, this)
        return [*near[_NEAR:], max(rung[1], both), max(both, following)]

    def _rings(self, slot: int, before: float) -> float:
        """A slot's level, or what still rings of the one before."""
        level = before - _RINGS_DB
        if level < SILENT_DB:
            level = SILENT_DB
        place = slot % _SLOTS
        if self._numbers[place] == slot and self._levels[place] > level:
            return self._levels[place]
        return level

    def _learn(self, level: float, *, heard: bool) -> None:
        softest = min(self._sounded)
        least = max(self._least - _FALL_DB * self._falls, _BEST_DB)
        if softest >= _LOUD_DB and level - softest <= least - _FALL_DB:
            self._falls += 1  # nothing of the frame contradicts any lag: most often
            return
        learned = []
        for coupling, ours in zip(self._fallen(), self._sounded, strict=True):
            against = level - ours
            if ours < _LOUD_DB:
                if heard:
                    coupling = min(coupling + _DOUBT_DB, _REFUTED_DB)
            elif against > coupling + _LEAP_DB:
                coupling += _RISE_DB
            else:
                coupling -= _FALL_DB
                if coupling < against:
                    coupling = against
                if coupling < _BEST_DB:
                    coupling = _BEST_DB
            learned.append(coupling)
        self._couplings, self._falls, self._least = learned, 0, min(learned)

    def _fallen(self) -> list[float]:
        """The couplings as they are now."""
        if not self._falls:
            return self._couplings
        by = _FALL_DB * self._falls
        return [
            fallen if (fallen := coupling - by) > _BEST_DB else _BEST_DB
            for coupling in self._couplings
        ]
