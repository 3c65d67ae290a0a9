"""One listen stream as its stand-in hears it: where the audio is, where voice was, which words.

Pure: frames and clock times go in, a `Session` is told what to recognise, and the questions that
both of Deepgram's protocols ask are answered here (how long is the pause, is the turn over). Its
clock is the audio it gets; the clock time is kept beside it, because a vendor's delay is counted
from the moment a frame arrived. Refuses to know messages.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final

import attrs

from .endpointer import FRAME_BYTES, FRAME_SECONDS, Endpointer
from .words import Session, Word

LONG_PAUSE: Final = 0.7
"""After this the speaker is done, whatever a recogniser thinks of his words."""

_LEAD_FRAMES: Final = 10
"""What a recogniser gets of the time before voice began."""

_CHUNK_SLACK: Final = 0.15
"""Audio comes in chunks, so it may lag behind the clock by this much and still be going on."""

_AHEAD: Final = 0.25
"""When audio runs so far ahead of the clock, it decides alone (a backlog after a reconnect)."""

_NO_FRAME: Final = b""


class Hearing:
    """What has been heard of one stream. `step` takes a frame, everything else is a question."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._ends = Endpointer()
        self._recent: deque[bytes] = deque(maxlen=_LEAD_FRAMES)
        self._rest = _NO_FRAME
        self.position = 0.0
        self.voice_at = 0.0
        self.stretch_at = 0.0
        self.last_voiced = 0.0
        self.last_voiced_at = 0.0
        self.speaking = False
        self.open = False
        self._long_told = False
        self.settle_after = session.settle_after
        self._shortest_end = session.shortest_end

    def end_after(self, delay: float) -> float:
        """The pause that ends the next utterance, for a delay that was drawn for it."""
        after = max(delay, self._shortest_end)
        self.settle_after = min(self.session.settle_after, after / 2)
        return after

    def frames(self, audio: bytes) -> Sequence[bytes]:
        """The audio cut into whole frames; what is left over waits for the next."""
        data = self._rest + audio
        whole = len(data) - len(data) % FRAME_BYTES
        self._rest = data[whole:]
        return [data[at : at + FRAME_BYTES] for at in range(0, whole, FRAME_BYTES)]

    def step(self, frame: bytes, now: float) -> bool:
        """Hear one frame that arrived at `now`. True when voice has begun, or begun again."""
        self.position += FRAME_SECONDS
        began = self._ends.push(frame)
        if began:
            self._begin(frame)
        elif self.speaking:
            self.session.feed(frame)
        else:
            self._recent.append(frame)
        if self.speaking:
            if self._ends.voiced:
                self.last_voiced, self.last_voiced_at = self.position, now
            elif self.pause >= self.settle_after - 1e-6:
                self.hush()
        elif self.open and not self._long_told and self.pause >= LONG_PAUSE - 1e-6:
            self._long_told = True
            self.session.settle(self.pause)
        return began

    def _begin(self, frame: bytes) -> None:
        self._recent.append(frame)
        audio = b"".join(self._recent)
        self._recent.clear()
        start = self.position - len(audio) / FRAME_BYTES * FRAME_SECONDS
        voice_at = max(start, self.position - 3 * FRAME_SECONDS)
        self.stretch_at = voice_at
        if not self.open:
            self.voice_at = voice_at
        self.speaking = self.open = True
        self._long_told = False
        self.session.begin(start, voice_at, audio)

    def hush(self) -> None:
        """Take the present moment for a pause: the words are to settle."""
        if self.speaking:
            self.speaking = False
            self._ends.pause()
            self.session.settle(self.pause)

    def finish(self) -> None:
        """The utterance is over; voice that goes on begins the next."""
        self.session.end()
        self.open = False
        if self.speaking:
            self.open = True
            self.voice_at = self.position
            self.session.begin(self.position, self.position, _NO_FRAME)

    @property
    def pause(self) -> float:
        """Seconds of audio since the last voiced frame."""
        return self.position - self.last_voiced

    def paused(self, seconds: float, now: float) -> bool:
        """Whether voice has been silent for so long, by the audio and by the clock."""
        if self.speaking or not self.open:
            return False
        if self.pause >= seconds + _AHEAD:
            return True
        return self.pause + _CHUNK_SLACK >= seconds and now >= self.last_voiced_at + seconds - 1e-6

    def words(self) -> tuple[Word, ...]:
        """The words of the utterance. The last one ends where voice did, once that is known."""
        words = tuple(self.session.words)
        if words and not self.speaking and self.session.settled:
            last = words[-1]
            words = (*words[:-1], attrs.evolve(last, end=max(last.start, self.last_voiced)))
        return words
