"""What both servers under measurement have in common: how their process reports on itself.

A child is started with pipes, pinned to its core by its parent. It prints one JSON object when it
is ready; then it answers every line on its standard input with one more: what it has used so far,
what it holds now, and how late its event loop was since the last line. It ends with its input.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import trio

LAG_SECONDS: Final = 0.025
"""How often the loop is sampled: often enough to catch a pause, seldom enough to cost nothing."""

SLOWER: Final = "BENCHMARK_SLOWER"

_SELF: Final = Path("/proc/self")


class SlowClock(trio.abc.Clock):
    """Time that runs so many times slower than it does: the same work, spread over more of it.

    For a machine that others use: what an operation costs is then the same, but nothing queues.
    """

    def __init__(self, slower: float) -> None:
        self._slower = slower

    def start_clock(self) -> None:
        """Nothing needs to be started."""

    def current_time(self) -> float:
        return time.perf_counter() / self._slower

    def deadline_to_sleep_time(self, deadline: float) -> float:
        return (deadline - self.current_time()) * self._slower


def clock() -> SlowClock | None:
    """The clock of this measurement, in all of its processes."""
    slower = float(os.environ.get(SLOWER, "1"))
    return SlowClock(slower) if slower > 1 else None


class LoopLag:
    """How much later than asked a sleeping task of this loop was woken, in milliseconds."""

    def __init__(self) -> None:
        self._late_ms: list[float] = []

    async def run(self) -> None:
        """Sample until cancelled."""
        while True:
            due = trio.current_time() + LAG_SECONDS
            await trio.sleep_until(due)
            self._late_ms.append((trio.current_time() - due) * 1000)

    def take(self) -> list[float]:
        """What was sampled since the last time, rounded to a hundredth."""
        taken, self._late_ms = self._late_ms, []
        return [round(late, 2) for late in taken]


def resources() -> dict[str, float]:
    """What this process has used and what it holds."""
    times = os.times()
    ran, waited = _schedule()
    return {
        "cpu": times.user + times.system,
        "ran": ran,
        "waited": waited,
        "rss_mb": _resident_mb(),
        "tasks": trio.lowlevel.current_statistics().tasks_living,
        "files": len(os.listdir(_SELF / "fd")),
        "threads": len(os.listdir(_SELF / "task")),
        "children": len((_SELF / "task" / str(os.getpid()) / "children").read_text().split()),
    }


async def answer_orders(report: Callable[[], dict[str, Any]], lag: LoopLag) -> None:
    """Answer each line of the standard input until it ends."""
    async with trio.lowlevel.FdStream(os.dup(sys.stdin.fileno())) as orders:
        while data := await orders.receive_some():
            for _ in range(data.count(b"\n")):
                say({**resources(), **report(), "lag_ms": lag.take()})


def say(message: dict[str, Any]) -> None:
    """Tell the parent."""
    print(json.dumps(message), flush=True)


def _resident_mb() -> float:
    pages = int((_SELF / "statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1_000_000


def _schedule() -> tuple[float, float]:
    """Seconds on a core, and seconds ready to run but waiting for one."""
    ran, waited, _ = (_SELF / "schedstat").read_text().split()
    return int(ran) / 1e9, int(waited) / 1e9
