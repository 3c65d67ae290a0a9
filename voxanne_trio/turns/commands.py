"""What the floor's table may order. Each is carried out at once, without waiting, in order."""

from __future__ import annotations

import attrs

from ..events import Sensitive
from .floor import NO_WORDS, Ending, Phrase, Timer


@attrs.frozen
class Answer:
    """Start the reply to these words; `farewell` when the caller is taking leave.

    A `speculative` one is produced behind a shut gate: the caller may not have finished.
    """

    reply: int
    text: Sensitive
    farewell: bool = False
    speculative: bool = False


@attrs.frozen
class Commit:
    """The turn is over as the speculative reply supposed: let it be heard."""

    reply: int


@attrs.frozen
class Say:
    """Start a reply that says a phrase; `text` is what the caller said before it, if anything."""

    reply: int
    phrase: Phrase
    text: Sensitive = NO_WORDS


@attrs.frozen
class Repeat:
    """Start a reply that says again what was last heard; from now on more slowly if `slower`."""

    reply: int
    text: Sensitive
    slower: bool = False


@attrs.frozen
class GoOn:
    """Start a reply that says what an interruption had left unsaid."""

    reply: int
    text: Sensitive


@attrs.frozen
class Cancel:
    """Barge-in: end the reply at once, silence the phone, keep what was heard in the history.

    `forget_turn` when the caller's turn goes on: the words it answered will come again, merged.
    """

    reply: int
    forget_turn: bool = False


@attrs.frozen
class Fill:
    """Say "one moment" or its like, as an aside in the reply in play, which goes on behind it."""

    reply: int


@attrs.frozen
class Hold:
    """Silence the phone now but keep what has not been played."""


@attrs.frozen
class Resume:
    """Go on from the last pause before where the caller's voice stopped us."""


@attrs.frozen
class EndTurn:
    """Ask the recogniser to end the caller's turn with what it has heard."""


@attrs.frozen
class BePatient:
    """Ask the recogniser to wait longer, or no longer, before it takes a pause for an end."""

    patient: bool


@attrs.frozen
class SetTimer:
    """Start a timer, in place of one of the same name that runs."""

    timer: Timer
    seconds: float


@attrs.frozen
class StopTimer:
    """Stop a timer, if it runs."""

    timer: Timer


@attrs.frozen
class CloseStream:
    """Hang up: close the stream from our side; `/twiml/after` then ends the call."""

    ending: Ending


@attrs.frozen
class EndCall:
    """The stream is over from the other side: end the call's nursery."""

    how: str


Command = (
    Answer
    | Commit
    | Say
    | Repeat
    | GoOn
    | Cancel
    | Fill
    | Hold
    | Resume
    | EndTurn
    | BePatient
    | SetTimer
    | StopTimer
    | CloseStream
    | EndCall
)
