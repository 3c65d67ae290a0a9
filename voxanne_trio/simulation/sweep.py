"""Something happens to a call after every single step of the scheduler, in one run for each step.

After a step the task has parked, so what is done there is delivered exactly there; counting the
steps of all tasks also meets those that were woken and have not run yet. The call is always the
same one, under one schedule: it greets, is interrupted, listens, thinks, speaks, and is hung up.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from multiprocessing import get_context
from os import cpu_count
from typing import Any, Final

import attrs
import trio

from ..events import Sensitive, SpeechStarted, TurnEnded, VoiceStarted, VoiceStopped, WordsHeard
from .batch import start_process
from .observed import Observation, Returned, Told
from .plan import CallPlan, Plan
from .run import Meddler, Simulation, run
from .schedules import Schedule
from .witness import Witness
from .world import PUBLIC, World

NEVER: Final = 1 << 60

WORDS: Final = Sensitive("Wait, stop, what are your hours?")
"""Said in the barge-in."""

SPOKEN_SECONDS: Final = 0.8
"""How long the words take; then their turn is over."""

CALL: Final = CallPlan(
    script=(
        {"interrupt": "How much does a BBL cost?", "after_ms": 300},
        {"stay_silent": 4.0},
        "hang_up",
    )
)


class Blow(Meddler):
    """Strikes after the n-th step of any task, counted while the product has the call."""

    def __init__(self, step: int, action: str) -> None:
        self.step = step
        self.steps = 0
        self.struck = False
        self._strike = ACTIONS[action]
        self._counting = False
        self._simulation: Simulation
        self._here: World

    def join(self, simulation: Simulation, here: World) -> None:
        self._simulation, self._here = simulation, here
        simulation.watching[0].also.append(self._see)

    def _see(self, observed: Observation) -> None:
        if isinstance(observed, Told):
            self._counting = True
        elif isinstance(observed, Returned):
            self._counting = False

    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        del task
        if not self._counting:
            return
        self.steps += 1
        if self.steps == self.step:
            self.struck = True
            try:
                self._strike(self._simulation, self._here)
            except Exception as error:  # noqa: BLE001 - Trio would only log it and drop the instrument
                self._simulation.fail(f"the blow failed: {error!r}")


def _barge_in(simulation: Simulation, here: World) -> None:
    """The caller speaks: our detector's and the recogniser's events, told at this moment."""
    witness = simulation.watching[0]
    now = trio.current_time()
    for event in (VoiceStarted(now), SpeechStarted(WORDS), WordsHeard(WORDS)):
        assert witness.call is not None
        witness.call.tell(event)
    here.nursery.start_soon(_end_turn, witness)


async def _end_turn(witness: Witness) -> None:
    await trio.sleep(SPOKEN_SECONDS)
    call, now = witness.call, trio.current_time()
    if call is not None and call.outcome is None:
        call.tell(VoiceStopped(now, SPOKEN_SECONDS * 1000))
        call.tell(TurnEnded(WORDS, now))


def _hang_up(simulation: Simulation, here: World) -> None:
    del here
    simulation.placed[0].call.hang_up()


def _cut_tcp(simulation: Simulation, here: World) -> None:
    """The connection of the caller's stream breaks, as a reset breaks it."""
    del simulation
    host = PUBLIC.rpartition("/")[2]
    for stream in here.network.streams:
        if stream.socket.remote[0] == host:
            stream.reset()


ACTIONS: Final[Mapping[str, Callable[[Simulation, World], None]]] = {
    "barge-in": _barge_in,
    "hang-up": _hang_up,
    "tcp": _cut_tcp,
}


@attrs.frozen(kw_only=True)
class Sweep:
    """What is done, and the call to which it is done."""

    action: str
    plan: Plan

    def strike(self, step: int) -> tuple[int, list[dict[str, Any]]]:
        """One run, and what it broke."""
        outcome = run(self.plan, meddler=Blow(step, self.action))
        return step, [
            {
                "law": violation.law,
                "seed": self.plan.seed,
                "detail": violation.detail,
                "at": violation.at,
                "step": step,
                "replay": self.command(step),
            }
            for violation in outcome.violations
        ]

    def command(self, step: int) -> str:
        """The one command that does it again."""
        schedule = self.plan.schedule
        return (
            f"voxanne simulate --sweep {self.action} --step {step}"
            f" --seed {self.plan.seed} --schedule {schedule.kind}"
        )

    def count(self) -> int:
        """How many steps there are in the call."""
        counting = Blow(NEVER, self.action)
        run(self.plan, meddler=counting)
        return counting.steps


def sweep(
    action: str,
    *,
    stride: int = 1,
    step: int | None = None,
    schedule: str = "order",
    seed: int = 0,
    processes: int | None = None,
    show: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Strike after every `stride`-th step of the call, or after one `step` alone."""
    began = time.perf_counter()
    plan = Plan(seed=seed, entropy=seed, schedule=Schedule(schedule, seed), calls=(CALL,))
    swept = Sweep(action=action, plan=plan)
    total = swept.count()
    steps = range(1, total + 1, stride) if step is None else range(step, step + 1)
    failures: list[dict[str, Any]] = []
    count = min(processes or cpu_count() or 1, len(steps))
    for done, (_, found) in enumerate(_each(swept, steps, count), 1):
        failures += found
        if show is not None:
            show(done, len(steps))
    failures.sort(key=lambda failure: failure["step"])
    laws = [str(failure["law"]) for failure in failures]
    return {
        "ok": not failures,
        "action": action,
        "steps": total,
        "points": len(steps),
        "stride": stride,
        "seed": seed,
        "violations": len(failures),
        "failures": failures,
        "violations_by_law": {law: laws.count(law) for law in sorted(set(laws))},
        "real_seconds": round(time.perf_counter() - began, 3),
    }


def _each(swept: Sweep, steps: range, count: int) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    if count <= 1:
        yield from map(swept.strike, steps)
        return
    pool = ProcessPoolExecutor(count, get_context("spawn"), initializer=start_process)
    try:
        for done in as_completed([pool.submit(partial(swept.strike, step)) for step in steps]):
            yield done.result()
    finally:
        pool.shutdown(cancel_futures=True)
