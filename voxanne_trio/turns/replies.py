"""The moves that several rows of the table share: start a reply, commit one, drop one. Pure.

Each takes a floor and returns the next with the commands to carry out.
"""

from __future__ import annotations

from typing import Any, Final

import attrs

from ..events import Sensitive
from . import policy
from .commands import (
    Answer,
    BePatient,
    Cancel,
    Command,
    Commit,
    GoOn,
    Hold,
    Repeat,
    Say,
    SetTimer,
    StopTimer,
)
from .floor import NO_WORDS, Ending, Floor, Kind, Phrase, Scene, State, Timer
from .parts import merged

Step = tuple[Floor, tuple[Command, ...]]

_OF_THE_TURN: Final = tuple(
    StopTimer(timer)
    for timer in (
        *(Timer.END_OF_TURN, Timer.FORCED, Timer.UNANSWERED, Timer.VOICE_WITHOUT_WORDS),
        *(Timer.HOLD_CONFIRM, Timer.HOLD_MAX, Timer.IDLE, Timer.HANGUP, Timer.FILLER),
    )
)
"""A reply begins: nothing of what was waited for matters any more."""

WORDS_SECONDS: Final = 0.7
"""A voice that holds an answer back has at least so long to bring its first word, however long the
caller has waited: it may be theirs. A television's brings none."""

AGAIN_SECONDS: Final = 0.2
"""What any later voice before the same answer has for it, once the first filler was due."""

_KINDS: Final = {
    Phrase.GREETING: Kind.GREETING,
    Phrase.GOODBYE: Kind.GOODBYE,
    Phrase.TROUBLE: Kind.PROTECTED,
    Phrase.TIME_IS_UP: Kind.PROTECTED,
    Phrase.TRANSFER: Kind.TRANSFER,
    Phrase.VOICEMAIL: Kind.TRANSFER,
    Phrase.TRANSFER_FOR_TROUBLE: Kind.PROTECTED,
    Phrase.VOICEMAIL_FOR_TROUBLE: Kind.PROTECTED,
    Phrase.WE_MUST_END: Kind.PROTECTED,
}
_NOT_CALLED_OFF: Final = frozenset({Ending.LIMIT, Ending.DRAIN})
"""Nothing is left that would end the call again."""

_PATIENCE: Final = frozenset(
    {
        policy.Expecting.DIGITS,
        policy.Expecting.SPELLING,
        policy.Expecting.EMAIL,
        policy.Expecting.ADDRESS,
    }
)


def respond(floor: Floor, text: Sensitive, scene: Scene) -> Step:
    """The caller's turn is over, with this text at its end: what is done about it."""
    whole = merged(floor.unanswered, text)
    if floor.speculating and policy.same_words(whole.reveal(), floor.speculating.reveal()):
        return _commit(floor, scene)
    floor, dropped = drop(floor)
    said = whole.reveal()
    if policy.asks_to_wait(said):
        floor, commands = say(turn_over(floor), Phrase.SURE, text=whole)
        return attrs.evolve(floor, waiting=True), (*dropped, *commands)
    if asks_for_the_human_path(floor, said, scene):
        floor, commands = human_path(floor, scene, text=whole)
    elif is_for_model(said, scene):
        floor, commands = _answer(floor, whole, scene)
    else:
        floor, commands = _again(floor, whole, scene)
    return floor, (*dropped, *commands)


def asks_for_the_human_path(floor: Floor, said: str, scene: Scene) -> bool:
    """Whether the words ask for a person and one can be reached, or take up our offer."""
    takes_it = floor.offered and policy.takes_the_offer(said)
    return scene.can_transfer and (takes_it or policy.asks_for_a_person(said))


