"""What a frame of the caller's channel holds, written into its own low bits for the stand-ins.

A digital exchange robs the lowest bit of some samples for its signals, and nobody hears it. Here
the first 48 samples of a frame tell a scripted recogniser what no recogniser could know for sure:
whether the caller's own voice is in it, and which word. So words and their times come from the
frames that really arrived: on a noisy line, after a cough, across a reconnect that loses or
repeats some. Mu-law goes through the server untouched, so the bits do. Pure; refuses to know
sound.
"""

from __future__ import annotations

from enum import IntEnum
from functools import lru_cache
from typing import Final

import attrs

HEAD_BYTES: Final = 48
"""Samples that carry a bit each: 24 that say "this is a note", then 24 of the note."""

MOST: Final = 1023
"""Utterances of a call, and words of an utterance, are numbered up to here."""

_HEADER: Final = 0xB5C1E7
_HEADER_BYTES: Final = 24
_NOTE_BITS: Final = 24
_LOW_BITS: Final = int.from_bytes(b"\x01" * HEAD_BYTES, "big")
_ASCII: Final = int.from_bytes(b"0" * _HEADER_BYTES, "big")


class Holds(IntEnum):
    """What a frame holds of the caller's own."""

    NOTHING = 0
    """No voice of the caller, whatever else there is to hear."""

    WORD = 1
    SOUND = 2
    """A cough, a hum, a slammed door: loud, and no word."""

    VOICE = 3
    """The caller's voice; what it says is not known here."""

    ECHO = 4
    """The agent's own voice come back, on a line where a recogniser takes that for speech."""


@attrs.frozen
class Note:
    """One frame's: of which utterance which word, and whether the word ends in this frame."""

    holds: Holds
    utterance: int = 0
    word: int = 0
    last: bool = False

    @property
    def loud(self) -> bool:
        """Whether a detector of voices ought to fire."""
        return self.holds is not Holds.NOTHING


@lru_cache(maxsize=4_096)
def _bits(note: Note) -> int:
    """The 48 low bits, each in the place of its sample."""
    number = note.holds << 21 | note.utterance << 11 | note.word << 1 | note.last
    binary = f"{_HEADER:024b}{number:024b}"
    return int.from_bytes(bytes(int(bit) for bit in binary), "big")


_HEADER_BITS: Final = _bits(Note(Holds.NOTHING)) >> 8 * _HEADER_BYTES


def write(frame: bytes, note: Note) -> bytes:
    """The frame with its note: as long as it was."""
    head = int.from_bytes(frame[:HEAD_BYTES], "big") & ~_LOW_BITS | _bits(note)
    return head.to_bytes(HEAD_BYTES, "big") + frame[HEAD_BYTES:]


def read(frame: bytes) -> Note | None:
    """The note of a whole frame; None where there is none."""
    low = int.from_bytes(frame[:HEAD_BYTES], "big") & _LOW_BITS
    if low >> 8 * _HEADER_BYTES != _HEADER_BITS:
        return None
    return _decoded(low & (1 << 8 * _HEADER_BYTES) - 1)


@lru_cache(maxsize=4_096)
def _decoded(low: int) -> Note | None:
    number = int((low | _ASCII).to_bytes(_NOTE_BITS, "big"), 2)
    holds = number >> 21
    if holds > max(Holds):
        return None
    return Note(Holds(holds), number >> 11 & MOST, number >> 1 & MOST, bool(number & 1))
