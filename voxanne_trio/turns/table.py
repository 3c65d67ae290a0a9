"""The floor's table: (state, event) -> (commands, next state). Pure and synchronous.

Each pair of a state and an event has an entry in `TABLE`, each pair of a state and a timer one in
`TIMERS`; tests say so. An entry is a function of the floor, the event and the scene around it that
returns the next floor and the commands to carry out, in order. The entries are written down by
situation: `lifecycle` (in any state), `listening`, `speaking`. A call that another replica takes up
leaves by whatever entry first has it listen and quiet: `lifecycle.handed_over`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import attrs

from ..events import (
    CallResumed,
    CallStarted,
    Draining,
    Event,
    HearingLost,
    HearingRestored,
    KeyPressed,
    PlayedOut,
    RanDry,
    ReplyAudible,
    ReplyFailed,
    ReplyProduced,
    SpeechStarted,
    StreamLost,
    StreamStopped,
    TimerExpired,
    TurnEnded,
    TurnEndedEagerly,
    TurnResumed,
    VoiceStarted,
    VoiceStopped,
    WordsHeard,
)
from . import lifecycle, listening, speaking
from .floor import NO_WORDS, Floor, Scene, State, Timer
from .parts import beyond
from .replies import Step

Entry = Callable[[Floor, Any, Scene], Step]
TimerEntry = Callable[[Floor, Scene], Step]

_SCENE: Final = Scene()


def step(floor: Floor, event: Event, scene: Scene = _SCENE) -> Step:
    """The next floor and what is to be done. Late events of replies that are over do nothing."""
    return lifecycle.handed_over(_step(floor, event, scene), scene)


def _step(floor: Floor, event: Event, scene: Scene) -> Step:
    match event:
        case ReplyAudible() | RanDry() | ReplyProduced() | ReplyFailed() | PlayedOut():
            if event.reply != floor.reply:
                return floor, ()
        case TimerExpired(name):
            return TIMERS[floor.state][Timer(name)](floor, scene)
        case SpeechStarted() | WordsHeard() | TurnEndedEagerly() | TurnResumed() | TurnEnded() if (
            floor.closed
        ):
            floor, event = _not_yet_answered(floor, event)
    return TABLE[floor.state][type(event)](floor, event, scene)


def _not_yet_answered(
    floor: Floor, event: SpeechStarted | WordsHeard | TurnEndedEagerly | TurnResumed | TurnEnded
) -> tuple[Floor, Event]:
    """The recogniser is still at a turn that we have closed: only what is new in it counts."""
    rest = beyond(event.text, floor.closed)
    if isinstance(event, TurnEnded) or (event.text and rest is None):
        floor = attrs.evolve(floor, closed=NO_WORDS)
    return floor, event if rest is None else attrs.evolve(event, text=rest)


def _when_heard(heard: Entry, otherwise: Entry) -> Entry:
    """While we work on a reply: as while we speak once some of it was heard, or a tool has been
    asked, or where it answers no words that could be taken back."""

    def entry(floor: Floor, event: Any, scene: Scene) -> Step:
        as_heard = floor.heard or scene.tool_asked or not floor.asked
        return (heard if as_heard else otherwise)(floor, event, scene)

    return entry


def _when_audible(heard: Entry, otherwise: Entry) -> Entry:
    """While we work on a reply: whether it came to nothing depends on what was heard alone."""

    def entry(floor: Floor, event: Any, scene: Scene) -> Step:
        return (heard if floor.heard else otherwise)(floor, event, scene)

    return entry


def _failed(floor: Floor, event: ReplyFailed, scene: Scene) -> Step:
    """A filler that is being heard is let end; then comes what there is to say instead."""
    sounding = floor.fillers and scene.saying.unplayed_ms > 0 and floor.ending is None
    if floor.heard or sounding:
        return lifecycle.broke_off(floor, event, scene)
    return lifecycle.nothing_was_said(floor, event, scene)


def _played_out(floor: Floor, event: PlayedOut, scene: Scene) -> Step:
    """Where nothing was heard but a filler, its failure has been counted already."""
    known = floor.heard or floor.owed is not None
    return (lifecycle.played_out if known else lifecycle.nothing_was_said)(floor, event, scene)


def _nothing(floor: Floor, scene: Scene) -> Step:
    return floor, ()


def _voice_noticed(floor: Floor, event: VoiceStarted, scene: Scene) -> Step:
    return listening.voice_noticed(floor, scene), ()


def _voice_over(floor: Floor, event: VoiceStopped, scene: Scene) -> Step:
    return listening.voice_over(floor, event), ()


_EVENTS: Final = (
    *(CallStarted, CallResumed),
    *(SpeechStarted, WordsHeard, TurnEndedEagerly, TurnResumed, TurnEnded),
    *(HearingLost, HearingRestored, ReplyAudible, RanDry, ReplyProduced, ReplyFailed, PlayedOut),
    *(KeyPressed, StreamStopped, StreamLost, TimerExpired, VoiceStarted, VoiceStopped, Draining),
)
_NOTHING: Final[dict[type[Any], Entry]] = dict.fromkeys(_EVENTS, lifecycle.as_before)
_IN_CALL: Final[dict[type[Any], Entry]] = {
    **_NOTHING,
    VoiceStarted: _voice_noticed,
    VoiceStopped: _voice_over,
    HearingLost: lifecycle.hearing_is_lost,
    StreamStopped: lifecycle.stream_is_over,
    StreamLost: lifecycle.stream_is_over,
    ReplyProduced: lifecycle.produced,
    KeyPressed: lifecycle.key_pressed,
    Draining: lifecycle.server_stops,
}
_SPEAKING: Final[dict[type[Any], Entry]] = {
    **_IN_CALL,
    VoiceStarted: speaking.voice_over_us,
    VoiceStopped: speaking.voice_over_us_stopped,
    SpeechStarted: speaking.words_over_us,
    WordsHeard: speaking.words_over_us,
    TurnResumed: speaking.words_over_us,
    TurnEndedEagerly: speaking.words_over_us,
    TurnEnded: speaking.turn_ended_over_us,
    ReplyAudible: speaking.audible,
    RanDry: speaking.ran_dry,
    ReplyFailed: lifecycle.broke_off,
    PlayedOut: lifecycle.played_out,
    HearingRestored: lifecycle.hearing_is_back_over_us,
}

TABLE: Final[dict[State, dict[type[Any], Entry]]] = {
    State.IDLE: {
        **_IN_CALL,
        CallStarted: lifecycle.greet,
        CallResumed: lifecycle.take_up,
        KeyPressed: lifecycle.as_before,
        Draining: lifecycle.as_before,
    },
    State.LISTENING: {
        **_IN_CALL,
        VoiceStarted: listening.voice_started,
        VoiceStopped: listening.voice_stopped,
        SpeechStarted: listening.words,
        WordsHeard: listening.words,
        TurnResumed: listening.words,
        TurnEndedEagerly: listening.ended_eagerly,
        TurnEnded: listening.turn_ended,
        HearingRestored: lifecycle.hearing_is_back,
        ReplyFailed: listening.speculation_failed,
    },
    State.PROCESSING: {
        **_SPEAKING,
        VoiceStarted: _when_heard(speaking.voice_over_us, listening.voice_before_the_answer),
        VoiceStopped: _when_heard(
            speaking.voice_over_us_stopped, listening.voice_before_the_answer_stopped
        ),
        SpeechStarted: _when_heard(speaking.words_over_us, listening.turn_goes_on),
        WordsHeard: _when_heard(speaking.words_over_us, listening.turn_goes_on),
        TurnResumed: _when_heard(speaking.words_over_us, listening.turn_goes_on),
        TurnEndedEagerly: _when_heard(speaking.words_over_us, listening.turn_goes_on),
        TurnEnded: _when_heard(speaking.turn_ended_over_us, listening.turn_ended_again),
        ReplyFailed: _failed,
        PlayedOut: _played_out,
    },
    State.SPEAKING: _SPEAKING,
    State.HOLDING: {
        **_SPEAKING,
        VoiceStarted: speaking.voice_goes_on,
        VoiceStopped: speaking.voice_that_held_stopped,
        ReplyFailed: _when_audible(lifecycle.broke_off, lifecycle.nothing_was_said),
        RanDry: lifecycle.as_before,
        ReplyAudible: lifecycle.as_before,
    },
    State.ENDED: _NOTHING,
}
"""Every event in every state."""

_NO_TIMER: Final[dict[Timer, TimerEntry]] = dict.fromkeys(Timer, _nothing)
_ANY_TIMER: Final[dict[Timer, TimerEntry]] = {
    **_NO_TIMER,
    Timer.CALL_WARNING: lifecycle.call_is_nearly_at_its_limit,
    Timer.CALL_LIMIT: lifecycle.call_is_at_its_limit,
    Timer.HANGUP: lifecycle.hang_up,
    Timer.HANDOVER: lifecycle.never_quiet,
}


def _silent_for_long(floor: Floor, scene: Scene) -> Step:
    is_done = floor.produced and not floor.held
    row = lifecycle.what_is_owed if is_done else listening.nothing_to_hear
    return row(floor, scene)


def _voice_was_nothing(floor: Floor, scene: Scene) -> Step:
    return listening.let_it_be_heard(floor, scene, waited=False)


def _held_before_the_answer(floor: Floor, scene: Scene) -> Step:
    return listening.let_it_be_heard(floor, scene, waited=True)


TIMERS: Final[dict[State, dict[Timer, TimerEntry]]] = {
    State.IDLE: _ANY_TIMER,
    State.LISTENING: {
        **_ANY_TIMER,
        Timer.END_OF_TURN: listening.end_of_turn,
        Timer.FORCED: listening.forced,
        Timer.UNANSWERED: listening.unanswered,
        Timer.VOICE_WITHOUT_WORDS: listening.voice_without_words,
        Timer.IDLE: listening.nobody_speaks,
    },
    State.PROCESSING: {
        **_ANY_TIMER,
        Timer.HOLD_CONFIRM: _voice_was_nothing,
        Timer.HOLD_MAX: _held_before_the_answer,
        Timer.FILLER: _silent_for_long,
    },
    State.SPEAKING: {**_ANY_TIMER, Timer.FILLER: lifecycle.what_is_owed},
    State.HOLDING: {
        **_ANY_TIMER,
        Timer.HOLD_CONFIRM: speaking.confirm,
        Timer.HOLD_MAX: speaking.held_for_long,
    },
    State.ENDED: _NO_TIMER,
}
"""Every timer in every state."""