def human_path(floor: Floor, scene: Scene, *, text: Sensitive = NO_WORDS) -> Step:
    """The caller wants a person: put them through, or offer voicemail where nobody is there.

    Asked again, or the offer taken up, it is voicemail.
    """
    if scene.is_open:
        return say(turn_over(floor), Phrase.TRANSFER, Ending.TRANSFER, text=text)
    if floor.offered:
        return say(turn_over(floor), Phrase.VOICEMAIL, Ending.TRANSFER, text=text)
    offering, commands = say(turn_over(floor), Phrase.CLOSED, text=text)
    return attrs.evolve(offering, offered=True), commands


def give_up(floor: Floor, scene: Scene) -> Step:
    """We cannot go on: to a person, to voicemail, or, where there is neither, the end."""
    if not scene.can_transfer:
        return say(floor, Phrase.TROUBLE, Ending.TROUBLE)
    phrase = Phrase.TRANSFER_FOR_TROUBLE if scene.is_open else Phrase.VOICEMAIL_FOR_TROUBLE
    return say(floor, phrase, Ending.TRANSFER)


def is_for_model(said: str, scene: Scene) -> bool:
    """Whether the words ask the model something, and not the conversation itself."""
    again = policy.asks_to_repeat(said) or policy.asks_for_slower(said)
    return not (
        policy.asks_to_wait(said)
        or (again and scene.can_repeat)
        or (policy.asks_to_go_on(said) and scene.can_go_on)
    )


def _answer(floor: Floor, whole: Sensitive, scene: Scene) -> Step:
    farewell = policy.is_farewell(whole.reveal())
    answering, held = _answering(begun(turn_over(floor)), whole, scene)
    return answering, (*_OF_THE_TURN, Answer(answering.reply, whole, farewell), *held)


def _again(floor: Floor, whole: Sensitive, scene: Scene) -> Step:
    said = whole.reveal()
    saying = begun(turn_over(floor), state=State.PROCESSING, asked=whole, fill_by=_fill_by(scene))
    if policy.asks_to_go_on(said) and scene.can_go_on:
        command: Command = GoOn(saying.reply, whole)
    else:
        command = Repeat(saying.reply, whole, slower=policy.asks_for_slower(said))
    saying, held = _kept_silent(saying, scene)
    return saying, (*_OF_THE_TURN, command, *held, filler(saying, scene))


def speculate(floor: Floor, text: Sensitive, scene: Scene) -> Step:
    """The turn may be over with this text: begin the reply behind its shut gate."""
    whole = merged(floor.unanswered, text)
    said = whole.reveal()
    if floor.speculating and policy.same_words(said, floor.speculating.reveal()):
        return floor, ()
    floor, dropped = drop(floor)
    allowed = scene.may_speculate and floor.speculations < scene.rules.speculations
    for_us = asks_for_the_human_path(floor, said, scene) or not is_for_model(said, scene)
    if not allowed or for_us or not policy.word_count(said):
        return floor, dropped
    speculating = begun(floor, speculating=whole, speculations=floor.speculations + 1)
    farewell = policy.is_farewell(said)
    answer = Answer(speculating.reply, whole, farewell, speculative=True)
    return speculating, (*dropped, answer)


def _commit(floor: Floor, scene: Scene) -> Step:
    supposed = attrs.evolve(turn_over(floor), speculating=NO_WORDS)
    committed, held = _answering(supposed, floor.speculating, scene)
    return committed, (*_OF_THE_TURN, *held, Commit(committed.reply))


def _answering(floor: Floor, whole: Sensitive, scene: Scene) -> Step:
    """The reply in play answers these words, which may be the caller's last."""
    farewell = policy.is_farewell(whole.reveal())
    answering = attrs.evolve(
        floor,
        state=State.PROCESSING,
        asked=whole,
        kind=Kind.GOODBYE if farewell else Kind.ANSWER,
        ending=Ending.FAREWELL if farewell else None,
        fill_by=_fill_by(scene),
    )
    answering, held = _kept_silent(answering, scene)
    return answering, (*held, filler(answering, scene))


def _fill_by(scene: Scene) -> float:
    """Noises after a turn put the first filler off to that time, and no further."""
    return scene.now + scene.rules.filler_after_ms / 1000 + scene.rules.filler_grace


