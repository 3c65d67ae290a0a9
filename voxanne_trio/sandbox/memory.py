"""Wires without sockets: whole calls over bounded in-memory byte streams, on any clock.

A `MemoryStream` behaves like a TCP socket where it matters: it holds a bounded number of bytes,
writes what fits and then waits (so a cancelled `send_all` may have written half a frame, which
Trio's own memory streams hide), and has two directions that end apart. A `Network` is a set of
hosts to dial. `http_transport` puts httpx on it, `MemoryServer` serves an ASGI application with
Hypercorn's real connection code. All framing libraries stay real.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Awaitable, Callable
from typing import Any, Final

import attrs
import httpcore
import httpx
import trio
from httpcore._backends.trio import TrioStream
from hypercorn.config import Config
from hypercorn.trio.lifespan import Lifespan
from hypercorn.trio.tcp_server import TCPServer
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import ConnectionState, Framework
from hypercorn.utils import wrap_app

CAPACITY: Final = 65_536
"""Bytes a direction of a stream holds, as a socket buffer would."""

_RECEIVE_BYTES: Final = 65_536

Address = tuple[str, int]
Handler = Callable[["MemoryStream"], Awaitable[None]]


@attrs.define(eq=False)
class _Pipe:
    """One direction: bytes on their way, and the tasks that wait for them or for room."""

    capacity: int
    data: bytearray = attrs.field(factory=bytearray)
    ended: bool = False  # the writer will write no more
    deaf: bool = False  # the reader has closed: writing breaks
    reset: bool = False  # the connection was cut: both sides break
    waiting: trio.lowlevel.ParkingLot = attrs.field(factory=trio.lowlevel.ParkingLot)

    def changed(self) -> None:
        self.waiting.unpark_all()


@attrs.frozen
class _SocketNames:
    """What Hypercorn and httpcore ask a socket for."""

    local: Address
    remote: Address
    family: int = socket.AF_INET

    def getsockname(self) -> Address:
        return self.local

    def getpeername(self) -> Address:
        return self.remote


class MemoryStream(trio.abc.HalfCloseableStream):
    """One end of a TCP-like connection. Errors are those of `trio.SocketStream`."""

    def __init__(self, outgoing: _Pipe, incoming: _Pipe, names: _SocketNames) -> None:
        self._outgoing = outgoing
        self._incoming = incoming
        self._closed = False
        self.socket = names

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        rest = memoryview(bytes(data))
        pipe = self._outgoing
        while True:
            if self._closed:
                raise trio.ClosedResourceError
            if pipe.ended or pipe.deaf or pipe.reset:
                raise trio.BrokenResourceError
            await trio.lowlevel.checkpoint_if_cancelled()
            if room := min(len(rest), pipe.capacity - len(pipe.data)):
                pipe.data += rest[:room]
                rest = rest[room:]
                pipe.changed()
            if not rest:
                await trio.lowlevel.cancel_shielded_checkpoint()
                return
            await pipe.waiting.park()  # cancelled here, half of it is on the wire: like a socket

    def take_at_once(self, data: bytes) -> int:
        """How many bytes of it fit now, as a socket that does not block takes them."""
        pipe = self._outgoing
        if self._closed or pipe.ended or pipe.deaf or pipe.reset:
            return 0
        taken = data[: max(pipe.capacity - len(pipe.data), 0)]
        if taken:
            pipe.data += taken
            pipe.changed()
        return len(taken)

    async def wait_send_all_might_not_block(self) -> None:
        pipe = self._outgoing
        while not (self._closed or pipe.deaf or pipe.reset) and len(pipe.data) >= pipe.capacity:
            await pipe.waiting.park()
        await trio.lowlevel.checkpoint()

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        await trio.lowlevel.checkpoint()
        pipe = self._incoming
        while not pipe.data:
            if self._closed:
                raise trio.ClosedResourceError
            if pipe.reset:
                raise trio.BrokenResourceError
            if pipe.ended:
                return b""
            await pipe.waiting.park()
        got = bytes(pipe.data[: max_bytes or _RECEIVE_BYTES])
        del pipe.data[: len(got)]
        pipe.changed()
        return got

    async def send_eof(self) -> None:
        if self._closed:
            raise trio.ClosedResourceError
        self._outgoing.ended = True
        self._outgoing.changed()
        await trio.lowlevel.checkpoint()

    def close(self) -> None:
        """Close at once, without a checkpoint; what was sent can still be read by the peer."""
        if self._closed:
            return
        self._closed = True
        self._outgoing.ended = True
        self._incoming.deaf = True
        self._incoming.data.clear()
        self._outgoing.changed()
        self._incoming.changed()

    def reset(self) -> None:
        """Cut the connection as a TCP reset does: what was on its way is lost, both sides break."""
        for pipe in (self._outgoing, self._incoming):
            pipe.reset = True
            pipe.data.clear()
            pipe.changed()

    async def aclose(self) -> None:
        self.close()
        await trio.lowlevel.checkpoint()

    @property
    def has_unread(self) -> bool:
        """Whether a read would return at once: data, or an end that has been reached."""
        pipe = self._incoming
        return bool(pipe.data) or pipe.ended or pipe.reset


def pair(
    capacity: int = CAPACITY,
    *,
    client: Address = ("10.0.0.1", 40_000),
    server: Address = ("10.0.0.2", 443),
) -> tuple[MemoryStream, MemoryStream]:
    """Two ends of a new connection, client first, each direction holding `capacity` bytes."""
    up, down = _Pipe(capacity), _Pipe(capacity)
    return (
        MemoryStream(up, down, _SocketNames(client, server)),
        MemoryStream(down, up, _SocketNames(server, client)),
    )


class Network:
    """Hosts that can be dialled; each accepted connection is served in the network's nursery."""

    def __init__(self, nursery: trio.Nursery, capacity: int = CAPACITY) -> None:
        self._nursery = nursery
        self._capacity = capacity
        self._handlers: dict[str, Handler] = {}
        self._next_port = 40_000
        self.streams: list[MemoryStream] = []
        """Every client stream ever dialled, so that a test can look for one left open."""

    def listen(self, host: str, handler: Handler) -> None:
        """Answer for a host, in place of who answered before."""
        self._handlers[host] = handler

    def refuse(self, host: str) -> None:
        """Nobody answers for this host any more; connections that stand are not touched."""
        self._handlers.pop(host, None)

    async def dial(self, host: str, port: int = 443) -> MemoryStream:
        """A stream to a host. Raises `ConnectionRefusedError` where nobody listens."""
        await trio.lowlevel.checkpoint()
        handler = self._handlers.get(host)
        if handler is None:
            raise ConnectionRefusedError(111, f"nobody listens at {host}")
        self._next_port += 1
        near, far = pair(self._capacity, client=("10.0.0.1", self._next_port), server=(host, port))
        self.streams.append(near)
        self._nursery.start_soon(handler, far, name=f"peer {host}")
        return near


