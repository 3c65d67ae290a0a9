"""How each kind of entry is written, in the SQL that SQLite and PostgreSQL share.

Every statement does the same when it is repeated, even after later ones; and what a stream says of
its call counts only while it is the call's latest. A recording is the call's, not a stream's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from itertools import groupby
from typing import Any, Final

from sqlalchemy import (
    ColumnClause,
    Connection,
    Insert,
    Integer,
    Update,
    bindparam,
    case,
    func,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from .entries import Asked, Entry, OfStream, RecordingLeft, StreamBegan, StreamEnded, TurnHeard
from .records import Then
from .rows import storable, turn_row
from .schema import Json, calls, streams, turns

_INSERT: Final[Mapping[str, Any]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}

_OF_THIS_STREAM: Final = (
    calls.c.call_sid == bindparam("of_call"),
    calls.c.stream_sid == bindparam("of_stream"),
)
_ASK: Final = update(calls).where(*_OF_THIS_STREAM).values(asked=bindparam("words"))
_END_CALL: Final = (
    update(calls)
    .where(*_OF_THIS_STREAM)
    .values(outcome=bindparam("how"), next_step=bindparam("then"))
)
_KEEP_RECORDING: Final = (
    update(calls)
    .where(calls.c.call_sid == bindparam("of_call"), calls.c.recording.is_(None))
    .values(recording=bindparam("url"))
)


def write(connection: Connection, entries: Iterable[Entry]) -> None:
    """Write the entries in their order, those of a kind that follow one another at once."""
    for kind, run in groupby(entries, type):
        _WRITERS[kind](connection, list(run))


def _begin(connection: Connection, began: list[StreamBegan]) -> None:
    rows = [
        {"call_sid": each.call_sid, "stream_sid": each.stream_sid, "started_at": each.started_at}
        for each in began
    ]
    dialect = connection.dialect.name
    connection.execute(
        _insert_call(dialect), [row | {"next_step": Then.GO_ON.value} for row in rows]
    )
    connection.execute(
        _insert_stream(dialect), [row | {"duration_ms": 0, "counts": {}} for row in rows]
    )


def _ask(connection: Connection, asked: list[Asked]) -> None:
    connection.execute(
        _ASK, [_of(each) | {"words": storable(each.caller.reveal())} for each in asked]
    )


def _keep_turns(connection: Connection, heard: list[TurnHeard]) -> None:
    connection.execute(
        _upsert_turn(connection.dialect.name),
        [turn_row(each.call_sid, each.stream_sid, each.turn) for each in heard],
    )
    answered = [_of(each) | {"words": None} for each in heard if each.turn.caller is not None]
    if answered:
        connection.execute(_ASK, answered)


def _end(connection: Connection, ended: list[StreamEnded]) -> None:
    whose = [_of(each) | {"how": storable(each.outcome)} for each in ended]
    connection.execute(
        _end_stream(connection.dialect.name),
        [
            row | {"lasted": each.duration_ms, "counted": storable(each.counts)}
            for row, each in zip(whose, ended, strict=True)
        ],
    )
    connection.execute(
        _END_CALL,
        [row | {"then": each.then.value} for row, each in zip(whose, ended, strict=True)],
    )


def _keep_recordings(connection: Connection, left: list[RecordingLeft]) -> None:
    connection.execute(
        _KEEP_RECORDING,
        [{"of_call": storable(each.call_sid), "url": storable(each.url)} for each in left],
    )


# To build a statement takes longer than to execute it: each is built once.


@cache
def _insert_call(dialect: str) -> Insert:
    stream_is_known = (
        select(streams.c.call_sid)
        .where(
            streams.c.call_sid == _excluded("call_sid"),
            streams.c.stream_sid == _excluded("stream_sid"),
        )
        .exists()
    )
    statement: Insert = _INSERT[dialect](calls).on_conflict_do_update(
        index_elements=[calls.c.call_sid],
        set_={
            "stream_sid": _excluded("stream_sid"),
            "outcome": None,
            "next_step": _excluded("next_step"),
        },
        where=~stream_is_known,
    )
    return statement


@cache
def _insert_stream(dialect: str) -> Insert:
    statement: Insert = _INSERT[dialect](streams).on_conflict_do_nothing()
    return statement


@cache
def _upsert_turn(dialect: str) -> Insert:
    latest_stream = (
        select(calls.c.stream_sid)
        .where(calls.c.call_sid == _excluded("call_sid"))
        .scalar_subquery()
    )
    statement: Insert = _INSERT[dialect](turns).on_conflict_do_update(
        index_elements=[turns.c.call_sid, turns.c.number],
        set_={column.name: _excluded(column.name) for column in turns.c},
        where=or_(
            turns.c.stream_sid == _excluded("stream_sid"),
            latest_stream == _excluded("stream_sid"),
        ),
    )
    return statement


@cache
def _end_stream(dialect: str) -> Update:
    """What is learned of an end later on adds to what the stream has said itself."""
    lasted, counted = bindparam("lasted", type_=Integer), bindparam("counted", type_=Json)
    return (
        update(streams)
        .where(
            streams.c.call_sid == bindparam("of_call"),
            streams.c.stream_sid == bindparam("of_stream"),
        )
        .values(
            outcome=bindparam("how"),
            duration_ms=case((streams.c.duration_ms > lasted, streams.c.duration_ms), else_=lasted),
            counts=_MERGED[dialect](streams.c.counts, counted),
        )
    )


_MERGED: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "sqlite": func.json_patch,
    "postgresql": lambda kept, more: kept.op("||")(more),
}


def _excluded(column: str) -> ColumnClause[Any]:
    """A value that was to be inserted. As a text: of an alias, a subquery would make a table."""
    return literal_column(f"excluded.{column}")


def _of(entry: OfStream) -> dict[str, Any]:
    return {"of_call": entry.call_sid, "of_stream": entry.stream_sid}


_WRITERS: Final[Mapping[type, Callable[[Connection, list[Any]], None]]] = {
    StreamBegan: _begin,
    Asked: _ask,
    TurnHeard: _keep_turns,
    StreamEnded: _end,
    RecordingLeft: _keep_recordings,
}
