"""Logs as an operator follows a call: one line per thing that happened, its call's tail in front.

Knows formats, files and what may be said. The caller's words are printed only where the settings
allow it: `words()` gives them or their number. A line is formatted and written where it is logged:
some 30 us each, and a call writes about ten a turn, so nothing waits; a file that cannot be written
says so once on the terminal and the service goes on.
"""

from __future__ import annotations

import json
import logging
import re
import select
import sys
import time
from collections.abc import MutableMapping
from contextlib import suppress
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any, Final, TextIO

import trio

from ..errors import ConfigurationError
from ..events import Sensitive

ROOT: Final = "voxanne"
PACKAGE: Final = "voxanne_trio"
SERVER: Final = "hypercorn.error"
TAIL: Final = 6
"""Last characters of a call sid: enough to tell the calls of a day apart by eye."""

_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")

FILE_BYTES: Final = 10_000_000
FILES_KEPT: Final = 5

PIECE_CHARACTERS: Final = 1_000
"""At most 4,000 bytes: a pipe that is ready takes 4,096 without waiting."""


class CallLog(logging.LoggerAdapter[logging.Logger]):
    """A logger whose lines carry their call."""

    def __init__(self, call_sid: str, *, name: str = f"{ROOT}.call") -> None:
        super().__init__(logging.getLogger(name), {"call_sid": call_sid})

    def process(
        self, msg: Any, kwargs: MutableMapping[str, Any]
    ) -> tuple[Any, MutableMapping[str, Any]]:
        kwargs["extra"] = {**(self.extra or {}), **kwargs.get("extra", {})}
        return msg, kwargs


def words(text: Sensitive | str, *, shown: bool) -> str:
    """Somebody's words for a log line: themselves in quotes, or only how many they are."""
    if not shown:
        count = len((text.reveal() if isinstance(text, Sensitive) else text).split())
        return f"<{count} words>"
    said = text.reveal() if isinstance(text, Sensitive) else text
    return '"' + " ".join(said.split()) + '"'


class ConsoleFormat(logging.Formatter):
    """`14:03:22.517  4f2a1c  Call started`; warnings and worse are marked."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, with a traceback below it where there is one."""
        tail = _harmless(str(getattr(record, "call_sid", ""))[-TAIL:])
        mark = f"{record.levelname}: " if record.levelno >= logging.WARNING else ""
        clock = self.formatTime(record, "%H:%M:%S")
        line = f"{clock}.{int(record.msecs):03d}  {tail:<{TAIL}}  {mark}{_one_line(record)}"
        return line + self._traceback(record)

    def _traceback(self, record: logging.LogRecord) -> str:
        return "\n" + self.formatException(record.exc_info) if record.exc_info else ""


