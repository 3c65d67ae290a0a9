"""`voxanne humanize`: what the voice would be given for a text, and how it came to that.

Without a text the lines of standard input are taken, each for itself: the spoken form of each line
is one line; with `--json` one object a line.
"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable
from typing import Any

from ..humanizer import Manner, SentenceStream, Step, humanize_text


def add_arguments(parser: ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("text", nargs="*", help="what was written; without it, standard input")
    parser.add_argument("--name", help="the caller's name, set off by commas where it is said")
    parser.add_argument("--seed", type=int, default=0, help="decides where a filler goes")
    parser.add_argument("--explain", action="store_true", help="show what each rule did")
    parser.add_argument("--json", action="store_true", help="print one JSON object for each text")


def run(arguments: Namespace) -> int:
    """Print the spoken form of each text."""
    for text in _texts(arguments.text):
        steps: list[Step] = []
        spoken = humanize_text(text, name=arguments.name, seed=arguments.seed, note=steps.append)
        if arguments.json:
            result = _result(text, spoken, arguments)
            if arguments.explain:
                result["steps"] = [step._asdict() for step in steps]
            print(json.dumps(result, ensure_ascii=False))
            continue
        if arguments.explain:
            for step in steps:
                print(f"{step.rule}\n  - {step.before}\n  + {step.after}")
        print(spoken, flush=True)
    return 0


def _texts(given: list[str]) -> Iterable[str]:
    return [" ".join(given)] if given else (line.rstrip("\n") for line in sys.stdin)


def _result(text: str, spoken: str, arguments: Namespace) -> dict[str, Any]:
    stream = SentenceStream(Manner(arguments.name, seed=arguments.seed, first_words=None))
    sentences = [*stream.feed(text), *stream.flush()]
    return {
        "written": text,
        "spoken": spoken,
        "sentences": [{"written": each.written, "spoken": each.spoken} for each in sentences],
    }
