"""A stream's inflow: plain frames by the short way, and back to Hypercorn for everything else.

The call's first message is always a plain one, so that what follows meets a stream that is lent.
"""

import struct
from contextlib import suppress
from typing import Any

import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st
from wsproto import ConnectionType, WSConnection
from wsproto.connection import Connection
from wsproto.events import BytesMessage, CloseConnection, Ping, TextMessage

from voxanne_trio.telephony.media_stream import MediaSocket, SocketGone
from voxanne_trio.web import plain_frames
from voxanne_trio.web.inflow import Inflow

from .live import BOUND, Caller, frame, live_server, long_frame
from .test_guard import Told

LIMIT = 2_000


def masked(text: str) -> bytes:
    """The frame that wsproto's client makes of a text, with a mask of its own choosing."""
    return Connection(ConnectionType.CLIENT).send(TextMessage(text))


@given(st.lists(st.text(max_size=300), max_size=8), st.lists(st.integers(1, 40), min_size=1))
def test_any_split_gives_the_same_messages(texts: list[str], sizes: list[int]) -> None:
    data, inflow, found = b"".join(map(masked, texts)), Inflow(LIMIT), list[str]()
    while data:
        size = sizes[len(data) % len(sizes)]
        found += inflow.plain(data[:size])
        data = data[size:]
    assert found == texts
    assert not inflow.is_strange
    assert inflow.rest == b""


STRANGE = {
    "unmasked": b"\x81\x02hi",
    "binary": frame(b"hi", 0x82),
    "ping": frame(b"hi", 0x89),
    "close": frame(b"\x03\xe8", 0x88),
    "fragment": frame(b"hi", 0x01),
    "continuation": frame(b"hi", 0x80),
    "reserved bits": frame(b"hi", 0xC1),
    "bad UTF-8": frame(b"\xff\xfe"),
    "length that is not the shortest": b"\x81\xfe\x00\x02" + bytes(4) + b"hi",
    "endless": long_frame(2**63 - 1) + b"x",
    "over the limit": b"\x81\xfe" + struct.pack(">H", LIMIT + 1) + bytes(4) + b"x",
}


@pytest.mark.parametrize("strange", STRANGE.values(), ids=STRANGE)
def test_what_is_strange_is_left_whole(strange: bytes) -> None:
    plain, rest = masked("one") + masked("two"), strange + masked("three")
    texts, end, is_strange = plain_frames.read(plain + rest, LIMIT)
    assert texts == ["one", "two"]
    assert is_strange
    assert end == len(plain)


@pytest.mark.parametrize("length", [0, 1, 125, 126, 65_535, 65_536])
def test_what_is_sent_is_what_wsproto_would_send(length: int) -> None:
    text = "x" * length
    assert plain_frames.text_frame(text) == Connection(ConnectionType.SERVER).send(
        TextMessage(text)
    )


@pytest.mark.sockets
@pytest.mark.parametrize(
    ("strange", "code"),
    [
        ("unmasked", 1002),
        ("reserved bits", 1002),
        ("bad UTF-8", 1007),
        ("continuation", 1002),
        ("length that is not the shortest", 1002),
    ],
)
async def test_a_lent_stream_is_judged_by_wsproto(strange: str, code: int) -> None:
    call = Told()
    async with live_server(call) as live, Caller.ring(live) as caller:
        await caller.say("plain")
        await trio.sleep(0.02)
        await caller.stream.send_all(masked("plain too") + STRANGE[strange])
        assert await caller.until_closed() == code
        await live.no_calls()
        assert call.messages == [len("plain"), len("plain too")]
        assert call.gone == [code]


@pytest.mark.sockets
async def test_fragments_pings_and_plain_frames_keep_their_order() -> None:
    async with live_server() as live, Caller.ring(live) as caller:
        await caller.say("one")
        assert await caller.hear() == "one"
        await caller.stream.send_all(caller.wire.send(Ping(b"are you there")))
        await caller.stream.send_all(
            caller.wire.send(TextMessage("tw", message_finished=False))
            + caller.wire.send(Ping())
            + caller.wire.send(TextMessage("o"))
        )
        await caller.say("three")
        await caller.stream.send_all(caller.wire.send(BytesMessage(b"four")))
        await caller.say("five")
        assert [await caller.hear() for _ in range(4)] == ["two", "three", "b'four'", "five"]


@pytest.mark.sockets
async def test_messages_before_the_end_all_arrive() -> None:
    for end, code in ((b"", 1006), (WSConnection(ConnectionType.CLIENT), 1000)):
        call = Told()
        async with live_server(call) as live, Caller.ring(live) as caller:
            await caller.say("plain")
            await trio.sleep(0.02)
            last = end if isinstance(end, bytes) else caller.wire.send(CloseConnection(1000))
            await caller.stream.send_all(masked("x" * 300) * 60 + last)
            if not last:
                await caller.stream.aclose()
            await live.no_calls()
            assert call.messages == [5] + [300] * 60
            assert call.gone == [code]


@pytest.mark.sockets
@pytest.mark.parametrize("is_reading", [True, False])
async def test_our_close_needs_no_reader_of_ours(is_reading: bool) -> None:
    gone: list[int] = []

    async def read(media: MediaSocket) -> None:
        try:
            await media.receive()
        except SocketGone as error:
            gone.append(error.code)

    async def answer(media: MediaSocket, services: Any, call_sid: str) -> None:
        del services, call_sid
        await media.receive()
        with suppress(SocketGone), trio.move_on_after(0.05):
            await media.receive()  # lent, and let go by cancellation
        async with trio.open_nursery() as nursery:
            if is_reading:
                nursery.start_soon(read, media)
                await trio.testing.wait_all_tasks_blocked(0.02)
            await media.close(1000)

    async with live_server(answer) as live, Caller.ring(live) as caller:
        await caller.say("plain")
        assert await caller.until_closed() == 1000
        began = trio.current_time()
        with trio.fail_after(BOUND):
            await caller.stream.send_all(caller.wire.send(CloseConnection(1000)))
            while await caller.stream.receive_some():
                pass
            await live.no_calls()
        assert trio.current_time() - began < 1.0
        assert len(gone) == is_reading
