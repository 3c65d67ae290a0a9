"""The load: vendors, telephone network and callers in this process, one server in a child.

`measure` starts a server, lets it answer one call so that everything is imported and every pool is
filled, then places the calls and returns what was seen from outside and what the server reported.
"""

from __future__ import annotations

import gc
import json
import os
import re
import subprocess
import sys
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import attrs
import trio

from voxanne_trio.clinic import load_clinic
from voxanne_trio.sandbox.account import Numbers
from voxanne_trio.sandbox.composition import Plan, compose, environment
from voxanne_trio.sandbox.server import Placed, Sandbox, seeded, serve
from voxanne_trio.sandbox.stream import Link
from voxanne_trio.sandbox.twilio import Twilio

from .child import LoopLag, resources
from .wires import Wires, question, reply, tags

READY_SECONDS: Final = 60.0
STAGGER_SECONDS: Final = 0.137
"""Between two calls: spreads their frames over the 20 ms of a frame."""

TURN_SECONDS: Final = 8.0
"""About what one question and its answer take."""

GREETING: Final = "Thanks for calling, how can I help?"
UNDERRUN_SECONDS: Final = 0.020
_ROOT: Final = Path(__file__).resolve().parent.parent
_IDLE_SECONDS: Final = 2.0
_SAMPLE_SECONDS: Final = 0.5


@attrs.frozen(kw_only=True)
class Load:
    """What is to be placed on which server, and on which cores."""

    server: str
    calls: int
    seconds: float
    profile: str
    server_core: int
    load_core: int
    slower: float = 1.0
    """How much slower than real time all of it runs."""
    brief: bool = False
    """One turn a call and nothing before it: shows that it runs, no more."""


@attrs.define
class Turn:
    """One turn as seen at the wires, in milliseconds; None where something of it is missing."""

    overhead: float | None = None
    parts: dict[str, float] = attrs.field(factory=dict)
    response: float | None = None
    hearing: float | None = None


@attrs.define(kw_only=True)
class Seen:
    """What came of it."""

    load: Load
    turns: list[Turn] = attrs.field(factory=list)
    lost: int = 0
    problems: list[str] = attrs.field(factory=list)
    phone_gaps_ms: list[float] = attrs.field(factory=list)
    call_minutes: float = 0.0
    server_cpu: float = 0.0
    idle_share: float = 0.0
    server_waited: float = 0.0
    idle_mb: float = 0.0
    most_mb: float = 0.0
    wall: float = 0.0
    load_cpu: float = 0.0
    load_lag_ms: list[float] = attrs.field(factory=list)
    lag_ms: list[float] = attrs.field(factory=list)
    server_gaps: int = 0
    own_ms: list[int] = attrs.field(factory=list)
    holds: list[dict[str, Any]] = attrs.field(factory=list)
    """What the server held when idle: before the calls, and after each round of them."""


