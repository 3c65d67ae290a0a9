"""From a recogniser's clock to the call's.

A recogniser counts the audio it got on one socket, from zero. The call counts all audio since it
began. The two run alike until something is left out or replayed: each such joint is remembered.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Final

_JOINTS: Final = 256
"""Joints kept; the oldest go first. A word's end is asked for within seconds."""


class StreamClock:
    """The clock of one socket."""

    def __init__(self) -> None:
        self.sent_ms = 0.0
        """Audio sent on this socket, in milliseconds."""
        self._joints_ms: list[float] = []
        self._positions_ms: list[float] = []
        self._next_ms = -1.0

    def sent(self, position_ms: float, duration_ms: float) -> None:
        """So much audio, from that position of the call, goes to the recogniser next."""
        if position_ms != self._next_ms:
            self._joints_ms.append(self.sent_ms)
            self._positions_ms.append(position_ms)
            if len(self._joints_ms) > _JOINTS:
                del self._joints_ms[0], self._positions_ms[0]
        self.sent_ms += duration_ms
        self._next_ms = position_ms + duration_ms

    def position_ms(self, seconds: float) -> float | None:
        """The call's position of a moment on the recogniser's clock; None before any audio.

        A moment that the recogniser places after the last audio it got is the end of that audio;
        one exactly at a joint belongs to what came before it.
        """
        if not self._joints_ms:
            return None
        moment = min(max(seconds * 1000, 0.0), self.sent_ms)
        index = max(bisect_left(self._joints_ms, moment) - 1, 0)
        return self._positions_ms[index] + max(moment - self._joints_ms[index], 0.0)
