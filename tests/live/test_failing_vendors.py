"""Each vendor killed, hung and slowed in turn during twenty live calls: what the callers hear.

Speech fails first, then the model, then hearing, each for some seconds; what the calls leave behind
is asked of the server's own process.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from itertools import zip_longest
from pathlib import Path
from typing import Any, Final

import pytest
import trio

from benchmarks.load import Server as Reporting
from voxanne_trio.records.engine import CONNECTIONS

from .rig import ROOT, Call, Rig, live

pytestmark = [pytest.mark.live, pytest.mark.sockets]

CALLS: Final = 20
LASTS: Final = 3.5
AT: Final = {"speak": 4.5, "chat": 9.5, "listen": 14.5}
"""Seconds of the first call."""

DEAF: Final = (AT["listen"] - 3.0, AT["listen"] + LASTS + 9.0)
"""A question may be heard late whose end falls here: a connection that was opened as the fault
ended is given up 4 s later, and what was said meanwhile is then caught up with."""

KINDS: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "killed": {
        "listen": ("listen_cut_unanswered", "listen_reset"),
        "speak": ("speak_cut_unanswered", "speak_reset", "speak_http_cut_unanswered"),
        "chat": ("chat_cut_unanswered",),
    },
    "hung": {
        "listen": ("listen_no_answer", "listen_mute"),
        "speak": ("speak_no_answer", "speak_mute", "speak_http_no_answer"),
        "chat": ("chat_no_answer",),
    },
    "slowed": {
        "listen": ("listen_slow_answer", "listen_slow"),
        "speak": ("speak_slow_answer", "speak_slow", "speak_http_slow_answer"),
        "chat": ("chat_slow",),
    },
}
QUESTIONS: Final = (
    "What are your hours?",
    "Is there parking?",
    "Where are you located?",
    "Who is the doctor?",
    "Is there parking?",
    "What are your hours?",
)
DEAD_AIR_SECONDS: Final = 2.0
UNANSWERED_SECONDS: Final = 4.0
"""After voice that nobody hears it is asked what was said."""

DECIDED_SECONDS: Final = 0.8
"""Until a turn is decided by our own cap, where the recogniser does not do it."""

SLACK_SECONDS: Final = 0.4
"""The line's delays, and the time that passes between two looks at a clock."""

HELD: Final = (
    "live", "leases", "tasks", "files", "threads", "children", "speak_sockets", "connections",
)  # fmt: skip
KEPT: Final = {"speak_sockets", "connections"}
SOCKET_TASKS: Final = 5
"""That tend one socket of the voice: its own, a reader, a writer, a keeper, its library's."""

REST_SECONDS: Final = 20.0
"""Until all else is let go of."""


@asynccontextmanager
async def reporting(rig: Rig, directory: Path) -> AsyncIterator[Reporting]:
    """A server that tells what it holds."""
    environ = rig.environ | {"VOXANNE_PORT": "0", "VOXANNE_PUBLIC_URL": ""}
    process = await trio.lowlevel.open_process(
        [sys.executable, "-m", "benchmarks.product"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environ | {"PYTHONPATH": str(ROOT), "VOXANNE_LOG_FILE": "server-log.txt"},
        cwd=directory,
    )
    try:
        server = Reporting(process)
        await server.start()
        yield server
    finally:
        process.kill()
        with trio.move_on_after(5, shield=True):
            await process.wait()


@pytest.mark.wall_seconds(240)
@pytest.mark.parametrize("how", KINDS)
async def test_a_vendor_that_fails_leaves_no_caller_in_silence(how: str, tmp_path: Path) -> None:
    async with live(tmp_path, servers=0) as rig, reporting(rig, tmp_path) as server:
        rig.public_url = server.webhook.removesuffix("/twiml")
        await warm(rig)
        before = await server.ask()
        await rig.fail(
            *(
                {"kind": kind, "times": None, "at": AT[place], "lasts": LASTS}
                for place, kinds in KINDS[how].items()
                for kind in kinds
            )
        )
        calls = await rig.ended(await rig.place(script(), CALLS))
        state = (await rig.client.get(f"{rig.sandbox_url}/sandbox/state")).json()
        assert {hit["place"] for hit in state["struck"]} >= AT.keys(), state["struck"]
        await rig.note(calls)
        began = min(call.found["began_at"] for call in calls)
        late = await rig.machine_late()
        silent = [wrong for call in calls for wrong in silence(call, began, late)]
        assert not silent, (late, silent)
        for call in calls:
            record = await rig.record(call.found["sid"])
            assert record["outcome"]
            assert record["turns"]
        assert not await left_over(server, before)


async def warm(rig: Rig) -> None:
    """Let the server open once what it keeps: the database's connections above all."""
    sids = await rig.place([{"listen": 500}, "hang_up"], 2)
    await rig.ended(sids)
    async with trio.open_nursery() as nursery:
        for sid in sids * CONNECTIONS:
            nursery.start_soon(rig.record, sid)


def script() -> list[Any]:
    """A caller who has the next question when an answer has begun, and so asks in every fault."""
    first, *others = QUESTIONS
    cuts = [{"interrupt": text, "after_ms": 2_000, "patience": 9} for text in others]
    return [{"listen": 1_000}, {"say": first}, *cuts, {"listen": 2_000}, "hang_up"]


def silence(call: Call, began: float, late: float) -> list[str]:
    """Where the caller heard nothing for too long after they had spoken to us: until their next
    words, or until we passed the call on. What they hear of a person is not ours."""
    wrong = [] if call.found["greeted_at"] is not None else ["no greeting"]
    dead_air = DEAD_AIR_SECONDS + SLACK_SECONDS + 2 * late
    turns, over = call.found["turns"], call.found["streams"][-1]["until"]
    for turn, following in zip_longest(turns, turns[1:]):
        said = turn["voiced_until"]
        until = min(over, following["began_at"] if following is not None else over)
        heard_late = DEAF[0] <= said - began <= DEAF[1]
        decided = UNANSWERED_SECONDS if heard_late else DECIDED_SECONDS
        if (silent := call.longest_silence(said, until)) > decided + dead_air:
            wrong.append(
                f"{call.found['sid'][-6:]} {turn['said']} at {said - began:.1f}: {silent:.2f} s"
            )
    return wrong


async def left_over(server: Reporting, before: Mapping[str, Any]) -> dict[str, Any]:
    """What the server holds more than before the calls, once it has had time to let go of it; the
    sockets that it keeps warm for the next calls are told, and not counted."""
    grown: dict[str, Any] = {}
    with trio.move_on_after(REST_SECONDS):
        while True:
            now = await server.ask()
            more = {name: now[name] - before[name] for name in HELD}
            more["files"] -= more["speak_sockets"] + more["connections"]
            more["tasks"] -= more["speak_sockets"] * SOCKET_TASKS
            grown = {name: more[name] for name in HELD if name not in KEPT and more[name] > 0}
            if not grown:
                break
            await trio.sleep(1)
    return grown
