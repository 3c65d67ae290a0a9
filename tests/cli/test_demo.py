"""`voxanne demo`: its script, its verdict, its options and its processes."""

import io
import json
import random
import wave
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest
import trio
from trio.testing import MockClock

from voxanne_trio import cli
from voxanne_trio.cli import demo
from voxanne_trio.demo import judging, script, timeline
from voxanne_trio.demo.children import ChildFailed, clean_environment, run_child
from voxanne_trio.demo.evidence import gather
from voxanne_trio.demo.terminal import Terminal
from voxanne_trio.sandbox.account import Account, Numbers
from voxanne_trio.sandbox.caller import AwaitHangUp, Caller, Interrupt, Listen, Say
from voxanne_trio.sandbox.phone import PhoneCall

from .demo_call import AGENT_VOICE, SAID, TURNS, evidence

LATENCIES = ("stt", "llm", "tts", "total", "gap")


# The script


def test_the_built_in_caller_asks_five_things_and_interrupts_once() -> None:
    steps = script.CONVERSATION
    said = [step for step in steps if isinstance(step, Say | Interrupt)]
    assert said[0] == Say("Do you do BBL?")
    assert len(said) == 5
    assert sum(isinstance(step, Interrupt) for step in said) == 1
    assert isinstance(steps[-1], AwaitHangUp)


def test_other_words_are_said_one_after_the_other() -> None:
    steps = script.from_words(["Hello", " !Wait, what? ", "", "Bye"])
    assert [type(step) for step in steps] == [Listen, Say, Interrupt, Listen, Say, AwaitHangUp]
    assert [step.text for step in steps if isinstance(step, Say | Interrupt)] == [
        "Hello",
        "Wait, what?",
        "Bye",
    ]


def test_a_goodbye_is_added_where_there_is_none() -> None:
    said = [step.text for step in script.from_words(["Hello"]) if isinstance(step, Say)]
    assert said == ["Hello", script.FAREWELL]


def test_a_script_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_text("# a comment\nHello\n!Wait\n", encoding="utf-8")
    assert script.from_file(path) == script.from_words(["Hello", "!Wait"])
    path.write_text('["listen", {"say": "Hello"}, "hang_up"]', encoding="utf-8")
    assert [type(step).__name__ for step in script.from_file(path)] == ["Listen", "Say", "HangUp"]


@pytest.mark.parametrize("text", ["", "# nothing\n", '["listen"]', '[{"shout": "x"}]', "[1"])
def test_a_script_that_says_nothing_or_is_none_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError):
        script.from_file(path)


def test_a_silent_caller_does_not_wait_long() -> None:
    waits = [
        step.patience
        for step in script.silenced(script.CONVERSATION)
        if isinstance(step, Listen | Interrupt | AwaitHangUp)
    ]
    assert len(waits) == 6
    assert max(waits[1:]) <= script.SILENT_PATIENCE < waits[0]


# Judging


def test_a_conversation_that_happened() -> None:
    assert judging.reasons(evidence()) == []


def _said(index: int, **changes: Any) -> dict[str, Any]:
    said = list(SAID)
    said[index] = attrs.evolve(said[index], **changes)
    return {"said": tuple(said)}


def _turns(index: int, **changes: Any) -> dict[str, Any]:
    turns = list(TURNS)
    turns[index] = attrs.evolve(turns[index], **changes)
    return {"turns": tuple(turns)}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"greeted": None}, "no greeting"),
        ({"caller_voice": ()}, "carried no voice"),
        (_said(0, answered=None), 'no answer was heard to "Do you do BBL?"'),
        (_said(0, answered=9), 'no answer was heard to "Do you do BBL?"'),
        (_said(0, answered=None), "4 turns were answered, not 5"),
        (_said(2, cleared=None), "no clear was sent"),
        ({"agent_voice": AGENT_VOICE[:2]}, "the agent was silent"),
        (_said(2, silent=25.5, cleared=25.5), "fell silent 340 ms after"),
        ({"agent_voice": (*AGENT_VOICE, (25.3, 25.6))}, "went on speaking"),
        (_turns(2, interrupted=False), "no recorded turn was cut off"),
        (_turns(1, caller=None), "the server recorded 4 turns with words, not 5"),
        ({"said": SAID[:3]}, "the call ended when 3 of 5 things had been said"),
        ({"turns": ()}, "the server recorded 0 turns with words, not 5"),
        ({"missed": ("nobody hung up",)}, "nobody hung up"),
        ({"ended_by": "caller"}, "the caller hung up"),
        ({"outcome": "trouble"}, "record says trouble"),
        ({"violations": ("not JSON (31951)",)}, "not JSON"),
        ({"stream_errors": ("31903 broken",)}, "31903"),
        ({"accidents": ("the sandbox was ended by SIGKILL",)}, "SIGKILL"),
    ],
)
def test_what_is_no_conversation(changes: Mapping[str, Any], reason: str) -> None:
    assert any(reason in found for found in judging.reasons(evidence(**changes)))


def test_latencies_over_budget_are_no_reason() -> None:
    slow = attrs.evolve(TURNS[1], latency_ms=dict.fromkeys(LATENCIES, 9_000))
    assert judging.reasons(evidence(turns=(TURNS[0], slow, *TURNS[2:]))) == []


