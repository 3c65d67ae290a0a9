"""`voxanne naturalness`: caller scripts run through the agent, and how natural its answers are.

By default the agent is the sandbox's receptionist, over in-memory wires: no key, no socket, and no
time but the machine's own. With `--live` it is Groq. Exit code 0 when the share of passed checks
reaches the bar, 1 when it does not, 2 for wrong use.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ConfigurationError, PermanentVendorError, VendorError
from . import DONE, FELL_SHORT

if TYPE_CHECKING:
    from ..naturalness.runner import Outcome
    from ..naturalness.scenario import Scenario
    from ._naturalness_agent import Plan


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the options."""
    add = parser.add_argument
    add("files", nargs="*", type=Path, metavar="FILE", help="scripts (YAML) instead of the shipped")
    add("--only", action="append", default=[], metavar="NAME", help="just this script; repeatable")
    add("--live", action="store_true", help="ask Groq (GROQ_API_KEY) instead of the sandbox")
    add("--no-humanizer", action="store_true", help="speak what the model writes, as it writes it")
    add("--counter-examples", action="store_true", help="check the checks on robotic replies")
    add("--json", action="store_true", help="print one JSON object")
    add("--junit", type=Path, metavar="FILE", help="write JUnit XML")
    add("--save", type=Path, metavar="FILE", help="write the JSON object")
    add("--compare", type=Path, metavar="FILE", help="tell what changed since a saved run")


def run(arguments: argparse.Namespace) -> int:
    """Run the scripts; 0 when the bar is reached."""
    if find_spec("yaml") is None:
        raise ConfigurationError("voxanne naturalness needs PyYAML: pip install 'voxanne[sandbox]'")
    if arguments.counter_examples:
        return _counter_examples(as_json=arguments.json)
    from ..naturalness.scenario import ScenarioError, from_files, shipped

    before = _saved(arguments.compare)
    try:
        scenarios = from_files(arguments.files) if arguments.files else shipped()
    except ScenarioError as error:
        raise ConfigurationError(str(error)) from error
    chosen = _chosen(scenarios, arguments.only)
    plan = _plan(arguments)
    outcomes = _run(plan, chosen, quiet=arguments.json)
    if outcomes is None:
        return FELL_SHORT
    return _finish(arguments, outcomes, before, model=plan.model)


def _chosen(scenarios: list[Scenario], only: list[str]) -> list[Scenario]:
    """By name in any case, or by a part of it."""
    chosen: list[Scenario] = []
    for wanted in only:
        exact = [s for s in scenarios if s.name.lower() == wanted.lower()]
        found = exact or [s for s in scenarios if wanted.lower() in s.name.lower()]
        if not found:
            near = get_close_matches(wanted, [s.name for s in scenarios], n=3, cutoff=0.4)
            hint = f"; is it {' or '.join(map(repr, near))}?" if near else ""
            raise ConfigurationError(f"No script is called {wanted!r}{hint}")
        chosen += [scenario for scenario in found if scenario not in chosen]
    return chosen if only else scenarios


def _plan(arguments: argparse.Namespace) -> Plan:
    if not arguments.live and find_spec("h11") is None:
        raise ConfigurationError("The sandbox needs more libraries: pip install 'voxanne[sandbox]'")
    from ..settings import Settings
    from ._naturalness_agent import Plan

    settings = Settings.load(dict(os.environ))
    if arguments.live and not settings.groq_api_key:
        raise ConfigurationError("--live asks Groq: set GROQ_API_KEY")
    return Plan.of(settings, live=arguments.live, humanizer=not arguments.no_humanizer)


def _run(plan: Plan, scenarios: list[Scenario], *, quiet: bool) -> list[Outcome] | None:
    """All outcomes, shown as they come; None when the model cannot be asked."""
    import trio

    from ..naturalness.report import scenario_lines
    from ._naturalness_agent import perform

    total = len(scenarios)
    shown = 0

    def show(outcome: Outcome) -> None:
        nonlocal shown
        shown += 1
        if quiet:
            sys.stderr.write(f"\r{shown}/{total}" if sys.stderr.isatty() else "")
            return
        _print(*scenario_lines(outcome, shown, total))

    outcomes: list[Outcome] | None = None
    failure: BaseException | None = None
    try:
        outcomes = trio.run(perform, plan, scenarios, show)
    except* (VendorError, trio.TooSlowError) as group:
        failure = _first_of(group)
    if isinstance(failure, PermanentVendorError):
        raise ConfigurationError(f"The model cannot be asked: {failure}")
    if failure is not None:
        sys.stderr.write(f"The model cannot be asked: {str(failure) or 'no answer in time'}\n")
    if quiet and sys.stderr.isatty():
        sys.stderr.write("\n")
    return outcomes


def _first_of(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _finish(
    arguments: argparse.Namespace,
    outcomes: list[Outcome],
    before: dict[str, Any] | None,
    *,
    model: str,
) -> int:
    from ..naturalness.junit import junit
    from ..naturalness.report import as_object, compared, comparison_lines, summary_lines

    whole = as_object(outcomes, humanizer=not arguments.no_humanizer, model=model)
    if arguments.save:
        _write(arguments.save, json.dumps(whole, ensure_ascii=False, indent=2) + "\n")
    if arguments.junit:
        _write(arguments.junit, junit(outcomes))
    if before is not None:
        try:
            whole["compared"] = compared(before, whole)
        except ValueError as error:
            raise ConfigurationError(f"--compare {arguments.compare}: {error}") from error
    if arguments.json:
        print(json.dumps(whole, ensure_ascii=False))
    else:
        _print(*summary_lines(outcomes))
        if before is not None:
            _print(*comparison_lines(whole["compared"]))
    return DONE if whole["ok"] else FELL_SHORT


def _counter_examples(*, as_json: bool) -> int:
    from ..naturalness.counter_examples import caught, shipped_examples

    examples = shipped_examples()
    missed = [example for example in examples if not caught(example)]
    if as_json:
        rows = [
            {"name": e.name, "validator": e.validator, "caught": e not in missed} for e in examples
        ]
        print(json.dumps({"ok": not missed, "examples": rows}, ensure_ascii=False))
    else:
        for example in examples:
            mark = "✗ MISSED" if example in missed else "✓ CAUGHT"
            _print(f"  {mark} | {example.validator}: {example.name}")
        _print(f"{len(examples) - len(missed)} of {len(examples)} counter-examples caught")
    return FELL_SHORT if missed else DONE


def _saved(path: Path | None) -> dict[str, Any] | None:
    if path is None:
        return None
    try:
        whole = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"--compare {path}: cannot be read ({error})") from error
    if not isinstance(whole, dict):
        raise ConfigurationError(f"--compare {path}: not a saved run")
    return whole


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}") from error


def _print(*lines: str) -> None:
    """For a terminal that may not know a tick."""
    encoding = sys.stdout.encoding or "utf-8"
    for line in lines:
        print(line.encode(encoding, "replace").decode(encoding))
