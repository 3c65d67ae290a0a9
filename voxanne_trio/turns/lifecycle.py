"""Rows of the table for any state: how a call starts, what goes wrong, how it ends. Pure."""

from __future__ import annotations

from typing import Final

import attrs

from ..events import (
    CallResumed,
    CallStarted,
    Draining,
    HearingLost,
    HearingRestored,
    KeyPressed,
    PlayedOut,
    ReplyFailed,
    ReplyProduced,
    StreamLost,
    StreamStopped,
)
from .commands import CloseStream, Command, EndCall, SetTimer
from .floor import Ending, Floor, Kind, Phrase, Scene, State, Timer
from .policy import Expecting
from .replies import MOST_ASKED_AGAIN, Step, be_patient, give_up, human_path, idle, respond, say

FAILURES_BEFORE_GIVING_UP: Final = 2

LATE_MARK_SECONDS: Final = 1.0
"""How long the last mark of a reply that broke off is waited for before the apology: what was heard
is known better with it."""

BREATH_SECONDS: Final = 0.15
"""The same where nothing was heard but a filler."""

WARNED_SECONDS: Final = 60
"""So long before the longest call ends, the caller is told."""

LEAST_SECONDS: Final = 10
"""What a call that goes on has left at least: to hear that its time is up."""

KEYS_OF_A_NUMBER_SECONDS: Final = 3.0
"""Keys that follow one another faster are a number."""

HANDOVER_SECONDS: Final = 10.0
"""How long a call that is to be handed over may take to be quiet: most answers end in it."""


def as_before(floor: Floor, event: object, scene: Scene) -> Step:
    """Nothing."""
    return floor, ()


def greet(floor: Floor, event: CallStarted, scene: Scene) -> Step:
    greeted, commands = say(floor, Phrase.GREETING)
    return greeted, (*_limits(0, scene), *commands)


def take_up(floor: Floor, event: CallResumed, scene: Scene) -> Step:
    """The call goes on: we were cut off, and where we were; then what was asked is answered."""
    floor = attrs.evolve(floor, kept=event.text, rung=event.rung)
    opened, commands = say(floor, Phrase.CUT_OFF)
    return opened, (*_limits(event.seconds, scene), *commands)


def _limits(past: float, scene: Scene) -> tuple[Command, ...]:
    """The call's limit and its warning, `past` seconds into the call."""
    longest = scene.rules.max_call_seconds
    limit = SetTimer(Timer.CALL_LIMIT, max(longest - past, LEAST_SECONDS))
    warned_in = longest - WARNED_SECONDS - past
    if longest > 2 * WARNED_SECONDS and warned_in > 0:
        return limit, SetTimer(Timer.CALL_WARNING, warned_in)
    return (limit,)


def key_pressed(floor: Floor, event: KeyPressed, scene: Scene) -> Step:
    """`0` asks for a person; not where a number is being keyed in, or the call is ending anyway."""
    before, floor = floor.key_at, attrs.evolve(floor, key_at=scene.now)
    in_number = before is not None and scene.now - before < KEYS_OF_A_NUMBER_SECONDS
    if event.digit != "0" or in_number or floor.expecting is Expecting.DIGITS:
        return floor, ()
    if not scene.can_transfer or floor.ending is Ending.TRANSFER or floor.kind is Kind.PROTECTED:
        return floor, ()
    return human_path(floor, scene)


def stream_is_over(floor: Floor, event: StreamStopped | StreamLost, scene: Scene) -> Step:
    how = "caller hung up" if isinstance(event, StreamStopped) else "stream lost"
    return attrs.evolve(floor, state=State.ENDED), (EndCall(how),)


# Hearing comes and goes


def hearing_is_lost(floor: Floor, event: HearingLost, scene: Scene) -> Step:
    if floor.ending is not None:
        return floor, ()
    if floor.state is State.SPEAKING:  # let it be heard out: nobody can interrupt it any more
        return attrs.evolve(floor, owed=Phrase.TROUBLE), ()
    return give_up(floor, scene)


def hearing_is_back(floor: Floor, event: HearingRestored, scene: Scene) -> Step:
    """The caller is asked again, once more than for mere voice: it may be true this time."""
    if not event.words_lost:
        return floor, ()
    if floor.asked_again > MOST_ASKED_AGAIN:
        return give_up(floor, scene)
    return say(attrs.evolve(floor, asked_again=floor.asked_again + 1), Phrase.SAY_AGAIN)


def hearing_is_back_over_us(floor: Floor, event: HearingRestored, scene: Scene) -> Step:
    """The call can go on after all, unless it is for its replies that we give it up."""
    if floor.owed is not Phrase.TROUBLE or floor.failures >= FAILURES_BEFORE_GIVING_UP:
        return floor, ()
    ask_again = event.words_lost or floor.failures
    return attrs.evolve(floor, owed=Phrase.SAY_AGAIN if ask_again else None), ()


# Replies come to their end


def produced(floor: Floor, event: ReplyProduced, scene: Scene) -> Step:
    """An answer went well. A phrase that could be said proves nothing about the next answer."""
    failures = 0 if floor.asked and floor.heard else floor.failures
    return attrs.evolve(floor, produced=True, failures=failures), ()


