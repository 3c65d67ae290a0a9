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
from .aims import Aim, aimed
from .faults import NAMES, OF_ONE_CALL
from .schedules import Schedule
from .scripts import Script, clinic_call

PROFILES: Final = ("target", "typical", "bad", "fixed:260,110,90")
RECOGNISERS: Final = ("flux", "nova")


@attrs.frozen(kw_only=True)
class Options:
    """What is not left to the seed. None: the seed decides."""

    faults: tuple[str, ...] = ()
    profile: str | None = None
    stt: str | None = None
    schedule: str | None = None
    schedule_seed: int | None = None
    seconds: float | None = None
    """About how long after they rang callers are gone, whatever they wanted to do."""

    def arguments(self) -> str:
        """The same on the command line."""
        named = "none" if not self.faults else ",".join(self.faults)
        parts = ["--faults", "all" if self.faults == NAMES else named]
        for name in ("profile", "stt", "schedule", "schedule_seed", "seconds"):
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
    strikes_in: tuple[str, ...] = ()
    """For each fault the state of the first call in which alone it strikes; empty: in any."""
    otherwise: Fault | None = None
    """What strikes when none of them has for `patience` seconds."""
    patience: float = 0.0
    replicas: int = 1
    """Of our server. The first answers; who is asked to stop hands its calls over to the other."""
    settings: Mapping[str, Any] = attrs.field(factory=dict)
    without_laws: frozenset[int] = frozenset()

    @classmethod
    def drawn(cls, seed: int, options: Options | None = None) -> Plan:
        """The plan of a seed."""
        options = options or Options()
        rng = random.Random(f"plan-{seed}")  # noqa: S311 - reproducible on purpose
        calls = _calls(rng)
        if options.seconds is not None:
            calls = tuple(_cut_short(call, options.seconds) for call in calls)
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
        aim = _aim(rng, seed, options.faults, calls)
        stops = any(fault.kind == "sigterm" for fault in aim.faults)
        replicas = rng.choice((1, 2)) if stops else 1
        return attrs.evolve(plan, replicas=replicas, **attrs.asdict(aim, recurse=False))


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


def _cut_short(call: CallPlan, seconds: float) -> CallPlan:
    """By half at most, and by more or less as its script is: nothing is drawn for it."""
    share = random.Random(repr(call)).uniform(0.5, 1.5)  # noqa: S311 - reproducible on purpose
    leaves = seconds * share
    if call.leaves_after is not None:
        leaves = min(leaves, call.leaves_after)
    return attrs.evolve(call, leaves_after=round(leaves, 3))


def _schedule(rng: random.Random, options: Options) -> Schedule:
    kind = rng.choice(("uniform", "priority"))
    changes, seed = rng.randrange(6), rng.getrandbits(32)
    if options.schedule_seed is not None:
        seed = options.schedule_seed
    return Schedule(options.schedule or kind, seed, changes)


def _aim(
    rng: random.Random, seed: int, allowed: tuple[str, ...], calls: tuple[CallPlan, ...]
) -> Aim:
    """Faults, where any are allowed; in a world of several calls such as can be told apart."""
    alone = len(calls) == 1
    if not alone:
        allowed = tuple(name for name in allowed if name in OF_ONE_CALL)
    if not allowed:
        return Aim()
    return aimed(rng, seed, allowed, by_state=alone, leaves_after=calls[0].leaves_after)
