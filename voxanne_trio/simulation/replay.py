"""A recorded tape run again: is the floor of today where the floor of that call was?

Twice. First the table alone: every event of the tape in its order, with the scene it met, each
state compared; where the tape holds the words this is exact. Then a whole call over the real wires
in virtual time: what the recogniser and the voice detector had told is told again at its times to a
real `Call`, keys are pressed and the phone is hung up when they were, and the states are compared
as they follow one another. What the model and the voice do in it is the stand-ins' doing, so a call
recorded with slow vendors, or with answers of another length, may differ there with good reason.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby, zip_longest
from pathlib import Path
from typing import Any, Final

import attrs
import trio

from .. import turns
from ..events import (
    Event,
    HearingLost,
    HearingRestored,
    KeyPressed,
    SpeechStarted,
    StreamLost,
    StreamStopped,
    TurnEnded,
    TurnEndedEagerly,
    TurnResumed,
    VoiceStarted,
    VoiceStopped,
    WordsHeard,
)
from ..hearing import AudioRing
from ..observe.tape import VERSION, decoded
from .observed import Observation, Told
from .plan import CallPlan, Plan
from .run import Meddler, Simulation, run
from .schedules import Schedule
from .world import World

TOLD_AGAIN: Final = (
    *(SpeechStarted, WordsHeard, TurnEndedEagerly, TurnResumed, TurnEnded, HearingLost),
    *(HearingRestored, VoiceStarted, VoiceStopped),
)
LATE: Final = 30.0
"""Seconds after the tape's end at which a caller whose hang-up is not on it leaves."""


class BadTape(Exception):
    """A file that is no tape; the text says why."""


@attrs.frozen
class Line:
    """One event of a tape: seconds into the call, the event, and the floor's state after it."""

    at: float
    event: Event
    state: str
    scene: turns.Scene = attrs.field(factory=turns.Scene)


