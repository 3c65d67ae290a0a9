"""One WebSocket of Hypercorn's, guarded; `guard` puts it in its place.

Plain frames go the short way (`inflow`), all others through wsproto: messages are measured before
they are kept, nothing is compressed, data before the handshake's end is refused, and after our
close frame what still comes is discarded until the peer answers or `CLOSE_SECONDS` have passed;
then TCP is closed. What is no plain frame is judged in small pieces, with others' turns between
them, and a peer that sends more messages than any call has is closed. The application is told at
once, and is never left waiting in a full queue.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final

import trio
from hypercorn.events import Event
from hypercorn.protocol.events import Body, Data, Request, StreamClosed
from hypercorn.protocol.events import Event as StreamEvent
from hypercorn.protocol.ws_stream import ASGIWebsocketState, WSStream
from hypercorn.typing import ASGISendEvent, WebsocketAcceptEvent
from wsproto.connection import ConnectionState
from wsproto.events import CloseConnection, Message, Ping
from wsproto.frame_protocol import CloseReason

from . import plain_frames
from .inflow import EXTENSION, HANDOVER, Inflow

log = logging.getLogger("voxanne.web")

CLOSE_SECONDS: Final = 2.0

JUDGED_BYTES: Final = 512
"""Of frames that are not plain, in one step: under a hundred, some milliseconds' work."""


class Upgraded(Event):
    """A WebSocket was accepted on this connection: it may now last, and gets what comes."""

    def __init__(self, socket: GuardedSocket) -> None:
        self.socket = socket


class GuardedSocket(WSStream):
    """See the module's head."""

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
        if self.inflow.is_flooded:
            await self._turn_away(CloseReason.POLICY_VIOLATION, "more messages than a call has")
            return
        for begin in range(0, len(data), JUDGED_BYTES):
            if self.closed:
                return
            self.connection.receive_data(data[begin : begin + JUDGED_BYTES])
            await self._handle_events()
            await trio.lowlevel.checkpoint()

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
            elif self.inflow.counts(1):
                await self._turn_away(CloseReason.POLICY_VIOLATION, "more frames than a call has")
            elif isinstance(event, Message):
                await self._take(event)
            elif isinstance(event, Ping):
                await self._send_wsproto_event(event.response())

    async def _take(self, event: Message[Any]) -> None:
        data = event.data
        plain = not isinstance(data, str) or data.isascii()
        self._size += len(data) if plain else len(data.encode("utf-8", "surrogatepass"))
        if self._size > self.config.websocket_max_message_size:
            size = self.config.websocket_max_message_size
            await self._turn_away(CloseReason.MESSAGE_TOO_BIG, f"a message of over {size} bytes")
            return
        self.buffer.extend(event)
        if event.message_finished:
            message = self.buffer.to_message()
            self.buffer.clear()
            self._size = 0
            await self._deliver(message)

    async def _turn_away(self, code: CloseReason, why: str) -> None:
        log.warning("Closing a stream: %s", why)
        await self._send_wsproto_event(CloseConnection(code=code))
        self._leave()
        await self._tell_gone(code)

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
