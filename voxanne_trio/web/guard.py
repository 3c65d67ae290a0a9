"""Hypercorn, guarded: what one client does never reaches another, and nothing lasts for ever.

Hypercorn 0.18's Trio worker was measured to die, with every call on it, of one malformed
connection; to wait without end for a peer that stops reading; to keep a message of any size that a
peer goes on sending after it was refused; and to leave some refused connections open for good.
`install()` puts these in the places where Hypercorn looks its own classes up, by their module's
names, so that it holds for `voxanne serve` and for `hypercorn -k trio app:app` alike:

* `GuardedServer`: one connection. Its errors end it and nothing else, a send that makes no progress
  for `SEND_SECONDS` ends it, and so does a request that has no answer after `REQUEST_SECONDS`.
* `GuardedProtocol`: HTTP/1.1 and nothing newer; tells the server when a WebSocket was accepted.
* `GuardedSocket`: one WebSocket. Plain frames go the short way (`inflow`), all others through
  wsproto: messages are measured before they are kept, nothing is compressed, data before the
  handshake's end is refused, and after our close frame what still comes is discarded until the peer
  answers or `CLOSE_SECONDS` have passed; then TCP is closed. The application is told at once, and
  is never left waiting in a full queue.

The names patched are private: the dependency is pinned, and the tests throw hostile bytes at it.
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final

import hypercorn.protocol
import hypercorn.protocol.h11
import hypercorn.trio.run
import trio
from hypercorn.config import Config
from hypercorn.events import Closed, Event, RawData, Updated
from hypercorn.protocol.events import Body, Data, Request, Response, StreamClosed
from hypercorn.protocol.events import Event as StreamEvent
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.protocol.ws_stream import ASGIWebsocketState, WSStream
from hypercorn.trio.tcp_server import TCPServer
from hypercorn.trio.worker_context import EventWrapper
from hypercorn.typing import ASGISendEvent, WebsocketAcceptEvent
from wsproto.connection import ConnectionState
from wsproto.events import CloseConnection, Message, Ping
from wsproto.frame_protocol import CloseReason

from . import plain_frames
from .groups import first_error
from .inflow import EXTENSION, HANDOVER, Inflow

log = logging.getLogger("voxanne.web")

SEND_SECONDS: Final = 10.0
REQUEST_SECONDS: Final = 30.0
CLOSE_SECONDS: Final = 2.0
MESSAGE_BYTES: Final = 65_536
RECEIVE_BYTES: Final = 65_536
UNACKNOWLEDGED_MS: Final = 20_000
"""TCP gives up a peer whose acknowledgements are missing this long: a network that vanished."""


def install() -> None:
    """Guard every Hypercorn Trio server of this process that starts after this; idempotent."""
    patches: tuple[tuple[Any, str, type[Any]], ...] = (
        (hypercorn.trio.run, "TCPServer", GuardedServer),
        (hypercorn.protocol, "H11Protocol", GuardedProtocol),
        (hypercorn.protocol.h11, "WSStream", GuardedSocket),
    )
    for module, name, guarded in patches:
        setattr(module, name, guarded)
    Config.alpn_protocols = ["http/1.1"]
    Config.websocket_max_message_size = MESSAGE_BYTES


class _Upgraded(Event):
    """A WebSocket was accepted on this connection: it may now last, and gets what comes."""

    def __init__(self, socket: GuardedSocket) -> None:
        self.socket = socket


class GuardedServer(TCPServer):
    """One TCP connection."""

    _read_all = False
    _socket: GuardedSocket | None = None

    async def run(self) -> None:
        try:
            self._watch_peer()
            await super().run()
        except* Exception as group:  # noqa: BLE001 - one connection's boundary
            log.warning("Connection dropped: %.200r", first_error(group))

    async def protocol_send(self, event: Event) -> None:
        if isinstance(event, RawData):
            await self._send(event.data)
        elif isinstance(event, _Upgraded):
            self._socket = event.socket
            self._socket.write = self._send
            await self.idle_task.stop()
        elif isinstance(event, Updated):
            if not self._read_all:
                timeout = self._idle_timeout if event.idle else self._request_timeout
                await self.idle_task.restart(self._task_group, timeout)
        else:
            await super().protocol_send(event)

    async def _send(self, data: bytes) -> None:
        """Whole frames only: shielded from cancellation, but not for ever."""
        await trio.lowlevel.checkpoint_if_cancelled()
        if not self.send_lock.locked():
            data = data[self._write(data) :]
        if not data:
            return
        async with self.send_lock:
            try:
                with trio.CancelScope(
                    shield=True, deadline=trio.current_time() + SEND_SECONDS
                ) as sending:
                    await self.stream.send_all(data)
                if sending.cancelled_caught:
                    log.warning("Connection dropped: the peer reads nothing")
                    if self._socket is not None:
                        self._socket.inflow.give_back()
                    await trio.aclose_forcefully(self.stream)
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                await self.protocol.handle(Closed())

    def _write(self, data: bytes) -> int:
        """How much the kernel takes at once, which is nearly always all: no scope, no lock, no
        checkpoint. Nothing with TLS, or where only a send that waits can tell what is wrong."""
        if not isinstance(self.stream, trio.SocketStream):
            return 0
        try:
            return os.write(self.stream.socket.fileno(), data)
        except OSError:
            return 0

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
            await self.send(_Upgraded(self.stream))

    async def _maybe_recycle(self) -> None:
        """Shielded: it tells the application that the request is over, whose cancellation in answer
        would otherwise end this half-way, with the connection left open."""
        with trio.CancelScope(shield=True, deadline=trio.current_time() + CLOSE_SECONDS):
            await super()._maybe_recycle()


class GuardedSocket(WSStream):
    """One WebSocket; see the module's head."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._size = 0
        self._leaving = False  # our close frame is out: what comes in is discarded
        self._told = False  # the application knows that there will be no more messages
        self._finished = False  # the application has returned
        self._gone = trio.Event()
        self.inflow = Inflow(self.config.websocket_max_message_size)
        self.write: Callable[[bytes], Awaitable[None]] | None = None  # whole frames, once accepted
        self._inbox: trio.MemorySendChannel[Any] | None = None
        self._waiting: set[trio.CancelScope] = set()

    async def handle(self, event: StreamEvent) -> None:
        if isinstance(event, Request):
            await super().handle(event)
            if self.closed:  # no WebSocket handshake: answered, and Hypercorn would wait for ever
                await self.send(StreamClosed(stream_id=self.stream_id))
            else:
                self.scope["extensions"][EXTENSION] = {"inflow": self.inflow}
                self._inbox = getattr(self.app_put, "__self__", None)  # its channel's `send`
        elif isinstance(event, StreamClosed):
            self.closed = True
            self._gone.set()
            self.inflow.give_back()
            await self._tell_gone(CloseReason.ABNORMAL_CLOSURE)
        elif isinstance(event, (Body, Data)) and not self.closed and not self.handshake.accepted:
            await self._refuse_early_data()
        else:
            self.inflow.is_strange = True  # wsproto may have half a frame: it must get the rest
            await super().handle(event)

    async def take(self, data: bytes) -> None:
        """Bytes of the peer's, after the upgrade. Plain messages go the short way; from the first
        frame on that is not plain, all goes through wsproto."""
        inflow = self.inflow
        if not (inflow.is_strange or self._leaving or self.closed):
            for text in inflow.plain(data):
                await self._deliver({"type": "websocket.receive", "bytes": None, "text": text})
            if not inflow.is_strange:
                return
            data = b""
        if data := inflow.taken_rest() + data:
            await self._judge(data)

    async def lend(self, stream: trio.abc.Stream) -> None:
        """Let an application that wants to read the plain frames itself; go on where it stops."""
        if self._leaving or self.closed or self.inflow.is_strange:
            return
        if self.inflow.can_be_lent(stream):
            await self._deliver(HANDOVER)
            await self.inflow.lent()
            await self.take(b"")

    async def _judge(self, data: bytes) -> None:
        if not self.closed:
            self.connection.receive_data(data)
            await self._handle_events()

    async def app_send(self, message: ASGISendEvent | None) -> None:
        if message is None:
            self._finished = True
            for waiting in self._waiting:
                waiting.cancel()
            await self._part()
        elif self.closed or self._leaving:
            await trio.lowlevel.checkpoint()  # Hypercorn returns at once: a loop would hold us all
        elif (text := self._plain_text(message)) is not None and self.write is not None:
            await self.write(plain_frames.text_frame(text))
        else:
            await super().app_send(message)
            if message["type"] == "websocket.close" and self.handshake.accepted:
                self._leave()

    def _plain_text(self, message: ASGISendEvent) -> str | None:
        """The text of a message that needs none of wsproto's state; None for any other."""
        if message["type"] != "websocket.send" or self.connection.state is not ConnectionState.OPEN:
            return None
        return message.get("text")

    async def _accept(self, message: WebsocketAcceptEvent) -> None:
        self.handshake.extensions = None  # no permessage-deflate
        await super()._accept(message)

    async def _refuse_early_data(self) -> None:
        """The peer did not wait for our answer. Says 400, unless it has been answered already."""
        self.closed = True
        if self.state is ASGIWebsocketState.HANDSHAKE:
            await self._send_error_response(400)
        await self.send(StreamClosed(stream_id=self.stream_id))

    async def _part(self) -> None:
        """The application has returned: close properly, as far as that is not yet done."""
        self.inflow.give_back()
        if self.closed or not self.handshake.accepted:
            await super().app_send(None)
            return
        if not self._leaving:
            await self._send_wsproto_event(CloseConnection(code=CloseReason.INTERNAL_ERROR))
            self._leave()

    def _leave(self) -> None:
        """Our close frame has been sent: wait for the peer's, in a task of the connection."""
        self._leaving = True
        self.inflow.give_back()
        self.buffer.clear()
        self.task_group.spawn(self._hang_up)

    async def _hang_up(self) -> None:
        with trio.move_on_after(CLOSE_SECONDS):
            await self._gone.wait()
        if not self.closed:
            await self.send(StreamClosed(stream_id=self.stream_id))

    async def _handle_events(self) -> None:
        for event in self.connection.events():
            if isinstance(event, CloseConnection):
                await self._peer_closes(event)
            elif self._leaving:
                continue
            elif isinstance(event, Message):
                await self._take(event)
            elif isinstance(event, Ping):
                await self._send_wsproto_event(event.response())

    async def _take(self, event: Message[Any]) -> None:
        data = event.data
        plain = not isinstance(data, str) or data.isascii()
        self._size += len(data) if plain else len(data.encode("utf-8", "surrogatepass"))
        if self._size > self.config.websocket_max_message_size:
            log.warning("Message of over %d bytes: closing", self.config.websocket_max_message_size)
            await self._send_wsproto_event(CloseConnection(code=CloseReason.MESSAGE_TOO_BIG))
            self._leave()
            await self._tell_gone(CloseReason.MESSAGE_TOO_BIG)
            return
        self.buffer.extend(event)
        if event.message_finished:
            message = self.buffer.to_message()
            self.buffer.clear()
            self._size = 0
            await self._deliver(message)

    async def _peer_closes(self, event: CloseConnection) -> None:
        """Its wish, or what wsproto makes of bytes that are no WebSocket: we are open then."""
        if self.connection.state is ConnectionState.REMOTE_CLOSING:
            await self._send_wsproto_event(event.response())
        elif not self._leaving:
            await self._send_wsproto_event(CloseConnection(code=event.code))
        await self._tell_gone(event.code or CloseReason.NO_STATUS_RCVD)
        await self.send(StreamClosed(stream_id=self.stream_id))

    async def _tell_gone(self, code: int) -> None:
        """Tell the application that there is no more; in a task, since its queue may be full."""
        if not self._told and not self._finished:
            self._told = True
            message = {"type": "websocket.disconnect", "code": int(code)}
            self.task_group.spawn(self._deliver, message)

    async def _deliver(self, message: Any) -> None:
        """Hand a message to the application; one that has returned is not waited for."""
        if self._inbox is None or self._finished:
            return
        try:
            self._inbox.send_nowait(message)
        except trio.WouldBlock:
            with trio.CancelScope() as waiting:
                self._waiting.add(waiting)
                try:
                    await self._inbox.send(message)
                finally:
                    self._waiting.discard(waiting)