def _kept_silent(floor: Floor, scene: Scene) -> Step:
    """Where the caller's voice is on and no word accounts for it, the reply waits; not for what the
    recogniser has listened to already, and found no word in."""
    if not (floor.voice and floor.unexplained):
        return floor, ()
    since = scene.now if floor.voice_since is None else floor.voice_since
    listened = since if scene.covered_until is None else min(scene.covered_until, scene.now)
    seconds = scene.rules.hold_max_ms / 1000 - max(0.0, listened - since)
    if seconds <= 0:
        return floor, ()
    timer = SetTimer(Timer.HOLD_MAX, seconds)
    return attrs.evolve(floor, held=True, held_since=since), (Hold(), timer)


def drop(floor: Floor) -> Step:
    """End a speculation, if there is one: the caller goes on, or the words were others."""
    if not floor.speculating:
        return floor, ()
    cancel = Cancel(floor.reply, forget_turn=True)
    return attrs.evolve(floor, speculating=NO_WORDS, produced=False), (cancel,)


def say(
    floor: Floor, phrase: Phrase, ending: Ending | None = None, *, text: Sensitive = NO_WORDS
) -> Step:
    """Say a phrase in place of whatever is being said or prepared."""
    floor, commands = drop(floor)
    if floor.state in {State.PROCESSING, State.SPEAKING, State.HOLDING}:
        commands = (*commands, Cancel(floor.reply))
    kind = _KINDS.get(phrase, Kind.PHRASE)
    if ending in _NOT_CALLED_OFF:
        kind = Kind.PROTECTED
    saying = begun(floor, state=State.SPEAKING, kind=kind, ending=ending, owed=None)
    return saying, (*commands, *_OF_THE_TURN, Say(saying.reply, phrase, text))


def begun(floor: Floor, **changes: Any) -> Floor:
    """The floor with a new reply in play, nothing of it produced or heard."""
    anew = {
        **dict.fromkeys(("produced", "heard", "held", "held_again", "needs_words"), False),
        **dict.fromkeys(("asked", "speculating"), NO_WORDS),
        "fillers": 0,
        "fill_by": None,
        "answer_by": None,
        "held_since": None,
        "kind": Kind.ANSWER,
        "ending": None,
    }
    return attrs.evolve(floor, reply=floor.reply + 1, **{**anew, **changes})


def turn_over(floor: Floor) -> Floor:
    """The caller's turn is answered: its words are used up."""
    return attrs.evolve(
        floor,
        words=NO_WORDS,
        unanswered=NO_WORDS,
        kept=NO_WORDS,
        noticed=floor.voice,
        waiting=False,
        speculations=0,
        rung=0,
        asked_again=0,
        offered=False,
        expecting=policy.Expecting.NOTHING,
    )


def closed(floor: Floor) -> Floor:
    """We end the turn before the recogniser does: it will bring all of these words again."""
    return attrs.evolve(floor, closed=merged(floor.closed, floor.words))


def barge_in(floor: Floor, text: Sensitive, scene: Scene) -> Step:
    """The caller takes the floor: what we were saying ends here."""
    cancel = Cancel(floor.reply)
    stopped = (Timer.HANGUP, Timer.HOLD_CONFIRM, Timer.HOLD_MAX, Timer.FILLER)
    timers = tuple(StopTimer(timer) for timer in stopped)
    listening = attrs.evolve(
        floor,
        state=State.LISTENING,
        ending=None,
        owed=None,
        held=False,
        words=text,
        unanswered=merged(floor.kept, floor.unanswered),
        kept=NO_WORDS,
    )
    listening, patience = be_patient(listening, scene)
    waits = (*cap(listening, scene), idle(listening, scene))
    return listening, (*timers, cancel, *patience, *waits)


