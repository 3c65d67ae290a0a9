"""What once went wrong at the edges of a call: the stream's beginning, and a server that stops."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from typing import Any

import attrs
import pytest
import trio
import trio.testing

from voxanne_trio.call import answer
from voxanne_trio.simulation.world import world
from voxanne_trio.telephony.media_stream import MediaSocket, MediaStream
from voxanne_trio.telephony.signature import sign

from .live import BOUND, Caller, live_server, status_of
from .support import CALL, PUBLIC, TOKEN


@attrs.define
class FakeSocket:
    """A stream's socket that has said these messages, and then nothing more."""

    said: list[dict[str, Any]]
    closed: int | None = None

    async def receive(self) -> str:
        if not self.said:
            await trio.sleep_forever()
        return json.dumps(self.said.pop(0))

    async def pour(self, sink: Callable[[str | bytes], bool]) -> None:
        while not sink(await self.receive()):
            pass

    async def send(self, message: str) -> None:
        await trio.lowlevel.checkpoint()

    async def close(self, code: int = 1000, reason: str = "") -> None:
        self.closed = self.closed or code

    def on_draining(self, tell: object) -> None:
        pass


CONNECTED: dict[str, Any] = {"event": "connected", "protocol": "Call", "version": "1.0.0"}
START: dict[str, Any] = {
    "event": "start",
    "sequenceNumber": "1",
    "streamSid": "MZ1",
    "start": {
        "accountSid": "AC1",
        "callSid": "CA1",
        "streamSid": "MZ1",
        "tracks": ["inbound"],
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
        "customParameters": {},
    },
}


async def test_an_unknown_event_before_the_start_is_ignored(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """Twilio may add events without notice."""
    socket = FakeSocket([CONNECTED, {"event": "capabilities"}, START])
    assert (await MediaStream.open(socket)).started.call_sid == "CA1"


async def test_a_call_that_is_cut_from_above_is_no_internal_error(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with world() as here:
        socket = FakeSocket([CONNECTED, START])
        with trio.move_on_after(3):
            await answer(socket, here.composition.services)
        assert socket.closed == 1001


@pytest.mark.sockets
async def test_a_draining_server_still_says_what_its_last_call_does_next() -> None:
    """Twilio asks once the stream has ended: nobody there is "an application error" to the ear."""

    async def says_goodbye(socket: MediaSocket, services: Any, call_sid: str) -> None:
        await socket.receive()

    asked = {"CallSid": CALL, "CallStatus": "completed"}
    form = "&".join(f"{name}={value}" for name, value in asked.items())
    signature = sign(TOKEN, PUBLIC + "/twiml/after", asked.items())
    async with live_server(says_goodbye, signals=(signal.SIGUSR1,)) as live:
        async with Caller.ring(live) as caller:
            signal.raise_signal(signal.SIGUSR1)
            await live.draining()
            await caller.say("bye")
            assert await caller.until_closed() == 1000
        await trio.sleep(0.3)
        async with await live.connect() as stream:
            await stream.send_all(
                (
                    "POST /twiml/after HTTP/1.1\r\nHost: x\r\n"
                    "Content-Type: application/x-www-form-urlencoded\r\n"
                    f"X-Twilio-Signature: {signature}\r\nContent-Length: {len(form)}\r\n\r\n{form}"
                ).encode()
            )
            assert await status_of(stream) == 200
        with trio.fail_after(BOUND):
            assert await live.ended() == 0
