"""Who has the floor, in figures, on virtual time: `python -m benchmarks.floor`.

Whole calls of the real product over in-memory wires; the caller is heard by the product's own
detector, the recogniser is the scripted stand-in. Nothing depends on the machine but the last
table, whose figures are our own time: what passes between a recogniser's event and the `clear`.
See docs/latency.md for what each figure means.
"""

from __future__ import annotations

import argparse
import json
import logging
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import attrs

if not __package__:  # started as a file: the package is beside us
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.figures import columns
from voxanne_trio.call import Call, Watch
from voxanne_trio.sandbox.line import CLEAN, Line
from voxanne_trio.sandbox.server import Placed
from voxanne_trio.sandbox.stream import Link
from voxanne_trio.simulation.determinism import virtual_run
from voxanne_trio.simulation.plan import CallPlan, Plan
from voxanne_trio.simulation.run import run as simulate
from voxanne_trio.simulation.world import world
from voxanne_trio.telephony.playback import Playback
from voxanne_trio.turns import Hold, Resume

FIXED: Final = "fixed:260,110,90"
ASKED: Final = "How much is a BBL?"
OVER: Final = (
    "Actually, what are your hours on Friday?",
    "Sorry, where are you located?",
    "How long is the recovery?",
    "Can you tell me where you are?",
    "Excuse me, do you take insurance?",
    "Is there something on Tuesday?",
    "The recovery, how long is it?",
    "What about a payment plan?",
)
DELAY_MS: Final = 20.0

LINES: Final = {
    "clean": CLEAN,
    "pink noise, 20 dB under the voice": Line(noise_db=-46.0),
    "pink noise, 10 dB under the voice": Line(noise_db=-36.0),
    "television behind": Line(television_db=-44.0),
    "echo, 22 dB down": Line(echo_down_db=22.0),
    "echo, 15 dB down": Line(echo_down_db=15.0, echo_late_ms=180.0),
}


@attrs.define
class Heard:
    """One call, as it went."""

    placed: Placed
    latencies: list[dict[str, int | None]]
    holds: int = 0
    resumes: int = 0


def one_call(
    *script: Any,
    seed: int,
    line: Line = CLEAN,
    profile: str = "fixed:260,110,90",
    stt: str = "flux",
) -> Heard:
    """A call to its end, the same for the same arguments."""
    heard: list[Heard] = []

    async def play() -> None:
        link = Link(DELAY_MS, 0.0, random.Random(seed))
        async with world(profile=profile, seed=seed, link=link, stt=stt) as here:
            services, counted = here.composition.services, [0, 0]
            here.composition.services = attrs.evolve(services, watch=_counting(counted))
            placed = await here.ring(*script, line=line, seed=seed)
            record = await here.record(placed)
            turns = [turn.latency_ms for turn in record.turns if turn.caller is not None]
            heard.append(Heard(placed, list(map(dict, turns)), *counted))

    virtual_run(play, entropy=seed)
    return heard[0]


def _counting(counted: list[int]) -> Watch:
    def watch(call: Call, event: object, commands: Sequence[object]) -> None:
        counted[0] += sum(isinstance(command, Hold) for command in commands)
        counted[1] += sum(isinstance(command, Resume) for command in commands)

    return watch


# How soon we fall silent


def silence(calls: int) -> Iterator[dict[str, Any]]:
    """The caller's first voice at our socket -> the `clear` at it."""
    for name, line in LINES.items():
        onsets: list[float] = []
        for seed in range(calls):
            after = 900 + 173 * seed % 2_400
            over = {"interrupt": OVER[seed % len(OVER)], "after_ms": after}
            script = ("listen", {"say": ASKED}, over, "listen")
            placed = one_call(*script, "hang_up", seed=seed, line=line, profile=FIXED).placed
            turn = placed.caller.report.turns[1]
            at = turn.began_at + DELAY_MS / 1000
            clears = (entry.at for entry in placed.call.journal.of("clear"))
            onsets += [(clear - at) * 1000 for clear in clears if at - 0.02 < clear < at + 3][:1]
        yield {"line": name, "interrupted": f"{len(onsets)}/{calls}", **percentiles(onsets)}


