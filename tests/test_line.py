"""Messages read past the WebSocket library: what it would have made of them, and in its order.

The peer is bytes over an in-memory stream: it answers the upgrade, sends what a test gives it in
pieces, one a second, ends, and keeps what came back.
"""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

import attrs
import pytest
import trio
import trio.testing
import trio_websocket
from hypothesis import example, given
from hypothesis import strategies as st
from trio_websocket import ConnectionClosed, WebSocketConnection
from wsproto import ConnectionType
from wsproto.connection import Connection
from wsproto.events import CloseConnection, Pong

from voxanne_trio.errors import PermanentVendorError
from voxanne_trio.line import MAX_MESSAGE_BYTES, MOST_IN_A_ROW, next_message
from voxanne_trio.sandbox.memory import MemoryStream, Network
from voxanne_trio.upstream import CLOSE_SECONDS, INBOUND_MESSAGES, Dialer, open_websocket

from .test_hostile_vendor import accepted

BOUND: Final = 100_000.0
HOST: Final = "vendor.test"
PING: Final = b"\x89\x02hi"
REFUSED: Final = b"HTTP/1.1 401 No\r\ncontent-length: 9\r\n\r\nwrong key"


def frame(first: int, payload: bytes = b"") -> bytes:
    """A frame as a server sends it, its length in the shortest form."""
    length = len(payload)
    if length < 126:
        return bytes((first, length)) + payload
    if length < 1 << 16:
        return struct.pack(">BBH", first, 126, length) + payload
    return struct.pack(">BBQ", first, 127, length) + payload


def text(said: str) -> bytes:
    return frame(0x81, said.encode())


def close(code: int, reason: str) -> bytes:
    return frame(0x88, struct.pack(">H", code) + reason.encode())


Send = Callable[[MemoryStream, bytes], Awaitable[None]]


@attrs.define
class Peer:
    """`send` is given the accepted upgrade to send along."""

    send: Send
    came: bytes = b""
    """After the request."""
    news: trio.Event = attrs.field(factory=trio.Event)

    async def handle(self, stream: MemoryStream) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            head += await stream.receive_some()
        async with stream, trio.open_nursery() as nursery:
            nursery.start_soon(self._keep, stream)
            try:
                await self.send(stream, accepted(head))
            except trio.BrokenResourceError:  # the other side has left
                nursery.cancel_scope.cancel()

    async def _keep(self, stream: MemoryStream) -> None:
        while data := await stream.receive_some():
            self.came += data
            self.news.set()

    async def until(self, done: Callable[[], bool]) -> None:
        while not done():
            self.news = trio.Event()
            await self.news.wait()

    def got(self) -> list[bytes | int]:
        """The payloads of pongs and the codes of closes that came."""
        server = Connection(ConnectionType.SERVER)
        server.receive_data(self.came)
        return [
            bytes(event.payload) if isinstance(event, Pong) else int(event.code)
            for event in server.events()
            if isinstance(event, Pong | CloseConnection)
        ]


def saying(pieces: Callable[[bytes], Sequence[bytes]]) -> Send:
    """Send pieces of a whole answer, a second apart, and end."""

    async def send(stream: MemoryStream, answer: bytes) -> None:
        for piece in pieces(answer):
            await stream.send_all(piece)
            await trio.sleep(1)
        await stream.send_eof()

    return send


def at_once(data: bytes) -> Send:
    return saying(lambda answer: [answer + data])


@asynccontextmanager
async def connected(peer: Peer) -> AsyncIterator[WebSocketConnection]:
    async with trio.open_nursery() as nursery:
        network = Network(nursery)
        network.listen(HOST, peer.handle)
        dialer, url = Dialer(open_stream=network.dial), f"ws://{HOST}/"
        with trio.fail_after(BOUND):
            async with open_websocket(
                dialer, url, vendor="vendor", headers=[], connect_seconds=BOUND
            ) as socket:
                yield socket
        nursery.cancel_scope.cancel()


Told = list[str | bytes | tuple[int, str | None]]


async def everything(
    socket: WebSocketConnection,
    read: Callable[[WebSocketConnection], Awaitable[str | bytes]],
    patience: float = BOUND,
) -> Told:
    """All messages and the close, for a reader that loses patience and comes back."""
    told: Told = []
    while True:
        try:
            with trio.move_on_after(patience):
                told.append(await read(socket))
        except ConnectionClosed as closed:
            reason = closed.reason
            break
    assert reason is not None
    return [*told, (reason.code, reason.reason)]


async def told_by(send: Send, patience: float = BOUND) -> tuple[Told, list[bytes | int]]:
    peer = Peer(send)
    async with connected(peer) as socket:
        told = await everything(socket, next_message, patience)
    return told, peer.got()


