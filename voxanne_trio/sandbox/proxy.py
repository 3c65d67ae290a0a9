"""A small reverse proxy, to try two servers on one machine: `python -m voxanne_trio.sandbox.proxy`.

Requests and WebSocket upgrades go to the servers in turn. One that cannot be connected to, does not
answer in time or answers 503 (it starts, or drains) is passed over for the next, as nginx does
with `proxy_next_upstream error timeout http_503 non_idempotent`. An upgraded connection is bytes
in both directions from then on, and ends when either side does. What it holds is bounded. Refuses
to know TLS, keep-alive and whose requests these are.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Final
from urllib.parse import urlsplit

import attrs
import h11
import trio

CONNECT_SECONDS: Final = 1.0
REQUEST_SECONDS: Final = 10.0
ANSWER_SECONDS: Final = 10.0
MAX_BODY_BYTES: Final = 1 << 20
MOST_CONNECTIONS: Final = 1_000

_READ_BYTES: Final = 65_536
_OWN: Final = frozenset({b"connection", b"keep-alive", b"proxy-connection"})
_BROKEN: Final = (OSError, trio.BrokenResourceError, trio.ClosedResourceError)

Address = tuple[str, int]
Dial = Callable[[str, int], Awaitable[trio.abc.Stream]]


class _Gone(Exception):
    """The other side went away, or talks nonsense."""


@attrs.define
class _Peer:
    """One side of the proxy: a connection, and how far its HTTP is."""

    stream: trio.abc.Stream
    http: h11.Connection

    async def event(self) -> h11.Event | type[h11.PAUSED]:
        try:
            while (event := self.http.next_event()) is h11.NEED_DATA:
                self.http.receive_data(bytes(await self.stream.receive_some(_READ_BYTES)))
        except (*_BROKEN, h11.RemoteProtocolError) as error:
            raise _Gone from error
        assert not isinstance(event, type) or event is h11.PAUSED
        return event

    async def send(self, *events: h11.Event) -> None:
        try:
            await self.stream.send_all(b"".join(self.http.send(event) or b"" for event in events))
        except (*_BROKEN, h11.LocalProtocolError) as error:
            raise _Gone from error


@attrs.frozen
class _Asked:
    """A request as it will be made of a server."""

    head: h11.Request
    body: bytes
    is_upgrade: bool


class Proxy:
    """Before some servers; `handler` serves one connection."""

    def __init__(
        self,
        servers: Sequence[Address],
        *,
        dial: Dial = trio.open_tcp_stream,
        most: int = MOST_CONNECTIONS,
    ) -> None:
        self.servers = tuple(servers)
        self.served: Counter[Address] = Counter()
        """How many requests each server answered."""
        self.passed_over: Counter[Address] = Counter()
        """How often each could not, so that another was asked."""
        self._dial = dial
        self._most = most
        self._open = 0
        self._next = 0

    async def handler(self, stream: trio.abc.Stream) -> None:
        """One request, and what comes after an upgrade. Never raises for either side's faults."""
        client = _Peer(stream, h11.Connection(h11.SERVER))
        async with stream:
            with self._counted() as there_is_room:
                try:
                    if not there_is_room:
                        await _refuse(client, 503)
                    elif (asked := await _read(client)) is not None:
                        await self._relay(client, asked)
                except _Gone:
                    return

    @contextmanager
    def _counted(self) -> Iterator[bool]:
        self._open += 1
        try:
            yield self._open <= self._most
        finally:
            self._open -= 1

    async def _relay(self, client: _Peer, asked: _Asked) -> None:
        status = 502
        for address in self._in_turn():
            server = await self._connect(address)
            if server is None:
                self.passed_over[address] += 1
                continue
            async with server.stream:
                head = await _ask(server, asked)
                if head is not None and head.status_code != 503:
                    self.served[address] += 1
                    await _answer(client, server, head)
                    return
            self.passed_over[address] += 1
            status = 503 if head is not None else status
        await _refuse(client, status)

    def _in_turn(self) -> list[Address]:
        first = self._next % len(self.servers)
        self._next += 1
        return [*self.servers[first:], *self.servers[:first]]

    async def _connect(self, address: Address) -> _Peer | None:
        try:
            with trio.move_on_after(CONNECT_SECONDS):
                stream = await self._dial(*address)
                return _Peer(stream, h11.Connection(h11.CLIENT))
        except OSError:
            pass
        return None


