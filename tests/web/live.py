"""A real server on a loopback socket, and clients that speak bytes."""

import base64
import secrets
import signal
import struct
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import attrs
import trio
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, Request, TextMessage

from voxanne_trio.settings import Settings
from voxanne_trio.telephony.tickets import Tickets
from voxanne_trio.web.application import VoxanneApp
from voxanne_trio.web.desk import Answer
from voxanne_trio.web.media import PATH
from voxanne_trio.web.serving import serve

from .support import SETTINGS, TOKEN, FakeServices, echo, stream_signature

KEY = base64.b64encode(bytes(16)).decode()
BOUND = 5.0


@attrs.frozen
class Live:
    """A running server."""

    app: VoxanneApp
    port: int
    ended: Callable[[], Awaitable[int]]
    """Waits for the server's own end; its exit code."""

    async def connect(self) -> trio.SocketStream:
        """A TCP connection to it."""
        return await trio.open_tcp_stream("127.0.0.1", self.port)

    async def no_calls(self) -> None:
        """Wait until no call is live."""
        with trio.fail_after(BOUND):
            await self.app.desk.calls.wait_none()

    async def draining(self) -> None:
        """Wait until the server says that it drains."""
        with trio.fail_after(BOUND):
            while await self.get("/readyz") == 200:
                await trio.lowlevel.checkpoint()

    def media_path(self, *, another_replica: bool = False) -> str:
        """The path of a stream, with a fresh ticket; as another replica gives it, if asked."""
        tickets = self.app.desk.tickets
        if another_replica:
            tickets = Tickets((TOKEN,), 60, wall_clock=time.time, entropy=secrets.token_bytes)
        return PATH + tickets.issue(f"CA{secrets.token_hex(16)}")  # each is a call of its own

    def upgrade(self, path: str | None = None, extra: str = "", **changes: str) -> bytes:
        """A stream's upgrade request as Twilio makes it, but for the changes."""
        target = self.media_path() if path is None else path
        about = {"host": "voice.example.com", "http": "1.1", "version": "13", "key": KEY} | changes
        return (
            f"GET {target} HTTP/{about['http']}\r\nHost: {about['host']}\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {about['key']}\r\nSec-WebSocket-Version: {about['version']}\r\n"
            f"X-Twilio-Signature: {stream_signature(target)}\r\n{extra}\r\n"
        ).encode()

    async def get(self, path: str) -> int:
        """The status of a GET."""
        with trio.fail_after(BOUND):
            async with await self.connect() as stream:
                await stream.send_all(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                return await status_of(stream)


async def status_of(stream: trio.abc.ReceiveStream) -> int:
    """The status of the next HTTP answer; 0 when the server closes without one."""
    answer = b""
    while b"\r\n\r\n" not in answer:
        data = await stream.receive_some()
        if not data:
            return 0
        answer += data
    return int(answer.split()[1])


class Caller:
    """A well-behaved WebSocket client."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream = stream
        self.wire = WSConnection(ConnectionType.CLIENT)
        self.closed: int | None = None
        self._inbox: list[str] = []

    @classmethod
    @asynccontextmanager
    async def ring(cls, live: Live) -> AsyncIterator["Caller"]:
        """Connect to the media endpoint; the connection is cut at the end of the body."""
        caller = cls(await live.connect())
        path = live.media_path()
        headers = [(b"X-Twilio-Signature", stream_signature(path).encode())]
        request = Request(host="voice.example.com", target=path, extra_headers=headers)
        await caller.stream.send_all(caller.wire.send(request))
        await caller._advance(until=AcceptConnection)
        try:
            yield caller
        finally:
            await trio.aclose_forcefully(caller.stream)

    async def say(self, text: str) -> None:
        """Send a text message."""
        await self.stream.send_all(self.wire.send(TextMessage(text)))

    async def hear(self) -> str:
        """The next text message."""
        while not self._inbox:
            await self._advance(until=TextMessage)
        return self._inbox.pop(0)

    async def until_closed(self) -> int:
        """The server's close code; 1006 when there was none."""
        while self.closed is None:
            await self._advance(until=CloseConnection)
        return self.closed

    async def _advance(self, *, until: type) -> None:
        with trio.fail_after(BOUND):
            while True:
                try:
                    data = await self.stream.receive_some()
                except trio.BrokenResourceError:
                    data = b""
                if not data:
                    self.closed = 1006
                    assert until is CloseConnection, "the server has cut the connection"
                    return
                self.wire.receive_data(data)
                if any([await self._take(event, until) for event in self.wire.events()]):
                    return

    async def _take(self, event: object, until: type) -> bool:
        if isinstance(event, TextMessage):
            self._inbox.append(event.data)
        elif isinstance(event, CloseConnection):
            self.closed = event.code
        return isinstance(event, until)


@asynccontextmanager
async def live_server(
    answer: Answer = echo,
    services: FakeServices | None = None,
    settings: Settings = SETTINGS,
    signals: tuple[signal.Signals, ...] = (),
) -> AsyncIterator[Live]:
    """The real application on a real port, until the end of the body."""
    urls: list[str] = []
    ended, codes = trio.open_memory_channel[int](1)
    chosen = services or FakeServices()

    async def run(task_status: trio.TaskStatus[VoxanneApp]) -> None:
        code = await serve(
            settings,
            lambda _: chosen,
            answer=answer,
            announce=urls.append,
            signals=signals,
            task_status=task_status,
        )
        ended.send_nowait(code)

    async with trio.open_nursery() as nursery:
        app: VoxanneApp = await nursery.start(run)
        yield Live(app, int(urls[0].rsplit(":", 1)[1]), codes.receive)
        nursery.cancel_scope.cancel()


def frame(payload: bytes, opcode: int = 0x81) -> bytes:
    """A masked frame of up to 125 bytes."""
    return bytes([opcode, 0x80 | len(payload), 0, 0, 0, 0]) + payload


def long_frame(length: int) -> bytes:
    """The head of a masked text frame of that length."""
    return b"\x81\xff" + struct.pack(">Q", length) + bytes(4)
