"""How long the stand-ins' vendors take: named delay profiles, drawn from a seeded generator.

Each stage is log-normal, given by the median and the 95th percentile that were measured or
published for the real vendor. `fixed:260,110,90` gives the same delay every time, for benchmarks
whose only question is what is ours. Refuses to know clocks: a delay is a number of seconds.
"""

from __future__ import annotations

import math
import random
from typing import Final

import attrs

_P95_SIGMAS: Final = 1.6448536269514722
"""Where the 95th percentile of a normal distribution lies."""


@attrs.frozen
class Delay:
    """A log-normal delay in milliseconds; equal figures make it constant."""

    median_ms: float
    p95_ms: float

    def draw(self, rng: random.Random) -> float:
        """One delay, in seconds."""
        if self.p95_ms <= self.median_ms or self.median_ms <= 0:
            return self.median_ms / 1000
        sigma = math.log(self.p95_ms / self.median_ms) / _P95_SIGMAS
        return rng.lognormvariate(math.log(self.median_ms), sigma) / 1000


@attrs.define
class Profile:
    """The delays of one set of vendors, and how often their requests fail."""

    name: str
    stt: Delay
    llm: Delay
    tts: Delay
    error_rate: float
    rng: random.Random = attrs.field(repr=False)

    @classmethod
    def named(cls, name: str, rng: random.Random) -> Profile:
        """`target`, `typical`, `bad` or `fixed:STT_MS,LLM_MS,TTS_MS`; `ValueError` otherwise."""
        if name.startswith("fixed:"):
            stt, llm, tts = (Delay(ms, ms) for ms in _milliseconds(name))
            return cls(name, stt, llm, tts, 0.0, rng)
        if name not in _NAMED:
            known = ", ".join(_NAMED)
            raise ValueError(f"no profile {name!r}: use {known} or fixed:STT_MS,LLM_MS,TTS_MS")
        stt, llm, tts, error_rate = _NAMED[name]
        return cls(name, stt, llm, tts, error_rate, rng)

    def end_of_turn(self) -> float:
        """From the last voiced frame to the end-of-turn message, in seconds."""
        return self.stt.draw(self.rng)

    def first_token(self) -> float:
        """From a request to the model's first content, in seconds."""
        return self.llm.draw(self.rng)

    def first_byte(self) -> float:
        """From the first text to the first byte of speech, in seconds."""
        return self.tts.draw(self.rng)

    def fails(self) -> bool:
        """Whether this request is one of those that fail."""
        return self.error_rate > 0 and self.rng.random() < self.error_rate


_NAMED: Final[dict[str, tuple[Delay, Delay, Delay, float]]] = {
    "target": (Delay(260, 600), Delay(110, 145), Delay(90, 180), 0.0),
    "typical": (Delay(260, 1500), Delay(225, 450), Delay(120, 280), 0.0),
    "bad": (Delay(400, 3000), Delay(600, 3000), Delay(300, 1500), 0.01),
}


def _milliseconds(name: str) -> tuple[float, float, float]:
    try:
        stt, llm, tts = (float(part) for part in name.removeprefix("fixed:").split(","))
    except ValueError as error:
        raise ValueError(f"profile {name!r}: write fixed:STT_MS,LLM_MS,TTS_MS") from error
    if not all(0 <= ms < math.inf for ms in (stt, llm, tts)):
        raise ValueError(f"profile {name!r}: delays are zero or more")
    return stt, llm, tts
