"""The stand-ins' own HTTP and WebSocket client: one connection a request, headers as told.

Knows h11 and the upgrade handshake. Refuses to add a header that was not asked for (Twilio's
upgrade has no Origin, no subprotocol and no extensions, and a server must not rely on them), and
to know TLS: whoever dials decides what an `https` origin really is.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import attrs
import h11
import trio
from wsproto.utilities import generate_accept_token

from .sockets import WireSocket

Dial = Callable[[str, int], Awaitable[trio.abc.Stream]]
Headers = Sequence[tuple[str, str]]

_READ_BYTES: Final = 65_536
_DEFAULT_PORTS: Final[Mapping[str, int]] = {"http": 80, "ws": 80, "https": 443, "wss": 443}


class NoAnswer(Exception):
    """The peer could not be reached, or went away before it had answered."""


class NotReached(NoAnswer):
    """No connection could be made."""


class UpgradeRefused(Exception):
    """The peer answered an upgrade with something else than 101."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(f"status {status}")
        self.status = status
        self.body = body


@attrs.frozen
class Response:
    """An answer, its body read; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


async def fetch(
    dial: Dial, method: str, url: str, *, headers: Headers = (), body: bytes = b""
) -> Response:
    """One request on a connection of its own. Raises `NoAnswer`; the caller bounds its time."""
    stream = await _connect(dial, url)
    async with stream:
        http = h11.Connection(h11.CLIENT)
        await _ask(stream, http, method, url, headers, body)
        return await _response(stream, http)


async def abandon(
    dial: Dial, method: str, url: str, *, headers: Headers = (), body: bytes = b""
) -> None:
    """Make a request and go away without its answer. Raises `NoAnswer`."""
    stream = await _connect(dial, url)
    async with stream:
        await _ask(stream, h11.Connection(h11.CLIENT), method, url, headers, body)


async def _ask(
    stream: trio.abc.Stream,
    http: h11.Connection,
    method: str,
    url: str,
    headers: Headers,
    body: bytes,
) -> None:
    sized = [("content-length", str(len(body)))] if body or method == "POST" else []
    whole = [("Host", urlsplit(url).netloc), *headers, *sized, ("Connection", "close")]
    head = h11.Request(method=method, target=_target(url), headers=whole)
    await _send(stream, http, head, h11.Data(data=body), h11.EndOfMessage())


async def open_socket(
    dial: Dial,
    url: str,
    *,
    headers: Headers = (),
    make_socket: Callable[..., WireSocket] = WireSocket,
) -> WireSocket:
    """A client's WebSocket, with exactly these headers beside those of the handshake.

    Raises `NoAnswer` and `UpgradeRefused`; cancelled, it leaves no stream open.
    """
    stream = await _connect(dial, url)
    done = False
    try:
        http = h11.Connection(h11.CLIENT)
        key = base64.b64encode(os.urandom(16))
        handshake: list[tuple[str, str]] = [
            ("Host", urlsplit(url).netloc),
            *(header for header in headers if header[0] == "User-Agent"),
            ("Connection", "Upgrade"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Key", key.decode()),
            ("Sec-WebSocket-Version", "13"),
            *(header for header in headers if header[0] != "User-Agent"),
        ]
        head = h11.Request(method="GET", target=_target(url), headers=handshake)
        await _send(stream, http, head, h11.EndOfMessage())
        await _await_switch(stream, http, generate_accept_token(key))
        done = True
        return make_socket(stream, client=True, early=http.trailing_data[0])
    finally:
        if not done:
            await trio.aclose_forcefully(stream)


async def _connect(dial: Dial, url: str) -> trio.abc.Stream:
    parts = urlsplit(url)
    try:
        port = parts.port or _DEFAULT_PORTS[parts.scheme]
        return await dial(parts.hostname or "", port)
    except (OSError, ValueError, KeyError) as error:
        raise NotReached(f"{url}: {error}") from error


def _target(url: str) -> str:
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


async def _send(stream: trio.abc.Stream, http: h11.Connection, *events: h11.Event) -> None:
    try:
        await stream.send_all(b"".join(http.send(event) or b"" for event in events))
    except trio.BrokenResourceError as error:
        raise NoAnswer("the connection broke") from error


async def _event(stream: trio.abc.Stream, http: h11.Connection) -> Any:
    try:
        while (event := http.next_event()) is h11.NEED_DATA:
            http.receive_data(bytes(await stream.receive_some(_READ_BYTES)))
    except (trio.BrokenResourceError, h11.RemoteProtocolError) as error:
        raise NoAnswer(str(error) or "the connection broke") from error
    return event


async def _response(stream: trio.abc.Stream, http: h11.Connection) -> Response:
    while isinstance(event := await _event(stream, http), h11.InformationalResponse):
        pass
    if not isinstance(event, h11.Response):
        raise NoAnswer("the connection was closed")
    return await _with_body(stream, http, event)


async def _with_body(
    stream: trio.abc.Stream, http: h11.Connection, response: h11.Response
) -> Response:
    body = bytearray()
    while isinstance(part := await _event(stream, http), h11.Data):
        body += part.data
    headers = {name.decode(): value.decode("latin-1") for name, value in response.headers}
    return Response(response.status_code, headers, bytes(body))


async def _await_switch(stream: trio.abc.Stream, http: h11.Connection, token: bytes) -> None:
    while True:
        event = await _event(stream, http)
        if isinstance(event, h11.Response):
            refused = await _with_body(stream, http, event)
            raise UpgradeRefused(refused.status, refused.body)
        if not isinstance(event, h11.InformationalResponse):
            raise NoAnswer("the connection was closed")
        if event.status_code == 101:
            break
    headers = dict(event.headers)
    if headers.get(b"sec-websocket-accept") != token:
        raise UpgradeRefused(101, b"wrong Sec-WebSocket-Accept")
    for unasked in (b"sec-websocket-protocol", b"sec-websocket-extensions"):
        if unasked in headers:
            raise UpgradeRefused(101, b"answered with " + unasked + b", which was not offered")
