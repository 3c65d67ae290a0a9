"""G.711 mu-law and the telephone band, for the stand-ins alone.

Knows the code table of G.711, how to change a sampling rate, and what 8 kHz leaves of a voice.
Refuses to know streams or time. Written apart from the product's audio code on purpose: a mistake
in one of the two must not hide in the other.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

RATE: Final = 8_000
SILENCE: Final = b"\xff"

Samples = npt.NDArray[np.int16]
Floats = npt.NDArray[np.float32]

_BIAS: Final = 132
_CLIP: Final = 32_635
_TAPER_HZ: Final = (3_500.0, 3_950.0)
"""Where the telephone band fades out: nothing is left at the 4 kHz that would fold back."""


def _decode_table() -> Samples:
    code = ~np.arange(256) & 0xFF
    exponent, mantissa = (code >> 4) & 7, code & 15
    magnitude = (((mantissa << 3) + _BIAS) << exponent) - _BIAS
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)


def _encode_table() -> npt.NDArray[np.uint8]:
    sample = np.arange(-32_768, 32_768)
    magnitude = np.minimum(np.abs(sample), _CLIP) + _BIAS
    exponent = np.floor(np.log2(magnitude)).astype(int) - 7
    mantissa = (magnitude >> (exponent + 3)) & 15
    sign = np.where(sample < 0, 0x80, 0)
    code: npt.NDArray[np.uint8] = (~(sign | (exponent << 4) | mantissa) & 0xFF).astype(np.uint8)
    return code


_DECODED: Final = _decode_table()
_ENCODED: Final = _encode_table()


def decode(audio: bytes) -> Samples:
    """Linear 16-bit samples of mu-law bytes."""
    return _DECODED[np.frombuffer(audio, np.uint8)]


def encode(samples: npt.NDArray[np.int16]) -> bytes:
    """Mu-law bytes of linear 16-bit samples."""
    return _ENCODED[samples.astype(np.int32) + 32_768].tobytes()


def resampled(samples: Samples, rate: int, wanted: int) -> Floats:
    """A whole recording at a lower rate, without what the lower rate cannot hold.

    Done through its spectrum: exact for a recording that is all there, and fast.
    """
    step = math.gcd(rate, wanted)
    block = rate // step
    blocks = -(-len(samples) // block)
    blocks = next(n for n in range(blocks, 2 * blocks + 2) if _is_smooth(n))
    spectrum = np.fft.rfft(samples.astype(np.float32), blocks * block)
    length = blocks * (wanted // step)
    kept = spectrum[: length // 2 + 1]
    if wanted == RATE:
        hertz = np.arange(len(kept)) * (RATE / length)
        low, high = _TAPER_HZ
        kept = kept * (0.5 + 0.5 * np.cos(np.pi * np.clip((hertz - low) / (high - low), 0, 1)))
    audio = np.fft.irfft(kept, length) * (wanted / rate)
    return audio[: round(len(samples) * wanted / rate)].astype(np.float32)


def to_telephone(samples: Samples, rate: int) -> bytes:
    """A whole recording at any rate as mu-law at 8 kHz, limited to the telephone band."""
    if not len(samples):
        return b""
    audio = resampled(samples, rate, RATE)
    return encode(np.clip(np.rint(audio), -32_768, 32_767).astype(np.int16))


def _is_smooth(n: int) -> bool:
    """Whether a transform of so many blocks is fast."""
    if n == 0:
        return False
    for prime in (2, 3, 5):
        while n % prime == 0:
            n //= prime
    return n == 1


class Upsampler:
    """8 kHz to 16 kHz, chunk by chunk, without a seam between chunks (delay: 1 ms)."""

    _TAPS: Final = 33

    def __init__(self) -> None:
        at = np.arange(self._TAPS) - self._TAPS // 2
        kernel = np.sinc(at / 2) * np.hamming(self._TAPS)
        self._kernel: Floats = (2 * kernel / kernel.sum()).astype(np.float32)
        self._tail: Floats = np.zeros(self._TAPS - 1, np.float32)

    def push(self, samples: Samples) -> Samples:
        spread = np.zeros(2 * len(samples), np.float32)
        spread[::2] = samples
        line = np.concatenate((self._tail, spread))
        self._tail = line[len(line) - self._TAPS + 1 :]
        audio = np.convolve(line, self._kernel, "valid")
        return np.clip(np.rint(audio), -32_768, 32_767).astype(np.int16)
