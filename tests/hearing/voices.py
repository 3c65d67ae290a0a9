"""Callers, lines and rooms for the detector's tests: sounds in, events out."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Final

import numpy as np

from voxanne_trio.audio import FRAME_BYTES
from voxanne_trio.events import VoiceEvent, VoiceStarted
from voxanne_trio.hearing.echo import FarEnd
from voxanne_trio.hearing.engines import Engines
from voxanne_trio.hearing.vad import VoiceDetector
from voxanne_trio.sandbox import sounds
from voxanne_trio.sandbox.espeak import Manner, espeak
from voxanne_trio.sandbox.mulaw import RATE, Samples, decode, encode, to_telephone
from voxanne_trio.sandbox.sounds import SpeechVoices, at_level, mixed, seeded

FRAME: Final = FRAME_BYTES / RATE
_LEAD: Final = 15
HELLO: Final = "Hello, I would like an appointment with somebody."
ANSWER: Final = (
    "We are open from nine to six on weekdays. Recovery takes about two weeks, and most people are"
    " back at work after ten days. Do you want me to check Tuesday for you?"
)
AGENT: Final = "aura-2-thalia-en"


def still(seconds: float) -> Samples:
    """Digital silence."""
    return np.zeros(round(seconds * RATE), np.int16)


def on_a_line(samples: Samples, db: float = -62.0) -> Samples:
    """With the faint hiss that every line has."""
    return mixed(samples, sounds.white(len(samples) / RATE, seeded("line"), db))


def said(text: str = HELLO, db: float = -22.0) -> Samples:
    """The synthetic caller."""
    return at_level(decode(SpeechVoices().caller().say(text)), db)


@cache
def spoken(text: str, voice: str = "en-us", pitch: int = 42, db: float = -22.0) -> Samples:
    """A caller of espeak's."""
    library = espeak()
    audio = library.speak(text, Manner(voice, rate=165, pitch=pitch))
    return at_level(decode(to_telephone(audio, library.rate)), db)


def heard(
    samples: Samples, ours: bytes | None = None, engines: Engines | None = None
) -> list[VoiceEvent]:
    """The events of a recording that arrives frame by frame from time 0 on, while our audio sounds
    at the phone from time 0 on, known 300 ms before."""
    far_end = None if ours is None else FarEnd()
    detector, events = VoiceDetector(far_end, engines), []
    for number, frame in enumerate(frames(encode(samples)), 1):
        if ours is not None and far_end is not None and number % _LEAD == 1:
            far_end.played(
                ours[(number - 1) * FRAME_BYTES :][: _LEAD * FRAME_BYTES], (number - 1) * FRAME
            )
        events += detector.feed(frame, number * FRAME)
    return events


def frames(audio: bytes, sizes: Iterable[int] = ()) -> list[bytes]:
    """Audio cut into these sizes, then into frames."""
    cut, start = [], 0
    for size in sizes:
        cut.append(audio[start : start + size])
        start += size
    return cut + [audio[at : at + FRAME_BYTES] for at in range(start, len(audio), FRAME_BYTES)]


def fed(detector: VoiceDetector, chunks: Iterable[bytes]) -> list[VoiceEvent]:
    """The events of chunks that each arrive when their last sample has been spoken."""
    events, position = [], 0
    for chunk in chunks:
        position += len(chunk)
        events += detector.feed(chunk, position / RATE)
    return events


def starts(events: Iterable[VoiceEvent]) -> list[float]:
    return [event.at for event in events if isinstance(event, VoiceStarted)]


def with_echo(
    ours: bytes, caller: Samples, db: float, delay_ms: float, network_ms: float
) -> Samples:
    """What arrives while ours sounds at the phone from time 0 on and the caller says theirs."""
    back = sounds.echoed(decode(ours), db, delay_ms)
    late = round(network_ms / 1_000 * RATE)
    return on_a_line(mixed(back, caller, starts=(late,)))
