"""Rows of the table while we listen, and while we work on an answer nobody has heard yet. Pure.

A turn is over when the recogniser says so, or by our own cap: the caller has been silent for long
enough, the recogniser has listened to all of their voice, and the text looks complete. The reply
may already be in the making by then, behind its shut gate.
"""

from __future__ import annotations

import math
from typing import Final

import attrs

from ..events import (
    ReplyFailed,
    Sensitive,
    SpeechStarted,
    TurnEnded,
    TurnEndedEagerly,
    TurnResumed,
    VoiceStarted,
    VoiceStopped,
    WordsHeard,
)
from . import policy
from .commands import Cancel, Command, EndTurn, Fill, Hold, Resume, SetTimer, StopTimer
from .floor import NO_WORDS, Ending, Floor, Phrase, Scene, State, Timer
from .parts import merged
from .replies import (
    AGAIN_SECONDS,
    MOST_ASKED_AGAIN,
    WORDS_SECONDS,
    Step,
    cap,
    closed,
    drop,
    filler,
    give_up,
    goes_on,
    idle,
    is_covered,
    is_ours,
    left_of,
    respond,
    say,
    speculate,
    spoken,
)

LONG_VOICE_MS: Final = 600
"""Voice that lasts longer is no cough: words are expected of it."""

POLL_SECONDS: Final = 0.1
"""How often we look whether the recogniser has caught up with the voice."""

FORCED_SECONDS: Final = 0.3
"""How long the recogniser may take to end a turn that we asked it to end."""

UNHEARD_SECONDS: Final = 1.2
"""So much of the voice that no recogniser leaves without a message: nova-3 has one each second."""

MOST_FILLERS: Final = 10
"""In one reply; its deadlines end it long before."""

_LADDER: Final = (Phrase.STILL_THERE, Phrase.STILL_THERE_AGAIN)


# Voice


def voice_noticed(floor: Floor, scene: Scene) -> Floor:
    """The caller's voice is on."""
    return attrs.evolve(floor, voice=True, noticed=True, unexplained=True, voice_since=scene.now)


def voice_over(floor: Floor, event: VoiceStopped) -> Floor:
    """The caller's voice is off again."""
    return attrs.evolve(floor, voice=False, voiced_until=event.at)


def voice_started(floor: Floor, event: VoiceStarted, scene: Scene) -> Step:
    floor = voice_noticed(floor, scene)
    commands: list[Command] = [StopTimer(Timer.END_OF_TURN), StopTimer(Timer.FORCED)]
    if not floor.words:
        seconds = (LONG_VOICE_MS + scene.rules.unanswered_voice_ms) / 1000
        commands.append(SetTimer(Timer.VOICE_WITHOUT_WORDS, _sooner(floor, scene, seconds)))
    return floor, tuple(commands)


def voice_stopped(floor: Floor, event: VoiceStopped, scene: Scene) -> Step:
    floor = voice_over(floor, event)
    if floor.words or floor.unanswered:
        return floor, cap(floor, scene)
    seconds = math.inf
    if event.voiced_ms > LONG_VOICE_MS:
        seconds = left_of(scene.rules.unanswered_voice_ms, event.at, scene)
    seconds = _sooner(floor, scene, seconds)
    if seconds == math.inf:
        return floor, (StopTimer(Timer.VOICE_WITHOUT_WORDS), idle(floor, scene, event.at))
    floor = attrs.evolve(floor, answer_by=scene.now + seconds)
    timer = SetTimer(Timer.VOICE_WITHOUT_WORDS, seconds)
    return floor, (timer, idle(floor, scene, event.at))


def _sooner(floor: Floor, scene: Scene, seconds: float) -> float:
    """What comes after a voice that is to be answered puts that off no further: it may be a cough,
    or a television."""
    by = floor.answer_by
    return seconds if by is None or by <= scene.now else min(seconds, by - scene.now)


def voice_without_words(floor: Floor, scene: Scene) -> Step:
    """The caller is asked to say it again; after that, where nobody listens, the human path."""
    floor = attrs.evolve(floor, answer_by=None)
    if floor.words or floor.unanswered:
        return floor, ()
    if floor.asked_again >= MOST_ASKED_AGAIN:
        return give_up(floor, scene) if _nobody_listens(floor, scene) else (floor, ())
    return say(attrs.evolve(floor, asked_again=floor.asked_again + 1), Phrase.SAY_AGAIN)


def _nobody_listens(floor: Floor, scene: Scene) -> bool:
    """Whether the recogniser has told nothing of the voice: it is no television, then, which it
    passes over."""
    last = scene.now - UNHEARD_SECONDS if floor.voice else floor.voiced_until
    heard = scene.covered_until
    return last is not None and (heard is None or heard < last - UNHEARD_SECONDS)


# Words


