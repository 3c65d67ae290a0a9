"""What is written past a stream's `send_all` arrives whole and in order, with TLS on it too."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio
import trio.testing

from voxanne_trio.at_once import at_once
from voxanne_trio.line import Line

from .pairs import SMALL, encrypted, pair

HOST = "deepgram.test"


@asynccontextmanager
async def ends(
    *, tls: bool
) -> AsyncIterator[tuple[trio.abc.Stream, trio.abc.Stream, trio.SocketStream]]:
    """Ours, theirs, and the socket under theirs."""
    ours, theirs = pair(SMALL)
    async with ours, theirs:
        if not tls:
            yield ours, theirs, theirs
            return
        near, far = encrypted(ours, theirs, HOST)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(far.do_handshake)
            await near.do_handshake()
        yield near, far, theirs


async def read(stream: trio.abc.Stream, count: int) -> bytes:
    got = bytearray()
    while len(got) < count:
        some = await stream.receive_some(700)
        assert some, "it ended too soon"
        got += some
    return bytes(got)


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
async def test_what_is_written_is_on_the_wire(tls: bool) -> None:
    async with ends(tls=tls) as (ours, theirs, under):
        way = at_once(ours)
        assert way is not None
        assert not way.write(b"hello")
        assert not way.pending
        assert await under.socket.recv(1, trio.socket.MSG_PEEK)
        assert await read(theirs, 5) == b"hello"


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
async def test_whoever_sends_and_however_slowly_it_is_read(tls: bool, seed: int) -> None:
    rng = random.Random(seed)
    said = [bytes([number]) * rng.randint(1, 3_000) for number in range(120)]
    whole, had_to_wait = b"".join(said), 0

    async with ends(tls=tls) as (ours, theirs, _), trio.open_nursery() as nursery:

        async def hear() -> None:
            assert await read(theirs, len(whole)) == whole

        line = Line(ours)
        nursery.start_soon(hear)
        for message in said:
            if rng.random() < 0.3:
                await line.send_all(message)  # the library's, between ours
            elif not line.write(message):
                had_to_wait += 1
                if rng.random() < 0.5:
                    await line.flush()
            if rng.random() < 0.2:
                await trio.lowlevel.checkpoint()
        await line.flush()
    assert had_to_wait


async def test_a_broken_socket_is_a_send_that_waits_to_tell() -> None:
    async with ends(tls=True) as (ours, _, under):
        await under.aclose()
        way = at_once(ours)
        assert way is not None
        assert not way.write(b"hello")
        assert way.pending
        with pytest.raises(trio.BrokenResourceError):
            await way.flush()


def test_a_stream_without_a_socket_has_no_such_way() -> None:
    assert at_once(trio.testing.memory_stream_pair()[0]) is None


async def test_a_line_that_was_closed_says_that_nothing_comes() -> None:
    async with ends(tls=False) as (ours, _, _under):
        line = Line(ours)
        line.is_ours = True  # as after the answer to the upgrade
        await line.aclose()
        assert await line.next_message() is None
