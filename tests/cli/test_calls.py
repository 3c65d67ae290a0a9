"""`voxanne calls`: the table, one call, what is forgotten, and what is said where nothing is."""

from __future__ import annotations

import json
import time
from pathlib import Path

import attrs
import pytest

from tests.records.support import FULL_TURN, a_turn
from voxanne_trio import cli
from voxanne_trio.events import Sensitive
from voxanne_trio.records import Then
from voxanne_trio.records.database import Database
from voxanne_trio.records.entries import Asked, RecordingLeft, StreamBegan, StreamEnded, TurnHeard

LONG_AGO = 1_000_000_000.0


@pytest.fixture
def file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A working directory with a server's calls in it: one that is over, one that goes on."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("os.environ", {})
    database = Database("sqlite:///voxanne.db")
    database.prepare()
    database.write(
        [
            StreamBegan("CA1", "MZ1", LONG_AGO),
            TurnHeard("CA1", "MZ1", a_turn(0, None, "Hello.")),
            TurnHeard("CA1", "MZ1", attrs.evolve(FULL_TURN, number=1)),
            StreamEnded("CA1", "MZ1", "farewell", Then.HANG_UP, 83_400, {"gaps": 2, "frames": 0}),
            StreamBegan("CA2", "MZ2", time.time()),
            Asked("CA2", "MZ2", Sensitive("When are you open?")),
        ]
    )
    database.close()
    return tmp_path / "voxanne.db"


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.splitlines()


def test_the_latest_calls_first(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["calls"]) == 0
    _, second, first = lines(capsys)
    assert second.split()[-2:] == ["open", "CA2"]
    assert first.split()[-4:] == ["1:23", "2", "farewell", "CA1"]
    assert cli.main(["calls", "--limit", "1"]) == 0
    assert len(lines(capsys)) == 2


def test_one_call_with_its_turns(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["calls", "CA1"]) == 0
    text = capsys.readouterr().out
    for fact in (
        "1:23, 2 turns; farewell, then hang up",
        "gaps 2",
        "  0 agent   Hello.",
        "  1 caller  Is Dr. Müller in? 😀",
        "    agent   Let me see.",
        "    heard   Let me (cut off)",
        '    tool    find {"who": "Müller", "days": [1, 2]}',
        "    ms      stt 210\n",
    ):
        assert fact in text
    assert "frames" not in text
    assert "heard   Hello." not in text
    assert cli.main(["calls", "CA2"]) == 0
    assert "caller  When are you open?" in capsys.readouterr().out


def test_one_object(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["calls", "--json"]) == 0
    second, first = json.loads(capsys.readouterr().out)["calls"]
    assert (second["call_sid"], second["outcome"]) == ("CA2", None)
    assert first == {
        "call_sid": "CA1",
        "started_at": LONG_AGO,
        "outcome": "farewell",
        "then": "hang up",
        "streams": 1,
        "duration_ms": 83_400,
        "turns": 2,
        "recorded": False,
    }
    assert cli.main(["calls", "CA1", "--json"]) == 0
    call = json.loads(capsys.readouterr().out)
    assert [turn["heard"] for turn in call["turns"]] == ["Hello.", "Let me"]


def test_forgetting(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["calls", "--forget-older-than", "30", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"forgotten": 1}
    assert cli.main(["calls", "CA1"]) == 2
    assert cli.main(["calls", "--forget", "CA2"]) == 0
    assert cli.main(["calls", "--forget", "CA2"]) == 2
    assert lines(capsys) == ["Forgotten: CA2"]


def test_a_voicemail_is_marked_shown_and_still_at_twilio_when_its_call_is_forgotten(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = "https://api.twilio.com/RE1"
    database = Database(f"sqlite:///{file}")
    database.prepare()
    database.write([RecordingLeft("CA1", url)])
    database.close()
    assert cli.main(["calls"]) == 0
    _, second, first = lines(capsys)
    assert first.split()[-2:] == ["CA1", "recorded"]
    assert second.split()[-1] == "CA2"
    assert cli.main(["calls", "CA1"]) == 0
    assert f"voicemail {url}" in lines(capsys)
    assert cli.main(["calls", "CA1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["recording"] == url
    assert cli.main(["calls", "--forget", "CA1"]) == 0
    assert lines(capsys)[1:] == [f"Its voicemail is still at Twilio, delete it there: {url}"]
    assert cli.main(["calls", "--forget", "CA2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"forgotten": 1, "recording": None}


@pytest.mark.parametrize(
    ("url", "given", "problem"),
    [
        ("sqlite:///other.db", [], "No calls are kept yet: there is no other.db"),
        ("sqlite:///empty.db", [], "No calls are kept yet"),
        ("sqlite:///letter.db", [], "The database cannot be read: file is not a database"),
        ("", [], "VOXANNE_DATABASE_URL is empty"),
        ("sqlite:///voxanne.db", ["CA9"], "No call CA9 is kept"),
        ("sqlite:///voxanne.db", ["--forget"], "--forget needs the SID of a call"),
    ],
)
def test_problems_are_one_line(
    url: str,
    given: list[str],
    problem: str,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (file.parent / "empty.db").touch()
    (file.parent / "letter.db").write_text("a letter, not a database" * 100)
    monkeypatch.setattr("os.environ", {"VOXANNE_DATABASE_URL": url})
    assert cli.main(["calls", *given]) == 2
    said = capsys.readouterr()
    (line,) = said.err.splitlines()
    assert line.startswith(problem)
    assert said.out == ""
    assert not (file.parent / "other.db").exists()
