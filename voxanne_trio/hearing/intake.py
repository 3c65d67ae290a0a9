"""What becomes of a frame of the caller's: noticed as voice or none, and kept for the recogniser.

Synchronous: the reader of the phone's socket never waits. Refuses to know what voice means.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import trio

from ..audio import silence
from ..events import VoiceEvent, VoiceStarted
from .ring import AudioRing

if TYPE_CHECKING:
    from . import Detector

VOICE_ENDS_MS: Final = 400
"""Silence that ends any voice."""


class Intake:
    """Of one call: frames in, voice told, audio in the ring."""

    def __init__(
        self, audio: AudioRing, detector: Detector, tell: Callable[[VoiceEvent], None]
    ) -> None:
        self._audio = audio
        self._detector = detector
        self._tell = tell
        self._voice = False

    def hear(self, frame: bytes, at: float) -> None:
        """A frame, which arrived then (Trio clock): kept before what it changes is told."""
        events = self._notice(frame, at)
        self._audio.put(frame, at, voice=self._voice)
        for event in events:
            self._tell(event)

    def pause(self) -> None:
        """Nothing comes, so a voice that was on gets no silence that would end it."""
        for event in self._notice(silence(VOICE_ENDS_MS), trio.current_time()):
            self._tell(event)

    def _notice(self, audio: bytes, at: float) -> tuple[VoiceEvent, ...]:
        events = tuple(self._detector.feed(audio, at))
        if events:
            self._voice = isinstance(events[-1], VoiceStarted)
        return events