class Server:
    """The server's process; `ask` makes it report."""

    def __init__(self, process: trio.Process) -> None:
        self._process = process
        self._read = b""
        self.webhook = ""

    async def start(self) -> None:
        with trio.fail_after(READY_SECONDS):
            self.webhook = str((await self._line())["webhook"])

    async def ask(self) -> dict[str, Any]:
        """What it has used, holds and has noticed since it was last asked."""
        assert self._process.stdin is not None
        await self._process.stdin.send_all(b"report\n")
        return await self._line()

    def resident_mb(self) -> float:
        pages = int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1_000_000

    async def _line(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        while b"\n" not in self._read:
            data = await self._process.stdout.receive_some()
            if not data:
                raise RuntimeError("the server has ended")
            self._read += data
        line, _, self._read = self._read.partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        return answer


class Stand:
    """The stand-ins of one measurement, and what they saw."""

    def __init__(self, profile: str) -> None:
        self.plan = Plan(clinic=load_clinic(""), profile=profile, stt="scripted", tones=True)
        self.wires = Wires()
        self.sandbox: Sandbox = compose(self.plan)
        self.sandbox.groq.answer = reply
        line = Link(delay_ms=0.0, jitter_ms=0.0, rng=seeded(0, "line"))
        account = attrs.evolve(self.sandbox.twilio.account, link=line)
        self.sandbox.twilio = Twilio(account)
        watched: Any = self.sandbox
        watched.handle = self.wires.watch(self.sandbox.handle)
        self.tags = iter(tags())

    async def place(self, webhook: str, calls: int, turns: int) -> list[Placed]:
        """Place calls of so many turns, all at once but for the stagger; wait for their ends.

        With no turns a call is one short question, and ends while it is answered."""
        placed = []
        async with trio.open_nursery() as nursery:
            for number in range(calls):
                script: list[Any] = ["listen"]
                for _ in range(turns):
                    script += [{"say": question(next(self.tags))}, "listen"]
                if not turns:
                    script = [{"listen": 300}, {"say": next(self.tags)}, {"stay_silent": 1.2}]
                call = self.sandbox.new_call(Numbers(webhook=webhook), script)
                placed.append(call)
                nursery.start_soon(self.sandbox.place, call, number * STAGGER_SECONDS)
        return placed


async def measure(load: Load, rounds: int = 1, settle_seconds: float = 0.0) -> Seen:
    """Place the calls on a fresh server, `rounds` times; what was seen of all of them."""
    os.sched_setaffinity(0, {load.load_core})
    stand, lag, seen = Stand(load.profile), LoopLag(), Seen(load=load)
    with TemporaryDirectory() as directory:
        async with trio.open_nursery() as nursery:
            port: int = await nursery.start(serve, stand.sandbox, 0)
            nursery.start_soon(lag.run)
            process = await start(load, stand.plan, f"http://127.0.0.1:{port}", Path(directory))
            try:
                server = Server(process)
                await server.start()
                if not load.brief:
                    await stand.place(server.webhook, 1, 1)
                gc.collect()
                gc.freeze()
                gc.disable()  # the load's own pauses are nobody's finding
                for _ in range(rounds):
                    await _one_round(stand, server, seen, lag)
                    await trio.sleep(settle_seconds)
                    seen.holds.append(_held(await server.ask()))
            finally:
                gc.enable()
                process.kill()
                nursery.cancel_scope.cancel()
    return seen


async def _one_round(stand: Stand, server: Server, seen: Seen, lag: LoopLag) -> None:
    load = seen.load
    before_idling = await server.ask()
    await trio.sleep(0.1 if load.brief else _IDLE_SECONDS)
    before, ours, began = await server.ask(), resources(), trio.current_time()
    seen.idle_share = (before["cpu"] - before_idling["cpu"]) / _IDLE_SECONDS
    seen.idle_mb = seen.idle_mb or before["rss_mb"]
    lag.take()
    turns = 0 if load.brief else max(1, round(load.seconds / TURN_SECONDS) - 1)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_watch_memory, server, seen)
        placed = await stand.place(server.webhook, load.calls, turns)
        nursery.cancel_scope.cancel()
    wall = trio.current_time() - began
    after = await _when_over(server)
    seen.wall += wall
    seen.server_cpu += after["cpu"] - before["cpu"] - seen.idle_share * wall
    seen.server_waited += (after["waited"] - before["waited"]) / load.slower
    seen.load_cpu += resources()["cpu"] - ours["cpu"]
    seen.lag_ms += after["lag_ms"]
    seen.load_lag_ms += lag.take()
    seen.own_ms += after.get("own_ms", [])
    seen.server_gaps += sum(counts.get("gaps", 0) for counts in after.get("records", {}).values())
    for call in placed:
        _look_at(call, stand.wires, seen)


async def _when_over(server: Server) -> dict[str, Any]:
    """The server's report once it has no call left; `CallRecord`s of all that have ended."""
    merged: dict[str, Any] = {"lag_ms": [], "records": {}, "own_ms": []}
    with trio.fail_after(READY_SECONDS):
        while True:
            report = await server.ask()
            for name, value in merged.items():
                more = report.get(name, type(value)())
                report[name] = value + more if isinstance(value, list) else value | more
                merged[name] = report[name]
            if not report["live"]:
                return report
            await trio.sleep(0.1)


async def _watch_memory(server: Server, seen: Seen) -> None:
    while True:
        await trio.sleep(_SAMPLE_SECONDS)
        seen.most_mb = max(seen.most_mb, server.resident_mb())


