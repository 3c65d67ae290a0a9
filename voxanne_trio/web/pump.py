"""The pump: reads all lent streams together, a few milliseconds' worth at a time.

What a frame costs is mostly the cost of being woken for it: a descriptor re-armed, a poll, a task
rescheduled, fifty times a second and call. So the streams that are lent (`inflow`) share one task
and one poll of their own: woken by the first that has something, it reads every one that has, hands
over what came in the same step, and rests for `REST_SECONDS` before it looks again. A process with
a few calls hears each frame at once; with many, a frame waits five milliseconds on average.

And with many the pump stands back: as long as any other task has something to do, it does nothing,
for up to `POLITE_SECONDS` more. A reply passes two dozen steps of the loop, and in each of them it
would wait for frames that nobody needs within a millisecond.

What an inflow does with its data is run here, in the pump's task; an inflow raises nothing. Refuses
to know what the bytes mean.
"""

from __future__ import annotations

import os
import selectors
from collections import deque
from typing import Final, Protocol

import trio
from trio.testing import wait_all_tasks_blocked  # the one way to run after everybody else

REST_SECONDS: Final = 0.010
"""Between two looks: half a frame."""

MANY_STREAMS: Final = 8
"""With fewer there is no rest: little would be saved, and they are heard sooner."""

READ_BYTES: Final = 4_096
"""At most, of one stream and look: a dozen frames. Who has sent more is not served sooner."""

FRAME_BYTES: Final = 375
"""A frame on the wire, about; and what a stream counts for that has less, or has ended."""

STEP_BYTES: Final = 4 * FRAME_BYTES
"""Read in one step, or a little more; then others have their turn: half a millisecond."""

POLITE_SECONDS: Final = 0.020
"""How long one look lets everybody else go first; after that it takes its turns like any task. With
half of it a busy process comes to its turns in every other look, and replies are a fifth later at
P95; frames are no sooner."""


class Reads(Protocol):
    """Who wants what comes on a socket; called in the pump's task."""

    def take(self, data: bytes) -> None:
        """Some bytes; none at the end of the stream. Must neither wait nor raise."""

    def give_back(self) -> None:
        """The pump will read no more."""


class Pump:
    """Of one process. `run` must run while streams are lent to it."""

    def __init__(self) -> None:
        self._streams: dict[int, Reads] = {}
        self._selector: selectors.DefaultSelector | None = None

    @property
    def is_running(self) -> bool:
        """Whether it can be lent a stream."""
        return self._selector is not None

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Read until cancelled; then every stream is given back."""
        with selectors.DefaultSelector() as selector:
            self._selector = selector
            task_status.started()
            try:
                while True:
                    await trio.lowlevel.wait_readable(selector.fileno())
                    await self._look(selector)
                    if len(self._streams) >= MANY_STREAMS:
                        await trio.sleep(REST_SECONDS)
            finally:
                for reads in tuple(self._streams.values()):
                    reads.give_back()
                self._selector = None

    def add(self, socket: int, reads: Reads) -> None:
        """Read this descriptor from now on, until it is removed: which is before it is closed."""
        assert self._selector is not None
        if (stale := self._streams.get(socket)) is not None:
            stale.give_back()  # closed without a word, and its number is in use again
        self._streams[socket] = reads
        self._selector.register(socket, selectors.EVENT_READ, reads)

    def remove(self, socket: int, reads: Reads) -> None:
        """Read it no more. A second time does nothing."""
        if self._selector is not None and self._streams.get(socket) is reads:
            del self._streams[socket]
            self._selector.unregister(socket)

    async def _look(self, selector: selectors.BaseSelector) -> None:
        ready = deque(key for key, _ in selector.select(0))
        if len(self._streams) >= MANY_STREAMS:
            with trio.move_on_after(POLITE_SECONDS):
                while ready:
                    await wait_all_tasks_blocked()
                    self._step(ready)
        while ready:
            self._step(ready)
            await trio.lowlevel.checkpoint()

    def _step(self, ready: deque[selectors.SelectorKey]) -> None:
        done = 0
        while ready and done < STEP_BYTES:
            key = ready.popleft()
            reads = self._streams.get(key.fd)
            if reads is not None and reads is key.data:  # what came before may have removed it
                done += max(_read(key.fd, reads), FRAME_BYTES)


def _read(socket: int, reads: Reads) -> int:
    """Hand over what is there; how much that was."""
    try:
        data = os.read(socket, READ_BYTES)
    except BlockingIOError:
        return 0
    except OSError:
        data = b""
    reads.take(data)
    return len(data)
