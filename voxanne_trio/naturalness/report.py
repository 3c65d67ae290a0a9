"""What a run found, for a reader and for a program; and two runs compared. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from .exchange import Verdict
from .runner import Outcome, rate
from .validators import VALIDATORS

BAR: Final = 0.9
"""The share of checks that has to pass."""

_MARKS: Final = {True: "✓ PASS", False: "✗ FAIL", None: "– N/A "}  # noqa: RUF001 - a dash


def scenario_lines(outcome: Outcome, number: int, total: int) -> Iterator[str]:
    """One script, its talk and its checks."""
    scenario = outcome.scenario
    caller = f"Patient ({scenario.patient})" if scenario.patient else "Patient"
    yield f"Test {number}/{total}: {scenario.name}"
    for turn, reply in zip(scenario.turns, outcome.replies, strict=True):
        yield f"{caller}: {turn.shown}"
        yield f"Voxanne: {reply.spoken}"
    for name, verdict in outcome.verdicts.items():
        yield f"  {_MARKS[verdict.passed]} | {name}: {verdict.reason}"
    yield ""


def summary_lines(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """The checks counted, by kind and together."""
    passed, applied = _sum(outcomes)
    total = len(outcomes) * len(VALIDATORS)
    clean = sum(outcome.passed == outcome.applied for outcome in outcomes)
    yield f"Summary: {len(outcomes)} scenarios, {clean} without a fault"
    for name in VALIDATORS:
        verdicts = [outcome.verdicts[name] for outcome in outcomes]
        right, judged = _count(verdicts)
        share = f"{right / judged:4.0%}" if judged else " n/a"
        yield f"  {name:<20} {right:>3} of {judged:>3}  {share}"
    verdict = "PASS" if rate(outcomes) >= BAR else "FAIL"
    yield (
        f"{verdict}: {passed} of {applied} checks passed, {rate(outcomes):.1%} (the bar is"
        f" {BAR:.0%}); {total - applied} did not apply"
    )


def _count(verdicts: Sequence[Verdict]) -> tuple[int, int]:
    return (
        sum(verdict.passed is True for verdict in verdicts),
        sum(verdict.passed is not None for verdict in verdicts),
    )


def _sum(outcomes: Sequence[Outcome]) -> tuple[int, int]:
    return sum(o.passed for o in outcomes), sum(o.applied for o in outcomes)


def as_object(outcomes: Sequence[Outcome], *, humanizer: bool, model: str) -> dict[str, Any]:
    """The run as JSON; `passed` is null for a check that does not apply."""
    passed, applied = _sum(outcomes)
    return {
        "ok": rate(outcomes) >= BAR,
        "rate": round(rate(outcomes), 4),
        "passed": passed,
        "applied": applied,
        "bar": BAR,
        "humanizer": humanizer,
        "model": model,
        "scenarios": [_scenario(outcome) for outcome in outcomes],
    }


def _scenario(outcome: Outcome) -> dict[str, Any]:
    turns = [
        {"caller": turn.shown, "agent": reply.spoken, "written": reply.written}
        for turn, reply in zip(outcome.scenario.turns, outcome.replies, strict=True)
    ]
    return {
        "name": outcome.scenario.name,
        "patient": outcome.scenario.patient or None,
        "caller": "\n".join(turn["caller"] for turn in turns),
        "agent": "\n".join(turn["agent"] for turn in turns),
        "turns": turns,
        "validators": {
            name: {"passed": verdict.passed, "reason": verdict.reason}
            for name, verdict in outcome.verdicts.items()
        },
    }


# Two runs.


def compared(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """What has changed from one run's object to another's. Raises `ValueError` for no run's."""
    try:
        old, new = _checks(before), _checks(after)
        rates = float(before["rate"]), float(after["rate"])
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"not a saved run ({error!r})") from error
    shared = [check for check in new if check in old]
    return {
        "rate_before": rates[0],
        "rate_after": rates[1],
        "newly_failing": [c for c in shared if new[c] is False and old[c] is not False],
        "newly_passing": [c for c in shared if new[c] is not False and old[c] is False],
        "added": sorted({name for name, _ in new} - {name for name, _ in old}),
        "removed": sorted({name for name, _ in old} - {name for name, _ in new}),
    }


def _checks(run: Mapping[str, Any]) -> dict[tuple[str, str], bool | None]:
    return {
        (scenario["name"], name): found["passed"]
        for scenario in run["scenarios"]
        for name, found in scenario["validators"].items()
    }


def comparison_lines(changes: Mapping[str, Any]) -> Iterator[str]:
    """The same for a reader."""
    before, after = changes["rate_before"], changes["rate_after"]
    yield f"Compared: {before:.1%} before, {after:.1%} now"
    for mark, key in (("-", "newly_failing"), ("+", "newly_passing")):
        for scenario, check in changes[key]:
            yield f"  {mark} {scenario}: {check}"
    for mark, key in (("new script", "added"), ("script gone", "removed")):
        for scenario in changes[key]:
            yield f"  {mark}: {scenario}"
