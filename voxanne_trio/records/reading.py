"""What can be asked of the calls that are kept, and how they are forgotten."""

from __future__ import annotations

from typing import Any

import attrs
from sqlalchemy import Connection, Select, delete, func, select

from .records import CallRecord
from .rows import call_of
from .schema import calls, streams, turns


@attrs.frozen(kw_only=True)
class CallSummary:
    """A call without its turns, of which it has so many, and whether a voicemail of it is kept; the
    rest is as in `CallRecord`."""

    call_sid: str
    started_at: float
    outcome: str | None
    then: str
    streams: int
    duration_ms: int
    turns: int
    recorded: bool

    def as_json(self) -> dict[str, Any]:
        return attrs.asdict(self)


def find(connection: Connection, call_sid: str) -> CallRecord | None:
    """A call with all that is kept of it."""
    found = _rows(connection, select(calls).where(calls.c.call_sid == call_sid))
    if not found:
        return None
    of_streams = select(streams).where(streams.c.call_sid == call_sid)
    of_turns = select(turns).where(turns.c.call_sid == call_sid)
    return call_of(
        found[0],
        _rows(connection, of_streams.order_by(streams.c.started_at)),
        _rows(connection, of_turns.order_by(turns.c.number)),
    )


def latest(connection: Connection, limit: int) -> list[CallSummary]:
    """The calls that began last, the latest first."""
    last = select(calls).order_by(calls.c.started_at.desc()).limit(limit).subquery()
    of_streams = (
        select(
            streams.c.call_sid,
            func.count().label("streams"),
            func.sum(streams.c.duration_ms).label("duration_ms"),
        )
        .where(streams.c.call_sid.in_(select(last.c.call_sid)))
        .group_by(streams.c.call_sid)
        .subquery()
    )
    of_turns = (
        select(turns.c.call_sid, func.count().label("turns"))
        .where(turns.c.call_sid.in_(select(last.c.call_sid)))
        .group_by(turns.c.call_sid)
        .subquery()
    )
    query = (
        select(
            last,
            of_streams.c.streams,
            of_streams.c.duration_ms,
            func.coalesce(of_turns.c.turns, 0).label("turns"),
        )
        .outerjoin(of_streams, of_streams.c.call_sid == last.c.call_sid)
        .outerjoin(of_turns, of_turns.c.call_sid == last.c.call_sid)
        .order_by(last.c.started_at.desc())
    )
    return [
        CallSummary(
            call_sid=row["call_sid"],
            started_at=row["started_at"],
            outcome=row["outcome"],
            then=row["next_step"],
            streams=row["streams"] or 0,
            duration_ms=int(row["duration_ms"] or 0),
            turns=row["turns"],
            recorded=row["recording"] is not None,
        )
        for row in _rows(connection, query)
    ]


def forget(connection: Connection, call_sid: str) -> int:
    """Delete a call and all that belongs to it; how many calls that were."""
    return connection.execute(delete(calls).where(calls.c.call_sid == call_sid)).rowcount


def forget_before(connection: Connection, moment: float) -> int:
    """The same for every call that began before that moment, in seconds of the wall clock."""
    return connection.execute(delete(calls).where(calls.c.started_at < moment)).rowcount


def _rows(connection: Connection, query: Select[Any]) -> list[dict[str, Any]]:
    return [row._asdict() for row in connection.execute(query)]
