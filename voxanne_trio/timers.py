"""The timers of a call: named, one of a name at a time, each a task in the call's nursery."""

from __future__ import annotations

from collections.abc import Callable

import trio

from .events import TimerExpired
from .turns import Timer


class Timers:
    """`tell` gets `TimerExpired`. Starting and stopping never wait."""

    def __init__(self, nursery: trio.Nursery, tell: Callable[[TimerExpired], None]) -> None:
        self._nursery = nursery
        self._tell = tell
        self._running: dict[Timer, trio.CancelScope] = {}

    def start(self, timer: Timer, seconds: float) -> None:
        """Start a timer, in place of one of that name that runs."""
        at = trio.current_time() + seconds
        running = self._running.get(timer)
        if running is not None and not running.cancel_called:
            running.deadline = at  # a task for each word of the caller's would be dear
            return
        scope = self._running[timer] = trio.CancelScope(deadline=at)
        self._nursery.start_soon(self._run, timer, scope, name=f"timer {timer.value}")

    def stop(self, timer: Timer) -> None:
        """Stop a timer, if it runs: it will not expire any more."""
        if (scope := self._running.pop(timer, None)) is not None:
            scope.cancel()

    async def _run(self, timer: Timer, scope: trio.CancelScope) -> None:
        with scope:
            await trio.sleep_forever()
        if self._running.get(timer) is scope:
            del self._running[timer]
            self._tell(TimerExpired(timer.value))
