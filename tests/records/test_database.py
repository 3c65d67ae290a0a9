"""The database by itself: its schema, what is written twice, what it refuses, two servers on it."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, text

from voxanne_trio.errors import ConfigurationError
from voxanne_trio.events import Sensitive
from voxanne_trio.records import CallRecord, Then
from voxanne_trio.records.database import Database
from voxanne_trio.records.engine import DatabaseUnavailable
from voxanne_trio.records.entries import Asked, RecordingLeft, StreamBegan, StreamEnded, TurnHeard
from voxanne_trio.records.keeping import LONGEST_PAUSE_SECONDS
from voxanne_trio.records.schema import metadata

from .support import Hop, a_call, a_turn, database_records, end, found

COURSE = (
    StreamBegan("CA1", "MZ1", 100.0),
    TurnHeard("CA1", "MZ1", a_turn(0, None, "Hello.")),
    Asked("CA1", "MZ1", Sensitive("When?")),
    StreamEnded("CA1", "MZ1", "stream lost", Then.GO_ON, 3_000, {"gaps": 1}),
    StreamBegan("CA1", "MZ2", 103.0),
    TurnHeard("CA1", "MZ2", a_turn(1, "When?", "At five.")),
    StreamEnded("CA1", "MZ2", "farewell", Then.HANG_UP, 4_000, {"gaps": 2}),
    RecordingLeft("CA1", "https://api.twilio.com/RE1"),
)


def known(database: Database, sid: str = "CA1") -> CallRecord:
    call = database.find(sid)
    assert call is not None
    return call


@pytest.fixture
def database(url: str) -> Database:
    made = Database(url)
    made.prepare()
    return made


def test_migrations_lead_to_the_schema(url: str) -> None:
    database = Database(url)
    database.prepare()
    database.close()
    engine = create_engine(url)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_a_later_version_s_schema_is_left_alone(url: str, database: Database) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'later'"))
        connection.execute(text("ALTER TABLE calls ADD COLUMN mood TEXT"))
    engine.dispose()
    database.reconnect()
    database.prepare()
    assert database.write(COURSE) == []
    assert known(database).outcome == "farewell"
    database.close()


@pytest.mark.parametrize("again", range(1, len(COURSE) + 1))
def test_what_is_written_again_changes_nothing(database: Database, again: int) -> None:
    assert database.write(COURSE) == []
    before = known(database)
    assert (before.streams, before.duration_ms, before.counts) == (2, 7_000, {"gaps": 3})
    assert database.write(COURSE[:again]) == []
    assert known(database) == before
    database.close()


def test_an_entry_that_is_refused_takes_no_other_along(database: Database) -> None:
    forgotten = TurnHeard("CA9", "MZ9", a_turn(0, None, "Hello."))
    assert len(database.write([*COURSE[:3], forgotten, *COURSE[3:]])) == 1
    assert known(database).outcome == "farewell"
    assert database.find("CA9") is None
    database.close()


def test_texts_that_no_database_holds(database: Database) -> None:
    turn = a_turn(0, "nul\0 half\ud800", "x\0", quality={"rate": float("nan")})
    assert database.write([COURSE[0], TurnHeard("CA1", "MZ1", turn)]) == []
    (stored,) = known(database).turns
    assert stored.caller == Sensitive("nul half?")
    assert (stored.heard, stored.quality) == ("x", {"rate": None})
    assert database.find("CA\0\udc00") is None
    database.close()


def test_the_latest_calls(database: Database) -> None:
    database.write([*COURSE, StreamBegan("CA2", "MZ3", 200.0), StreamBegan("CA3", "MZ4", 50.0)])
    second, first = database.latest(2)
    assert (second.call_sid, second.turns, second.outcome) == ("CA2", 0, None)
    assert (second.recorded, first.recorded) == (False, True)
    assert (first.call_sid, first.turns, first.streams, first.duration_ms) == ("CA1", 2, 2, 7_000)
    database.close()


def test_a_forgotten_call_is_gone_from_the_file_as_well(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/calls.db")
    database.prepare()
    told = TurnHeard("CA1", "MZ1", a_turn(0, "my secret illness", "Oh."))
    database.write([COURSE[0], told])
    assert any(b"secret illness" in file.read_bytes() for file in tmp_path.iterdir())
    assert database.forget("CA1")
    assert not database.forget("CA1")
    assert not any(b"secret illness" in file.read_bytes() for file in tmp_path.iterdir())
    assert len(database.write([told])) == 1, "nothing comes after it"
    database.close()


def test_old_calls_are_forgotten_with_their_turns(url: str, database: Database) -> None:
    database.write([*COURSE, StreamBegan("CA2", "MZ3", 200.0)])
    assert database.forget_before(150.0) == 1
    assert database.find("CA1") is None
    assert database.find("CA2") is not None
    database.close()
    engine = create_engine(url)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM turns")).scalar() == 0
    engine.dispose()


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("sqlite:////nowhere/calls.db", "SQLite file /nowhere/calls.db cannot be used"),
        ("sqlite:///:memory:", "names no file"),
        ("mysql://clinic:hush@db/calls", "mysql is neither sqlite nor postgresql"),
        ("hush", "is no URL"),
        ("postgresql://clinic:hush@db:port/calls", "is no URL"),
    ],
)
def test_urls_that_cannot_be_used_are_one_line(url: str, problem: str) -> None:
    with pytest.raises(ConfigurationError) as wrong:
        Database(url).prepare()
    line = str(wrong.value)
    assert line.startswith("VOXANNE_DATABASE_URL")
    assert problem in line
    assert "\n" not in line
    assert "hush" not in line


def test_a_new_file_is_its_owner_s_alone(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/calls.db")
    database.prepare()
    assert {file.stat().st_mode & 0o077 for file in tmp_path.iterdir()} == {0}
    database.close()


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "calls.db").write_text("a letter, not a database" * 100)
    with pytest.raises(ConfigurationError, match="cannot be used"):
        Database(f"sqlite:///{tmp_path}/calls.db").prepare()


@pytest.mark.parametrize("replaced", [False, True])
def test_a_file_that_is_taken_away_is_noticed_and_made_anew(tmp_path: Path, replaced: bool) -> None:
    file = tmp_path / "voxanne.db"
    database = Database(f"sqlite:///{file}")
    database.prepare()
    assert database.write(COURSE) == []
    for each in tmp_path.iterdir():
        each.rename(each.with_name(f"old-{each.name}"))
    if replaced:
        file.touch()
    with pytest.raises(DatabaseUnavailable, match="removed or replaced"):
        database.write(COURSE)
    database.reconnect()
    database.prepare()
    assert database.write(COURSE) == []
    database.close()
    assert known(Database.existing(f"sqlite:///{file}")).outcome == "farewell"


def test_a_locked_file_is_only_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voxanne_trio.records.engine.STATEMENT_SECONDS", 0.05)
    url = f"sqlite:///{tmp_path}/calls.db"
    holder = create_engine(url)
    with holder.connect() as connection:
        connection.exec_driver_sql("BEGIN EXCLUSIVE")
        database = Database(url)
        with pytest.raises(DatabaseUnavailable, match="locked"):
            database.prepare()
        database.close()
    holder.dispose()


def test_a_postgresql_that_cannot_be_reached_says_so_without_its_password() -> None:
    pytest.importorskip("psycopg")
    database = Database("postgresql://clinic:hush@127.0.0.1:9/calls")
    with pytest.raises(DatabaseUnavailable, match="refused") as unavailable:
        database.prepare()
    assert "hush" not in f"{unavailable.value} {database}"


async def test_a_call_goes_on_in_another_server_and_comes_back(
    url: str, autojump_clock: object
) -> None:
    async with database_records(url) as here, database_records(url) as there:
        here.call_started(a_call())
        here.turn_ended("CA1", a_turn(0, None, "Hello."))
        here.turn_began("CA1", Sensitive("When?"))
        assert (await found(here)).asked is not None
        assert await found(there) == await found(here)
        there.call_started(a_call(stream="MZ2"))
        there.turn_ended("CA1", a_turn(1, "When?", "At five."))
        assert (await found(there)).streams == 2
        here.turn_ended("CA1", a_turn(1, "When?", ""))
        end(here, "stream lost", Then.GO_ON, {"gaps": 1})
        end(there, "farewell", Then.HANG_UP, {"gaps": 2})
        for records in (there, here):
            call = await found(records)
            assert [turn.heard for turn in call.turns] == ["Hello.", "At five."]
            assert (call.outcome, call.then, call.streams) == ("farewell", Then.HANG_UP, 2)
            assert (call.duration_ms, call.counts) == (2_000, {"gaps": 3})


async def test_a_recording_of_another_server_s_call_is_kept_once_the_database_is_back(
    url: str, autojump_clock: object
) -> None:
    hop = Hop()
    async with database_records(url, hop) as here, database_records(url) as there:
        there.call_started(a_call())
        assert (await found(there)).recording is None
        hop.down = True
        assert await here.find("CA1") is None
        here.recording_left("CA1", "https://api.twilio.com/RE1")
        hop.down = False
        await trio.sleep(LONGEST_PAUSE_SECONDS)
        assert (await found(there)).recording == "https://api.twilio.com/RE1"
