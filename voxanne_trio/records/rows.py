"""Records as rows, and back.

A database refuses some texts that Python holds (NUL, halves of surrogate pairs) and JSON knows no
NaN: they are taken out here, since a record with a hole is better than none.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ..events import Sensitive
from .records import CallRecord, Then, ToolRecord, TurnRecord

Row = Mapping[str, Any]


def turn_row(call_sid: str, stream_sid: str, turn: TurnRecord) -> dict[str, Any]:
    """The row of `turns` for a turn of that stream."""
    row = {
        "call_sid": call_sid,
        "number": turn.number,
        "stream_sid": stream_sid,
        "caller": turn.caller.reveal() if turn.caller is not None else None,
        "agent": turn.agent,
        "spoken": turn.spoken,
        "heard": turn.heard,
        "interrupted": turn.interrupted,
        "latency_ms": dict(turn.latency_ms),
        "timeline_ms": dict(turn.timeline),
        "quality": dict(turn.quality),
        "tools": [_tool_json(tool) for tool in turn.tools],
    }
    return {name: storable(value) for name, value in row.items()}


def call_of(call: Row, streams: Sequence[Row], turns: Sequence[Row]) -> CallRecord:
    """The call of its rows, streams and turns in order."""
    counts: dict[str, int] = {}
    for stream in streams:
        for name, count in stream["counts"].items():
            counts[name] = counts.get(name, 0) + count
    return CallRecord(
        call_sid=call["call_sid"],
        stream_sid=call["stream_sid"],
        started_at=call["started_at"],
        turns=[_turn_of(row) for row in turns],
        asked=_sensitive(call["asked"]),
        streams=len(streams),
        outcome=call["outcome"],
        then=_then(call["next_step"]),
        duration_ms=sum(stream["duration_ms"] for stream in streams),
        counts=counts,
        recording=call["recording"],
    )


def storable(value: Any) -> Any:
    """The same value, as far as a database can hold it."""
    match value:
        case str():
            return value.encode("utf-8", "replace").decode().replace("\0", "")
        case float():
            return value if math.isfinite(value) else None
        case Mapping():
            return {storable(str(name)): storable(inner) for name, inner in value.items()}
        case list() | tuple():
            return [storable(inner) for inner in value]
        case _:
            return value


def _turn_of(row: Row) -> TurnRecord:
    return TurnRecord(
        number=row["number"],
        caller=_sensitive(row["caller"]),
        agent=row["agent"],
        spoken=row["spoken"],
        heard=row["heard"],
        interrupted=row["interrupted"],
        latency_ms=row["latency_ms"],
        timeline=row["timeline_ms"],
        quality=row["quality"],
        tools=tuple(_tool_of(tool) for tool in row["tools"]),
    )


def _tool_json(tool: ToolRecord) -> dict[str, Any]:
    result = tool.result.reveal() if tool.result is not None else None
    return {"name": tool.name, "arguments": dict(tool.arguments), "result": result}


def _tool_of(stored: Row) -> ToolRecord:
    return ToolRecord(
        name=stored["name"], arguments=stored["arguments"], result=_sensitive(stored["result"])
    )


def _then(stored: str) -> Then:
    """A step that only a later version knows is none of ours: it goes on."""
    return Then(stored) if stored in {step.value for step in Then} else Then.GO_ON


def _sensitive(text: str | None) -> Sensitive | None:
    return Sensitive(text) if text is not None else None
