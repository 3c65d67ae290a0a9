"""Act after the n-th step of any task: the finest way to sweep the moments of a cancellation.

`after_task_step` runs when a task has parked, so what is fired there is delivered exactly there;
counting the steps of all tasks also meets tasks that were woken and have not run yet.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import attrs
import trio
from trio.testing import MockClock


@attrs.define(eq=False)
class FireAt(trio.abc.Instrument):
    step: int
    fire: Callable[[], None] | None = None
    steps: int = 0
    fired: bool = False

    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        del task
        if self.fire is None or self.fired:
            return
        self.steps += 1
        if self.steps == self.step:
            self.fired = True
            self.fire()


Scenario = Callable[[FireAt], Awaitable[None]]


def sweep(scenario: Scenario, stride: int) -> int:
    """Run the scenario, firing after step 1, 1 + stride, …, until it ends before; gives the last
    step. The scenario arms the instrument by setting `fire`, and disarms it."""
    step, at = 1, FireAt(1, fired=True)
    while at.fired:
        at = FireAt(step)
        trio.run(bounded, scenario, at, clock=MockClock(autojump_threshold=0), instruments=[at])
        step += stride
    return step


async def bounded(scenario: Scenario, at: FireAt) -> None:
    with trio.fail_after(3_600):
        await scenario(at)