# What was nothing


ASIDES: Final[dict[str, dict[str, Any]]] = {
    "cough": {"cough": None},
    "hum": {"hum": None},
    "door": {"noise": "door"},
    '"mm-hm"': {"backchannel": "mm-hm"},
    '"okay"': {"backchannel": "okay"},
}


def asides(calls: int) -> Iterator[dict[str, Any]]:
    """A cough, an "mm-hm" over an answer: what it cost."""
    for name, aside in ASIDES.items():
        seen = []
        for seed in range(calls):
            after = 900 + 211 * seed % 2_000
            said = {**aside, "after_ms": after}
            script = ("listen", {"say": ASKED}, said, {"listen": 2_000}, "hang_up")
            report = one_call(*script, seed=seed, profile=FIXED).placed.caller.report
            seen += [each for each in report.asides if each.over]
        holes = [each.hole_ms for each in seen if each.hole_ms is not None]
        yield {
            "aside": name,
            "over us": len(seen),
            "silenced": sum(each.interrupted for each in seen),
            "went on": sum(each.resumed_at is not None for each in seen if each.interrupted),
            "hole P50 ms": _middle(holes),
            "lost ms": round(sum(each.lost_ms or 0.0 for each in seen)),
            "repeated ms P50": _middle([e.repeated_ms for e in seen if e.repeated_ms is not None]),
        }


def own_echo(calls: int) -> Iterator[dict[str, Any]]:
    """Our own voice on its way back, and a key: times we let ourselves be silenced."""
    scripts: dict[str, tuple[Any, ...]] = {
        "keys": ("listen", {"say": ASKED}, {"press": "123", "audible": True}, "listen", "hang_up"),
        "nobody": ("listen", {"say": ASKED}, "listen", "hang_up"),
    }
    cases = [("keys pressed", "keys", CLEAN)]
    cases += [
        (f"echo {down} dB down, {late} ms late", "nobody", _echo(down, late))
        for down in (15, 22, 35)
        for late in (40, 150, 300)
    ]
    for name, script, line in cases:
        holds = [one_call(*scripts[script], seed=seed, line=line).holds for seed in range(calls)]
        yield {"line": name, "calls": calls, "silenced by it": sum(holds)}


def _echo(down: int, late: int) -> Line:
    return Line(echo_down_db=float(down), echo_late_ms=float(late))


# What the caller had heard


def heard_text(calls: int) -> Iterator[dict[str, Any]]:
    """Interruptions whose heard text is within a word of what was played, by the way's length."""
    for delay in (20, 60, 100, 150, 200):
        exact = interruptions = more = 0
        for seed in range(calls):
            rng = random.Random(f"heard-{delay}-{seed}")
            script = ("listen", {"say": ASKED}, *_interruptions(rng), "listen", "hang_up")
            plan = Plan(
                calls=(CallPlan(script=script),),
                seed=seed,
                entropy=seed,
                profile="target",
                delay_ms=float(delay),
                jitter_ms=delay * 0.2,
            )
            outcome = simulate(plan)
            exact += outcome.exact
            interruptions += outcome.interruptions
            more += sum(v.law == 4 for v in outcome.violations)
        share = exact / interruptions if interruptions else float("nan")
        yield {
            "one way ms": delay,
            "interruptions": interruptions,
            "within a word": f"{share:.1%}",
            "more than was played": more,
        }


def _interruptions(rng: random.Random) -> Iterator[dict[str, Any]]:
    for text in rng.sample(OVER, 3):
        yield {"interrupt": text, "after_ms": round(rng.uniform(700, 3_000))}


# How soon the answer comes


