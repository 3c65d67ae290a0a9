"""The `voxanne` command: its table, what it says without keys, and that it starts quickly."""

import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from voxanne_trio import __version__, cli
from voxanne_trio.cli import serve as serve_command
from voxanne_trio.sandbox.caller import read_script
from voxanne_trio.web.serving import listen

KEYS = {
    "DEEPGRAM_API_KEY": "dg",
    "GROQ_API_KEY": "gq",
    "TWILIO_ACCOUNT_SID": "AC1",
    "TWILIO_AUTH_TOKEN": "token",
    "VOXANNE_PUBLIC_URL": "https://voice.example.com",
    "VOXANNE_LOG_FILE": "",
    "VOXANNE_CACHE_DIR": "",
    "VOXANNE_DATABASE_URL": "",
}


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither the developer's environment nor their `.env` counts here."""
    monkeypatch.setattr("os.environ", {})
    monkeypatch.chdir(tmp_path)


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main(["--version"])
    assert left.value.code == 0
    assert capsys.readouterr().out == f"voxanne {__version__}\n"


@pytest.mark.parametrize(("given", "code"), [([], 2), (["nonsense"], 2), (["--help"], 0)])
def test_help_names_every_command(
    given: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main(given)
    assert left.value.code == code
    said = capsys.readouterr()
    if code == 0:
        assert all(f"  {command.name} " in said.out for command in cli.COMMANDS)
    else:
        assert "usage: voxanne" in said.err


def test_settings_in_force_do_not_show_secrets(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("os.environ", KEYS)
    assert cli.main(["settings"]) == 0
    shown = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines() if line)
    assert shown["DEEPGRAM_API_KEY"] == "set"
    assert shown["VOXANNE_OPERATOR_TOKEN"] == "not set"
    assert shown["VOXANNE_PUBLIC_URL"] == "https://voice.example.com"


def test_wrong_settings_are_a_line_each(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("os.environ", {"VOXANNE_PORT": "x", "VOXANNE_STT": "y"})
    assert cli.main(["serve"]) == 2
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("VOXANNE_PORT: ")
    assert second.startswith("VOXANNE_STT: ")
    assert cli.main(["serve", "--port", "99999"]) == 2


def test_serve_without_keys_says_what_is_missing_and_how_to_try(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main(["serve"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    for name in (*list(KEYS)[:5], "voxanne demo", "voxanne serve --sandbox"):
        assert name in said.err


@pytest.mark.sockets
def test_a_port_in_use(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with listen("127.0.0.1", 0) as taken:
        port = str(taken.getsockname()[1])
        monkeypatch.setattr("os.environ", {**KEYS, "VOXANNE_HOST": "127.0.0.1"})
        monkeypatch.setattr(serve_command, "set_up_logs", lambda **_: None)
        assert cli.main(["serve", "--port", port]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"Port {port} on 127.0.0.1 is in use")


@pytest.mark.sockets
def test_records_that_can_never_be_written(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    database = {"VOXANNE_DATABASE_URL": "sqlite:////nowhere/calls.db"}
    monkeypatch.setattr("os.environ", {**KEYS, **database, "VOXANNE_HOST": "127.0.0.1"})
    monkeypatch.setattr(serve_command, "set_up_logs", lambda **_: None)
    assert cli.main(["serve", "--port", "0"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("Cannot start: VOXANNE_DATABASE_URL: SQLite file /nowhere/calls.db")


def test_a_server_on_stand_ins_leaves_no_calls_behind() -> None:
    stand_ins = {"VOXANNE_CACHE_DIR": ""}
    assert serve_command._sandboxed({}, stand_ins).database_url == ""
    chosen = {"VOXANNE_DATABASE_URL": "sqlite:///kept.db"}
    assert serve_command._sandboxed(chosen, stand_ins).database_url == "sqlite:///kept.db"


def python(*arguments: str) -> Any:
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, timeout=30, check=True
    )


def test_the_table_is_read_without_importing_the_product() -> None:
    script = (
        "import sys, voxanne_trio.cli, json;"
        "print(json.dumps([name for name in sys.modules if name.split('.')[0] in"
        " ('trio', 'quart', 'groq', 'httpx', 'numpy')]))"
    )
    assert json.loads(python("-c", script).stdout) == []


def test_as_a_module() -> None:
    assert python("-m", "voxanne_trio.cli", "--version").stdout == f"voxanne {__version__}\n"


def test_who_reads_no_further_is_no_error() -> None:
    """As in `voxanne settings | head -1`."""
    command = [sys.executable, "-m", "voxanne_trio.cli", "settings", "--markdown"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


def test_how_to_ring_a_server_on_stand_ins_is_a_command_that_can_be_pasted() -> None:
    line = serve_command._how_to_ring("http://127.0.0.1:8900", "http://127.0.0.1:8000")
    _, url, _, body = shlex.split(line.partition("to ring it")[2])
    assert url == "http://127.0.0.1:8900/sandbox/calls"
    call = json.loads(body)
    assert call["webhook"] == "http://127.0.0.1:8000/twiml"
    assert len(read_script(call["script"])) == 5
