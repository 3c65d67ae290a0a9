"""`voxanne simulate`: whole calls in virtual time, each from a seed, held to the laws.

Exit code 0 when every law was kept, 1 when one was broken, 2 for wrong use. A failure is told with
the one command that does it again, exactly.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ..errors import ConfigurationError
from . import DONE, FELL_SHORT

if TYPE_CHECKING:
    from ..simulation.batch import Job
    from ..simulation.plan import Options
    from ..simulation.run import Outcome

CALLS: Final = 100
FAILURES_SHOWN: Final = 10

_NEEDED: Final = ("espeakng_loader", "h11", "numpy")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the options."""
    add = parser.add_argument
    add("--calls", type=int, default=CALLS, metavar="N", help="how many, from the seed on")
    add("--seed", type=int, default=0, metavar="S", help="the first call's seed")
    add("--faults", default="none", metavar="NAMES", help="all, none, or names with commas between")
    add("--profile", help="the vendors' delays, instead of the seed's choice")
    add("--stt", choices=("flux", "nova"), help="the recogniser, instead of the seed's choice")
    add("--seconds", type=float, metavar="S", help="callers are gone about so soon, all of them")
    add("--schedule", metavar="KIND", help="order, uniform or priority, instead of the seed's")
    add("--schedule-seed", type=int, metavar="S", help="the scheduler's seed, instead of its own")
    add(
        "--without-law",
        type=int,
        action="append",
        default=[],
        metavar="N",
        help="do not look at it",
    )
    add("--nightly", action="store_true", help="fail where a fault has not met a state it can meet")
    add("--processes", type=int, metavar="N", help="instead of one for each core")
    add("--trace", type=Path, metavar="FILE", help="write every event of one call")
    add("--sweep", choices=("barge-in", "hang-up", "tcp"), help="at every step of one call instead")
    add("--stride", type=int, default=1, metavar="N", help="of the sweep: every n-th step")
    add("--step", type=int, metavar="N", help="of the sweep: only this one")
    add("--replay", type=Path, metavar="FILE", help="a recorded tape instead of made-up calls")
    add("--json", action="store_true", help="print one object; progress to standard error")


def run(arguments: argparse.Namespace) -> int:
    """Simulate; 0 when every law was kept."""
    if missing := [name for name in _NEEDED if find_spec(name) is None]:
        raise ConfigurationError(
            f"voxanne simulate needs {', '.join(missing)}: pip install 'voxanne[sandbox]'"
        )
    if arguments.calls < 1 or arguments.stride < 1:
        raise ConfigurationError("--calls and --stride: at least 1")
    if arguments.replay is not None:
        return _replay(arguments)
    if arguments.sweep is not None:
        return _sweep(arguments)
    return _batch(arguments)


def _batch(arguments: argparse.Namespace) -> int:
    from ..simulation.batch import as_object, chased, outcomes, timed

    job = _job(arguments)
    seeds = range(arguments.seed, arguments.seed + arguments.calls)
    if arguments.trace is not None:
        found, seconds = timed(lambda: [_traced(job, arguments)])
    else:
        show = _progress(arguments.calls)
        found, seconds = timed(
            lambda: outcomes(job, seeds, processes=arguments.processes, show=show)
        )
    more: list[tuple[Job, Outcome]] = []
    if job.nightly:
        more, spent = timed(lambda: chased(job, found, seeds.stop, processes=arguments.processes))
        seconds += spent
    return _tell(arguments, as_object(job, arguments.seed, found, seconds, more), _summary)


def _job(arguments: argparse.Namespace) -> Job:
    from ..simulation.batch import Job

    return Job(
        options=_options(arguments),
        without_laws=frozenset(arguments.without_law),
        nightly=arguments.nightly,
    )


def _options(arguments: argparse.Namespace) -> Options:
    import random

    from ..sandbox.profiles import Profile
    from ..simulation.plan import Options
    from ..simulation.schedules import KINDS

    try:
        if arguments.profile is not None:
            Profile.named(arguments.profile, random.Random(0))  # noqa: S311 - only whether it is one
    except ValueError as error:
        raise ConfigurationError(str(error)) from error
    if arguments.schedule not in {None, *KINDS}:
        raise ConfigurationError(f"--schedule: use {', '.join(KINDS)}")
    return Options(
        faults=_faults(arguments.faults),
        profile=arguments.profile,
        stt=arguments.stt,
        schedule=arguments.schedule,
        schedule_seed=arguments.schedule_seed,
        seconds=arguments.seconds,
    )


def _faults(given: str) -> tuple[str, ...]:
    from ..simulation.faults import NAMES

    if given in {"all", "none"}:
        return NAMES if given == "all" else ()
    names = tuple(name.strip() for name in given.split(",") if name.strip())
    if unknown := [name for name in names if name not in NAMES]:
        known = ", ".join(NAMES)
        raise ConfigurationError(f"no fault {unknown[0]!r}: use all, none, or of {known}")
    return names