def words(floor: Floor, event: SpeechStarted | WordsHeard | TurnResumed, scene: Scene) -> Step:
    if not event.text or is_ours(floor, event.text, scene):
        return floor, ()
    news = not policy.same_words(event.text.reveal(), floor.words.reveal())
    floor = attrs.evolve(floor, words=event.text, unexplained=floor.unexplained and not news)
    if news:
        floor = spoken(floor, event.spoken_until, scene)
    whole = merged(floor.unanswered, event.text).reveal()
    dropped: tuple[Command, ...] = ()
    other = floor.speculating and not policy.same_words(whole, floor.speculating.reveal())
    if other or isinstance(event, TurnResumed):
        floor, dropped = drop(floor)
    floor = attrs.evolve(floor, answer_by=None)
    timers: list[Command] = [StopTimer(Timer.VOICE_WITHOUT_WORDS), idle(floor, scene)]
    if floor.unanswered:
        timers.append(SetTimer(Timer.UNANSWERED, scene.rules.hold_max_ms / 1000))
    if news:
        timers += cap(floor, scene)
    return floor, (*dropped, *timers)


def ended_eagerly(floor: Floor, event: TurnEndedEagerly, scene: Scene) -> Step:
    if is_ours(floor, event.text, scene):
        return floor, ()
    floor, commands = words(floor, WordsHeard(event.text, event.spoken_until), scene)
    floor, more = speculate(floor, event.text, scene)
    return floor, (*commands, *more)


def turn_ended(floor: Floor, event: TurnEnded, scene: Scene) -> Step:
    news = not policy.same_words(event.text.reveal(), floor.words.reveal())
    floor = attrs.evolve(floor, words=NO_WORDS, unexplained=floor.unexplained and not news)
    floor = spoken(floor, event.voiced_until, scene) if news else floor
    if not event.text or is_ours(floor, event.text, scene):
        floor, dropped = (floor, ()) if floor.unanswered else drop(floor)
        return floor, (*dropped, idle(floor, scene))
    whole = merged(floor.unanswered, event.text)
    if goes_on(floor, whole):
        return _wait_for_more(floor, whole, scene)
    return respond(floor, event.text, scene)


def _wait_for_more(floor: Floor, whole: Sensitive, scene: Scene) -> Step:
    """The recogniser takes a pause for the end where people pause: the turn stays open a while."""
    seconds = left_of(scene.rules.unfinished_cap_ms, floor.voiced_until, scene)
    floor = attrs.evolve(floor, unanswered=whole)
    stops = (StopTimer(Timer.END_OF_TURN), StopTimer(Timer.FORCED))
    return floor, (*stops, SetTimer(Timer.UNANSWERED, seconds))


# Our own end of the turn


def end_of_turn(floor: Floor, scene: Scene) -> Step:
    """The caller has been silent for long enough."""
    if floor.voice or not (floor.words or floor.unanswered):
        return floor, ()
    waited_long = left_of(scene.rules.hold_max_ms, floor.voiced_until, scene) <= 0
    if not is_covered(floor, scene) and not waited_long:
        return floor, (SetTimer(Timer.END_OF_TURN, POLL_SECONDS),)
    if not floor.words:
        return unanswered(floor, scene)
    floor, commands = speculate(floor, floor.words, scene)
    return floor, (*commands, EndTurn(), SetTimer(Timer.FORCED, FORCED_SECONDS))


def forced(floor: Floor, scene: Scene) -> Step:
    """The recogniser did not end the turn in time: then we do."""
    if floor.voice or not floor.words:
        return floor, ()
    return respond(closed(floor), floor.words, scene)


def unanswered(floor: Floor, scene: Scene) -> Step:
    """No more came: what there is, is the turn."""
    if floor.voice:
        return floor, (SetTimer(Timer.UNANSWERED, scene.rules.hold_max_ms / 1000),)
    whole = merged(floor.unanswered, floor.words)
    if not policy.word_count(whole.reveal()):  # "um", and no more: no turn
        floor, dropped = drop(attrs.evolve(floor, unanswered=NO_WORDS))
        return floor, (*dropped, idle(floor, scene))
    return respond(closed(floor), floor.words, scene)


def nobody_speaks(floor: Floor, scene: Scene) -> Step:
    """The idle ladder: a prompt, another, then goodbye."""
    if floor.voice and floor.asked_again < MOST_ASKED_AGAIN:
        return floor, (idle(floor, scene),)
    if floor.words or floor.unanswered:
        return unanswered(floor, scene)
    rung = floor.rung
    floor = attrs.evolve(floor, rung=rung + 1, waiting=False, words=NO_WORDS)
    if rung >= len(scene.rules.idle_seconds):
        return say(floor, Phrase.GOODBYE, Ending.SILENCE)
    return say(floor, _LADDER[min(rung, len(_LADDER) - 1)])


