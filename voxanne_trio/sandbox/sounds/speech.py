"""Voices that detectors take for speech, without a speech engine: for virtual time.

A word's letters become phones of `formants`, stretched to exactly the length that `ToneVoice` gives
the word, so that scripted recognition and every timing stays as with tones. What a word sounds
like depends on the word and the speaker alone; it is rendered once and kept. Nobody could
understand it. Refuses to know grammar, and anything but Latin letters and digits.
"""

from __future__ import annotations

import re
import zlib
from functools import lru_cache
from typing import Final

import trio

from ..mulaw import RATE, SILENCE, encode
from ..voice import ToneVoices, pause_seconds, word_seconds
from .formants import PHONES, Placed, Tract
from .levels import at_level, seeded

_DIGITS: Final = ("zero", "wan", "tu", "tri", "for", "faif", "siks", "sefen", "eit", "nain")
_SPELT: Final = str.maketrans(
    {"c": "k", "q": "k", "x": "ks", "j": "z"} | {str(n): word for n, word in enumerate(_DIGITS)}
)
_FOREIGN: Final = re.compile(r"[^a-z]")
_TWICE: Final = re.compile(r"(.)\1+")
_CLUSTER: Final = re.compile(r"([^aeiouy]{2})(?=[^aeiouy])")
_VOWELS: Final = frozenset("aeiouy")

SPEECH_DB: Final = -20.0
"""How loud the voices speak, as espeak's do on this line."""

_KEPT_WORDS: Final = 4_096
"""Words kept by each voice: about 16 MB at most, some 3 KB in a conversation a word."""


@lru_cache(maxsize=_KEPT_WORDS)
def phones_of(word: str) -> str:
    """The phones of a word, by their letters: at least one vowel, no long clusters."""
    letters = _FOREIGN.sub("", word.lower().translate(_SPELT))
    letters = _CLUSTER.sub(r"\1e", _TWICE.sub(r"\1", letters))
    return letters if _VOWELS & set(letters) else f"{letters}e"


class SpeechVoice:
    """One synthetic speaker."""

    def __init__(self, hertz: float, size: float = 1.0) -> None:
        self.tract = Tract(hertz, size)
        self._seed = f"{hertz} {size}"
        self._word = lru_cache(maxsize=_KEPT_WORDS)(self._render)

    def say(self, text: str, speed: float = 1.0) -> bytes:
        """A text as mu-law, at once; words and pauses are as long as `ToneVoice`'s."""
        audio = bytearray()
        words = text.split()
        for index, word in enumerate(words):
            audio += self._word(word, round(word_seconds(word) / speed * RATE))
            if index + 1 < len(words):
                audio += SILENCE * round(pause_seconds(word) / speed * RATE)
        return bytes(audio)

    async def speak(self, text: str, speed: float = 1.0) -> bytes:
        await trio.lowlevel.checkpoint()
        return self.say(text, speed)

    def _render(self, word: str, length: int) -> bytes:
        phones = [PHONES[letter] for letter in phones_of(word)]
        step = length / sum(phone.weight for phone in phones)
        placed, at = [], 0.0
        for phone in phones:
            placed.append(Placed(phone, at + phone.weight * step / 2))
            at += phone.weight * step
        sound = self.tract.render(placed, length, seeded(self._seed, word, length))
        return encode(at_level(sound, SPEECH_DB))


class SpeechVoices:
    """Speech-like voices for everybody; made once, words and all, for the process."""

    def agent(self, model: str) -> SpeechVoice:
        pitches = ((210.0, 1.12), (190.0, 1.08), (125.0, 1.0))
        return voice_of(*pitches[zlib.crc32(model.encode()) % len(pitches)])

    def caller(self) -> SpeechVoice:
        return voice_of(112.0, 0.97)


class AudibleCallers(ToneVoices):
    """Agents that are tones, word by word, and callers whom a detector of voice can hear."""

    def caller(self) -> SpeechVoice:  # type: ignore[override]  # a Voice all the same
        return SpeechVoices().caller()


@lru_cache(maxsize=64)
def voice_of(hertz: float, size: float) -> SpeechVoice:
    """The speaker with that pitch and mouth; speakers are the same in every process."""
    return SpeechVoice(hertz, size)
