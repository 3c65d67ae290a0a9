"""The table at the end: every turn's latencies, held against the budgets. Pure: values to lines."""

from __future__ import annotations

import random
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from ..sandbox.profiles import Delay, Profile
from .conducting import Performance
from .evidence import Turn
from .figures import (
    JUDGED_AT_P95,
    LATENCIES,
    Figures,
    budgets_ms,
    medians_ms,
    over_budget,
    p95s_ms,
)
from .judging import gave_way_ms
from .terminal import Terminal

_COLUMN: Final = 8
_LABEL: Final = 46


def table(turns: Sequence[Turn], terminal: Terminal) -> list[str]:
    """The turns, their medians and P95, the budgets, and where those are exceeded."""
    paint = terminal.paint
    medians, over = medians_ms(turns), over_budget(turns)
    budgets: Figures = {**budgets_ms(), "gap": None}
    lines = [paint(_row("latencies in ms", {name: name for name in LATENCIES}), "bold")]
    for number, turn in enumerate(turns):
        label = "greeting" if turn.caller is None and not number else turn.caller or "(ours)"
        cut = " (cut off)" if turn.interrupted else ""
        lines.append(_row(_short(label, _LABEL - len(cut) - 3) + cut, _texts(turn.latency_ms)))
    lines.append(paint("  " + "-" * (_LABEL - 2 + _COLUMN * len(LATENCIES)), "faint"))
    lines.append(_row("median", _texts(medians)))
    lines.append(_row("P95", _texts(p95s_ms(turns))))
    judged = ", ".join(name for name in LATENCIES if name in JUDGED_AT_P95)
    lines.append(_row(f"budget (median; {judged}: P95)", _texts(budgets)))
    known = {name: late for name, late in over.items() if medians[name] is not None}
    verdict = {name: "OVER" if late else "ok" for name, late in known.items()}
    row = _row("", verdict)
    lines.append(paint(row, "yellow") if any(over.values()) else paint(row, "green"))
    return lines


def _row(label: str, cells: dict[str, str]) -> str:
    columns = "".join(f"{cells.get(name, ''):>{_COLUMN}}" for name in LATENCIES)
    return f"  {label:<{_LABEL - 2}}{columns}".rstrip()


def _texts(figures: Mapping[str, int | None]) -> dict[str, str]:
    return {name: "-" if figures.get(name) is None else str(figures[name]) for name in LATENCIES}


def _short(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 3].rstrip() + "..."


def ending(
    terminal: Terminal,
    performance: Performance,
    profile: str,
    stt: str,
    whole: Mapping[str, Any],
    out: Path,
) -> list[str]:
    """The last page: table, what was in it, files (as paths below `out`), verdict."""
    paint, evidence = terminal.paint, performance.evidence
    barge_ins = [
        f"  barge-in: the agent was silent {took} ms after the caller began to speak"
        for said in evidence.said
        if said.interrupting and (took := gave_way_ms(said)) is not None
    ]
    lines = [*table(evidence.turns, terminal), "", *barge_ins]
    for about in _about(performance, profile, stt, whole):
        lines += textwrap.wrap(about, terminal.width, initial_indent="  ", subsequent_indent="    ")
    lines += ["", f"  recording   {out / 'call.wav'}  (caller left, agent right)"]
    lines += [f"  timeline    {out / 'timeline.svg'}", f"  transcript  {out / 'transcript.json'}"]
    lines += [f"  logs        {out / 'server.log'}, {out / 'sandbox.log'}", ""]
    if whole["ok"]:
        answered = sum(said.was_answered for said in evidence.said)
        verdict = f"The conversation happened: {answered} turns answered, the agent hung up."
        return [*lines, paint(f"  {verdict}", "bold", "green")]
    lines.append(paint("  This was no whole conversation:", "bold", "red"))
    return [*lines, *(paint(f"  - {reason}", "red") for reason in whole["reasons"])]


def _about(performance: Performance, profile: str, stt: str, whole: Mapping[str, Any]) -> list[str]:
    delays = Profile.named(profile, random.Random(0))  # noqa: S311 - only its figures are read
    stages = (("end of turn", delays.stt), ("first token", delays.llm), ("first byte", delays.tts))
    figures = ", ".join(f"{name} {_delay(delay)}" for name, delay in stages)
    late = whole["late_ms"]
    return [
        f"in these figures are the stand-ins' delays, profile {profile}: {figures} ms"
        + ("" if profile.startswith("fixed") else " (median/P95)"),
        f"the stand-ins themselves were late by {late:g} ms in all ({whole['late']} times): "
        "that is theirs, not the product's"
        if late
        else "the stand-ins were on time",
        f"recogniser: {whole['recogniser']}, heard through {stt}; "
        f"call of {performance.evidence.seconds:.1f} s",
    ]


def _delay(delay: Delay) -> str:
    return (
        f"{delay.median_ms:g}"
        if delay.p95_ms <= delay.median_ms
        else (f"{delay.median_ms:g}/{delay.p95_ms:g}")
    )
