"""One simulated world from its plan to its outcome: the calls placed, the faults struck, the laws
held, and what is left when all is over.
"""

from __future__ import annotations

import time
import traceback
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Final

import attrs
import trio

from ..humanizer import recited, spoken
from ..sandbox.faults import Hit
from ..sandbox.server import Placed, seeded
from ..sandbox.stream import Link
from ..sandbox.voice import pieces
from .determinism import Limits, Stuck, virtual_run
from .faults import (
    OF_ONE_CALL,
    PARTING,
    UNHEARING,
    WatchedSchedule,
    terminate,
)
from .laws import DEAD_AIR, LAWS, NEIGHBOURS, RUN, Law, Violation
from .laws.heard import HeardText
from .laws.order import InOrder
from .laws.silence import Silenced
from .numbered import NumberedMicrophone, NumberedVoices
from .observed import Evidence, Observation, Told
from .plan import CallPlan, Plan
from .trace import Trace
from .witness import Witness, Witnesses
from .world import SETTINGS, World, world

REST_SECONDS: Final = 80.0
"""After the last call: for spare sockets and keep-alives to end. A socket whose minute was used up
has room again, and is then spare, after 61 s."""

LEASE_SECONDS: Final = 1.0
"""After the last call: by then every reply has given back the socket that it was lent."""

HALF_OPEN_REST_SECONDS: Final = 130.0
"""The same where the other end of a connection has gone without a word."""

FAILING_PROFILE: Final = "bad"
"""The profile whose vendors are late by seconds, and fail one time in a hundred."""

LONGEST_CALL: Final = 600.0
"""Virtual seconds after which a caller gives up, whatever the script says."""


