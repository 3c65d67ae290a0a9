"""The media endpoint: `WS /ws/media-stream/<ticket>`, as plain ASGI around the Quart application.

Frames come 50 times a second and call, so they do not pass through Quart, which costs more than
all our own work on them and, on a disconnect, drops what it had queued (a `stop`). Knows admission:
Twilio's signature and our ticket are checked before the upgrade is accepted; the call is told for
whom the ticket was made. Here is each call's one boundary: whatever leaves the call is logged and
ends in a close of this socket, and of nothing else.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

import trio

from ..events import Draining
from ..observe.logs import CallLog, Seldom
from ..telephony.media_stream import SocketGone
from ..telephony.signature import SETTINGS_HEADER, SIGNATURE_HEADER, is_signed
from ..telephony.tickets import BadTicket
from .desk import Answer, Desk, LiveCall
from .inflow import EXTENSION, HANDOVER, Inflow
from .pump import Pump

log = logging.getLogger("voxanne.web")

PATH: Final = "/ws/media-stream/"
CLOSE_SECONDS: Final = 2.0

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Any, Any, Any], Awaitable[None]]


class Refused(Exception):
    """An upgrade that is not accepted, with its HTTP status."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class AsgiSocket:
    """A call's `MediaSocket` on ASGI's `receive` and `send`, and on the `Inflow` when lent."""

    def __init__(
        self,
        receive: Receive,
        send: Send,
        inflow: Inflow | None = None,
        live: LiveCall | None = None,
    ) -> None:
        self._receive = receive
        self._send = send
        self._inflow = inflow
        self._live = live
        self._is_lent = False
        self._gone: int | None = None
        self._closed = False

    async def receive(self) -> str | bytes:
        """The next message; raises `SocketGone` after the last."""
        if self._gone is not None:
            await trio.lowlevel.checkpoint()
            raise SocketGone(self._gone)
        if self._is_lent and (text := await self._next_text()) is not None:
            return text
        event = await self._receive()
        if event is HANDOVER:
            self._is_lent = True
            return await self.receive()
        if event["type"] == "websocket.disconnect":
            self._gone = int(event.get("code") or 1005)
            raise SocketGone(self._gone)
        text = event.get("text")
        message: str | bytes = text if text is not None else event["bytes"]
        return message

    async def pour(self, sink: Callable[[str | bytes], bool]) -> None:
        """See `MediaSocket.pour`: from an inflow that is lent, without a task for each message."""
        while not sink(await self.receive()):
            if self._is_lent and await self._flow(sink):
                return

    async def _next_text(self) -> str | None:
        """The next message of an inflow that is lent; None once it is not."""
        texts: list[str] = []

        def take(text: str) -> bool:
            texts.append(text)
            return True

        return texts[0] if await self._flow(take) else None

    async def _flow(self, sink: Callable[[str], bool]) -> bool:
        """Pour the inflow; whether the sink had enough, or it is no longer lent."""
        assert self._inflow is not None
        self._is_lent = await self._inflow.pour(sink)
        return self._is_lent

    async def send(self, message: str) -> None:
        """Send a text message. To a peer that is gone it does nothing, at a checkpoint."""
        if self._closed or self._gone is not None:
            await trio.lowlevel.checkpoint()
        else:
            await self._send({"type": "websocket.send", "bytes": None, "text": message})

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Close; once, and not a socket that is gone."""
        if self._closed or self._gone is not None:
            await trio.lowlevel.checkpoint()
        else:
            self._closed = True
            await self._send({"type": "websocket.close", "code": code, "reason": reason})

    def on_draining(self, tell: Callable[[Draining], None] | None) -> None:
        """See `MediaSocket.on_draining`."""
        if self._live is not None:
            self._live.tell = tell


class MediaEndpoint:
    """ASGI application: media streams here, everything else to the one inside."""

    def __init__(self, desk: Desk, answer: Answer, inside: AsgiApp) -> None:
        self._desk = desk
        self._answer = answer
        self._inside = inside
        self._strangers = Seldom(log)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket" and _raw_path(scope).startswith(PATH):
            await self._serve(scope, receive, send)
        else:
            await self._inside(scope, receive, send)

    async def _serve(self, scope: Any, receive: Receive, send: Send) -> None:
        await receive()  # websocket.connect
        try:
            services, call_sid = self._admit(scope)
        except Refused as refused:
            self._strangers.warning("Stream refused: %s", refused)
            await _refuse(scope, send, refused)
            return
        calls = self._desk.calls
        with calls.taking_one() as live:
            await calls.end(call_sid)
            inflow = _inflow(scope, self._desk.pump)
            await send({"type": "websocket.accept", "subprotocol": None, "headers": []})
            with calls.being(call_sid, live):
                await self._take_call(AsgiSocket(receive, send, inflow, live), services, call_sid)

    def _admit(self, scope: Any) -> tuple[Any, str]:
        """The services and the ticket's call; raises `Refused`. Synchronous: a ticket is taken
        and the call counted without anything in between."""
        desk, raw_path = self._desk, _raw_path(scope)
        headers = {name.decode("latin-1").lower(): value for name, value in scope["headers"]}
        query = scope.get("query_string", b"").decode("latin-1")
        if not is_signed(
            headers.get(SIGNATURE_HEADER.lower(), b"").decode("latin-1"),
            desk.stream_url(raw_path + (f"?{query}" if query else "")),
            keys=desk.settings.twilio_auth_tokens,
            settings=headers.get(SETTINGS_HEADER.lower(), b"").decode("latin-1"),
        ):
            raise Refused(403, "not signed by Twilio")
        sent = raw_path.removeprefix(PATH)
        if desk.composition is None or not desk.takes(sent):
            raise Refused(503, desk.status)
        try:
            ticket = desk.tickets.take(sent)
        except BadTicket as bad:
            raise Refused(403, f"ticket {bad}") from bad
        if desk.is_full and ticket.call_sid not in desk.calls:
            raise Refused(503, "all lines busy")
        return desk.composition.services, ticket.call_sid

    async def _take_call(self, socket: AsgiSocket, services: Any, call_sid: str) -> None:
        """The call's boundary: nothing but a cancellation from above leaves it."""
        log = CallLog(call_sid)
        code, reason = 1000, ""
        try:
            await self._answer(socket, services, call_sid)
        except BaseException as error:  # noqa: ASYNC103 - a leaked `Cancelled` must end here
            stopping = trio.current_effective_deadline() == -math.inf
            bug = _bug(error)
            if bug is not None:
                log.error("Call failed", exc_info=bug)
            elif not stopping:
                log.error("Call failed: a cancellation leaked out of its scope", exc_info=error)
            code, reason = (1001, "going away") if stopping else (1011, "internal error")
            if stopping or isinstance(error, KeyboardInterrupt):
                raise
        finally:
            with trio.CancelScope(shield=True, deadline=trio.current_time() + CLOSE_SECONDS):
                await socket.close(code, reason)


