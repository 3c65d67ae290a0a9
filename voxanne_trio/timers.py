"""The timers of a call: named, one of a name at a time, each a task in the call's nursery."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import trio

from .events import TimerExpired
from .settings import Settings
from .turns import Timer


class Timers:
    """`tell` gets `TimerExpired`. Starting and stopping never wait."""

    def __init__(
        self, nursery: trio.Nursery, seconds: Mapping[Timer, float], tell: Callable[..., None]
    ) -> None:
        self._nursery = nursery
        self._seconds = seconds
        self._tell = tell
        self._running: dict[Timer, trio.CancelScope] = {}

    def start(self, timer: Timer) -> None:
        """Start a timer, in place of one of that name that runs."""
        self.stop(timer)
        scope = self._running[timer] = trio.CancelScope()
        self._nursery.start_soon(self._run, timer, scope, name=f"timer {timer.value}")

    def stop(self, timer: Timer) -> None:
        """Stop a timer, if it runs: it will not expire any more."""
        if (scope := self._running.pop(timer, None)) is not None:
            scope.cancel()

    async def _run(self, timer: Timer, scope: trio.CancelScope) -> None:
        with scope:
            await trio.sleep(self._seconds[timer])
            if self._running.get(timer) is scope:
                del self._running[timer]
                self._tell(TimerExpired(timer.value))


def timer_seconds(settings: Settings) -> dict[Timer, float]:
    """How long each timer runs."""
    return {
        Timer.UNANSWERED: settings.hold_max_ms / 1000,
        Timer.VOICE_WITHOUT_WORDS: settings.unanswered_voice_ms / 1000,
        Timer.HANGUP: settings.hangup_grace_ms / 1000,
        Timer.CALL_LIMIT: float(settings.max_call_seconds),
    }
