"""Audio in order of its place in the call, frame by frame, with gaps where something was left out.

Pure. Knows how much it holds, how much of that is voice, and which frame of a long pause nobody
will miss. Refuses to know who wants the audio.
"""

from __future__ import annotations

from collections import deque
from typing import Final

import attrs

from ..audio import FRAME_MS, loudness, samples_below

_QUIET_MEAN: Final = 12
"""Mean magnitude under which nobody speaks, not even softly: about 50 dB under full scale."""

_QUIET_SAMPLES: Final = samples_below(_QUIET_MEAN)

_ONSET_FRAMES: Final = 80 // FRAME_MS
_PAUSE_FRAMES: Final = 240 // FRAME_MS + _ONSET_FRAMES
"""What stays of a pause that is shortened: its beginning, and the breath before the next word."""


def is_quiet(frame: bytes) -> bool:
    """Whether a frame holds nothing that could be speech; nearly always seen at once."""
    return not frame.translate(None, _QUIET_SAMPLES) or loudness(frame) < _QUIET_MEAN


@attrs.define  # not frozen: fifty a second and call are made, and freezing costs half their price
class Frame:
    """At most 20 ms of mu-law, from `position` to `end` of the call, in bytes."""

    position: int
    end: int
    audio: bytes
    quiet: bool
    voice: bool
    ours: bool = False
    """Silence that we put in: nobody said it."""

    def cut(self, count: int) -> tuple[Frame, Frame]:
        """Its first so many bytes, and the rest."""
        middle = self.position + count
        first = attrs.evolve(self, audio=self.audio[:count], end=middle)
        return first, attrs.evolve(self, audio=self.audio[count:], position=middle)


class Frames:
    """Frames by position. Both ends are cheap."""

    def __init__(self) -> None:
        self.size = 0
        self.voiced = 0
        """Bytes, and bytes of voice."""
        self._frames: deque[Frame] = deque()
        self._pause = 0  # frames of the pause at the end, those left out included

    def __bool__(self) -> bool:
        return bool(self._frames)

    @property
    def first(self) -> Frame:
        return self._frames[0]

    @property
    def last(self) -> Frame:
        return self._frames[-1]

    def append(self, frame: Frame) -> None:
        """One more, after all others."""
        self._pause = self._pause + 1 if frame.quiet and not frame.voice else 0
        self._frames.append(frame)
        self._add(frame)

    def append_left(self, frame: Frame) -> None:
        """One more, before all others; what is a pause is looked for anew."""
        self._pause = 0
        self._frames.appendleft(frame)
        self._add(frame)

    def pop(self) -> Frame:
        """Without the last."""
        self._pause = 0
        return self._without(self._frames.pop())

    def pop_left(self, most: int | None = None) -> Frame:
        """Without the first, or without so many bytes of it."""
        frame = self._frames.popleft()
        if most is not None and most < frame.end - frame.position:
            frame, rest = frame.cut(most)
            self._frames.appendleft(rest)
        return self._without(frame)

    def shorten_pause(self) -> Frame | None:
        """Without one frame from the middle of the pause at the end, if it is a long one."""
        if self._pause <= _PAUSE_FRAMES or len(self._frames) <= _ONSET_FRAMES:
            return None
        frame = self._frames[-1 - _ONSET_FRAMES]
        del self._frames[-1 - _ONSET_FRAMES]
        return self._without(frame)

    def _add(self, frame: Frame) -> None:
        size = frame.end - frame.position
        self.size += size
        if frame.voice:
            self.voiced += size

    def _without(self, frame: Frame) -> Frame:
        size = frame.end - frame.position
        self.size -= size
        if frame.voice:
            self.voiced -= size
        return frame
