"""A server that is killed, or asked to stop, with twenty calls up: what the callers notice."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import pytest
import trio

from .rig import Call, Rig, live

pytestmark = [pytest.mark.live, pytest.mark.sockets]

CALLS: Final = 20
QUESTIONS: Final = ("What are your hours?", "Is there parking?", "Who is the doctor?")
GREETING: Final = "Thanks for calling, how can I help?"
SEAM_SECONDS: Final = 3.5
"""Twilio's half second, the handshake, a turn that was being decided, and the dead air that is
allowed. What the machine was late itself is granted to both sides of the wire."""

UNANSWERED_SECONDS: Final = 4.0
"""Words whose beginning fell between two streams are asked for again after this."""

FIRST_FRAME_SECONDS: Final = 0.4
"""After the handshake, and so is what a word was that had begun before."""

FILLER_SECONDS: Final = 2.0
"""No "one moment" is longer, and it answers nothing."""

KEPT_SECONDS: Final = 0.5
"""So long after an answer began to be heard, what it answers is kept."""


def script() -> list[Any]:
    """Four questions, by a caller who waits over a seam."""
    steps: list[Any] = [{"listen": 1_500}]
    for question in QUESTIONS:
        steps += [{"say": question}, {"listen": 3_000, "patience": 30}]
    return [*steps, "hang_up"]


async def judge(rig: Rig, calls: list[Call]) -> None:
    """All went on to their callers' ends, and nothing that was heard is missing anywhere."""
    late = await rig.machine_late()
    await rig.note(calls)
    for call in calls:
        found, record = call.found, await rig.record(call.found["sid"])
        assert found["hung_up_by"] == ["caller"], found["sid"]
        assert found["violations"] == [], found["sid"]
        assert len(found["turns"]) == len(QUESTIONS), found["sid"]
        for turn in found["turns"]:
            more = UNANSWERED_SECONDS if in_a_seam(turn, found["streams"]) else 0.0
            answered = call.answer_to(turn)
            assert answered is not None, (found["sid"], turn)
            waited = answered - turn["voiced_until"]
            assert waited < SEAM_SECONDS + more + 2 * late, (found["sid"], late, waited, turn)
        assert record["streams"] == len(found["streams"]), found["sid"]
        assert record["turns"][0]["agent"] == record["turns"][0]["heard"] == GREETING, found["sid"]
        missing = [said for said in heard_of(call, late) if not keeps(record, said)]
        assert not missing, (found["sid"], late, missing)


def keeps(record: Mapping[str, Any], said: str) -> bool:
    """Whether a record holds those words and an answer to them, be it in two turns: a machine that
    stands still makes a pause in them."""
    answered = [turn for turn in record["turns"] if turn["caller"] is not None]
    kept = " ".join(words(turn["caller"]) for turn in answered)
    return words(said) in kept and any(
        turn["heard"] and words(said).endswith(words(turn["caller"])) for turn in answered
    )


def words(text: str) -> str:
    return " ".join(re.findall(r"[\w']+", text.lower()))


def heard_an_answer(call: Call) -> bool:
    """Whether the caller has heard more than the greeting."""
    return len(call.heard) >= 2


def in_a_seam(turn: dict[str, Any], streams: list[dict[str, Any]]) -> bool:
    """Whether something of it was said while no stream was open."""
    seams = pairwise(streams)
    return any(
        turn["began_at"] < after["at"] and before["until"] < turn["voiced_until"]
        for before, after in seams
    )


def heard_of(call: Call, late: float) -> list[str]:
    """What was asked and had begun to be answered within one stream, with more than a filler; a
    question that fell into a seam was not heard by anybody."""
    streams = call.found["streams"]
    return [
        turn["said"]
        for turn in call.found["turns"]
        if turn["answered_at"] is not None
        and turn["answered_until"] - turn["answered_at"] > FILLER_SECONDS
        and any(
            stream["at"] + FIRST_FRAME_SECONDS <= turn["began_at"]
            and turn["answered_at"] + KEPT_SECONDS + late < stream["until"]
            for stream in streams
        )
    ]


@pytest.mark.wall_seconds(240)
async def test_a_killed_server_costs_no_call(tmp_path: Path) -> None:
    async with live(tmp_path, servers=2) as rig:
        sids = await rig.place(script(), CALLS)
        await rig.until(sids, heard_an_answer)
        rig.servers[0].kill()
        calls = await rig.ended(sids)
        again = [call for call in calls if len(call.found["streams"]) == 2]
        assert len(again) >= CALLS // 5  # the servers took turns
        assert all(call.found["streams"][0]["ended"] == "lost" for call in again)
        await judge(rig, calls)


@pytest.mark.wall_seconds(240)
async def test_a_server_that_is_asked_to_stop_cuts_no_call(tmp_path: Path) -> None:
    """At its deadline it hands over who is listened to; new calls go to the other at once."""
    async with live(tmp_path, servers=2, VOXANNE_DRAIN_SECONDS="3") as rig:
        sids = await rig.place(script(), CALLS)
        await rig.until(sids, heard_an_answer)
        rig.servers[0].ask_to_stop()
        await rig.until_draining(rig.servers[0])
        new = await rig.place(script(), 2)
        calls = await rig.ended([*sids, *new])
        assert any(len(call.found["streams"]) == 2 for call in calls)
        ends = {stream["ended"] for call in calls for stream in call.found["streams"]}
        assert ends == {"closed", "stopped"}  # none was cut
        await judge(rig, calls)
        with trio.fail_after(20):
            await rig.servers[0].child.ended.wait()
        assert rig.servers[0].child.process.returncode == 0
