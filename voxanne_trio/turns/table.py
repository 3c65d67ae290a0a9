"""The floor's table: (state, event) -> (commands, next state). Pure and synchronous.

Each pair of a state and an event has an entry in `TABLE`; a test says so. An entry is a function
of the floor and the event that returns the next floor and the commands to carry out, in order.
Local voice detection, holding, speculation and the idle ladder will fill the entries that now read
`_as_before`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, cast

import attrs

from ..events import (
    CallStarted,
    Event,
    HearingLost,
    HearingRestored,
    KeyPressed,
    PlayedOut,
    ReplyAudible,
    ReplyFailed,
    ReplyProduced,
    Sensitive,
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
from .floor import (
    NO_WORDS,
    Answer,
    Cancel,
    CloseStream,
    Command,
    EndCall,
    Ending,
    Floor,
    Phrase,
    Say,
    SetTimer,
    State,
    StopTimer,
    Timer,
    merged,
)
from .policy import is_farewell

Step = tuple[Floor, tuple[Command, ...]]
Entry = Callable[[Floor, Any], Step]

FAILURES_BEFORE_GIVING_UP: Final = 2


_WORDS_CAME: Final = (StopTimer(Timer.VOICE_WITHOUT_WORDS),)


def step(floor: Floor, event: Event) -> Step:
    """The next floor and what is to be done. Late events of replies that are over do nothing."""
    of_reply = isinstance(event, ReplyAudible | ReplyProduced | ReplyFailed | PlayedOut)
    if of_reply and cast("ReplyAudible", event).reply != floor.reply:
        return floor, ()
    return TABLE[floor.state][type(event)](floor, event)


def _as_before(floor: Floor, event: Event) -> Step:
    return floor, ()


# Starting and ending


def _greet(floor: Floor, event: CallStarted) -> Step:
    greeted, commands = _say(floor, Phrase.GREETING)
    return greeted, (SetTimer(Timer.CALL_LIMIT), *commands)


def _stream_is_over(floor: Floor, event: StreamStopped | StreamLost) -> Step:
    how = "caller hung up" if isinstance(event, StreamStopped) else "stream lost"
    return attrs.evolve(floor, state=State.ENDED), (EndCall(how),)


def _hearing_is_lost(floor: Floor, event: HearingLost) -> Step:
    if floor.ending is not None:
        return floor, ()
    if floor.state is State.SPEAKING:  # let it be heard out: nobody can interrupt it any more
        return attrs.evolve(floor, owed=Phrase.TROUBLE), ()
    return _say(floor, Phrase.TROUBLE, Ending.TROUBLE)


def _hearing_is_back(floor: Floor, event: HearingRestored) -> Step:
    return _say(floor, Phrase.SAY_AGAIN) if event.words_lost else (floor, ())


def _hearing_is_back_over_us(floor: Floor, event: HearingRestored) -> Step:
    """The call can go on after all, unless it is for its replies that we give it up."""
    if floor.owed is not Phrase.TROUBLE or floor.failures >= FAILURES_BEFORE_GIVING_UP:
        return floor, ()
    ask_again = event.words_lost or floor.failures
    return attrs.evolve(floor, owed=Phrase.SAY_AGAIN if ask_again else None), ()


def _timer(floor: Floor, event: TimerExpired) -> Step:
    match Timer(event.name):
        case Timer.HANGUP if floor.ending is not None:
            return attrs.evolve(floor, state=State.ENDED), (CloseStream(floor.ending),)
        case Timer.CALL_LIMIT if floor.ending is None:
            return _say(floor, Phrase.TIME_IS_UP, Ending.LIMIT)
        case Timer.CALL_LIMIT if floor.ending is Ending.FAREWELL:
            return attrs.evolve(floor, ending=Ending.LIMIT), ()  # nothing calls this goodbye off
        case Timer.UNANSWERED if floor.state is State.LISTENING and floor.unanswered:
            return _answer(floor, NO_WORDS)
        case Timer.VOICE_WITHOUT_WORDS if floor.state is State.LISTENING:
            return _say(floor, Phrase.SAY_AGAIN)
        case _:
            return floor, ()


# The caller speaks


def _turn_ended(floor: Floor, event: TurnEnded) -> Step:
    if not event.text and not floor.unanswered:
        return floor, ()
    return _answer(floor, event.text)


def _answer(floor: Floor, text: Sensitive) -> Step:
    text = merged(floor.unanswered, text)
    farewell = is_farewell(text.reveal())
    reply = floor.reply + 1
    answering = attrs.evolve(
        floor,
        state=State.PROCESSING,
        reply=reply,
        asked=text,
        unanswered=NO_WORDS,
        ending=Ending.FAREWELL if farewell else None,
    )
    return answering, (*_WORDS_CAME, StopTimer(Timer.UNANSWERED), Answer(reply, text, farewell))


def _words_go_on(floor: Floor, event: WordsHeard | SpeechStarted | TurnResumed) -> Step:
    if not event.text:
        return floor, ()
    return floor, (*_WORDS_CAME, *((SetTimer(Timer.UNANSWERED),) if floor.unanswered else ()))


def _turn_goes_on(floor: Floor, event: WordsHeard | SpeechStarted) -> Step:
    """New words before anything of the reply was heard: the turn had not ended after all."""
    if not event.text or _protected(floor):
        return floor, ()
    listening = attrs.evolve(floor, state=State.LISTENING, unanswered=floor.asked, ending=None)
    return listening, (Cancel(floor.reply, forget_turn=True), SetTimer(Timer.UNANSWERED))


def _turn_ended_again(floor: Floor, event: TurnEnded) -> Step:
    if not event.text or event.text == floor.asked or _protected(floor):
        return floor, ()
    listening, commands = _turn_goes_on(floor, WordsHeard(event.text))
    answering, more = _answer(listening, event.text)
    return answering, (commands[0], *more)


def _barge_in(floor: Floor, event: SpeechStarted | WordsHeard) -> Step:
    if _protected(floor):
        return floor, ()
    if floor.ending is Ending.FAREWELL and (not event.text or is_farewell(event.text.reveal())):
        return floor, ()  # "bye" over our goodbye calls nothing off
    listening = attrs.evolve(floor, state=State.LISTENING, ending=None, owed=None)
    without_words = () if event.text else (SetTimer(Timer.VOICE_WITHOUT_WORDS),)
    return listening, (StopTimer(Timer.HANGUP), Cancel(floor.reply), *without_words)


def _turn_ended_over_us(floor: Floor, event: TurnEnded) -> Step:
    if not event.text:
        return floor, ()
    listening, commands = _barge_in(floor, WordsHeard(event.text))
    if listening is floor:
        return floor, ()
    answering, more = _answer(listening, event.text)
    return answering, (*commands, *more)


def _protected(floor: Floor) -> bool:
    """Whether what is being said must be heard: the last words of a call that cannot go on."""
    return floor.ending in {Ending.TROUBLE, Ending.LIMIT}


# We speak


def _audible(floor: Floor, event: ReplyAudible) -> Step:
    return attrs.evolve(floor, state=State.SPEAKING), ()


def _nothing_was_said(floor: Floor, event: ReplyFailed | PlayedOut) -> Step:
    """The reply came to nothing: an apology, and at the second time in a row the end."""
    failures = floor.failures + 1
    failed = attrs.evolve(floor, failures=failures)
    if floor.ending is not None:
        return _say(failed, Phrase.GOODBYE, floor.ending)
    if failures >= FAILURES_BEFORE_GIVING_UP:
        return _say(failed, Phrase.TROUBLE, Ending.TROUBLE)
    return _say(failed, Phrase.APOLOGY)


def _broke_off(floor: Floor, event: ReplyFailed) -> Step:
    """The reply failed while it was heard: what is left is played, then the apology."""
    failures = floor.failures + 1
    if floor.ending is not None:
        return attrs.evolve(floor, failures=failures), ()  # there is nothing left to say better
    giving_up = failures >= FAILURES_BEFORE_GIVING_UP or floor.owed is Phrase.TROUBLE
    owed = Phrase.TROUBLE if giving_up else Phrase.APOLOGY
    return attrs.evolve(floor, failures=failures, owed=owed), ()


def _whole(floor: Floor, event: ReplyProduced | PlayedOut) -> Step:
    """An answer went well. A phrase that could be said proves nothing about the next answer."""
    return (attrs.evolve(floor, failures=0) if floor.asked else floor), ()


def _played_out(floor: Floor, event: PlayedOut) -> Step:
    if floor.owed is not None:
        ending = Ending.TROUBLE if floor.owed is Phrase.TROUBLE else None
        return _say(attrs.evolve(floor, owed=None), floor.owed, ending)
    if floor.ending is not None:
        return floor, (SetTimer(Timer.HANGUP),)
    return attrs.evolve(_whole(floor, event)[0], state=State.LISTENING), ()


def _say(floor: Floor, phrase: Phrase, ending: Ending | None = None) -> Step:
    """Say a phrase in place of whatever is being said or prepared."""
    busy = floor.state in {State.PROCESSING, State.SPEAKING, State.HOLDING}
    commands: tuple[Command, ...] = (Cancel(floor.reply),) if busy else ()
    reply = floor.reply + 1
    saying = attrs.evolve(
        floor, state=State.SPEAKING, reply=reply, asked=NO_WORDS, ending=ending, owed=None
    )
    return saying, (*commands, Say(reply, phrase))


_EVENTS: Final = (
    *(CallStarted, SpeechStarted, WordsHeard, TurnEndedEagerly, TurnResumed, TurnEnded),
    *(HearingLost, HearingRestored, ReplyAudible, ReplyProduced, ReplyFailed, PlayedOut),
    *(KeyPressed, StreamStopped, StreamLost, TimerExpired, VoiceStarted, VoiceStopped),
)
_NOTHING: Final[dict[type[Any], Entry]] = dict.fromkeys(_EVENTS, _as_before)
_IN_CALL: Final[dict[type[Any], Entry]] = {
    **_NOTHING,
    HearingLost: _hearing_is_lost,
    StreamStopped: _stream_is_over,
    StreamLost: _stream_is_over,
    TimerExpired: _timer,
}
_SPEAKING: Final[dict[type[Any], Entry]] = {
    **_IN_CALL,
    SpeechStarted: _barge_in,
    WordsHeard: _barge_in,
    TurnEnded: _turn_ended_over_us,
    ReplyProduced: _whole,
    ReplyFailed: _broke_off,
    PlayedOut: _played_out,
    HearingRestored: _hearing_is_back_over_us,
}

TABLE: Final[dict[State, dict[type[Any], Entry]]] = {
    State.IDLE: {**_IN_CALL, CallStarted: _greet},
    State.LISTENING: {
        **_IN_CALL,
        SpeechStarted: _words_go_on,
        WordsHeard: _words_go_on,
        TurnResumed: _words_go_on,
        TurnEnded: _turn_ended,
        HearingRestored: _hearing_is_back,
    },
    State.PROCESSING: {
        **_IN_CALL,
        SpeechStarted: _turn_goes_on,
        WordsHeard: _turn_goes_on,
        TurnEnded: _turn_ended_again,
        ReplyAudible: _audible,
        ReplyFailed: _nothing_was_said,
        PlayedOut: _nothing_was_said,
    },
    State.SPEAKING: _SPEAKING,
    State.HOLDING: _SPEAKING,
    State.ENDED: _NOTHING,
}
"""Every event in every state."""