@attrs.frozen(kw_only=True)
class Outcome:
    """What became of a plan."""

    seed: int
    digest: str
    violations: tuple[Violation, ...]
    turns: int
    interruptions: int
    exact: int
    """Interruptions whose heard text is within a word of what was played."""
    coverage: Mapping[str, int]
    calls: int
    virtual_seconds: float
    """Of all its calls, from ringing to their ends; the world's start and rest do not count."""
    real_seconds: float
    struck: int = 0
    """How many faults struck."""
    last_lines: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether every law was kept."""
        return not self.violations


class Meddler(trio.abc.Instrument):
    """An instrument that wants to know the simulation it is used in."""

    def join(self, simulation: Simulation, here: World) -> None:
        """The world stands, and no call has rung yet."""


def run(
    plan: Plan,
    *,
    limits: Limits | None = None,
    keep_trace: bool = False,
    meddler: Meddler | None = None,
) -> Outcome:
    """Carry a plan out. Never raises for what the product does: that is a violation."""
    began = time.perf_counter()
    simulation = Simulation(plan, Trace(keep=keep_trace), meddler)
    try:
        virtual_run(
            simulation.play,
            schedule=plan.schedule,
            entropy=plan.entropy,
            limits=limits,
            instruments=() if meddler is None else (meddler,),
        )
    except Stuck as stuck:
        simulation.fail(str(stuck))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is this plan's outcome
        simulation.fail(_told(error))
    outcome = simulation.outcome(time.perf_counter() - began)
    violations = (*outcome.violations, *_suffering(plan, outcome))
    return attrs.evolve(outcome, violations=violations)


def _suffering(plan: Plan, outcome: Outcome) -> Iterator[Violation]:
    """Law 9: what calls without faults of their own would not have without those of another."""
    suffered = {DEAD_AIR} if plan.profile == FAILING_PROFILE else set()  # other draws, other delays
    broken = [v for v in outcome.violations if not v.faults and v.law not in {RUN, *suffered}]
    alone = len(plan.calls) == 1
    if alone or not plan.faults or not broken or NEIGHBOURS in plan.without_laws:
        return
    twin = run(attrs.evolve(plan, faults=(), strikes_in=(), otherwise=None))
    anyway = {(violation.call, violation.law) for violation in twin.violations}
    for violation in broken:
        if (violation.call, violation.law) not in anyway:
            detail = f"beside a call with faults law {violation.law}: {violation.detail}"
            yield attrs.evolve(violation, law=NEIGHBOURS, detail=detail)


def _told(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    where = traceback.extract_tb(error.__traceback__)
    place = f" at {where[-1].filename.rpartition('/')[2]}:{where[-1].lineno}" if where else ""
    return f"{type(error).__name__}: {error}{place}"


class Simulation:
    """A plan being carried out: `play` is its whole life, on a virtual clock."""

    def __init__(self, plan: Plan, trace: Trace, meddler: Meddler | None = None) -> None:
        self.plan = plan
        self.meddler = meddler
        self.trace = trace
        self.voices = NumberedVoices()
        self.witnesses = Witnesses()
        self.watching: list[Witness] = []
        self.placed: list[Placed] = []
        self.broken: list[Violation] = []
        self.schedule = WatchedSchedule(
            plan.faults, plan.strikes_from, plan.strikes_in, plan.otherwise
        )
        self.schedule.struck = self._struck
        self.streams: list[Witness] = []
        """Whose stream was asked for, in order."""
        self.virtual_seconds = 0.0

    def fail(self, detail: str) -> None:
        """The run itself went wrong."""
        faults = tuple(fault.kind for fault in self.plan.faults)
        self.broken.append(Violation(RUN, self.virtual_seconds, detail, faults=faults))

    async def play(self) -> None:
        """The world, its calls, and a rest after them."""
        plan = self.plan
        async with world(
            profile=plan.profile,
            seed=plan.entropy,
            link=Link(plan.delay_ms, plan.jitter_ms, seeded(plan.entropy, "link")),
            voices=self.voices,
            answer=self.witnesses.answer,
            deepgram=self.witnesses.deepgram,
            schedule=self.schedule,
            stt=plan.stt,
            replicas=plan.replicas,
            **plan.settings,
        ) as here:
            script = here.composition.services.script
            said = [spoken(recited(line)) for line in (*script.lines.values(), *script.fillers)]
            cut = (piece for text in said for piece in pieces(text))  # as the stand-in speaks them
            self.voices.vocabulary.seal_phrases([*said, *cut])
            for number, call in enumerate(plan.calls):
                self._prepare(here, number, call)
            if self.meddler is not None:
                self.meddler.join(self, here)
            before = _living()
            await self._calls(here)
            half_open = any(hit.kind.endswith("half_open") for hit in self.schedule.hits)
            await trio.sleep(LEASE_SECONDS)
            lent = sum(socket.is_lent for socket in here.composition._sockets._sockets)
            await trio.sleep(HALF_OPEN_REST_SECONDS if half_open else REST_SECONDS)
            if lent:
                self._left(f"{lent} speak sockets were still lent")
            self._leftovers(here, before)
            await self._conclude(here)

    def _prepare(self, here: World, number: int, call: CallPlan) -> None:
        placed = here.call(*call.script, line=call.line, seed=self.plan.entropy + number)
        placed.call.microphone = NumberedMicrophone.in_place_of(
            placed.call.microphone, seeded(self.plan.entropy, f"line {number}")
        )
        witness = Witness(
            name=f"call-{number}",
            number=number,
            vocabulary=self.voices.vocabulary,
            trace=self.trace,
            laws=self._laws(),
            also=[self._follow] if number == 0 and self.plan.faults else [],
            stream_asked=self.streams.append,
        )
        self.witnesses.watch(placed.call, witness)
        self.watching.append(witness)
        self.placed.append(placed)

    def _laws(self) -> dict[int, Law]:
        vocabulary = self.voices.vocabulary
        made: dict[int, Law] = {number: law() for number, law in LAWS.items()}
        settings = attrs.evolve(SETTINGS, **self.plan.settings)
        made[1] = Silenced(settings.hold_max_ms / 1000, vocabulary)
        marks_lost = any(fault.kind == "media_marks_lost" for fault in self.plan.faults)
        made[6] = InOrder(vocabulary, marks_lost)
        return {n: law for n, law in made.items() if n not in self.plan.without_laws}

    # The calls.

    async def _calls(self, here: World) -> None:
        async with trio.open_nursery() as striking:
            striking.start_soon(terminate, self.schedule, here.stopping)
            if self.plan.patience:
                striking.start_soon(self.schedule.insist, self.plan.patience)
            async with trio.open_nursery() as calling:
                for number, call in enumerate(self.plan.calls):
                    calling.start_soon(self._call, here, number, call)
            striking.cancel_scope.cancel()

    async def _call(self, here: World, number: int, call: CallPlan) -> None:
        placed = self.placed[number]
        await placed.caller.prepare()
        await trio.sleep(call.rings_at)
        async with trio.open_nursery() as nursery:
            leaves = LONGEST_CALL if call.leaves_after is None else call.leaves_after
            nursery.start_soon(partial(_hang_up_after, placed, leaves))
            began = trio.current_time()
            try:
                await here.sandbox.place(placed)
            finally:
                self.virtual_seconds += trio.current_time() - began
            nursery.cancel_scope.cancel()

    def _follow(self, observed: Observation) -> None:
        """Faults may wait for a state of the first call."""
        if isinstance(observed, Told):
            self.schedule.entered(observed.state.value)

    def _struck(self, hit: Hit) -> None:
        """A fault has struck: whom is known of a stream, and where there is but one call."""
        witness = self.watching[0]
        if hit.kind in OF_ONE_CALL and hit.number <= len(self.streams):
            witness = self.streams[hit.number - 1]
        witness.suffer(hit.kind, hit.at, parted=hit.kind in PARTING)
        if hit.kind in UNHEARING:
            witness.hearing_failed_at = hit.at

    # The end.

    async def _conclude(self, here: World) -> None:
        for placed, witness in zip(self.placed, self.watching, strict=True):
            evidence = await self._evidence(here, placed, witness)
            for number, law in witness.laws.items():
                for breach in law.conclude(evidence):
                    witness.break_law(number, trio.current_time(), breach)

    async def _evidence(self, here: World, placed: Placed, witness: Witness) -> Evidence:
        call = placed.call
        alone = len(self.plan.calls) == 1
        ring = witness.call.audio if witness.call is not None else None
        return Evidence(
            sid=call.sid,
            settings=here.composition.settings,
            agent=call.playout,
            caller=call.microphone,
            vocabulary=self.voices.vocabulary,
            record=await here.composition.records.find(call.sid),
            streamed=witness.call is not None
            or bool(call.journal.of("start") and not OF_ONE_CALL.intersection(witness.faults)),
            asked=here.asked if alone else (),
            dropped_ms=witness.dropped_ms,
            waiting_ms=ring.waiting_ms if ring is not None else 0.0,
            delay_seconds=(self.plan.delay_ms + self.plan.jitter_ms) / 1000,
            partings=witness.partings,
            hearing_failed_at=witness.hearing_failed_at,
        )

    def _leftovers(self, here: World, before: Counter[str]) -> None:
        if 2 in self.plan.without_laws:
            return
        for detail in _left_in(here, before):
            self._left(detail)

    def _left(self, detail: str) -> None:
        faults = tuple(fault.kind for fault in self.plan.faults)
        self.broken.append(Violation(2, trio.current_time(), detail, faults=faults))

    def outcome(self, real_seconds: float) -> Outcome:
        """All of it, as a value."""
        coverage: Counter[str] = Counter()
        for witness in self.watching:
            coverage += witness.coverage
        heard = [
            law for w in self.watching for law in w.laws.values() if isinstance(law, HeardText)
        ]
        return Outcome(
            seed=self.plan.seed,
            digest=self.trace.digest,
            violations=(*self.broken, *(v for w in self.watching for v in w.violations)),
            turns=sum(witness.turns for witness in self.watching),
            interruptions=sum(law.interruptions for law in heard),
            exact=sum(law.exact for law in heard),
            coverage=dict(sorted(coverage.items())),
            calls=len(self.plan.calls),
            virtual_seconds=self.virtual_seconds,
            real_seconds=real_seconds,
            struck=len(self.schedule.hits),
            last_lines=tuple(self.trace.lines),
        )


async def _hang_up_after(placed: Placed, seconds: float) -> None:
    await trio.sleep(seconds)
    placed.call.hang_up()


def _living() -> Counter[str]:
    """The tasks that live, by name; those of peers at the other end of a wire left out."""
    root = trio.lowlevel.current_root_task()
    found: Counter[str] = Counter()
    waiting = [root] if root is not None else []
    while waiting:
        task = waiting.pop()
        if task.name.startswith("peer "):
            continue
        found[task.name.rpartition(".")[2] or task.name] += 1
        waiting += [child for nursery in task.child_nurseries for child in nursery.child_tasks]
    return found


def _left_in(here: World, before: Counter[str]) -> Iterator[str]:
    """What calls have left in a world after its rest."""
    for name, count in (_living() - before).items():
        yield f"{count} more of task {name!r} than before the calls"
    if count := here.deepgram.open["listen"]:
        yield f"{count} listen sockets are open after the calls"
    if count := sum(socket.is_lent for socket in here.composition._sockets._sockets):
        yield f"{count} speak sockets are still lent"
    if here.sandbox.bugs:
        yield f"the stand-ins failed {here.sandbox.bugs} times"
