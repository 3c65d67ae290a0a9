"""Where calls are kept in these tests: in memory, in a SQLite file, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .postgresql import PostgreSQL, programs, running


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A server; a test that wants it is skipped where none is installed."""
    directory = programs()
    if directory is None:
        pytest.skip("no PostgreSQL is installed")
    with running(directory) as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/calls.db"
    server: PostgreSQL = request.getfixturevalue("postgresql")
    return server.new_database()


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def any_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The same, and the empty URL, which means memory."""
    if request.param == "postgresql":
        server: PostgreSQL = request.getfixturevalue("postgresql")
        return server.new_database()
    return f"sqlite:///{tmp_path}/calls.db" if request.param == "sqlite" else ""
