"""Who sees everything of a simulated call and shows it to the laws, the trace and the coverage.

A `Witness` watches one call: the product's events through `Services.watch`, its socket through a
tap on both directions, Twilio's journal, the recogniser's ear. `Witnesses` are those of one world,
and the doors by which they come in: the `answer` of the application and the Deepgram stand-in.
Changes nothing that it sees.
"""

from __future__ import annotations

import base64
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, cast

import attrs
import trio

from ..audio import BYTES_PER_MS, FRAME_BYTES
from ..call import Call, Services, answer
from ..events import CallResumed, Draining, Event
from ..sandbox.deepgram import Deepgram
from ..sandbox.journal import Entry
from ..sandbox.listening import Machine
from ..sandbox.phone import PhoneCall
from ..telephony.media_stream import MediaSocket
from ..telephony.playback import CONTROL_MESSAGES, WAITING_MS
from ..turns import Floor, State
from . import trace
from .coverage import of_a_reply
from .laws import RUN, Law, Violation
from .numbered import SPELT, Reading, Vocabulary, frame_number
from .observed import (
    Breach,
    FrameCame,
    Journaled,
    Observation,
    Overheard,
    Returned,
    Sent,
    Told,
)
from .trace import Trace

EACH_LAW: Final = 5
"""Violations of one law by one call that are kept; more say nothing new."""

SLOW_LINE: Final = "media_slow"

