"""Speech of the Deepgram stand-in at the pace of its service, the same for both ways to ask for it.

The first piece is due after the profile's delay, counted from the request, the voice's own
computing within it; the rest follows several times faster than it plays, in pieces that know
nothing of 20 ms frames. A text of several sentences is spoken sentence by sentence: the later ones
are made while the first is on its way. Refuses to know wires.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import attrs
import trio

from .mulaw import RATE
from .voice import Voice, between_pieces, pieces

_FASTER: Final = 8.0
"""How much faster than it plays audio is sent."""

_SIZES: Final = (1_111, 1_600, 737, 1_283, 1_999, 801)
"""Bytes of the pieces audio leaves in, over and over."""

Late = Callable[[float], None]


@attrs.frozen(kw_only=True)
class Speaker:
    """A model's voice and how fast the service is with it."""

    model: str
    model_uuid: str
    voice: Voice
    first_byte: Callable[[], float]
    late: Late
    """Told by how many seconds the voice missed the delay that was promised."""
    speed: float = 1.0
    said: Callable[[str], None] = lambda _: None
    """Told each text that is to be spoken."""


class Speech:
    """One text being spoken: `piece` until it gives nothing. Cancelling `piece` loses nothing."""

    def __init__(self, speaker: Speaker, text: str, asked_at: float) -> None:
        speaker.said(text)
        self._speaker = speaker
        self._texts = pieces(text)
        self._due = asked_at + speaker.first_byte()
        self._audio = b""
        self._spoken = 0
        self._count = 0

    async def piece(self) -> bytes:
        """The next audio, when it is due; nothing at the end."""
        while not self._audio:
            if self._spoken == len(self._texts):
                await trio.sleep_until(self._due)
                return b""
            audio = await self._speaker.voice.speak(self._texts[self._spoken], self._speaker.speed)
            late = trio.current_time() - self._due
            if late > 0 and not self._spoken:
                self._speaker.late(late)
            self._audio = between_pieces() + audio if self._spoken else audio
            self._spoken += 1
        await trio.sleep_until(self._due)
        return self.stale()

    def stale(self) -> bytes:
        """The next audio that is made already, due or not."""
        size = _SIZES[self._count % len(_SIZES)]
        self._count += 1
        piece, self._audio = self._audio[:size], self._audio[size:]
        self._due = max(self._due, trio.current_time()) + len(piece) / RATE / _FASTER
        return piece
