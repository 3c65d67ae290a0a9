"""How connections are accepted: at once, or in a flood no faster than calls can bear.

To accept one costs little, but a flood offers the next at every step of the loop, and each makes
work for the next. So while there are many newcomers, we rest after each for
twice as long as the loop was busy since the last: two thirds of the time stay with those who are on
the phone, however slow the machine is.
"""

from __future__ import annotations

from typing import Any, Final

import trio

from .newcomers import Newcomers

RESTS: Final = 2.0
LEAST_REST_SECONDS: Final = 0.001
MOST_REST_SECONDS: Final = 0.100


class Acceptor(trio.abc.Listener[trio.SocketStream]):
    """A `trio.SocketListener` that rests while there are too many newcomers."""

    def __init__(self, socket: trio.socket.SocketType, newcomers: Newcomers) -> None:
        self._listener = trio.SocketListener(socket)
        self._newcomers = newcomers
        self._overslept = 0.0

    async def accept(self) -> trio.SocketStream:
        """The next connection."""
        began = trio.current_time()
        stream = await self._listener.accept()
        if self._newcomers.are_many:
            busy = trio.current_time() - began + self._overslept
            await self._rest(stream, min(max(LEAST_REST_SECONDS, RESTS * busy), MOST_REST_SECONDS))
        return stream

    async def _rest(self, stream: trio.SocketStream, seconds: float) -> None:
        until = trio.current_time() + seconds
        try:
            await trio.sleep_until(until)
            self._overslept = trio.current_time() - until
        except BaseException:
            await trio.aclose_forcefully(stream)
            raise

    async def aclose(self) -> None:
        """Accept no more."""
        await self._listener.aclose()


class TrioWithAcceptor:
    """The `trio` that Hypercorn's module is given: its listeners are ours."""

    def __init__(self, newcomers: Newcomers) -> None:
        self._newcomers = newcomers

    def __getattr__(self, name: str) -> Any:
        return getattr(trio, name)

    def SocketListener(self, socket: trio.socket.SocketType) -> Acceptor:
        return Acceptor(socket, self._newcomers)
