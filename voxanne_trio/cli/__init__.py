"""The `voxanne` command: a table of sub-commands, each a module that is imported when asked for.

A command's module has two functions: `add_arguments(parser)` describes its options, and
`run(arguments) -> int` does the work and returns the exit code (0 done, 1 a check fell short, 2
usage or configuration). A `ConfigurationError` that leaves `run` becomes its lines on standard
error and code 2. Human output goes to the terminal, progress to standard error; with `--json` a
command prints one object on standard output and nothing else there.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Final, NamedTuple

from .. import __version__
from ..errors import ConfigurationError

DONE: Final = 0
FELL_SHORT: Final = 1
WRONG_USE: Final = 2


class Command(NamedTuple):
    """One sub-command."""

    name: str
    module: str
    help: str


COMMANDS: Final = (
    Command("serve", "serve", "answer calls: the server Twilio reaches"),
    Command("demo", "demo", "a whole call on this machine, without keys or network"),
    Command("sandbox", "sandbox", "stand-ins for Deepgram, Groq and Twilio on a loopback port"),
    Command("naturalness", "naturalness", "caller scripts, and how natural the answers are"),
    Command("simulate", "simulate", "whole calls in virtual time, from seeds, held to the laws"),
    Command("humanize", "humanize", "how a text is spoken, and why"),
    Command("calls", "calls", "the calls that were answered, and what was said"),
    Command("doctor", "doctor", "whether calls would be answered, and what to do where not"),
    Command("settings", "settings_doc", "every setting with its present value"),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the console script's entry."""
    given = list(sys.argv[1:] if argv is None else argv)
    command = next((known for known in COMMANDS if given and known.name == given[0]), None)
    if command is None:
        return _without_command(given)
    module = import_module(f".{command.module}", __package__)
    parser = argparse.ArgumentParser(prog=f"voxanne {command.name}", description=command.help)
    module.add_arguments(parser)
    try:
        code: int = module.run(parser.parse_args(given[1:]))
        sys.stdout.flush()
    except ConfigurationError as error:
        sys.stderr.write(f"{error}\n")
        return WRONG_USE
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # `voxanne calls | head`: whoever read has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    return code


def _without_command(given: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="voxanne",
        description="A phone agent for clinics.",
        epilog="commands:\n"
        + "\n".join(f"  {command.name:<12} {command.help}" for command in COMMANDS)
        + "\n\n`voxanne COMMAND --help` tells a command's options.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"voxanne {__version__}")
    names = [command.name for command in COMMANDS]
    parser.add_argument("command", choices=names, metavar="COMMAND")
    parser.parse_args(given)  # prints help, version or what is wrong, and exits
    return WRONG_USE
