"""A PostgreSQL of the tests' own, where one is installed: on a socket in a temporary directory."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Final

import attrs
from sqlalchemy import create_engine, text

_DEBIAN: Final = Path("/usr/lib/postgresql")
_UNPRIVILEGED: Final = ("postgres", "nobody")
"""It refuses to be run by root."""


def programs() -> Path | None:
    """The directory of `initdb` and `postgres`; None where they, or our driver, are not there."""
    if find_spec("psycopg") is None:
        return None
    if (found := shutil.which("initdb")) is not None:
        return Path(found).resolve().parent
    installed = sorted(_DEBIAN.glob("*/bin/initdb"))
    return installed[-1].parent if installed else None


@attrs.frozen
class PostgreSQL:
    """A running server."""

    directory: Path
    _numbers: Iterator[int] = attrs.field(factory=count)

    def new_database(self) -> str:
        """The URL of an empty database."""
        name = f"calls_{next(self._numbers)}"
        engine = create_engine(self._url("postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        engine.dispose()
        return self._url(name)

    def _url(self, name: str) -> str:
        return f"postgresql+psycopg://voxanne@/{name}?host={self.directory}"


@contextmanager
def running(programs: Path) -> Iterator[PostgreSQL]:
    """A server for the length of the body."""
    directory = Path(tempfile.mkdtemp(prefix="voxanne-pg-"))
    data = directory / "data"
    who = _somebody()
    if who is not None:
        os.chown(directory, who.pw_uid, who.pw_gid)

    def run(name: str, *arguments: str) -> None:
        subprocess.run(
            [programs / name, "-D", data, *arguments],
            user=who.pw_uid if who is not None else None,
            group=who.pw_gid if who is not None else None,
            cwd=directory,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=50,
        )

    try:
        run("initdb", "-U", "voxanne", "-A", "trust", "--no-sync")
        options = f"-c listen_addresses= -c unix_socket_directories={directory} -c fsync=off"
        run("pg_ctl", "-w", "-o", options, "start")
        try:
            yield PostgreSQL(directory)
        finally:
            run("pg_ctl", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _somebody() -> pwd.struct_passwd | None:
    """Whom to run it as, where we are root."""
    if os.getuid() != 0:
        return None
    known = {user.pw_name: user for user in pwd.getpwall()}
    return next(known[name] for name in _UNPRIVILEGED if name in known)
