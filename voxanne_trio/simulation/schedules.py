"""In which order tasks run: a schedule of the scheduler's choices, made by one seed.

Trio asks one random generator to shuffle the tasks that can run; whoever takes its place decides
the order. Three kinds. `order`: the oldest task first, always. `uniform`: each pass is a random
permutation, as in production; it never breaks a race whose lead is a pass or more. `priority`:
every task has a random strict priority and `changes` times one is put last (probabilistic
concurrency testing): a task may be kept waiting for as long as others can run, which reaches
orders that shuffling does not. Knows Trio's private parts, which are pinned by its version.
"""

from __future__ import annotations

import random
from collections.abc import MutableSequence
from typing import Any, Final

import attrs
from trio._core._run import GLOBAL_RUN_CONTEXT

KINDS: Final = ("order", "uniform", "priority")

DECISIONS: Final = 20_000
"""Among so many first choices between two tasks or more the changes of priority are placed."""


@attrs.frozen
class Schedule:
    """One way to schedule a run; `changes` counts only with `priority`."""

    kind: str = "uniform"
    seed: int = 0
    changes: int = 3

    def __attrs_post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no schedule {self.kind!r}: use {', '.join(KINDS)}")

    def chooser(self) -> random.Random:
        """What takes the place of Trio's generator, for one run."""
        name = f"schedule-{self.seed}"  # a text seeds alike under any PYTHONHASHSEED
        if self.kind == "order":
            return _Oldest(name)
        return _Priorities(name, self.changes) if self.kind == "priority" else _Uniform(name)


class _Uniform(random.Random):
    """Trio's own way, seeded."""


class _Oldest(random.Random):
    """Trio takes tasks from the end of a batch that is sorted by age."""

    def shuffle(self, x: MutableSequence[Any]) -> None:
        x.reverse()


class _Priorities(random.Random):
    """One task runs in a pass: the one of highest priority. The others wait for a later pass, in
    which no time has gone by: a clock does not jump while anybody can run."""

    def __init__(self, seed: str, changes: int) -> None:
        super().__init__(seed)
        self._priorities: dict[int, float] = {}
        self._decisions = 0
        self._changes = frozenset(self.sample(range(DECISIONS), changes))

    def shuffle(self, x: MutableSequence[Any]) -> None:
        if len(x) < 2:
            return
        self._decisions += 1
        for task in x:
            if task._counter not in self._priorities:
                self._priorities[task._counter] = 1 + self.random()
        first = max(x, key=lambda task: self._priorities[task._counter])
        if self._decisions in self._changes:
            self._priorities[first._counter] = self.random()
        GLOBAL_RUN_CONTEXT.runner.runq.extend(task for task in x if task is not first)
        x[:] = [first]