async def told_by_library(send: Send) -> tuple[Told, list[bytes | int]]:
    peer = Peer(send)
    async with trio.open_nursery() as nursery:
        network = Network(nursery)
        network.listen(HOST, peer.handle)
        async with await network.dial(HOST) as stream:
            socket = await trio_websocket.wrap_client_stream(
                nursery,
                stream,
                HOST,
                "/",
                message_queue_size=INBOUND_MESSAGES,
                max_message_size=MAX_MESSAGE_BYTES,
            )
            told = await everything(socket, WebSocketConnection.get_message)
        nursery.cancel_scope.cancel()
    return told, peer.got()


PLAIN = st.one_of(
    st.text(max_size=40).map(text),
    st.binary(max_size=300).map(partial(frame, 0x82)),
    st.binary(max_size=125).map(partial(frame, 0x89)),
    st.binary(max_size=125).map(partial(frame, 0x8A)),
)
STRANGE = st.sampled_from(
    [
        frame(0x01, b"in ") + PING + frame(0x80, b"two"),
        frame(0x02, b"three ") + frame(0x00, b"and ") + frame(0x80, b"four"),
        frame(0x80, b"the rest of nothing"),
        frame(0x01, b"\xc3") + frame(0x80, b"\xa9"),
        frame(0x81, b"\xff\xfe"),
        frame(0xC1, b"compressed"),
        frame(0x83, b"unknown"),
        frame(0x09, b"a ping in parts"),
        b"\x81\x82\x00\x00\x00\x00hi",
        b"\x81\x7e\x00\x02hi",
        b"\x82\x7f" + bytes(7) + b"\x02hi",
        b"\x89\x7e\x00\x80" + bytes(128),
        close(1000, ""),
        close(1011, "NET-0001"),
        b"\x88\x00",
        b"\x88\x01x",
    ]
)


@given(
    frames=st.lists(PLAIN | PLAIN | STRANGE, max_size=12),
    missing=st.integers(0, 3),
    sizes=st.lists(st.integers(1, 60) | st.just(1_000), min_size=1, max_size=8),
    patience=st.sampled_from([0.4, 1.0, BOUND]),
)
@example([text("a"), PING, frame(0x82, b"b"), close(1008, "DATA-0000")], 0, [1], 0.4)
@example([text("a" * 70_000), frame(0x82, bytes(126))], 0, [10_000, 1], BOUND)
@example([text("\N{SNOWMAN}"), frame(0x01, b"c") + frame(0x80, b"d"), text("e")], 0, [1_000], BOUND)
@example([text("whole"), text("cut short")], 3, [1_000], BOUND)
def test_nothing_is_told_but_what_the_library_tells(
    frames: list[bytes], missing: int, sizes: list[int], patience: float
) -> None:
    def pieces(answer: bytes) -> list[bytes]:
        whole = answer + b"".join(frames)
        whole, found = whole[: max(len(answer), len(whole) - missing)], list[bytes]()
        while whole:
            size = sizes[len(found) % len(sizes)]
            found, whole = [*found, whole[:size]], whole[size:]
        return found

    def run(reader: Callable[[], Awaitable[tuple[Told, list[bytes | int]]]]) -> object:
        clock = trio.testing.MockClock(autojump_threshold=0)
        return trio.run(reader, clock=clock)

    hurried = saying(pieces)
    assert run(partial(told_by, hurried, patience)) == run(partial(told_by_library, hurried))


