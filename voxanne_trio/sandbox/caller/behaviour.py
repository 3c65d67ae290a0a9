"""A caller on a call: takes one step of the script after the other, by what comes out of the phone.

Nothing here knows the server; what is waited for is voice, silence and the end of the call.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import trio

from ..account import Speak
from ..phone import PhoneCall
from .mouth import Mouth, Take
from .report import Aside, CallerReport, CallerTurn, settle
from .script import Utterance, numbered, plain
from .steps import (
    AwaitHangUp,
    Backchannel,
    HangUp,
    Interrupt,
    Listen,
    Press,
    Say,
    Sound,
    StaySilent,
    Step,
    TalkOver,
)

BETWEEN_KEYS_SECONDS: Final = 0.25


class Caller:
    """A script to be followed on one call; it is itself the call's behaviour."""

    def __init__(self, script: Sequence[Step], speak: Speak, seed: int = 0) -> None:
        self.script = tuple(script)
        self.report = CallerReport()
        self._mouth = Mouth(speak, seed)
        self._heard_from = 0.0
        self._spoke_until = 0.0
        self._armed: trio.Nursery | None = None

    async def prepare(self) -> None:
        """Make the speech; done before the call rings, or else when it is answered."""
        await self._mouth.prepare(self.script)

    async def __call__(self, call: PhoneCall) -> CallerReport:
        """Follow the script; hang up at its end, or stop when the other side has hung up."""
        await self.prepare()
        self._heard_from = began = trio.current_time()
        async with trio.open_nursery() as over:
            over.start_soon(_cancel_after, call.ended, over.cancel_scope)
            async with trio.open_nursery() as self._armed:
                for step, said in zip(self.script, numbered(self.script), strict=True):
                    await self._take(call, step, said)
            self._hang_up(call)
            over.cancel_scope.cancel()
        settle(self.report, call, began)
        return self.report

    async def _take(self, call: PhoneCall, step: Step, said: Sequence[Utterance]) -> None:
        if isinstance(step, Say):
            await self._say(call, step, said)
        elif isinstance(step, Interrupt | TalkOver):
            await self._await_speech(
                call, step, step.after_ms, f"nothing to interrupt with {step.text!r}"
            )
            await self._say(call, step, said)
        elif isinstance(step, Backchannel):
            if await self._await_speech(
                call, step, step.after_ms, f"nothing to say {step.text!r} to"
            ):
                await self._utter_aside(call, "backchannel", plain(step.text), said)
        elif isinstance(step, Sound):
            await self._make_sound(call, step, said[0])
        elif isinstance(step, Press):
            await self._press(call, step, said)
        elif isinstance(step, HangUp):
            await self._arm_hang_up(call, step)
        elif isinstance(step, StaySilent):
            await trio.sleep(step.seconds)
        elif isinstance(step, Listen):
            await self._listen(call, step)
        else:
            await self._await_hang_up(call, step)

    # Speaking.

    async def _say(
        self, call: PhoneCall, step: Say | Interrupt | TalkOver, said: Sequence[Utterance]
    ) -> None:
        """Say it all; it takes as long as it is."""
        spans, pauses = self._speak(call, [self._mouth.say(utterance) for utterance in said])
        began, until = spans[0][0], spans[-1][1]
        turn = CallerTurn(plain(step.text), began, until, pauses=pauses)
        turn.interrupting = isinstance(step, Interrupt)
        turn.talking_over = isinstance(step, TalkOver)
        self.report.turns.append(turn)
        self._heard_from = until
        await trio.sleep_until(max(until, trio.current_time()))

    async def _utter_aside(
        self, call: PhoneCall, kind: str, text: str, said: Sequence[Utterance]
    ) -> None:
        spans, _ = self._speak(call, [self._mouth.say(utterance) for utterance in said])
        await self._note_aside(kind, text, spans)

    async def _make_sound(self, call: PhoneCall, step: Sound, number: Utterance) -> None:
        if step.after_ms is not None:
            missed = f"nothing to make a {step.name} to"
            if not await self._await_speech(call, step, step.after_ms, missed):
                return
        spans, _ = self._speak(call, [self._mouth.make(step, number.number)])
        await self._note_aside(step.name, "", spans)

    async def _note_aside(self, kind: str, text: str, spans: Sequence[tuple[float, float]]) -> None:
        """Who makes it goes on listening to the same speech."""
        began, until = spans[0][0], spans[-1][1]
        self.report.asides.append(Aside(kind, text, began, until))
        await trio.sleep_until(max(until, trio.current_time()))

    def _speak(
        self, call: PhoneCall, takes: Sequence[Take]
    ) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
        """Put sound into the phone: first and last voice of each, and the hesitations."""
        spans, pauses = [], []
        for take in takes:
            start = max(call.microphone.position(trio.current_time()), len(call.microphone.audio))
            spans.append(call.say(take.audio, take.spoken))
            at = call.microphone.time
            self._spoke_until = spans[-1][1]
            pauses += [(at(start + begin), at(start + end)) for begin, end in take.pauses]
        return spans, pauses

    async def _press(self, call: PhoneCall, step: Press, said: Sequence[Utterance]) -> None:
        for digit in step.digits:
            for utterance in said:
                take = self._mouth.key(digit, utterance.number)
                call.say(take.audio, take.spoken)
            await call.press(digit)
            await trio.sleep(BETWEEN_KEYS_SECONDS)

    # Waiting.

    async def _await_speech(
        self,
        call: PhoneCall,
        step: Interrupt | TalkOver | Backchannel | Sound,
        after_ms: float,
        missed: str,
    ) -> bool:
        """Wait until the agent has spoken for so long; whether it did, and still is on the line."""
        with trio.move_on_after(step.patience) as patience:
            onset = await _voice(call, self._heard_from)
            await trio.sleep_until(onset + after_ms / 1000)
        if patience.cancelled_caught:
            self.report.missed.append(missed)
        return not patience.cancelled_caught

    async def _listen(self, call: PhoneCall, step: Listen) -> None:
        missed = "the agent did not speak"
        with trio.move_on_after(step.patience) as patience:
            await _voice(call, self._heard_from)
            missed = "the agent did not finish"
            await _silence(call, step.silence_ms / 1000, self._spoke_until)
        if patience.cancelled_caught:
            self.report.missed.append(missed)
        self._heard_from = trio.current_time()

    async def _await_hang_up(self, call: PhoneCall, step: AwaitHangUp) -> None:
        with trio.move_on_after(step.patience):
            await call.ended.wait()
        if not call.ended.is_set():
            self.report.missed.append("nobody hung up")

    # Hanging up.

    async def _arm_hang_up(self, call: PhoneCall, step: HangUp) -> None:
        if not step.after_ms and not step.while_heard:
            self._hang_up(call)
            await trio.sleep_forever()  # the end of the call ends this
        assert self._armed is not None
        self._armed.start_soon(self._hang_up_later, call, step, self._heard_from)
        await trio.lowlevel.checkpoint()

    async def _hang_up_later(self, call: PhoneCall, step: HangUp, since: float) -> None:
        begin = trio.current_time()
        if step.while_heard:
            with trio.move_on_after(step.patience) as patience:
                begin = await _voice(call, since)
            if patience.cancelled_caught:
                self.report.missed.append("nothing to hang up on")
                begin = trio.current_time()
        await trio.sleep_until(begin + step.after_ms / 1000)
        self._hang_up(call)

    def _hang_up(self, call: PhoneCall) -> None:
        if self.report.hung_up_at is None and not call.ended.is_set():
            self.report.hung_up_at = trio.current_time()
        call.hang_up()


async def _cancel_after(event: trio.Event, scope: trio.CancelScope) -> None:
    await event.wait()
    scope.cancel()


async def _voice(call: PhoneCall, since: float) -> float:
    """Wait for the agent's voice at or after that time, until it is heard; when it began."""
    while True:
        onset = call.playout.voice_after(since)
        with trio.CancelScope(deadline=math.inf if onset is None else onset) as waiting:
            await call.playout.changed.park()
        if waiting.cancelled_caught and onset is not None:
            return onset


async def _silence(call: PhoneCall, seconds: float, own: float) -> None:
    """Wait until the agent, who has spoken, has been quiet for so long after either's last voice.

    Who has just coughed gives the agent time to go on.
    """
    while True:
        until = max(call.playout.voice_until() or 0.0, own)
        if until + seconds <= trio.current_time():
            return
        await trio.sleep_until(until + seconds)
