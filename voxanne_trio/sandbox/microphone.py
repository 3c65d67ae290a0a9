"""The caller's voice on its way in: a channel of the recording, cut into frames as a phone does.

A caller may start to speak at any sample; a frame is 20 ms of that channel, with the line's faint
noise where nothing is said. What is known about what is said (its words) goes into the frame as a
note where the recogniser reads such notes (`tells_words`). What else the line brings in is the
business of `line`.
"""

from __future__ import annotations

import base64
import random
from bisect import bisect_right
from typing import Final

import attrs

from . import robbed_bits
from .endpointer import is_loud
from .line import Pickup
from .playout import RATE, SILENCE, Timeline
from .robbed_bits import Holds, Note

FRAME_BYTES: Final = 160
FRAME_SECONDS: Final = FRAME_BYTES / RATE
_NOISES: Final = 16
_INAUDIBLE: Final = FRAME_BYTES * 3 // 20
"""Samples: what is left of a word after a frame is not worth the next one."""


@attrs.frozen
class Spoken:
    """What a stretch of the channel says: an utterance's number, where each of its words ends."""

    utterance: int
    ends: tuple[int, ...] = ()
    """In samples from the start of the audio. No words: a cough, a door."""


@attrs.frozen
class _Stretch:
    start: int
    end: int
    spoken: Spoken | None


class Microphone(Timeline):
    """The caller's channel."""

    def __init__(self, origin: float, rng: random.Random) -> None:
        super().__init__(origin)
        noise = [bytes(rng.choices(b"\xff\x7f\xfe\x7e", k=FRAME_BYTES)) for _ in range(_NOISES)]
        self._noise = noise
        self._encoded = [base64.b64encode(frame).decode() for frame in noise]
        self._stretches: list[_Stretch] = []
        self.tells_words = False
        self.pickup: Pickup | None = None
        """What the line adds; None is a clean line, and costs nothing."""

    def speak(self, audio: bytes, at: float, spoken: Spoken | None = None) -> int:
        """Append audio, as `place` does, with what is known of it."""
        start = self.place(audio, at)
        self._stretches.append(_Stretch(start, start + len(audio), spoken))
        return start

    def payload(self, position: int) -> str:
        """The frame that starts at that sample, in base64. Asked for in order."""
        is_quiet = position >= len(self.audio)
        if is_quiet and self.pickup is None:
            return self._encoded[position // FRAME_BYTES % _NOISES]
        return base64.b64encode(self._frame(position, is_quiet=is_quiet)).decode()

    def _frame(self, position: int, *, is_quiet: bool) -> bytes:
        if is_quiet:
            clean = self._noise[position // FRAME_BYTES % _NOISES]
        else:
            clean = bytes(self.audio[position : position + FRAME_BYTES])
            clean = clean.ljust(FRAME_BYTES, SILENCE)
        note = self._note(clean, position) if self.tells_words else None
        if self.pickup is None:
            return clean if note is None else robbed_bits.write(clean, note)
        frame, hears_echo = self.pickup.frame(clean, position)
        if not self.tells_words:
            return frame
        return robbed_bits.write(frame, note or (_ECHO if hears_echo else _NOTHING))

    def _note(self, clean: bytes, position: int) -> Note | None:
        """What the caller's own sound in the frame is; None when there is none."""
        if not is_loud(clean):
            return None
        middle = position + FRAME_BYTES // 2
        for stretch in reversed(self._stretches):
            if stretch.start <= middle and position < stretch.end:
                if stretch.spoken is None:
                    return _VOICE
                return _word(stretch.spoken, position - stretch.start)
        return _VOICE


_NOTHING: Final = Note(Holds.NOTHING)
_VOICE: Final = Note(Holds.VOICE)
_ECHO: Final = Note(Holds.ECHO)


def _word(spoken: Spoken, position: int) -> Note:
    """The word of an utterance that sounds in the frame that starts there."""
    if not spoken.ends:
        return Note(Holds.SOUND, spoken.utterance)
    over = bisect_right(spoken.ends, position + _INAUDIBLE)
    word = min(over, len(spoken.ends) - 1)
    last = spoken.ends[word] <= position + FRAME_BYTES + _INAUDIBLE
    return Note(Holds.WORD, spoken.utterance, word, last)