@attrs.frozen
class Tape:
    """A recorded call."""

    call_sid: str
    lines: tuple[Line, ...]
    rules: turns.Rules = attrs.field(factory=turns.Rules)

    @classmethod
    def read(cls, text: str) -> Tape:
        """A tape from its file's text; a last line that was cut off is left out."""
        rows = text.splitlines()
        try:
            head = json.loads(rows[0])
            if head.get("tape") != VERSION:
                raise BadTape("not a tape, or one of another version")
            rules = turns.Rules(**_of_tuples(head["rules"]))
            lines = tuple(_lines(rows[1:], rules))
        except (IndexError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadTape(f"not a tape ({error})") from error
        if not lines:
            raise BadTape("nothing is on it")
        return cls(str(head.get("call_sid")), lines, rules)

    def states(self) -> list[str]:
        """The states of the floor, each once in a row."""
        return _in_row(line.state for line in self.lines)


def _of_tuples(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(v) if isinstance(v, list) else v for name, v in values.items()}


def _scene(found: Mapping[str, Any], rules: turns.Rules) -> turns.Scene:
    saying = turns.Saying(**found.get("saying", {}))
    return turns.Scene(**{**found, "saying": saying, "rules": rules})


def _lines(rows: Sequence[str], rules: turns.Rules) -> Iterator[Line]:
    for number, row in enumerate(rows):
        try:
            found = json.loads(row)
        except ValueError:
            if number + 1 == len(rows):
                return  # the process ended while it was written
            raise
        scene = _scene(found["scene"], rules)
        yield Line(float(found["t"]), decoded(found, 0.0), str(found["state"]), scene)


def _in_row(states: Iterator[str]) -> list[str]:
    return [state for state, _ in groupby(states)]


def by_table(tape: Tape) -> list[str]:
    """Where today's table leads elsewhere than the tape says."""
    floor, found = turns.Floor(), []
    for line in tape.lines:
        floor, _ = turns.step(floor, line.event, line.scene)
        if floor.state.value != line.state:
            where = f"{line.at:.3f} s, {type(line.event).__name__}"
            found.append(f"{where}: {floor.state.value} by the table, {line.state} on the tape")
    return found


class _Ears:
    """Tells what the tape holds, at its times."""

    covered_until = None

    def __init__(self, lines: Sequence[Line]) -> None:
        self._lines = lines

    def end_turn(self) -> None:
        """What came of it is on the tape."""

    def be_patient(self, patient: bool) -> None:
        """So it is of this."""

    async def listen(self, audio: AudioRing, tell: Callable[[Any], None]) -> None:
        del audio
        began = trio.current_time()
        for line in self._lines:
            await trio.sleep_until(began + line.at)
            tell(_moved(line.event, began))
        await trio.sleep_forever()


def _moved(event: Event, by: float) -> Event:
    """The event as of a call that began then."""
    times = {
        field.name: getattr(event, field.name) + by
        for field in attrs.fields(type(event))
        if (field.name == "at" or field.name.endswith(("_at", "_until")))
        and getattr(event, field.name) is not None
    }
    moved: Event = attrs.evolve(event, **times) if times else event
    return moved


class _Deck(Meddler):
    """Plays the tape to a simulated call."""

    def __init__(self, tape: Tape) -> None:
        self.states: list[str] = []
        self._tape = tape

    def join(self, simulation: Simulation, here: World) -> None:
        self._simulation, self._here = simulation, here
        again = [line for line in self._tape.lines if isinstance(line.event, TOLD_AGAIN)]
        services = here.composition.services
        here.composition.services = attrs.evolve(services, make_ears=lambda _: _Ears(again))
        simulation.watching[0].also.append(self._see)

    def _see(self, observed: Observation) -> None:
        if not isinstance(observed, Told):
            return
        if not self.states:
            self._here.nursery.start_soon(self._act, trio.current_time())
        self.states.append(observed.state.value)

    async def _act(self, began: float) -> None:
        """What the caller did on the phone."""
        call = self._simulation.placed[0].call
        for line in self._tape.lines:
            if isinstance(line.event, KeyPressed | StreamStopped | StreamLost):
                await trio.sleep_until(began + line.at)
            if isinstance(line.event, KeyPressed):
                await call.press(line.event.digit if line.event.digit != "?" else "0")
            elif isinstance(line.event, StreamStopped | StreamLost):
                call.hang_up()


def replay(path: Path) -> dict[str, Any]:
    """Run a tape again. Raises `BadTape`, and `OSError` where there is none."""
    return replayed(
        Tape.read(path.read_text(encoding="utf-8")), f"voxanne simulate --replay {path}"
    )


def replayed(tape: Tape, command: str = "") -> dict[str, Any]:
    """What today's floor makes of a tape; the command's JSON."""
    began = time.perf_counter()
    deck = _Deck(tape)
    script = ({"stay_silent": tape.lines[-1].at + LATE}, "hang_up")
    plan = Plan(
        calls=(CallPlan(script=script),),
        schedule=Schedule("order"),
        # A caller who is not on the line is neither heard nor answered in time.
        without_laws=frozenset({3, 5}),
    )
    outcome = run(plan, meddler=deck)
    differences = [*by_table(tape), *_differences(tape.states(), _in_row(iter(deck.states)))]
    failures = [
        {"law": violation.law, "seed": 0, "detail": violation.detail, "replay": command}
        for violation in outcome.violations
    ]
    laws = [str(failure["law"]) for failure in failures]
    return {
        "ok": not failures and not differences,
        "call_sid": tape.call_sid,
        "events": len(tape.lines),
        "states": len(tape.states()),
        "differences": differences,
        "violations": len(failures),
        "violations_by_law": {law: laws.count(law) for law in sorted(set(laws))},
        "failures": failures,
        "trace_digest": outcome.digest,
        "virtual_seconds": round(outcome.virtual_seconds, 3),
        "real_seconds": round(time.perf_counter() - began, 3),
    }


def _differences(then: Sequence[str], now: Sequence[str]) -> list[str]:
    """The first place at which the states part."""
    for number, (was, is_now) in enumerate(zip_longest(then, now, fillvalue="over")):
        if was != is_now:
            return [f"state {number + 1} was {was}, is {is_now} (then: {' '.join(then)})"]
    return []


__all__ = ["BadTape", "Tape", "by_table", "replay", "replayed"]
