"""A scripted `/v1/speak` server on trio-websocket's server side, over in-memory streams.

Its voice says each character for ten milliseconds with that character's code, so that a test can
read what it heard. It produces audio in messages of an odd size, faster than real time, keeps the
vendor's limits and notes what reached it when.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from typing import Final

import attrs
import trio
import trio.lowlevel
import trio_websocket

from voxanne_trio.sandbox.memory import MemoryStream

BYTES_PER_CHARACTER: Final = 80
MESSAGE_BYTES: Final = 1_601
FIRST_BYTE: Final = 0.1
MESSAGE_SECONDS: Final = 0.02


def voice(text: str) -> bytes:
    return b"".join(bytes([ord(letter)]) * BYTES_PER_CHARACTER for letter in text)


def heard(audio: bytes | bytearray) -> str:
    return bytes(audio[::BYTES_PER_CHARACTER]).decode()


@attrs.define(eq=False)
class Connection:
    """What one socket has got."""

    socket: trio_websocket.WebSocketConnection
    opened_at: float
    path: str
    received: list[tuple[float, str]] = attrs.field(factory=list)
    texts: list[str] = attrs.field(factory=list)
    flushes: deque[float] = attrs.field(factory=deque)
    closed_at: float | None = None
    pending: str = ""
    stream: MemoryStream | None = None

    def kinds(self) -> list[str]:
        return [kind for _, kind in self.received]


@attrs.define(eq=False)
class SpeakPeer:
    """Set the fields to make it misbehave; they are read when needed."""

    refuse: int | None = None
    headers: list[tuple[bytes, bytes]] = attrs.field(factory=list)
    silent_handshake: bool = False
    answers_flush: bool = True
    answers_clear: bool = True
    clear_delay: float = 0.05
    first_byte: float = FIRST_BYTE
    stale: bytes = b"\x7f" * 500
    on_open: Callable[[Connection], None] | None = None
    close_after: float | None = None
    cut_after_messages: int | None = None
    connections: list[Connection] = attrs.field(factory=list)
    attempts: list[float] = attrs.field(factory=list)
    warning: dict[str, str] = attrs.field(
        factory=lambda: {"description": "Flush rate limit exceeded", "code": "FLUSH_RATE_LIMITED"}
    )

    async def handle(self, stream: MemoryStream) -> None:
        self.attempts.append(trio.current_time())
        async with stream, trio.open_nursery() as nursery:
            if self.silent_handshake:
                await trio.sleep_forever()
            request = await trio_websocket.wrap_server_stream(nursery, stream)
            authorised = (b"authorization", b"Token dg_test") in [
                (name.lower(), value) for name, value in request.headers
            ]
            if self.refuse or not authorised:
                await request.reject(self.refuse or 401, extra_headers=self.headers)
            else:
                socket = await request.accept()
                connection = Connection(socket, trio.current_time(), request.path, stream=stream)
                self.connections.append(connection)
                try:
                    await self._serve(connection)
                except* trio_websocket.ConnectionClosed:
                    connection.closed_at = trio.current_time()
            nursery.cancel_scope.cancel()

    async def _serve(self, connection: Connection) -> None:
        await say(connection, "Metadata", request_id="r1", model_name="aura-2-thalia-en")
        if self.on_open:
            self.on_open(connection)
        if self.close_after is not None:
            await trio.sleep(self.close_after)
            await connection.socket.aclose(1011, "NET-0001")
            connection.closed_at = trio.current_time()
            return
        async with trio.open_nursery() as nursery:
            producing: trio.CancelScope | None = None
            queue, orders = trio.open_memory_channel[str | None](100)
            while True:
                if producing is None:
                    producing = await nursery.start(self._produce, connection, orders)
                message = json.loads(await connection.socket.get_message())
                connection.received.append((trio.current_time(), message["type"]))
                if message["type"] == "Speak":
                    connection.texts.append(message["text"])
                    connection.pending += message["text"]
                elif message["type"] == "Flush":
                    if not await self._may_flush(connection):
                        continue
                    queue.send_nowait(connection.pending)
                    connection.pending = ""
                elif message["type"] == "Clear":
                    producing.cancel()
                    producing, connection.pending = None, ""
                    queue, orders = trio.open_memory_channel[str | None](100)
                    await self._clear(connection)
                else:
                    await connection.socket.aclose(1008, "DATA-0000")

    async def _may_flush(self, connection: Connection) -> bool:
        now = trio.current_time()
        while connection.flushes and connection.flushes[0] <= now - 60:
            connection.flushes.popleft()
        if len(connection.flushes) >= 20:
            await say(connection, "Warning", **self.warning)
            return False
        connection.flushes.append(now)
        return True

    async def _clear(self, connection: Connection) -> None:
        await trio.sleep(self.clear_delay)
        if self.stale:
            await connection.socket.send_message(self.stale)
            await say(connection, "Flushed", sequence_id=0)
        if self.answers_clear:
            await say(connection, "Cleared", sequence_id=1)

    async def _produce(
        self,
        connection: Connection,
        orders: trio.MemoryReceiveChannel[str | None],
        *,
        task_status: trio.TaskStatus[trio.CancelScope] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        with trio.CancelScope() as scope:
            task_status.started(scope)
            async for text in orders:
                assert text is not None
                await trio.sleep(self.first_byte)
                audio = voice(text)
                for number, start in enumerate(range(0, len(audio), MESSAGE_BYTES)):
                    if number == self.cut_after_messages:
                        await trio.lowlevel.checkpoint()
                        assert connection.stream is not None
                        connection.stream.reset()
                        return
                    with trio.CancelScope(shield=True):  # a cut frame would break the socket
                        await connection.socket.send_message(audio[start : start + MESSAGE_BYTES])
                    await trio.sleep(MESSAGE_SECONDS)
                if self.answers_flush:
                    with trio.CancelScope(shield=True):
                        await say(connection, "Flushed", sequence_id=0)


async def say(connection: Connection, kind: str, **fields: object) -> None:
    await connection.socket.send_message(json.dumps({"type": kind, **fields}))
