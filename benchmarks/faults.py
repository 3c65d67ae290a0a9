"""What a hung vendor costs the calls that do not wait for it: `python -m benchmarks.faults`.

One server, one run: calls with all vendors well, then with each vendor in turn hung for every
fourth call (its recogniser's stream says nothing, its request to the model or for a voice is never
answered), then all well again. What is compared is how long the *other* callers wait for their
answers. The victims' own waits are shown beside it.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import attrs
import trio

if not __package__:  # started as a file: the package is beside us
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.figures import percentiles
from benchmarks.load import STAGGER_SECONDS, Load, Server, Stand, start
from benchmarks.wires import question
from voxanne_trio.sandbox.account import Numbers
from voxanne_trio.sandbox.server import Placed, serve
from voxanne_trio.sandbox.wire import Exchange

PROFILE: Final = "fixed:260,110,90"
PHASES: Final = ("well", "hearing", "model", "voice", "well again")
EVERY: Final = 4
"""One call in so many is a victim."""

PATIENCE_SECONDS: Final = 9.0
ALLOWED_MS: Final = 100.0
"""By so much the others' median may be worse than with all vendors well."""


class Hanging:
    """Stands before the stand-ins: what a victim's turn waits for never comes."""

    def __init__(self, handle: Callable[[Exchange], Awaitable[None]]) -> None:
        self._handle = handle
        self.vendor = ""
        self.victims: set[str] = set()
        """Words that only a victim says, and its call's sid."""

    async def handle(self, exchange: Exchange) -> None:
        request = exchange.request
        place = {"/openai/v1/chat/completions": "model", "/v1/speak": "voice"}
        if request.is_upgrade:
            hung: Any = _Sockets(exchange, self)
            await self._handle(hung)
        elif place.get(request.path) == self.vendor and self.concerns(request.body.decode()):
            await exchange.until_left()
        else:
            await self._handle(exchange)

    def concerns(self, text: str) -> bool:
        """Whether a victim is spoken of."""
        said = text.lower()  # the recogniser begins a sentence with a capital
        return any(victim.lower() in said for victim in self.victims)


class _Sockets:
    """An upgrade whose socket can fall silent."""

    def __init__(self, exchange: Exchange, hanging: Hanging) -> None:
        self._exchange, self._hanging = exchange, hanging

    def __getattr__(self, name: str) -> Any:
        return getattr(self._exchange, name)

    async def accept(self, headers: Sequence[tuple[str, str]] = ()) -> Any:
        socket = await self._exchange.accept(headers)
        return _Socket(socket, self._hanging, self._exchange.request.target)


class _Socket:
    """Silent from the moment that a victim is concerned."""

    def __init__(self, socket: Any, hanging: Hanging, target: str) -> None:
        self._socket, self._hanging, self._target = socket, hanging, target
        self._is_silent = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)

    async def receive(self) -> str | bytes:
        message: str | bytes = await self._socket.receive()
        if self._hanging.vendor == "voice" and isinstance(message, str):
            self._is_silent |= self._hanging.concerns(message)
        return message

    async def send(self, message: str | bytes) -> None:
        if self._hanging.vendor == "hearing":
            self._is_silent |= self._hanging.concerns(self._target)
        if self._is_silent:
            await trio.lowlevel.checkpoint()
        else:
            await self._socket.send(message)


@attrs.define
class Phase:
    """What came of the calls of one phase, in milliseconds."""

    name: str
    others: list[float] = attrs.field(factory=list)
    victims: list[float] = attrs.field(factory=list)
    others_lost: int = 0

    def as_json(self) -> dict[str, Any]:
        return {
            "phase": self.name,
            "others_ms": percentiles(self.others, most=True),
            "others_lost": self.others_lost,
            "victims_ms": percentiles(self.victims, most=True),
        }


