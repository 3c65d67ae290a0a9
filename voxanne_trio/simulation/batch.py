"""Many plans on all cores, and what became of them as a whole.

Processes are started before anything of Trio runs, each with a fresh interpreter; what they find is
put in the order of the seeds, so that digest and failures do not depend on how many there were.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from typing import Any, Final, TypeVar

import attrs

from . import trace
from .coverage import failure_rows, missing, missing_rows
from .determinism import Limits
from .laws import RUN, Violation
from .plan import Options, Plan
from .run import Outcome, run

WALL_SECONDS: Final = 300
"""Of real time for one plan: what stands still inside one step meets no other watchdog."""

ENOUGH: Final = 200
"""Interruptions from which on the share that was told to within a word means something."""

SHARE: Final = 0.95

CHASED_AT_ONCE: Final = 8
MOST_CHASED: Final = 120
"""Plans with one fault alone that are carried out for its cells that no other plan has met."""

COLLECT_EVERY: Final = 20
"""Plans between two collections of garbage; none is collected during one."""

Found = TypeVar("Found")
Show = Callable[[int, Outcome], None]


@attrs.frozen(kw_only=True)
class Job:
    """What every process is told: the options of all plans, and which laws are not looked at."""

    options: Options
    without_laws: frozenset[int] = frozenset()
    nightly: bool = False
    """Whether a cell of a fault and a state that nothing met is a failure."""

    def plan(self, seed: int) -> Plan:
        """The plan of a seed under this job."""
        return attrs.evolve(Plan.drawn(seed, self.options), without_laws=self.without_laws)

    def command(self, seed: int, calls: int = 1) -> str:
        """The one command that does it again."""
        without = "".join(f" --without-law {law}" for law in sorted(self.without_laws))
        return f"voxanne simulate --calls {calls} --seed {seed} {self.options.arguments()}{without}"


def outcomes(
    job: Job, seeds: Sequence[int], *, processes: int | None = None, show: Show | None = None
) -> list[Outcome]:
    """Carry out the plans of the seeds; `show` is told the number of those done and the last."""
    count = min(processes or os.cpu_count() or 1, len(seeds))
    found: dict[int, Outcome] = {}
    for outcome in _here(job, seeds) if count <= 1 else _spread(job, seeds, count):
        found[outcome.seed] = outcome
        if show is not None:
            show(len(found), outcome)
    return [found[seed] for seed in seeds]


def chased(
    job: Job, found: Sequence[Outcome], first: int, *, processes: int | None = None
) -> list[tuple[Job, Outcome]]:
    """More plans, from that seed on, for the cells that none of those found has met: with their
    fault alone, until all are met or there have been enough. Each with the job it belongs to."""
    more: list[tuple[Job, Outcome]] = []
    unmet = missing(_coverage(found), job.options.faults)
    for fault in dict.fromkeys(cell.rpartition(" x ")[0] for cell in unmet):
        wanted = {cell for cell in unmet if cell.rpartition(" x ")[0] == fault}
        narrow = attrs.evolve(job, options=attrs.evolve(job.options, faults=(fault,)))
        for seed in range(first, first + MOST_CHASED, CHASED_AT_ONCE):
            some = outcomes(narrow, range(seed, seed + CHASED_AT_ONCE), processes=processes)
            more += [(narrow, outcome) for outcome in some]
            wanted -= _coverage(some).keys()
            if not wanted:
                break
    return more


def _coverage(found: Iterable[Outcome]) -> Counter[str]:
    return sum((Counter(outcome.coverage) for outcome in found), Counter())


def _here(job: Job, seeds: Sequence[int]) -> Iterator[Outcome]:
    quiet = logging.root.manager.disable
    _settle()
    try:
        for seed in seeds:
            yield _one(job, seed)
    finally:
        logging.disable(quiet)
        gc.unfreeze()


def _spread(job: Job, seeds: Sequence[int], count: int) -> Iterator[Outcome]:
    context = get_context("spawn")
    pool = ProcessPoolExecutor(count, mp_context=context, initializer=start_process)
    try:
        waiting = [pool.submit(_one, job, seed) for seed in seeds]
        for done in as_completed(waiting):
            yield done.result()
    finally:
        pool.shutdown(cancel_futures=True)


def start_process() -> None:
    """Make a fresh process ready for plans."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the one who started us ends us
    _settle()


