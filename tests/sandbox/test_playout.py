"""The play-out buffer against the rules of the protocol, and against the sample session."""

from __future__ import annotations

import base64
import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxanne_trio.sandbox.microphone import Microphone
from voxanne_trio.sandbox.playout import LIMIT_SECONDS, Echo, PlayOut, Restart, voiced

SESSION = Path(__file__).parent.parent / "data" / "twilio_session.jsonl"
LOUD = b"\x10" * 160
QUIET = b"\xff" * 160


def session() -> list[dict[str, Any]]:
    return [json.loads(line) for line in SESSION.read_text().splitlines()]


def test_the_sample_sessions_marks_come_back_when_it_says() -> None:
    """Lines are timed at the server, 8 ms away; scheduling in the capture costs up to 1 ms."""
    one_way = 0.008
    playout = PlayOut(0.0)
    echoes: list[Echo] = []
    expected: list[tuple[str, float, bool]] = []
    for line in session():
        message, at = line.get("msg", {}), line["t_ms"] / 1000
        echoes += playout.take_due(at + one_way)
        if line["dir"] == "from_twilio" and message.get("event") == "mark":
            flushed = "flushed" in line.get("note", "")
            expected.append((message["mark"]["name"], at, flushed))
        if line["dir"] != "to_twilio" or line["kind"] != "text":
            continue
        if message["event"] == "media":
            assert playout.add(base64.b64decode(message["media"]["payload"]), at + one_way)
        elif message["event"] == "mark":
            playout.mark(message["mark"]["name"], at + one_way)
        else:
            assert playout.clear(at + one_way) > 0
    echoes += playout.take_due(9.0)
    assert [(echo.name, echo.flushed) for echo in echoes] == [
        (name, flushed) for name, _, flushed in expected
    ]
    for echo, (_, at, _) in zip(echoes, expected, strict=True):
        assert echo.due + one_way == pytest.approx(at, abs=0.0011)


def test_audio_plays_from_its_arrival_or_after_what_is_queued() -> None:
    playout = PlayOut(100.0)
    playout.add(LOUD, 100.5)
    playout.add(LOUD, 100.501)
    playout.add(LOUD, 101.0)
    assert playout.voice_after(0) == 100.5
    assert playout.voice_after(100.53) == 100.53
    assert playout.voice_after(100.54) == 101.0
    assert playout.voice_until() == pytest.approx(101.02)
    assert playout.voice_until(100.9) == pytest.approx(100.54)
    assert len(playout.audio) == 8_160
    first, second = playout.restarts
    assert first == Restart(100.5, None)
    assert second.at == 101.0
    assert second.gap == pytest.approx(0.46)


def test_a_mark_on_an_empty_queue_is_due_at_once() -> None:
    playout = PlayOut(0.0)
    playout.mark("idle", 3.0)
    assert playout.next_due() == 3.0
    assert playout.take_due(3.0) == [Echo("idle", 3.0, flushed=False)]
    assert playout.next_due() is None


def test_clear_cuts_the_unplayed_and_flushes_marks_once() -> None:
    playout = PlayOut(0.0)
    for name in ("one", "two"):
        playout.add(LOUD * 10, 1.0)
        playout.mark(name, 1.0)
    assert playout.take_due(1.2) == [Echo("one", 1.2, flushed=False)]
    assert playout.clear(1.25) == 150 * 8
    playout.mark("fence", 1.251)
    assert playout.take_due(2.0) == [
        Echo("two", 1.25, flushed=True),
        Echo("fence", 1.251, flushed=False),
    ]
    assert playout.clear(2.0) == 0
    assert playout.take_due(3.0) == []
    assert playout.voice_until() == 1.25
    assert playout.voice_after(1.25) is None


def test_ten_minutes_is_the_limit() -> None:
    playout = PlayOut(0.0)
    assert playout.add(b"\xff" * (LIMIT_SECONDS * 8_000), 0.0)
    assert not playout.add(LOUD, 0.0)
    assert playout.add(LOUD, 1.0)


def test_a_restart_after_a_clear_is_no_gap() -> None:
    playout = PlayOut(0.0)
    playout.add(LOUD * 10, 0.0)
    playout.clear(0.1)
    playout.add(LOUD, 0.5)
    playout.add(LOUD, 0.6)
    assert [restart.gap for restart in playout.restarts] == [None, None, pytest.approx(0.08)]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["media", "mark", "clear"]), st.integers(0, 400), st.integers(1, 9)
        ),
        max_size=40,
    )
)
def test_every_mark_comes_back_once_in_order_and_audio_is_never_lost(
    steps: list[tuple[str, int, int]],
) -> None:
    playout, at, sent, back, added, dropped = PlayOut(0.0), 0.0, [], [], 0, 0
    for number, (kind, wait, frames) in enumerate(steps):
        at += wait / 1000
        back += playout.take_due(at)
        if kind == "media":
            assert playout.add(LOUD * frames, at)
            added += frames * 160
        elif kind == "mark":
            playout.mark(str(number), at)
            sent.append(str(number))
        else:
            dropped += playout.clear(at)
    back += playout.take_due(at + 1_000)
    assert [echo.name for echo in back] == sent
    assert [echo.due for echo in back] == sorted(echo.due for echo in back)
    assert len(playout.audio) - playout.audio.count(0xFF) == added - dropped
    assert sum(end - start for start, end in playout.runs) == added - dropped


def test_voiced() -> None:
    assert voiced(LOUD)
    assert not voiced(QUIET)
    assert not voiced(b"")


def test_the_microphone_says_what_was_said_in_frames() -> None:
    microphone = Microphone(0.0, random.Random(1))
    assert microphone.place(LOUD + LOUD, 0.01) == 80
    assert base64.b64decode(microphone.payload(0)) == QUIET[:80] + LOUD[:80]
    assert base64.b64decode(microphone.payload(320)) == LOUD[:80] + QUIET[:80]
    noise = base64.b64decode(microphone.payload(480))
    assert len(noise) == 160
    assert not voiced(noise)
