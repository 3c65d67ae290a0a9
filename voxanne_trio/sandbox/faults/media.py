"""What Twilio's end of a media stream may do wrong beside its socket: frames that stop, odd marks.

Takes the place of the play-out where a stream asks which marks are due. Refuses to know sockets.
"""

from __future__ import annotations

import attrs

from ..playout import Echo, PlayOut
from .kinds import MARKS, Act
from .schedule import Schedule


class MediaFaults:
    """One stream's."""

    def __init__(self, schedule: Schedule, playout: PlayOut, number: int) -> None:
        self._schedule = schedule
        self._playout = playout
        self._number = number
        self._returned = 0
        self._kept: Echo | None = None
        self._late: list[Echo] = []

    def stop_frames(self, sent: int) -> float:
        """For how many seconds no frame is to come from now on; 0 as a rule."""
        strike = self._schedule.strike(
            "media", lambda kind: kind.act is Act.STOP_FRAMES, self._number, lambda _: sent
        )
        return 0.0 if strike is None else strike.seconds

    def next_due(self) -> float | None:
        """As the play-out's."""
        times = [self._playout.next_due(), *(echo.due for echo in self._late)]
        return min((at for at in times if at is not None), default=None)

    def take_due(self, now: float) -> list[Echo]:
        """As the play-out's, without those that are lost, late or out of order."""
        due = [echo for echo in self._late if echo.due <= now]
        self._late = [echo for echo in self._late if echo.due > now]
        for echo in self._playout.take_due(now):
            strike = self._schedule.strike(
                "media", lambda kind: kind.act in MARKS, self._number, lambda _: self._returned
            )
            self._returned += 1
            swaps = strike is not None and strike.kind.act is Act.MARKS_SWAPPED
            if strike is None or (swaps and self._kept is not None):
                due.append(echo)
                if self._kept is not None:
                    due.append(self._kept)
                    self._kept = None
            elif strike.kind.act is Act.MARKS_LATE:
                self._late.append(attrs.evolve(echo, due=echo.due + strike.seconds))
            elif swaps:
                self._kept = echo
        return due
