"""An answer of the voice's that has come is no missing one, however late the loop gets to it."""

from __future__ import annotations

from collections import deque
from typing import cast

import pytest
import trio
import trio.testing
from trio_websocket import WebSocketConnection

from voxanne_trio.speaking import Flushed
from voxanne_trio.speaking import socket as module
from voxanne_trio.speaking.socket import FLUSHED_SECONDS, SpeakSocket


async def test_flushed_that_is_there_as_the_time_runs_out(
    nursery: trio.Nursery,
    autojump_clock: trio.testing.MockClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    came, changed = deque[str](), trio.lowlevel.ParkingLot()

    async def next_message(_: object) -> str:
        await trio.lowlevel.checkpoint_if_cancelled()
        while not came:
            await changed.park()
        return came.popleft()

    monkeypatch.setattr(module, "next_message", next_message)
    socket = SpeakSocket(lambda: None, lambda _: False)
    nursery.start_soon(socket._read, cast("WebSocketConnection", None))
    await trio.testing.wait_all_tasks_blocked()
    lease = socket.lend()
    lease.write("Hello.")
    lease.flush()
    came.append('{"type":"Flushed","sequence_id":0}')
    changed.unpark_all()
    autojump_clock.jump(2 * FLUSHED_SECONDS)  # before the reader has its turn
    await trio.testing.wait_all_tasks_blocked()
    assert socket.failure is None
    assert await lease.receive() == Flushed()
    nursery.cancel_scope.cancel()
