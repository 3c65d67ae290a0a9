"""A phone at the end of Twilio's wire, for tests of playback: exact, on virtual time."""

from __future__ import annotations

import base64
import json
from collections import deque
from collections.abc import Callable
from functools import partial

import attrs
import trio

FRAME_SECONDS = 0.020


@attrs.define(eq=False)
class Phone:
    """Plays what it is sent in real time, `delay` seconds after it was sent, and returns marks.

    `heard` holds each played frame with the time at which it began to sound; `wire` each message
    with the time at which it was sent.
    """

    mark_returned: Callable[[str], None]
    delay: float = 0.020
    heard: list[tuple[float, bytes]] = attrs.field(factory=list)
    wire: list[tuple[float, str, object]] = attrs.field(factory=list)
    _queue: deque[bytes | str] = attrs.field(factory=deque)
    _towards: deque[tuple[float, Callable[[], None]]] = attrs.field(factory=deque)
    _back: deque[tuple[float, Callable[[], None]]] = attrs.field(factory=deque)
    _changed: trio.lowlevel.ParkingLot = attrs.field(factory=trio.lowlevel.ParkingLot)

    async def send(self, message: str) -> None:
        data = json.loads(message)
        event = data["event"]
        body: object = data.get(event, {})
        if event == "media":
            body = base64.b64decode(data["media"]["payload"], validate=True)
            assert len(body) % 160 == 0
        elif event == "mark":
            body = data["mark"]["name"]
        self.wire.append((trio.current_time(), event, body))
        self._post(self._towards, partial(self._arrived, event, body))
        await trio.lowlevel.checkpoint()

    def _post(
        self, direction: deque[tuple[float, Callable[[], None]]], do: Callable[[], None]
    ) -> None:
        direction.append((trio.current_time() + self.delay, do))
        self._changed.unpark_all()

    def _arrived(self, event: str, body: object) -> None:
        if event == "media":
            assert isinstance(body, bytes)
            self._queue += [body[i : i + 160] for i in range(0, len(body), 160)]
        elif event == "mark":
            assert isinstance(body, str)
            self._queue.append(body)
        else:
            marks = [item for item in self._queue if isinstance(item, str)]
            self._queue.clear()
            for mark in marks:
                self._return(mark)
        self._changed.unpark_all()

    def _return(self, mark: str) -> None:
        self._post(self._back, partial(self.mark_returned, mark))

    async def _deliver(self, direction: deque[tuple[float, Callable[[], None]]]) -> None:
        """A network that keeps the order."""
        while True:
            if not direction:
                await self._changed.park()
                continue
            at, do = direction.popleft()
            await trio.sleep_until(at)
            do()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._deliver, self._towards)
            nursery.start_soon(self._deliver, self._back)
            task_status.started()
            while True:
                if not self._queue:
                    await self._changed.park()
                    continue
                item = self._queue.popleft()
                if isinstance(item, str):
                    self._return(item)
                    continue
                self.heard.append((trio.current_time(), item))
                await trio.sleep(FRAME_SECONDS)

    def events(self, kind: str) -> list[tuple[float, object]]:
        return [(at, body) for at, event, body in self.wire if event == kind]

    def frames_sent(self) -> bytes:
        return b"".join(
            body for _, e, body in self.wire if e == "media" and isinstance(body, bytes)
        )
