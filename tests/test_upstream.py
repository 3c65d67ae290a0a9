"""Audio written past the WebSocket library: the frames are its own, and never cut one another."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio
import trio.testing
import trio_websocket
from hypothesis import given
from hypothesis import strategies as st
from wsproto import ConnectionType
from wsproto.connection import Connection
from wsproto.events import BytesMessage, TextMessage

from voxanne_trio.line import flush_messages, masked_frame, send_audio, write_message
from voxanne_trio.upstream import UNACKNOWLEDGED_MS, Dialer, open_tcp, open_websocket

BOUND = 10.0
BATCH = bytes(range(160)) * 4
MANY = 30_000
"""Batches that no socket's buffers hold: 20 MB."""


@given(st.binary(max_size=1_000), st.binary(min_size=4, max_size=4))
def test_a_frame_is_read_as_it_was_meant(payload: bytes, key: bytes) -> None:
    assert read(masked_frame(payload, key)) == payload


@pytest.mark.parametrize("length", [0, 1, 125, 126, 65_535])
def test_a_frame_of_any_length_is_read_as_it_was_meant(length: int) -> None:
    payload = (BATCH * 103)[:length]
    assert read(masked_frame(payload, b"\x01\xff\x80\x00")) == payload


@given(st.text(st.characters(codec="utf-8"), max_size=300))
def test_words_are_read_as_they_were_meant(words: str) -> None:
    assert read(masked_frame(words, b"abcd")) == words


def read(frame: bytes) -> str | bytes:
    """What wsproto's server makes of a frame, and nothing but one whole message."""
    server = Connection(ConnectionType.SERVER)
    server.receive_data(frame)
    (event,) = server.events()
    assert isinstance(event, TextMessage | BytesMessage)
    assert event.message_finished
    return event.data if isinstance(event, TextMessage) else bytes(event.data)


class Vendor:
    """A server on loopback that reads once it may."""

    def __init__(self) -> None:
        self.may_read = trio.Event()
        self.read_all = trio.Event()
        self.got: list[str | bytes] = []
        self.url = ""

    async def handle(self, request: trio_websocket.WebSocketRequest) -> None:
        socket = await request.accept()
        await self.may_read.wait()
        try:
            while True:
                self.got.append(await socket.get_message())
        except trio_websocket.ConnectionClosed:
            self.read_all.set()


@asynccontextmanager
async def connected() -> AsyncIterator[tuple[Vendor, trio_websocket.WebSocketConnection]]:
    vendor = Vendor()
    async with trio.open_nursery() as nursery:
        server = await nursery.start(
            trio_websocket.serve_websocket, vendor.handle, "127.0.0.1", 0, None
        )
        url = f"ws://127.0.0.1:{server.port}/"
        async with open_websocket(Dialer(), url, vendor="vendor", headers=[]) as socket:
            yield vendor, socket
        nursery.cancel_scope.cancel()


async def talk(socket: trio_websocket.WebSocketConnection, seconds: float) -> None:
    for _ in range(MANY):
        await send_audio(socket, BATCH, seconds)


@pytest.mark.sockets
async def test_audio_and_messages_arrive_whole_though_the_peer_reads_late() -> None:
    async with connected() as (vendor, socket):

        async def ask() -> None:
            for number in range(3):
                await socket.send_message(str(number))

        with trio.fail_after(BOUND * 3):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(talk, socket, BOUND)
                await trio.testing.wait_all_tasks_blocked(0.05)
                nursery.start_soon(ask)
                await trio.testing.wait_all_tasks_blocked(0.05)
                assert vendor.got == []
                vendor.may_read.set()
            await socket.aclose()
            await vendor.read_all.wait()
        assert len(vendor.got) == MANY + 3
        assert [message for message in vendor.got if isinstance(message, str)] == ["0", "1", "2"]
        assert all(message == BATCH for message in vendor.got if isinstance(message, bytes))


@pytest.mark.sockets
async def test_nothing_comes_between_the_parts_of_a_message() -> None:
    message, written = bytes(60_000), 1
    async with connected() as (vendor, socket):
        with trio.fail_after(BOUND):
            while write_message(socket, message):
                written += 1
            async with trio.open_nursery() as nursery:
                nursery.start_soon(socket.pong)
                await trio.testing.wait_all_tasks_blocked(0.05)
                write_message(socket, "and words")
                nursery.start_soon(flush_messages, socket, BOUND)
                await trio.testing.wait_all_tasks_blocked(0.05)
                vendor.may_read.set()
            await socket.aclose()
            await vendor.read_all.wait()
    assert vendor.got == [*[message] * written, "and words"]


@pytest.mark.sockets
@pytest.mark.skipif(
    not hasattr(trio.socket, "TCP_USER_TIMEOUT"), reason="the system has no such option"
)
async def test_the_kernel_gives_up_on_a_peer_that_confirms_nothing() -> None:
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with listener:
        port = listener.socket.getsockname()[1]
        async with await open_tcp("127.0.0.1", port) as stream:
            assert isinstance(stream, trio.SocketStream)
            limit = stream.getsockopt(trio.socket.IPPROTO_TCP, trio.socket.TCP_USER_TIMEOUT)
    assert limit == UNACKNOWLEDGED_MS


@pytest.mark.sockets
async def test_a_peer_that_reads_nothing_is_too_slow() -> None:
    async with connected() as (_, socket):
        with pytest.raises(trio.TooSlowError):
            await talk(socket, 0.1)


@pytest.mark.sockets
async def test_a_socket_that_is_closed_takes_no_audio() -> None:
    async with connected() as (vendor, socket):
        vendor.may_read.set()
        await socket.aclose()
        with pytest.raises(trio_websocket.ConnectionClosed):
            await send_audio(socket, BATCH, BOUND)
