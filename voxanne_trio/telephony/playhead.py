"""The playhead: how far the phone has come in a speech, and how sure that is.

Pure: whoever asks says what time it is. Twilio plays in order and in real time, and returns a mark
once the audio before it has been played *or flushed*: marks are named by the epoch, which every
`clear` advances, and a mark of an older epoch proves nothing. Between marks the clock says how far
the phone has come, but not far past a mark that does not return. In doubt less is claimed than was
heard. Positions are frames of 20 ms (`FRAME_MS`); times are seconds on the caller's clock.
"""

from __future__ import annotations

from collections import deque
from typing import Final

import attrs

from ..audio import FRAME_MS

UNPROVEN_SECONDS: Final = 0.060
"""Taken off what the clock alone would claim, until the first mark of a stretch has returned."""

JITTER_SECONDS: Final = 0.020
"""Taken off the shortest round trip seen, before it is counted on."""

STALL_SECONDS: Final = 0.2
"""A mark later than the clock expects by this much says that the phone stood still meanwhile."""

OVERDUE_FRAMES: Final = 30
"""So far past a mark that has not returned the phone may be: its way back takes so long at most.
Beyond that nothing is claimed: a phone that is gone returns no mark and plays nothing."""


@attrs.define
class Playhead:
    """Where the phone is in the speech that began last; each sends from frame 0 on.

    It is told what is sent, which marks are posted and come back, and when a `clear` is.
    """

    sent: int = 0
    """Frames of the speech handed to the socket."""

    marked: int = 0
    """The position of the last mark sent."""

    proved: int = 0
    """The position of the last mark returned."""

    furthest: int = 0
    """Frames that had been heard when a `clear` stopped them."""

    drained_at: float = 0.0
    """When the phone will have played all that was sent."""

    _epoch: int = 0
    _owed: deque[int] = attrs.field(factory=deque)  # positions of marks that have not returned
    _anchor: tuple[int, float] = (0, 0.0)  # the phone had come this far at that time …
    _is_proven: bool = False  # … as a mark has shown
    _stretch: tuple[int, float] = (0, 0.0)  # from this frame, sent then, there has been no gap
    _round_trip: float = float("inf")  # the shortest seen: there and back
    _fence: tuple[str, float] = ("", 0.0)  # its mark, and when it was sent

    # What is sent

    def begin(self, now: float) -> None:
        """Another speech begins: marks of the one before prove nothing about it."""
        self._epoch += 1
        self.furthest = 0
        self.rewind_to(0, now)

    def rewind_to(self, frame: int, now: float) -> None:
        """What was sent from that frame on is flushed, or never was: it will be sent again."""
        self.sent = self.marked = self.proved = frame
        self._anchor, self._is_proven = (frame, now), False
        self._owed.clear()

    def send_until(self, frame: int, now: float) -> float:
        """The audio up to that frame leaves; when the phone begins to play it."""
        if now > self.drained_at:
            self._anchor, self._is_proven = (self.sent, now + UNPROVEN_SECONDS), False
            self._stretch = (self.sent, now)
        begins_at = max(self.drained_at, now)
        self.drained_at = begins_at + (frame - self.sent) * FRAME_MS / 1000
        self.sent = frame
        return begins_at

    def mark(self, position: int) -> str:
        """The name of the mark that is sent after the audio up to that position."""
        self.marked = position
        self._owed.append(position)
        return f"{self._epoch}:{position}"

    def clear(self, now: float) -> str:
        """A `clear` is sent; the name of its fence, the mark to be sent right behind it."""
        self.furthest = max(self.furthest, self._stopping_at(now))
        self._epoch += 1
        self.drained_at = now
        self._fence = (f"fence:{self._epoch}", now)
        return self._fence[0]

    # What comes back

    def fence_returned(self, name: str, now: float) -> bool:
        """Whether that is the mark of the last fence. It tells how long the round trip takes."""
        if not name or name != self._fence[0]:
            return False
        self._time_round_trip(self._fence[1], now)
        return True

    def mark_returned(self, name: str, now: float) -> bool:
        """Whether a mark that comes back proves something: it must be of the present epoch."""
        epoch, _, position = name.partition(":")
        if epoch != str(self._epoch) or not position.isdecimal():
            return False
        if int(position) > self.sent:
            return False  # of a stream before this one: it is not ours
        if not self._is_proven:
            frame, sent_at = self._stretch
            self._time_round_trip(sent_at + (int(position) - frame) * FRAME_MS / 1000, now)
        self.proved = max(self.proved, int(position))
        while self._owed and self._owed[0] <= self.proved:
            self._owed.popleft()
        # Each mark bounds the phone's position from below; the earliest one bounds it best.
        ahead = (self.position(now) - self.proved) * FRAME_MS / 1000
        if not self._is_proven or ahead < 0 or ahead > STALL_SECONDS:
            self._anchor, self._is_proven = (self.proved, now), True
        return True

    # How far the phone is

    def position(self, now: float) -> int:
        """The frame the phone has reached by now, by the last proof and the clock."""
        frame, at = self._anchor
        since = max(now - at, 0.0)
        come = min(self.sent, frame + int(since * 1000 / FRAME_MS + 1e-6))
        return min(come, self._owed[0] + OVERDUE_FRAMES) if self._owed else come

    def heard_until(self, now: float) -> int:
        """The frame that the caller has surely heard up to; what is rewound stays heard."""
        return max(self.furthest, self.position(now))

    def _stopping_at(self, now: float) -> int:
        """The frame at which a `clear` that is sent now will stop the phone, never more.

        What a mark has proven is older by its way back, and the `clear` has its own way to go.
        """
        more = UNPROVEN_SECONDS
        if self._is_proven:
            more = self._round_trip if self._round_trip < float("inf") else 0.0
        return min(
            self.sent, self.position(now) + max(0, int((more - JITTER_SECONDS) * 1000 / FRAME_MS))
        )

    def _time_round_trip(self, since: float, now: float) -> None:
        seconds = now - since
        if 0 <= seconds < self._round_trip:
            self._round_trip = seconds
