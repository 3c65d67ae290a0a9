"""The call as a recording: stereo PCM as a telephone network keeps it, and how loud it is when."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np

from ..sandbox.mulaw import RATE, decode


def write_wav(path: Path, caller: bytes, agent: bytes) -> None:
    """Two channels of mu-law as 8 kHz 16-bit stereo: the caller left, the agent right."""
    left, right = decode(caller), decode(agent)
    frames = np.zeros((max(len(left), len(right)), 2), np.int16)
    frames[: len(left), 0] = left
    frames[: len(right), 1] = right
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(frames.astype("<i2").tobytes())


def loudness(audio: bytes, step: float) -> list[float]:
    """How loud a channel is in each `step` seconds, from 0 to 1, as an eye expects it."""
    size = max(1, round(step * RATE))
    samples = decode(audio).astype(np.float64)
    blocks = samples[: len(samples) // size * size].reshape(-1, size)
    level = np.sqrt((blocks**2).mean(axis=1)) / 9_000
    return [float(value) for value in np.clip(level, 0, 1) ** 0.6]
