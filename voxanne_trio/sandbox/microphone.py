"""What a caller says: the other channel of the recording, cut into frames as a phone network does.

A caller may start to speak at any sample; a frame is 20 ms of that channel, with the line's faint
noise where nothing is said.
"""

from __future__ import annotations

import base64
import random
from typing import Final

from .playout import RATE, SILENCE, Timeline

FRAME_BYTES: Final = 160
FRAME_SECONDS: Final = FRAME_BYTES / RATE
_NOISES: Final = 16


class Microphone(Timeline):
    """The caller's channel."""

    def __init__(self, origin: float, rng: random.Random) -> None:
        super().__init__(origin)
        noise = [bytes(rng.choices(b"\xff\x7f\xfe\x7e", k=FRAME_BYTES)) for _ in range(_NOISES)]
        self._noise = [base64.b64encode(frame).decode() for frame in noise]

    def payload(self, position: int) -> str:
        """The frame that starts at that sample, in base64."""
        if position >= len(self.audio):
            return self._noise[position // FRAME_BYTES % _NOISES]
        frame = bytes(self.audio[position : position + FRAME_BYTES])
        return base64.b64encode(frame.ljust(FRAME_BYTES, SILENCE)).decode()
