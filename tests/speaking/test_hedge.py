"""Ways in turn as one lease: the first that answers is heard, and every other is given back.

Rules: virtual time; ways are scripted, so that who was asked what, and when, is exact.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import attrs
import pytest
import trio
import trio.lowlevel
from trio.testing import MockClock

from voxanne_trio.errors import TransientVendorError
from voxanne_trio.speaking import Flushed, Lease
from voxanne_trio.speaking.hedge import Hedge

from .conftest import stage, until_flushed
from .speak_peer import SpeakPeer, heard

NEVER = float("inf")


@attrs.define(eq=False)
class Way:
    """Answers each flush after `first_byte` with what was written; a `Speaker` and its `Lease`."""

    way: str
    first_byte: float = 0.1
    opens_after: float = 0.0
    refuses: bool = False
    fails: bool = False
    taken: int = 0
    returned: int = 0
    written: list[str] = attrs.field(factory=list)
    flushes: list[float] = attrs.field(factory=list)
    _asked: trio.Semaphore = attrs.field(factory=lambda: trio.Semaphore(0))
    _answers: list[bytes | Flushed] = attrs.field(factory=list)

    @asynccontextmanager
    async def lease(self, speed: float = 1.0) -> AsyncIterator[Lease]:
        await trio.sleep(self.opens_after)
        if self.refuses:
            raise TransientVendorError("deepgram", f"{self.way} refuses")
        self.taken += 1
        try:
            yield self
        finally:
            self.returned += 1

    def write(self, text: str) -> None:
        self.written.append(text)

    def flush(self) -> None:
        self.flushes.append(trio.current_time())
        self._answers += [f"{self.way}: {' '.join(self.written)}".encode(), Flushed()]
        self.written.clear()
        self._asked.release()

    async def receive(self) -> bytes | Flushed:
        if len(self._answers) % 2 == 0:
            await self._asked.acquire()
            await trio.sleep(self.first_byte)
            if self.fails:
                raise TransientVendorError("deepgram", f"{self.way} fails")
        return self._answers.pop(0)


async def said(hedge: Hedge) -> tuple[float, str]:
    """When something was heard of a text written word by word, and what."""
    began = trio.current_time()
    async with hedge.lease() as lease:
        lease.write("One")
        await trio.lowlevel.checkpoint()
        lease.write("two.")
        lease.flush()
        audio = await lease.receive()
        assert isinstance(audio, bytes)
        at = round(trio.current_time() - began, 3)
        assert isinstance(await lease.receive(), Flushed)
        lease.write("Three.")
        lease.flush()
        return at, (audio + b" " + await until_flushed(lease)).decode()


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ({}, {}, (0.1, "first: One two. first: Three.")),
        ({"first_byte": NEVER}, {}, (0.6, "second: One two. second: Three.")),
        ({"opens_after": NEVER}, {}, (0.6, "second: One two. second: Three.")),
        ({"refuses": True}, {}, (0.1, "second: One two. second: Three.")),
        ({"fails": True}, {}, (0.2, "second: One two. second: Three.")),
        ({"first_byte": 0.7}, {"first_byte": 0.5}, (0.7, "first: One two. first: Three.")),
        ({"first_byte": 0.7}, {"refuses": True}, (0.7, "first: One two. first: Three.")),
        ({"first_byte": 0.7}, {"fails": True}, (0.7, "first: One two. first: Three.")),
    ],
)
async def test_the_first_way_that_answers_is_heard(
    autojump_clock: MockClock,
    first: dict[str, float],
    second: dict[str, float],
    expected: tuple[float, str],
) -> None:
    ways = Way("first", **first), Way("second", **second)  # type: ignore[arg-type]
    assert await said(Hedge(*ways, after_ms=500)) == expected
    assert [way.taken for way in ways] == [way.returned for way in ways]


async def test_the_second_way_is_not_asked_while_there_is_nothing_to_say(
    autojump_clock: MockClock,
) -> None:
    ways = Way("first"), Way("second")
    async with Hedge(*ways, after_ms=500).lease() as lease:
        await trio.sleep(5)
        lease.write("One.")
        lease.flush()
        assert await until_flushed(lease) == b"first: One."
        await trio.sleep(5)
    assert (ways[0].taken, ways[1].taken) == (1, 0)


async def test_a_lease_that_is_late_again_once_it_has_answered_is_its_holders_affair(
    autojump_clock: MockClock,
) -> None:
    ways = Way("first"), Way("second")
    async with Hedge(*ways, after_ms=500).lease() as lease:
        lease.write("One.")
        lease.flush()
        await until_flushed(lease)
        ways[0].first_byte = 3.0
        lease.write("Two.")
        lease.flush()
        assert await until_flushed(lease) == b"first: Two."
    assert ways[1].taken == 0


async def test_where_there_is_no_way_receiving_says_so(autojump_clock: MockClock) -> None:
    ways = Way("first", refuses=True), Way("second", fails=True)
    async with Hedge(*ways, after_ms=500).lease() as lease:
        lease.write("One.")
        lease.flush()
        for _ in range(2):
            with pytest.raises(TransientVendorError, match="second fails"):
                await lease.receive()
    assert trio.current_time() == pytest.approx(0.1)


@pytest.mark.parametrize("moment", [0.0, 0.05, 0.1, 0.3, 0.5, 0.55, 0.6, 0.7])
async def test_leaving_at_any_moment_gives_every_way_back(
    autojump_clock: MockClock, moment: float
) -> None:
    ways = Way("first", first_byte=0.7), Way("second", first_byte=0.1, opens_after=0.02)
    with trio.move_on_after(moment):
        await said(Hedge(*ways, after_ms=500))
        await trio.sleep_forever()
    assert [way.taken for way in ways] == [way.returned for way in ways]
    with pytest.raises(ZeroDivisionError):  # as it is, in no group
        async with Hedge(*ways, after_ms=500).lease():
            raise ZeroDivisionError


@pytest.mark.parametrize("deaf", [True, False])
async def test_a_socket_that_was_given_up_for_its_silence_is_replaced(
    autojump_clock: MockClock, deaf: bool
) -> None:
    peer = SpeakPeer(answers_clear=not deaf)
    async with stage(peer, warm=1, most=1) as here:
        peer.first_byte = NEVER
        hedge = Hedge(here.pool, Way("second"), after_ms=500)
        async with hedge.lease() as lease:
            lease.write("One.")
            lease.flush()
            assert await until_flushed(lease) == b"second: One."
        peer.first_byte = 0.1
        await trio.sleep(2)
        async with hedge.lease() as lease:
            lease.write("Two.")
            lease.flush()
            assert heard(await until_flushed(lease)) == "Two. "
        assert len(peer.connections) == 2
        assert peer.connections[0].closed_at == pytest.approx(0.6)
