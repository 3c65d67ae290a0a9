"""Who has the floor: the state of a call as the operator sees it, and what the table may see.

Pure values. The table (`table.py`) turns a floor, an event and the scene around it into commands
(`commands.py`) and the next floor; nothing else may move it.
"""

from __future__ import annotations

import enum
from typing import Final

import attrs

from ..events import Sensitive
from .policy import Expecting


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
    SURE = "sure"
    STILL_THERE = "still there"
    STILL_THERE_AGAIN = "still there again"
    GOODBYE = "goodbye"
    TROUBLE = "trouble"
    TIME_IS_SHORT = "time is short"
    TIME_IS_UP = "time is up"
    CUT_OFF = "cut off"
    """Opens a call that goes on; where we were, or an offer to help, follows."""
    TRANSFER = "transfer"
    TRANSFER_FOR_TROUBLE = "transfer for trouble"
    CLOSED = "closed"
    """A person was asked for and none is there: offers voicemail."""
    VOICEMAIL = "voicemail"
    VOICEMAIL_FOR_TROUBLE = "voicemail for trouble"
    WE_MUST_END = "we must end"


class Ending(enum.Enum):
    """Why the call ends once what is being said has been played."""

    FAREWELL = "farewell"
    SILENCE = "silence"
    TROUBLE = "trouble"
    LIMIT = "limit"
    TRANSFER = "transfer"
    """To a person, or to voicemail: the call itself goes on."""
    DRAIN = "server stopping"
    HANDOVER = "handed over"
    """The call goes on, on another replica."""


class Kind(enum.Enum):
    """What is being said, by how it may be interrupted: see `INTERRUPTIONS`."""

    ANSWER = "answer"
    GREETING = "greeting"
    PHRASE = "phrase"
    READ_BACK = "read-back"
    GOODBYE = "goodbye"
    TRANSFER = "transfer"
    PROTECTED = "protected"


@attrs.frozen
class Interruption:
    """How something that is being said gives way.

    `voice_holds`: the caller's voice silences us at once, until words decide. `words_count`: words
    take the floor. `hello_counts`: a greeting of theirs does too. `farewell_counts`: so does "bye".
    `thanks_count`: so do thanks alone.
    """

    voice_holds: bool = True
    words_count: bool = True
    hello_counts: bool = True
    farewell_counts: bool = True
    thanks_count: bool = True


INTERRUPTIONS: Final = {
    Kind.ANSWER: Interruption(),
    Kind.GREETING: Interruption(hello_counts=False),
    Kind.PHRASE: Interruption(),
    Kind.READ_BACK: Interruption(voice_holds=False),
    Kind.GOODBYE: Interruption(farewell_counts=False),
    Kind.TRANSFER: Interruption(farewell_counts=False, thanks_count=False),
    Kind.PROTECTED: Interruption(voice_holds=False, words_count=False),
}


class Timer(enum.Enum):
    """The timers a floor sets, one of a name at a time."""

    END_OF_TURN = "end of turn"
    """Our own cap: the caller has been silent for so long that the turn is over."""
    FORCED = "forced"
    """The recogniser was asked to end the turn, and has not answered."""
    UNANSWERED = "unanswered"
    """Words that no end of turn came for."""
    VOICE_WITHOUT_WORDS = "voice without words"
    HOLD_CONFIRM = "hold confirm"
    HOLD_MAX = "hold max"
    IDLE = "idle"
    FILLER = "filler"
    """It is our turn, and the caller has heard nothing for a while."""
    HANGUP = "hangup"
    CALL_WARNING = "call warning"
    CALL_LIMIT = "call limit"
    HANDOVER = "handover"
    """Another replica is to take the call up, and nobody will be quiet for it."""


@attrs.frozen(kw_only=True)
class Rules:
    """The policy's figures, from the settings of these names; some depend on the recogniser."""

    interrupt_words: int = 2
    end_of_turn_cap_ms: int = 500
    unfinished_cap_ms: int = 1_500
    hold_confirm_ms: int = 400
    hold_max_ms: int = 1_500
    unanswered_voice_ms: int = 4_000
    idle_seconds: tuple[float, ...] = (8.0, 8.0)
    wait_seconds: int = 60
    hangup_grace_ms: int = 400
    max_call_seconds: int = 1_800
    speculations: int = 3
    filler_after_ms: int = 1_200
    dead_air_ms: int = 2_000
    tool_air_ms: int = 5_000

    @property
    def tool_filler_after_ms(self) -> int:
        """While a tool runs and the caller has been told so; as far from the limit as otherwise."""
        return self.tool_air_ms - max(0, self.dead_air_ms - self.filler_after_ms)

    @property
    def filler_grace(self) -> float:
        """Seconds for which a filler gives way to a voice that no words account for: half of what
        is left before the silence is too long."""
        return max(0, self.dead_air_ms - self.filler_after_ms) / 2_000


