"""Own cost of the product under calls, beside a bare relay: `python -m benchmarks.calls`.

For each number of calls the product and the relay are measured one after the other on the same
core, the load on another. Vendor delays are fixed, the line has none, and what is judged is the
product's own share: see docs/performance.md for what each column means.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import trio

if not __package__:  # started as a file: the package is beside us
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.child import SLOWER, clock
from benchmarks.figures import figures, judged, leak_table, short_of, table
from benchmarks.load import Load, Seen, measure

CALLS: Final = (1, 10, 25, 50)
PROFILE: Final = "fixed:260,110,90"
SETTLE_SECONDS: Final = 40.0
"""After this long unused, spare sockets of a rush are closed."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 where a target was missed."""
    options = _options(arguments)
    os.environ[SLOWER] = str(options.slower)
    logging.getLogger("voxanne_trio.sandbox").setLevel(logging.ERROR)
    if options.leaks:
        return _leaks(options)
    runs: list[dict[str, Any]] = []
    for calls in options.calls:
        for server in ("relay", "product"):
            if server == "relay" and options.no_relay:
                continue
            _tell(f"{server}, {calls} calls of about {options.seconds:g} s")
            runs.append(figures(_measure(options, server, calls)))
    short = [shortcoming for run in runs for shortcoming in short_of(run)]
    if options.json:
        print(json.dumps({"ok": not short, "short": short, "runs": runs}))
    else:
        print(table(runs))
        print(judged(runs, short))
    return 1 if short else 0


def _measure(options: argparse.Namespace, server: str, calls: int) -> Seen:
    first, second = _cores()
    load = Load(
        server=server,
        calls=calls,
        seconds=options.seconds,
        profile=options.profile,
        server_core=first,
        load_core=second,
        slower=options.slower,
        brief=options.brief,
    )
    return trio.run(measure, load, clock=clock())


def _leaks(options: argparse.Namespace) -> int:
    """What is held after one round of calls and after two."""
    first, second = _cores()
    load = Load(
        server="product",
        calls=options.calls[0] if len(options.calls) == 1 else 25,
        seconds=min(options.seconds, 16.0),
        profile=options.profile,
        server_core=first,
        load_core=second,
    )
    _tell(f"two rounds of {load.calls} calls, and {options.settle:g} s of rest after each")
    seen = trio.run(measure, load, 2, options.settle)
    grown = [
        name for name in ("tasks", "files", "threads", "children", "leases") if _grew(seen, name)
    ]
    if options.json:
        print(json.dumps({"ok": not grown, "grown": grown, "holds": seen.holds}))
    else:
        print(leak_table(seen, grown))
    return 1 if grown or seen.lost or seen.problems else 0


def _grew(seen: Seen, name: str) -> bool:
    after_one, after_two = seen.holds
    return bool(after_two[name] > after_one[name])


def _cores() -> tuple[int, int]:
    cores = sorted(os.sched_getaffinity(os.getppid()) or os.sched_getaffinity(0))
    if len(cores) < 2:
        _tell("only one core: server and load share it, the figures say little")
    return cores[0], cores[-1]


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.calls", description=__doc__)
    parser.add_argument("--calls", type=int, nargs="+", default=list(CALLS), help="calls at once")
    parser.add_argument("--seconds", type=float, default=60.0, help="length of a call (60)")
    parser.add_argument("--profile", default=PROFILE, help=f"fixed delays ({PROFILE})")
    parser.add_argument(
        "--slower", type=float, default=1.0, help="times real time: for a busy machine, CPU only"
    )
    parser.add_argument("--no-relay", action="store_true", help="the product alone")
    parser.add_argument("--brief", action="store_true", help="one short turn: does it run?")
    parser.add_argument("--leaks", action="store_true", help="what is left over after calls")
    parser.add_argument("--settle", type=float, default=SETTLE_SECONDS, help="rest, with --leaks")
    parser.add_argument("--json", action="store_true", help="one object on standard output")
    options = parser.parse_args(arguments)
    if not options.profile.startswith("fixed:"):
        parser.error("only fixed delays can be taken off: fixed:STT_MS,LLM_MS,TTS_MS")
    return options


if __name__ == "__main__":
    sys.exit(main())
