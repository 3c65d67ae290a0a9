"""A recogniser that takes everything and says nothing, told from a caller who has nothing to say.

A `Mute` vendor hears and answers as it should until it goes mute: it reads on, or, half-open, reads
nothing more either; then every byte we write is taken by a buffer.
"""

from __future__ import annotations

import math
from typing import Any

import attrs
import pytest
import trio
import trio.testing

from voxanne_trio.audio import BYTES_PER_MS, FRAME_BYTES, FRAME_MS
from voxanne_trio.events import HearingLost, HearingRestored
from voxanne_trio.hearing import AudioRing
from voxanne_trio.hearing.ring import Batch
from voxanne_trio.settings import Settings

from .peers import (
    NOVA,
    SETTINGS,
    Call,
    Deepgram,
    FluxMachine,
    Line,
    NovaMachine,
    Script,
    quiet,
    speech,
    spelled,
)

RECOGNISERS = pytest.mark.parametrize("settings", [SETTINGS, NOVA], ids=["flux", "nova"])
NOISE = b"\x30" * FRAME_BYTES


def working(settings: Settings) -> Script:
    return (NovaMachine() if settings.stt == "nova" else FluxMachine()).script


def fails_after(heard_ms: float, settings: Settings, *, half_open: bool = False) -> Script:
    """Works until it has been given so much audio."""

    async def script(line: Line) -> None:
        machine = NovaMachine() if settings.stt == "nova" else FluxMachine()

        def hear(audio: bytes) -> list[dict[str, Any]]:
            if machine.ears.heard_ms < heard_ms:
                return machine(audio)
            if half_open:
                line.received.pop()
                line.stream.receive_some = _nothing  # type: ignore[method-assign]
            return []

        line.on_audio = hear
        if settings.stt != "nova":
            await line.send({"type": "Connected", "request_id": "r", "sequence_id": 0})
        await trio.sleep_forever()

    return script


async def _nothing(max_bytes: int | None = None) -> bytes:
    del max_bytes
    await trio.sleep_forever()
    return b""


async def deaf(line: Line) -> None:
    """Greets, and never says another word."""
    await line.send({"type": "Connected", "request_id": "r", "sequence_id": 0})
    await trio.sleep_forever()


@RECOGNISERS
@pytest.mark.parametrize("half_open", [False, True], ids=["mute", "half-open"])
async def test_it_is_noticed_and_no_word_is_lost_or_told_twice(
    nursery: trio.Nursery,
    autojump_clock: trio.testing.MockClock,
    settings: Settings,
    half_open: bool,
) -> None:
    vendor = Deepgram(fails_after(2_000, settings, half_open=half_open), working(settings))
    call = Call(nursery, vendor, settings=settings)
    nursery.start_soon(call.listen)
    await call.say(quiet(1_000) + speech(*range(1, 15)))
    assert len(vendor.lines) == 2
    # What it said last was about the second second; a sixth of the speech is no voice.
    after = vendor.lines[1].opened_at - vendor.lines[0].opened_at - 2.0
    assert 1.5 <= after <= 1.5 * 1.2 + 0.5
    await call.say(quiet(4_000))
    assert " ".join(call.turns) == spelled(*range(1, 15))
    assert call.losses == []
    call.scope.cancel()


@RECOGNISERS
async def test_nothing_is_noticed_while_nobody_speaks(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock, settings: Settings
) -> None:
    vendor = Deepgram(deaf if settings is SETTINGS else fails_after(0, NOVA))
    call = Call(nursery, vendor, settings=settings)
    nursery.start_soon(call.listen)
    await call.say(quiet(60_000))
    assert len(vendor.lines) == 1
    assert call.events == []
    call.scope.cancel()


