"""What happened: the frozen values that cross from one room to another.

Events are named in the past tense. Times (`..._at`) are seconds on the Trio clock of the run
(`trio.current_time()`), so that they mean the same in virtual time. The caller's words are
`Sensitive` from the recogniser's adapter on.
"""

from __future__ import annotations

import attrs


@attrs.frozen(repr=False)
class Sensitive:
    """Words of a caller: never printed, formatted or logged by accident; ask with `reveal()`."""

    _text: str

    def reveal(self) -> str:
        """The words themselves, for the model, the record, or a log that may hold words."""
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text.strip())

    def __repr__(self) -> str:
        return f"<{len(self._text.split())} words>"

    __str__ = __repr__


# Hearing: what the recogniser's adapter says, the same for every recogniser.


@attrs.frozen
class SpeechStarted:
    """The caller began to speak; `text` may already hold the first words."""

    text: Sensitive = Sensitive("")
    started_at: float | None = None
    spoken_until: float | None = None


@attrs.frozen
class WordsHeard:
    """All words of the present turn so far; later events may revise them.

    `spoken_until` is when the end of the last of them reached us (Trio clock); None where the
    recogniser gave no times.
    """

    text: Sensitive
    spoken_until: float | None = None


@attrs.frozen
class TurnEndedEagerly:
    """The turn may be over, with this text."""

    text: Sensitive
    spoken_until: float | None = None


@attrs.frozen
class TurnResumed:
    """The turn that ended eagerly goes on."""

    text: Sensitive
    spoken_until: float | None = None


@attrs.frozen
class TurnEnded:
    """The caller's turn is over, with its whole text.

    `voiced_until` is when the last voiced frame reached us (seconds, Trio clock): the arrival
    time of the frame in which the recogniser's last word ended; None where it gave no times.
    """

    text: Sensitive
    voiced_until: float | None = None


@attrs.frozen
class HearingLost:
    """The recogniser is gone and `attempts` to reach it have failed; no words will come."""

    reason: str
    attempts: int = 0


@attrs.frozen
class HearingRestored:
    """The recogniser is back after a loss; `words_lost` when the replay could not cover it all."""

    words_lost: bool = False


# Local voice: what our own detector hears, long before there are words.


@attrs.frozen
class VoiceStarted:
    """The caller's voice is on. `at` is when its first voiced frame reached us (Trio clock)."""

    at: float


@attrs.frozen
class VoiceStopped:
    """The caller's voice is off again. `at` is when its last voiced frame reached us (Trio clock);
    it had lasted `voiced_ms`, pauses inside it included."""

    at: float
    voiced_ms: float


# A reply of ours.


@attrs.frozen
class ReplyAudible:
    """A frame of a reply is on the wire: its first, or the first after it ran dry or was broken
    into by an `aside`. An `aside` is a filler's first frame: nothing of the reply itself."""

    reply: int
    aside: bool = False


@attrs.frozen
class RanDry:
    """All of a reply that there is has been played, and more of it is still being produced."""

    reply: int


@attrs.frozen
class ReplyProduced:
    """Everything the reply will say has been synthesised and handed to playback."""

    reply: int


@attrs.frozen
class ReplyFailed:
    """A reply could not be produced to its end; `reason` is for the log."""

    reply: int
    reason: str


@attrs.frozen
class PlayedOut:
    """All audio of a finished reply has been played (proven by its last mark, or its deadline)."""

    reply: int
    proven: bool = True


# Telephony.


@attrs.frozen
class CallStarted:
    """Twilio's stream began. `parameters` are the `<Parameter>`s of our own TwiML."""

    call_sid: str
    stream_sid: str
    account_sid: str
    parameters: dict[str, str] = attrs.field(factory=dict)


@attrs.frozen
class CallResumed:
    """A new stream goes on with a call whose stream was lost, `seconds` after the call began.

    `text`: the caller's words that were being answered. `rung`: of the idle ladder, how many
    prompts have brought no words.
    """

    text: Sensitive = Sensitive("")
    seconds: float = 0.0
    rung: int = 0


@attrs.frozen
class KeyPressed:
    """One key of the caller's phone: `0`-`9`, `*`, `#`, `A`-`D`."""

    digit: str


@attrs.frozen
class MarkReturned:
    """A mark of ours came back: played, or flushed by a `clear`."""

    name: str


@attrs.frozen
class StreamStopped:
    """Twilio ended the stream: a hang-up or a transfer, it does not say which."""


@attrs.frozen
class StreamLost:
    """The socket ended without a `stop`."""

    reason: str = ""


@attrs.frozen
class Draining:
    """Our server is about to stop and cannot keep the call. `handover`: another replica answers,
    and takes the call up when our stream has ended."""

    handover: bool


@attrs.frozen
class TimerExpired:
    """A timer that the floor set has run out."""

    name: str


VoiceEvent = VoiceStarted | VoiceStopped
HearingEvent = (
    SpeechStarted
    | WordsHeard
    | TurnEndedEagerly
    | TurnResumed
    | TurnEnded
    | HearingLost
    | HearingRestored
)
Event = (
    HearingEvent
    | VoiceEvent
    | ReplyAudible
    | RanDry
    | ReplyProduced
    | ReplyFailed
    | PlayedOut
    | CallStarted
    | CallResumed
    | KeyPressed
    | StreamStopped
    | StreamLost
    | Draining
    | TimerExpired
)
