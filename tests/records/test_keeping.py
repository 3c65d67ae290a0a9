"""The one writer: a database that is down or slow, a bounded queue, a server that stops."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path

import pytest
import trio

from voxanne_trio.events import Sensitive
from voxanne_trio.records import Then
from voxanne_trio.records.database import Database
from voxanne_trio.records.entries import Asked, Entry, StreamBegan, TurnHeard, Waiting
from voxanne_trio.records.keeping import (
    CLOSE_SECONDS,
    FIND_SECONDS,
    GATHER_SECONDS,
    LAST_SECONDS,
    LONGEST_PAUSE_SECONDS,
    WRITE_SECONDS,
    DatabaseRecords,
)
from voxanne_trio.simulation.world import world

from .support import Hop, a_call, a_turn, database_records, end, found, seconds_for


@pytest.fixture
def file(tmp_path: Path) -> str:
    """The URL of a SQLite file."""
    return f"sqlite:///{tmp_path}/calls.db"


def kept(url: str) -> list[str]:
    """What callers heard, as a server that starts later finds it."""
    database = Database.existing(url)
    call = database.find("CA1")
    database.close()
    return [turn.heard for turn in call.turns] if call is not None else []


async def test_a_database_that_is_down_harms_no_call_and_gets_all_once_it_is_back(
    file: str, autojump_clock: object, caplog: pytest.LogCaptureFixture
) -> None:
    hop = Hop(down=True)
    with caplog.at_level(logging.INFO, "voxanne.records"):
        async with database_records(file, hop) as records:
            records.call_started(a_call())
            records.turn_ended("CA1", a_turn(0, None, "Hello."))
            await trio.sleep(300)
            assert records.failure == "for 300 s: connection refused; 2 waiting, 0 lost"
            assert await seconds_for(partial(found, records)) == 0
            assert await records.find("CA2") is None
            hop.down = False
            await trio.sleep(LONGEST_PAUSE_SECONDS)
            assert records.failure is None
            assert kept(file) == ["Hello."]
    said = [line.getMessage() for line in caplog.records if "looked up" not in line.getMessage()]
    assert len(said) == 6, "at once, each minute, and at the end"
    assert said[-1].startswith("Calls are written again, after 30")


async def test_one_that_is_down_is_noticed_to_be_back_though_nobody_calls(
    file: str, autojump_clock: object
) -> None:
    hop = Hop(down=True)
    async with database_records(file, hop) as records:
        await trio.sleep(30)
        hop.down = False
        await trio.sleep(LONGEST_PAUSE_SECONDS)
        assert records.failure is None


async def test_a_slow_database_keeps_nobody_waiting(file: str, autojump_clock: object) -> None:
    hop = Hop()
    async with database_records(file, hop) as records:
        hop.seconds = 60
        assert await seconds_for(partial(records.find, "CA2")) == FIND_SECONDS
        records.call_started(a_call())
        records.turn_ended("CA1", a_turn(0, None, "Hello."))
        assert await seconds_for(partial(found, records)) == FIND_SECONDS
        await trio.sleep(WRITE_SECONDS)
        assert records.failure is not None
        assert "no answer within 10 s" in records.failure
        hop.seconds = 1
        await trio.sleep(WRITE_SECONDS + LONGEST_PAUSE_SECONDS)  # for a try that has begun
        assert kept(file) == ["Hello."]


async def test_what_is_found_is_what_was_just_said(file: str, autojump_clock: object) -> None:
    async with database_records(file, Hop(seconds=0.2)) as records:
        records.call_started(a_call())
        for number in range(3):
            records.turn_ended("CA1", a_turn(number, None, "Hello."))
            assert len((await found(records)).turns) == number + 1
        end(records, "farewell", Then.HANG_UP)
        assert (await found(records)).then is Then.HANG_UP


async def test_a_call_of_another_server_is_ended_here_however_busy_we_are(
    file: str, autojump_clock: object
) -> None:
    async with database_records(file) as there:
        there.call_started(a_call())
        end(there, "stream lost")
        await found(there)
    async with database_records(file, Hop(seconds=0.01)) as here:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(found, here)
            await trio.sleep(0.005)
            here.call_started(a_call("CA2"))
        end(here, "caller hung up", Then.HANG_UP)
        assert (await found(here)).outcome == "caller hung up"


async def test_a_busy_server_writes_in_batches_a_quiet_one_in_a_moment(
    file: str, autojump_clock: object
) -> None:
    hop = Hop(seconds=0.2)
    async with database_records(file, hop) as records:
        hop.tries = 0
        records.call_started(a_call())
        await trio.sleep(0.1)
        for number in range(100):
            records.turn_ended("CA1", a_turn(number, None, "Hello."))
        await trio.sleep(0.3 + 2 * GATHER_SECONDS)
        assert hop.tries == 2
        assert len(kept(file)) == 100


async def test_a_server_that_stops_writes_what_is_left(file: str, autojump_clock: object) -> None:
    async with database_records(file, Hop(seconds=0.5)) as records:
        records.call_started(a_call())
        records.turn_ended("CA1", a_turn(0, None, "Hello."))
        await trio.sleep(0.3)
    assert kept(file) == ["Hello."]


async def test_what_is_said_as_it_stops_counts_too(file: str, autojump_clock: object) -> None:
    async def late(records: DatabaseRecords) -> None:
        try:
            await trio.sleep_forever()
        finally:
            with trio.move_on_after(1, shield=True):
                await trio.sleep(0.05)
                records.turn_ended("CA1", a_turn(0, None, "Hello."))

    async with trio.open_nursery() as nursery:
        records = DatabaseRecords(Database(file), Hop())
        await nursery.start(records.run)
        records.call_started(a_call())
        nursery.start_soon(late, records)
        await trio.sleep(1)
        nursery.cancel_scope.cancel()
    assert kept(file) == ["Hello."]


@pytest.mark.parametrize("hop", [Hop(down=True), Hop(seconds=1_000)])
async def test_a_database_that_does_not_answer_holds_no_server_back(
    file: str, autojump_clock: object, hop: Hop, caplog: pytest.LogCaptureFixture
) -> None:
    async with database_records(file, hop) as records:
        records.call_started(a_call())
        stopped_at = trio.current_time()
    assert trio.current_time() - stopped_at <= LAST_SECONDS + CLOSE_SECONDS
    assert caplog.records[-1].getMessage() == "1 entries of calls were not written"


def test_where_there_is_no_room_the_least_goes_first() -> None:
    waiting = Waiting(most=3)
    began = StreamBegan("CA1", "MZ1", 0.0)
    asked = Asked("CA1", "MZ1", Sensitive("When?"))
    turns = [TurnHeard("CA1", "MZ1", a_turn(number, None, "Hello.")) for number in range(3)]
    left: list[list[Entry]] = []
    entries: list[Entry] = [began, asked, *turns, began, began]
    for entry in entries:
        waiting.put(entry)
        left.append(list(waiting._entries.values()))
    assert left[3] == [began, *turns[:2]], "the words that a turn will have again"
    assert left[4] == [began, *turns[1:]], "then the oldest turn"
    assert left[6] == [began, began, began]
    assert waiting.dropped == 4
    assert waiting.take(2, 10**9) == [began, began]
    assert waiting.take(2, 10**9) == [began]
    assert waiting.take(2, 10**9) == []


def test_the_queue_is_bounded_in_bytes() -> None:
    waiting = Waiting(most_bytes=100_000)
    for number in range(1_000):
        waiting.put(TurnHeard("CA1", "MZ1", a_turn(number, None, "Hello. " * 100)))
    assert len(waiting) + waiting.dropped == 1_000
    assert 20 < len(waiting) < 50
    assert sum(entry.size for entry in waiting.take(1_000, 20_000)) <= 20_000


async def test_a_call_whose_beginning_was_lost_is_still_known_here(
    file: str, autojump_clock: object
) -> None:
    hop = Hop()
    async with database_records(file, hop, waiting=Waiting(most=1)) as records:
        hop.down = True
        records.call_started(a_call("CA2"))
        await trio.sleep(1)
        records.call_started(a_call())
        records.call_started(a_call("CA3"))
        hop.down = False
        await trio.sleep(LONGEST_PAUSE_SECONDS)
        assert records.failure is None
        assert await records.find("CA1") is not None


def take_away(directory: Path) -> None:
    """Deleted: the next file may have its number again."""
    for each in directory.iterdir():
        each.unlink()


async def test_a_call_whose_file_was_taken_away_is_still_known_here(
    file: str, tmp_path: Path, autojump_clock: object
) -> None:
    async with database_records(file) as records:
        records.call_started(a_call())
        assert (await found(records)).outcome is None
        take_away(tmp_path)
        end(records, "farewell", Then.HANG_UP)
        await trio.sleep(LONGEST_PAUSE_SECONDS)
        assert (await found(records)).then is Then.HANG_UP
        records.call_started(a_call("CA2"))
        await found(records, "CA2")
    database = Database.existing(file)
    assert [call.call_sid for call in database.latest(9)] == ["CA2"]
    database.close()


async def test_a_whole_call_on_virtual_time(file: str, autojump_clock: object) -> None:
    script = ("listen", {"say": "Do you do BBL?"}, {"listen": 1_500}, "hang_up")
    async with world(database_url=file) as here:
        placed = await here.ring(*script)
        record = await here.record(placed)
    database = Database.existing(file)
    assert database.find(placed.call.sid) == record
    database.close()
    assert [turn.caller for turn in record.turns] == [None, Sensitive("Do you do BBL?")]
    assert record.outcome == "caller hung up"
