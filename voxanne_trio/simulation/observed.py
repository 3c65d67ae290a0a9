"""What is seen of a simulated call, from all sides of it: the values that laws are shown.

Everything is a frozen value with its virtual time, in the order in which it happened, so that a law
can be shown a made-up call as well as a real one. Refuses to know how it was observed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import attrs

from ..events import Event
from ..records import CallRecord
from ..sandbox.journal import Entry
from ..sandbox.playout import Timeline
from ..settings import Settings
from ..telephony.speech import Speech
from ..turns import State
from .numbered import Vocabulary

REPLIES: Final = ("Answer", "Say", "Repeat", "GoOn")
"""The commands that begin a reply."""


@attrs.frozen
class Sent:
    """The product gave its socket a message for Twilio: the moment it reaches the wire."""

    at: float
    kind: str
    audio: bytes = b""
    numbers: tuple[int, ...] = ()
    """The synthesised words in the audio."""
    synthesised: int = 0
    """How many words had been synthesised by then."""


@attrs.frozen
class Told:
    """The product took an event: the commands it led to, and the floor before and after."""

    at: float
    event: Event
    commands: tuple[Any, ...]
    before: State
    state: State
    reply: int = 0
    synthesised: int = 0
    speech: Speech | None = None
    """Of the reply in play afterwards."""
    producing: frozenset[int] = frozenset()
    """The replies that have a task."""
    sizes: Mapping[str, float] = attrs.field(factory=dict)
    """How full each queue of the call is, by name; `bounds` says how full it may be."""
    bounds: Mapping[str, float] = attrs.field(factory=dict)
    covered_until: float | None = None
    """When the last audio that the recogniser had listened to reached us; None: it does not say."""

    def does(self, *names: str) -> bool:
        """Whether one of the commands has one of these names."""
        return any(type(command).__name__ in names for command in self.commands)

    @property
    def decides(self) -> bool:
        """Whether a turn of the caller's is over, as of now: what follows is owed to them.

        A speculation decides nothing, and is owed to nobody, until it is committed.
        """
        return self.does("Commit", "Repeat", "GoOn") or any(
            (type(command).__name__ == "Answer" and not command.speculative)
            or (type(command).__name__ == "Say" and command.text)
            for command in self.commands
        )


@attrs.frozen
class FrameCame:
    """A frame of the caller's reached the product; its number, None where it spells none."""

    at: float
    number: int | None


@attrs.frozen
class Overheard:
    """The recogniser got audio on one of its sockets: the frames in it, None for filled silence."""

    at: float
    socket: int
    frames: tuple[int | None, ...]


@attrs.frozen
class Returned:
    """The product has done with the call; names of what it left behind."""

    at: float
    left: tuple[str, ...]
    crashed: str = ""


@attrs.frozen
class Journaled:
    """Twilio's stand-in wrote something down."""

    at: float
    entry: Entry


@attrs.frozen
class Breach:
    """What breaks a law, and when; None: at the moment of the observation."""

    detail: str
    at: float | None = None


Observation = Sent | Told | FrameCame | Overheard | Returned | Journaled


@attrs.frozen(kw_only=True)
class Evidence:
    """What is known of a call when it is over."""

    sid: str
    settings: Settings
    agent: Timeline
    """What the phone played, with the clears done."""
    caller: Timeline
    vocabulary: Vocabulary
    record: CallRecord | None
    streamed: bool
    """Whether a media stream was ever open."""
    asked: Sequence[Sequence[Mapping[str, Any]]]
    """Requests to the model for this call, in order."""
    dropped_ms: Mapping[str, float]
    """Of the caller's audio, by reason."""
    waiting_ms: float
    """Of the caller's audio, when the call ended."""
    delay_seconds: float
    """The longest that a message is on its way, one way."""
    partings: Sequence[tuple[float, float]] = ()
    """When the network parted the phone and us, and when the next stream of the call began."""
    hearing_failed_at: float = -math.inf
    """When a fault last struck the way to the recogniser."""

    def is_parted(self, at: float) -> bool:
        """Whether the phone and we have been parted, and no other stream has begun yet."""
        return any(begins <= at < ends for begins, ends in self.partings)
