"""Callers who follow a script and react: they speak, listen, interrupt, press keys, hang up.

A caller knows only what a caller can know: what comes out of the phone, and when. Each thing said
is a turn with its times, all from the caller's side of the wire. Speech comes from an injected
voice and can be made before the call is placed, so that making it costs no time in it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import attrs
import trio

from .account import Speak
from .phone import PhoneCall
from .playout import RATE

SILENCE_MS: Final = 900
"""The agent has finished when it has been quiet for so long; pauses between sentences are less."""

PATIENCE_SECONDS: Final = 20.0
_PAUSE_MS: Final = 250
"""Quiet for so long after an interruption is the end of the agent's speech, not a breath."""


@attrs.frozen
class Say:
    """Say something now."""

    text: str


@attrs.frozen
class Interrupt:
    """Say something when the agent's answer has been heard for `after_ms`."""

    text: str
    after_ms: float = 1_500
    patience: float = PATIENCE_SECONDS


@attrs.frozen
class Listen:
    """Wait until the agent has spoken and has been quiet for `silence_ms`."""

    silence_ms: float = SILENCE_MS
    patience: float = PATIENCE_SECONDS


@attrs.frozen
class StaySilent:
    """Say nothing for so long."""

    seconds: float


@attrs.frozen
class Press:
    """Press keys, one after the other."""

    digits: str


@attrs.frozen
class HangUp:
    """Hang up."""


@attrs.frozen
class AwaitHangUp:
    """Wait for the other side to end the call."""

    patience: float = PATIENCE_SECONDS


Step = Say | Interrupt | Listen | StaySilent | Press | HangUp | AwaitHangUp


@attrs.define
class CallerTurn:
    """One thing the caller said and what came back; times are seconds on Trio's clock.

    `voiced_until` is the end of the caller's last voiced frame, `answered_at` the first voice of
    the agent after it, `silent_at` (when the agent was interrupted) the end of the agent's last
    voice before it gave way.
    """

    said: str
    began_at: float
    voiced_until: float
    interrupting: bool = False
    answered_at: float | None = None
    answered_until: float | None = None
    silent_at: float | None = None
    cleared_at: float | None = None

    @property
    def gap_ms(self) -> float | None:
        """What the caller felt between their last voice and the answer."""
        if self.answered_at is None:
            return None
        return (self.answered_at - self.voiced_until) * 1000

    def as_json(self) -> dict[str, Any]:
        return {**attrs.asdict(self), "gap_ms": self.gap_ms}


@attrs.define
class CallerReport:
    """A whole call, from the caller's side."""

    turns: list[CallerTurn] = attrs.field(factory=list)
    greeted_at: float | None = None
    greeted_until: float | None = None
    missed: list[str] = attrs.field(factory=list)
    """What was waited for in vain."""


