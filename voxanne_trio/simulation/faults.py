"""What goes wrong in a simulated world: faults of the wires, drawn from a seed, and SIGTERM.

The faults themselves are the sandbox's (`sandbox.faults`); `aims` says which a plan has. Here is
what they mean for a call, and a schedule that knows the call's state and says so when one strikes.
Refuses to know how the product copes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import trio

from ..sandbox.faults import KINDS, Act, Fault, Hit, Schedule
from ..sandbox.faults.schedule import Strike
from ..web.stopping import Stopping

NAMES: Final = tuple(KINDS)
OF_ONE_CALL: Final = frozenset(name for name, kind in KINDS.items() if kind.place == "media")
"""They strike a call that can be told; the others meet whoever asks a vendor next."""

OF_THE_MODEL: Final = tuple(name for name, kind in KINDS.items() if kind.place in {"chat", "groq"})
_PARTS: Final = {Act.HALF_OPEN, Act.RESET, Act.HALF_FRAME, Act.CLOSE, Act.REFUSED, Act.MUTE}
PARTING: Final = frozenset(name for name in OF_ONE_CALL if KINDS[name].act in _PARTS)
"""From then on nothing of the caller's reaches us, or nothing of ours the caller."""

UNHEARING: Final = frozenset(
    name for name, kind in KINDS.items() if kind.place in {"listen", "deepgram"}
)
"""The recogniser's socket may be lost by them."""

STATES: Final = ("idle", "listening", "processing", "speaking", "holding")
"""States of the call, of the first one where there are several, from which on faults can strike."""

RELENTING_SECONDS: Final = 3.0
"""From giving up the aim to what strikes in any state."""

AGAIN_SECONDS: Final = 1.0
"""Between one SIGTERM and the next."""

_NOT_YET: Final = "not yet"
_ANY_NUMBER: Final = 1_000_000


class WatchedSchedule(Schedule):
    """Tells `struck` of every hit; armed by whoever sees the state of the call.

    `strikes_in` holds for each fault the state in which alone it strikes, or none; `otherwise`
    strikes only once the others have been waited for, see `insist`.
    """

    def __init__(
        self,
        faults: Sequence[Fault],
        state: str,
        strikes_in: Sequence[str] = (),
        otherwise: Fault | None = None,
    ) -> None:
        super().__init__(faults)
        self.struck: Callable[[Hit], None] = lambda _: None
        self.armed = trio.Event()
        self._from = state
        self._state = STATES[0]
        self._changed = trio.Event()
        self._bound = dict(zip(map(id, self._plans), strikes_in, strict=False))
        if otherwise is not None:  # planned from the start: sockets ask what concerns them
            self.add(otherwise)
            self._bound[id(self._plans[-1])] = _NOT_YET

    def arm(self) -> None:
        """The call begins."""
        self.entered(STATES[0])

    def entered(self, state: str) -> None:
        """The call is in this state now."""
        self._state = state
        if state == self._from:
            super().arm()
            self.armed.set()
        self._wake()

    async def insist(self, patience: float) -> None:
        """When nothing has struck for so long, let the faults strike anywhere, and then more."""
        await self.armed.wait()
        for last in (False, True):
            await trio.sleep(RELENTING_SECONDS if last else patience)
            if self.hits:
                return
            for plan, held in self._bound.items():
                self._bound[plan] = held if held == _NOT_YET and not last else ""
            self._wake()

    async def can_strike_at(self, number: int) -> None:
        """Wait until the n-th fault is in its state and at its time."""
        await self.armed.wait()
        plan = self._plans[number]
        await trio.sleep_until(self.armed_at + (plan.fault.at or 0.0))
        while not self._is_in_state(plan):
            await self._changed.wait()

    def strike(self, *arguments: Any, **options: Any) -> Strike | None:
        """As any schedule's."""
        strike = super().strike(*arguments, **options)
        if strike is not None:
            self.struck(self.hits[-1])
        return strike

    def _wake(self) -> None:
        self._changed.set()
        self._changed = trio.Event()
        places = {plan.kind.place for plan in self._plans if self._waits_no_more(plan)}
        for scope, place in self._waiting.items():
            if place in places:
                scope.deadline = trio.current_time()

    def _waits_no_more(self, plan: Any) -> bool:
        """Whether a fault that has waited for a state may strike now, message or none."""
        return id(plan) in self._bound and self._is_due(plan, _ANY_NUMBER)

    def _is_in_state(self, plan: object) -> bool:
        return self._bound.get(id(plan), "") in {"", self._state}

    def _is_due(self, plan: Any, number: int) -> bool:
        return self._is_in_state(plan) and super()._is_due(plan, number)


def place_of(host: str) -> str:
    """Which place a host of the simulated network stands for, when it is dialled."""
    return host.partition(".")[0]


async def terminate(schedule: WatchedSchedule, stopping: Stopping) -> None:
    """Send the process the signals that are planned, each at its time."""
    async with trio.open_nursery() as nursery:
        for number, fault in enumerate(schedule.faults):
            if fault.kind == "sigterm":
                nursery.start_soon(_signal, schedule, number, stopping)


async def _signal(schedule: WatchedSchedule, number: int, stopping: Stopping) -> None:
    await schedule.can_strike_at(number)
    fault = schedule.faults[number]
    for again in range(fault.times or 1):
        hit = Hit(trio.current_time(), fault.kind, "process", again + 1)
        schedule.hits.append(hit)
        schedule.struck(hit)
        stopping.ask()
        await trio.sleep(AGAIN_SECONDS)
