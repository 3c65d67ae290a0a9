"""The one audio format of a call: G.711 mu-law, 8 kHz, mono, from end to end.

Knows sizes, silence and loudness. Refuses to know where audio comes from or goes to. Nothing here
decodes to linear samples: the bits of mu-law below the sign are already a logarithmic magnitude,
so loudness is a table look-up at C speed.
"""

from typing import Final

RATE: Final = 8_000
BYTES_PER_MS: Final = RATE // 1_000
FRAME_MS: Final = 20
FRAME_BYTES: Final = FRAME_MS * BYTES_PER_MS
SILENCE: Final = b"\xff"
"""Mu-law zero. The byte 0x00 is full-scale negative: never pad with it."""

_MAGNITUDE: Final = bytes((~byte) & 0x7F for byte in range(256))
"""Mu-law byte to logarithmic magnitude, 0 (silent) to 127 (full scale); 16 steps are 6 dB."""

_VOICED_MEAN: Final = 22
"""Mean magnitude of a frame that carries voice: about 40 dB under full scale."""


def duration_ms(audio: bytes | bytearray | memoryview) -> float:
    """How long mu-law audio plays, in milliseconds."""
    return len(audio) / BYTES_PER_MS


def silence(milliseconds: float) -> bytes:
    """Mu-law silence of that length, in whole samples."""
    return SILENCE * round(milliseconds * BYTES_PER_MS)


def padded(audio: bytes) -> bytes:
    """The audio, filled up with silence to a whole number of frames."""
    return audio + SILENCE * (-len(audio) % FRAME_BYTES)


def loudness(frame: bytes) -> float:
    """Mean logarithmic magnitude of a stretch of audio, 0 to 127; 0 for nothing."""
    return sum(frame.translate(_MAGNITUDE)) / len(frame) if frame else 0.0


def samples_below(magnitude: int) -> bytes:
    """Every sample, each once, whose logarithmic magnitude is smaller than that."""
    return bytes(sample for sample, found in enumerate(_MAGNITUDE) if found < magnitude)


def is_voiced(frame: bytes) -> bool:
    """Whether a frame of clean synthesised speech carries voice rather than a pause."""
    return loudness(frame) >= _VOICED_MEAN
