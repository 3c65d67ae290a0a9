"""Hypercorn, guarded: what one client does never reaches another, and nothing lasts for ever.

Hypercorn 0.18's Trio worker was measured to die, with every call on it, of one malformed
connection; to wait without end for a peer that stops reading; to keep a message of any size that a
peer goes on sending after it was refused; and to leave some refused connections open for good.
`install()` puts these in the places where Hypercorn looks its own classes up, by their module's
names, so that it holds for `voxanne serve` and for `hypercorn -k trio app:app` alike:

* `GuardedServer`: one connection. Its errors end it and nothing else, a send that makes no progress
  for `SEND_SECONDS` ends it, and so does a request that has no answer after `REQUEST_SECONDS`. Of
  those that are no stream (yet) there are only so many at once (`newcomers`), and where they are
  many, they are accepted more slowly (`accepting`).
* `GuardedProtocol`: HTTP/1.1 and nothing newer; tells the server when a WebSocket was accepted.
* `GuardedSocket`: one WebSocket; see `guarded_socket`.

The names patched are private: the dependency is pinned, and the tests throw hostile bytes at it.
"""

from __future__ import annotations

import logging
import socket
from contextlib import suppress
from typing import Any, Final

import hypercorn.protocol
import hypercorn.protocol.h11
import hypercorn.trio.run
import trio
from hypercorn.config import Config
from hypercorn.events import Closed, Event, RawData, Updated
from hypercorn.protocol.events import Event as StreamEvent
from hypercorn.protocol.events import Response
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.trio.tcp_server import TCPServer
from hypercorn.trio.worker_context import EventWrapper

from ..at_once import AtOnce, at_once
from .accepting import TrioWithAcceptor
from .groups import first_error
from .guarded_socket import CLOSE_SECONDS, GuardedSocket, Upgraded
from .newcomers import MOST, Newcomers, most

log = logging.getLogger("voxanne.web")

SEND_SECONDS: Final = 10.0
REQUEST_SECONDS: Final = 30.0
MESSAGE_BYTES: Final = 65_536
RECEIVE_BYTES: Final = 65_536
UNACKNOWLEDGED_MS: Final = 20_000
"""TCP gives up a peer whose acknowledgements are missing this long: a network that vanished."""


def install() -> None:
    """Guard every Hypercorn Trio server of this process that starts after this; idempotent."""
    patches: tuple[tuple[Any, str, Any], ...] = (
        (hypercorn.trio.run, "trio", TrioWithAcceptor(GuardedServer.newcomers)),
        (hypercorn.trio.run, "TCPServer", GuardedServer),
        (hypercorn.protocol, "H11Protocol", GuardedProtocol),
        (hypercorn.protocol.h11, "WSStream", GuardedSocket),
    )
    for module, name, guarded in patches:
        setattr(module, name, guarded)
    GuardedServer.newcomers.most = most()
    Config.alpn_protocols = ["http/1.1"]
    Config.websocket_max_message_size = MESSAGE_BYTES


