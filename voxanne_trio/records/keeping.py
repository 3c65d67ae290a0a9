"""Records in a database, kept by one task: a call writes into a queue, and never waits.

Theory of operation. What a call says is put into memory, as `InMemoryRecords` has it, and into a
bounded queue. `run` takes what has come and writes it in a thread, a moment later: a turn that is
noted begins to be answered in that very moment, and the thread would take the interpreter from it.
While one batch is being written the next gathers, so that a busy server writes in batches. A
database that is down or slow is tried again; meanwhile the queue grows up to its bound, and calls
notice nothing. Looking a call up waits until what was said of it here is written, then asks the
database, since other processes may have gone on with the call; where that takes too long, what
this process remembers has to do.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Final

import attrs
import trio

from ..blocking import RunSync
from ..errors import ConfigurationError
from ..events import Sensitive
from .database import Database
from .engine import CONNECTIONS, DatabaseUnavailable
from .entries import Asked, Entry, RecordingLeft, StreamBegan, StreamEnded, TurnHeard, Waiting
from .records import CallRecord, InMemoryRecords, Then, TurnRecord

log = logging.getLogger("voxanne.records")

BATCH_ENTRIES: Final = 200
BATCH_BYTES: Final = 4 * 1024 * 1024
GATHER_SECONDS: Final = 0.05
"""What a process that is killed may lose, beside what is being written."""

START_SECONDS: Final = 8.0
WRITE_SECONDS: Final = 10.0
FIND_SECONDS: Final = 1.0
LAST_SECONDS: Final = 5.0
"""For what is left when the server stops."""

AFTERTHOUGHT_SECONDS: Final = 0.1
"""For calls that are cut as the server stops, to say how they ended."""

CLOSE_SECONDS: Final = 1.0
FIRST_PAUSE_SECONDS: Final = 0.1
LONGEST_PAUSE_SECONDS: Final = 5.0
SAY_AGAIN_SECONDS: Final = 60.0


class DatabaseRecords:
    """`Records` in a database; `run` must run for as long as calls are taken."""

    def __init__(
        self, database: Database, run_sync: RunSync, *, waiting: Waiting | None = None
    ) -> None:
        self._database = database
        self._run_sync = run_sync
        self._waiting = waiting or Waiting()
        self._memory = InMemoryRecords()
        self._writing = trio.CapacityLimiter(1)
        self._reading = trio.CapacityLimiter(CONNECTIONS - 1)
        self._in_hand: list[Entry] = []
        self._taken_until = self._written_until = 0
        self._progress = trio.Event()
        self._trouble = _Trouble()

    @property
    def failure(self) -> str | None:
        """Why nothing can be written at present, and how much waits for it."""
        if self._trouble.reason is None:
            return None
        waiting = len(self._waiting) + len(self._in_hand)
        return f"{self._trouble}; {waiting} waiting, {self._waiting.dropped} lost"

    def call_started(self, call: CallRecord) -> None:
        """Never waits, as all that write."""
        self._memory.call_started(call)
        self._waiting.put(StreamBegan(call.call_sid, call.stream_sid, call.started_at))

    def turn_began(self, call_sid: str, caller: Sensitive) -> None:
        self._memory.turn_began(call_sid, caller)
        if (call := self._memory.known(call_sid)) is not None:
            self._waiting.put(Asked(call_sid, call.stream_sid, caller))

    def turn_ended(self, call_sid: str, turn: TurnRecord) -> None:
        self._memory.turn_ended(call_sid, turn)
        if (call := self._memory.known(call_sid)) is not None:
            self._waiting.put(TurnHeard(call_sid, call.stream_sid, turn))

    def call_ended(
        self,
        call_sid: str,
        *,
        outcome: str,
        then: Then,
        duration_ms: int,
        counts: Mapping[str, int],
    ) -> None:
        self._memory.call_ended(
            call_sid, outcome=outcome, then=then, duration_ms=duration_ms, counts=counts
        )
        if (call := self._memory.known(call_sid)) is not None:
            self._waiting.put(
                StreamEnded(call_sid, call.stream_sid, outcome, then, duration_ms, dict(counts))
            )

    def recording_left(self, call_sid: str, url: str) -> None:
        """Also of a call that is not known here: another process may have taken it, and the
        database may be what did not say so."""
        self._memory.recording_left(call_sid, url)
        self._waiting.put(RecordingLeft(call_sid, url))

    async def find(self, call_sid: str) -> CallRecord | None:
        """The call, whichever process took it; at most `FIND_SECONDS` later what is known here,
        None where that is nothing."""
        remembered = self._memory.known(call_sid)
        if remembered is None or self._trouble.reason is None:
            with trio.move_on_after(FIND_SECONDS):
                if remembered is not None:
                    await self._written()
                try:
                    return await self._read(call_sid)
                except DatabaseUnavailable as unavailable:
                    log.warning("Call %s was not looked up: %s", call_sid, unavailable)
        return self.known(call_sid)

    def known(self, call_sid: str) -> CallRecord | None:
        call = self._memory.known(call_sid)
        return copy_of(call) if call is not None else None

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Write until cancelled, then what is left, for at most `LAST_SECONDS`.

        Started once the schema is ours, or the database could not be reached: calls are taken all
        the same. Raises `ConfigurationError` where it never can be.
        """
        try:
            await self._start()
            task_status.started()
            while True:
                if self._trouble.reason is None:
                    await self._waiting.wait()
                    await trio.sleep(GATHER_SECONDS)
                await self._write_batch()
        finally:
            with trio.move_on_after(LAST_SECONDS, shield=True):
                await self._write_rest()
            if left := len(self._waiting) + len(self._in_hand):
                log.error("%d entries of calls were not written", left)
            with suppress(DatabaseUnavailable), trio.move_on_after(CLOSE_SECONDS, shield=True):
                await self._run_sync(
                    self._database.close, limiter=self._writing, abandon_on_cancel=True
                )

    async def _read(self, call_sid: str) -> CallRecord | None:
        said_until = self._waiting.count
        found = await self._run_sync(
            partial(self._database.find, call_sid), limiter=self._reading, abandon_on_cancel=True
        )
        if found is None:  # its beginning may be what there was no room for, or in another file
            is_known_here = self._waiting.dropped or self._database.was_replaced
            return self.known(call_sid) if is_known_here else None
        if self._waiting.count == said_until or self._memory.known(call_sid) is None:
            self._memory.remember(copy_of(found))
        return found

    async def _start(self) -> None:
        try:
            with trio.fail_after(START_SECONDS):
                await self._run_sync(
                    self._database.prepare, limiter=self._writing, abandon_on_cancel=True
                )
        except DatabaseUnavailable as unavailable:
            self._trouble.note(str(unavailable))
        except trio.TooSlowError:
            self._trouble.note(f"no answer within {START_SECONDS:g} s")
        else:
            log.info("Calls are kept in %s", self._database)

    async def _write_rest(self) -> None:
        await trio.sleep(AFTERTHOUGHT_SECONDS)
        while self._waiting or self._in_hand:
            await self._write_batch()

    async def _write_batch(self) -> None:
        """Write what is oldest, however often it takes; cancelled, it is still in hand. With
        nothing to write, the database is tried all the same."""
        pause = FIRST_PAUSE_SECONDS
        if not self._in_hand:
            self._in_hand = self._waiting.take(BATCH_ENTRIES, BATCH_BYTES)
            self._taken_until = self._waiting.oldest
        while not await self._try():
            await trio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
        self._in_hand = []
        self._written_until = self._taken_until
        self._progress.set()
        self._progress = trio.Event()

    async def _try(self) -> bool:
        work = partial(_write, self._database, self._in_hand, again=bool(self._trouble.reason))
        try:
            with trio.fail_after(WRITE_SECONDS):
                refused = await self._run_sync(work, limiter=self._writing, abandon_on_cancel=True)
        except (DatabaseUnavailable, ConfigurationError) as unavailable:
            self._trouble.note(str(unavailable))
            return False
        except trio.TooSlowError:
            self._trouble.note(f"no answer within {WRITE_SECONDS:g} s")
            return False
        self._trouble.is_over(self._waiting.dropped)
        for reason in refused:
            log.warning("An entry of a call was refused: %s", reason)
        return True

    async def _written(self) -> None:
        """Wait until all is written that was said so far."""
        until = self._waiting.count
        while self._written_until < until:
            await self._progress.wait()


@attrs.define
class _Trouble:
    """What is wrong with the database, told once and then now and then."""

    reason: str | None = None
    since: float = 0.0
    _told_at: float = 0.0

    def __str__(self) -> str:
        return f"for {trio.current_time() - self.since:.0f} s: {self.reason}"

    def note(self, reason: str) -> None:
        now = trio.current_time()
        is_new, self.reason = self.reason is None, reason
        if is_new:
            self.since = now
        if is_new or now - self._told_at >= SAY_AGAIN_SECONDS:
            self._told_at = now
            log.error("Calls cannot be written, they go on all the same: %s", reason)

    def is_over(self, lost: int) -> None:
        if self.reason is not None:
            seconds = trio.current_time() - self.since
            log.warning("Calls are written again, after %.1f s; %d entries lost", seconds, lost)
        self.reason = None


def _write(database: Database, entries: Sequence[Entry], *, again: bool) -> list[str]:
    if again:
        database.reconnect()
    database.prepare()
    return database.write(entries)


def copy_of(call: CallRecord) -> CallRecord:
    """The same call, which no longer changes."""
    return attrs.evolve(call, turns=[*call.turns], counts=dict(call.counts))
