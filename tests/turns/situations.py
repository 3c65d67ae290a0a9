"""Situations of a call for tests of the floor, and how to bring one about."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from voxanne_trio.events import (
    CallStarted,
    Event,
    PlayedOut,
    ReplyAudible,
    ReplyProduced,
    Sensitive,
    TimerExpired,
    TurnEnded,
)
from voxanne_trio.turns import Command, Floor, Saying, Scene, SetTimer, StopTimer, Timer, step

START = CallStarted("CA1", "MZ1", "AC1")
QUESTION = "Do you do BBL?"
PLAYING = Scene(
    saying=Saying(
        lately="Yes, we do. It starts at eight thousand dollars.",
        sentence="It starts at $8,000.",
        unplayed_ms=2_000,
    ),
    can_repeat=True,
)
"""We are in the middle of an answer."""


def said(text: str) -> Sensitive:
    return Sensitive(text)


def about(seconds: float) -> Any:
    """So many seconds, but for rounding."""
    return pytest.approx(seconds)


def expired(timer: Timer) -> TimerExpired:
    return TimerExpired(timer.value)


def at(now: float, scene: Scene = PLAYING, **changes: Any) -> Scene:
    """The scene at a later time; `changes` of what is being said, or of the scene."""
    about = {name: changes.pop(name) for name in list(changes) if name in SAYING}
    return attrs.evolve(scene, now=now, saying=attrs.evolve(scene.saying, **about), **changes)


SAYING = {field.name for field in attrs.fields(Saying)}


def run(
    *happened: Event, floor: Floor | None = None, scene: Scene = PLAYING
) -> tuple[Floor, list[Command]]:
    """The floor after these events, and what the last one led to, but for timers stopped and the
    one that any work on a reply sets: see `test_fillers`."""
    floor = floor or Floor()
    commands: tuple[Command, ...] = ()
    for event in happened:
        floor, commands = step(floor, event, scene)
    return floor, [command for command in commands if not _is_aside(command)]


def _is_aside(command: Command) -> bool:
    if isinstance(command, SetTimer):
        return command.timer is Timer.FILLER
    return isinstance(command, StopTimer)


LISTENING = run(START, ReplyAudible(1), ReplyProduced(1), PlayedOut(1))[0]
PROCESSING = run(TurnEnded(said(QUESTION)), floor=LISTENING)[0]
SPEAKING = run(ReplyAudible(2), floor=PROCESSING)[0]
