"""A listen socket of the Deepgram stand-in: moves messages between a wire and a state machine.

Both protocols are machines of the same shape (`Machine`). This module gives them audio with the
time it arrived, wakes them when a time of theirs comes or words have come, sends what they say,
closes as they ask. It notes when words came too late for the time they were promised for: that is
the stand-in's own slowness, never the profile's. Refuses to know what a message means.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Protocol

import trio

from .faults import Fault
from .wire import ServerSocket, SocketClosed


class Machine(Protocol):
    """A protocol without I/O. After each call `outbox` holds what to send, then `close`."""

    outbox: list[dict[str, Any]]
    close: tuple[int, str] | None
    late: list[float]
    """Seconds by which words missed the time they were promised for."""

    def audio(self, data: bytes, now: float) -> None: ...

    def text(self, data: str, now: float) -> None: ...

    def poll(self, now: float) -> None: ...

    @property
    def due(self) -> float:
        """The clock time at which `poll` is next wanted."""
        ...


class ListenSocket:
    """One stream: `run` serves it to its end."""

    def __init__(
        self,
        socket: ServerSocket,
        machine: Machine,
        late: Callable[[float], None],
        fault: Fault | None = None,
    ) -> None:
        self._socket = socket
        self._machine = machine
        self._late = late
        self._fault = fault
        self._woken = trio.Event()
        self._sending = trio.Lock()
        self._sent = 0

    def words_came(self) -> None:
        """The recogniser has news; what it makes due is said soon."""
        self._woken.set()

    async def run(self) -> None:
        """Serve until either side closes."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._wait)
            await self._say()
            try:
                while self._machine.close is None:
                    await self._take(await self._socket.receive())
                    await self._say()
            except SocketClosed:
                pass
            nursery.cancel_scope.cancel()

    async def _take(self, message: str | bytes) -> None:
        now = trio.current_time()
        if isinstance(message, str):
            self._machine.text(message, now)
        else:
            self._machine.audio(message, now)
        self._woken.set()

    async def _wait(self) -> None:
        """Poll the machine when its time comes, or when words have."""
        while True:
            with trio.move_on_at(self._machine.due):
                await self._woken.wait()
            self._woken = trio.Event()
            if self._machine.close is None:
                self._machine.poll(trio.current_time())
            await self._say()

    async def _say(self) -> None:
        """Send what the machine has said, and close when it wants to."""
        while self._machine.late:
            self._late(self._machine.late.pop())
        async with self._sending:
            try:
                while self._machine.outbox:
                    await self._send(self._machine.outbox.pop(0))
                if self._machine.close is not None:
                    await self._socket.close(*self._machine.close)
            except SocketClosed:
                pass

    async def _send(self, message: dict[str, Any]) -> None:
        fault = self._fault
        if fault is not None and self._sent >= fault.after:
            if fault.kind == "listen_cut":
                await self._socket.abort()
            if fault.kind in {"listen_cut", "listen_mute"}:
                return
        self._sent += 1
        await self._socket.send(json.dumps(message))