def _settle() -> None:
    """What stays for good need not be looked through by every collection."""
    logging.disable(logging.CRITICAL)  # faults are logged by the dozen, on purpose
    gc.collect()
    gc.freeze()


class _StandsStill(BaseException):
    """Raised by the alarm, through whatever is running."""


def _one(job: Job, seed: int) -> Outcome:
    if seed % COLLECT_EVERY == 0:
        gc.collect()
    return attrs.evolve(bounded(job.plan(seed)), last_lines=())


def bounded(plan: Plan, *, seconds: int = WALL_SECONDS, limits: Limits | None = None) -> Outcome:
    """Carry a plan out in so much real time at most. For the main thread."""
    before = signal.signal(signal.SIGALRM, _rung)
    signal.alarm(seconds)
    try:
        return run(plan, limits=limits)
    except BaseException as error:
        if not _is_alarm(error):
            raise
        return _stood_still(plan.seed, seconds)
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _rung(*_: object) -> None:
    raise _StandsStill


def _is_alarm(error: BaseException | None) -> bool:
    """Whether an error is the alarm, or has come of it."""
    while error is not None:
        if isinstance(error, _StandsStill):
            return True
        if isinstance(error, BaseExceptionGroup):
            return any(map(_is_alarm, error.exceptions))
        error = error.__cause__ or error.__context__
    return False


def _stood_still(seed: int, seconds: int) -> Outcome:
    violation = Violation(RUN, 0.0, f"stood still: not over after {seconds} real seconds")
    blank = Outcome(
        seed=seed, digest="", violations=(violation,), turns=0, interruptions=0, exact=0,
        coverage={}, calls=0, virtual_seconds=0.0, real_seconds=seconds,
    )  # fmt: skip
    return blank


def as_object(
    job: Job,
    seed: int,
    found: Sequence[Outcome],
    real_seconds: float,
    more: Sequence[tuple[Job, Outcome]] = (),
) -> dict[str, Any]:
    """What a batch is reported as, and what was chased after it: the command's JSON."""
    pairs = [*((job, outcome) for outcome in found), *more]
    failures = [failure for pair in pairs for failure in _failures(*pair)]
    interruptions = sum(outcome.interruptions for outcome in found)
    exact = sum(outcome.exact for outcome in found)
    if interruptions >= ENOUGH and exact < SHARE * interruptions:
        detail = f"heard text within a word in {exact} of {interruptions} interruptions"
        failures.append(_failure(4, seed, detail, job.command(seed, len(found))))
    found = [outcome for _, outcome in pairs]
    coverage = _coverage(found)
    unmet = missing(coverage, job.options.faults)
    rows = failure_rows(coverage) if job.options.faults else {}
    rows_unmet = missing_rows(rows, job.options.faults)
    virtual = sum(outcome.virtual_seconds for outcome in found)
    return {
        "ok": not failures and not (job.nightly and (unmet or rows_unmet)),
        "calls": len(found),
        "chased": len(more),
        "turns": sum(outcome.turns for outcome in found),
        "seed": seed,
        "violations": len(failures),
        "failures": failures,
        "trace_digest": trace.combined([outcome.digest for outcome in found]),
        "virtual_seconds": round(virtual, 3),
        "real_seconds": round(real_seconds, 3),
        "faults": list(job.options.faults),
        "callers": sum(outcome.calls for outcome in found),
        "interruptions": interruptions,
        "heard_within_a_word": exact,
        "violations_by_law": dict(sorted(Counter(str(f["law"]) for f in failures).items())),
        "struck": sum(outcome.struck > 0 for outcome in found),
        "coverage_rows": rows,
        "coverage_rows_missing": rows_unmet,
        "coverage": dict(sorted(coverage.items())),
        "coverage_missing": unmet,
    }


def _failures(job: Job, outcome: Outcome) -> Iterator[dict[str, Any]]:
    for violation in outcome.violations:
        yield _failure(violation.law, outcome.seed, violation.detail, job.command(outcome.seed)) | {
            "at": violation.at,
            "call": violation.call,
            "faults": list(violation.faults),
        }


def _failure(law: int, seed: int, detail: str, replay: str) -> dict[str, Any]:
    return {"law": law, "seed": seed, "detail": detail, "replay": replay}


def timed(work: Callable[[], Found]) -> tuple[Found, float]:
    """What the work gave, and how long it took in real seconds."""
    began = time.perf_counter()
    return work(), time.perf_counter() - began


__all__ = ["Job", "as_object", "chased", "outcomes", "timed"]
