"""Voices of the stand-ins: a text in, mu-law at 8 kHz out.

Two kinds. `RealVoices` is espeak-ng: one thread at a time does the work, 10 to 20 ms a sentence,
and what was said lately is kept. `ToneVoices` is no speech at all but bursts of tone whose lengths
follow the words: computed in microseconds, without a thread, equal in every run, for virtual time
and for load. Which voice speaks is chosen by the name of a Deepgram model; the caller of the
sandbox has one that no agent has. Refuses to know the wires the audio goes out on.
"""

from __future__ import annotations

import math
import re
import zlib
from collections import OrderedDict
from typing import Final, Protocol

import attrs
import numpy as np
import trio

from .espeak import Manner, espeak
from .mulaw import RATE, SILENCE, encode, to_telephone

_PIECE: Final = re.compile(r"(?<=[.?!])\s+(?=[A-Z\"'*])")
_PIECE_CHARACTERS: Final = 60
"""Shorter sentences are spoken together with the next one."""

_BETWEEN: Final = 0.28
"""Seconds of silence between separately spoken pieces, as long as espeak's own full stop."""

_KEPT_BYTES: Final = 16_000_000
_KEPT_TEXTS: Final = 512


class Voice(Protocol):
    """Somebody who can speak."""

    async def speak(self, text: str, speed: float = 1.0) -> bytes:
        """A text as mu-law at 8 kHz. Cancelling it is free."""
        ...


class Voices(Protocol):
    """Everybody who can speak, by name."""

    def agent(self, model: str) -> Voice:
        """The voice behind a Deepgram model's name."""
        ...

    def caller(self) -> Voice:
        """The voice of the sandbox's caller: unlike every agent's."""
        ...


def pieces(text: str) -> list[str]:
    """A text cut at ends of sentences, so that the first can be heard while the next is made."""
    cut: list[str] = []
    for sentence in _PIECE.split(text.strip()):
        if cut and len(cut[-1]) < _PIECE_CHARACTERS:
            cut[-1] += f" {sentence}"
        else:
            cut.append(sentence)
    return [piece for piece in cut if piece]


def between_pieces() -> bytes:
    """The silence that belongs between two pieces."""
    return SILENCE * round(_BETWEEN * RATE)


_CALLER: Final = Manner("en-us", rate=155, pitch=42)
"""The recogniser is made for this voice: see `adaptation`."""

_AGENT: Final = Manner("en+f3", rate=165, pitch=62, range=60)
_FEMALE: Final = ("f2", "f3", "f4")
_MALE: Final = ("m1", "m3", "m7")
_MALE_NAMES: Final = frozenset(
    {"angus", "apollo", "arcas", "aries", "atlas", "draco", "hermes", "hyperion", "jupiter"}
    | {"mars", "neptune", "odysseus", "orion", "orpheus", "perseus", "pluto", "saturn", "zeus"}
)


def manner_of(model: str) -> Manner:
    """How the agent behind a model's name (`aura-2-<name>-en`) speaks; the same on every run."""
    name = model.removeprefix("aura-2-").removeprefix("aura-").partition("-")[0]
    if name in {"thalia", "asteria", ""}:
        return _AGENT
    kind = zlib.crc32(name.encode())
    variants = _MALE if name in _MALE_NAMES else _FEMALE
    accent = ("en", "en-gb-x-rp", "en-gb-scotland")[kind // 8 % 3]
    return Manner(f"{accent}+{variants[kind % 3]}", rate=160 + kind // 64 % 16, pitch=50)


class RealVoices:
    """espeak-ng's voices, with one memory for what they said."""

    def __init__(self) -> None:
        self._one_at_a_time = trio.CapacityLimiter(1)
        self._kept: OrderedDict[tuple[str, Manner], bytes] = OrderedDict()
        self._kept_bytes = 0

    def agent(self, model: str) -> Voice:
        return _RealVoice(self, manner_of(model))

    def caller(self) -> Voice:
        return _RealVoice(self, _CALLER)

    async def say(self, text: str, manner: Manner) -> bytes:
        """Speak in a thread, or remember."""
        key = (text, manner)
        if (known := self._kept.get(key)) is not None:
            self._kept.move_to_end(key)
            await trio.lowlevel.checkpoint()
            return known
        audio = await trio.to_thread.run_sync(
            _speak, text, manner, limiter=self._one_at_a_time, abandon_on_cancel=True
        )
        self._keep(key, audio)
        return audio

    def _keep(self, key: tuple[str, Manner], audio: bytes) -> None:
        if self._kept.setdefault(key, audio) is audio:
            self._kept_bytes += len(audio)
        while self._kept_bytes > _KEPT_BYTES or len(self._kept) > _KEPT_TEXTS:
            self._kept_bytes -= len(self._kept.popitem(last=False)[1])


def _speak(text: str, manner: Manner) -> bytes:
    library = espeak()
    return to_telephone(library.speak(text, manner), library.rate)


@attrs.frozen
class _RealVoice:
    voices: RealVoices
    manner: Manner

    async def speak(self, text: str, speed: float = 1.0) -> bytes:
        manner = attrs.evolve(self.manner, rate=round(self.manner.rate * speed))
        return await self.voices.say(text, manner)


_LETTER_SECONDS: Final = 0.05
_WORD_SECONDS: Final = 0.09
_PAUSES: Final = ((".?!:;", 0.25), (",", 0.15), ("", 0.04))
_LONGEST_BURST: Final = 4.0


def word_seconds(word: str) -> float:
    """How long the voice of a tone says a word; real voices take about as long."""
    return _WORD_SECONDS + _LETTER_SECONDS * min(len(word), 24)


def pause_seconds(word: str) -> float:
    """The silence after a word inside an utterance."""
    return next(pause for marks, pause in _PAUSES if not marks or word[-1] in marks)


def word_ends(text: str) -> list[float]:
    """Where each word of a text ends at its usual lengths, in seconds."""
    ends: list[float] = []
    at = 0.0
    for word in text.split():
        ends.append(at + word_seconds(word))
        at = ends[-1] + pause_seconds(word)
    return ends


class ToneVoice:
    """Bursts of tone in the place of words: no speech, but its loudness and its lengths."""

    def __init__(self, hertz: float) -> None:
        at = np.arange(round(_LONGEST_BURST * RATE)) / RATE
        hum = np.sin(2 * math.pi * hertz * at) + 0.5 * np.sin(2 * math.pi * 2.5 * hertz * at)
        self._tone = encode((5_000 * hum).astype(np.int16))

    def say(self, text: str, speed: float = 1.0) -> bytes:
        """The bursts of a text, at once. Ends with its last voiced sample."""
        audio = bytearray()
        words = text.split()
        for index, word in enumerate(words):
            audio += self._tone[: round(word_seconds(word) / speed * RATE)]
            if index + 1 < len(words):
                audio += SILENCE * round(pause_seconds(word) / speed * RATE)
        return bytes(audio)

    async def speak(self, text: str, speed: float = 1.0) -> bytes:
        await trio.lowlevel.checkpoint()
        return self.say(text, speed)


class ToneVoices:
    """Tones for everybody: the caller's is higher than any agent's."""

    def __init__(self) -> None:
        self._agents = [ToneVoice(hertz) for hertz in (180.0, 200.0, 220.0)]
        self._caller = ToneVoice(320.0)

    def agent(self, model: str) -> ToneVoice:
        return self._agents[zlib.crc32(model.encode()) % len(self._agents)]

    def caller(self) -> ToneVoice:
        return self._caller
