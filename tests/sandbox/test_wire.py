"""The stand-ins' HTTP and WebSocket server, against httpx and trio-websocket in memory."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx
import pytest
import trio
import trio_websocket
from trio.testing import MockClock
from wsproto.frame_protocol import FrameProtocol, Opcode

from voxanne_trio.sandbox.frames import BadFrame, Closed, Framing, Ping
from voxanne_trio.sandbox.memory import Network, http_transport, pair
from voxanne_trio.sandbox.sockets import WireSocket
from voxanne_trio.sandbox.wire import Exchange, ServerSocket, SocketClosed, serve_stream

_UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: vendor\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: bWFkZS11cC1rZXktMDAwMQ==\r\n\r\n"
)
Handler = Callable[[Exchange], Awaitable[None]]


@asynccontextmanager
async def http_client(handler: Handler) -> AsyncIterator[httpx.AsyncClient]:
    async with trio.open_nursery() as nursery:
        network = Network(nursery)
        network.listen("vendor", lambda stream: serve_stream(stream, handler))
        transport = http_transport(network.dial)
        async with httpx.AsyncClient(transport=transport, base_url="http://vendor") as client:
            yield client
            assert len(network.streams) >= 1
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def websocket(
    talk: Callable[[ServerSocket], Awaitable[None]],
) -> AsyncIterator[trio_websocket.WebSocketConnection]:
    async def handler(exchange: Exchange) -> None:
        await talk(await exchange.accept([("x-request-id", "r1")]))

    near, far = pair()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve_stream, far, handler)
        socket = await trio_websocket.wrap_client_stream(
            nursery,
            near,  # type: ignore[arg-type]  # names sockets; any stream will do
            "vendor",
            "/v1/listen?a=1",
        )
        yield socket
        await socket.aclose()
        nursery.cancel_scope.cancel()


async def test_requests_share_a_connection_and_arrive_whole(autojump_clock: MockClock) -> None:
    seen = []

    async def handler(exchange: Exchange) -> None:
        seen.append(exchange.request)
        await exchange.respond(201, {"ok": True}, [("x-one", "1")])

    async with http_client(handler) as client:
        first = await client.post("/a/b?x=1&x=2&y=%20z", content=b"body", headers={"X-Up": "Q"})
        second = await client.get("/c")
    assert first.status_code == 201
    assert first.json() == {"ok": True}
    assert first.headers["x-one"] == "1"
    assert second.status_code == 201
    assert seen[0].path == "/a/b"
    assert seen[0].query == (("x", "1"), ("x", "2"), ("y", " z"))
    assert seen[0].headers["x-up"] == "Q"
    assert (seen[0].method, seen[0].body) == ("POST", b"body")
    assert not seen[0].is_upgrade


async def test_chunks_leave_when_they_are_sent(autojump_clock: MockClock) -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.start(200, [("content-type", "text/event-stream")])
        for piece in (b"one", b"two"):
            await trio.sleep(1)
            await exchange.send(piece)
        await exchange.finish()

    async with http_client(handler) as client, client.stream("GET", "/") as answer:
        start = trio.current_time()
        times = [(chunk, trio.current_time() - start) async for chunk in answer.aiter_raw()]
    assert times == [(b"one", 1), (b"two", 2)]


async def test_a_body_can_be_cut_in_the_middle(autojump_clock: MockClock) -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.start(200)
        await exchange.send(b"half")
        await exchange.abort()

    async with http_client(handler) as client:
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get("/")


async def test_no_answer_is_500_and_nonsense_is_400(autojump_clock: MockClock) -> None:
    async def handler(exchange: Exchange) -> None:
        del exchange
        await trio.lowlevel.checkpoint()

    async with http_client(handler) as client:
        assert (await client.get("/")).status_code == 500
    near, far = pair()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve_stream, far, handler)
        await near.send_all(b"\x16\x03\x01 nonsense\r\n\r\n")
        assert (await near.receive_some()).startswith(b"HTTP/1.1 400")
        near.close()


async def test_a_bug_of_the_handler_comes_out(autojump_clock: MockClock) -> None:
    async def handler(exchange: Exchange) -> None:
        await trio.lowlevel.checkpoint()
        raise KeyError("bug")

    near, far = pair()
    await near.send_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
    with pytest.raises(KeyError):
        await serve_stream(far, handler)


async def test_a_peer_that_leaves_ends_the_connection_quietly(autojump_clock: MockClock) -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.start(200)
        await trio.sleep(1)
        for _ in range(100):
            await exchange.send(b"x" * 65_536)

    near, far = pair()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve_stream, far, handler)
        await near.send_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        await trio.sleep(0.5)
        near.close()


async def test_an_upgrade_can_be_refused_with_a_body(autojump_clock: MockClock) -> None:
    async def handler(exchange: Exchange) -> None:
        assert exchange.request.is_upgrade
        await exchange.respond(401, {"err_code": "INVALID_AUTH"}, [("dg-error", "no")])

    near, far = pair()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve_stream, far, handler)
        await near.send_all(_UPGRADE)
        answer = await near.receive_some()
        near.close()
    assert answer.startswith(b"HTTP/1.1 401 ")
    assert b"dg-error: no" in answer
    assert answer.endswith(b'{"err_code": "INVALID_AUTH"}')


async def test_messages_of_every_size_cross_both_ways(autojump_clock: MockClock) -> None:
    messages: list[str | bytes] = [
        "",
        b"",
        "héllo",
        b"\x00\xff" * 62,
        "x" * 125,
        "x" * 126,
        b"y" * 65_535,
        "z" * 65_536,
    ]

    async def talk(socket: ServerSocket) -> None:
        for _ in messages:
            await socket.send(await socket.receive())
        await socket.close(4000, "done")

    async with websocket(talk) as socket:
        assert (b"x-request-id", b"r1") in socket.handshake_headers
        for message in messages:
            await socket.send_message(message)
            assert await socket.get_message() == message
        with pytest.raises(trio_websocket.ConnectionClosed) as closed:
            await socket.get_message()
    assert closed.value.reason is not None
    assert closed.value.reason.code == 4000
    assert closed.value.reason.reason == "done"


async def test_pings_are_answered_and_closes_are_told(autojump_clock: MockClock) -> None:
    told = []

    async def talk(socket: ServerSocket) -> None:
        try:
            await socket.receive()
        except SocketClosed as closed:
            told.append((closed.code, closed.reason))
            raise

    async with websocket(talk) as socket:
        with trio.fail_after(1):
            await socket.ping(b"hello")
        await socket.aclose(3001, "bye")
        await trio.testing.wait_all_tasks_blocked()
    assert told == [(3001, "bye")]


async def test_close_while_another_task_receives(autojump_clock: MockClock) -> None:
    async def talk(socket: ServerSocket) -> None:
        async def read() -> None:
            with pytest.raises(SocketClosed):
                await socket.receive()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(read)
            await trio.sleep(1)
            await socket.close(1000)

    start = trio.current_time()
    async with websocket(talk) as socket:
        with pytest.raises(trio_websocket.ConnectionClosed):
            await socket.get_message()
    assert trio.current_time() - start < 1.5


async def test_close_is_bounded_when_the_peer_is_silent(autojump_clock: MockClock) -> None:
    near, far = pair()
    socket = WireSocket(far, client=False)
    start = trio.current_time()
    await socket.close()
    assert trio.current_time() - start == pytest.approx(1)
    with pytest.raises(SocketClosed):
        await socket.send("x")
    near.close()


async def test_too_big_and_unmasked_and_bad_text_close_the_socket(
    autojump_clock: MockClock,
) -> None:
    for bad, code in (
        (b"\x81\xff" + (1 << 40).to_bytes(8, "big"), 1009),
        (b"\x81\x01x", 1002),
        (b"\x81\x81\0\0\0\0\xff", 1007),
        (b"\xf1\x80\0\0\0\0", 1002),
        (b"\x83\x80\0\0\0\0", 1002),
    ):
        near, far = pair()
        socket = WireSocket(far, client=False)
        await near.send_all(bad)
        with pytest.raises(SocketClosed) as closed:
            await socket.receive()
        assert closed.value.code == code
        frame = FrameProtocol(client=True, extensions=[])
        frame.receive_bytes(await near.receive_some())
        assert next(frame.received_frames()).payload[0] == code


async def test_a_send_cancelled_in_mid_frame_breaks_the_socket(autojump_clock: MockClock) -> None:
    _near, far = pair(capacity=64)
    socket = WireSocket(far, client=False)
    with trio.CancelScope() as scope:
        scope.cancel()
        await socket.send("not one byte of this was written")
    await socket.send("so this still goes")
    with trio.move_on_after(1) as scope:
        await socket.send("x" * 100)
    assert scope.cancelled_caught
    with pytest.raises(SocketClosed):
        await socket.send("y")


async def test_two_senders_never_mix_frames(autojump_clock: MockClock) -> None:
    near, far = pair(capacity=64)
    sender, receiver = WireSocket(far, client=False), WireSocket(near, client=True)

    async def send(letter: str) -> None:
        for _ in range(20):
            await sender.send(letter * 200)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(send, "a")
        nursery.start_soon(send, "b")
        got = [await receiver.receive() for _ in range(40)]
    assert sorted(set(got)) == ["a" * 200, "b" * 200]


@pytest.mark.parametrize("client", [False, True])
def test_framing_is_the_same_however_the_bytes_are_split(client: bool) -> None:
    rng = random.Random(1)
    peer = FrameProtocol(client=not client, extensions=[])
    wire = bytearray()
    wire += peer.send_data("hello")
    wire += peer.send_data(b"\x01\x02" * 300)
    wire += peer.send_data("par", fin=False)
    wire += peer.ping(b"p")
    wire += peer.send_data("té", fin=True)
    wire += peer.send_data("y" * 70_000)
    wire += peer.close(1000, "end")
    expected = ["hello", b"\x01\x02" * 300, Ping(b"p"), "parté", "y" * 70_000, Closed(1000, "end")]
    for _ in range(20):
        framing, got, rest = Framing(client=client), [], bytes(wire)
        while rest:
            size = rng.choice((1, 2, 7, 300, 70_000))
            framing.feed(bytes(rest[:size]))
            rest = rest[size:]
            while (event := framing.next_event()) is not None:
                got.append(event)
        assert got == expected


def test_what_we_frame_wsproto_reads() -> None:
    ours, theirs = Framing(client=True), FrameProtocol(client=False, extensions=[])
    theirs.receive_bytes(ours.message("hé" * 100) + ours.message(b"b") + ours.pong(b"p"))
    frames = list(theirs.received_frames())
    assert [frame.payload for frame in frames] == ["hé" * 100, b"b", b"p"]
    assert frames[2].opcode is Opcode.PONG


def test_fragments_together_are_bounded() -> None:
    peer, framing = FrameProtocol(client=True, extensions=[]), Framing(client=False, max_bytes=100)
    framing.feed(bytes(peer.send_data("x" * 60, fin=False) + peer.send_data("x" * 60)))
    with pytest.raises(BadFrame) as caught:
        framing.next_event()
    assert caught.value.code == 1009
