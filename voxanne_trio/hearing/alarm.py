"""Patience with a vendor: rings once when trouble has lasted too long."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import trio

_NEVER: Final = float("inf")


class Alarm:
    """Calls `ring` once per stretch of trouble that lasts `patience` seconds.

    While a try looks promising the alarm is held; if it fails after all, the trouble counts from
    its first moment.
    """

    def __init__(self, patience: float, ring: Callable[[], None]) -> None:
        self.rang = False
        self._patience = patience
        self._ring = ring
        self._since: float | None = None
        self._scope = trio.CancelScope()

    async def run(self) -> None:
        """Ring when it is time, until cancelled."""
        while True:
            with self._scope:
                await trio.sleep_forever()
            self._scope = trio.CancelScope()
            self.ring()

    def ring(self) -> None:
        """Ring now, unless it has rung for this trouble."""
        self._scope.deadline = _NEVER
        if not self.rang:
            self.rang = True
            self._ring()

    def worry(self) -> None:
        """There is trouble, as of now or still."""
        if self._since is None:
            self._since = trio.current_time()
        self._scope.deadline = _NEVER if self.rang else self._since + self._patience

    def hold(self) -> None:
        """The trouble may be over."""
        self._scope.deadline = _NEVER

    def calm(self) -> None:
        """The trouble is over."""
        self._since, self.rang = None, False
        self._scope.deadline = _NEVER
