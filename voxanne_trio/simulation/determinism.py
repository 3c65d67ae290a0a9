"""A run that is the same in every process: one place sets what chance and the machine would.

`deterministic` pins the scheduler's order, the system's entropy (WebSocket masks and keys, UUIDs),
the global random generator, groq's idea of its platform, httpcore's clock, and the garbage
collector, and refuses threads, whose real time would let a virtual clock run away. It restores all
of it. `virtual_run` adds the virtual clock and two watchdogs: a deadline, without which a deadlock
would have nothing to jump to, and a budget of scheduler steps, since a livelock at one virtual
moment meets no deadline. What the product takes from outside (ids, jitter, wall clock) is given to
it by the world. Knows private parts of Trio and httpcore, which are pinned by their versions.
"""

from __future__ import annotations

import gc
import os
import random
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace
from typing import Any, Final, TypeVar
from unittest.mock import patch

import attrs
import groq._base_client as groq_base
import httpcore._async.http11 as http11
import trio
import trio._core._run as trio_run
import trio._threads as trio_threads
from trio.testing import MockClock

from .schedules import Schedule

T = TypeVar("T")

STEPS: Final = 3_000_000
"""Scheduler steps of a run; a virtual minute of one call takes about 40,000."""

SECONDS: Final = 7_200.0
"""Virtual seconds of a run; the longest call lasts half an hour."""


class Stuck(Exception):
    """A run that does not come to its end: `how` is `deadlock` or `livelock`."""

    def __init__(self, how: str, detail: str) -> None:
        super().__init__(f"{how}: {detail}")
        self.how = how


@attrs.frozen
class Limits:
    """The watchdogs of a run."""

    steps: int = STEPS
    seconds: float = SECONDS


@attrs.define(eq=False)
class Steps(trio.abc.Instrument):
    """Counts the steps of all tasks, and ends a run that takes too many of them."""

    budget: int
    steps: int = 0
    root: trio.CancelScope = attrs.field(factory=trio.CancelScope)
    spent_in: str = ""

    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        self.steps += 1
        if self.steps == self.budget:
            self.spent_in = task.name
            self.root.cancel()


@contextmanager
def deterministic(schedule: Schedule, entropy: int) -> Iterator[None]:
    """Within the body nothing is left to chance or to the machine; after it all is as before."""
    system = random.Random(f"entropy-{entropy}")  # noqa: S311 - reproducible on purpose
    state = random.getstate()
    collecting = gc.isenabled()
    with ExitStack() as pinned:
        for where, name, value in (
            (trio_run, "_ALLOW_DETERMINISTIC_SCHEDULING", True),
            (trio_run, "_r", schedule.chooser()),
            (trio_threads, "start_thread_soon", _no_thread),
            (os, "urandom", system.randbytes),  # UUIDs, WebSocket keys and masks
            (random, "_urandom", system.randbytes),  # SystemRandom, and so `secrets`
            (groq_base, "get_platform", lambda: "Linux"),
            (http11, "time", SimpleNamespace(monotonic=trio.current_time)),
        ):
            pinned.enter_context(patch.object(where, name, value))
        random.seed(f"global-{entropy}")
        gc.disable()  # finalizers of generators would run at moments of its choosing
        try:
            yield
        finally:
            random.setstate(state)
            if collecting:
                gc.enable()


def _no_thread(*_: object, **__: object) -> None:
    raise RuntimeError("a thread was started on virtual time")


def virtual_run(
    body: Callable[[], Awaitable[T]],
    *,
    schedule: Schedule | None = None,
    entropy: int = 0,
    limits: Limits | None = None,
    instruments: Sequence[trio.abc.Instrument] = (),
) -> T:
    """Run the body to its end on a virtual clock that jumps. Raises `Stuck`."""
    limits = limits or Limits()
    steps = Steps(limits.steps)
    with deterministic(schedule or Schedule("order"), entropy):
        return trio.run(
            _bounded,
            body,
            steps,
            limits.seconds,
            clock=MockClock(autojump_threshold=0),
            instruments=[steps, *instruments],
        )


async def _bounded(body: Callable[[], Awaitable[T]], steps: Steps, seconds: float) -> T:
    result: Any = None
    done = False
    with steps.root, trio.move_on_after(seconds):
        result = await body()
        done = True
    if steps.spent_in:
        raise Stuck("livelock", f"{steps.budget} steps, the last of {steps.spent_in}")
    if not done:
        raise Stuck("deadlock", f"not over after {seconds:g} virtual seconds")
    ended: T = result
    return ended
