"""A small HTTP/1.1 and WebSocket server for the stand-ins, over any Trio stream.

h11 knows HTTP, `frames` and wsproto know WebSockets; this module only moves their bytes, so that a
stand-in has full control of what a vendor would do: refuse an upgrade with a status and a body,
add headers to a 101, cut a body in the middle. One connection is one call of `serve_stream`, one
request one `Exchange`; keep-alive, `Expect` and chunked bodies are dealt with here. Refuses to
know any vendor.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final
from urllib.parse import parse_qsl

import attrs
import h11
import trio
from wsproto.utilities import generate_accept_token

from .sockets import SocketClosed, WireSocket

__all__ = ["Exchange", "Handler", "PeerGone", "Request", "ServerSocket", "SocketClosed"]

MAX_BODY_BYTES: Final = 1 << 24
_READ_BYTES: Final = 65_536

ServerSocket = WireSocket
Headers = Sequence[tuple[str, str]]


class PeerGone(Exception):
    """The other side of an exchange went away; nobody is left to answer."""


@attrs.frozen
class Request:
    """One request, its body read. Header names are lower-case, the query decoded in its order."""

    method: str
    target: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    body: bytes = b""
    is_upgrade: bool = False

    def json(self) -> Any:
        """The body as JSON; `ValueError` when it is not."""
        return json.loads(self.body)


class _Connection:
    """An h11 server connection and its stream."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self.stream = stream
        self.http = h11.Connection(h11.SERVER)

    async def event(self) -> Any:
        """The next h11 event that is not a need for data; `PeerGone` when the stream breaks."""
        while (event := self.http.next_event()) is h11.NEED_DATA:
            if self.http.they_are_waiting_for_100_continue:
                await self.send(h11.InformationalResponse(status_code=100, headers=[]))
            try:
                self.http.receive_data(bytes(await self.stream.receive_some(_READ_BYTES)))
            except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
                raise PeerGone from error
        return event

    async def send(self, *events: h11.Event) -> None:
        """Send these events' bytes in one piece."""
        try:
            if data := b"".join(self.http.send(event) or b"" for event in events):
                await self.stream.send_all(data)
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            raise PeerGone from error

    async def request(self) -> Request | None:
        """The next whole request; None when the peer is done or talks nonsense."""
        head = await self.event()
        if not isinstance(head, h11.Request):
            return None
        body = bytearray()
        while isinstance(part := await self.event(), h11.Data):
            body += part.data
            if len(body) > MAX_BODY_BYTES:
                await self.refuse(413)
                return None
        return _request(head, bytes(body))

    async def refuse(self, status: int) -> None:
        if self.http.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            headers = [("content-length", "0"), ("connection", "close")]
            answer = h11.Response(status_code=status, headers=headers)
            await self.send(answer, h11.EndOfMessage())


def _request(head: h11.Request, body: bytes) -> Request:
    target = head.target.decode("ascii")
    path, _, query = target.partition("?")
    headers = {name.decode("ascii"): value.decode("latin-1") for name, value in head.headers}
    return Request(
        method=head.method.decode("ascii"),
        target=target,
        path=path,
        query=tuple(parse_qsl(query, keep_blank_values=True)),
        headers=headers,
        body=body,
        is_upgrade=headers.get("upgrade", "").lower() == "websocket",
    )


class Exchange:
    """One request and its answer: `respond`, or `start`, `send`…, `finish`, or `accept`."""

    def __init__(self, connection: _Connection, request: Request) -> None:
        self._connection = connection
        self.request = request
        self.socket: WireSocket | None = None
        self.make_socket: Callable[..., WireSocket] = WireSocket

    @property
    def stream(self) -> trio.abc.Stream:
        """What it all goes over."""
        return self._connection.stream

    async def respond(
        self,
        status: int,
        body: bytes | str | Mapping[str, Any] | Sequence[Any] = b"",
        headers: Headers = (),
    ) -> None:
        """Answer with a whole body; a mapping or list is sent as JSON."""
        if not isinstance(body, bytes | str):
            headers = (("content-type", "application/json"), *headers)
            body = json.dumps(body)
        data = body.encode() if isinstance(body, str) else body
        whole = [*headers, ("content-length", str(len(data)))]
        await self._connection.send(
            h11.Response(status_code=status, headers=whole), h11.Data(data=data), h11.EndOfMessage()
        )

    async def start(self, status: int, headers: Headers = ()) -> None:
        """Send the head; without a `content-length` the body that follows is chunked."""
        await self._connection.send(h11.Response(status_code=status, headers=list(headers)))

    async def send(self, data: bytes) -> None:
        """Send a piece of the body; waits while the peer does not read."""
        await self._connection.send(h11.Data(data=data))

    async def finish(self) -> None:
        """End the body."""
        await self._connection.send(h11.EndOfMessage())

    async def abort(self) -> None:
        """Cut the connection, wherever the answer was."""
        self._connection.http.send_failed()
        await trio.aclose_forcefully(self._connection.stream)

    async def until_left(self) -> None:
        """Answer nothing, until the peer has gone."""
        try:
            while await self.stream.receive_some(_READ_BYTES):
                pass
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        raise PeerGone

    async def accept(self, headers: Headers = ()) -> ServerSocket:
        """Answer an upgrade with 101 and these headers. `PeerGone` when it was not a proper one."""
        key = self.request.headers.get("sec-websocket-key")
        if not self.request.is_upgrade or key is None:
            await self.respond(400, "not a WebSocket upgrade")
            raise PeerGone
        answer = [
            ("upgrade", "websocket"),
            ("connection", "Upgrade"),
            ("sec-websocket-accept", generate_accept_token(key.encode()).decode()),
            *headers,
        ]
        await self._connection.send(h11.InformationalResponse(status_code=101, headers=answer))
        early, _ = self._connection.http.trailing_data
        self.socket = self.make_socket(self._connection.stream, client=False, early=early)
        return self.socket


Handler = Callable[[Exchange], Awaitable[None]]


async def serve_stream(stream: trio.abc.Stream, handler: Handler) -> None:
    """Serve one connection until it ends, then close it. Never raises for a peer's fault.

    A bug in `handler` comes out as it is; a request it leaves without an answer gets a 500, a body
    it leaves open is cut, a socket it leaves open is closed.
    """
    connection = _Connection(stream)
    async with stream:
        try:
            while (request := await connection.request()) is not None:
                exchange = Exchange(connection, request)
                await handler(exchange)
                if exchange.socket is not None:
                    await exchange.socket.close()
                    return
                if not await _settled(connection):
                    return
        except (PeerGone, SocketClosed):
            return
        except h11.RemoteProtocolError as error:
            await _complain(connection, error.error_status_hint)


async def _settled(connection: _Connection) -> bool:
    """Whether the answer is complete and the connection can carry another request."""
    http = connection.http
    if http.our_state is h11.SEND_RESPONSE:
        await connection.refuse(500)
    if http.our_state is not h11.DONE or http.their_state is not h11.DONE:
        return False
    http.start_next_cycle()
    return True


async def _complain(connection: _Connection, status: int) -> None:
    with suppress(PeerGone, h11.LocalProtocolError):
        await connection.refuse(status)
