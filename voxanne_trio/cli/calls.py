"""`voxanne calls`: the calls that are kept, one of them with its turns, and how to forget them.

Reads the database of the settings, also while servers write to it. What callers said is printed:
that is what it is for.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Iterator
from typing import Any, Final

from ..errors import ConfigurationError
from ..records import CallRecord, TurnRecord
from ..records.database import Database
from ..records.engine import DatabaseUnavailable
from ..records.reading import CallSummary
from ..settings import Settings
from . import DONE

LATEST: Final = 20
DAY_SECONDS: Final = 86_400
_ROW: Final = "{:<19}  {:>7}  {:>5}  {:<16}  {}"
_OPEN: Final = "open"
"""A call whose end nobody has written: it goes on, or its server died."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the options."""
    add = parser.add_argument
    add("call_sid", nargs="?", metavar="SID", help="show this call; without it, the latest calls")
    add("--limit", type=_count, default=LATEST, help=f"how many calls to list (default {LATEST})")
    add("--forget", action="store_true", help="delete the call, for good")
    add(
        "--forget-older-than",
        type=_count,
        metavar="DAYS",
        help="delete every call that began longer ago, for good",
    )
    add("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Print what is asked for, or delete it."""
    if arguments.forget and not arguments.call_sid:
        raise ConfigurationError("--forget needs the SID of a call")
    if arguments.forget_older_than is not None and arguments.call_sid:
        raise ConfigurationError("--forget-older-than takes no SID")
    settings = Settings.load(os.environ)
    if not settings.database_url:
        raise ConfigurationError("VOXANNE_DATABASE_URL is empty: calls are kept in memory alone")
    try:
        database = Database.existing(settings.database_url)
        try:
            said, shown = _asked_for(database, arguments)
        finally:
            database.close()
    except DatabaseUnavailable as unavailable:
        raise ConfigurationError(f"The database cannot be read: {unavailable}") from unavailable
    if arguments.json:
        print(json.dumps(said, ensure_ascii=False))
    else:
        print("\n".join(shown))
    return DONE


def _asked_for(database: Database, arguments: argparse.Namespace) -> tuple[Any, Iterator[str]]:
    """The object and the lines."""
    call_sid: str | None = arguments.call_sid
    if arguments.forget_older_than is not None:
        before = time.time() - arguments.forget_older_than * DAY_SECONDS
        forgotten = database.forget_before(before)
        return {"forgotten": forgotten}, iter([f"Forgotten: {forgotten} calls"])
    if call_sid is None:
        summaries = database.latest(arguments.limit)
        return {"calls": [each.as_json() for each in summaries]}, _table(summaries)
    if arguments.forget:
        return _forgotten(database, call_sid)
    call = database.find(call_sid)
    if call is None:
        raise ConfigurationError(f"No call {call_sid} is kept")
    return call.as_json(), _page(call)


def _forgotten(database: Database, call_sid: str) -> tuple[Any, Iterator[str]]:
    """The call is deleted; where its voicemail is, which is not ours to delete, is told a last
    time."""
    call = database.find(call_sid)
    if not database.forget(call_sid):
        raise ConfigurationError(f"No call {call_sid} is kept")
    recording = call.recording if call is not None else None
    said = [f"Forgotten: {call_sid}"]
    if recording is not None:
        said.append(f"Its voicemail is still at Twilio, delete it there: {recording}")
    return {"forgotten": 1, "recording": recording}, iter(said)


def _table(summaries: list[CallSummary]) -> Iterator[str]:
    yield _ROW.format("began", "lasted", "turns", "outcome", "call")
    for call in summaries:
        lasted = _minutes(call.duration_ms) if call.duration_ms else "-"
        outcome = call.outcome or _OPEN
        sid = f"{call.call_sid}  recorded" if call.recorded else call.call_sid
        yield _ROW.format(_moment(call.started_at), lasted, call.turns, outcome, sid)


def _page(call: CallRecord) -> Iterator[str]:
    lasted = f"{_minutes(call.duration_ms)}, " if call.duration_ms else ""
    streams = f", {call.streams} streams" if call.streams > 1 else ""
    ended = f"{call.outcome}, then {call.then.value}" if call.outcome else _OPEN
    yield f"{call.call_sid}  {_moment(call.started_at)}"
    yield f"{lasted}{len(call.turns)} turns{streams}; {ended}"
    if any(call.counts.values()):
        yield ", ".join(f"{name} {count}" for name, count in call.counts.items() if count)
    if call.recording is not None:
        yield f"voicemail {call.recording}"
    for turn in call.turns:
        yield ""
        yield from _turn(turn)
    if call.asked is not None:
        yield from ("", f"    caller  {call.asked.reveal()}", "            (not answered yet)")


def _turn(turn: TurnRecord) -> Iterator[str]:
    if turn.caller is not None:
        yield f"{turn.number:>3} caller  {turn.caller.reveal()}"
    number = f"{turn.number:>3}" if turn.caller is None else "   "
    yield f"{number} agent   {turn.agent}"
    if turn.heard.split() != turn.agent.split():
        how = "cut off" if turn.interrupted else "in all"
        yield f"    heard   {turn.heard or '(nothing)'} ({how})"
    for tool in turn.tools:
        yield f"    tool    {tool.name} {json.dumps(tool.arguments, ensure_ascii=False)}"
    figures = [f"{name} {ms}" for name, ms in turn.latency_ms.items() if ms is not None]
    if figures:
        yield f"    ms      {', '.join(figures)}"


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def _minutes(milliseconds: int) -> str:
    minutes, seconds = divmod(round(milliseconds / 1000), 60)
    return f"{minutes}:{seconds:02d}"


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError(text)
    return number
