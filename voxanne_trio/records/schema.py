"""The tables: calls, the streams they had, their turns.

What a database has is made by `migrations/`; a test holds the two against each other. A new column
has a default or may be null, since during an update servers of both versions write.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB

NAMES: Final = {
    "ix": "ix_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
}
"""Constraints have names of ours, so that a migration can name them on either database."""

metadata: Final = MetaData(naming_convention=NAMES)

Json: Final = JSON().with_variant(JSONB(), "postgresql")


def _call_sid() -> Column[str]:
    """Of a call that is kept: what belongs to it goes with it, and nothing comes after it."""
    return Column(
        "call_sid", Text, ForeignKey("calls.call_sid", ondelete="CASCADE"), primary_key=True
    )


calls: Final = Table(
    "calls",
    metadata,
    Column("call_sid", Text, primary_key=True),
    Column("stream_sid", Text, nullable=False),  # the latest
    Column("started_at", Double, nullable=False),  # seconds of the wall clock, UTC
    Column("asked", Text),
    Column("outcome", Text),
    Column("next_step", Text, nullable=False),  # a `Then`
    Column("recording", Text),  # the URL of a voicemail
)
Index(None, calls.c.started_at)

streams: Final = Table(
    "streams",
    metadata,
    _call_sid(),
    Column("stream_sid", Text, primary_key=True),
    Column("started_at", Double, nullable=False),
    Column("outcome", Text),
    Column("duration_ms", Integer, nullable=False),
    Column("counts", Json, nullable=False),
)

turns: Final = Table(
    "turns",
    metadata,
    _call_sid(),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("stream_sid", Text, nullable=False),
    Column("caller", Text),
    Column("agent", Text, nullable=False),
    Column("spoken", Text, nullable=False),
    Column("heard", Text, nullable=False),
    Column("interrupted", Boolean, nullable=False),
    Column("latency_ms", Json, nullable=False),
    Column("timeline_ms", Json, nullable=False),
    Column("quality", Json, nullable=False),
    Column("tools", Json, nullable=False),
)
