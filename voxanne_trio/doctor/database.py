"""Whether calls can be kept: the database is looked at, and left as it is. Blocks."""

from __future__ import annotations

import os

from ..errors import ConfigurationError


def look_at_database(url: str) -> str:
    """What was found. Raises `ConfigurationError` for one that cannot be used as it is, and
    `DatabaseUnavailable`."""
    from ..records.database import Database  # its libraries, only where they are used
    from ..records.engine import sqlite_file

    file = sqlite_file(url)
    if file is not None and not file.exists():
        if not os.access(file.parent, os.W_OK):
            raise ConfigurationError(f"{file} cannot be made: its directory cannot be written")
        return f"{file} is not there yet, and will be made"
    database = Database.existing(url)
    try:
        database.latest(1)
        return f"{database} answers"
    finally:
        database.close()
