"""Mistakes made on purpose: the simulator must find each of them.

A mutation is a patch of the product, applied to a copy of the package; a few plans are then run
with that copy, in a process of its own, until one of them breaks a law. Run it whole with
`python -m tests.simulation.mutations`: it prints which law and which plan caught what, and fails
when a mistake was not found. That the patches still apply is a test of its own.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import attrs

ROOT: Final = Path(__file__).resolve().parents[2]
PACKAGE: Final = "voxanne_trio"
SECONDS: Final = 240
"""Of real time, for the plans of one mutation."""

STEPS: Final = 150_000
"""Of a run: a loop without end is to be found soon."""


WALL_SECONDS: Final = 45
"""For one plan: what swallows its cancellation cannot be ended by another."""

RESUMED: Final = (100, 300, 500, 700)
"""How soon after speech was taken up again the caller interrupts it, in milliseconds."""

HUMS: Final = (240, 280, 320)
"""The caller's silence between two sounds, in milliseconds: longer than a voice's own pauses, and
shorter than what confirms that it is over."""


@attrs.frozen
class Patch:
    """A piece of the product's source that is there once, and what takes its place."""

    file: str
    old: str
    new: str

    def applied(self, text: str) -> str:
        """The patched text. Raises `ValueError` where the piece is not there exactly once."""
        if text.count(self.old) != 1:
            raise ValueError(f"{self.file}: {self.old!r} is there {text.count(self.old)} times")
        return text.replace(self.old, self.new)


@attrs.frozen
class Mutation:
    """A mistake, and the plans by which it must be found: seeds, or scenarios by their names."""

    name: str
    patches: tuple[Patch, ...]
    plans: tuple[int | str, ...]


FORGETS_CLEAR: Final = Mutation(
    "no `clear` is sent",
    (
        Patch(
            "telephony/playback.py",
            "        self._post(encode_clear(self._stream_sid))\n",
            "",
        ),
    ),
    ("barge-in",),
)
DEAD_REPLY_SPEAKS: Final = Mutation(
    "audio of a reply that is over is still sent",
    (
        Patch(
            "telephony/playback.py",
            "        self._speech = None\n        self.changed()\n        return heard\n",
            "        self._paused = False\n        self.changed()\n        return heard\n",
        ),
        Patch(
            "telephony/playback.py",
            '        assert self._speech is None, "two replies must never be audible at once"\n',
            "",
        ),
    ),
    ("barge-in",),
)
GATE_IS_OPEN: Final = Mutation(
    "a supposed reply is heard before its turn is over",
    (
        Patch(
            "telephony/playback.py",
            "self._paused or not speech.gate_open:\n            return float",
            "self._paused:\n            return float",
        ),
    ),
    ("goes on",),
)
HOLD_LEAKS: Final = Mutation(
    "a hold does not stop the writer",
    (Patch("telephony/playback.py", "speech is None or self._paused or", "speech is None or"),),
    ("barge-in",),
)
SPECULATION_LIVES_ON: Final = Mutation(
    "a speculation is not cancelled",
    (
        Patch(
            "conversation.py",
            "        self.reply.scope.cancel()\n        heard = self.ways",
            "        if not forget_turn:\n            self.reply.scope.cancel()\n"
            "        heard = self.ways",
        ),
    ),
    ("changes mind",),
)
CLEARED_IS_HEARD: Final = Mutation(
    "marks that a `clear` flushed count as played",
    (
        Patch(
            "telephony/playhead.py",
            "        if epoch != str(self._epoch) or not position",
            "        if not position",
        ),
        Patch(  # the second guard, which alone would keep nearly all of it out
            "telephony/playhead.py",
            "        if int(position) > self.sent:\n            return False  #",
            "        if int(position) > self.sent:\n            pass  #",
        ),
    ),
    tuple(f"hum, {soon}" for soon in RESUMED),
)
CANCELLED_IS_SWALLOWED: Final = Mutation(
    "a `Cancelled` is swallowed",
    (
        Patch(
            "telephony/playback.py",
            "                    await self._changed.wait()\n",
            "                    try:\n"
            "                        await self._changed.wait()\n"
            "                    except trio.Cancelled:\n"
            "                        pass\n",
        ),
        Patch(
            "telephony/playback.py",
            "            await trio.lowlevel.checkpoint_if_cancelled()  # sending alone",
            "            pass  # sending alone",
        ),
    ),
    ("barge-in",),
)
RESUMES_OVER_VOICE: Final = Mutation(
    "speech is resumed while the caller's voice is on",
    (
        Patch(
            "turns/speaking.py",
            "    return voice_noticed(floor, scene), (StopTimer(Timer.HOLD_CONFIRM),)\n",
            "    return voice_noticed(floor, scene), ()\n",
        ),
        Patch(
            "turns/speaking.py",
            '    """The voice that silenced us has been over for a while."""\n'
            "    if floor.voice:\n        return floor, ()\n",
            "",
        ),
    ),
    tuple(f"hums, {gap}" for gap in HUMS),
)
NO_DEADLINE_FOR_MARKS: Final = Mutation(
    "a last mark that does not come is waited for",
    (
        Patch(
            "telephony/playback.py",
            "return drained_at + LAST_MARK_SECONDS if sent else now",
            'return float("inf") if sent else now',
        ),
    ),
    ("marks lost",),
)
NO_SILENCE_FOR_FLUX: Final = Mutation(
    "a recogniser whose clock is the audio is fed none",
    (
        Patch(
            "hearing/flux.py",
            "        del stopped_ms\n        return True\n",
            "        del stopped_ms\n        return False\n",
        ),
        Patch(  # else the local detector notices the end of the turn, and our own cap ends it
            "hearing/intake.py",
            "        for event in self._notice(silence(VOICE_ENDS_MS), trio.current_time()):\n"
            "            self._tell(event)\n",
            "",
        ),
    ),
    ("frames stop",),
)
LEASE_IS_KEPT: Final = Mutation(
    "a lease is never returned",
    (
        Patch(
            "speaking/pool.py",
            "            yield lease\n        finally:\n            socket.take_back(lease)\n",
            "            yield lease\n        finally:\n            pass\n",
        ),
    ),
    ("barge-in",),
)