def answers(calls: int) -> Iterator[dict[str, Any]]:
    """Turn decided -> first audio on the wire, and the whole gap the caller feels."""
    questions = (ASKED, "What are your hours on Friday?", "Do you take insurance?")
    script: list[Any] = ["listen"]
    for question in questions:
        script += [{"say": question}, "listen"]
    for profile in ("target", "typical"):
        for stt in ("flux", "nova"):
            totals: list[float] = []
            gaps: list[float] = []
            for seed in range(calls):
                call = one_call(*script, "hang_up", seed=seed, profile=profile, stt=stt)
                totals += [t["total"] for t in call.latencies if t["total"] is not None]
                gaps += [t.gap_ms for t in call.placed.caller.report.turns if t.gap_ms is not None]
            yield {
                "profile": profile,
                "recogniser": stt,
                "turns": len(totals),
                **{f"total {name}": value for name, value in percentiles(totals).items()},
                **{f"gap {name}": value for name, value in percentiles(gaps).items()},
            }


# Our own time


def own_time(calls: int) -> Iterator[dict[str, Any]]:
    """Real milliseconds from a recogniser's words to the `clear` handed to the socket's writer."""
    spent: list[float] = []

    class Timed:
        """Notes when an event was told and when its `clear` was posted."""

        began = 0.0

    tell, clear = Call.tell, Playback._clear

    def timed_tell(self: Call, event: Any) -> None:
        Timed.began = time.perf_counter()
        tell(self, event)

    def timed_clear(self: Playback, now: float) -> None:
        clear(self, now)
        spent.append((time.perf_counter() - Timed.began) * 1000)

    Call.tell = timed_tell  # type: ignore[method-assign]
    Playback._clear = timed_clear  # type: ignore[method-assign]
    try:
        for seed in range(calls):
            script = ("listen", {"say": ASKED}, {"interrupt": OVER[0], "after_ms": 1_500}, "listen")
            one_call(*script, "hang_up", seed=seed)
    finally:
        Call.tell = tell  # type: ignore[method-assign]
        Playback._clear = clear  # type: ignore[method-assign]
    yield {"interruptions": len(spent), **percentiles(spent, digits=3)}


def percentiles(values: Sequence[float], digits: int = 0) -> dict[str, float]:
    """P50, P95 and P99 by nearest rank."""
    ordered = sorted(values)
    if not ordered:
        return dict.fromkeys(("P50", "P95", "P99"), float("nan"))
    found = (ordered[min(len(ordered) - 1, len(ordered) * share // 100)] for share in (50, 95, 99))
    return {
        name: round(value, digits) if digits else float(round(value))
        for name, value in zip(("P50", "P95", "P99"), found, strict=True)
    }


def _middle(values: Sequence[float]) -> float:
    return percentiles(values)["P50"]


TABLES: Final[dict[str, tuple[str, Callable[[int], Iterator[dict[str, Any]]]]]] = {
    "silence": ("The caller's first voice at our socket -> clear, ms", silence),
    "asides": ("What is no interruption", asides),
    "echo": ("Our own echo, and keys", own_echo),
    "heard": ("What the caller had heard when interrupted", heard_text),
    "answers": ("Turn decided -> first audio, and the gap the caller feels, ms", answers),
    "own": ("Words of the recogniser -> clear, our own time, ms", own_time),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.floor", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=TABLES, default=list(TABLES))
    parser.add_argument("--calls", type=int, default=20, help="calls for each line (20)")
    parser.add_argument("--json", action="store_true", help="one object on standard output")
    options = parser.parse_args(arguments)
    logging.getLogger("voxanne").setLevel(logging.CRITICAL)
    logging.getLogger("voxanne_trio").setLevel(logging.CRITICAL)
    found: dict[str, list[dict[str, Any]]] = {}
    for name in options.only:
        title, measure = TABLES[name]
        rows = found[name] = list(measure(options.calls))
        if not options.json:
            cells = [tuple(map(str, row.values())) for row in rows]
            print(f"\n{title}\n" + columns([tuple(rows[0]), *cells]), flush=True)
    if options.json:
        print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
