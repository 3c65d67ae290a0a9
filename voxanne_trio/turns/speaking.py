"""Rows of the table while the caller hears us: hold, then decide. Pure.

Voice alone silences us at once and keeps what has not been played; words decide whether that was
an interruption. In doubt the caller is right, but a cough, a "mm-hm" or our own echo must cost no
more than a moment.
"""

from __future__ import annotations

from typing import Final

import attrs

from ..events import (
    RanDry,
    ReplyAudible,
    Sensitive,
    SpeechStarted,
    TurnEnded,
    VoiceStarted,
    VoiceStopped,
    WordsHeard,
)
from . import policy
from .commands import Hold, Resume, SetTimer, StopTimer
from .floor import NO_WORDS, Floor, Scene, State, Timer
from .listening import POLL_SECONDS, voice_noticed, voice_over
from .parts import merged
from .replies import (
    WORDS_SECONDS,
    Step,
    barge_in,
    closed,
    filler,
    is_covered,
    is_ours,
    left_of,
    respond,
    spoken,
)

FALSE_HOLDS: Final = 2
FALSE_HOLD_SECONDS: Final = 30.0
"""After so many false holds in so long, words are needed before we fall silent."""


def audible(floor: Floor, event: ReplyAudible, scene: Scene) -> Step:
    if event.aside:
        return attrs.evolve(floor, fillers=floor.fillers + 1), ()
    return attrs.evolve(floor, state=State.SPEAKING, heard=True), ()


def ran_dry(floor: Floor, event: RanDry, scene: Scene) -> Step:
    floor = attrs.evolve(floor, state=State.PROCESSING, fill_by=None)
    return floor, (filler(floor, scene),)


# Voice


def voice_over_us(floor: Floor, event: VoiceStarted, scene: Scene) -> Step:
    floor = voice_noticed(floor, scene)
    rules, saying = scene.rules, scene.saying
    if floor.produced and saying.unplayed_ms <= 0:  # nothing is left to be silenced
        grace = SetTimer(Timer.HANGUP, rules.hold_max_ms / 1000)
        return floor, (grace,) if floor.ending is not None else ()
    if not floor.interruption.voice_holds or floor.needs_words or _too_often(floor, scene):
        return floor, ()
    timer = SetTimer(Timer.HOLD_MAX, _longest_hold(floor, scene))
    return attrs.evolve(floor, state=State.HOLDING, held=False), (Hold(), timer)


def _longest_hold(floor: Floor, scene: Scene) -> float:
    """For a voice without words. Where one has held the answer before it began, and next to nothing
    of it was heard, both count as one: by then its filler would have been said."""
    longest = scene.rules.hold_max_ms / 1000
    if floor.held_since is None or floor.fill_by is None or floor.fill_by <= scene.now:
        return longest
    return min(longest, max(WORDS_SECONDS, floor.fill_by - scene.now))


def voice_over_us_stopped(floor: Floor, event: VoiceStopped, scene: Scene) -> Step:
    return voice_over(floor, event), ()


def voice_goes_on(floor: Floor, event: VoiceStarted, scene: Scene) -> Step:
    return voice_noticed(floor, scene), (StopTimer(Timer.HOLD_CONFIRM),)


def voice_that_held_stopped(floor: Floor, event: VoiceStopped, scene: Scene) -> Step:
    seconds = left_of(scene.rules.hold_confirm_ms, event.at, scene)
    return voice_over(floor, event), (SetTimer(Timer.HOLD_CONFIRM, seconds),)


def _too_often(floor: Floor, scene: Scene) -> bool:
    return len(_recent(floor, scene)) >= FALSE_HOLDS


def _recent(floor: Floor, scene: Scene) -> tuple[float, ...]:
    return tuple(at for at in floor.false_holds if scene.now - at < FALSE_HOLD_SECONDS)


# Words


def words_over_us(floor: Floor, event: SpeechStarted | WordsHeard, scene: Scene) -> Step:
    if not event.text:
        return floor, ()
    floor = attrs.evolve(floor, words=event.text, unexplained=False)
    floor = spoken(floor, event.spoken_until, scene)
    if not takes_the_floor(floor, event.text, scene):
        return floor, ()
    return barge_in(floor, event.text, scene)


