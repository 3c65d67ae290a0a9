"""Tapes: every event of a call as it was told to the floor, kept so that the call can be run again.

A tape is a file of JSON lines: a head with the rules of the call, then one event a line with the
seconds since the call began, the scene that the floor saw, the commands it led to, and the floor's
state after it. A caller's words are on it only where the
settings say so; otherwise each text is its number of words, and keys are not told apart. Taping
never makes a call wait: events are put down in memory, and written every second or two by whatever
`run_sync` is, a thread in production. A disk that cannot be written costs the tape, nothing else.
"""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol, cast

import attrs
import trio

from .. import events as all_events
from ..events import CallResumed, CallStarted, Event, KeyPressed, Sensitive

log = logging.getLogger("voxanne.tape")

VERSION: Final = 2
WRITE_SECONDS: Final = 2.0
WAITING_LINES: Final = 20_000
"""Lines of all calls that may wait to be written; what comes after them is left out, and counted:
some thousand calls' of one interval."""

LAST_WRITE_SECONDS: Final = 5.0
UNKNOWN_KEY: Final = "?"

_NOT_TAPED: Final = frozenset({"rules"})
_SCENE_TIMES: Final = frozenset({"now", "covered_until"})

RunSync = Callable[[Callable[[], None]], Awaitable[None]]
"""Runs what blocks."""

_MICROSECONDS: Final = 6
_UNSAFE: Final = re.compile(r"[^0-9A-Za-z]")


class Floor(Protocol):
    """What is read of a floor."""

    @property
    def state(self) -> Any: ...

    @property
    def reply(self) -> int: ...


class TapedCall(Protocol):
    """What is read of a call."""

    sid: str
    tape: str
    """Its tape's name: each stream of a call has its own."""
    started_at: float

    @property
    def floor(self) -> Any: ...

    @property
    def scene(self) -> Any: ...


def encoded(event: Event, since: float, *, words: bool) -> dict[str, Any]:
    """An event as JSON; its times are seconds after `since`."""
    line: dict[str, Any] = {"event": type(event).__name__}
    for field in attrs.fields(type(event)):
        value = getattr(event, field.name)
        if isinstance(value, Sensitive):
            value = value.reveal() if words else len(value.reveal().split())
        elif _is_time(field.name) and value is not None:
            value = round(value - since, _MICROSECONDS)
        line[field.name] = value
    if isinstance(event, CallStarted):
        line["parameters"] = {}  # they hold what admits a stream
    if isinstance(event, KeyPressed) and not words:
        line["digit"] = UNKNOWN_KEY
    return line


def encoded_scene(scene: Any, since: float, *, words: bool) -> dict[str, Any]:
    """What differs of a scene from an empty one, its rules left out; times are after `since`."""
    found: dict[str, Any] = {}
    for field in attrs.fields(type(scene)):
        value = getattr(scene, field.name)
        if field.name in _NOT_TAPED or value == field.default:
            continue
        if attrs.has(type(value)):
            value = encoded_scene(value, since, words=words)
        elif isinstance(value, str):
            value = value if words else ""
        elif field.name in _SCENE_TIMES and value is not None:
            value = round(value - since, _MICROSECONDS)
        found[field.name] = value
    return found


def decoded(line: Mapping[str, Any], since: float) -> Event:
    """The event of a line, as of a call that began at `since`. Raises `ValueError`."""
    kind = getattr(all_events, str(line.get("event")), None)
    if kind is None or not attrs.has(kind) or kind is Sensitive:
        raise ValueError(f"no event {line.get('event')!r}")
    values: dict[str, Any] = {}
    for field in attrs.fields(kind):
        if field.name in line:
            values[field.name] = _value(field.name, line[field.name], since)
    try:
        return cast("Event", kind(**values))
    except TypeError as error:
        raise ValueError(str(error)) from error


def _value(name: str, value: Any, since: float) -> Any:
    if name == "text":
        return Sensitive(" ".join(["word"] * value) if isinstance(value, int) else str(value))
    return value + since if _is_time(name) and value is not None else value


def _is_time(name: str) -> bool:
    return name == "at" or name.endswith(("_at", "_until"))


class Tapes:
    """The tapes of one process, in one directory; `run` writes them."""

    def __init__(self, directory: Path, *, words: bool, run_sync: RunSync) -> None:
        self._directory = directory
        self._words = words
        self._run_sync = run_sync
        self._waiting: dict[str, list[str]] = {}
        self._count = 0
        self._failed = False
        self.left_out = 0
        """Lines for which there was no room."""

    def watch(self, call: TapedCall, event: Event, commands: tuple[Any, ...]) -> None:
        """Put an event down. For `Services.watch`."""
        since = call.started_at
        line = encoded(event, since, words=self._words)
        floor: Floor = call.floor
        line |= {
            "t": round(trio.current_time() - since, _MICROSECONDS),
            "scene": encoded_scene(call.scene, since, words=self._words),
            "commands": [type(command).__name__ for command in commands],
            "state": floor.state.value,
            "reply": floor.reply,
        }
        if isinstance(event, CallStarted | CallResumed):
            head = {"tape": VERSION, "call_sid": call.sid, "words": self._words}
            self._put(call.tape, head | {"rules": attrs.asdict(call.scene.rules)})
        self._put(call.tape, line)

    def _put(self, tape: str, line: Mapping[str, Any]) -> None:
        if self._count >= WAITING_LINES:
            self.left_out += 1
            return
        self._count += 1
        text = json.dumps(line, ensure_ascii=False)
        self._waiting.setdefault(tape, []).append(text)

    async def run(self) -> None:
        """Write what has come, until cancelled; then the rest, for a few seconds at most."""
        try:
            while True:
                await trio.sleep(WRITE_SECONDS)
                await self._write_waiting()
        finally:
            with trio.move_on_after(LAST_WRITE_SECONDS, shield=True):
                await self._write_waiting()

    async def _write_waiting(self) -> None:
        waiting, self._waiting, self._count = self._waiting, {}, 0
        if not waiting:
            return
        await self._run_sync(partial(self._write, waiting))

    def _write(self, waiting: Mapping[str, list[str]]) -> None:
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            for tape, lines in waiting.items():
                self._append(self.path(tape), "\n".join(lines) + "\n")
        except OSError as error:
            if not self._failed:
                log.warning("Tape not kept in %s: %s", self._directory, error)
            self._failed = True

    def path(self, tape: str) -> Path:
        """Where the tape of that name is kept."""
        return self._directory / f"{_UNSAFE.sub('', tape) or 'call'}.jsonl"

    @staticmethod
    def _append(path: Path, text: str) -> None:
        mode = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        with os.fdopen(os.open(path, mode, 0o600), "a", encoding="utf-8") as file:
            file.write(text)
