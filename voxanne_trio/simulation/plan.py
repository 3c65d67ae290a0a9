"""Everything about one simulated world, drawn purely from one integer and a few options.

The same seed and options give the same plan in any process and version of Python that draws alike;
a plan of one's own can be written by hand, or made by Hypothesis. Refuses to know how it is run.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any, Final

import attrs

from ..sandbox.faults import Fault
from ..sandbox.line import CLEAN, Line
from .faults import NAMES, OF_ONE_CALL, STATES, drawn
from .schedules import Schedule
from .scripts import Script, clinic_call

PROFILES: Final = ("target", "typical", "bad", "fixed:260,110,90")
RECOGNISERS: Final = ("flux", "nova")

_FAULTY: Final = 0.75
"""Share of plans that have a fault, where faults are allowed."""


@attrs.frozen(kw_only=True)
class Options:
    """What is not left to the seed. None: the seed decides."""

    faults: tuple[str, ...] = ()
    profile: str | None = None
    stt: str | None = None
    schedule: str | None = None
    schedule_seed: int | None = None

    def arguments(self) -> str:
        """The same on the command line."""
        named = "none" if not self.faults else ",".join(self.faults)
        parts = ["--faults", "all" if self.faults == NAMES else named]
        for name in ("profile", "stt", "schedule", "schedule_seed"):
            if (value := getattr(self, name)) is not None:
                parts += [f"--{name.replace('_', '-')}", str(value)]
        return " ".join(parts)


@attrs.frozen(kw_only=True)
class CallPlan:
    """One caller: when they ring, what they do, what their phone picks up,
    and when they are gone whatever they do."""

    script: Script
    line: Line = CLEAN
    rings_at: float = 0.0
    leaves_after: float | None = None


@attrs.frozen(kw_only=True)
class Plan:
    """One simulated world. `entropy` seeds all that is drawn in it, `schedule` orders its tasks."""

    seed: int = 0
    entropy: int = 0
    schedule: Schedule = attrs.field(factory=Schedule)
    calls: tuple[CallPlan, ...]
    profile: str = "fixed:260,110,90"
    stt: str = "flux"
    delay_ms: float = 20.0
    jitter_ms: float = 4.0
    faults: tuple[Fault, ...] = ()
    strikes_from: str = "idle"
    """The state of the first call from which on faults can strike."""
    settings: Mapping[str, Any] = attrs.field(factory=dict)
    without_laws: frozenset[int] = frozenset()

    @classmethod
    def drawn(cls, seed: int, options: Options | None = None) -> Plan:
        """The plan of a seed."""
        options = options or Options()
        rng = random.Random(f"plan-{seed}")  # noqa: S311 - reproducible on purpose
        calls = _calls(rng)
        plan = cls(
            seed=seed,
            entropy=rng.getrandbits(32),
            schedule=_schedule(rng, options),
            calls=calls,
            profile=options.profile or rng.choice(PROFILES),
            stt=options.stt or rng.choice(("flux", "flux", "nova")),
            delay_ms=round(rng.uniform(20, 150), 1),
            jitter_ms=round(rng.uniform(0, 50), 1),
        )
        # Drawn last: with other faults allowed, all else stays as it is.
        state, faults = _faults(rng, options.faults, len(calls))
        return attrs.evolve(plan, faults=faults, strikes_from=state)


def _calls(rng: random.Random) -> tuple[CallPlan, ...]:
    count = rng.choices((1, 2, 3), (8, 1, 1))[0]
    return tuple(
        CallPlan(
            script=clinic_call(rng),
            line=Line.draw(rng),
            rings_at=round(rng.uniform(0, 3), 3) if number else 0.0,
            leaves_after=round(rng.uniform(0.1, 40), 3) if rng.random() < 0.3 else None,
        )
        for number in range(count)
    )


def _schedule(rng: random.Random, options: Options) -> Schedule:
    kind = rng.choice(("uniform", "priority"))
    changes, seed = rng.randrange(6), rng.getrandbits(32)
    if options.schedule_seed is not None:
        seed = options.schedule_seed
    return Schedule(options.schedule or kind, seed, changes)


def _faults(
    rng: random.Random, allowed: tuple[str, ...], calls: int
) -> tuple[str, tuple[Fault, ...]]:
    """None, one, or a few; in a world of several calls of such kinds as can be told apart."""
    if calls > 1:
        allowed = tuple(name for name in allowed if name in OF_ONE_CALL)
    if not allowed or rng.random() >= _FAULTY:
        return "idle", ()
    # Streams are told apart by their numbers, and numbered once the schedule is armed.
    return drawn(rng, allowed, STATES if calls == 1 else STATES[:1])
