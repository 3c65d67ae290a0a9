from __future__ import annotations

from itertools import pairwise

import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st

from voxanne_trio.audio import BYTES_PER_MS, FRAME_BYTES, SILENCE, silence
from voxanne_trio.hearing.ring import AudioRing

from .peers import quiet, speech

LOUD = b"\x10"


def numbered(count: int) -> bytes:
    return bytes(index % 100 + 1 for index in range(count))


def never() -> bool:
    return False


async def taken(ring: AudioRing, milliseconds: int = 80) -> bytes:
    """Everything that waits, in batches."""
    out = bytearray()
    while ring.waiting_ms:
        out.extend((await ring.take(milliseconds, fill=never)).audio)
    return bytes(out)


def drained(ring: AudioRing, milliseconds: int) -> bytes:
    """The same without a clock of its own."""
    return trio.run(taken, ring, milliseconds, clock=trio.testing.MockClock(autojump_threshold=0))


@given(
    frames=st.lists(st.integers(1, 700), max_size=40),
    batch=st.sampled_from([20, 50, 80, 100]),
)
def test_what_goes_in_comes_out_for_any_split(frames: list[int], batch: int) -> None:
    ring = AudioRing()
    said = numbered(sum(frames))
    begin = 0
    for size in frames:
        ring.put(said[begin : begin + size], begin / 8000)
        begin += size
    assert drained(ring, batch) == said
    assert ring.dropped_ms == {}
    assert ring.position_ms == len(said) / BYTES_PER_MS


@given(frames=st.lists(st.integers(1, 700), max_size=60), bound=st.sampled_from([100, 300]))
def test_the_oldest_is_dropped_and_counted(frames: list[int], bound: int) -> None:
    ring = AudioRing(bound_ms=bound)
    said = numbered(sum(frames))
    begin = 0
    for size in frames:
        ring.put(said[begin : begin + size], 0.0)
        begin += size
        assert ring.waiting_ms <= bound
    kept = min(len(said), bound * BYTES_PER_MS)
    lost = len(said) - kept
    assert ring.dropped_ms.get("overflow", 0.0) == lost / BYTES_PER_MS
    assert ring.position_ms == lost / BYTES_PER_MS  # what was dropped keeps its positions
    assert drained(ring, 20) == said[lost:]


@given(
    frames=st.lists(st.tuples(st.integers(1, 400), st.floats(0, 3)), min_size=1, max_size=40),
    asked=st.lists(st.floats(0, 1), min_size=2, max_size=20),
)
def test_arrival_times_never_run_backwards(
    frames: list[tuple[int, float]], asked: list[float]
) -> None:
    ring = AudioRing()
    now = 100.0
    for size, later in frames:
        now += later
        ring.put(LOUD * size, now)
    end_ms = sum(size for size, _ in frames) / BYTES_PER_MS
    found = [ring.arrived_at(share * end_ms) for share in sorted(asked)]
    times = [at for at in found if at is not None]
    assert len(times) == len(asked)
    assert all(earlier <= later for earlier, later in pairwise(times))
    assert times[-1] <= now
    assert ring.arrived_at(end_ms) == now


def test_arrival_is_interpolated_in_a_frame_and_not_across_a_pause() -> None:
    ring = AudioRing()
    ring.put(quiet(20), 1.0)
    ring.put(quiet(20), 1.02)
    ring.put(quiet(20), 5.0)  # after a gap
    ring.put(quiet(20), 5.0)  # in the same moment
    assert ring.arrived_at(20) == 1.0
    assert ring.arrived_at(30) == pytest.approx(1.01)
    assert ring.arrived_at(50) == pytest.approx(4.99)
    assert ring.arrived_at(70) == 5.0
    assert ring.arrived_at(81) is None
    assert ring.arrived_at(-1) is None
    assert AudioRing().arrived_at(0) is None


def test_old_arrivals_are_forgotten() -> None:
    ring = AudioRing()
    for index in range(10_000):
        ring.put(quiet(20), index / 50)
    assert ring.arrived_at(20.0) is None
    assert ring.arrived_at(9_000 * 20.0) == pytest.approx(8_999 / 50)


