"""One phone call, on one page: start reading here.

A call is a nursery. In it live the reader of Twilio's socket, the writer that plays to the caller,
the recogniser, and at most one reply, which is a nursery of its own whose cancel scope is the
barge-in. Whatever happens is an event, told synchronously to the floor (`turns`), whose pure table
answers with commands, carried out at once; no command waits, so none can be lost half-way.

    Twilio ─▶ MediaStream.read ─frames─▶ Intake ─▶ AudioRing ─▶ Ears.listen ─▶ tell ─▶ turns.step
                     │                     └────▶ Detector.feed ──events───▶ tell ─▶    │
                     └────────────────────────────────────────────events───▶ tell ─▶    │
    Twilio ◀─ Playback.run ◀─audio─ Utterance ◀─sentences─ Thought (a reply) ◀─commands┘
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from typing import Final

import attrs
import trio

from . import turns
from .conversation import Conversation, Script
from .errors import BadMessage
from .events import (
    Event,
    KeyPressed,
    MarkReturned,
    PlayedOut,
    ReplyAudible,
    ReplyFailed,
    TurnEnded,
    VoiceStopped,
)
from .hearing import AudioRing, Detector, Ears, FarEnd, Intake
from .observe.narration import Narrator
from .records import CallRecord, Records
from .resuming import Past, look_up, what_next
from .settings import Settings
from .speaking import Speaker
from .telephony.media_stream import MediaSocket, MediaStream, SocketGone
from .telephony.playback import Playback
from .thinking import Ways as ThinkingWays
from .timers import Timers
from .tuning import pacing_of, rules_of, ways_of

START_SECONDS: Final = 10.0
"""How long a connected socket may take to say `start`."""

CLOSE_SECONDS: Final = 2.0

Watch = Callable[["Call", Event, tuple[turns.Command, ...]], None]


@attrs.frozen(kw_only=True)
class Services:
    """What every call stands on, built once per process by the composition root."""

    settings: Settings
    script: Script
    records: Records
    thinking: ThinkingWays
    speakers: tuple[Speaker, ...]
    make_ears: Callable[[str], Ears]
    make_detector: Callable[[FarEnd], Detector]
    wall_clock: Callable[[], float]
    watch: Watch | None = None
    """Sees every event after it has been carried out; must not wait. For tapes and simulation."""


async def answer(socket: MediaSocket, services: Services, *, call_sid: str | None = None) -> None:
    """Take one call, from its `start` to its end; closes the socket.

    `call_sid` is the call for which the stream was asked. Cancelling ends the call at once; its
    record is settled and its socket closed even then. Raises only what is a fault of ours.
    """
    code, reason = 1011, "internal error"
    try:
        with trio.fail_after(START_SECONDS):
            stream = await MediaStream.open(socket)
        if call_sid not in {None, stream.started.call_sid}:
            raise BadMessage("start of another call")
        past = await look_up(stream.started, services.records, services.wall_clock())
        await Call(stream, services, past).run()
        code, reason = 1000, ""
    except (trio.TooSlowError, BadMessage) as error:
        code, reason = 1008, str(error) or "no start"
    except SocketGone:
        code, reason = 1000, ""
    except BaseException:
        if trio.current_effective_deadline() == -math.inf:  # cut from above: no fault of ours
            code, reason = 1001, "going away"
        raise
    finally:
        with trio.CancelScope(shield=True, deadline=trio.current_time() + CLOSE_SECONDS):
            await socket.close(code, reason)


class Call:
    """A call in progress; one with a past goes on where its last stream was lost."""

    def __init__(self, stream: MediaStream, services: Services, past: Past | None = None) -> None:
        started, settings = stream.started, services.settings
        self.sid = started.call_sid
        self.stream = stream
        self.past = past
        self.tape = self.sid if past is None else f"{self.sid}{started.stream_sid}"
        self.services = services
        self.log = Narrator(self.sid, settings)
        self.floor = turns.Floor()
        self.scene = turns.Scene()
        """As the last event found it."""
        self.rules = rules_of(settings)
        self.audio = AudioRing()
        self.ears = services.make_ears(self.sid)
        far_end = FarEnd()
        self.intake = Intake(self.audio, services.make_detector(far_end), self.tell)
        self.playback = Playback(started.stream_sid, pacing_of(settings), self.tell, far_end)
        self.timers: Timers
        self.conversation: Conversation
        self.started_at = trio.current_time()
        self.ended_at: float | None = None
        self.outcome: str | None = None
        self._cancel: trio.CancelScope
        self._events: deque[Event] = deque()

    async def run(self) -> None:
        """The call's nursery: when this returns or raises, nothing of the call is left."""
        self._open_record()
        try:
            async with trio.open_nursery() as nursery:
                self._cancel = nursery.cancel_scope
                self.timers = Timers(nursery, self.tell)
                self.conversation = self._conversation(nursery)
                start = nursery.start_soon
                start(self.playback.run, self.stream.socket.send, name=f"play {self.sid}")
                start(self.ears.listen, self.audio, self.tell, name=f"listen {self.sid}")
                start(self._read, name=f"read {self.sid}")
                start(self._watch, name=f"watch {self.sid}")
                past, started = self.past, self.stream.started
                self.tell(started if past is None else self.conversation.take_up(past))
                self.stream.socket.on_draining(self.tell)
        finally:
            self.stream.socket.on_draining(None)
            self._settle()

    async def _read(self) -> None:
        await self.stream.read(hear=self.intake.hear, tell=self.tell)

    async def _watch(self) -> None:
        lost_after = self.services.settings.stream_mute_ms / 1000
        probe, pause = self.playback.probe, self.intake.pause
        await self.stream.watch(lost_after=lost_after, probe=probe, pause=pause, tell=self.tell)

    def tell(self, event: Event | MarkReturned) -> None:
        """Something happened. When this returns, all that it leads to at once has been done."""
        if isinstance(event, MarkReturned):
            self.playback.mark_returned(event.name)
            return
        self._events.append(event)
        if len(self._events) > 1:
            return  # told from within a command: its turn comes
        while self._events:
            self.scene = self._scene()
            self._note(self._events[0])
            self.floor, commands = turns.step(self.floor, self._events[0], self.scene)
            for command in commands:
                self._carry_out(command)
            event = self._events.popleft()
            if self.services.watch is not None:
                self.services.watch(self, event, commands)

    def _note(self, event: Event) -> None:
        """What an event means whatever the floor makes of it."""
        if self.outcome is not None:
            return  # it came as the call ended: what was being said is settled
        match event:
            case VoiceStopped(at):
                self.conversation.voiced_until = at
            case TurnEnded(text, at) if text and at is not None:
                self.conversation.voiced_until = at
            case ReplyAudible(reply, aside) if reply == self.floor.reply:
                self.conversation.audible(aside=aside)
            case PlayedOut(reply) if reply == self.floor.reply:
                self.conversation.played_out()
            case ReplyFailed(_, reason):
                self.log.error("Reply failed: %s", reason)
            case KeyPressed(digit):
                self.log.words("Key %s", digit)
            case _:
                self.log.debug("%r", event)

    def _scene(self) -> turns.Scene:
        clinic, wall = self.services.script.clinic, self.services.wall_clock()
        return turns.Scene(
            now=trio.current_time(),
            rules=self.rules,
            saying=self.conversation.saying(),
            covered_until=self.ears.covered_until,
            may_speculate=self.services.thinking.may_speculate(trio.current_time()),
            tool_asked=self.conversation.tool_asked,
            tool_runs=self.conversation.tool_runs,
            can_repeat=bool(self.conversation.to_repeat),
            can_go_on=bool(self.conversation.unsaid),
            can_transfer=clinic.can_transfer(wall),
            is_open=clinic.is_open(wall),
        )

    def _carry_out(self, command: turns.Command) -> None:
        conversation = self.conversation
        match command:
            case turns.Answer(reply, text, farewell, speculative):
                conversation.answer(reply, text, farewell=farewell, speculative=speculative)
            case turns.Commit():
                conversation.commit()
            case turns.Repeat(reply, text, slower):
                conversation.repeat(reply, text, slower=slower)
            case turns.GoOn(reply, text):
                conversation.go_on(reply, text)
            case turns.Say(reply, phrase, after):
                conversation.say(reply, phrase, after)
            case turns.Cancel(_, forget_turn):
                conversation.cancel(forget_turn=forget_turn)
            case turns.Fill():
                conversation.fill()
            case turns.Hold():
                self.playback.pause()
            case turns.Resume():
                self.playback.resume()
            case turns.EndTurn():
                self.ears.end_turn()
            case turns.BePatient(patient):
                self.ears.be_patient(patient)
            case turns.SetTimer(timer, seconds):
                self.timers.start(timer, seconds)
            case turns.StopTimer(timer):
                self.timers.stop(timer)
            case turns.CloseStream(ending):
                self._end(ending.value)
            case turns.EndCall(how):
                self._end(how)

    def _end(self, outcome: str) -> None:
        self.outcome = outcome
        self.ended_at = trio.current_time()
        self.conversation.settle()  # now: what is played while the call is torn down, nobody hears
        self._cancel.cancel()

    def _open_record(self) -> None:
        started = self.stream.started
        self.services.records.call_started(
            CallRecord(
                call_sid=started.call_sid,
                stream_sid=started.stream_sid,
                started_at=self.services.wall_clock(),
            )
        )
        self.log.info("Call started")

    def _settle(self) -> None:
        """The record first: `/twiml/after` may be asked as soon as the socket is closed."""
        self.conversation.settle()
        outcome = self.outcome or "broken off"
        ended_at = trio.current_time() if self.ended_at is None else self.ended_at
        milliseconds = round((ended_at - self.started_at) * 1000)
        self.services.records.call_ended(
            self.sid,
            outcome=outcome,
            then=what_next(outcome, meant=self.floor.ending, heard=self.conversation.last_heard),
            duration_ms=milliseconds,
            counts={
                "frames": self.stream.frames,
                "bad_messages": self.stream.bad_messages.total(),
                "gaps": self.playback.gaps,
                "dropped_ms": round(sum(self.audio.dropped_ms.values())),
            },
        )
        self.log.info("Call ended: %s after %.1f s", outcome, milliseconds / 1000)

    def _conversation(self, nursery: trio.Nursery) -> Conversation:
        return Conversation(
            call_sid=self.sid,
            script=self.services.script,
            ways=ways_of(
                self.services.settings,
                self.services.thinking,
                self.services.speakers,
                self.playback,
            ),
            records=self.services.records,
            nursery=nursery,
            log=self.log,
            tell=self.tell,
            started_at=self.started_at - (self.past.seconds if self.past is not None else 0),
        )