class JsonFormat(logging.Formatter):
    """One object a line: `time` (UTC), `level`, `logger`, `call_sid`, `message`, `error`."""

    def format(self, record: logging.LogRecord) -> str:
        """The object; `call_sid` and `error` only where there is one."""
        entry: dict[str, Any] = {
            "time": f"{self.formatTime(record, '%Y-%m-%dT%H:%M:%S')}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if call_sid := getattr(record, "call_sid", ""):
            entry["call_sid"] = call_sid
        if record.exc_info:
            entry["error"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False)


class Seldom:
    """A warning that strangers can cause: so many a minute, then how many were left out, so that
    they cannot fill the disk, or push what matters out of the log."""

    def __init__(self, log: logging.Logger, per_minute: int = 20) -> None:
        self._log = log
        self._per_minute = per_minute
        self._minute = -1
        self._said = self._left_out = 0

    def warning(self, message: str, *arguments: object) -> None:
        """Log it, or only count it."""
        minute = int(trio.current_time() // 60)
        if minute != self._minute:
            if self._left_out:
                self._log.warning("%d more warnings of this kind were left out", self._left_out)
            self._minute, self._said, self._left_out = minute, 0, 0
        if self._said >= self._per_minute:
            self._left_out += 1
            return
        self._said += 1
        self._log.warning(message, *arguments)


class _Terminal(logging.StreamHandler[TextIO]):
    """Standard output or error. Who reads it may stop (a terminal by Ctrl-S, a pipe whose reader
    hangs): then lines are left out and counted, since to wait for him would stop every call."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._ready = _ready(stream)
        self._left_out = 0
        self._failed = False

    def emit(self, record: logging.LogRecord) -> None:
        """Write it, or leave it out."""
        try:
            text = self.format(record) + self.terminator
            if self._left_out and self._takes_more():
                text, self._left_out = f"({self._left_out} lines were left out)\n{text}", 0
            for start in range(0, len(text), PIECE_CHARACTERS):
                if not self._takes_more():
                    self._left_out += 1
                    break
                self.stream.write(text[start : start + PIECE_CHARACTERS])
                self.flush()
        except Exception:  # noqa: BLE001 - as logging's own handlers do
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:
        """Say it once; later lines are tried again, quietly."""
        if not self._failed:
            self._failed = True
            _complain(f"The log cannot be written to the terminal: {sys.exc_info()[1]}")

    def _takes_more(self) -> bool:
        return self._ready is None or bool(self._ready.poll(0))


def _ready(stream: TextIO) -> select.poll | None:
    """Tells whether a stream takes a piece at once; None for one that is no file."""
    try:
        descriptor = stream.fileno()
    except (OSError, ValueError, AttributeError):
        return None
    ready = select.poll()
    ready.register(descriptor, select.POLLOUT)
    return ready


class _File(RotatingFileHandler):
    """A rotating file whose failure is one line on the terminal, not a traceback for each line."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            path, maxBytes=FILE_BYTES, backupCount=FILES_KEPT, encoding="utf-8", delay=True
        )
        self._failed = False

    def handleError(self, record: logging.LogRecord) -> None:
        """Say it once; later lines are tried again, quietly."""
        if not self._failed:
            self._failed = True
            _complain(f"Log file {self.baseFilename} cannot be written: {sys.exc_info()[1]}")


def _complain(line: str) -> None:
    """To standard error, where there still is one."""
    with suppress(OSError, ValueError):
        sys.stderr.write(f"{line}\n")


def set_up_logs(*, level: str, format: str, file: str, terminal: TextIO | None = None) -> None:
    """Send this process's log to the terminal and, where `file` names one, to that file.

    Replaces what an earlier call set up. Raises `ConfigurationError` for an unknown level. A
    directory or file that cannot be made is said in one line, and the terminal remains.
    """
    number = logging.getLevelNamesMapping().get(level.upper())
    if number is None:
        raise ConfigurationError(f"log level {level!r} is not known")
    handlers: list[logging.Handler] = [_Terminal(terminal or sys.stderr)]
    problem = ""
    if file:
        try:
            Path(file).parent.mkdir(parents=True, exist_ok=True)
            Path(file).open("a", encoding="utf-8").close()
            handlers.append(_File(Path(file)))
        except OSError as error:
            problem = f"Log file {file} cannot be written: {error.strerror}"
    _replace_handlers(handlers, _formatter(format), number)
    if problem:
        logging.getLogger(ROOT).warning(problem)


def _formatter(format: str) -> logging.Formatter:
    if format != "json":
        return ConsoleFormat()
    formatter = JsonFormat()
    formatter.converter = time.gmtime
    return formatter


def _replace_handlers(
    handlers: list[logging.Handler], formatter: logging.Formatter, level: int
) -> None:
    for name in (ROOT, PACKAGE, SERVER):
        logger = logging.getLogger(name)
        for old in logger.handlers[:]:
            logger.removeHandler(old)
            old.close()
        logger.propagate = False
        logger.setLevel(max(level, logging.WARNING) if name == SERVER else level)
        for handler in handlers:
            handler.setFormatter(formatter)
            logger.addHandler(handler)


def _one_line(record: logging.LogRecord) -> str:
    """The message, of which a terminal obeys nothing, whoever has sent it."""
    return _harmless(record.getMessage().replace("\n", " | "))


def _harmless(text: str) -> str:
    return text if text.isprintable() else _CONTROL.sub(_escaped, text)


def _escaped(control: re.Match[str]) -> str:
    return control[0].encode("unicode_escape").decode("ascii")
