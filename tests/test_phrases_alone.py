"""Vendors are down and the phrases are all there is: whole calls on virtual time."""

from __future__ import annotations

from pathlib import Path
from typing import Final
from unittest.mock import AsyncMock, patch

import trio
import trio.testing

from voxanne_trio.sandbox.faults import Fault, Schedule
from voxanne_trio.simulation.world import World, world

VOICE_AND_MODEL: Final = ("speak_no_answer", "speak_http_503", "chat_503")
CALL: Final = ("listen", {"say": "Do you do BBL?"}, {"listen": 2_500}, {"await_hang_up": 60})


def dead(*kinds: str) -> Schedule:
    return Schedule(Fault(kind=kind, times=None) for kind in kinds)


def kill_vendors(here: World) -> None:
    """They break every connection, and nobody listens any more."""
    for host in ("deepgram.test", "groq.test"):
        here.network.refuse(host)
    for stream in here.network.streams:
        if stream.socket.remote[0] in {"deepgram.test", "groq.test"}:
            stream.reset()


async def keep_phrases(directory: Path) -> None:
    """What an earlier run has left on the disk."""
    async with world(cache_dir=str(directory)) as here:
        await trio.sleep(20)
        assert not here.composition._phrases.missing(here.composition._spoken)


async def test_a_whole_call_without_voice_and_model(
    autojump_clock: trio.testing.MockClock, tmp_path: Path
) -> None:
    await keep_phrases(tmp_path)
    schedule = dead(*VOICE_AND_MODEL)
    schedule.arm()
    async with world(cache_dir=str(tmp_path), warm_phrases=False, schedule=schedule) as here:
        record = await here.record(await here.ring(*CALL))
    heard = [turn.heard for turn in record.turns]
    assert heard[0].startswith("Thanks for calling")
    assert "once more?" in heard[1]
    assert record.turns[1].latency_ms["total"] is not None
    assert record.turns[1].latency_ms["total"] < 2_000
    assert heard[-1] == "Thanks for calling. Goodbye."  # nobody says anything any more
    assert all(turn.heard == turn.agent for turn in record.turns)
    assert record.outcome == "silence"


async def test_a_whole_call_without_any_vendor(
    autojump_clock: trio.testing.MockClock, tmp_path: Path
) -> None:
    await keep_phrases(tmp_path)
    async with world(cache_dir=str(tmp_path), warm_phrases=False) as here:
        kill_vendors(here)
        placed = await here.ring(*CALL)
        record = await here.record(placed)
    heard = [turn.heard for turn in record.turns]
    assert heard[0].startswith("Thanks for calling")
    assert "technical trouble" in heard[-1]
    assert placed.result()["hung_up_by"] == ["twiml"]
    assert record.outcome == "transfer"  # nobody is there: to voicemail
    assert placed.result()["twilio_says"][0].startswith("Please leave your message")


async def test_on_a_fresh_install_without_a_voice_twilio_itself_answers_at_once(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with world(warm_phrases=False) as here:
        kill_vendors(here)
        await trio.sleep(1.5)  # the first try has failed by then
        assert not here.composition.can_speak
        placed = await here.ring(*CALL)
        assert await here.composition.records.find(placed.call.sid) is None
        assert any("sorry" in text.lower() for text in placed.result()["twilio_says"])
        here.network.listen("deepgram.test", here.sandbox.handler)
        await trio.sleep(65)
        assert here.composition.can_speak


async def test_readiness_waits_for_a_greeting_that_can_be_had_and_not_for_one_that_cannot(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with world(warm_phrases=False) as here:
        composition = here.composition
        began = trio.current_time()
        await composition.probe()
        assert composition._phrases.missing(composition._spoken[:1]) == []
        assert 0 < trio.current_time() - began < 3
    async with world(warm_phrases=False) as here:
        kill_vendors(here)
        began = trio.current_time()
        assert all((await here.composition.probe()).values())
        assert trio.current_time() - began == 3


async def test_a_vendor_that_hangs_is_told_by_name(autojump_clock: trio.testing.MockClock) -> None:
    async with world() as here:
        hangs = AsyncMock(side_effect=trio.sleep_forever)
        with patch.object(here.composition._thinkers["groq"], "probe", hangs):
            found = await here.composition.probe()
    assert "no answer" in str(found["groq"])
    assert found["deepgram"] is None