def test_a_short_script_needs_fewer_answers() -> None:
    assert judging.reasons(evidence(said=SAID[3:], planned=2)) == []


async def test_a_call_that_never_came_about_is_evidence_too(autojump_clock: MockClock) -> None:
    rng = random.Random(0)

    async def refuse(host: str, port: int) -> trio.abc.Stream:
        await trio.lowlevel.checkpoint()
        raise OSError("nobody there")

    async def speak(text: str) -> bytes:
        await trio.lowlevel.checkpoint()
        return text.encode()

    account = Account(sid="AC1", auth_token="x", dial=refuse, rng=rng, wall=lambda: 0.0)
    call = PhoneCall(account, Numbers(webhook="http://127.0.0.1:9/twiml"))
    await call.run()
    found = gather(call, Caller(script.CONVERSATION, speak), None)
    assert "the caller heard no greeting" in judging.reasons(found)
    assert ET.fromstring(timeline.draw(found, "")) is not None


# The command


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--profile", "sunny"], "no profile 'sunny'"),
        (["--script", "nowhere.txt"], "nowhere.txt cannot be read"),
        (["--say", " "], "nothing to say"),
        (["--say", "Hi", "--script", "x"], "give one of them"),
    ],
)
def test_wrong_use_is_one_line(
    options: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["demo", *options]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_without_the_sandbox_extra_one_line_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo, "find_spec", lambda name: None if name == "pocketsphinx" else name)
    assert cli.main(["demo"]) == 2
    error = capsys.readouterr().err
    assert error == "voxanne demo needs pocketsphinx: pip install 'voxanne[sandbox]'\n"


def test_a_child_that_does_not_start_is_told_with_its_last_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    async def fail(*_: object) -> None:
        await trio.lowlevel.checkpoint()
        raise ChildFailed("Cannot start: the sandbox ended with code 1\n  why")

    monkeypatch.setattr("voxanne_trio.demo.conducting.perform", fail)
    assert cli.main(["demo", "--out", str(tmp_path)]) == 1
    assert capsys.readouterr().err == "Cannot start: the sandbox ended with code 1\n  why\n"


def test_a_player_that_is_missing_is_said() -> None:
    stream = io.StringIO()
    demo.play(Path("call.wav"), Terminal(stream, colours=False), [("no-such-player",)])
    assert "none of no-such-player is installed" in stream.getvalue()


# Children


def test_a_child_gets_nobodys_keys() -> None:
    given = {"GROQ_API_KEY": "k", "VOXANNE_PORT": "1", "TWILIO_AUTH_TOKEN_FILE": "f", "HOME": "/h"}
    environ = clean_environment(given, Path("/package"))
    assert environ == {"HOME": "/h", "PYTHONPATH": "/package", "PYTHONUNBUFFERED": "1"}


async def test_a_child_is_logged_and_ends_with_us(tmp_path: Path) -> None:
    lines: list[str] = []
    environ = clean_environment({}, Path(demo.__file__).parents[2])
    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            start = (run_child, "settings", ["settings"], environ, tmp_path, lines.append)
            child = await nursery.start(*start)
            await child.ended.wait()
    assert child.process.returncode == 0
    assert child.how_it_ended() == "the settings ended with code 0"
    assert any(line.startswith("VOXANNE_PORT") for line in lines)
    assert "VOXANNE_PORT" in (tmp_path / "settings.log").read_text()


async def test_a_child_ends_when_its_parent_lets_go_of_it(tmp_path: Path) -> None:
    environ = clean_environment({}, Path(demo.__file__).parents[2])
    command = ["sandbox", "--port", "0", "--scripted"]
    listening = trio.Event()

    def look(line: str) -> None:
        if line.startswith("{"):
            listening.set()

    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            child = await nursery.start(run_child, "sandbox", command, environ, tmp_path, look)
            await listening.wait()
            await child.process.stdin.aclose()
            await child.ended.wait()


@pytest.mark.sockets
def test_the_whole_demo(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Real processes, real sockets; the words are told to the recogniser, to be quick about it."""
    words = ["Do you do BBL?", "!Wait, where are you located?", "Thank you, goodbye."]
    options = ["--json", "--scripted", "--profile", "fixed:200,80,60", "--out", str(tmp_path)]
    code = cli.main(["demo", *options, "--say", *words])
    said = capsys.readouterr()
    whole = json.loads(said.out)
    assert (code, whole["reasons"]) == (0, []), said.err
    assert [turn["caller"] for turn in whole["turns"]] == [None, *(w.strip("!") for w in words)]
    assert [turn["interrupted"] for turn in whole["turns"]] == [False, True, False, False]
    assert whole["turns"][1]["agent"].startswith(whole["turns"][1]["heard"])
    assert whole["recogniser"] == "scripted"
    for name in ("wav", "timeline", "transcript"):
        assert Path(whole[name]).stat().st_size > 1_000
    with wave.open(whole["wav"]) as file:
        frames = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    assert (np.abs(frames.astype(int)).max(axis=0) > 3_000).all()
