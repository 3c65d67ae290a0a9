"""An HTTP request as one piece on the wire: its head waits for its body.

httpcore sends the head of a request, the body and the end one after another, and each send is a
step of the loop, on which a caller waits behind everybody else. Here what is written is kept until
the first read, which every request comes to: then it leaves at once, in one packet and one TLS
record. Refuses to know HTTP.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Final

import httpcore
import httpx

MOST_BYTES: Final = 65_536
"""What is kept back; a larger request goes out as it comes."""


class _Stream(httpcore.AsyncNetworkStream):
    """A stream that sends what was written when something is to be read."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream
        self._unsent = bytearray()
        self._timeout: float | None = None

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._unsent += buffer
        self._timeout = timeout
        if len(self._unsent) > MOST_BYTES:
            await self._send()

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._unsent:
            with suppress(httpcore.WriteError):  # as httpcore does: there may be an answer
                await self._send()
        return await self._stream.read(max_bytes, timeout)

    async def _send(self) -> None:
        data, self._unsent = bytes(self._unsent), bytearray()
        await self._stream.write(data, self._timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        return _Stream(await self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Backend(httpcore.AsyncNetworkBackend):
    """Another backend's connections."""

    def __init__(self, backend: httpcore.AsyncNetworkBackend) -> None:
        self._backend = backend

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        return _Stream(
            await self._backend.connect_tcp(host, port, timeout, local_address, socket_options)
        )

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        return _Stream(await self._backend.connect_unix_socket(path, timeout, socket_options))

    async def sleep(self, seconds: float) -> None:
        await self._backend.sleep(seconds)


def in_one_write(transport: httpx.AsyncBaseTransport) -> httpx.AsyncBaseTransport:
    """The same transport, whose new connections send each request in one piece.

    Left as it is: any that is no `httpx.AsyncHTTPTransport`, and one with HTTP/2, where requests
    share a connection that is always being read.
    """
    pool = getattr(transport, "_pool", None)  # httpx has no parameter for a backend
    if not isinstance(pool, httpcore.AsyncConnectionPool) or pool._http2:
        return transport
    if not isinstance(pool._network_backend, _Backend):
        pool._network_backend = _Backend(pool._network_backend)
    return transport
