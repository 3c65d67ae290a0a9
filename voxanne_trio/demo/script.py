"""What the demo's caller says and does: the built-in conversation, or words of one's own.

Refuses to know how it is carried out: the steps are the sandbox's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import attrs

from ..sandbox.caller import (
    AwaitHangUp,
    Interrupt,
    Listen,
    Say,
    Step,
    read_script,
    utterances,
)

SILENCE_MS: Final = 600
SILENT_PATIENCE: Final = 4.0
FAREWELL: Final = "Okay, goodbye."
_HANG_UP_SECONDS: Final = 12.0

CONVERSATION: Final[tuple[Step, ...]] = (
    Listen(SILENCE_MS),
    Say("Do you do BBL?"),
    Listen(SILENCE_MS),
    Say("How much is it?"),
    Interrupt("Okay, do you have anything on Friday?", after_ms=3_800),
    Listen(SILENCE_MS),
    Say("My name is Emily."),
    Listen(SILENCE_MS),
    Say("Thank you goodbye."),
    AwaitHangUp(_HANG_UP_SECONDS),
)
"""Five questions, one of them put into the middle of an answer."""


def from_words(texts: Sequence[str]) -> tuple[Step, ...]:
    """One thing said after the other, each when the agent has finished.

    A text that begins with `!` interrupts: it is said in the middle of the answer before it. The
    last one is a goodbye; where it is not, one is added.
    """
    steps: list[Step] = [Listen(SILENCE_MS)]
    for text in texts:
        said = text.strip()
        if said.startswith("!"):
            if isinstance(steps[-1], Listen) and len(steps) > 1:
                steps.pop()
            steps += [Interrupt(said[1:].strip(), after_ms=2_500), Listen(SILENCE_MS)]
        elif said:
            steps += [Say(said), Listen(SILENCE_MS)]
    if len(steps) == 1:
        raise ValueError("the caller has nothing to say")
    if not re.search(r"\bbye\b|\bgoodbye\b", utterances(steps)[-1].lower()):
        steps += [Say(FAREWELL), Listen(SILENCE_MS)]
    return (*steps[:-1], AwaitHangUp(_HANG_UP_SECONDS))


def from_file(path: Path) -> tuple[Step, ...]:
    """A script file: JSON (a list of the sandbox's steps), else one thing to say a line.

    Raises `ValueError` with a line that says what is wrong.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"script {path} cannot be read: {error}") from error
    if text.lstrip().startswith("["):
        try:
            steps = tuple(read_script(json.loads(text)))
        except ValueError as error:
            raise ValueError(f"script {path}: {error}") from error
        if not utterances(steps):
            raise ValueError(f"script {path}: the caller has nothing to say")
        return steps
    return from_words([line for line in text.splitlines() if not line.startswith("#")])


def silenced(script: Sequence[Step]) -> tuple[Step, ...]:
    """The same steps for a caller who is not heard: waits are short after the greeting."""
    return (*script[:1], *(_impatient(step) for step in script[1:]))


def _impatient(step: Step) -> Step:
    if isinstance(step, Listen | Interrupt | AwaitHangUp):
        return attrs.evolve(step, patience=min(step.patience, SILENT_PATIENCE))
    return step
