"""Tapes: what is on them, and that taping costs a call nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest
import trio
import trio.testing

from voxanne_trio.events import (
    CallResumed,
    CallStarted,
    Event,
    KeyPressed,
    PlayedOut,
    Sensitive,
    SpeechStarted,
    TurnEnded,
    VoiceStopped,
)
from voxanne_trio.observe import tape
from voxanne_trio.observe.tape import Tapes, decoded, encoded, encoded_scene
from voxanne_trio.simulation.world import world
from voxanne_trio.turns import Floor, Rules, Saying, Scene

WORDS = Sensitive("My number is five")

EVENTS: list[Event] = [
    SpeechStarted(WORDS, 101.5),
    TurnEnded(WORDS, None),
    VoiceStopped(103.25, 820.0),
    PlayedOut(3, proven=False),
    KeyPressed("5"),
    CallResumed(WORDS, seconds=12.5, rung=1),
]


@attrs.define
class Taped:
    sid: str = "CA1"
    tape: str = "CA1"
    started_at: float = 100.0
    floor: Floor = attrs.field(factory=Floor)
    scene: Scene = attrs.field(factory=Scene)


@pytest.mark.parametrize("event", EVENTS)
def test_an_event_comes_back_as_it_was(event: Event) -> None:
    line = json.loads(json.dumps(encoded(event, 100.0, words=True)))
    assert decoded(line, 100.0) == event


def test_times_are_of_the_call() -> None:
    line = encoded(SpeechStarted(WORDS, 101.5), 100.0, words=True)
    assert line["started_at"] == 1.5
    assert decoded(line, 7.0) == SpeechStarted(WORDS, 8.5)


def test_without_words_only_their_number_and_no_key_is_told() -> None:
    line = encoded(TurnEnded(WORDS), 100.0, words=False)
    assert line["text"] == 4
    assert decoded(line, 0.0) == TurnEnded(Sensitive("word word word word"))
    assert encoded(KeyPressed("5"), 0.0, words=False)["digit"] == "?"
    started = CallStarted("CA1", "MZ1", "AC1", {"ticket": "secret"})
    assert "secret" not in json.dumps(encoded(started, 0.0, words=True))


def test_a_scene_without_words() -> None:
    scene = Scene(
        now=101.5, saying=Saying(lately="You are Maria.", unplayed_ms=40), can_repeat=True
    )
    found = encoded_scene(scene, 100.0, words=False)
    assert found == {"now": 1.5, "saying": {"lately": "", "unplayed_ms": 40}, "can_repeat": True}
    assert encoded_scene(Scene(), 0.0, words=True)["saying"] == {}


@pytest.mark.parametrize("line", [{}, {"event": "Sensitive"}, {"event": "Callable"}])
def test_what_is_no_event(line: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="no event"):
        decoded(line, 0.0)


async def test_a_calls_tape(autojump_clock: trio.testing.MockClock, tmp_path: Path) -> None:
    async with world(tape_dir=str(tmp_path), tape_words=True) as here:
        script = ("listen", {"say": "Where are you located?"}, {"stay_silent": 2}, "hang_up")
        placed = await here.ring(*script)
        await trio.sleep(tape.WRITE_SECONDS)
        (file,) = tmp_path.iterdir()  # noqa: ASYNC240 - a test's own few bytes
        assert file.name == f"{placed.call.sid}.jsonl"
        assert file.stat().st_mode & 0o077 == 0
    head, *lines = map(json.loads, file.read_text("utf-8").splitlines())
    assert head.pop("rules")["hold_max_ms"] == Rules().hold_max_ms
    assert head == {"tape": tape.VERSION, "call_sid": placed.call.sid, "words": True}
    assert lines[0]["event"] == "CallStarted"
    assert lines[-1]["event"] == "StreamStopped"
    assert lines[-1]["state"] == "ended"
    (ended,) = (line for line in lines if line["event"] == "TurnEnded")
    assert (ended["text"], ended["state"]) == ("Where are you located?", "processing")
    assert {"Answer", "Commit"} & set(ended["commands"])
    assert ended["scene"]["now"] == ended["t"]
    times = [line["t"] for line in lines]
    assert times == sorted(times)
    assert times[0] == 0


async def test_nothing_is_taped_unless_asked(autojump_clock: trio.testing.MockClock) -> None:
    async with world() as here:
        assert here.composition.services.watch is None


async def test_what_waits_is_written_when_the_process_ends(
    autojump_clock: trio.testing.MockClock, tmp_path: Path
) -> None:
    tapes = Tapes(tmp_path, words=True, run_sync=_here)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(tapes.run)
        await trio.sleep(0.1)
        tapes.watch(Taped(), PlayedOut(1), ())
        nursery.cancel_scope.cancel()
    assert len(tapes.path("CA1").read_text("utf-8").splitlines()) == 1


async def test_a_disk_that_cannot_be_written_costs_the_tape_alone(
    autojump_clock: trio.testing.MockClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (tmp_path / "full").write_text("")
    monkeypatch.setattr(tape, "WAITING_LINES", 2)
    tapes = Tapes(tmp_path / "full", words=True, run_sync=_here)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(tapes.run)
        for _ in range(2):
            for _ in range(3):
                tapes.watch(Taped(), PlayedOut(1), ())
            await trio.sleep(tape.WRITE_SECONDS + 0.1)
        nursery.cancel_scope.cancel()
    assert tapes.left_out == 2
    assert caplog.text.count("Tape not kept") == 1


async def _here(work: Callable[[], None]) -> None:
    await trio.lowlevel.checkpoint()
    work()
