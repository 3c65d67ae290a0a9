"""What goes wrong in a simulated world: faults of the wires, drawn from a seed, and SIGTERM.

The faults themselves are the sandbox's (`sandbox.faults`). Here is which of them a plan may have,
in which state of the call they begin to be possible, what else must go wrong for them to be met at
all, and a schedule that says so when one strikes. Refuses to know how the product copes.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any, Final

import trio

from ..sandbox.faults import KINDS, PLACES, Act, Fault, Hit, Schedule, draw
from ..sandbox.faults.kinds import OPENING
from ..sandbox.faults.schedule import Strike
from ..web.stopping import Stopping

NAMES: Final = tuple(KINDS)
OF_ONE_CALL: Final = frozenset(name for name, kind in KINDS.items() if kind.place == "media")
"""They strike a call that can be told; the others meet whoever asks a vendor next."""

OF_VENDORS: Final = frozenset(
    name for name, kind in KINDS.items() if kind.place not in {"media", "webhook", "process"}
)

_PARTS: Final = {Act.HALF_OPEN, Act.RESET, Act.HALF_FRAME, Act.CLOSE, Act.REFUSED, Act.MUTE}
PARTING: Final = frozenset(name for name in OF_ONE_CALL if KINDS[name].act in _PARTS)
"""From then on nothing of the caller's reaches us, or nothing of ours the caller."""

UNHEARING: Final = frozenset(
    name for name, kind in KINDS.items() if kind.place in {"listen", "deepgram"}
)
"""The recogniser's socket may be lost by them."""

STATES: Final = ("idle", "listening", "processing", "speaking", "holding")
"""States of the call, of the first one where there are several, from which on faults can strike."""

SECONDS: Final = 25.0
"""Of a call, in which faults are placed that can strike from its beginning on."""

SOON_SECONDS: Final = 3.0
"""The same, for those that wait for a state."""

AGAIN_SECONDS: Final = 1.0
"""Between one SIGTERM and the next."""

_MAKES_ROOM: Final = {
    "speak_http": Fault(kind="speak_reset", times=None, lasts=8.0),
    "speak": Fault(kind="speak_reset", times=2),
    "listen": Fault(kind="listen_reset", times=1),
    "deepgram": Fault(kind="listen_reset", times=1),
}
"""What must fail for a place to be asked at all: sockets are open, and HTTP is the second way."""


def drawn(
    rng: random.Random, allowed: Sequence[str], states: Sequence[str] = STATES
) -> tuple[str, tuple[Fault, ...]]:
    """Faults of one world, and the state from which on they can strike."""
    state = rng.choice((*states, STATES[0]))
    seconds = SECONDS if state == "idle" else SOON_SECONDS
    faults = draw(rng, seconds=seconds, places=PLACES, kinds=allowed)
    return state, (*faults, *_room_for(faults, state))


def _room_for(faults: Sequence[Fault], state: str) -> tuple[Fault, ...]:
    places = {KINDS[f.kind].place for f in faults if KINDS[f.kind].act in OPENING}
    if state == "idle":
        places &= {"speak_http"}
    return tuple(_MAKES_ROOM[place] for place in sorted(places & _MAKES_ROOM.keys()))


class WatchedSchedule(Schedule):
    """Tells `struck` of every hit; armed by whoever sees the state of the call."""

    def __init__(self, faults: Sequence[Fault], state: str) -> None:
        super().__init__(faults)
        self.struck: Callable[[Hit], None] = lambda _: None
        self.armed = trio.Event()
        self._state = state

    def arm(self) -> None:
        """The call begins."""
        self.entered(STATES[0])

    def entered(self, state: str) -> None:
        """The call is in this state now."""
        if state == self._state:
            super().arm()
            self.armed.set()

    def strike(self, *arguments: Any, **options: Any) -> Strike | None:
        """As any schedule's."""
        strike = super().strike(*arguments, **options)
        if strike is not None:
            self.struck(self.hits[-1])
        return strike


def place_of(host: str) -> str:
    """Which place a host of the simulated network stands for, when it is dialled."""
    return host.partition(".")[0]


async def terminate(schedule: WatchedSchedule, stopping: Stopping) -> None:
    """Send the process the signals that are planned, each at its time."""
    async with trio.open_nursery() as nursery:
        for fault in schedule.faults:
            if fault.kind == "sigterm":
                nursery.start_soon(_signal, schedule, fault, stopping)


async def _signal(schedule: WatchedSchedule, fault: Fault, stopping: Stopping) -> None:
    await schedule.armed.wait()
    await trio.sleep_until(schedule.armed_at + (fault.at or 0.0))
    for number in range(fault.times or 1):
        schedule.struck(Hit(trio.current_time(), fault.kind, "process", number + 1))
        stopping.ask()
        await trio.sleep(AGAIN_SECONDS)
