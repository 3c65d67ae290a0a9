"""How fast whole calls are simulated, every law on: virtual seconds in one second of one core.

    python -m benchmarks.simulation [CALLS]

Time is that of the process, so that what else the machine does counts little; the first call, which
also loads everything, is left out.
"""

from __future__ import annotations

import sys
import time
from typing import Final

from voxanne_trio.simulation.batch import Job, outcomes
from voxanne_trio.simulation.faults import NAMES
from voxanne_trio.simulation.plan import Options

CALLS: Final = 20
WANTED: Final = 20.0
"""Times real time, on one core."""

KINDS: Final = {
    "calls as they come": Options(),
    "calls of 15 s": Options(seconds=15.0),
    "calls of 15 s, with faults": Options(faults=NAMES, seconds=15.0),
}


def speed(options: Options, calls: int) -> float:
    """Virtual seconds of calls in a second of processor time."""
    job = Job(options=options)
    outcomes(job, [0], processes=1)
    began = time.process_time()
    found = outcomes(job, range(1, calls + 1), processes=1)
    return sum(outcome.virtual_seconds for outcome in found) / (time.process_time() - began)


def main(calls: int = CALLS) -> int:
    """Print a line for each kind of call; 1 where it is slower than it should be."""
    slow = False
    for name, options in KINDS.items():
        times = speed(options, calls)
        slow |= times < WANTED
        print(f"{name:28} {times:5.1f} x real time")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:2])))