class GuardedServer(TCPServer):
    """One TCP connection."""

    newcomers = Newcomers(MOST)
    """Of the process."""

    _read_all = False
    _socket: GuardedSocket | None = None
    _at_once: AtOnce | None = None

    async def run(self) -> None:
        with trio.CancelScope() as self._connection:
            self.newcomers.came(self._connection)
            try:
                if await self._speaks():
                    self._watch_peer()
                    await super().run()
                else:
                    await trio.aclose_forcefully(self.stream)
            except* Exception as group:  # noqa: BLE001 - one connection's boundary
                log.warning("Connection dropped: %.200r", first_error(group))
            finally:
                self.newcomers.left(self._connection)
        if self._connection.cancelled_caught:  # Hypercorn's own close was cut off with the rest
            await trio.aclose_forcefully(self.stream)

    async def _speaks(self) -> bool:
        """Whether anything comes at all. Nothing is made for a peer until it does, so that one
        that never speaks costs a task and a file; with TLS, the handshake has its own bound."""
        if not isinstance(self.stream, trio.SocketStream):
            return True
        with trio.move_on_after(self.config.keep_alive_timeout):
            await trio.lowlevel.wait_readable(self.stream.socket)
            return True
        return False

    async def protocol_send(self, event: Event) -> None:
        if isinstance(event, RawData):
            await self._send(event.data)
        elif isinstance(event, Upgraded):
            self._socket = event.socket
            self._socket.write = self._send
            self.newcomers.left(self._connection)
            await self.idle_task.stop()
        elif isinstance(event, Updated):
            if event.idle:
                self.newcomers.is_idle(self._connection)
            else:
                self.newcomers.is_asking(self._connection)
            if not self._read_all:
                timeout = self._idle_timeout if event.idle else self._request_timeout
                await self.idle_task.restart(self._task_group, timeout)
        else:
            await super().protocol_send(event)

    async def _send(self, data: bytes) -> None:
        """Whole frames only: shielded from cancellation, but not for ever. What the kernel takes at
        once, which is nearly always all, needs no scope, no lock and no checkpoint."""
        await trio.lowlevel.checkpoint_if_cancelled()
        if self._at_once is None:
            self._at_once = at_once(self.stream)
        way = self._at_once
        if way is not None and not self.send_lock.locked():
            data = way.write(data)
        if not data and (way is None or not way.pending):
            return
        async with self.send_lock:
            try:
                with trio.CancelScope(
                    shield=True, deadline=trio.current_time() + SEND_SECONDS
                ) as sending:
                    if data:
                        await self.stream.send_all(data)
                    elif way is not None:
                        await way.flush()
                if sending.cancelled_caught:
                    log.warning("Connection dropped: the peer reads nothing")
                    if self._socket is not None:
                        self._socket.inflow.give_back()
                    await trio.aclose_forcefully(self.stream)
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                await self.protocol.handle(Closed())

    async def _read_data(self) -> None:
        with suppress(trio.ClosedResourceError):  # closed while a request waited for its turn
            while data := await self._receive():
                if self._socket is not None:
                    await self._socket.take(data)
                    await self._socket.lend(self.stream)
                else:
                    await self.protocol.handle(RawData(data))
            await self.protocol.handle(RawData(b""))
            await self.protocol.handle(Closed())
        self._read_all = True
        await self.idle_task.stop()  # its wait would keep the connection's tasks for seconds

    async def _receive(self) -> bytes:
        """What comes next; nothing at the end, whatever the end is."""
        try:
            if not (seconds := self.config.read_timeout):  # a scope for each frame is not cheap
                return bytes(await self.stream.receive_some(RECEIVE_BYTES))
            with trio.fail_after(seconds):
                return bytes(await self.stream.receive_some(RECEIVE_BYTES))
        except (trio.ClosedResourceError, trio.BrokenResourceError, trio.TooSlowError):
            return b""

    async def _request_timeout(self) -> None:
        await trio.sleep(REQUEST_SECONDS)
        with trio.CancelScope(shield=True, deadline=trio.current_time() + CLOSE_SECONDS):
            await self._initiate_server_close()

    def _watch_peer(self) -> None:
        transport = getattr(self.stream, "transport_stream", self.stream)
        set_option = getattr(transport.socket, "setsockopt", None)
        if set_option is not None and hasattr(socket, "TCP_USER_TIMEOUT"):
            set_option(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            set_option(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 10)
            set_option(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 5)
            set_option(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED_MS)


class _Turn(EventWrapper):
    """What a pipelined request waits for; a closed connection's never comes."""

    closed = False

    async def wait(self) -> None:
        await super().wait()
        if self.closed:
            raise trio.ClosedResourceError


class GuardedProtocol(H11Protocol):
    """HTTP/1.1 on one connection."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.can_read = self._turn = _Turn()

    async def handle(self, event: Event) -> None:
        await super().handle(event)
        if isinstance(event, Closed):
            self._turn.closed = True
            await self._turn.set()

    async def _check_protocol(self, event: Any) -> None:
        """Offers of HTTP/2 are ignored: nobody who calls us needs it."""

    async def stream_send(self, event: StreamEvent) -> None:
        await super().stream_send(event)
        accepted = isinstance(event, Response) and event.status_code == 101
        if accepted and isinstance(self.stream, GuardedSocket):
            await self.send(Upgraded(self.stream))

    async def _maybe_recycle(self) -> None:
        """Shielded: it tells the application that the request is over, whose cancellation in answer
        would otherwise end this half-way, with the connection left open."""
        with trio.CancelScope(shield=True, deadline=trio.current_time() + CLOSE_SECONDS):
            await super()._maybe_recycle()
