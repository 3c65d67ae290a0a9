"""The database that calls are kept in: its schema brought up, entries written, calls found.

Everything here blocks, and is bounded by a statement's timeout: whoever serves calls runs it in a
thread. `keeping.DatabaseRecords` is the form of `Records` that does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from ..errors import ConfigurationError
from . import reading, statements
from .engine import (
    SETTING,
    STATEMENT_SECONDS,
    DatabaseUnavailable,
    described,
    engine_for,
    is_for_good,
    is_passing,
    reason_of,
    sqlite_file,
)
from .entries import Entry
from .reading import CallSummary
from .records import CallRecord
from .rows import storable

MIGRATIONS: Final = Path(__file__).parent / "migrations"
MIGRATION_SECONDS: Final = 60.0
READ_SECONDS: Final = 1.0
_MIGRATION_LOCK: Final = 0x766F78616E6E65  # any number that nobody else takes


class Database:
    """One database. Its methods raise `DatabaseUnavailable` where it does not do its part."""

    def __init__(self, url: str) -> None:
        """Connects to nothing yet. Raises `ConfigurationError` for a URL that cannot be used."""
        self._engine = engine_for(url)
        self._is_current = False
        self._identity: tuple[int, int] | None = None
        self.was_replaced = False
        """Whether its file was taken away while it was in use, and made anew."""

    def __str__(self) -> str:
        return described(self._engine)

    @classmethod
    def existing(cls, url: str) -> Database:
        """One that a server has made, to be looked at. Raises `ConfigurationError`."""
        file = sqlite_file(url)
        if file is not None and not file.is_file():
            raise ConfigurationError(f"No calls are kept yet: there is no {file}")
        database = cls(url)
        if database._revision() is None:
            database.close()
            raise ConfigurationError(f"No calls are kept yet: {database} is not a server's of ours")
        return database

    def prepare(self) -> None:
        """Bring the schema up to ours, once. Safe where several servers start at a time: one does
        it, the others wait.

        A schema of a later version is left as it is. Raises `ConfigurationError` where a file can
        never be written.
        """
        if self._is_current:
            return
        self._make_private()
        try:
            with self._transaction(MIGRATION_SECONDS, writes=True) as connection:
                if connection.dialect.name == "postgresql":
                    lock = f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})"
                    connection.exec_driver_sql(lock)
                if self._is_known(_revision(connection)):
                    self._config.attributes["connection"] = connection
                    command.upgrade(self._config, "head")
        except DatabaseUnavailable as unavailable:
            error = unavailable.__cause__
            if is_for_good(error):
                raise ConfigurationError(
                    f"{SETTING}: {self} cannot be used ({unavailable})"
                ) from error
            raise
        self._is_current = True
        self._identity = self._file_identity()

    def write(self, entries: Sequence[Entry]) -> list[str]:
        """Write the entries, in one transaction.

        Where some of them cannot be written (their call was forgotten meanwhile), the others are,
        one by one; returned are the reasons, one for each that was not.
        """
        if self._identity != self._file_identity():  # SQLite would go on, in a file without a name
            self.was_replaced = True
            raise DatabaseUnavailable("its file has been removed or replaced")
        try:
            with self._transaction(STATEMENT_SECONDS, writes=True) as connection:
                statements.write(connection, entries)
        except DatabaseUnavailable as unavailable:
            if is_passing(unavailable.__cause__):
                raise
            fault = str(unavailable)
        except Exception as error:  # noqa: BLE001 - an entry's own fault, whatever it is
            fault = type(error).__name__
        else:
            return []
        if len(entries) == 1:
            return [fault]
        return [reason for entry in entries for reason in self.write([entry])]

    def find(self, call_sid: str) -> CallRecord | None:
        """A call with its turns."""
        with self._transaction(READ_SECONDS) as connection:
            return reading.find(connection, storable(call_sid))

    def latest(self, limit: int) -> list[CallSummary]:
        """The calls that began last, the latest first."""
        with self._transaction(STATEMENT_SECONDS) as connection:
            return reading.latest(connection, limit)

    def forget(self, call_sid: str) -> bool:
        """Delete a call; whether there was one."""
        with self._transaction(STATEMENT_SECONDS, writes=True) as connection:
            found = reading.forget(connection, call_sid)
        self._wipe()
        return found > 0

    def forget_before(self, moment: float) -> int:
        """Delete all calls that began before that moment (wall clock); how many there were."""
        with self._transaction(MIGRATION_SECONDS, writes=True) as connection:
            found = reading.forget_before(connection, moment)
        self._wipe()
        return found

    def reconnect(self) -> None:
        """Let go of what was connected: the next use connects anew, and looks at the schema."""
        self._is_current = False
        self._engine.dispose()

    def close(self) -> None:
        """Let go of every connection."""
        self._engine.dispose()

    def _make_private(self) -> None:
        """A file that is not there yet is made for its owner alone, and what SQLite puts beside it
        as well: callers' words are in it."""
        if self._engine.dialect.name == "sqlite":
            with suppress(OSError):  # SQLite says it better
                Path(str(self._engine.url.database)).touch(mode=0o600)

    def _file_identity(self) -> tuple[int, int] | None:
        """Which file a SQLite database is in at present; None where there is none."""
        if self._engine.dialect.name != "sqlite":
            return None
        try:
            found = Path(str(self._engine.url.database)).stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _wipe(self) -> None:
        """SQLite's log holds what was deleted until it is put away."""
        if self._engine.dialect.name == "sqlite":
            with _told(), self._engine.connect() as connection:
                cursor = connection.connection.cursor()
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                cursor.close()

    @contextmanager
    def _transaction(self, seconds: float, *, writes: bool = False) -> Iterator[Connection]:
        with _told(), self._engine.connect() as connection:
            connection = connection.execution_options(writes=writes)
            with connection.begin():
                if connection.dialect.name == "postgresql":
                    timeout = f"SET LOCAL statement_timeout = {round(seconds * 1000)}"
                    connection.exec_driver_sql(timeout)
                yield connection

    def _revision(self) -> str | None:
        with self._transaction(READ_SECONDS) as connection:
            return _revision(connection)

    def _is_known(self, revision: str | None) -> bool:
        scripts = ScriptDirectory.from_config(self._config)
        return revision is None or revision in {each.revision for each in scripts.walk_revisions()}

    @cached_property
    def _config(self) -> Config:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        return config


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except (SQLAlchemyError, CommandError) as error:
        raise DatabaseUnavailable(reason_of(error)) from error
