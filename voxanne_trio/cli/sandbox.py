"""`voxanne sandbox`: the stand-ins alone, on a loopback port, until stopped.

On a terminal it prints the lines that point a server at it; into a pipe one JSON object (`url`,
`env`, `recogniser`, `profile`) comes first, for whoever has started it.
"""

from __future__ import annotations

import argparse
import json
import logging
import signal
import sys
from functools import partial
from typing import TYPE_CHECKING, Final

import trio

from ..clinic import load_clinic
from ..clinic.profile import ClinicProfileError
from ..errors import ConfigurationError
from . import DONE

if TYPE_CHECKING:
    from ..sandbox.composition import Plan

_EXTRA: Final = "pip install 'voxanne[sandbox]'"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the options."""
    parser.add_argument("--port", type=int, default=8900, help="loopback port, 0 for any (8900)")
    parser.add_argument(
        "--profile",
        default="target",
        help="vendors' delays: target, typical, bad or fixed:STT_MS,LLM_MS,TTS_MS (target)",
    )
    parser.add_argument(
        "--stt",
        choices=("pocketsphinx", "scripted"),
        default="pocketsphinx",
        help="recognise what is said, or be told it beforehand (pocketsphinx)",
    )
    parser.add_argument(
        "--scripted", dest="stt", action="store_const", const="scripted", help="--stt scripted"
    )
    parser.add_argument(
        "--tones", action="store_true", help="tones for voices, for load; with --scripted"
    )
    parser.add_argument("--clinic", default="", help="a clinic profile (TOML)")
    parser.add_argument("--seed", type=int, default=0, help="of the delays")
    parser.add_argument("--json", action="store_true", help="print the JSON object alone")


def run(arguments: argparse.Namespace) -> int:
    """Serve until stopped."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    plan = _plan(arguments)
    trio.run(_serve, plan, arguments.port, arguments.json)
    return DONE


def _plan(arguments: argparse.Namespace) -> Plan:
    try:
        from ..sandbox.composition import Plan
    except ImportError as error:
        raise ConfigurationError(
            f"The sandbox needs more libraries ({error.name}): {_EXTRA}"
        ) from error
    try:
        clinic = load_clinic(arguments.clinic)
    except ClinicProfileError as error:
        raise ConfigurationError(str(error)) from error
    return Plan(
        clinic=clinic,
        profile=arguments.profile,
        stt=arguments.stt,
        seed=arguments.seed,
        tones=arguments.tones,
    )


async def _serve(plan: Plan, port: int, as_json: bool) -> None:
    from ..sandbox.composition import compose
    from ..sandbox.server import serve

    try:
        sandbox = compose(plan)
    except ValueError as error:
        raise ConfigurationError(str(error)) from error
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_until_stopped, nursery.cancel_scope)
            bound = await nursery.start(partial(serve, sandbox, port))
            _announce(f"http://127.0.0.1:{bound}", plan, as_json)
    except* OSError as errors:
        raise ConfigurationError(_one_line(errors, port)) from None


async def _until_stopped(scope: trio.CancelScope) -> None:
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for _ in signals:
            scope.cancel()


def _announce(url: str, plan: Plan, as_json: bool) -> None:
    from ..sandbox.composition import environment

    env = environment(url, plan)
    if as_json or not sys.stdout.isatty():
        about = {"url": url, "env": env, "recogniser": plan.stt, "profile": plan.profile}
        print(json.dumps(about), flush=True)
    if as_json:
        return
    print(f"# stand-ins at {url} ({plan.stt}, profile {plan.profile}); stop with Ctrl-C")
    for name, value in env.items():
        print(f"export {name}={value}")
    print("# place calls: POST /sandbox/calls", '{"webhook": "http://…/twiml"}', flush=True)


def _one_line(errors: BaseExceptionGroup[OSError], port: int) -> str:
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"The sandbox cannot listen on port {port}: {error}"