async def test_a_turn_that_is_open_owes_its_end(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    """Mute after the last word: no more voice comes, but the caller waits for an answer."""
    vendor = Deepgram(fails_after(1_740, SETTINGS), working(SETTINGS))
    call = Call(nursery, vendor)
    nursery.start_soon(call.listen)
    await call.say(quiet(1_000) + speech(1, 2) + quiet(6_000))
    assert len(vendor.lines) == 2
    assert vendor.lines[1].opened_at - vendor.lines[0].opened_at < 1.74 + 3.0 + 0.3
    assert call.turns == [spelled(1, 2)]
    call.scope.cancel()


async def test_voice_is_what_the_detector_takes_for_voice(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    vendor = Deepgram(deaf)
    call = Call(nursery, vendor)
    nursery.start_soon(call.listen)
    for _ in range(30 * 50):  # half a minute of a loud line on which nobody speaks
        await trio.sleep(0.02)
        call.ring.put(NOISE, trio.current_time(), voice=False)
    assert len(vendor.lines) == 1
    call.scope.cancel()


async def test_what_is_taken_for_voice_and_passed_over_costs_few_reconnects(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    """Each is given twice the time of the one before it; in the end hearing counts as lost."""
    vendor = Deepgram(deaf)
    call = Call(nursery, vendor)
    nursery.start_soon(call.listen)
    await call.say(NOISE * (30 * 50))
    assert 4 <= len(vendor.lines) <= 5
    ((at, event),) = [(at, e) for at, e in call.losses if isinstance(e, HearingLost)]
    assert 6 < at < 10
    assert "ms of voice" in event.reason
    assert len(call.losses) == 1  # that a socket lives is no proof any more
    await call.say(quiet(60_000))
    assert len(vendor.lines) <= 5
    call.scope.cancel()


async def test_noise_that_a_recogniser_reports_on_costs_nothing(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    class Unimpressed(FluxMachine):
        def __call__(self, audio: bytes) -> list[dict[str, Any]]:
            return super().__call__(quiet(len(audio) // BYTES_PER_MS))

    vendor = Deepgram(Unimpressed().script)
    call = Call(nursery, vendor)
    nursery.start_soon(call.listen)
    await call.say(NOISE * (30 * 50))
    assert len(vendor.lines) == 1
    assert call.events == []
    call.scope.cancel()


async def test_hearing_comes_back_when_a_socket_answers(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    vendor = Deepgram(deaf, deaf, deaf, working(SETTINGS))
    call = Call(nursery, vendor)
    nursery.start_soon(call.listen)
    await call.say(speech(*range(1, 41)) + quiet(5_000))
    kinds = [type(event) for _, event in call.losses]
    assert HearingLost in kinds
    assert call.losses[-1][1] == HearingRestored(words_lost=True)
    # Of 14.4 s only the newest five of voice could be said again, and what was said since.
    words = " ".join(call.turns).split()
    assert words[1:] == spelled(*range(42 - len(words), 41)).split()  # the first is cut
    assert len(words) > 16
    call.scope.cancel()


async def test_until_the_replay_has_caught_up_voice_may_still_become_words(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    vendor = Deepgram(fails_after(1_000, SETTINGS), working(SETTINGS))
    call = Call(nursery, vendor)
    nursery.start_soon(call.listen)
    await call.say(quiet(1_000) + speech(*range(1, 9)))
    voiced_until = trio.current_time() - 0.06
    covered = call.ears.covered_until
    assert covered is not None
    assert covered < voiced_until - 0.3
    await call.say(quiet(2_000))
    covered = call.ears.covered_until
    assert covered is not None
    assert covered > voiced_until
    assert call.turns == [spelled(*range(1, 9))]
    call.scope.cancel()


async def test_a_replay_of_five_seconds_keeps_the_vendors_pace(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    """The longest there is: voice all through, and more of it while it is said again."""
    patient = attrs.evolve(SETTINGS, hearing_mute_ms=7_000)
    vendor = Deepgram(fails_after(500, SETTINGS), working(SETTINGS))
    call = Call(nursery, vendor, settings=patient)
    nursery.start_soon(call.listen)
    await call.say(quiet(500) + speech(*range(1, 41)))
    line, sent_ms = vendor.lines[1], 0.0
    for at, batch in line.received:
        assert sent_ms <= (at - line.opened_at) * 1_000 * 1.25 + 1e-6
        sent_ms += len(batch) / BYTES_PER_MS
    lag_ms = (line.opened_at - call.began) * 1_000 - call.ring.dropped_ms["replay"]
    assert 5_000 <= lag_ms <= 5_000 * 1.2 + 1_000  # pauses between words, and what had been heard
    call.scope.cancel()


class Recorded(AudioRing):
    """Remembers what was handed out, and when."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[tuple[float, Batch]] = []

    async def take(self, milliseconds: int, **how: Any) -> Batch:
        batch = await super().take(milliseconds, **how)
        self.batches.append((trio.current_time(), batch))
        return batch

    def take_now(self, milliseconds: int) -> Batch:
        batch = super().take_now(milliseconds)
        self.batches.append((trio.current_time(), batch))
        return batch

    def frames(self, since: float, until: float) -> set[int]:
        """Positions of the frames that were handed out then."""
        return {
            int(batch.position_ms) + offset
            for at, batch in self.batches
            if since <= at < until
            for offset in range(0, int(batch.duration_ms), FRAME_MS)
        }


@RECOGNISERS
async def test_every_frame_was_heard_or_is_counted_once(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock, settings: Settings
) -> None:
    """Quiet on a half-open socket, then more voice than is replayed, then pauses left out; and the
    same with the second socket."""
    patient = attrs.evolve(settings, hearing_mute_ms=7_000)
    vendor = Deepgram(
        fails_after(4_000, settings, half_open=True),
        fails_after(4_000, settings, half_open=True),
        working(settings),
    )
    ring = Recorded()
    call = Call(nursery, vendor, settings=patient, ring=ring)
    nursery.start_soon(call.listen)
    words = speech(*range(1, 24))
    pause = quiet(3_000)
    said = pause + speech(30) + pause + words + pause + speech(31) + words + words + pause + pause
    await call.say(said)
    assert len(vendor.lines) == 3
    begins = [line.opened_at for line in vendor.lines]
    given = [ring.frames(*times) for times in zip(begins, [*begins[1:], math.inf], strict=True)]
    # A dead socket heard what it got before it died, of which it reported the most.
    heard = {frame for dead in given[:2] for frame in sorted(dead)[: 4_000 // FRAME_MS]} | given[2]
    everything = len(said) / BYTES_PER_MS
    dropped = sum(ring.dropped_ms.values())
    unreported = everything - ring.waiting_ms - dropped - len(heard) * FRAME_MS
    assert -500 < unreported <= 0
    assert set(ring.dropped_ms) == {"silence", "replay"}
    call.scope.cancel()
