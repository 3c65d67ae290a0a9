"""The floor against a model of the outside: whatever comes, something is always still to come.

The outside does only what it can: playback plays what it was given unless it is held or behind its
gate, a timer expires when it runs. What the caller does is free.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.turns.situations import START, expired, said
from voxanne_trio import events
from voxanne_trio.events import (
    Event,
    HearingLost,
    KeyPressed,
    PlayedOut,
    RanDry,
    ReplyAudible,
    ReplyFailed,
    ReplyProduced,
    TurnEnded,
    VoiceStarted,
    VoiceStopped,
    WordsHeard,
)
from voxanne_trio.turns import (
    Answer,
    Cancel,
    Command,
    Commit,
    Floor,
    GoOn,
    Hold,
    Repeat,
    Resume,
    Say,
    Saying,
    Scene,
    SetTimer,
    State,
    StopTimer,
    Timer,
    step,
)

TEXTS: Final = [
    *("", "yes", "um", "mm-hm", "goodbye", "hold on", "go on", "say that again", "how much is it"),
    *("my number is five", "what are your hours", "what are your hours on Friday"),
]
ENDS_LISTENING: Final = {Timer.IDLE, Timer.UNANSWERED, Timer.END_OF_TURN, Timer.FORCED}
ENDS_A_HOLD: Final = {Timer.HOLD_MAX, Timer.HOLD_CONFIRM}

Happening = Callable[[], Event | None]


@attrs.define
class InPlay:
    """A reply as the outside sees it."""

    number: int
    behind_gate: bool = False
    produced: bool = False
    unplayed_ms: float = 0.0
    sounding: bool = False
    tool_asked: bool = False


@attrs.define
class Outside:
    """Everything but the floor."""

    floor: Floor = attrs.field(factory=Floor)
    now: float = 0.0
    reply: InPlay | None = None
    paused: bool = False
    timers: dict[Timer, float] = attrs.field(factory=dict)

    def tell(self, event: Event, choice: int = 0) -> None:
        reply = self.reply
        scene = Scene(
            now=self.now,
            saying=Saying(
                sentence="What is your number?" if choice % 2 else "It is so.",
                is_last=choice % 3 == 0,
                unplayed_ms=0.0 if reply is None else reply.unplayed_ms,
            ),
            covered_until=(None, 0.0, self.now)[choice % 3],
            may_speculate=choice % 5 > 0,
            tool_asked=reply is not None and reply.tool_asked,
            can_repeat=True,
            can_go_on=True,
        )
        if isinstance(event, PlayedOut):
            self.reply = None
        self.floor, commands = step(self.floor, event, scene)
        for command in commands:
            self.carry_out(command)

    def carry_out(self, command: Command) -> None:
        match command:
            case Cancel():
                self.reply, self.paused = None, False
            case Answer(number, speculative=behind_gate):
                self.begin(InPlay(number, behind_gate))
            case Say(number) | Repeat(number) | GoOn(number):
                self.begin(InPlay(number))
            case Commit(number):
                assert self.reply is not None
                assert (self.reply.number, self.reply.behind_gate) == (number, True)
                self.reply.behind_gate = False
            case Hold() if self.reply is not None:
                self.paused, self.reply.sounding = True, False
            case Resume():
                self.paused = False
            case SetTimer(timer, seconds):
                self.timers[timer] = self.now + seconds
            case StopTimer(timer):
                self.timers.pop(timer, None)

    def begin(self, reply: InPlay) -> None:
        assert self.reply is None, "two replies"
        self.reply, self.paused = reply, False

    # What may happen next.

    def may_happen(self) -> list[Happening]:
        happenings: list[Happening] = [self.expiring(timer) for timer in self.timers]
        if (reply := self.reply) is None:
            return happenings
        if not reply.produced:
            happenings += [self.audio_comes, self.is_produced, self.fails]
            happenings += [] if reply.behind_gate else [self.asks_a_tool]
        if not reply.behind_gate and not self.paused:
            happenings += [self.is_played_out] if reply.produced else []
            if reply.sounding:
                happenings += [self.plays] if reply.produced else [self.plays, self.runs_dry]
            elif reply.unplayed_ms:
                happenings.append(self.is_audible)
        return happenings

    def expiring(self, timer: Timer) -> Happening:
        def expire() -> Event:
            self.now = max(self.now, self.timers.pop(timer))
            return expired(timer)

        return expire

    @property
    def playing(self) -> InPlay:
        assert self.reply is not None
        return self.reply

    def audio_comes(self) -> None:
        self.playing.unplayed_ms += 500

    def plays(self) -> None:
        self.playing.unplayed_ms = max(0, self.playing.unplayed_ms - 500)

    def asks_a_tool(self) -> None:
        self.playing.tool_asked = True

    def is_produced(self) -> Event:
        self.playing.produced = True
        return ReplyProduced(self.playing.number)

    def fails(self) -> Event:
        self.playing.produced = True
        return ReplyFailed(self.playing.number, "down")

    def is_audible(self) -> Event:
        self.playing.sounding = True
        return ReplyAudible(self.playing.number)

    def runs_dry(self) -> Event:
        self.playing.sounding, self.playing.unplayed_ms = False, 0.0
        return RanDry(self.playing.number)

    def is_played_out(self) -> Event:
        self.playing.unplayed_ms = 0.0
        return PlayedOut(self.playing.number)

    def the_caller(self, choice: int) -> Event:
        self.now += choice % 10 / 10
        text = said(TEXTS[choice % len(TEXTS)])
        return (
            VoiceStarted(self.now),
            VoiceStopped(self.now, 300.0 if choice % 3 else 900.0),
            WordsHeard(text),
            TurnEnded(text),
            events.TurnEndedEagerly(text),
            events.TurnResumed(text),
            events.HearingRestored(words_lost=choice % 3 == 0),
            HearingLost("gone") if choice % 4 == 0 else VoiceStarted(self.now),
            events.Draining(handover=choice % 4 == 0) if choice % 3 == 0 else KeyPressed("1"),
        )[choice // 12 % 9]


def something_is_still_to_come(outside: Outside) -> None:
    floor, reply, running = outside.floor, outside.reply, set(outside.timers)
    if floor.state is State.ENDED:
        return
    if floor.state is State.LISTENING:
        assert running & ENDS_LISTENING
        assert reply is None or reply.behind_gate
    elif reply is None:
        assert Timer.HANGUP in running
    else:
        assert not reply.behind_gate
        held = floor.held or floor.state is State.HOLDING
        assert outside.paused == held
        if held:
            assert floor.state in {State.PROCESSING, State.HOLDING}
            assert running & ENDS_A_HOLD


@settings(max_examples=400)
@given(choices=st.lists(st.integers(0, 10_000), max_size=60))
def test_the_call_never_stands_still(choices: list[int]) -> None:
    outside = Outside()
    outside.tell(START)
    for choice in choices:
        happenings = outside.may_happen()
        event: Event | None
        if choice % 2 and happenings:
            event = happenings[choice // 2 % len(happenings)]()
        else:
            event = outside.the_caller(choice // 2)
        if event is not None:
            outside.tell(event, choice)
        something_is_still_to_come(outside)