def nothing_was_said(floor: Floor, event: ReplyFailed | PlayedOut, scene: Scene) -> Step:
    """The reply came to nothing: an apology, and at the second time in a row the human path."""
    failures = floor.failures + 1
    failed = attrs.evolve(floor, failures=failures)
    if floor.ending is not None:
        return say(failed, Phrase.GOODBYE, floor.ending)
    if failures >= FAILURES_BEFORE_GIVING_UP:
        return give_up(failed, scene)
    return say(failed, Phrase.APOLOGY)


def broke_off(floor: Floor, event: ReplyFailed, scene: Scene) -> Step:
    """The reply failed while it was heard: what is left is played, then the apology."""
    failures = floor.failures + 1
    floor = attrs.evolve(floor, failures=failures, produced=True)
    if floor.ending is not None:
        return floor, ()  # there is nothing left to say better
    giving_up = failures >= FAILURES_BEFORE_GIVING_UP or floor.owed is Phrase.TROUBLE
    floor = attrs.evolve(floor, owed=Phrase.TROUBLE if giving_up else Phrase.APOLOGY)
    return floor, (_owed_by(LATE_MARK_SECONDS if floor.heard else BREATH_SECONDS, scene),)


def _owed_by(seconds: float, scene: Scene) -> SetTimer:
    return SetTimer(Timer.FILLER, scene.saying.unplayed_ms / 1000 + seconds)


def what_is_owed(floor: Floor, scene: Scene) -> Step:
    """What broke off has been played as far as it goes, and the mark that says so is late."""
    if floor.owed is None or not floor.produced or floor.ending is not None:
        return floor, ()
    if scene.saying.unplayed_ms > 0:
        return floor, (_owed_by(BREATH_SECONDS, scene),)
    return say(floor, floor.owed, Ending.TROUBLE if floor.owed is Phrase.TROUBLE else None)


def played_out(floor: Floor, event: PlayedOut, scene: Scene) -> Step:
    """All was heard: the call ends, or what is owed is said, or what was kept for now is answered,
    or the call's limit is near, or it is the caller's turn."""
    if floor.ending is not None:
        rules = scene.rules
        grace_ms = rules.hold_max_ms if floor.voice else rules.hangup_grace_ms
        return floor, (SetTimer(Timer.HANGUP, grace_ms / 1000),)
    if floor.owed is not None:
        return give_up(floor, scene) if floor.owed is Phrase.TROUBLE else say(floor, floor.owed)
    failures = 0 if floor.asked else floor.failures
    listening = attrs.evolve(floor, state=State.LISTENING, failures=failures, held=False)
    if floor.kept:
        return respond(listening, floor.kept, scene)
    if floor.to_be_warned:
        return say(attrs.evolve(floor, to_be_warned=False), Phrase.TIME_IS_SHORT)
    listening, patience = be_patient(listening, scene)
    return listening, (*patience, idle(listening, scene))


# The call is long, or over


def hang_up(floor: Floor, scene: Scene) -> Step:
    if floor.ending is None:
        return floor, ()
    return attrs.evolve(floor, state=State.ENDED), (CloseStream(floor.ending),)


def call_is_at_its_limit(floor: Floor, scene: Scene) -> Step:
    return _end_for_good(floor, Phrase.TIME_IS_UP, Ending.LIMIT)


def _end_for_good(floor: Floor, phrase: Phrase, ending: Ending) -> Step:
    if floor.ending is None:
        return say(floor, phrase, ending)
    if floor.ending in {Ending.FAREWELL, Ending.SILENCE}:
        protected = attrs.evolve(floor, ending=ending, kind=Kind.PROTECTED)
        return protected, ()  # nothing calls this goodbye off
    return floor, ()


def call_is_nearly_at_its_limit(floor: Floor, scene: Scene) -> Step:
    """Told when nobody speaks; otherwise after what is being said."""
    busy = floor.voice or floor.words or floor.unanswered or floor.speculating
    if floor.state is State.LISTENING and not busy:
        return say(floor, Phrase.TIME_IS_SHORT)
    return attrs.evolve(floor, to_be_warned=True), ()


# Our server is about to stop


def server_stops(floor: Floor, event: Draining, scene: Scene) -> Step:
    """Where nobody else can take the call up, that is said at once; else see `handed_over`."""
    if not event.handover:
        return _end_for_good(floor, Phrase.WE_MUST_END, Ending.DRAIN)
    return attrs.evolve(floor, leaving=True), (SetTimer(Timer.HANDOVER, HANDOVER_SECONDS),)


def handed_over(step: Step, scene: Scene) -> Step:
    """What any step comes to for a call that is leaving: once we listen, and the caller is not
    about to say something, its stream ends."""
    floor, commands = step
    if not floor.leaving or floor.state is not State.LISTENING or _caller_speaks(floor, scene):
        return step
    ended = attrs.evolve(floor, state=State.ENDED)
    return ended, (*commands, CloseStream(Ending.HANDOVER))


def never_quiet(floor: Floor, scene: Scene) -> Step:
    """It cannot wait any longer: what is being said is cut off."""
    if not floor.leaving:
        return floor, ()
    return attrs.evolve(floor, state=State.ENDED), (CloseStream(floor.ending or Ending.HANDOVER),)


def _caller_speaks(floor: Floor, scene: Scene) -> bool:
    if floor.voice or floor.words or floor.unanswered or floor.speculating:
        return True
    if not floor.unexplained or floor.voiced_until is None:
        return False
    return scene.now - floor.voiced_until < scene.rules.hold_max_ms / 1000  # words may come yet