def _held(report: Mapping[str, Any]) -> dict[str, Any]:
    names = ("tasks", "files", "threads", "children", "leases", "speak_sockets", "rss_mb")
    return {name: report[name] for name in names if name in report}


async def start(load: Load, plan: Plan, url: str, directory: Path) -> trio.Process:
    """The server's process, on its core, pointed at the stand-ins at that URL."""
    ours = ("VOXANNE_", "DEEPGRAM_", "GROQ_", "TWILIO_")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    environ |= environment(url, plan)
    environ |= {
        "PYTHONPATH": str(_ROOT),
        "VOXANNE_HOST": "127.0.0.1",
        "VOXANNE_PORT": "0",
        "VOXANNE_CACHE_DIR": "",
        "VOXANNE_DATABASE_URL": f"sqlite:///{directory / 'calls.db'}",
        "VOXANNE_CLINIC": _clinic(directory),
        "VOXANNE_LOG_FILE": str(directory / "voxanne.log"),
        "VOXANNE_SPECULATIONS": "0",  # begun early, a reply has no stretches
    }
    process: trio.Process = await trio.lowlevel.open_process(
        [sys.executable, "-m", f"benchmarks.{load.server}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environ,
        cwd=directory,
    )
    os.sched_setaffinity(process.pid, {load.server_core})
    return process


def _clinic(directory: Path) -> str:
    """The sample clinic with a short greeting: a benchmark is about turns."""
    sample = (_ROOT / "voxanne_trio" / "clinic" / "sample.toml").read_text("utf-8")
    path = directory / "clinic.toml"
    path.write_text(re.sub("(?m)^greeting = .*$", f'greeting = "{GREETING}"', sample), "utf-8")
    return str(path)


# What was seen of a call.


def _look_at(placed: Placed, wires: Wires, seen: Seen) -> None:
    journal = placed.call.journal
    begun, over = journal.first("answered"), journal.first("completed")
    if begun is not None and over is not None:
        seen.call_minutes += (over.at - begun.at) / 60
    report = placed.caller.report
    seen.problems += journal.violations + report.missed
    seen.problems += [str(entry.detail) for entry in journal.of("stream_error", "document_failed")]
    if report.greeted_at is None:
        seen.problems.append("no greeting")
    seen.phone_gaps_ms += _gaps_inside(placed)
    sent = [entry.at for entry in journal.of("media")]
    said = {turn.said: turn for turn in report.turns}
    for text in (step.text for step in placed.caller.script if hasattr(step, "text")):
        turn = said.get(text)
        if turn is None or turn.answered_at is None:
            seen.lost += 1
        else:
            moments = wires.turns.get(text.split()[0], {})
            seen.turns.append(_turn(moments, sent, turn.voiced_until, seen.load.profile))


def _turn(
    moments: Mapping[str, float], sent: Sequence[float], voiced_until: float, profile: str
) -> Turn:
    decided = moments.get("decided")
    if decided is None:
        return Turn()
    first = _next(sent, moments.get("tts_out", decided))
    stt = float(profile.partition(":")[2].partition(",")[0])
    turn = Turn(hearing=(decided - voiced_until) * 1000 - stt)
    turn.response = None if first is None else (first - voiced_until) * 1000
    legs = {"all": ("decided", "first")}
    if "llm_in" in moments:
        legs = {
            "ask": ("decided", "llm_in"),
            "write": ("llm_out", "tts_in"),
            "play": ("tts_out", "first"),
        }
    known = {**moments, **({} if first is None else {"first": first})}
    if all(moment in known for leg in legs.values() for moment in leg):
        turn.parts = {name: (known[b] - known[a]) * 1000 for name, (a, b) in legs.items()}
        turn.overhead = sum(turn.parts.values())
    return turn


def _next(times: Sequence[float], after: float) -> float | None:
    index = bisect_left(times, after)
    return times[index] if index < len(times) else None


def _gaps_inside(placed: Placed) -> list[float]:
    """Gaps of the phone's play-out with no word of the caller in them: inside a reply."""
    ends = [turn.voiced_until for turn in placed.caller.report.turns]
    return [
        restart.gap * 1000
        for restart in placed.call.playout.restarts
        if restart.gap is not None
        and restart.gap > UNDERRUN_SECONDS
        and not any(restart.at - restart.gap <= end <= restart.at for end in ends)
    ]