async def measure(calls: int, turns: int) -> list[Phase]:
    """All phases, one after the other, on a server of their own."""
    stand = Stand(PROFILE)
    watched: Any = stand.sandbox
    hanging = Hanging(watched.handle)
    watched.handle = hanging.handle
    cores = sorted(os.sched_getaffinity(0))
    load = Load(
        server="product", calls=calls, seconds=0.0, profile=PROFILE,
        server_core=cores[0], load_core=cores[-1],
    )  # fmt: skip
    phases: list[Phase] = []
    with TemporaryDirectory() as directory:
        async with trio.open_nursery() as nursery:
            port: int = await nursery.start(serve, stand.sandbox, 0)
            process = await start(load, stand.plan, f"http://127.0.0.1:{port}", Path(directory))
            try:
                server = Server(process)
                await server.start()
                await stand.place(server.webhook, 1, 1)
                for name in PHASES:
                    _tell(f"{calls} calls, {name}")
                    phase = Phase(name)
                    await _place(
                        stand, hanging, Numbers(webhook=server.webhook), phase, (calls, turns)
                    )
                    phases.append(phase)
            finally:
                process.kill()
                nursery.cancel_scope.cancel()
    return phases


async def _place(
    stand: Stand, hanging: Hanging, numbers: Numbers, phase: Phase, size: tuple[int, int]
) -> None:
    """So many calls of so many turns, all at once but for the stagger, to their ends."""
    hanging.vendor = phase.name
    calls, turns = size
    async with trio.open_nursery() as nursery:
        for number in range(calls):
            tags = [next(stand.tags) for _ in range(turns)]
            script: list[Any] = ["listen"]
            for tag in tags:
                script += [{"say": question(tag)}, {"listen": 900, "patience": PATIENCE_SECONDS}]
            call = stand.sandbox.new_call(numbers, script)
            is_victim = not phase.name.startswith("well") and number % EVERY == 0
            if is_victim:
                hanging.victims |= {*tags, call.call.sid}
            nursery.start_soon(_follow, stand, call, phase, is_victim, number * STAGGER_SECONDS)


async def _follow(stand: Stand, call: Placed, phase: Phase, is_victim: bool, after: float) -> None:
    await stand.sandbox.place(call, after)
    gaps = [turn.gap_ms for turn in call.caller.report.turns]
    found = phase.victims if is_victim else phase.others
    found += [gap for gap in gaps if gap is not None]
    phase.others_lost += 0 if is_victim else gaps.count(None)


def worse(phases: Sequence[Phase]) -> list[str]:
    """Phases in which the others waited longer than with all vendors well."""
    well = max(percentiles(p.others)["p50"] for p in phases if p.name.startswith("well"))
    return [
        phase.name
        for phase in phases
        if phase.others_lost or percentiles(phase.others)["p50"] > well + ALLOWED_MS
    ]


def table(phases: Sequence[Phase]) -> str:
    """A line a phase."""
    lines = [
        "| hung for every fourth call | others P50 | P95 | worst | lost | victims P50 | worst |"
    ]
    lines.append("|---|---|---|---|---|---|---|")
    for phase in phases:
        others, victims = (percentiles(found, most=True) for found in (phase.others, phase.victims))
        cells = [others.get("p50"), others.get("p95"), max(phase.others, default=None)]
        cells += [phase.others_lost, victims.get("p50"), max(phase.victims, default=None)]
        shown = ["" if cell is None else f"{cell:.0f}" for cell in cells]
        lines.append(f"| {phase.name} | {' | '.join(shown)} |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 where the others paid."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults", description=__doc__)
    parser.add_argument("--calls", type=int, default=20, help="calls at once (20)")
    parser.add_argument("--turns", type=int, default=3, help="of each call (3)")
    parser.add_argument("--json", action="store_true", help="one object on standard output")
    options = parser.parse_args(arguments)
    logging.getLogger("voxanne_trio.sandbox").setLevel(logging.ERROR)
    phases = trio.run(measure, options.calls, options.turns)
    paid = worse(phases)
    if options.json:
        print(json.dumps({"ok": not paid, "paid": paid, "phases": [p.as_json() for p in phases]}))
    else:
        print(table(phases))
        print(f"the others paid: {', '.join(paid)}" if paid else "the others paid nothing")
    return 1 if paid else 0


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
