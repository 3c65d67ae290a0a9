"""Connections to vendors: one bounded WebSocket client for every stage that needs one.

Knows how to dial (TCP, TLS with one shared context), how long a handshake may take, and how a
refused handshake maps to our errors. Refuses to know what is said on the socket. In tests the
`open_stream` of the `Dialer` gives in-memory streams and all else stays real.

The stream under a WebSocket is a `Line`, on which audio and messages go past the library: they are
sent and read by the functions of `line`.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final
from urllib.parse import urlsplit

import attrs
import httpx
import trio
import trio_websocket

from .errors import PermanentVendorError, TransientVendorError, VendorError, retry_after_of
from .line import MAX_MESSAGE_BYTES, Line

CONNECT_SECONDS: Final = 4.0
CLOSE_SECONDS: Final = 1.0
UNACKNOWLEDGED_MS: Final = 5_000
"""A connection whose other end has confirmed nothing for so long is broken, says the kernel; of its
own it would hope for a quarter of an hour. So a half-open one is found out in a silence too."""
INBOUND_MESSAGES: Final = 16
"""Messages trio-websocket holds, where it reads, before it stops: TCP then pushes back."""

_WORTH_ANOTHER_TRY: Final = frozenset({408, 425, 429, 499})

OpenStream = Callable[[str, int], Awaitable[trio.abc.Stream]]


async def open_tcp(host: str, port: int) -> trio.abc.Stream:
    """A TCP stream to a host; `OSError` when nobody answers."""
    stream = await trio.open_tcp_stream(host, port)
    if hasattr(trio.socket, "TCP_USER_TIMEOUT"):  # Linux
        tcp, option = trio.socket.IPPROTO_TCP, trio.socket.TCP_USER_TIMEOUT
        stream.setsockopt(tcp, option, UNACKNOWLEDGED_MS)
    return stream


@attrs.frozen
class Dialer:
    """How a stream to `(host, port)` is opened, and the process's one TLS context."""

    open_stream: OpenStream = open_tcp
    ssl_context: ssl.SSLContext = attrs.field(factory=ssl.create_default_context, repr=False)

    async def dial(self, scheme: str, host: str, port: int) -> trio.abc.Stream:
        stream = await self.open_stream(host, port)
        if scheme in {"wss", "https"}:
            return trio.SSLStream(
                stream, self.ssl_context, server_hostname=host, https_compatible=True
            )
        return stream


@asynccontextmanager
async def open_websocket(
    dialer: Dialer,
    url: str,
    *,
    vendor: str,
    headers: list[tuple[bytes, bytes]],
    connect_seconds: float = CONNECT_SECONDS,
) -> AsyncIterator[trio_websocket.WebSocketConnection]:
    """A connected WebSocket client that owns its nursery and closes its stream itself.

    `url` is `ws://` or `wss://`. Raises `TransientVendorError` when nobody answers within
    `connect_seconds` or the answer is worth another try, `PermanentVendorError` for other refusals
    (401, 400, …). On leaving, also by cancellation, the stream is closed; a polite close frame is
    attempted for `CLOSE_SECONDS` only when the body ended normally, and whether that goes well is
    nobody's concern. Whatever a peer sends before in place of the protocol is a
    `TransientVendorError` too, and where connected may cancel the body. Messages are read with
    `line.next_message`.
    """
    connected = is_over = False
    failure: Exception | None = None
    try:
        with trio.CancelScope(deadline=trio.current_time() + connect_seconds) as connecting:
            async with await _dial(dialer, url) as stream, trio.open_nursery() as nursery:
                socket = await _handshake(nursery, stream, url, headers)
                connected = True
                connecting.deadline = float("inf")
                try:
                    yield socket
                except Exception as error:  # noqa: BLE001 - raised again below, out of the nursery's group
                    failure = error
                else:
                    is_over = True
                    with trio.move_on_after(CLOSE_SECONDS):
                        await socket.aclose()
                nursery.cancel_scope.cancel()
    except OSError as error:
        raise TransientVendorError(vendor, f"cannot be reached ({error})") from error
    except BaseExceptionGroup as group:
        if group.split(_is_of_the_wire)[1] is not None:
            raise
        if not connected:
            raise _from_handshake(vendor, group) from group
        if not is_over:
            failure = failure or TransientVendorError(vendor, "broke the protocol")
    if failure is not None:
        raise failure
    if not connected:
        raise TransientVendorError(vendor, f"no answer within {connect_seconds:g} s")


async def _dial(dialer: Dialer, url: str) -> trio.abc.Stream:
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "wss" else 80)
    return await dialer.dial(parts.scheme, parts.hostname or "", port)


async def _handshake(
    nursery: trio.Nursery, stream: trio.abc.Stream, url: str, headers: list[tuple[bytes, bytes]]
) -> trio_websocket.WebSocketConnection:
    parts = urlsplit(url)
    return await trio_websocket.wrap_client_stream(
        nursery,
        Line(stream),  # type: ignore[arg-type]  # any trio Stream will do; the library names only sockets
        parts.netloc,
        parts.path + (f"?{parts.query}" if parts.query else ""),
        extra_headers=headers,
        message_queue_size=INBOUND_MESSAGES,
        max_message_size=MAX_MESSAGE_BYTES,
    )


def _is_of_the_wire(error: BaseException) -> bool:
    """Whether an error tells of the connection or the peer. The libraries raise some of their own
    as they answer garbage, and stumble over headers that are no ASCII."""
    return isinstance(
        error,
        trio_websocket.HandshakeError
        | trio_websocket.ConnectionClosed
        | trio.BrokenResourceError
        | trio.ClosedResourceError
        | UnicodeError,
    ) or type(error).__module__.startswith(("wsproto", "h11"))


def _from_handshake(vendor: str, group: BaseExceptionGroup[BaseException]) -> VendorError:
    rejected, _ = group.split(trio_websocket.ConnectionRejected)
    if rejected is None:
        return TransientVendorError(vendor, "broke off the handshake")
    error: BaseException = rejected
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, trio_websocket.ConnectionRejected)
    return refusal(vendor, error.status_code, dict(error.headers or ()), error.body)


def refusal(
    vendor: str, status: int, headers: dict[bytes, bytes], body: bytes | None
) -> VendorError:
    """The error for an HTTP answer that is not the wished one; `headers` have lower-case names."""
    said = headers.get(b"dg-error") or (body or b"")[:200]
    kind = (
        TransientVendorError
        if status in _WORTH_ANOTHER_TRY or status >= 500
        else PermanentVendorError
    )
    return kind(
        vendor,
        said.decode("utf-8", "replace") or "refused",
        status=status,
        request_id=headers.get(b"dg-request-id", b"").decode("latin-1") or None,
        retry_after=retry_after_of(headers.get(b"retry-after", b"").decode("latin-1")),
    )


async def end_from_within(body: AsyncIterator[bytes]) -> None:
    """End httpx's nested generators by a cancellation at the innermost, which closes the
    connection there and then; left suspended they would be finalised by the garbage collector."""
    with trio.CancelScope(shield=True) as scope, suppress(httpx.HTTPError, httpx.StreamError):
        scope.cancel()
        async for _ in body:
            pass