def spoken(floor: Floor, until: float | None, scene: Scene) -> Floor:
    """Words are voice too, also where the detector did not notice it."""
    if floor.voiced_until is None:
        return floor  # there is no detector
    if until is None:
        until = scene.now - WORDS_LATE_SECONDS
    return attrs.evolve(floor, voiced_until=max(floor.voiced_until, until))


def cap(floor: Floor, scene: Scene) -> tuple[Command, ...]:
    """Our own end of the turn, counted from the caller's last voiced frame."""
    if floor.voice or floor.voiced_until is None:
        return ()
    after_ms = scene.rules.end_of_turn_cap_ms
    if goes_on(floor, merged(floor.unanswered, floor.words)):
        after_ms = scene.rules.unfinished_cap_ms
    return (SetTimer(Timer.END_OF_TURN, _left(after_ms, floor.voiced_until, scene)),)


def is_ours(floor: Floor, text: Sensitive, scene: Scene) -> bool:
    """Whether the recogniser has heard nobody but us, through the caller's line."""
    return not floor.noticed and policy.is_echo(text.reveal(), scene.saying.lately)


def goes_on(floor: Floor, text: Sensitive) -> bool:
    """Whether the caller has probably not said all."""
    said = text.reveal()
    return policy.looks_unfinished(said) or policy.still_dictating(said, floor.expecting)


def idle(floor: Floor, scene: Scene, since: float | None = None) -> Command:
    """The next rung of the idle ladder, counted from a moment."""
    if floor.waiting:
        seconds = float(scene.rules.wait_seconds)
    else:
        ladder = scene.rules.idle_seconds
        seconds = ladder[min(floor.rung, len(ladder) - 1)]
    since = scene.now if since is None else since
    return SetTimer(Timer.IDLE, max(0.0, seconds - (scene.now - since)))


def filler(floor: Floor, scene: Scene, since: float | None = None) -> Command:
    """The next filler, unless the reply is heard before: after a silence from that moment on. One
    that has given way to a voice already waits no longer than it did for that."""
    rules = scene.rules
    told = scene.tool_runs and floor.fillers
    after_ms = rules.tool_filler_after_ms if told else rules.filler_after_ms
    seconds = left_of(after_ms, since, scene)
    if floor.fill_by is not None:
        seconds = min(seconds, max(0.0, floor.fill_by - scene.now))
    return SetTimer(Timer.FILLER, seconds)


def be_patient(floor: Floor, scene: Scene) -> Step:
    """We have asked something, or not: the recogniser is to wait accordingly.

    A phrase asks nothing of its own: after "are you still there?" the question before it stands.
    """
    if floor.kind is Kind.PHRASE and floor.expecting is not policy.Expecting.NOTHING:
        return floor, ()
    expecting = policy.expecting(scene.saying.sentence)
    floor = attrs.evolve(floor, expecting=expecting)
    patient = expecting in _PATIENCE
    if patient == floor.patient:
        return floor, ()
    return attrs.evolve(floor, patient=patient), (BePatient(patient),)


def _left(milliseconds: float, since: float, scene: Scene) -> float:
    return max(0.0, milliseconds / 1000 - (scene.now - since))


def left_of(milliseconds: float, since: float | None, scene: Scene) -> float:
    """Seconds that are left of so much time since a moment; all of it where there is none."""
    return milliseconds / 1000 if since is None else _left(milliseconds, since, scene)


def is_covered(floor: Floor, scene: Scene) -> bool:
    """Whether the recogniser has listened to all of the caller's voice so far."""
    if scene.covered_until is None or floor.voiced_until is None:
        return True
    return scene.covered_until >= floor.voiced_until - _COVERED_SECONDS


MOST_ASKED_AGAIN: Final = 2
"""So often in a row the caller is asked to say again what gave no words."""

WORDS_LATE_SECONDS: Final = 0.3
"""How long after it was spoken a word is told, where it comes without times."""

_COVERED_SECONDS: Final = 0.06
"""Three frames: the two detectors do not agree on the last voiced one."""