async def _read(client: _Peer) -> _Asked | None:
    """A whole request; None when there is none in time."""
    with trio.move_on_after(REQUEST_SECONDS):
        head = await client.event()
        if not isinstance(head, h11.Request):
            return None
        body = bytearray()
        while isinstance(part := await client.event(), h11.Data):
            body += part.data
            if len(body) > MAX_BODY_BYTES:
                await _refuse(client, 413)
                return None
        is_upgrade = any(name == b"upgrade" for name, _ in head.headers)
        kept = _kept(head.headers, b"Upgrade" if is_upgrade else b"close")
        passed_on = h11.Request(
            method=head.method, target=head.target, headers=[*kept, (b"x-forwarded-by", b"proxy")]
        )
        return _Asked(passed_on, bytes(body), is_upgrade)
    return None


async def _ask(server: _Peer, asked: _Asked) -> h11.Response | h11.InformationalResponse | None:
    """The head of the answer, which may switch protocols; None without one in time."""
    with trio.move_on_after(ANSWER_SECONDS):
        try:
            body = [h11.Data(data=asked.body)] if asked.body else []
            await server.send(asked.head, *body, h11.EndOfMessage())
            while True:
                event = await server.event()
                if isinstance(event, h11.Response):
                    return event
                if not isinstance(event, h11.InformationalResponse):
                    return None
                if event.status_code == 101:
                    return event
        except _Gone:
            pass
    return None


async def _answer(
    client: _Peer, server: _Peer, head: h11.Response | h11.InformationalResponse
) -> None:
    if isinstance(head, h11.InformationalResponse):
        await client.send(head)
        await _splice(client, server)
        return
    headers = _kept(head.headers, b"close")
    await client.send(h11.Response(status_code=head.status_code, headers=headers))
    while isinstance(part := await server.event(), h11.Data):
        await client.send(part)
    await client.send(h11.EndOfMessage())


async def _splice(client: _Peer, server: _Peer) -> None:
    """Bytes both ways until either side ends; then both are over."""
    async with trio.open_nursery() as nursery:
        for source, sink in ((client, server), (server, client)):
            nursery.start_soon(_copy, source, sink, nursery.cancel_scope)


async def _copy(source: _Peer, sink: _Peer, over: trio.CancelScope) -> None:
    data, _ = source.http.trailing_data
    try:
        while True:
            if data:
                await sink.stream.send_all(data)
            if not (data := bytes(await source.stream.receive_some(_READ_BYTES))):
                break
    except _BROKEN:
        pass
    over.cancel()


async def _refuse(client: _Peer, status: int) -> None:
    headers = [("content-length", "0"), ("connection", "close")]
    await client.send(h11.Response(status_code=status, headers=headers), h11.EndOfMessage())


def _kept(headers: Iterable[tuple[bytes, bytes]], connection: bytes) -> list[tuple[bytes, bytes]]:
    """The headers that are not this connection's own, and what is."""
    return [(b"connection", connection), *(one for one in headers if one[0] not in _OWN)]


async def serve(
    proxy: Proxy,
    port: int,
    *,
    host: str = "127.0.0.1",
    task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve on a port (0: any) until cancelled; the task status is the port."""
    listeners = await trio.open_tcp_listeners(port, host=host)
    async with trio.open_nursery() as nursery:
        await nursery.start(partial(trio.serve_listeners, proxy.handler, listeners))
        task_status.started(listeners[0].socket.getsockname()[1])
        await trio.sleep_forever()


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve the servers that are named, until stopped."""
    parser = argparse.ArgumentParser(prog="python -m voxanne_trio.sandbox.proxy")
    parser.add_argument("--port", type=int, default=8080, help="loopback port (8080)")
    parser.add_argument("server", nargs="+", help="http://HOST:PORT, in turn")
    options = parser.parse_args(arguments)
    servers = [urlsplit(url) for url in options.server]
    proxy = Proxy([(url.hostname or "127.0.0.1", url.port or 80) for url in servers])
    sys.stderr.write(f"proxy on http://127.0.0.1:{options.port}; stop with Ctrl-C\n")
    try:
        trio.run(
            partial(serve, proxy, options.port), restrict_keyboard_interrupt_to_checkpoints=True
        )
    except KeyboardInterrupt:
        sys.stderr.write("stopped\n")


if __name__ == "__main__":
    main()
