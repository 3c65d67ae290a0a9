"""When faults strike: counts connections, knows what is due, remembers what struck.

A schedule is armed once, when the call begins; before that nothing strikes. Connections are
numbered as they open, those that were open already as they are first used. Whoever acts asks here
with what it can do and how far it is. Knows times and counts; refuses to know wires.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Final

import attrs
import trio

from .kinds import KINDS, Kind
from .value import Fault

_NEVER: Final = math.inf


@attrs.define
class _Plan:
    fault: Fault
    kind: Kind
    left: int | None


@attrs.frozen
class Strike:
    """A fault that strikes now: its value and its kind."""

    fault: Fault
    kind: Kind

    @property
    def seconds(self) -> float:
        return self.fault.seconds or self.kind.seconds


@attrs.frozen
class Hit:
    """What struck, on the clock of the run: so that recovery can be looked for."""

    at: float
    kind: str
    place: str
    number: int
    """Which connection or request of its place."""


class Schedule:
    """The faults of one run. An empty one changes nothing anywhere."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._plans: list[_Plan] = []
        self._armed_at = _NEVER
        self._numbers: Counter[str] = Counter()
        self._waiting: dict[trio.CancelScope, str] = {}
        self.hits: list[Hit] = []
        self.add(*faults)

    def add(self, *faults: Fault) -> None:
        """Plan more. `ValueError` for a kind that does not exist."""
        for fault in faults:
            if fault.kind not in KINDS:
                raise ValueError(f"no fault {fault.kind!r}: use {', '.join(KINDS)}")
        self._plans += [_Plan(fault, KINDS[fault.kind], fault.times) for fault in faults]

    def clear(self) -> None:
        """Nothing is planned any more; the next arming counts from the beginning."""
        self._plans.clear()
        self._numbers.clear()
        self._armed_at = _NEVER

    @property
    def faults(self) -> tuple[Fault, ...]:
        """All that is planned, also what has struck."""
        return tuple(plan.fault for plan in self._plans)

    def arm(self) -> None:
        """From now on. Arming again changes nothing."""
        if self._armed_at == _NEVER:
            self._armed_at = trio.current_time()
            for scope, place in self._waiting.items():
                scope.deadline = self.next_at(place)

    @property
    def armed_at(self) -> float:
        """When it was armed; infinity before."""
        return self._armed_at

    def concerns(self, place: str) -> bool:
        """Whether anything is planned there at all."""
        return any(plan.kind.place == place for plan in self._plans)

    def number(self, what: str) -> int:
        """Count one more connection or request; 0 as long as the schedule is not armed."""
        if self._armed_at == _NEVER:
            return 0
        self._numbers[what] += 1
        return self._numbers[what]

    def strike(
        self,
        place: str,
        can: Callable[[Kind], bool],
        number: int,
        done: Callable[[Kind], float] = lambda _: _NEVER,
    ) -> Strike | None:
        """The fault that strikes a connection now, of those that it can carry out.

        `done` tells for a kind how far the connection is, in that kind's unit.
        """
        for plan in self._plans:
            kind, fault = plan.kind, plan.fault
            if kind.place == place and can(kind) and self._is_due(plan, number):
                if done(kind) < fault.after:
                    continue
                if plan.left is not None:
                    plan.left -= 1
                self.hits.append(Hit(trio.current_time(), fault.kind, place, number))
                return Strike(fault, kind)
        return None

    def _is_due(self, plan: _Plan, number: int) -> bool:
        begins, ends = self._window(plan.fault)
        within = begins <= trio.current_time() < ends
        return within and plan.left != 0 and number >= plan.fault.nth

    def _window(self, fault: Fault) -> tuple[float, float]:
        begins = self._armed_at + (fault.at or 0.0)
        return begins, _NEVER if fault.lasts is None else begins + fault.lasts

    def ends_at(self, strike: Strike) -> float:
        """When a fault that goes on stops."""
        return self._window(strike.fault)[1]

    def next_at(self, place: str) -> float:
        """When the next fault with a time of its own may strike there; infinity without one."""
        now = trio.current_time()
        times = (
            self._window(plan.fault)[0]
            for plan in self._plans
            if plan.kind.place == place and plan.left != 0
        )
        return min((at for at in times if at > now), default=_NEVER)

    @contextmanager
    def woken(self, place: str) -> Iterator[trio.CancelScope]:
        """A scope that is cancelled when the next fault with a time of its own may strike."""
        with trio.CancelScope(deadline=self.next_at(place)) as scope:
            self._waiting[scope] = place
            try:
                yield scope
            finally:
                del self._waiting[scope]