def takes_the_floor(floor: Floor, text: Sensitive, scene: Scene) -> bool:
    """Whether words that may not be complete end what we are saying."""
    how, said = floor.interruption, text.reveal()
    if not how.words_count or _is_parting(floor, said):
        return False
    return policy.interrupts(
        said,
        words_needed=scene.rules.interrupt_words,
        ours=scene.saying.lately,
        greeting=not how.hello_counts,
    )


def turn_ended_over_us(floor: Floor, event: TurnEnded, scene: Scene) -> Step:
    floor = attrs.evolve(floor, words=NO_WORDS, unexplained=False)
    floor = spoken(floor, event.voiced_until, scene)
    text = event.text
    if text and not floor.interruption.words_count:
        return attrs.evolve(floor, kept=merged(floor.kept, text)), ()
    if text and is_a_turn(floor, text, scene):
        floor, barged = barge_in(floor, NO_WORDS, scene)
        answering, commands = respond(floor, text, scene)
        return answering, (*barged, *commands)
    if floor.state is State.HOLDING and not floor.voice:
        return resume(floor, scene)
    return floor, ()


def is_a_turn(floor: Floor, text: Sensitive, scene: Scene) -> bool:
    """Whether a whole turn of the caller's, said over us, is to be answered."""
    said, saying = text.reveal(), scene.saying
    how = floor.interruption
    if not how.words_count:
        return False
    if _is_parting(floor, said):
        return False  # "bye" over our goodbye calls nothing off
    if is_ours(floor, text, scene):
        return False
    if not how.hello_counts and not policy.interrupts(said, words_needed=1, greeting=True):
        return False
    if policy.is_backchannel(said):
        return saying.is_last or policy.asks_something(saying.sentence)
    return policy.word_count(said) > 0


def _is_parting(floor: Floor, said: str) -> bool:
    """Whether it is what people say at such a moment, and calls nothing off."""
    how = floor.interruption
    return (not how.farewell_counts and policy.is_farewell(said)) or (
        not how.thanks_count and policy.is_thanks(said)
    )


# Was it an interruption?


def confirm(floor: Floor, scene: Scene) -> Step:
    """The voice that silenced us has been over for a while."""
    if floor.voice:
        return floor, ()
    if not is_covered(floor, scene):
        return floor, (SetTimer(Timer.HOLD_CONFIRM, POLL_SECONDS),)
    if not floor.words or not is_a_turn(floor, floor.words, scene):
        return resume(floor, scene)
    seconds = left_of(scene.rules.hold_max_ms, floor.voiced_until, scene)
    return floor, (SetTimer(Timer.HOLD_MAX, seconds),)


def held_for_long(floor: Floor, scene: Scene) -> Step:
    """We have been silent for as long as voice alone may keep us so."""
    if not floor.words or not is_a_turn(floor, floor.words, scene):
        floor = attrs.evolve(floor, needs_words=floor.needs_words or floor.voice)
        return resume(floor, scene)
    said = floor.words
    if floor.voice:  # words, and more of them are coming
        return barge_in(floor, said, scene)
    floor, barged = barge_in(closed(floor), NO_WORDS, scene)
    answering, commands = respond(floor, said, scene)
    return answering, (*barged, *commands)


def resume(floor: Floor, scene: Scene) -> Step:
    """It was nothing: go on from where we were."""
    speaking = attrs.evolve(
        floor,
        state=State.SPEAKING if scene.saying.unplayed_ms > 0 else State.PROCESSING,
        false_holds=(*_recent(floor, scene), scene.now),
        noticed=floor.voice,
        fill_by=None,
    )
    timers = (StopTimer(Timer.HOLD_CONFIRM), StopTimer(Timer.HOLD_MAX))
    is_dry = speaking.state is State.PROCESSING
    waits = (filler(speaking, scene, floor.voiced_until),) if is_dry else ()
    return speaking, (*timers, Resume(), *waits)