def _traced(job: Job, arguments: argparse.Namespace) -> Outcome:
    from ..simulation.run import run as simulate

    if arguments.calls != 1:
        raise ConfigurationError("--trace is for one call: add --calls 1")
    outcome = simulate(job.plan(arguments.seed), keep_trace=True)
    try:
        arguments.trace.write_text("\n".join(outcome.last_lines) + "\n", encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"--trace {arguments.trace}: {error.strerror}") from error
    return outcome


def _sweep(arguments: argparse.Namespace) -> int:
    from ..simulation.sweep import sweep

    whole = sweep(
        arguments.sweep,
        stride=arguments.stride,
        step=arguments.step,
        schedule=arguments.schedule or "order",
        seed=arguments.seed,
        processes=arguments.processes,
        show=_counting,
    )
    _end_progress()
    return _tell(arguments, whole, _sweep_summary)


def _replay(arguments: argparse.Namespace) -> int:
    from ..simulation.replay import BadTape, replay

    try:
        whole = replay(arguments.replay)
    except BadTape as error:
        raise ConfigurationError(f"--replay {arguments.replay}: {error}") from error
    except OSError as error:
        raise ConfigurationError(f"--replay {arguments.replay}: {error.strerror}") from error
    return _tell(arguments, whole, _replay_summary)


def _tell(
    arguments: argparse.Namespace,
    whole: dict[str, Any],
    summary: Callable[[dict[str, Any]], Sequence[str]],
) -> int:
    if arguments.json:
        print(json.dumps(whole, ensure_ascii=False))
    else:
        for line in summary(whole):
            print(line)
    return DONE if whole["ok"] else FELL_SHORT


def _progress(calls: int) -> Callable[[int, Outcome], None]:
    """A counter on a terminal, and each failure as it comes."""

    def show(done: int, outcome: Outcome) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{done}/{calls}")
            if done == calls:
                _end_progress()

    return show


def _counting(done: int, total: int) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{done}/{total}")


def _end_progress() -> None:
    if sys.stderr.isatty():
        sys.stderr.write("\n")


def _summary(whole: dict[str, Any]) -> list[str]:
    from ..simulation import coverage

    speed = whole["virtual_seconds"] / max(whole["real_seconds"], 1e-9)
    lines = [
        f"{whole['calls']} calls, {whole['turns']} turns: {whole['virtual_seconds']:,.0f} virtual"
        f" seconds in {whole['real_seconds']:.1f} s ({speed:.0f} x real time)",
        f"heard text within a word of the play-out in {whole['heard_within_a_word']} of"
        f" {whole['interruptions']} interruptions",
    ]
    if whole["faults"]:
        lines += coverage.table(whole["coverage"])
        if whole["chased"]:
            lines.append(f"{whole['chased']} of them for pairs that no other had met")
        lines.append(f"{len(whole['coverage_missing'])} pairs of a fault and a state not met")
        lines += ["", *coverage.table_of_rows(whole["coverage_rows"])]
        unmet = ", ".join(whole["coverage_rows_missing"]) or "none"
        lines.append(f"rows of the failure table that have not met a state: {unmet}")
        lines.append(f"a fault struck in {whole['struck']} of {whole['calls']} worlds")
    return [*lines, *_failure_lines(whole), f"trace {whole['trace_digest']}"]


def _failure_lines(whole: dict[str, Any]) -> list[str]:
    if whole["ok"]:
        return ["every law was kept"]
    lines = []
    for failure in whole["failures"][:FAILURES_SHOWN]:
        at = f" at {failure['at']:.3f} s" if "at" in failure else ""
        lines.append(f"✗ law {failure['law']}, seed {failure['seed']}{at}: {failure['detail']}")
        lines.append(f"    {failure['replay']}")
    if more := whole["violations"] - len(whole["failures"][:FAILURES_SHOWN]):
        lines.append(f"… and {more} more")
    by_law = ", ".join(f"law {law}: {n}" for law, n in whole["violations_by_law"].items())
    return [*lines, f"{whole['violations']} violations ({by_law})"]


def _sweep_summary(whole: dict[str, Any]) -> list[str]:
    return [
        f"{whole['action']} after {whole['points']} of {whole['steps']} scheduler steps"
        f" of a call, in {whole['real_seconds']:.1f} s",
        *_failure_lines(whole),
    ]


def _replay_summary(whole: dict[str, Any]) -> list[str]:
    lines = [f"{whole['events']} events told again, {whole['states']} states of the floor compared"]
    if whole["differences"]:
        lines += [f"✗ {difference}" for difference in whole["differences"][:FAILURES_SHOWN]]
    return [*lines, *_failure_lines(whole)] if whole["failures"] else lines
