"""Logs: what a line looks like, what it may say, and what happens when the disk does not play."""

import io
import json
import logging
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import trio
import trio.testing

from voxanne_trio.errors import ConfigurationError
from voxanne_trio.events import Sensitive
from voxanne_trio.observe.logs import (
    PACKAGE,
    ROOT,
    SERVER,
    CallLog,
    Seldom,
    set_up_logs,
    words,
)

CALL = "CA1e1e1e1e1e1e1e1e1e1e1e1e1e4f2a1c"


@pytest.fixture(autouse=True)
def _own_handlers() -> Iterator[None]:
    """What `set_up_logs` does to the process is undone."""
    loggers = [logging.getLogger(name) for name in (ROOT, PACKAGE, SERVER)]
    before = [(log.handlers[:], log.propagate, log.level) for log in loggers]
    yield
    for log, (handlers, propagate, level) in zip(loggers, before, strict=True):
        for handler in log.handlers:
            if handler not in handlers:
                handler.close()
        log.handlers, log.propagate = handlers, propagate
        log.setLevel(level)


def logged(format: str = "console", *, level: str = "info", file: str = "") -> io.StringIO:
    terminal = io.StringIO()
    set_up_logs(level=level, format=format, file=file, terminal=terminal)
    return terminal


def test_a_call_is_followed_by_its_tail() -> None:
    terminal = logged()
    CallLog(CALL).info("STT %d ms", 287)
    CallLog(CALL).warning("over\nbudget")
    CallLog(CALL).debug("not shown")
    logging.getLogger("voxanne.web").info("Draining")
    lines = [line.split("  ", 1) for line in terminal.getvalue().splitlines()]
    assert [rest for _, rest in lines] == [
        "4f2a1c  STT 287 ms",
        "4f2a1c  WARNING: over | budget",
        "        Draining",
    ]
    assert all(len(clock) == len("14:03:22.517") for clock, _ in lines)


def test_an_error_has_its_traceback() -> None:
    terminal = logged()
    try:
        raise ValueError("a bug")
    except ValueError:
        CallLog(CALL).exception("Call failed")
    first, *traceback = terminal.getvalue().splitlines()
    assert first.endswith("4f2a1c  ERROR: Call failed")
    assert traceback[-1] == "ValueError: a bug"


def test_json_is_one_object_a_line() -> None:
    terminal = logged("json")
    CallLog(CALL).info("Final: %s", words(Sensitive("né \n ça"), shown=True))
    try:
        raise ValueError("a bug")
    except ValueError:
        logging.getLogger("voxanne.web").exception("Failed")
    first, second = (json.loads(line) for line in terminal.getvalue().splitlines())
    assert first.pop("time").endswith("Z")
    assert first == {
        "level": "info",
        "logger": "voxanne.call",
        "message": 'Final: "né ça"',
        "call_sid": CALL,
    }
    assert "ValueError: a bug" in second["error"]
    assert "call_sid" not in second


@pytest.mark.parametrize("text", ["do you do BBL", Sensitive("do you do BBL")])
def test_words_are_private_where_the_settings_say_so(text: str | Sensitive) -> None:
    assert words(text, shown=True) == '"do you do BBL"'
    assert words(text, shown=False) == "<4 words>"


def test_the_file_has_the_same_lines_and_its_directory_is_made(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "deep" / "voxanne.log"
    terminal = logged(file=str(path))
    CallLog(CALL).info("Call started")
    assert path.read_text("utf-8") == terminal.getvalue()


def test_a_second_set_up_replaces_the_first(tmp_path: Path) -> None:
    first = logged(file=str(tmp_path / "a.log"))
    second = logged()
    CallLog(CALL).info("once")
    assert first.getvalue() == ""
    assert second.getvalue().count("once") == 1


def test_a_file_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    terminal = logged(file=str(tmp_path / "file" / "voxanne.log"))
    (line,) = terminal.getvalue().splitlines()
    assert "WARNING: Log file" in line
    assert "cannot be written" in line
    CallLog(CALL).info("goes on")
    assert "goes on" in terminal.getvalue()


class FullDisk(io.StringIO):
    """A file on a disk without room."""

    def write(self, text: str) -> int:
        raise OSError(28, "No space left on device")


def test_a_disk_that_fills_up_is_said_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal = logged(file=str(tmp_path / "voxanne.log"))
    (handler,) = (h for h in logging.getLogger(ROOT).handlers if isinstance(h, logging.FileHandler))
    handler.stream = FullDisk()  # type: ignore[assignment]  # any text stream will do
    for _ in range(3):
        CallLog(CALL).info("lost")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"Log file {tmp_path / 'voxanne.log'} cannot be written: [Errno 28]")
    assert terminal.getvalue().count("lost") == 3


def test_an_unknown_level() -> None:
    with pytest.raises(ConfigurationError):
        logged(level="loud")


def test_a_terminal_obeys_nothing_that_others_have_sent() -> None:
    terminal = logged()
    CallLog("CA\x1b[2J").warning("Voicemail: %s", "http://x/\x1b]0;owned\x07\x9b\r\u202eé")
    (line,) = terminal.getvalue().splitlines()
    assert line.endswith(r"Voicemail: http://x/\x1b]0;owned\x07\x9b\r\u202eé")
    assert line.isprintable()


def test_a_terminal_that_takes_no_more_keeps_nobody_waiting() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as reader, os.fdopen(writing, "w") as terminal:
        set_up_logs(level="info", format="console", file="", terminal=terminal)
        for number in range(2_000):
            CallLog(CALL).info("%d %s", number, "x" * 1_500)
        said = os.read(reader.fileno(), 1 << 20).decode()
        assert said.count("x" * 1_000) < 100
        CallLog(CALL).info("at last")
        last = os.read(reader.fileno(), 1 << 20).decode()
        assert "lines were left out)\n" in last
        assert last.endswith("at last\n")


def test_a_terminal_that_is_gone_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    terminal = os.fdopen(writing, "w")
    set_up_logs(level="info", format="console", file="", terminal=terminal)
    for _ in range(3):
        CallLog(CALL).info("lost")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("The log cannot be written to the terminal: ")
    with suppress(OSError):
        terminal.close()


async def test_strangers_do_not_fill_the_log(autojump_clock: trio.testing.MockClock) -> None:
    terminal = logged()
    seldom = Seldom(logging.getLogger(ROOT), per_minute=2)
    for _ in range(5):
        seldom.warning("refused")
    await trio.sleep(60)
    seldom.warning("refused again")
    said = [line.partition("WARNING: ")[2] for line in terminal.getvalue().splitlines()]
    left_out = "3 more warnings of this kind were left out"
    assert said == ["refused", "refused", left_out, "refused again"]