@attrs.frozen(kw_only=True)
class Saying:
    """What the caller is hearing from us at the moment of an event."""

    lately: str = ""
    """Our words up to now, as the voice was given them: what an echo of us would say."""
    sentence: str = ""
    """The sentence in play, as it is written."""
    is_last: bool = False
    """Whether the reply ends with it."""
    unplayed_ms: float = 0.0
    """What is in hand and has not been played."""


@attrs.frozen(kw_only=True)
class Scene:
    """What the table may see beside the floor: the clock, and the call around it."""

    now: float = 0.0
    rules: Rules = attrs.field(factory=Rules)
    saying: Saying = attrs.field(factory=Saying)
    covered_until: float | None = None
    """When the last audio that the recogniser has listened to reached us; None: it does not say."""
    may_speculate: bool = True
    tool_asked: bool = False
    """Whether a tool was asked for the reply in play: then its turn cannot be taken back."""
    tool_runs: bool = False
    """Whether one is running for it."""
    can_repeat: bool = False
    """Whether something was heard that could be said again."""
    can_go_on: bool = False
    """Whether something is left that was cut off."""
    can_transfer: bool = False
    """Whether the caller can be put through to a person, or to voicemail."""
    is_open: bool = True
    """Whether somebody is there to answer."""


NO_WORDS: Final = Sensitive("")


@attrs.frozen
class Floor:
    """Whose turn it is, and what is owed to the caller.

    `reply` numbers the reply in play, from 1 on; events of any other are late and mean nothing.
    """

    state: State = State.IDLE
    reply: int = 0
    kind: Kind = Kind.ANSWER
    asked: Sensitive = NO_WORDS
    """The words the reply in play answers; none where it is a phrase."""
    speculating: Sensitive = NO_WORDS
    """While we listen: the words that a reply behind its shut gate would answer."""
    speculations: int = 0
    """How many were begun for this turn."""
    produced: bool = False
    """Whether nothing more will be produced for the reply in play."""
    heard: bool = False
    """Whether the caller has heard some of it."""
    fillers: int = 0
    """How many were heard in it: they are nothing of the reply."""
    fill_by: float | None = None
    """Until when the next gives way to voice that no words account for (Trio clock), and an answer
    that has only just begun; None where that is not known."""
    held: bool = False
    """Whether it is kept silent for the caller's voice."""
    held_since: float | None = None
    """Since when the voice has been on that keeps it silent, or did last, before anything of it was
    heard (Trio clock); None: none did."""
    held_again: bool = False
    """Whether that was not the first time."""
    needs_words: bool = False
    """Whether voice alone does not silence this reply any more."""
    false_holds: tuple[float, ...] = ()
    """When voice last silenced us for nothing."""

    words: Sensitive = NO_WORDS
    """The caller's words since the last turn ended, as far as they are known."""
    unanswered: Sensitive = NO_WORDS
    """Words of turns that have ended but were not the whole of what the caller had to say."""
    closed: Sensitive = NO_WORDS
    """Words that we took for a turn before the recogniser did: it will bring them again."""
    kept: Sensitive = NO_WORDS
    """What was said over protected speech: answered after it."""
    voice: bool = False
    """Whether the caller's voice is on."""
    voice_since: float | None = None
    """When it last came on (Trio clock)."""
    unexplained: bool = False
    """Whether voice has begun that no word accounts for yet."""
    noticed: bool = False
    """Whether voice was noticed since the last turn ended."""
    answer_by: float | None = None
    """By when a voice is answered of which no words have come (Trio clock)."""
    voiced_until: float | None = None
    """When the caller's last voiced frame reached us, as the local detector says."""

    expecting: Expecting = Expecting.NOTHING
    """What our last question asked for."""
    patient: bool = False
    """Whether the recogniser has been asked for patience."""
    waiting: bool = False
    """Whether the caller has asked us to wait: the idle ladder rests."""
    rung: int = 0
    """Of the idle ladder: how many prompts brought no words."""
    asked_again: int = 0
    """How often in a row we asked to hear it again."""
    failures: int = 0
    """Replies that failed in a row."""
    offered: bool = False
    """Whether the caller was asked if they would leave a message."""
    key_at: float | None = None
    """When a key was last pressed."""
    ending: Ending | None = None
    """Set when the call ends with what is being said."""
    owed: Phrase | None = None
    """What must be said once the reply in play has been played."""
    to_be_warned: bool = False
    """Whether the caller is still to be told that the longest call is nearly over."""
    leaving: bool = False
    """Whether another replica takes the call up, as soon as nobody is in mid-sentence."""

    @property
    def interruption(self) -> Interruption:
        """How what is being said gives way."""
        return INTERRUPTIONS[self.kind]