def speculation_failed(floor: Floor, event: ReplyFailed, scene: Scene) -> Step:
    return drop(floor)


# We work on an answer, and nothing of it has been heard


def voice_before_the_answer(floor: Floor, event: VoiceStarted, scene: Scene) -> Step:
    """Go on producing, behind the shut gate, until words come or the voice was nothing."""
    floor = voice_noticed(floor, scene)
    stop = StopTimer(Timer.HOLD_CONFIRM)
    if floor.held or not floor.interruption.voice_holds:
        return floor, (stop,)
    timer = SetTimer(Timer.HOLD_MAX, scene.rules.hold_max_ms / 1000)
    again = floor.held_since is not None
    floor = attrs.evolve(floor, held=True, held_since=scene.now, held_again=again)
    return floor, (stop, Hold(), timer)


def voice_before_the_answer_stopped(floor: Floor, event: VoiceStopped, scene: Scene) -> Step:
    floor = voice_over(floor, event)
    if not floor.held:
        return floor, ()
    seconds = left_of(scene.rules.hold_confirm_ms, event.at, scene)
    return floor, (SetTimer(Timer.HOLD_CONFIRM, seconds),)


def let_it_be_heard(floor: Floor, scene: Scene, *, waited: bool) -> Step:
    """The voice before our answer was nothing, or has kept it back for long enough."""
    if not floor.held or (floor.voice and not waited):
        return floor, ()
    if not waited and not is_covered(floor, scene):
        return floor, (SetTimer(Timer.HOLD_CONFIRM, POLL_SECONDS),)
    timers = (StopTimer(Timer.HOLD_CONFIRM), StopTimer(Timer.HOLD_MAX))
    floor = attrs.evolve(floor, held=False)
    return floor, (*timers, Resume(), filler(floor, scene, floor.voiced_until))


def nothing_to_hear(floor: Floor, scene: Scene) -> Step:
    """We work on a reply, and the caller has heard nothing for a while."""
    by = floor.fill_by if floor.fill_by is not None else scene.now + scene.rules.filler_grace
    if floor.held:
        since = scene.now if floor.held_since is None else floor.held_since
        until = max(by, since + WORDS_SECONDS)
        if floor.held_again:
            until = min(until, max(by, since) + AGAIN_SECONDS)
        floor = attrs.evolve(floor, fill_by=by)
        if scene.now < until:
            return floor, (SetTimer(Timer.FILLER, until - scene.now),)
        return let_it_be_heard(floor, scene, waited=True)
    if floor.produced or floor.fillers >= MOST_FILLERS:
        return floor, ()
    if floor.voice and scene.now < by:
        return attrs.evolve(floor, fill_by=by), (SetTimer(Timer.FILLER, POLL_SECONDS),)
    floor = attrs.evolve(floor, fill_by=None)
    if floor.ending is not None and not floor.heard:
        return say(floor, Phrase.GOODBYE, floor.ending)  # who takes leave does not wait
    return floor, (Fill(floor.reply), filler(floor, scene))


def turn_goes_on(floor: Floor, event: SpeechStarted | WordsHeard, scene: Scene) -> Step:
    """New words before anything of the reply was heard: the turn had not ended after all."""
    if not event.text or not floor.interruption.words_count:
        return floor, ()
    if is_nothing_new(floor, event.text, scene):
        return attrs.evolve(floor, words=event.text), ()
    listening = attrs.evolve(
        spoken(floor, event.spoken_until, scene),
        state=State.LISTENING,
        unanswered=floor.asked,
        words=event.text,
        unexplained=False,
        ending=None,
        held=False,
    )
    timers = (
        StopTimer(Timer.HOLD_CONFIRM),
        StopTimer(Timer.FILLER),
        SetTimer(Timer.UNANSWERED, scene.rules.hold_max_ms / 1000),
    )
    return listening, (
        Cancel(floor.reply, forget_turn=True),
        StopTimer(Timer.HOLD_MAX),
        *timers,
        *cap(listening, scene),
    )


def is_nothing_new(floor: Floor, text: Sensitive, scene: Scene) -> bool:
    """Words that need no other answer than the one we are working on."""
    said = text.reveal()
    if policy.is_backchannel(said) or policy.same_words(said, floor.asked.reveal()):
        return True
    return is_ours(floor, text, scene)


def turn_ended_again(floor: Floor, event: TurnEnded, scene: Scene) -> Step:
    floor = attrs.evolve(floor, words=NO_WORDS)
    if not event.text or not floor.interruption.words_count:
        return floor, ()
    if is_nothing_new(floor, event.text, scene):
        return floor, ()
    heard = WordsHeard(event.text, event.voiced_until)
    listening, commands = turn_goes_on(floor, heard, scene)
    answering, more = turn_ended(listening, event, scene)
    return answering, (commands[0], *more)