_PAYLOAD: Final = '"payload":"'
_SPELT: Final = slice(4 * SPELT.start // 3, 4 * (SPELT.stop + 1) // 3)
"""The characters of a payload that hold a frame's number: whole threes of bytes."""


@attrs.define(eq=False)
class Witness:
    """Watches one call. `name` says in the trace which one it is."""

    name: str
    number: int
    vocabulary: Vocabulary
    trace: Trace
    laws: Mapping[int, Law]
    faults: tuple[str, ...] = ()
    violations: list[Violation] = attrs.field(factory=list)
    coverage: Counter[str] = attrs.field(factory=Counter)
    state: State = State.IDLE
    call: Call | None = None
    turns: int = 0
    also: list[Callable[[Observation], None]] = attrs.field(factory=list)
    """Who else is shown everything."""
    stream_asked: Callable[[Witness], None] | None = None
    """Told when Twilio is about to open a stream of this call."""
    partings: list[tuple[float, float]] = attrs.field(factory=list)
    hearing_failed_at: float = -math.inf
    dropped_before_ms: Counter[str] = attrs.field(factory=Counter)
    """Of the caller's audio, by reason, in streams of the call that were lost: each has a ring."""
    _reading: Reading = attrs.field(factory=Reading)
    _felt: dict[str, tuple[int, State]] = attrs.field(factory=dict)
    """The reply that a fault struck, and the state that it was last counted in."""

    def show(self, observed: Observation) -> None:
        """Show every law what happened."""
        for show in self.also:
            show(observed)
        for number, law in self.laws.items():
            try:
                for breach in law.see(observed):
                    self.break_law(number, observed.at, breach)
            except Exception as error:  # noqa: BLE001 - a law's own fault must not look like the product's
                self.break_law(RUN, observed.at, Breach(f"law {number} failed: {error!r}"))

    def break_law(self, law: int, at: float, breach: Breach) -> None:
        """A law was broken, then or when the breach says."""
        if sum(violation.law == law for violation in self.violations) < EACH_LAW:
            at = round(at if breach.at is None else breach.at, 6)
            self.violations.append(Violation(law, at, breach.detail, self.number, self.faults))

    @property
    def dropped_ms(self) -> Mapping[str, float]:
        """Of the caller's audio, by reason, in all streams of the call."""
        now = self.call.audio.dropped_ms if self.call is not None else {}
        return self.dropped_before_ms + Counter(now)

    def struck(self, what: str) -> None:
        """Something was done to the call: which state it met is what coverage counts."""
        self.coverage[f"{what} x {self.state.value}"] += 1

    def suffer(self, fault: str, at: float, *, parted: bool) -> None:
        """A fault has struck this call."""
        self.trace.write(at, self.name, f"fault {fault}")
        self.struck(fault)
        if self.call is not None and of_a_reply(fault):
            self._felt[fault] = self.call.floor.reply, self.state
        if fault not in self.faults:
            self.faults = (*self.faults, fault)
        if parted:
            self.partings.append((at, math.inf))

    # The product's side.

    def told(self, call: Call, event: Event, commands: tuple[Any, ...]) -> None:
        """For `Services.watch`."""
        now, before, floor = trio.current_time(), self.state, call.floor
        if self.call is not None and self.call is not call:
            self.dropped_before_ms.update(self.call.audio.dropped_ms)
        self.call, self.state = call, floor.state
        if isinstance(event, CallResumed):
            self.partings = [(begins, min(ends, now)) for begins, ends in self.partings]
        self._feel(floor)
        said = [trace.plain(event), trace.plain(commands), trace.plain(floor)]
        self.trace.write(now, self.name, f"told {trace.of_value(said)}")
        reply = call.conversation.reply
        sizes, bounds = _queues(call)
        told = Told(
            now,
            event,
            commands,
            before,
            floor.state,
            floor.reply,
            len(self.vocabulary.words),
            reply.speech if reply is not None else None,
            _producing(call),
            sizes,
            bounds,
            call.ears.covered_until,
        )
        self.show(told)
        self.turns += told.decides

    def _feel(self, floor: Floor) -> None:
        """A reply that is not whole takes the fault that struck it along, from state to state."""
        for fault, (reply, state) in list(self._felt.items()):
            if floor.reply != reply or floor.produced:
                del self._felt[fault]
            elif floor.state is not state:
                self.struck(fault)
                self._felt[fault] = reply, floor.state

    def sent(self, message: str) -> None:
        """The product gave its socket a message."""
        now, synthesised = trio.current_time(), len(self.vocabulary.words)
        begin = message.find(_PAYLOAD)
        if begin < 0:
            kind = "clear" if '"clear"' in message else "mark"
            self.show(Sent(now, kind))
            return
        begin += len(_PAYLOAD)
        audio = base64.b64decode(message[begin : message.index('"', begin)])
        self.show(Sent(now, "media", audio, tuple(self._reading.feed(audio)), synthesised))

    def came(self, message: str | bytes) -> None:
        """A message of Twilio's reached the product."""
        if not isinstance(message, str) or not message.endswith("}"):
            return  # cut on its way
        if (begin := message.find(_PAYLOAD)) >= 0:
            begin += len(_PAYLOAD)
            spelling = base64.b64decode(message[begin + _SPELT.start : begin + _SPELT.stop])
            number = frame_number(spelling[: SPELT.stop - SPELT.start])
            self.show(FrameCame(trio.current_time(), number))

    # The stand-ins' side.

    def journaled(self, entry: Entry) -> None:
        """For `Journal.watch`."""
        now = trio.current_time()
        self.trace.write(entry.at, self.name, trace.of_entry(entry))
        if entry.kind in {"hang_up", "dtmf"}:
            self.struck(entry.kind if entry.kind == "dtmf" else f"hang up by {entry.detail}")
            if entry.kind == "hang_up" and SLOW_LINE in self.faults:
                self.partings.append((now, math.inf))  # we hear of it late
        elif entry.kind == "verb" and entry.detail["name"] == "Connect":
            if self.stream_asked is not None:
                self.stream_asked(self)
        elif entry.kind == "violation":
            self.break_law(RUN, now, Breach(f"Twilio: {entry.detail}"))
        self.show(Journaled(now, entry))

    def overheard(self, socket: int, audio: bytes) -> None:
        """The recogniser got audio on its n-th socket."""
        frames = (audio[at : at + FRAME_BYTES] for at in range(0, len(audio), FRAME_BYTES))
        numbers = tuple(frame_number(frame[SPELT]) for frame in frames)
        self.show(Overheard(trio.current_time(), socket, numbers))


def _producing(call: Call) -> frozenset[int]:
    names = (task.name.split() for task in call.conversation.nursery.child_tasks)
    return frozenset(int(name[1]) for name in names if name[0] == "reply")


def _queues(call: Call) -> tuple[dict[str, float], dict[str, float]]:
    """How full the queues of a call are, and how full they may be. Reads private parts."""
    ring = call.audio
    sizes = {
        "playback waiting, ms": call.playback.waiting_ms,
        "playback control, messages": len(call.playback._control),
        "hearing waiting, ms": ring.waiting_ms,
        "hearing kept, ms": ring.held_ms,
        "events told from within": len(call._events),
    }
    bounds = {
        "playback waiting, ms": WAITING_MS,
        "playback control, messages": CONTROL_MESSAGES,
        "hearing waiting, ms": ring._bound / BYTES_PER_MS,
        "hearing kept, ms": ring.most_ms,
        "events told from within": 16,
    }
    return sizes, bounds


@attrs.define(eq=False)
class _Tap:
    """A call's socket, overheard in both directions."""

    socket: MediaSocket
    witness: Witness

    async def receive(self) -> str | bytes:
        message = await self.socket.receive()
        self.witness.came(message)
        return message

    async def pour(self, sink: Callable[[str | bytes], bool]) -> None:
        def overheard(message: str | bytes) -> bool:
            self.witness.came(message)
            return sink(message)

        await self.socket.pour(overheard)

    async def send(self, message: str) -> None:
        self.witness.sent(message)
        await self.socket.send(message)

    async def close(self, code: int = 1000, reason: str = "") -> None:
        await self.socket.close(code, reason)

    def on_draining(self, tell: Callable[[Draining], None] | None) -> None:
        self.socket.on_draining(tell)


@attrs.define(eq=False)
class Witnesses:
    """Those of one world, by the sid of their call."""

    by_sid: dict[str, Witness] = attrs.field(factory=dict)
    _sockets: int = 0

    def watch(self, call: PhoneCall, witness: Witness) -> None:
        """Watch a call that has not rung yet."""
        self.by_sid[call.sid] = witness
        call.journal.watch = witness.journaled

    async def answer(self, socket: MediaSocket, services: Services, call_sid: str) -> None:
        """The product's own `answer`, watched. For `create_app`."""
        witness = self.by_sid.get(call_sid)
        if witness is None:
            await answer(socket, services, call_sid=call_sid)
            return
        crashed, witness.state = "", State.IDLE
        watched = attrs.evolve(services, watch=_both(services.watch, witness.told))
        try:
            await answer(_Tap(socket, witness), watched, call_sid=call_sid)
        except BaseException as error:
            if trio.current_effective_deadline() > -math.inf:  # not cut from above
                crashed = _first(error)
                witness.break_law(RUN, trio.current_time(), Breach(f"the call failed: {crashed}"))
            raise
        finally:
            now = trio.current_time()
            witness.trace.write(now, witness.name, f"returned {crashed}")
            witness.show(Returned(now, tuple(_tasks_of(call_sid)), crashed))

    def overhear(self, tags: Sequence[str], machine: Machine) -> Machine:
        """A listen stream's machine, overheard where its call is watched."""
        witness = next((self.by_sid[tag] for tag in tags if tag in self.by_sid), None)
        self._sockets += 1
        if witness is None:
            return machine
        return cast("Machine", _Overheard(machine, witness, self._sockets))

    def deepgram(self, *arguments: Any, **options: Any) -> Deepgram:
        """The Deepgram stand-in, overheard. For `world`."""
        return _Deepgram(self, *arguments, **options)


def _first(error: BaseException) -> str:
    """The first of the errors in a group, as a line."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return repr(error)


def _both(first: Any, second: Any) -> Any:
    if first is None:
        return second

    def watch(*observed: Any) -> None:
        first(*observed)
        second(*observed)

    return watch


def _tasks_of(call_sid: str) -> Iterator[str]:
    """Names of the product's tasks that carry a call's sid."""
    root = trio.lowlevel.current_root_task()
    waiting = [root] if root is not None else []
    while waiting:
        task = waiting.pop()
        if call_sid in task.name and not task.name.startswith("caller "):
            yield task.name.replace(call_sid, "").strip()
        waiting += [child for nursery in task.child_nurseries for child in nursery.child_tasks]


class _Deepgram(Deepgram):
    def __init__(self, witnesses: Witnesses, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._witnesses = witnesses

    def _machine(self, settings: Any, session: Any, request_id: str) -> Machine:
        machine = super()._machine(settings, session, request_id)
        return self._witnesses.overhear(settings.tags, machine)


@attrs.define(eq=False)
class _Overheard:
    """A machine that says what audio it is given."""

    machine: Machine
    witness: Witness
    socket: int

    @property
    def outbox(self) -> list[dict[str, Any]]:
        return self.machine.outbox

    @property
    def close(self) -> tuple[int, str] | None:
        return self.machine.close

    @property
    def late(self) -> list[float]:
        return self.machine.late

    @property
    def due(self) -> float:
        return self.machine.due

    def audio(self, data: bytes, now: float) -> None:
        self.witness.overheard(self.socket, data)
        self.machine.audio(data, now)

    def text(self, data: str, now: float) -> None:
        self.machine.text(data, now)

    def poll(self, now: float) -> None:
        self.machine.poll(now)