@pytest.fixture
def through_library(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What the library's reader makes messages of."""
    seen: list[object] = []
    original = WebSocketConnection._handle_message_event

    async def handle(self: WebSocketConnection, event: object) -> None:
        seen.append(event)
        await original(self, event)  # type: ignore[arg-type]

    monkeypatch.setattr(WebSocketConnection, "_handle_message_event", handle)
    return seen


async def test_plain_messages_go_past_the_library_and_a_ping_changes_nothing(
    through_library: list[object], autojump_clock: trio.testing.MockClock
) -> None:
    frames = text("one") + PING + frame(0x82, b"two") + text("x" * 70_000) + close(1000, "bye")
    told, got = await told_by(at_once(frames))
    assert told == ["one", b"two", "x" * 70_000, (1000, "bye")]
    assert got == [b"hi", 1000]
    assert through_library == []


async def test_a_message_in_parts_and_all_behind_it_are_the_librarys(
    through_library: list[object], autojump_clock: trio.testing.MockClock
) -> None:
    told, _ = await told_by(at_once(text("1") + frame(0x01, b"2") + frame(0x80, b"3") + text("4")))
    assert told == ["1", "23", "4", (1006, None)]
    assert len(through_library) == 3


@pytest.mark.parametrize("too_much", [0, 1])
async def test_a_message_may_be_so_long_and_no_longer(
    too_much: int, autojump_clock: trio.testing.MockClock
) -> None:
    data = bytes(MAX_MESSAGE_BYTES + too_much)
    told, got = await told_by(at_once(frame(0x82, data)))
    if too_much:
        ((code, _),) = told
        assert (code, got) == (1009, [1009])
    else:
        assert told == [data, (1006, None)]


async def test_a_ping_of_ours_is_answered_while_somebody_reads(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async def send(stream: MemoryStream, answer: bytes) -> None:
        await stream.send_all(answer)
        await peer.until(lambda: peer.came != b"")
        await stream.send_all(frame(0x8A, b"ours"))
        await trio.sleep_forever()

    peer = Peer(send)
    async with connected(peer) as socket, trio.open_nursery() as nursery:
        nursery.start_soon(next_message, socket)
        with trio.fail_after(5):
            await socket.ping(b"ours")
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("unread", [b"", text("a") * 100, PING, b"\x81", b"\x82\x7f"])
async def test_a_polite_close_is_answered_whatever_was_not_read(
    unread: bytes, autojump_clock: trio.testing.MockClock
) -> None:
    async def send(stream: MemoryStream, answer: bytes) -> None:
        await stream.send_all(answer + text("first") + unread)
        await peer.until(lambda: 1000 in peer.got())
        rest = {b"\x81": b"\x00", b"\x82\x7f": (1 << 16).to_bytes(8) + bytes(1 << 16)}
        await stream.send_all(rest.get(unread, b"") + close(1000, ""))
        await trio.sleep_forever()

    peer = Peer(send)
    async with connected(peer) as socket:
        assert await next_message(socket) == "first"
        left_at = trio.current_time()
    assert trio.current_time() - left_at < CLOSE_SECONDS / 2


async def test_a_close_of_ours_ends_a_wait_for_messages(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async def send(stream: MemoryStream, answer: bytes) -> None:
        await stream.send_all(answer)
        await trio.sleep(5)
        await stream.send_all(text("late") + close(1000, ""))
        await trio.sleep_forever()

    async def wait_in_vain() -> None:
        with pytest.raises(ConnectionClosed):
            await next_message(socket)

    async with connected(Peer(send)) as socket, trio.open_nursery() as nursery:
        nursery.start_soon(wait_in_vain)
        await trio.sleep(1)
        with trio.fail_after(10):
            await socket.aclose()


async def test_a_refusal_is_read_to_its_end(autojump_clock: trio.testing.MockClock) -> None:
    def pieces(_: bytes) -> list[bytes]:
        return [REFUSED[at : at + 1] for at in range(len(REFUSED))]

    with pytest.RaisesGroup(pytest.RaisesExc(PermanentVendorError, match="wrong key")):
        await told_by(saying(pieces))


async def test_what_nobody_reads_stays_with_the_peer(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """Neither messages nor, where it does not take the answers, pings."""
    sent: list[int] = []

    def flood(unit: bytes) -> Send:
        async def send(stream: MemoryStream, answer: bytes) -> None:
            await stream.send_all(answer)
            for _ in range(300):
                await stream.send_all(unit * 100)
                sent.append(100 * len(unit))

        return send

    class Deaf(Peer):
        async def _keep(self, stream: MemoryStream) -> None:
            await trio.sleep_forever()

    async with connected(Peer(flood(frame(0x82, bytes(100))))) as socket:
        await next_message(socket)
        await trio.sleep(5)
        assert sum(sent) < 150_000
    sent.clear()
    async with connected(Deaf(flood(frame(0x89, bytes(100))))) as socket:
        with trio.move_on_after(5):
            await next_message(socket)
        assert sum(sent) < 500_000


async def test_a_reader_is_freed_when_the_answers_to_pings_meet_a_broken_stream(
    autojump_clock: trio.testing.MockClock,
) -> None:
    class Deaf(Peer):
        async def _keep(self, stream: MemoryStream) -> None:
            await trio.sleep(5)
            stream.reset()

    async def send(stream: MemoryStream, answer: bytes) -> None:
        await stream.send_all(answer)
        while True:
            await stream.send_all(frame(0x89, bytes(100)))

    async with connected(Deaf(send)) as socket:
        with trio.fail_after(10), pytest.raises(ConnectionClosed):
            await next_message(socket)


async def test_many_small_messages_leave_others_their_turn(
    autojump_clock: trio.testing.MockClock,
) -> None:
    turns = 0

    async def take_turns() -> None:
        nonlocal turns
        while True:
            await trio.lowlevel.checkpoint()
            turns += 1

    count = 50 * MOST_IN_A_ROW
    async with connected(Peer(at_once(frame(0x82) * count))) as socket:
        await next_message(socket)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(take_turns)
            for _ in range(count - 1):
                await next_message(socket)
            nursery.cancel_scope.cancel()
    assert 45 < turns < 100