async def test_a_batch_is_handed_out_as_soon_as_it_is_there(
    autojump_clock: trio.testing.MockClock,
) -> None:
    ring, began = AudioRing(), trio.current_time()

    async def speak() -> None:
        for _ in range(8):
            await trio.sleep(0.02)
            ring.put(LOUD * FRAME_BYTES, trio.current_time())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(speak)
        for expected in (0.08, 0.16):
            assert (await ring.take(80)).audio == LOUD * 640
            assert trio.current_time() - began == pytest.approx(expected)


async def test_silence_comes_in_real_time_when_nothing_arrives(
    autojump_clock: trio.testing.MockClock,
) -> None:
    ring, began = AudioRing(), trio.current_time()
    ring.put(LOUD * FRAME_BYTES, began)
    batches = []
    for _ in range(4):
        batch = await ring.take(80)
        batches.append((round(trio.current_time() - began, 3), batch.audio))
    assert batches == [
        (0.2, LOUD * FRAME_BYTES + SILENCE * 480),
        (0.28, silence(80)),
        (0.36, silence(80)),
        (0.44, silence(80)),
    ]
    # The silence is part of the stream: the next word has its place after it.
    ring.put(LOUD * FRAME_BYTES, began + 0.45)
    assert ring.position_ms == 320
    assert ring.arrived_at(340) == pytest.approx(began + 0.45)


async def test_without_fill_the_rest_is_handed_out_and_then_nothing(
    autojump_clock: trio.testing.MockClock,
) -> None:
    ring, began = AudioRing(), trio.current_time()
    ring.put(LOUD * FRAME_BYTES, began)
    assert (await ring.take(80, fill=never)).audio == LOUD * FRAME_BYTES
    assert trio.current_time() - began == pytest.approx(0.2)
    assert not (await ring.take(80, fill=never)).audio
    assert trio.current_time() - began == pytest.approx(0.28)


async def test_no_burst_of_silence_after_a_time_without_a_taker(
    autojump_clock: trio.testing.MockClock,
) -> None:
    ring = AudioRing()
    ring.put(LOUD * FRAME_BYTES, trio.current_time())
    await trio.sleep(10)
    began = trio.current_time()
    await ring.take(80)
    await ring.take(80)
    assert trio.current_time() - began == pytest.approx(0.08)


async def test_an_interrupted_take_gives_nothing_and_loses_nothing(
    autojump_clock: trio.testing.MockClock,
) -> None:
    ring, batches = AudioRing(), list[tuple[bytes, float]]()
    ring.put(LOUD * FRAME_BYTES, trio.current_time())

    async def take() -> None:
        for _ in range(2):
            batches.append(((await ring.take(40)).audio, trio.current_time()))

    async with trio.open_nursery() as nursery:
        ring.interrupt()  # nobody waits: nothing happens
        nursery.start_soon(take)
        began = trio.current_time()
        await trio.sleep(0.01)
        ring.interrupt()
        await trio.sleep(0.01)
        ring.put(LOUD * FRAME_BYTES, trio.current_time())
    assert [audio for audio, _ in batches] == [b"", LOUD * 2 * FRAME_BYTES]
    assert [at - began for _, at in batches] == pytest.approx([0.01, 0.02])


async def test_cancelling_a_take_loses_nothing(autojump_clock: trio.testing.MockClock) -> None:
    ring = AudioRing()
    said = numbered(50 * FRAME_BYTES)
    got = bytearray()

    async def speak() -> None:
        for begin in range(0, len(said), FRAME_BYTES):
            await trio.sleep(0.02)
            ring.put(said[begin : begin + FRAME_BYTES], trio.current_time())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(speak)
        while len(got) < len(said):
            with trio.move_on_after(0.03):
                got.extend((await ring.take(40, fill=never)).audio)
    assert bytes(got) == said


async def test_what_was_taken_is_kept_for_five_seconds(
    autojump_clock: trio.testing.MockClock,
) -> None:
    ring = AudioRing()
    ring.put(LOUD * (8_000 * BYTES_PER_MS), 0.0)
    for _ in range(100):
        await ring.take(80)
    assert not ring.rewind(2_000)  # a second of voice is gone
    assert ring.position_ms == 3_000
    assert ring.rewind(7_990)
    assert ring.position_ms == 3_000  # never forwards


async def test_silence_that_is_gone_is_no_loss(autojump_clock: trio.testing.MockClock) -> None:
    ring = AudioRing()
    ring.put(quiet(9_000), 0.0)
    ring.put(LOUD * 800, 0.0)
    while ring.waiting_ms >= 80:
        await ring.take(80)
    assert ring.rewind(0)


