"""`voxanne demo`: a whole call on this machine, without keys or network."""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import trio

from ..errors import ConfigurationError
from . import DONE, FELL_SHORT

if TYPE_CHECKING:
    from ..demo.conducting import Performance
    from ..demo.stage import Plan
    from ..demo.terminal import Terminal
    from ..demo.transcript import Files

_NEEDED: Final = ("espeakng_loader", "h11", "numpy", "pocketsphinx", "wsproto")
_PLAYERS: Final = (
    ("aplay", "-q"),
    ("afplay",),
    ("paplay",),
    ("pw-play",),
    ("ffplay", "-autoexit", "-nodisp", "-loglevel", "error"),
    ("play", "-q"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the options."""
    add = parser.add_argument
    add("--out", type=Path, default=Path("voxanne-demo"), help="where the files go")
    add("--play", action="store_true", help="play the recording afterwards")
    add("--json", action="store_true", help="print one object; progress to standard error")
    add(
        "--profile",
        default="target",
        help="the vendors' delays: target, typical, bad or fixed:STT_MS,LLM_MS,TTS_MS",
    )
    add("--stt", choices=("flux", "nova"), default="flux", help="recogniser's protocol")
    add(
        "--say",
        nargs="+",
        metavar="TEXT",
        help="what the caller says instead, one after the other; with ! in front it interrupts",
    )
    add("--script", type=Path, help="a file with what the caller says: one a line, or JSON steps")
    add("--silent", action="store_true", help="the caller's audio is replaced by silence")
    add(
        "--scripted",
        action="store_true",
        help="the recogniser is told the words instead of recognising them (for slow machines)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Show the call; 0 only if the conversation really happened."""
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise ConfigurationError(
            f"voxanne demo needs {', '.join(missing)}: pip install 'voxanne[sandbox]'"
        )
    from ..demo.children import ChildFailed
    from ..demo.conducting import perform
    from ..demo.live import LiveView
    from ..demo.terminal import Terminal
    from ..demo.transcript import Files

    terminal = Terminal.on(sys.stderr if arguments.json else sys.stdout)
    plan = _plan(arguments)
    try:
        performance = trio.run(perform, plan, LiveView(terminal))
    except ChildFailed as failure:
        sys.stderr.write(f"{failure}\n")
        return FELL_SHORT
    return _finish(arguments, plan, performance, terminal, Files(directory=plan.directory))


def _plan(arguments: argparse.Namespace) -> Plan:
    import random

    from ..demo import script
    from ..demo.stage import Plan
    from ..sandbox.profiles import Profile

    if arguments.say and arguments.script:
        raise ConfigurationError("--say and --script: give one of them")
    try:
        Profile.named(arguments.profile, random.Random(0))  # noqa: S311 - only whether it is one
        steps = script.CONVERSATION
        if arguments.script:
            steps = script.from_file(arguments.script)
        elif arguments.say:
            steps = script.from_words(arguments.say)
        arguments.out.mkdir(parents=True, exist_ok=True)
    except ValueError as error:
        raise ConfigurationError(str(error)) from error
    except OSError as error:
        raise ConfigurationError(f"--out {arguments.out}: {error.strerror}") from error
    directory = arguments.out.resolve()
    shutil.rmtree(directory / "phrases", ignore_errors=True)
    return Plan(
        script=script.silenced(steps) if arguments.silent else steps,
        profile=arguments.profile,
        stt=arguments.stt,
        scripted=arguments.scripted,
        silent=arguments.silent,
        directory=directory,
        package_root=Path(__file__).resolve().parents[2],
    )


def _finish(
    arguments: argparse.Namespace,
    plan: Plan,
    performance: Performance,
    terminal: Terminal,
    files: Files,
) -> int:
    """Judge, write the files, show the end."""
    from ..demo import transcript
    from ..demo.judging import reasons

    found = reasons(performance.evidence)
    whole = transcript.result(performance, found, profile=plan.profile, files=files)
    _write(files, performance, plan, whole)
    _show_end(terminal, performance, plan, whole, arguments.out)
    if arguments.json:
        print(json.dumps(whole, ensure_ascii=False))
    if arguments.play:
        play(files.wav, terminal)
    return FELL_SHORT if found else DONE


def _write(files: Files, performance: Performance, plan: Plan, whole: dict[str, Any]) -> None:
    from ..demo import timeline, transcript
    from ..demo.recording import write_wav

    evidence = performance.evidence
    write_wav(files.wav, evidence.caller_audio, evidence.agent_audio)
    subtitle = (
        f"{evidence.seconds:.1f} s; {plan.stt} with {whole['recogniser']}; the vendors are "
        f"stand-ins with the delays of profile {plan.profile}"
    )
    files.timeline.write_text(timeline.draw(evidence, subtitle), encoding="utf-8")
    data = transcript.transcript(performance, whole)
    text = json.dumps(data, ensure_ascii=False, indent=2) + "\n"
    files.transcript.write_text(text, encoding="utf-8")


def _show_end(
    terminal: Terminal,
    performance: Performance,
    plan: Plan,
    whole: dict[str, Any],
    out: Path,
) -> None:
    from ..demo import summary

    terminal.line()
    for line in summary.ending(terminal, performance, plan.profile, plan.stt, whole, out):
        terminal.line(line)


def play(wav: Path, terminal: Terminal, players: Sequence[Sequence[str]] = _PLAYERS) -> None:
    """Play a recording with the first player that is installed; a line where there is none."""
    player = next((each for each in players if shutil.which(each[0])), None)
    if player is None:
        names = ", ".join(each[0] for each in players)
        terminal.line(f"  not played: none of {names} is installed")
        return
    subprocess.run([*player, str(wav)], check=False)  # noqa: S603 - a known player, our own file
