"""What a caller's phone picks up beside the caller: the agent's echo, noise, a television.

A `Line` is a value, written in a scenario or drawn from a seed; a `Pickup` is that line on one
call. It adds to one frame after the other; noise and television are loops made beforehand, so that
a frame costs some array sums. A clean line has no pickup. Levels are dB under full scale.
Refuses to know who is right about what was said: that is the recogniser's.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import attrs
import numpy as np

from .mulaw import Samples, decode, encode
from .playout import RATE, SILENCE, PlayOut, voiced
from .sounds import EchoPath, pink, seeded, television

ECHO_DOWN_DB: Final = (15.0, 35.0)
ECHO_LATE_MS: Final = (40.0, 300.0)
NOISE_DB: Final = (-55.0, -34.0)
TELEVISION_DB: Final = (-50.0, -36.0)

_LOOP_SECONDS: Final = 16.0
_FRAME: Final = 160
_MOST_FRAMES: Final = 12
_COLOUR: Final = 8
"""Samples by which the loudspeaker's colour reaches ahead of the echo's delay, and some more."""


@attrs.frozen(kw_only=True)
class Line:
    """What one phone picks up; nothing of it is a clean line."""

    echo_down_db: float | None = None
    """How much weaker than it was played the agent comes back; None: no echo."""

    echo_late_ms: float = 120.0
    """From the phone's loudspeaker to the frame that carries it back."""

    echo_is_heard: bool = False
    """Whether the recogniser takes the echo for speech, as real ones do now and then."""

    noise_db: float | None = None
    television_db: float | None = None
    seed: int = 0

    @property
    def is_clean(self) -> bool:
        return self.echo_down_db is self.noise_db is self.television_db is None

    @classmethod
    def draw(cls, rng: random.Random) -> Line:
        """A line as callers have them: half of them are clean."""
        if rng.random() < 0.5:
            return CLEAN
        wanted = rng.choice(("echo", "noise", "television", "echo noise", "noise television"))
        return cls(
            echo_down_db=round(rng.uniform(*ECHO_DOWN_DB), 1) if "echo" in wanted else None,
            echo_late_ms=round(rng.uniform(*ECHO_LATE_MS)),
            noise_db=round(rng.uniform(*NOISE_DB), 1) if "noise" in wanted else None,
            television_db=round(rng.uniform(*TELEVISION_DB), 1) if "telev" in wanted else None,
            seed=rng.getrandbits(32),
        )

    @classmethod
    def from_json(cls, wanted: str | Mapping[str, Any]) -> Line:
        """A name of `LINES`, or fields. `ValueError` for what is no line."""
        if isinstance(wanted, str):
            if wanted not in LINES:
                raise ValueError(f"no line {wanted!r}: use {', '.join(LINES)}")
            return LINES[wanted]
        try:
            return cls(**wanted)
        except TypeError as error:
            raise ValueError(f"no line: {error}") from error


CLEAN: Final = Line()
LINES: Final[Mapping[str, Line]] = {
    "clean": CLEAN,
    "echo": Line(echo_down_db=22.0),
    "speakerphone": Line(echo_down_db=15.0, echo_late_ms=180.0, noise_db=-48.0),
    "heard_echo": Line(echo_down_db=15.0, echo_late_ms=220.0, echo_is_heard=True),
    "noise": Line(noise_db=-42.0),
    "car": Line(noise_db=-34.0),
    "television": Line(television_db=-38.0),
}
"""By the names that scenarios use."""


class Pickup:
    """A line on one call. Frames are asked for in order, each once it has been captured."""

    def __init__(self, line: Line, playout: PlayOut) -> None:
        self.line = line
        self._playout = playout
        self._loops = [_noise(line.seed, db) for db in _given(line.noise_db)]
        self._loops += [_television(line.seed, db) for db in _given(line.television_db)]
        self._offset = line.seed % len(self._loops[0]) if self._loops else 0
        self._echo = None
        if line.echo_down_db is not None:
            self._echo = _Echo(line.echo_down_db, line.echo_late_ms, playout)

    def frame(self, clean: bytes, position: int) -> tuple[bytes, bool]:
        """The frame at a sample with all that is picked up, and whether echo is heard as speech."""
        total = decode(clean).astype(np.int32)
        for loop in self._loops:
            start = (position + self._offset) % (len(loop) - _FRAME)
            total += loop[start : start + _FRAME]
        if self._echo is not None and (back := self._echo.frame(position)) is not None:
            total += back
        samples = np.clip(total, -32_768, 32_767).astype(np.int16)
        return encode(samples), self.line.echo_is_heard and self._echoes_speech(position)

    def _echoes_speech(self, position: int) -> bool:
        late = round(self.line.echo_late_ms / 1000 * RATE)
        return voiced(_played(self._playout, position - late, _FRAME))


class _Echo:
    """The echo of what is played, made some frames at a time: it is late, so they are known."""

    def __init__(self, down_db: float, late_ms: float, playout: PlayOut) -> None:
        late = round(late_ms / 1000 * RATE)
        self._block = max(1, min(_MOST_FRAMES, (late - _COLOUR) // _FRAME)) * _FRAME
        self._path = EchoPath(down_db, (late - self._block) * 1000 / RATE)
        self._playout = playout
        self._made = np.zeros(0, np.int16)
        self._begins = 0
        self._rests = self._path.length

    def frame(self, position: int) -> Samples | None:
        """What comes back in the frame at that sample; None when all is quiet."""
        start = position - self._begins
        if not 0 <= start <= len(self._made) - _FRAME:
            self._make(position)
            start = 0
        if self._rests > self._path.length + self._block:
            return None
        return self._made[start : start + _FRAME]

    def _make(self, position: int) -> None:
        far = _played(self._playout, position - self._block, self._block)
        self._begins = position
        self._rests = self._rests + self._block if far.count(SILENCE) == len(far) else 0
        if self._rests <= self._path.length + self._block:
            self._made = self._path.feed(decode(far))
        elif len(self._made) < self._block:
            self._made = np.zeros(self._block, np.int16)


def _played(playout: PlayOut, position: int, length: int) -> bytes:
    """What the phone played in that time: it is past, so no clear can change it any more."""
    before = SILENCE * min(length, max(0, -position))
    heard = bytes(playout.audio[max(0, position) : max(0, position + length)])
    return (before + heard).ljust(length, SILENCE)


def _given(level: float | None) -> list[float]:
    return [] if level is None else [level]


@lru_cache(maxsize=64)
def _noise(seed: int, db: float) -> Samples:
    return pink(_LOOP_SECONDS, seeded("noise", seed), db)


@lru_cache(maxsize=64)
def _television(seed: int, db: float) -> Samples:
    return television(_LOOP_SECONDS, seeded("television", seed), db)
