"""Which database: its URL checked, its engine, and what its errors mean.

SQLite and PostgreSQL, both through SQLAlchemy's synchronous engine. Callers' words are in every
statement's parameters and a URL may hold a password: no message of ours shows either.
"""

from __future__ import annotations

from pathlib import Path
from sqlite3 import Error as SqliteError
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    IntegrityError,
    NoSuchModuleError,
)
from sqlalchemy.exc import TimeoutError as NoConnection

from ..errors import ConfigurationError, VoxanneError

SETTING: Final = "VOXANNE_DATABASE_URL"

CONNECTIONS: Final = 5
"""One that writes, the others read."""

STATEMENT_SECONDS: Final = 5.0
"""For a statement of ours, or a lock that another process holds."""

_POSTGRESQL: Final[dict[str, Any]] = {
    "application_name": "voxanne",
    "connect_timeout": 3,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
    "prepare_threshold": None,  # a pooler in between may give each transaction another session
}
_PASSING_CODES: Final = ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_FULL", "SQLITE_IOERR")
_REASON_CHARACTERS: Final = 200


class DatabaseUnavailable(VoxanneError):
    """The database cannot be reached, or does not do what it should; it may later."""


def engine_for(url: str) -> Engine:
    """An engine, not yet connected. Raises `ConfigurationError`."""
    parsed = _parsed(url)
    options: dict[str, Any] = {
        "hide_parameters": True,
        "pool_size": CONNECTIONS,
        "max_overflow": 0,
        "pool_timeout": STATEMENT_SECONDS,
    }
    if parsed.get_backend_name() == "sqlite":
        engine = create_engine(parsed, **options)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    asked = {name: value for name, value in _POSTGRESQL.items() if name not in parsed.query}
    try:
        return create_engine(parsed, connect_args=asked, pool_pre_ping=True, **options)
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"{SETTING}: PostgreSQL needs {error.name}: pip install 'voxanne[postgres]'"
        ) from error


def sqlite_file(url: str) -> Path | None:
    """The file of a SQLite database; None for another kind. Raises `ConfigurationError`."""
    parsed = _parsed(url)
    is_file = parsed.get_backend_name() == "sqlite" and parsed.database
    return Path(parsed.database) if is_file and parsed.database else None


def described(engine: Engine) -> str:
    """Which database that is, for a log."""
    url = engine.url
    if url.get_backend_name() == "sqlite":
        return f"SQLite file {url.database}"
    return f"PostgreSQL database {url.database or url.username} at {url.host or 'its socket'}"


def is_passing(error: BaseException | None) -> bool:
    """Whether the database, not what was to be written, is what is wrong."""
    if isinstance(error, DBAPIError):
        return not isinstance(error, DataError | IntegrityError)
    return isinstance(error, NoConnection)


def is_for_good(error: BaseException | None) -> bool:
    """Whether a SQLite file is none that can be written: no waiting helps."""
    cause = getattr(error, "orig", None)
    if not isinstance(cause, SqliteError):
        return False
    code = getattr(cause, "sqlite_errorname", "")
    return bool(code) and not code.startswith(_PASSING_CODES)


def reason_of(error: Exception) -> str:
    """What a log may say of an error: PostgreSQL's later lines quote the values."""
    cause = getattr(error, "orig", None) or error
    if not is_passing(error):
        return type(cause).__name__
    first_line, _, _ = (str(cause).strip() or type(cause).__name__).partition("\n")
    return first_line[:_REASON_CHARACTERS]


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
    except (ArgumentError, NoSuchModuleError, ValueError):
        raise ConfigurationError(
            f"{SETTING} is no URL: sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE"
        ) from None
    if backend in {"postgres", "postgresql"}:
        return parsed.set(drivername="postgresql+psycopg")
    if backend != "sqlite":
        raise ConfigurationError(f"{SETTING}: {backend} is neither sqlite nor postgresql")
    if parsed.database in {None, "", ":memory:"}:
        raise ConfigurationError(f"{SETTING} names no file: leave it empty to keep calls in memory")
    return parsed.set(drivername="sqlite")


def _prepare_sqlite(connection: Any, _: object) -> None:
    """Readers do not wait for the writer; a commit is in the file though this process be killed."""
    connection.isolation_level = None  # transactions begin where we say so
    for pragma in (
        f"busy_timeout={round(STATEMENT_SECONDS * 1000)}",
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "foreign_keys=ON",
        "secure_delete=ON",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    """One that will write takes its lock first: another's is waited for, not run into."""
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
