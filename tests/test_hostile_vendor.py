"""A vendor's socket on which anything may come: always an error of ours, in time, never a bug."""

from __future__ import annotations

import base64
import hashlib
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest
import trio
import trio.testing
import trio_websocket

from voxanne_trio.errors import TransientVendorError, VendorError, retry_after_of
from voxanne_trio.line import next_message
from voxanne_trio.upstream import Dialer, open_websocket

SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
TEXT = "\N{SUPERSCRIPT TWO}"

Peer = Callable[[trio.abc.Stream, bytes], Awaitable[None]]


def dialer(peer: Peer, nursery: trio.Nursery) -> Dialer:
    """To a peer that is given the request's head."""

    async def serve(stream: trio.abc.Stream) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            head += await stream.receive_some()
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):  # we have left
            await peer(stream, head)

    async def open_stream(host: str, port: int) -> trio.abc.Stream:
        await trio.lowlevel.checkpoint()
        ours, theirs = trio.testing.memory_stream_pair()
        nursery.start_soon(serve, theirs)
        return ours

    return Dialer(open_stream, ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))


async def listen_to(peer: Peer) -> None:
    """Connect, and take what comes until there is no more."""
    async with trio.open_nursery() as nursery:
        url, failure = "ws://vendor.test/", None
        try:
            async with open_websocket(
                dialer(peer, nursery), url, vendor="vendor", headers=[]
            ) as socket:
                while True:
                    await next_message(socket)
        except (VendorError, trio_websocket.ConnectionClosed) as error:
            failure = error
        nursery.cancel_scope.cancel()
    if failure is not None:
        raise failure


def accepted(head: bytes) -> bytes:
    """The right answer to an upgrade."""
    key = next(
        line.partition(b":")[2].strip()
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"sec-websocket-key:")
    )
    digest = hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11", usedforsecurity=False)
    return SWITCH + b"Sec-WebSocket-Accept: " + base64.b64encode(digest.digest()) + b"\r\n\r\n"


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\x00\xff\x13garbage\r\n\r\n" * 200,
        b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n<html>",
        b"HTTP/1.1 302 Found\r\nlocation: ws://elsewhere.test/\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 429 Slow\r\nretry-after: \xb2\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 503 \xff\r\ndg-request-id: \xff\r\ncontent-length: 9999999\r\n\r\nx",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        SWITCH + b"Sec-WebSocket-Accept: wrong\r\n\r\n",
        SWITCH + b"Connection: \xff\r\nUpgrade: \xff\r\n\r\n",
        SWITCH + b"X-Endless: " + b"x" * 200_000,
    ],
    ids=range(10),
)
async def test_any_answer_to_an_upgrade_is_a_vendors_failure(
    answer: bytes, autojump_clock: trio.testing.MockClock
) -> None:
    async def peer(stream: trio.abc.Stream, head: bytes) -> None:
        await stream.send_all(answer)
        await stream.aclose()

    with trio.fail_after(10), pytest.raises(VendorError):
        await listen_to(peer)


@pytest.mark.parametrize(
    "frames",
    [
        b"\xff" * 4_000,
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x81\x02\xff\xfe",  # a text that is no UTF-8
        b"\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff",  # a message of 8 EB
        b"\x88\x01x" + b"\xff" * 50,  # a close of a byte, and more after it
        b"\x88\x02\x00\x00",
        b"\x80\x00" * 10,  # the rest of no message
    ],
    ids=range(7),
)
async def test_any_frame_ends_the_connection_and_nothing_else(
    frames: bytes, autojump_clock: trio.testing.MockClock
) -> None:
    async def peer(stream: trio.abc.Stream, head: bytes) -> None:
        await stream.send_all(accepted(head) + frames)
        await trio.sleep(5)
        await stream.aclose()

    with trio.fail_after(20):
        with pytest.raises((TransientVendorError, trio_websocket.ConnectionClosed)):
            await listen_to(peer)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("3", 3), ("1.5", 1.5), ("9" * 400, 600), ("-1", None), ("nan", None), (TEXT, None)],
)
def test_how_long_a_vendor_wants_to_be_left_alone(header: str, seconds: float | None) -> None:
    assert retry_after_of(header) == seconds