MUTATIONS: Final = (
    *(FORGETS_CLEAR, DEAD_REPLY_SPEAKS, GATE_IS_OPEN, HOLD_LEAKS, SPECULATION_LIVES_ON),
    *(CLEARED_IS_HEARD, CANCELLED_IS_SWALLOWED, RESUMES_OVER_VOICE, NO_DEADLINE_FOR_MARKS),
    *(NO_SILENCE_FOR_FLUX, LEASE_IS_KEPT),
)


# In a process of its own: the plans.


def scenario(name: int | str) -> Any:
    """A plan: of a seed, or written by hand."""
    from voxanne_trio.sandbox.faults import Fault
    from voxanne_trio.simulation.plan import CallPlan, Plan
    from voxanne_trio.simulation.schedules import Schedule

    if isinstance(name, int):
        return Plan.drawn(name)
    question: dict[str, Any] = {"say": "How much does a BBL cost?"}
    over: dict[str, Any] = {"interrupt": "And what are your hours?", "after_ms": 900}
    scripts: dict[str, tuple[Any, ...]] = {
        "barge-in": ({"interrupt": question["say"], "after_ms": 700}, over, "listen", "hang_up"),
        "goes on": ("listen", {"say": "How much ~350 is a ~500 tummy tuck?"}, "listen", "hang_up"),
        "changes mind": (
            *("listen", {"say": "It was on the, ~800 wait, on the third of May."}),
            *("listen", "hang_up"),
        ),
        "marks lost": ("listen", {"stay_silent": 6.0}, "hang_up"),
        "frames stop": ("listen", question, "listen", "hang_up"),
    }
    for soon in RESUMED:
        after = {"interrupt": "Wait, stop, what are your hours?", "after_ms": soon}
        hum = {"hum": None, "after_ms": 1_200}
        scripts[f"hum, {soon}"] = ("listen", question, hum, {"stay_silent": 0.8}, after, "hang_up")
    for gap in HUMS:
        hum, again = {"hum": None, "after_ms": 1_200}, ({"stay_silent": gap / 1000}, {"hum": None})
        scripts[f"hums, {gap}"] = ("listen", question, hum, *again, *again, "listen", "hang_up")
    profiles: dict[int | str, str] = {
        "goes on": "fixed:600,10,10",  # a supposed answer is there before the turn is over
        "changes mind": "fixed:260,600,90",  # … and this one is still being written
    }
    faults: dict[int | str, Any] = {
        "marks lost": (Fault(kind="media_marks_lost", times=None),),
        "frames stop": (Fault(kind="media_frames_stop", at=10.42, seconds=8.0),),
    }
    far_ahead = {"lead_ms": 1_000}  # what was flushed is then more than a word
    return Plan(
        calls=(CallPlan(script=scripts[name]),),
        settings=far_ahead if str(name).startswith("hum,") else {},
        schedule=Schedule("order"),
        profile=profiles.get(name, "fixed:260,110,90"),
        faults=faults.get(name, ()),
    )


