"""Faults by chance and by name, for simulations: what, where and when from one seeded generator."""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from typing import Final

from .kinds import KINDS, OPENING, PLACES, Act, Kind
from .value import Fault

WIRES: Final = tuple(place for place in PLACES if place != "process")
"""All places but the process, which belongs to whoever runs it."""

HOW_MANY: Final = (1, 1, 1, 2, 2, 3)
"""As often as faults come alone or together."""

_UNITS: Final = (0, 0, 1, 2, 5, 12)
_BYTES: Final = (0, 400, 2_000, 8_000, 16_000)
_LASTS: Final = (1.0, 3.0, 8.0)
_OPENING_SHARE: Final = 0.6
"""Of a call's time: later than that few connections are opened that could be struck."""


def named(names: str) -> tuple[Fault, ...]:
    """Faults from `--faults`: kinds separated by commas, each once, at its first chance.

    `all` is every kind but the process's, `none` is none. `ValueError` for an unknown name.
    """
    if names == "none":
        return ()
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    if names == "all":
        wanted = [name for name, kind in KINDS.items() if kind.place != "process"]
    if unknown := [name for name in wanted if name not in KINDS]:
        raise ValueError(f"no fault {unknown[0]!r}: use all, none or {', '.join(KINDS)}")
    return tuple(Fault(kind=name) for name in wanted)


def draw(
    rng: random.Random,
    *,
    seconds: float = 15.0,
    places: Collection[str] = WIRES,
    kinds: Collection[str] | None = None,
    count: int | None = None,
) -> tuple[Fault, ...]:
    """Some faults of a call of so many seconds; places are equally likely, then their kinds.

    `kinds` narrows the choice to these names. Without a count one to three.
    """
    by_place = {place: _names(place, kinds) for place in PLACES if place in places}
    open_places = [place for place, names in by_place.items() if names]
    if not open_places:
        return ()
    wanted = rng.choice(HOW_MANY) if count is None else count
    return tuple(_one(rng, by_place[rng.choice(open_places)], seconds) for _ in range(wanted))


def _names(place: str, kinds: Collection[str] | None) -> Sequence[str]:
    return [
        name
        for name, kind in KINDS.items()
        if kind.place == place and (kinds is None or name in kinds)
    ]


def _one(rng: random.Random, names: Sequence[str], seconds: float) -> Fault:
    name = rng.choice(names)
    kind = KINDS[name]
    latest = seconds * (_OPENING_SHARE if kind.act in OPENING else 1.0)
    at = round(rng.uniform(0, latest), 2) if rng.random() < 0.5 else None
    lasts = rng.choice(_LASTS) if rng.random() < 0.3 else None
    times = None if lasts is not None else rng.choice((1, 1, 1, 2, 3))
    return Fault(
        kind=name,
        times=times,
        nth=rng.choice((1, 1, 1, 1, 1, 2)),
        after=_after(rng, kind),
        at=at,
        lasts=lasts,
        seconds=round(kind.seconds * rng.choice((0.5, 1, 1, 2)), 3),
    )


def _after(rng: random.Random, kind: Kind) -> int:
    """How much goes well first, where the kind counts anything."""
    if kind.act is Act.OWN:
        return rng.choice(_BYTES if kind.place in {"speak", "speak_http"} else _UNITS)
    if kind.of:
        return rng.choice((0, 0, 0, 1))
    return 0 if kind.act in OPENING else rng.choice(_UNITS)
