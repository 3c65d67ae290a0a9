"""Law 1: after a hold or a barge-in no audio queued before the `clear` reaches the wire after it; a
hold sends nothing until it resumes; one `clear` for each interruption, no more.

Judged at the product's own socket, message by message: what the floor decided there and then must
hold for the very next message. A reply that is held before anything of it was sent, and one that is
merely supposed, have nothing to clear: a barge-in out of a hold has cleared already. Nobody resumes
over the caller's voice, unless it has been on, and was listened to by the recogniser, for as long
as voice alone may keep us silent; that is less where the caller has waited long for an answer of
which nothing was heard, or that was held before it began and again at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import attrs

from ...audio import RATE
from ...events import VoiceStarted, VoiceStopped
from ...turns import State
from ..numbered import Vocabulary
from ..observed import REPLIES, Breach, Evidence, Observation, Returned, Sent, Told

QUIET: Final = {State.IDLE, State.LISTENING, State.HOLDING, State.ENDED}
"""States in which nothing of ours may be sent to be played."""

CLEAR_SECONDS: Final = 0.1
"""The budget from the decision to the `clear` on the wire."""

WAITED_SECONDS: Final = 1.5
FAIR_SECONDS: Final = 0.7
AGAIN_SECONDS: Final = 0.2
"""So long after a turn was decided, and so long into the voice, its first word is waited for; the
last is what every later voice has that holds the answer before it begins."""

_TICK: Final = 0.021
_NEVER: Final = float("inf")


@attrs.define(eq=False)
class Silenced:
    """The law, watching one call."""

    hold_max_seconds: float = 1.5
    vocabulary: Vocabulary = attrs.field(factory=Vocabulary)
    """Knows which words are of phrases, which may be played again."""
    _state: State = State.IDLE
    _held: bool = False  # nothing is sent until `Resume`, or another reply
    _held_at: float = 0.0
    _decided_at: float = 0.0
    _held_before: int = 0  # how often the answer was, before anything of it was heard
    _voice: bool = False
    _voice_at: float = 0.0  # when it came on or went off
    _sounded: bool = False  # something of the reply in play has been sent since it began
    _dead_below: int = 0  # words with lower numbers are of replies that were cancelled
    _owed: int = 0  # clears that may still come for the last interruption
    _due_by: float = _NEVER  # by when one must have come
    _drained_at: float = 0.0  # the phone cannot have played all before that

    def see(self, observed: Observation) -> Iterator[Breach]:
        """Every message against the floor at that moment."""
        if observed.at > self._due_by:
            self._due_by = _NEVER
            yield Breach(f"no clear within {CLEAR_SECONDS * 1000:.0f} ms of an interruption")
        if isinstance(observed, Told):
            if isinstance(observed.event, VoiceStarted | VoiceStopped):
                self._voice, self._voice_at = isinstance(observed.event, VoiceStarted), observed.at
            yield from self._resumed(observed)
            self._floor_moved(observed)
        elif isinstance(observed, Sent) and observed.kind == "media":
            yield from self._audio(observed)
        elif isinstance(observed, Sent) and observed.kind == "clear":
            yield from self._clear()
        elif isinstance(observed, Returned):
            self._voice = False

    def conclude(self, evidence: Evidence) -> Iterator[Breach]:
        """Nothing: every message was judged as it went."""
        del evidence
        yield from ()

    def _resumed(self, told: Told) -> Iterator[Breach]:
        if told.does("Hold"):
            self._held_at = told.at - self._listened(told)
        held = told.at - self._held_at
        if told.decides:
            self._decided_at, self._held_before = told.at, 0
        self._held_before += told.state is State.PROCESSING and told.does("Hold")
        waited_until = self._decided_at + WAITED_SECONDS
        again = self._held_before > 0 and self._held_at <= waited_until
        is_unheard = told.state is State.PROCESSING or again
        has_waited = is_unheard and told.at >= waited_until - _TICK
        fair = AGAIN_SECONDS if self._held_before > 1 and is_unheard else FAIR_SECONDS
        least = fair if has_waited else self.hold_max_seconds
        if told.does("Resume") and self._voice and held < least - _TICK:
            yield Breach(f"resumed over the caller's voice after {held:.2f} s")

    def _listened(self, told: Told) -> float:
        """How much of the voice that is on the recogniser has listened to by now."""
        if not self._voice or told.covered_until is None:
            return 0.0
        return max(0.0, min(told.covered_until, told.at) - self._voice_at)

    def _floor_moved(self, told: Told) -> None:
        cancels = told.does("Cancel")
        if cancels:
            self._dead_below = told.synthesised
        interrupts = (told.does("Hold") or cancels) and not self._held and self._sounded
        if interrupts and told.state is not State.ENDED:
            self._owed = 1
            if told.at < self._drained_at:
                self._due_by = told.at + CLEAR_SECONDS
        if told.state is State.ENDED:
            self._due_by = _NEVER  # the stream is closed: that silences too
        for command in told.commands:
            self._carried_out(type(command).__name__)
        self._state = told.state

    def _carried_out(self, command: str) -> None:
        if command == "Hold":
            self._held = True
        elif command in {"Resume", "Cancel"}:
            self._held = False
        elif command in REPLIES:
            self._held = self._sounded = False

    def _audio(self, sent: Sent) -> Iterator[Breach]:
        if self._state in QUIET:
            yield Breach(f"audio on the wire while {self._state.value}")
        elif self._held:
            yield Breach("audio on the wire while it is held")
        if self._due_by < _NEVER:
            self._due_by = _NEVER
            yield Breach("audio on the wire before the clear of an interruption")
        is_phrase = self.vocabulary.is_phrase
        dead = [n for n in sent.numbers if n < self._dead_below and not is_phrase(n)]
        if dead:
            yield Breach(f"audio of a cancelled reply on the wire (words {dead[0]} to {dead[-1]})")
        self._owed, self._sounded = 0, True
        seconds = len(sent.audio) / RATE
        self._drained_at = max(self._drained_at, sent.at) + seconds

    def _clear(self) -> Iterator[Breach]:
        if not self._owed:
            yield Breach("a clear without an interruption, or a second one for it")
        self._owed, self._due_by, self._drained_at = 0, _NEVER, 0.0