def broken(plans: Sequence[int | str]) -> list[dict[str, Any]]:
    """The first laws that one of the plans breaks."""
    from voxanne_trio.simulation.batch import bounded
    from voxanne_trio.simulation.determinism import Limits

    for name in plans:
        outcome = bounded(scenario(name), seconds=WALL_SECONDS, limits=Limits(steps=STEPS))
        if not outcome.ok:
            return [
                {"law": found.law, "plan": name, "detail": found.detail}
                for found in outcome.violations
            ]
    return []


# The copies.


def mutated(mutation: Mutation, directory: Path) -> None:
    """Write a copy of the package with the mistake in it."""
    target = directory / PACKAGE
    shutil.copytree(ROOT / PACKAGE, target, ignore=shutil.ignore_patterns("__pycache__"))
    for patch in mutation.patches:
        file = target / patch.file
        file.write_text(patch.applied(file.read_text("utf-8")), encoding="utf-8")


def found_by(mutation: Mutation | None, plans: Sequence[int | str]) -> list[dict[str, Any]]:
    """What the simulator says of the product with that mistake (with none: as it is)."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        if mutation is not None:
            mutated(mutation, directory)
        path = os.pathsep.join((*([name] if mutation is not None else []), str(ROOT)))
        done = subprocess.run(
            [sys.executable, "-P", "-m", "tests.simulation.mutations", *map(str, plans)],
            cwd=directory,
            env=os.environ | {"PYTHONPATH": path, "VOXANNE_MUTATED": "1"},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    if done.returncode:
        raise RuntimeError(done.stderr[-2_000:])
    found: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return found


def rows(mutations: Sequence[Mutation] = MUTATIONS) -> Iterator[tuple[str, str, str, str]]:
    """Each mistake with the law and the plan that found it, and how; empty where none did."""
    for mutation in mutations:
        found = found_by(mutation, mutation.plans)
        first = found[0] if found else {"law": "", "plan": "", "detail": ""}
        laws = ", ".join(dict.fromkeys(str(one["law"]) for one in found))
        yield mutation.name, laws, str(first["plan"]), str(first["detail"])


def main(wanted: str = "") -> int:
    """Print the table, of those with this in their name; 1 where a mistake was not found."""
    mutations = [mutation for mutation in MUTATIONS if wanted in mutation.name]
    plans = tuple(dict.fromkeys(plan for mutation in mutations for plan in mutation.plans))
    innocent = found_by(None, plans)
    print(f"the product as it is: {innocent or 'every law kept'}")  # noqa: T201 - a command
    missed = 0
    for name, laws, plan, detail in rows(mutations):
        missed += not laws
        print(f"{name:55} | {laws or 'NOT FOUND':8} | {plan:14} | {detail[:80]}", flush=True)  # noqa: T201
    return 1 if missed or innocent else 0


if __name__ == "__main__":
    if os.environ.get("VOXANNE_MUTATED"):
        given = [int(name) if name.isdecimal() else name for name in sys.argv[1:]]
        print(json.dumps(broken(given)))  # noqa: T201
        sys.exit(0)
    sys.exit(main(*sys.argv[1:2]))
