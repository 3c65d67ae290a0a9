"""The warm pool of `/v1/speak` sockets of one voice: ready before a reply needs one.

The vendor allows a project few sockets at once and each socket little a minute, so a socket is
lent for a reply, not held for a call. Some are kept open and idle, more of them while many replies
begin: a handshake inside a reply is heard. A lease takes the one that was used least; where none
has room another is opened, if that is quick; where that cannot be, the lease is refused and the
caller goes the HTTP way. A vendor that is down is tried again with growing pauses, and meanwhile no
reply waits for it.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

import trio

from ..errors import PermanentVendorError, TransientVendorError, VendorError
from ..upstream import Dialer
from .socket import SocketLease, SpeakSocket

log = logging.getLogger(__name__)

OPEN_FOR_LEASE_SECONDS: Final = 1.0
"""How long a reply may wait for a socket to open: longer than that, HTTP is sooner."""

SHORT_LIFE_SECONDS: Final = 5.0
"""A socket that ended sooner without having served counts as a failure to open."""

RUSH_SECONDS: Final = 1.0
"""As many sockets are kept ready as replies have begun in this time: longer than a handshake takes,
so that the next replies are not waiting for one."""

FIRST_PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 30.0
IDLE_SECONDS: Final = 30.0
"""After a rush: a spare socket beyond the warm ones is closed when unused for this long."""


class SocketSpeaker:
    """A `Speaker` over sockets; `run` must run beside it, in the server's nursery.

    `jitter` gives numbers from 0 to 1 that spread the pauses of many processes.
    """

    def __init__(
        self,
        dialer: Dialer,
        *,
        api_key: str,
        base_url: str,
        voice: str,
        warm: int,
        most: int,
        jitter: Callable[[], float] = lambda: 1.0,
    ) -> None:
        self._dialer = dialer
        self._address = (base_url, api_key, voice)
        self._warm = warm
        self._most = most
        self._jitter = jitter
        self._sockets: list[SpeakSocket] = []  # opening ones too; at most `most`
        self._nursery: trio.Nursery | None = None
        self._begun: deque[float] = deque()  # when leases began, those of the last moment
        self._changed = trio.Event()
        self._failures = 0  # in a row
        self._not_before = 0.0
        self.trouble: VendorError | None = None
        """Why no socket can be had at present; None while the vendor answers."""

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Keep the pool warm until cancelled; started at once, whether the vendor is up or not."""
        async with trio.open_nursery() as self._nursery:
            task_status.started()
            try:
                while True:
                    await self._refill()
            finally:
                self._nursery = None

    @asynccontextmanager
    async def lease(self, speed: float = 1.0) -> AsyncIterator[SocketLease]:
        """See `Speaker.lease`: a warm socket at once, or one opened within a second."""
        self._begun.append(trio.current_time())
        if (socket := self._least_used(speed)) is not None:
            lease = socket.lend()
        else:
            socket, lease = await self._open_for_lease(speed)
        self._notice()
        try:
            yield lease
        finally:
            socket.take_back(lease)

    @property
    def free(self) -> int:
        """Sockets that could be lent now."""
        return sum(socket.is_free and socket.has_room() for socket in self._sockets)

    @property
    def open(self) -> int:
        """Sockets there are, those that are just being opened included."""
        return len(self._sockets)

    def _least_used(self, speed: float) -> SpeakSocket | None:
        able = [
            socket
            for socket in self._sockets
            if socket.speed == speed and socket.is_free and socket.has_room()
        ]
        return min(able, key=SpeakSocket.load, default=None)

    async def _open_for_lease(self, speed: float) -> tuple[SpeakSocket, SocketLease]:
        if len(self._sockets) >= self._most:
            raise TransientVendorError("deepgram", "every speak socket is in use")
        if trio.current_time() < self._not_before and (trouble := self.trouble) is not None:
            reason = f"no speak socket for now: {trouble.reason}"
            raise TransientVendorError("deepgram", reason, status=trouble.status)
        socket = SpeakSocket(self._notice, self._is_surplus, speed)
        lease = socket.lend()
        is_open = False
        try:
            with trio.move_on_after(OPEN_FOR_LEASE_SECONDS):
                await self._open(socket)
                is_open = True
                return socket, lease
        finally:
            if not is_open:  # it may have opened in the moment we were cancelled
                socket.take_back(lease)
        raise TransientVendorError("deepgram", "no speak socket opened in time")

    async def _refill(self) -> None:
        """One step of keeping warm: wait until there is something to do, then do it."""
        spare = sum(
            socket.speed == 1.0 and not socket.is_lent and socket.has_room()
            for socket in self._sockets
        )
        if spare >= self._wanted() or len(self._sockets) >= self._most:
            self._changed = trio.Event()
            await self._changed.wait()
        elif trio.current_time() < self._not_before:
            await trio.sleep_until(self._not_before)
        else:
            try:
                await self._open(SpeakSocket(self._notice, self._is_surplus))
            except VendorError as error:
                log.warning("Speak socket not opened: %s", error)

    async def _open(self, socket: SpeakSocket) -> None:
        if self._nursery is None:
            raise TransientVendorError("deepgram", "the pool is not running")
        self._sockets.append(socket)
        try:
            await self._nursery.start(self._tend, socket, name="speak socket")
        except VendorError as error:
            self._failed(error)
            raise
        self.trouble = None

    async def _tend(
        self,
        socket: SpeakSocket,
        *,
        task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        try:
            await socket.run(self._dialer, *self._address, opened=lambda: task_status.started())
        except VendorError:
            if socket.opened_at is None:
                raise
        except Exception as error:  # a bug in one socket must not end every call
            log.exception("Speak socket ended by a fault of ours")
            if socket.opened_at is None:
                raise TransientVendorError("deepgram", "the speak socket failed") from error
        finally:
            self._sockets.remove(socket)
            self._notice()
        self._mourn(socket)

    def _mourn(self, socket: SpeakSocket) -> None:
        assert socket.opened_at is not None
        if socket.leases or trio.current_time() - socket.opened_at >= SHORT_LIFE_SECONDS:
            self._failures = 0
        elif socket.failure is not None:
            self._failed(socket.failure)
        log.debug("Speak socket ended: %s", socket.failure)

    def _failed(self, error: VendorError) -> None:
        self.trouble = error
        pause = min(FIRST_PAUSE_SECONDS * 2**self._failures, LONGEST_PAUSE_SECONDS)
        if isinstance(error, PermanentVendorError):
            pause = LONGEST_PAUSE_SECONDS
        pause = max(pause * (0.5 + self._jitter() / 2), error.retry_after or 0)
        self._failures = min(self._failures + 1, 16)
        self._not_before = trio.current_time() + pause

    def _is_surplus(self, socket: SpeakSocket) -> bool:
        idle = trio.current_time() - socket.idle_since
        is_spare = socket.speed != 1.0 or self.free > self._wanted()
        return socket.is_free and idle >= IDLE_SECONDS and is_spare

    def _wanted(self) -> int:
        """How many sockets are to be ready, by how many replies have begun lately; never one where
        none are to be kept warm."""
        since = trio.current_time() - RUSH_SECONDS
        while self._begun and self._begun[0] <= since:
            self._begun.popleft()
        return max(self._warm, len(self._begun)) if self._warm else 0

    def _notice(self) -> None:
        self._changed.set()
