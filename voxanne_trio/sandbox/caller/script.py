"""Scripts as a whole: read from JSON, and what is said in them, in order and with its numbers.

Refuses to know voices and calls.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

import attrs

from .steps import (
    AwaitHangUp,
    Backchannel,
    HangUp,
    Interrupt,
    Listen,
    Press,
    Say,
    Sound,
    StaySilent,
    Step,
    TalkOver,
)

PARTING_MS: Final = 700
"""A hesitation of this length makes two utterances of one text, for a recogniser by silence."""

_HESITATION: Final = re.compile(r"\s*~(\d+)\s*")


@attrs.frozen
class Utterance:
    """What is said without a long pause: phrases, each with the milliseconds of silence after it.

    `number` is its place in the call's list of utterances.
    """

    number: int
    phrases: tuple[tuple[str, int], ...] = ()

    @property
    def text(self) -> str:
        """Its words; none for a sound."""
        return " ".join(phrase for phrase, _ in self.phrases)


def plain(text: str) -> str:
    """A text without its hesitations."""
    return _HESITATION.sub(" ", text).strip()


def numbered(script: Sequence[Step]) -> list[tuple[Utterance, ...]]:
    """For each step its utterances, counted through the script."""
    found: list[tuple[Utterance, ...]] = []
    number = 0
    for step in script:
        parts = _parts(step)
        found.append(tuple(Utterance(number + n, phrases) for n, phrases in enumerate(parts)))
        number += len(parts)
    return found


def utterances(script: Sequence[Step]) -> list[str]:
    """What a script says, in order, as a recogniser gets it: sounds are empty texts."""
    return [utterance.text for step in numbered(script) for utterance in step]


def phrases(script: Sequence[Step]) -> list[str]:
    """What a voice is asked to speak, each once: texts cut at their hesitations."""
    said = (phrase for step in numbered(script) for part in step for phrase, _ in part.phrases)
    return list(dict.fromkeys(said))


def _parts(step: Step) -> list[tuple[tuple[str, int], ...]]:
    if isinstance(step, Sound) or (isinstance(step, Press) and step.audible):
        return [()]
    if not isinstance(step, Say | Interrupt | TalkOver | Backchannel):
        return []
    parts: list[list[tuple[str, int]]] = [[]]
    for phrase, pause in _phrases(step.text):
        parts[-1].append((phrase, pause))
        if pause >= PARTING_MS:
            parts.append([])
    return [tuple(part) for part in parts if part]


def _phrases(text: str) -> list[tuple[str, int]]:
    """The phrases of a text and the hesitation after each."""
    pieces = _HESITATION.split(text.strip())
    pauses = [int(pause) for pause in pieces[1::2]]
    phrases = list(zip(pieces[::2], [*pauses, 0], strict=True))
    return [(phrase, pause) for phrase, pause in phrases if phrase]


_STEPS: Final[Mapping[str, Callable[..., Step]]] = {
    "say": Say,
    "interrupt": Interrupt,
    "talk_over": TalkOver,
    "backchannel": Backchannel,
    "cough": partial(Sound, "cough"),
    "hum": partial(Sound, "hum"),
    "noise": lambda name="door", **options: Sound(name, **options),
    "listen": Listen,
    "stay_silent": StaySilent,
    "press": Press,
    "hang_up": HangUp,
    "await_hang_up": AwaitHangUp,
}


def read_script(steps: Sequence[Any]) -> list[Step]:
    """A script from JSON: `"listen"`, `{"say": "Hello"}`, `{"interrupt": "Wait", "after_ms": 900}`.

    Raises `ValueError` for what is no step.
    """
    return [_step(step) for step in steps]


def _step(step: Any) -> Step:
    if isinstance(step, str):
        step = {step: None}
    if not isinstance(step, dict) or not step:
        raise ValueError(f"no step: {step!r}")
    (name, value), *options = step.items()
    if name not in _STEPS:
        raise ValueError(f"no step {name!r}: use {', '.join(_STEPS)}")
    try:
        positional = [] if value is None else [value]
        return _STEPS[name](*positional, **dict(options))
    except TypeError as error:
        raise ValueError(f"step {name!r}: {error}") from error


def as_json(script: Sequence[Step]) -> list[dict[str, Any]]:
    """The same script as JSON, for whoever has to replay it."""
    return [_as_json(step) for step in script]


def _as_json(step: Step) -> dict[str, Any]:
    fields = attrs.asdict(step)
    if isinstance(step, Sound):
        name = step.name if step.name in {"cough", "hum"} else "noise"
        value = fields.pop("name")
        return {name: None if name != "noise" else value, **fields}
    name = next(name for name, kind in _STEPS.items() if kind is type(step))
    takes_value = {Say: "text", Interrupt: "text", TalkOver: "text", Backchannel: "text"}
    takes_value |= {StaySilent: "seconds", Press: "digits"}
    field = takes_value.get(type(step))
    return {name: fields.pop(field) if field else None, **fields}
