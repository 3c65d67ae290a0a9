"""Made-up calls, and records of either form that run for the length of a body."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import attrs
import trio

from voxanne_trio.blocking import RunSync, run_here
from voxanne_trio.events import Sensitive
from voxanne_trio.records import CallRecord, InMemoryRecords, Records, Then, ToolRecord, TurnRecord
from voxanne_trio.records.database import Database
from voxanne_trio.records.engine import DatabaseUnavailable
from voxanne_trio.records.keeping import DatabaseRecords

Result = TypeVar("Result")
NOTHING: Mapping[str, int] = {}


def a_call(sid: str = "CA1", stream: str = "MZ1") -> CallRecord:
    return CallRecord(call_sid=sid, stream_sid=stream, started_at=1_700_000_000.0)


def a_turn(number: int, caller: str | None, heard: str, **more: Any) -> TurnRecord:
    return attrs.evolve(
        TurnRecord(
            number=number,
            caller=Sensitive(caller) if caller is not None else None,
            agent=heard,
            heard=heard,
            interrupted=False,
            latency_ms={},
            timeline={},
        ),
        **more,
    )


FULL_TURN = a_turn(
    0,
    "Is Dr. Müller in? 😀",
    "Let me",
    agent="Let me see.",
    spoken="Let me see.",
    interrupted=True,
    latency_ms={"stt": 210, "llm": None},
    timeline={"decided": 3_120, "ended": 4_000},
    quality={"words_per_sentence": 3.5, "questions": None},
    tools=(
        ToolRecord(name="find", arguments={"who": "Müller", "days": [1, 2]}),
        ToolRecord(name="tell", arguments={}, result=Sensitive("Monday")),
    ),
)


def end(
    records: Records,
    outcome: str,
    then: Then = Then.GO_ON,
    counts: Mapping[str, int] = NOTHING,
    sid: str = "CA1",
) -> None:
    records.call_ended(sid, outcome=outcome, then=then, duration_ms=1_000, counts=counts)


async def found(records: Records, sid: str = "CA1") -> CallRecord:
    """A call that must be known."""
    call = await records.find(sid)
    assert call is not None
    return call


@attrs.define
class Hop:
    """A hop that is as slow as it is told, and leads nowhere while the database is `down`."""

    seconds: float = 0.0
    down: bool = False
    tries: int = 0

    async def __call__(
        self,
        work: Callable[[], Result],
        /,
        *,
        abandon_on_cancel: bool = False,
        limiter: trio.CapacityLimiter | None = None,
    ) -> Result:
        self.tries += 1
        await trio.sleep(self.seconds)
        if self.down:
            raise DatabaseUnavailable("connection refused")
        return await run_here(work)


@asynccontextmanager
async def database_records(
    url: str, run_sync: RunSync = run_here, **more: Any
) -> AsyncIterator[DatabaseRecords]:
    """Records in a database; at the end of the body they have written all there was."""
    records = DatabaseRecords(Database(url), run_sync, **more)
    async with trio.open_nursery() as nursery:
        await nursery.start(records.run)
        yield records
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def any_records(url: str) -> AsyncIterator[Records]:
    """Records of the form that the URL asks for."""
    if not url:
        yield InMemoryRecords()
        return
    async with database_records(url) as records:
        yield records


async def seconds_for(wait: Callable[[], Awaitable[object]]) -> float:
    """How long it took, on the clock of the run."""
    began = trio.current_time()
    await wait()
    return trio.current_time() - began