class Caller:
    """A script to be followed on one call; it is itself the call's behaviour."""

    def __init__(self, script: Sequence[Step], speak: Speak) -> None:
        self.script = tuple(script)
        self.report = CallerReport()
        self._speak = speak
        self._audio: dict[str, bytes] = {}
        self._heard_from = 0.0

    async def prepare(self) -> None:
        """Make the speech; done before the call rings, or else when it is answered."""
        for text in utterances(self.script):
            if text not in self._audio:
                self._audio[text] = await self._speak(text)

    async def __call__(self, call: PhoneCall) -> CallerReport:
        """Follow the script; hang up at its end, or stop when the other side has hung up."""
        await self.prepare()
        self._heard_from = trio.current_time()
        began = self._heard_from
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._leave_when_over, call, nursery.cancel_scope)
            for step in self.script:
                await self._take(call, step)
            call.hang_up()
            nursery.cancel_scope.cancel()
        self._settle(call, began)
        return self.report

    async def _leave_when_over(self, call: PhoneCall, scope: trio.CancelScope) -> None:
        await call.ended.wait()
        scope.cancel()

    async def _take(self, call: PhoneCall, step: Step) -> None:
        if isinstance(step, Say):
            await self._say(call, step.text)
        elif isinstance(step, Interrupt):
            await self._interrupt(call, step)
        elif isinstance(step, Listen):
            await self._listen(call, step)
        elif isinstance(step, StaySilent):
            await trio.sleep(step.seconds)
        elif isinstance(step, Press):
            for digit in step.digits:
                await call.press(digit)
                await trio.sleep(0.25)
        elif isinstance(step, AwaitHangUp):
            await self._await_hang_up(call, step)
        else:
            call.hang_up()

    async def _say(self, call: PhoneCall, text: str, *, interrupting: bool = False) -> None:
        """Say it all; it takes as long as it is."""
        audio = self._audio[text]
        began, until = call.say(audio)
        self.report.turns.append(CallerTurn(text, began, until, interrupting))
        self._heard_from = until
        await trio.sleep_until(max(until, trio.current_time()))

    async def _interrupt(self, call: PhoneCall, step: Interrupt) -> None:
        with trio.move_on_after(step.patience) as patience:
            onset = await _voice(call, self._heard_from)
            await trio.sleep_until(onset + step.after_ms / 1000)
        if patience.cancelled_caught:
            self.report.missed.append(f"nothing to interrupt with {step.text!r}")
        await self._say(call, step.text, interrupting=True)

    async def _listen(self, call: PhoneCall, step: Listen) -> None:
        with trio.move_on_after(step.patience) as patience:
            await _voice(call, self._heard_from)
            await _silence(call, step.silence_ms / 1000)
        if patience.cancelled_caught:
            self.report.missed.append("the agent did not speak, or did not finish")

    async def _await_hang_up(self, call: PhoneCall, step: AwaitHangUp) -> None:
        with trio.move_on_after(step.patience):
            await call.ended.wait()
        if not call.ended.is_set():
            self.report.missed.append("nobody hung up")

    def _settle(self, call: PhoneCall, began: float) -> None:
        """Fill in when each turn was answered and when the agent gave way: all is known now."""
        agent, turns = call.playout, self.report.turns
        limits = [*(turn.began_at for turn in turns[1:]), trio.current_time()]
        first = turns[0].began_at if turns else trio.current_time()
        self.report.greeted_at = _within(agent.voice_after(began), first)
        self.report.greeted_until = _after(agent.voice_until(first), self.report.greeted_at)
        for turn, limit in zip(turns, limits, strict=False):  # no turn, no limit
            heard_from = turn.voiced_until
            if turn.interrupting:
                turn.silent_at, turn.cleared_at = _gave_way(call, turn.began_at)
                heard_from = max(heard_from, turn.silent_at or 0.0)
            turn.answered_at = _within(agent.voice_after(heard_from + 1 / RATE), limit)
            turn.answered_until = _after(agent.voice_until(limit), turn.answered_at)


def _within(at: float | None, limit: float) -> float | None:
    return at if at is not None and at < limit else None


def _after(at: float | None, start: float | None) -> float | None:
    return at if at is not None and start is not None and at >= start else None


def _gave_way(call: PhoneCall, began: float) -> tuple[float | None, float | None]:
    """When the interrupted agent's voice ended, and when its `clear` took effect."""
    clears = [entry for entry in call.journal.of("clear") if entry.at >= began]
    if clears:
        effective: float = clears[0].detail["effective_at"]
        return call.playout.voice_until(effective), effective
    at = began
    for start, end in call.playout.runs:
        if call.playout.time(end) <= began:
            continue
        if call.playout.time(start) > at + _PAUSE_MS / 1000:
            break
        at = call.playout.time(end)
    return at, None


async def _voice(call: PhoneCall, since: float) -> float:
    """Wait for the agent's voice at or after that time, until it is heard; when it began."""
    while True:
        onset = call.playout.voice_after(since)
        with trio.CancelScope(deadline=math.inf if onset is None else onset) as waiting:
            await call.playout.changed.park()
        if waiting.cancelled_caught and onset is not None:
            return onset


async def _silence(call: PhoneCall, seconds: float) -> None:
    """Wait until the agent, who has spoken, has been quiet for so long."""
    while True:
        until = call.playout.voice_until()
        quiet_at = (until or 0.0) + seconds
        if quiet_at <= trio.current_time():
            return
        await trio.sleep_until(quiet_at)


def utterances(script: Sequence[Step]) -> list[str]:
    """What a script says, in order."""
    return [step.text for step in script if isinstance(step, Say | Interrupt)]


_STEPS: Final[Mapping[str, type[Step]]] = {
    "say": Say,
    "interrupt": Interrupt,
    "listen": Listen,
    "stay_silent": StaySilent,
    "press": Press,
    "hang_up": HangUp,
    "await_hang_up": AwaitHangUp,
}


def read_script(steps: Sequence[Any]) -> list[Step]:
    """A script from JSON: `"listen"`, `{"say": "Hello"}`, `{"interrupt": "Wait", "after_ms": 900}`.

    Raises `ValueError` for what is no step.
    """
    return [_step(step) for step in steps]


def _step(step: Any) -> Step:
    if isinstance(step, str):
        step = {step: None}
    if not isinstance(step, dict) or not step:
        raise ValueError(f"no step: {step!r}")
    (name, value), *options = step.items()
    if name not in _STEPS:
        raise ValueError(f"no step {name!r}: use {', '.join(_STEPS)}")
    try:
        positional = [] if value is None else [value]
        return _STEPS[name](*positional, **dict(options))
    except TypeError as error:
        raise ValueError(f"step {name!r}: {error}") from error
