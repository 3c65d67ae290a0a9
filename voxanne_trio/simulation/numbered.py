"""Audio that says what it is: agents' words and callers' frames carry their numbers.

So that play-out truth is read off the audio itself, whatever the product did with it. The agent's
voice is the sandbox's tone, burst by burst as long as the words, made of cells of 5 ms with the
word's number in each: a word of which every cell was played was heard whole. A caller's frame
spells the frame's number in the lowest bits of 32 samples, which nobody hears. Loudness, all that
the product asks of an agent's audio, stays as it was.
"""

from __future__ import annotations

import base64
import random
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

import attrs
import trio

from ..sandbox.microphone import FRAME_BYTES, Microphone
from ..sandbox.playout import RATE, SILENCE
from ..sandbox.robbed_bits import HEAD_BYTES
from ..sandbox.sounds import SpeechVoice, SpeechVoices
from ..sandbox.voice import pause_seconds, word_seconds

CELL: Final = 40
"""Bytes of a cell."""

_SYNC: Final = b"\xc1\x42\xc1\x42"
_DIGITS: Final = bytes((*range(0x20, 0x40), *range(0xA0, 0xC0)))
_FILL: Final = (b"\xba\xba\xba\xba\x3a\x3a\x3a\x3a" * 4)[: CELL - 8]
"""About 20 dB under full scale, as a voice is: what is louder has an echo that hides the caller."""

_CELL: Final = re.compile(_SYNC + b"([" + re.escape(_DIGITS) + b"]{4})", re.DOTALL)
_LONGEST: Final = len(_SYNC) + 4

_HEADER: Final = 0xA5D
_BITS: Final = 32
SPELT: Final = slice(HEAD_BYTES, HEAD_BYTES + _BITS)
"""Where a caller's frame spells its number: behind the note for the recogniser."""

_LOW_BITS: Final = int.from_bytes(b"\x01" * _BITS, "big")
_ASCII: Final = int.from_bytes(b"0" * _BITS, "big")


@attrs.frozen
class Word:
    """A word that was synthesised: of which text, and where in it."""

    number: int
    text: str
    passage: int
    """Which synthesis it belongs to: texts spoken in one piece have one."""
    index: int
    last: bool
    cells: int


@attrs.define(eq=False)
class Vocabulary:
    """Every word that was ever synthesised in a run, by its number."""

    words: list[Word] = attrs.field(factory=list)
    passages: int = 0
    phrases: int = 0
    """Words with lower numbers belong to phrases that may be played at any time."""
    phrase_texts: set[str] = attrs.field(factory=set)
    _phrase_passages: set[int] = attrs.field(factory=set)

    def seal_phrases(self, texts: Iterable[str] = ()) -> None:
        """All that was said so far are the phrases, and so is each of these texts, said later."""
        self.phrases = len(self.words)
        self.phrase_texts |= set(texts)

    def is_phrase(self, number: int) -> bool:
        return number < self.phrases or self.words[number].passage in self._phrase_passages

    def say(self, text: str, speed: float = 1.0) -> bytes:
        """The audio of a text; ends with its last voiced sample."""
        audio = bytearray()
        texts = text.split()
        for index, word in enumerate(texts):
            size = round(word_seconds(word) / speed * RATE)
            audio += self._burst(word, index, size, last=index + 1 == len(texts))
            if index + 1 < len(texts):
                audio += SILENCE * round(pause_seconds(word) / speed * RATE)
        if text in self.phrase_texts:
            self._phrase_passages.add(self.passages)
        self.passages += 1
        return bytes(audio)

    def _burst(self, text: str, index: int, size: int, *, last: bool) -> bytes:
        number = len(self.words)
        cells = size // CELL
        self.words.append(Word(number, text, self.passages, index, last, cells))
        digits = bytes(_DIGITS[(number >> shift) & 0x3F] for shift in (18, 12, 6, 0))
        return (_SYNC + digits + _FILL) * cells + _FILL[: size % CELL]


@attrs.frozen
class NumberedVoice:
    """An agent's voice."""

    vocabulary: Vocabulary

    async def speak(self, text: str, speed: float = 1.0) -> bytes:
        await trio.lowlevel.checkpoint()
        return self.vocabulary.say(text, speed)


@attrs.define(eq=False)
class NumberedVoices:
    """Numbered agents, and callers whom a detector takes for speakers."""

    vocabulary: Vocabulary = attrs.field(factory=Vocabulary)

    def agent(self, model: str) -> NumberedVoice:
        del model
        return NumberedVoice(self.vocabulary)

    def caller(self) -> SpeechVoice:
        return SpeechVoices().caller()


def numbers(audio: bytes | bytearray) -> list[tuple[int, int]]:
    """Each cell in a stretch of audio: where it begins, and the number of its word."""
    return [(found.start(), _number(found[1])) for found in _CELL.finditer(audio)]


def _number(digits: bytes) -> int:
    first, second, third, fourth = map(_DIGITS.index, digits)
    return first << 18 | second << 12 | third << 6 | fourth


@attrs.define(eq=False)
class Reading:
    """The numbers in audio that comes in pieces; a cell cut by a piece's end is still found."""

    _rest: bytes = b""

    def feed(self, audio: bytes) -> list[int]:
        """The words that are in it, each once in a row."""
        data = self._rest + audio
        found = numbers(data)
        read = found[-1][0] + _LONGEST if found else 0
        self._rest = data[max(read, len(data) - _LONGEST + 1) :]
        row: list[int] = []
        for _, number in found:
            if not row or row[-1] != number:
                row.append(number)
        return row


@attrs.frozen
class Played:
    """A word as it came out of the phone: from which sample, to which, and how many cells."""

    number: int
    start: int
    end: int
    cells: int


def played(audio: bytes | bytearray) -> list[Played]:
    """The words in a recording, in order; a word that was taken up again is there twice."""
    words: list[Played] = []
    for start, number in numbers(audio):
        last = words[-1] if words else None
        if last is not None and last.number == number and start - last.end <= CELL:
            words[-1] = Played(number, last.start, start + CELL, last.cells + 1)
        else:
            words.append(Played(number, start, start + CELL, 1))
    return words


class NumberedMicrophone(Microphone):
    """A caller's channel whose frames spell the sample at which they begin, in frames."""

    @classmethod
    def in_place_of(cls, other: Microphone, rng: random.Random) -> NumberedMicrophone:
        """A microphone on the same line."""
        made = cls(other.origin, rng)
        made.pickup, made.tells_words = other.pickup, other.tells_words
        return made

    def payload(self, position: int) -> str:
        frame = base64.b64decode(super().payload(position))
        return base64.b64encode(numbered(frame, position // FRAME_BYTES)).decode()


def numbered(frame: bytes, number: int) -> bytes:
    """The frame with its number."""
    spelling = int.from_bytes(frame[SPELT], "big") & ~_LOW_BITS | _bits(number)
    return frame[: SPELT.start] + spelling.to_bytes(_BITS, "big") + frame[SPELT.stop :]


@lru_cache(maxsize=4_096)
def _bits(number: int) -> int:
    binary = f"{_HEADER:012b}{number:020b}"
    return int.from_bytes(bytes(map(int, binary)), "big")


def frame_number(spelling: bytes) -> int | None:
    """The number spelt by the samples at `SPELT`; None where they spell none."""
    low = int.from_bytes(spelling, "big") & _LOW_BITS
    number = int((low | _ASCII).to_bytes(_BITS, "big"), 2)
    return number & 0xFFFFF if number >> 20 == _HEADER else None