class _Backend(httpcore.AsyncNetworkBackend):
    def __init__(self, dial: Callable[[str, int], Awaitable[trio.abc.Stream]]) -> None:
        self._dial = dial

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore.AsyncNetworkStream:
        del local_address, socket_options
        try:
            with trio.fail_after(float("inf") if timeout is None else timeout):
                return _Wire(await self._dial(host, port))
        except trio.TooSlowError as error:
            raise httpcore.ConnectTimeout from error
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error

    async def sleep(self, seconds: float) -> None:
        await trio.sleep(seconds)


class _Wire(TrioStream):
    """httpcore's own Trio stream, with its table of errors; TLS is left out."""

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        del ssl_context, server_hostname, timeout
        return self

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable":  # how httpcore finds an idle connection that has died
            return getattr(self._stream, "has_unread", False)
        return None


class _Transport(httpx.AsyncHTTPTransport):
    def __init__(self, pool: httpcore.AsyncConnectionPool) -> None:
        self._pool = pool


def http_transport(
    dial: Callable[[str, int], Awaitable[trio.abc.Stream]], *, max_connections: int = 100
) -> httpx.AsyncBaseTransport:
    """An httpx transport, real in all but the dialling."""
    return _Transport(
        httpcore.AsyncConnectionPool(
            ssl_context=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
            network_backend=_Backend(dial),
            max_connections=max_connections,
            max_keepalive_connections=max_connections,
            keepalive_expiry=None,  # httpcore would read the real clock
        )
    )


def quiet_config() -> Config:
    """A Hypercorn configuration that puts no wall-clock time on the wire and logs nothing."""
    config = Config()
    config.include_date_header = False
    config.accesslog = config.errorlog = None
    return config


async def _live(
    life: trio.CancelScope,
    lifespan: Lifespan,
    *,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    with life:
        await lifespan.handle_lifespan(task_status=task_status)


class MemoryServer:
    """Hypercorn's Trio worker without its sockets: lifespan, and one task per connection."""

    def __init__(
        self, app: Framework, config: Config | None = None, server: type[TCPServer] = TCPServer
    ) -> None:
        self._config = config or quiet_config()
        self._app = wrap_app(app, self._config.wsgi_max_body_size, None)
        self._state: dict[Any, Any] = {}
        self._context = WorkerContext(None)
        self._server = server

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Start the application, serve until cancelled, shut it down."""
        lifespan = Lifespan(self._app, self._config, self._state)
        # The application is told to shut down; what cancels us must not reach it before.
        life = trio.CancelScope(shield=True)
        async with trio.open_nursery() as nursery:
            try:
                await nursery.start(_live, life, lifespan)
                await lifespan.wait_for_startup()
                try:
                    task_status.started()
                    await trio.sleep_forever()
                finally:
                    with trio.CancelScope(shield=True, deadline=trio.current_time() + 60):
                        await lifespan.wait_for_shutdown()
            finally:
                life.cancel()

    async def handle(self, stream: trio.abc.Stream) -> None:
        """Serve one connection to its end; a `Handler` for `Network.listen`."""
        state = ConnectionState(self._state.copy())
        await self._server(
            self._app,
            self._config,
            self._context,
            state,
            stream,  # type: ignore[arg-type]  # names sockets; any stream with a `socket` will do
        )
