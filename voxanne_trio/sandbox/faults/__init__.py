"""Faults: values that say what fails, where and when, and the places where they act.

    schedule = Schedule(draw(rng))        # or named("listen_reset,chat_429"), or values by hand
    Account(..., schedule=schedule)       # Twilio's side; `Sandbox` finds it there
    dialling(schedule, network.dial, …)   # what the server dials
    schedule.arm()                        # when the call begins; `Sandbox.place` does it

`KINDS` is everything that can go wrong, by name. `Faults` is the older, shorter way: a stand-in's
own queue, for the next request. An empty schedule changes no byte.
"""

from .drawing import draw, named
from .kinds import KINDS, PLACES, Act, Kind
from .queue import Faults
from .schedule import Hit, Schedule
from .value import Fault

__all__ = [
    "KINDS",
    "PLACES",
    "Act",
    "Fault",
    "Faults",
    "Hit",
    "Kind",
    "Schedule",
    "draw",
    "named",
]
