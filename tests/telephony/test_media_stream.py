"""The watch over a stream: one on which nothing comes is lost, one without audio is asked."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial

import attrs
import pytest
import trio
import trio.testing
from trio.testing import MockClock

from voxanne_trio.events import CallStarted, StreamLost
from voxanne_trio.telephony.media_stream import MediaStream


@attrs.define
class Watched:
    """A stream that is watched, and what came of it and when."""

    stream: MediaStream
    came: list[tuple[str, float]] = attrs.field(factory=list)

    def note(self, what: str, then: Callable[[], None] = lambda: None) -> None:
        self.came.append((what, trio.current_time()))
        then()

    async def watch(self, answer: Callable[[], None] = lambda: None) -> None:
        await self.stream.watch(
            lost_after=5.0,
            probe=partial(self.note, "probe", answer),
            pause=partial(self.note, "pause"),
            tell=lambda event: self.note(type(event).__name__),
        )

    def message(self) -> None:
        self.stream.message_at = trio.current_time()

    def frame(self) -> None:
        self.message()
        self.stream.frame_at = trio.current_time()


class Feed:
    """A socket on which frames come as they are made."""

    sink: Callable[[str], bool]

    async def pour(self, sink: Callable[[str], bool]) -> None:
        self.sink = sink
        await trio.sleep_forever()

    def frame(self) -> float:
        """When it came."""
        media = {"track": "inbound", "chunk": "1", "timestamp": "5", "payload": "/////w=="}
        self.sink(
            json.dumps(
                {"event": "media", "sequenceNumber": "2", "media": media, "streamSid": "MZ1"}
            )
        )
        return trio.current_time()


def watched(socket: Feed | None = None) -> Watched:
    started = CallStarted("CA1", "MZ1", "AC1")
    return Watched(MediaStream(socket, started))  # type: ignore[arg-type]  # nothing else is used


async def test_a_stream_on_which_nothing_comes_is_asked_and_then_lost(
    autojump_clock: MockClock,
) -> None:
    line = watched()
    await line.watch()
    assert [what for what, _ in line.came] == ["pause", "probe", StreamLost.__name__]
    assert [at for _, at in line.came] == pytest.approx([0.5, 2.5, 5.0])


async def test_a_stream_without_audio_that_answers_is_no_lost_one(
    autojump_clock: MockClock,
) -> None:
    line = watched()
    with trio.move_on_after(60):
        await line.watch(answer=line.message)
    assert [what for what, _ in line.came] == ["pause", *["probe"] * 23]


async def test_audio_that_comes_is_never_asked_about_and_each_pause_is_told_once(
    autojump_clock: MockClock,
) -> None:
    line = watched()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(line.watch)
        for pause in (0.02, 0.4, 0.02, 0.8, 0.02, 1.2, 0.02):
            for _ in range(50):
                line.frame()
                await trio.sleep(0.02)
            await trio.sleep(pause)
        nursery.cancel_scope.cancel()
    assert [what for what, _ in line.came] == ["pause", "pause"]


async def test_each_pause_is_told_half_a_second_after_its_last_frame(
    autojump_clock: MockClock,
) -> None:
    feed, last = Feed(), list[float]()
    line = watched(feed)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(partial(line.stream.read, hear=lambda _, at: None, tell=lambda _: None))
        nursery.start_soon(line.watch)
        await trio.testing.wait_all_tasks_blocked()
        for _ in range(3):
            for _ in range(30):
                at = feed.frame()
                await trio.sleep(0.02)
            last.append(at)
            await trio.sleep(1)
        nursery.cancel_scope.cancel()
    assert line.stream.bad_messages.total() == 0
    assert [what for what, _ in line.came] == ["pause"] * 3
    assert [at for _, at in line.came] == pytest.approx([at + 0.5 for at in last])
