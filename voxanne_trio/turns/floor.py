"""Who has the floor: the state of a call as the operator sees it, and what the table may order.

Pure values. The table (`table.py`) turns a floor and an event into commands and the next floor;
nothing else may move it.
"""

from __future__ import annotations

import enum
from typing import Final

import attrs

from ..events import Sensitive


class State(enum.Enum):
    """The states of a call."""

    IDLE = "idle"
    LISTENING = "listening"
    PROCESSING = "processing"
    SPEAKING = "speaking"
    HOLDING = "holding"
    ENDED = "ended"


class Phrase(enum.Enum):
    """What we say without asking the model; kept ready as audio."""

    GREETING = "greeting"
    APOLOGY = "apology"
    SAY_AGAIN = "say again"
    GOODBYE = "goodbye"
    TROUBLE = "trouble"
    TIME_IS_UP = "time is up"


class Ending(enum.Enum):
    """Why the call ends once what is being said has been played."""

    FAREWELL = "farewell"
    TROUBLE = "trouble"
    LIMIT = "limit"


class Timer(enum.Enum):
    """The timers a floor sets; their lengths are settings."""

    UNANSWERED = "unanswered"
    VOICE_WITHOUT_WORDS = "voice without words"
    HANGUP = "hangup"
    CALL_LIMIT = "call limit"


@attrs.frozen
class Answer:
    """Start the reply to these words; `farewell` when the caller is taking leave."""

    reply: int
    text: Sensitive
    farewell: bool = False


@attrs.frozen
class Say:
    """Start a reply that says a phrase."""

    reply: int
    phrase: Phrase


@attrs.frozen
class Cancel:
    """Barge-in: end the reply at once, silence the phone, keep what was heard in the history.

    `forget_turn` when the caller's turn goes on: the words it answered will come again, merged.
    """

    reply: int
    forget_turn: bool = False


@attrs.frozen
class SetTimer:
    """Start a timer, in place of one of the same name that runs."""

    timer: Timer


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


Command = Answer | Say | Cancel | SetTimer | StopTimer | CloseStream | EndCall


NO_WORDS: Final = Sensitive("")


@attrs.frozen
class Floor:
    """Whose turn it is, and what is owed to the caller.

    `reply` numbers the reply in play, from 1 on; events of any other are late and mean nothing.
    """

    state: State = State.IDLE
    reply: int = 0
    asked: Sensitive = NO_WORDS
    """The words the reply in play answers; none where it is a phrase."""
    unanswered: Sensitive = NO_WORDS
    """Words of a turn whose reply was cancelled before any of it was heard."""
    failures: int = 0
    """Replies that failed in a row."""
    ending: Ending | None = None
    """Set when the call ends with what is being said."""
    owed: Phrase | None = None
    """What must be said once the reply in play has been played."""


def merged(first: Sensitive, second: Sensitive) -> Sensitive:
    """Two parts of one turn as its whole text."""
    return Sensitive(f"{first.reveal()} {second.reveal()}".strip())
