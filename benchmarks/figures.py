"""From what was seen to figures, a table and a verdict: pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from .load import Seen

TARGET_CALLS: Final = 50
OVERHEAD_MS: Final = 15.0
CPU_SECONDS: Final = 0.7
CALL_MB: Final = 1.0
_LOAD_CPU: Final = 0.9
_LOAD_LAG_MS: Final = 5.0
_WAITED: Final = 0.05
"""Of the time ready to run but without a core: more, and others have used the server's core."""


def figures(seen: Seen) -> dict[str, Any]:
    """One run as numbers: milliseconds, seconds and megabytes."""
    turns = seen.turns
    minutes = seen.call_minutes or float("nan")
    return {
        "server": seen.load.server,
        "calls": seen.load.calls,
        "turns": len(turns),
        "turns_lost": seen.lost,
        "overhead_ms": percentiles([t.overhead for t in turns if t.overhead is not None]),
        "parts_ms": {
            name: percentiles([t.parts[name] for t in turns if name in t.parts])
            for name in (turns[0].parts if turns else ())
        },
        "own_ms": percentiles(seen.own_ms),
        "hearing_ms": percentiles([t.hearing for t in turns if t.hearing is not None]),
        "response_ms": percentiles([t.response for t in turns if t.response is not None]),
        "cpu_s_per_call_minute": round(seen.server_cpu / minutes, 3),
        "server_core": round(seen.server_cpu / seen.wall, 3) if seen.wall else None,
        "server_waited": round(seen.server_waited / seen.wall, 3) if seen.wall else None,
        "mb_per_call": round((seen.most_mb - seen.idle_mb) / seen.load.calls, 2),
        "idle_mb": round(seen.idle_mb, 1),
        "lag_ms": percentiles(seen.lag_ms, most=True),
        "underruns": seen.server_gaps,
        "phone_gaps": len(seen.phone_gaps_ms),
        "violations": seen.problems,
        "disturbed": bool(seen.wall and seen.server_waited / seen.wall > _WAITED),
        "load_core": round(seen.load_cpu / seen.wall, 3) if seen.wall else None,
        "load_lag_ms": percentiles(seen.load_lag_ms, most=True),
    }


def percentiles(values: Sequence[float], *, most: bool = False) -> dict[str, float]:
    """P50, P95 and P99 by nearest rank; nothing for nothing."""
    ordered = sorted(values)
    if not ordered:
        return {}
    found = {
        f"p{share}": round(ordered[min(len(ordered) - 1, len(ordered) * share // 100)], 1)
        for share in (50, 95, 99)
    }
    return {**found, "max": round(ordered[-1], 1)} if most else found


def load_was_late(run: Mapping[str, Any]) -> bool:
    """Whether the load itself was too slow for the figures to be the server's."""
    lag = run["load_lag_ms"].get("p95", 0.0)
    return bool((run["load_core"] or 0.0) > _LOAD_CPU or lag > _LOAD_LAG_MS)


def was_disturbed(run: Mapping[str, Any]) -> bool:
    """Whether the server had to wait for its core: latencies and underruns are then not its own,
    and its CPU is less than it would be, since what has piled up is read at once."""
    return bool(run["disturbed"])


def short_of(run: Mapping[str, Any]) -> list[str]:
    """What a run of the product missed."""
    if run["server"] != "product":
        return []
    calls, short = run["calls"], []
    if run["turns_lost"] or not run["turns"]:
        short.append(f"{calls} calls: {run['turns_lost']} turns lost")
    if run["underruns"] or run["phone_gaps"]:
        short.append(f"{calls} calls: {run['underruns']}, {run['phone_gaps']} underruns")
    if run["violations"]:
        short.append(f"{calls} calls: {run['violations'][0]}")
    if run["overhead_ms"].get("p95", 0.0) >= OVERHEAD_MS:
        short.append(f"{calls} calls: overhead P95 {run['overhead_ms']['p95']} ms")
    if run["cpu_s_per_call_minute"] >= CPU_SECONDS and calls >= TARGET_CALLS:
        short.append(f"{calls} calls: {run['cpu_s_per_call_minute']} CPU s a call-minute")
    if run["mb_per_call"] >= CALL_MB and calls >= TARGET_CALLS:
        short.append(f"{calls} calls: {run['mb_per_call']} MB a call")
    return short


_COLUMNS: Final = (
    "server", "calls", "turns", "lost", "overhead P50/95/99", "hearing P50", "response P50",
    "CPU s/call-min", "core", "waited", "MB/call", "lag P50/95/99/max", "underruns",
    "load core", "load lag P95/99",
)  # fmt: skip


def table(runs: Sequence[Mapping[str, Any]]) -> str:
    """The runs, a line each; milliseconds unless the head says otherwise."""
    return columns([_COLUMNS, *(_row(run) for run in runs)])


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Rows of text in columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    )


def _row(run: Mapping[str, Any]) -> tuple[str, ...]:
    load_lag = run["load_lag_ms"]
    return (
        run["server"],
        str(run["calls"]),
        str(run["turns"]),
        str(run["turns_lost"]),
        _slashed(run["overhead_ms"]),
        _figure(run["hearing_ms"], "p50"),
        _figure(run["response_ms"], "p50"),
        f"{run['cpu_s_per_call_minute']:.3f}",
        f"{run['server_core']:.0%}",
        f"{run['server_waited']:.0%}",
        f"{run['mb_per_call']:.2f}",
        _slashed(run["lag_ms"]),
        f"{run['underruns']}+{run['phone_gaps']}",
        f"{run['load_core']:.0%}{'!' if load_was_late(run) else ''}",
        f"{_figure(load_lag, 'p95')}/{_figure(load_lag, 'p99')}",
    )


def _slashed(found: Mapping[str, float]) -> str:
    return "/".join(f"{value:g}" for value in found.values()) or "-"


def _figure(found: Mapping[str, float], name: str) -> str:
    return f"{found[name]:g}" if name in found else "-"


def judged(runs: Sequence[Mapping[str, Any]], short: Sequence[str]) -> str:
    """Ratios to the relay, then the targets and whether they hold."""
    lines = []
    for run in runs:
        same = [r for r in runs if r["calls"] == run["calls"] and r["server"] == "relay"]
        if run["server"] == "product" and same:
            ratio = run["cpu_s_per_call_minute"] / same[0]["cpu_s_per_call_minute"]
            lines.append(f"{run['calls']} calls: {ratio:.2f} times the relay's CPU")
        if load_was_late(run):
            lines.append(f"{run['calls']} calls ({run['server']}): the load was the bottleneck")
        if was_disturbed(run):
            share = f"{run['server_waited']:.0%} of the time"
            lines.append(f"{run['calls']} calls ({run['server']}): others had its core {share}")
    lines.append(
        f"targets: overhead P95 < {OVERHEAD_MS:g} ms; at {TARGET_CALLS} calls"
        f" < {CPU_SECONDS:g} CPU s a call-minute and < {CALL_MB:g} MB a call;"
        " nothing lost, no underrun"
    )
    return "\n".join([*lines, *(f"MISSED {reason}" for reason in short or ())] or ["all hold"])


def leak_table(seen: Seen, grown: Sequence[str]) -> str:
    """What was held after each round."""
    names = tuple(seen.holds[0])
    rows = [("after", *names)]
    for number, held in enumerate(seen.holds, 1):
        cells = (f"{held[name]:g}" for name in names)
        rows.append((f"{number * seen.load.calls} calls", *cells))
    verdict = f"GROWN: {', '.join(grown)}" if grown else "nothing has grown"
    return "\n".join([columns(rows), verdict])
