"""On a real socket a batch is written in the step that makes it whole, past the writer's task, and
with TLS on it too.

The sockets are pairs, with the kernel between them and no network, so that the clock can be ours.
"""

from __future__ import annotations

import fcntl
import struct
import termios
from typing import Any, cast

import attrs
import pytest
import trio
import trio.testing

from voxanne_trio.audio import FRAME_BYTES
from voxanne_trio.settings import Settings

from ..pairs import SMALL, encrypted, pair
from .peers import NOVA, SETTINGS, Call, Deepgram, Line, greet, stay

LOUD = b"\x10"
IN_BATCH = 4
"""Frames in a batch of 80 ms."""


@attrs.define
class Pairs:
    """Opens socket pairs to a vendor; the kernel keeps no more of what we send than `room`."""

    nursery: trio.Nursery
    vendor: Deepgram
    room: int = 65_536
    encrypted: bool = False
    theirs: list[trio.SocketStream] = attrs.field(factory=list)

    async def dial(self, host: str, port: int) -> trio.abc.Stream:
        del port
        ours, theirs = pair(self.room)
        self.theirs.append(theirs)
        if not self.encrypted:
            self._serve(theirs)
            return ours
        near, far = encrypted(ours, theirs, host)
        self._serve(far)
        await near.do_handshake()
        return near

    def _serve(self, stream: trio.abc.Stream) -> None:
        self.nursery.start_soon(self.vendor.handle, cast("Any", stream))

    def unread(self) -> int:
        """Bytes on the wire of the latest pair, as they are there."""
        answer = fcntl.ioctl(self.theirs[-1].socket.fileno(), termios.FIONREAD, b"\0" * 4)
        return int(struct.unpack("i", answer)[0])


async def connected(nursery: trio.Nursery, pairs: Pairs, settings: Settings = SETTINGS) -> Call:
    """A call whose writer waits for audio; a first batch has been heard."""
    call = Call(nursery, pairs.vendor, settings=settings, dial=pairs.dial)
    nursery.start_soon(call.listen)
    await call.say(LOUD * (8 * FRAME_BYTES))
    await trio.testing.wait_all_tasks_blocked()
    assert len(pairs.vendor.lines[0].audio) == 8 * FRAME_BYTES
    return call


def put(call: Call, frames: int, sample: bytes = LOUD) -> None:
    for _ in range(frames):
        call.ring.put(sample * FRAME_BYTES, trio.current_time())


over = pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])


@over
@pytest.mark.parametrize("settings", [SETTINGS, NOVA], ids=["flux", "nova"])
async def test_a_whole_batch_is_on_the_wire_before_anybody_else_runs(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock, settings: Settings, tls: bool
) -> None:
    pairs = Pairs(nursery, Deepgram(greet), encrypted=tls)
    call = await connected(nursery, pairs, settings)
    put(call, IN_BATCH - 1)
    assert pairs.unread() == 0
    put(call, 1)
    head_and_mask, record = 8, 22 if tls else 0
    assert pairs.unread() == IN_BATCH * FRAME_BYTES + head_and_mask + record
    assert call.ring.waiting_ms == 0
    await trio.testing.wait_all_tasks_blocked()
    assert len(pairs.vendor.lines[0].audio) == (8 + IN_BATCH) * FRAME_BYTES


async def test_what_was_posted_goes_first(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    pairs = Pairs(nursery, Deepgram(greet))
    call = await connected(nursery, pairs)
    call.ears.end_turn()
    put(call, IN_BATCH)
    assert pairs.unread() == 0
    await trio.testing.wait_all_tasks_blocked()
    line = pairs.vendor.lines[0]
    assert [type(message) for _, message in line.received[-2:]] == [str, bytes]
    assert len(line.audio) == (8 + IN_BATCH) * FRAME_BYTES


@over
async def test_what_the_kernel_does_not_take_goes_out_whole_and_in_order(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock, tls: bool
) -> None:
    reads = trio.Event()
    reads.set()

    async def hesitate(line: Line) -> None:
        receive = line.stream.receive_some

        async def receive_some(max_bytes: int | None = None) -> bytes:
            await reads.wait()
            return await receive(max_bytes)

        line.stream.receive_some = receive_some  # type: ignore[method-assign]
        await greet(line)

    pairs = Pairs(nursery, Deepgram(hesitate), room=SMALL, encrypted=tls)
    call = await connected(nursery, pairs)
    line = pairs.vendor.lines[0]
    await call.say(LOUD * FRAME_BYTES)  # from now on its reader waits for the event
    reads = trio.Event()
    said = bytearray(line.audio + LOUD * FRAME_BYTES)
    for number in range(40):
        frame = bytes([0x11 + number]) * FRAME_BYTES
        said += frame
        await call.say(frame)
    assert call.ring.waiting_ms > 80, "the kernel took everything"
    call.ears.end_turn()
    reads.set()
    await trio.sleep(1)
    assert line.audio[: len(said)] == said
    assert [text for _, text in line.texts] == ['{"type":"ForceEndTurn"}']
    assert not call.losses


async def test_a_verdict_of_mute_stands_whatever_comes_in_the_same_step(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    pairs = Pairs(nursery, Deepgram(stay))
    call = await connected(nursery, pairs, NOVA)
    said_ms = 160
    while len(pairs.theirs) == 1:
        await trio.sleep(0.16)
        put(call, 2 * IN_BATCH)
        said_ms += 160
        await trio.sleep(0.1)  # the first attempt to connect anew comes within it
    assert said_ms <= NOVA.hearing_mute_ms + 2 * 160
