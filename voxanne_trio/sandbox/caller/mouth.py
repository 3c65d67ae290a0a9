"""How a caller's script sounds: words by a voice, hesitations as silence, coughs by their seed.

All of it can be made before the call is placed, so that making it costs no time in it. What is
known of the sound (which word is where) goes with it, for a recogniser that is told. Refuses to
know when something is said.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import attrs
import numpy as np

from .. import sounds
from ..account import Speak
from ..microphone import Spoken
from ..mulaw import RATE, SILENCE, Samples, encode
from ..robbed_bits import MOST
from ..voice import word_ends
from .script import Utterance, phrases
from .steps import Sound, Step

_MADE: Final[Mapping[str, Callable[[np.random.Generator], Samples]]] = {
    "cough": sounds.cough,
    "hum": sounds.mm_hm,
    "throat": sounds.throat_clearing,
    "door": sounds.door_slam,
    "click": sounds.click,
}
_KEY_SECONDS: Final = 0.2


@attrs.frozen
class Take:
    """One utterance as sound; `pauses` are the hesitations in it, in samples."""

    audio: bytes
    spoken: Spoken
    pauses: tuple[tuple[int, int], ...] = ()


class Mouth:
    """One caller's."""

    def __init__(self, speak: Speak, seed: int = 0) -> None:
        self._speak = speak
        self._seed = seed
        self._phrases: dict[str, bytes] = {}

    async def prepare(self, script: Sequence[Step]) -> None:
        """Make what is not made yet of all that the script says."""
        for phrase in phrases(script):
            if phrase not in self._phrases:
                self._phrases[phrase] = await self._speak(phrase)

    def say(self, utterance: Utterance) -> Take:
        """An utterance that has been prepared."""
        audio, ends, pauses = bytearray(), list[int](), list[tuple[int, int]]()
        for phrase, pause_ms in utterance.phrases:
            spoken = self._phrases[phrase]
            ends += [len(audio) + end for end in _word_ends(phrase, spoken)]
            audio += spoken
            if pause_ms:
                start = len(audio)
                audio += SILENCE * round(pause_ms * RATE / 1000)
                pauses.append((start, len(audio)))
        spoken_as = Spoken(min(utterance.number, MOST), tuple(ends[: MOST + 1]))
        return Take(bytes(audio), spoken_as, tuple(pauses))

    def make(self, sound: Sound, number: int) -> Take:
        """A sound without words; its place in the call makes it unlike the others."""
        rng = sounds.seeded(self._seed, sound.name, number)
        return Take(encode(_MADE[sound.name](rng)), Spoken(min(number, MOST)))

    def key(self, digit: str, number: int) -> Take:
        """The tone of a key."""
        return Take(encode(sounds.dtmf(digit, _KEY_SECONDS)), Spoken(min(number, MOST)))


def _word_ends(phrase: str, audio: bytes) -> list[int]:
    """Where each word ends, in samples: their usual lengths, stretched to this voice's."""
    usual = word_ends(phrase)
    voice = len(audio.rstrip(b"\xff\x7f")) or len(audio)
    return [round(end * voice / usual[-1]) for end in usual]
