"""Latencies of a call in figures: medians, 95th percentiles, and what they are held against."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Final

from ..settings import Settings
from .evidence import Turn

LATENCIES: Final = ("stt", "llm", "tts", "total", "gap")
JUDGED_AT_P95: Final = frozenset({"total"})
"""The others are judged at the median; `gap` has no budget."""

Figures = dict[str, int | None]


def budgets_ms() -> dict[str, int]:
    """The budgets that are the settings' defaults."""
    defaults = Settings()
    return {name: getattr(defaults, f"budget_{name}_ms") for name in LATENCIES[:-1]}


def medians_ms(turns: Sequence[Turn]) -> Figures:
    """The median of each latency; None where no turn has it."""
    return _each(turns, lambda values: round(median(values)))


def p95s_ms(turns: Sequence[Turn]) -> Figures:
    """The 95th percentile by nearest rank: of few turns it is the slowest."""
    return _each(turns, lambda values: sorted(values)[math.ceil(0.95 * len(values)) - 1])


def over_budget(turns: Sequence[Turn]) -> dict[str, bool]:
    """Which of the budgets these turns do not keep."""
    medians, p95s = medians_ms(turns), p95s_ms(turns)
    judged = {name: (p95s if name in JUDGED_AT_P95 else medians)[name] for name in LATENCIES[:-1]}
    return {name: (judged[name] or 0) > budget for name, budget in budgets_ms().items()}


def _each(turns: Sequence[Turn], figure: Callable[[list[int]], int]) -> Figures:
    found: Figures = {}
    for name in LATENCIES:
        latencies: list[Mapping[str, int | None]] = [turn.latency_ms for turn in turns]
        values = [value for each in latencies if (value := each.get(name)) is not None]
        found[name] = figure(values) if values else None
    return found