async def test_at_most_five_seconds_of_voice_are_replayed(
    autojump_clock: trio.testing.MockClock,
) -> None:
    ring = AudioRing()
    ring.put(LOUD * (3_000 * BYTES_PER_MS), 0.0)
    while ring.waiting_ms >= 80:
        await ring.take(80)
    ring.put(quiet(2_000), 1.0)
    ring.put(LOUD * (4_000 * BYTES_PER_MS), 2.0)
    assert not ring.rewind(0)
    assert ring.position_ms == 2_000
    left_out = ring.dropped_ms.pop("silence")
    assert ring.dropped_ms == {"replay": 2_000}
    heard = await taken(ring)
    assert len(heard) / BYTES_PER_MS == 7_000 - left_out
    assert len(heard.replace(SILENCE, b"")) == 5_000 * BYTES_PER_MS


_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("say"), st.integers(1, 100)),
        st.tuples(st.just("pause"), st.integers(1, 300)),
        st.tuples(st.just("take"), st.integers(1, 100)),
        st.tuples(st.just("report"), st.floats(0, 1)),
        st.tuples(st.just("lose"), st.floats(0, 50)),
    ),
    max_size=40,
)


@given(steps=_STEPS)
def test_each_frame_is_heard_or_waits_or_is_counted_once(steps: list[tuple[str, float]]) -> None:
    """For any recogniser: it reports up to a frame that it got, and its socket is lost."""
    ring = AudioRing(bound_ms=1_000, keep_ms=400)
    heard: set[int] = set()
    given: list[int] = []
    end = reported = 0

    async def main() -> None:
        nonlocal end, given, reported
        for step, amount in steps:
            frames = int(amount)
            if step in {"say", "pause"}:
                ring.put((LOUD if step == "say" else SILENCE) * frames * FRAME_BYTES, 0.0)
                end += frames
            elif step == "take":
                while frames > 0 and ring.waiting_ms:
                    given.append(int((await ring.take(20)).position_ms) // 20)
                    frames -= 1
            elif step == "report":
                got = given[: int(amount * len(given))]
                heard.update(got)
                reported = max([reported, *(frame + 1 for frame in got)])
                ring.heard(reported * 20)
            else:
                ring.rewind(max(0, reported - frames) * 20)
                given = []

        ring.rewind(reported * 20)
        while ring.waiting_ms:
            heard.add(int((await ring.take(20)).position_ms) // 20)

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
    assert len(heard) * 20 + sum(ring.dropped_ms.values()) == end * 20


async def test_voice_before_a_long_silence_is_still_replayed(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """Whoever got it was dead: thirty seconds later the caller goes on, and all of it is heard."""
    ring = AudioRing()
    ring.put(speech(1, 2) + quiet(30_000) + speech(3), 0.0)
    while ring.waiting_ms >= 80:
        await ring.take(80)
    assert ring.rewind(0)
    heard = await taken(ring)
    assert heard.replace(SILENCE, b"") == speech(1, 2, 3).replace(SILENCE, b"")
    assert len(heard) / BYTES_PER_MS + sum(ring.dropped_ms.values()) == 3 * 360 + 30_000


def test_catching_up_leaves_out_silence_but_no_word_and_no_pause() -> None:
    ring = AudioRing()
    ring.put(speech(1, 2) + quiet(4_000) + speech(3, 4) + quiet(100), 0.0)
    heard = drained(ring, 80)
    assert heard.replace(SILENCE, b"") == speech(1, 2, 3, 4).replace(SILENCE, b"")
    assert quiet(300) in heard
    assert quiet(500) not in heard
    assert ring.dropped_ms["silence"] + len(heard) / BYTES_PER_MS == 4 * 360 + 4_100


def test_little_waiting_is_no_reason_to_leave_anything_out() -> None:
    ring = AudioRing()
    ring.put(quiet(480), 0.0)
    assert ring.dropped_ms == {}
    assert ring.waiting_ms == 480


async def test_a_replay_begins_with_a_whole_frame() -> None:
    ring = AudioRing()
    ring.put(bytes(range(160)) + bytes(160), 1.0)
    await ring.take(40)
    assert ring.rewind(10)
    assert (await ring.take(40)).audio == bytes(range(160)) + bytes(160)