def _inflow(scope: Any, pump: Pump) -> Inflow | None:
    """The stream's own inflow, asked for; None behind a server that has none to lend."""
    offered = (scope.get("extensions") or {}).get(EXTENSION)
    if offered is None:
        return None
    inflow: Inflow = offered["inflow"]
    inflow.pump = pump
    return inflow


def _bug(error: BaseException) -> BaseException | None:
    """What in an error is no cancellation."""
    if isinstance(error, BaseExceptionGroup):
        return error.split(trio.Cancelled)[1]
    return None if isinstance(error, trio.Cancelled) else error


async def _refuse(scope: Any, send: Send, refused: Refused) -> None:
    """An HTTP answer in place of the upgrade; a close, which reads as 403, where only that goes."""
    if "websocket.http.response" not in (scope.get("extensions") or {}):
        await send({"type": "websocket.close", "code": 1008, "reason": str(refused)})
        return
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"0")]
    await send(
        {"type": "websocket.http.response.start", "status": refused.status, "headers": headers}
    )
    await send({"type": "websocket.http.response.body", "body": b"", "more_body": False})


def _raw_path(scope: Any) -> str:
    """The path as it was on the wire; a ticket needs no decoding."""
    raw: bytes | None = scope.get("raw_path")
    path: str = scope["path"] if raw is None else raw.decode("latin-1")
    return path
