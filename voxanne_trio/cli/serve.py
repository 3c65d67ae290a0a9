"""`voxanne serve`: answer calls; with `--sandbox` against stand-ins on this machine."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from collections.abc import Callable
from functools import partial

import trio

from ..errors import ConfigurationError
from ..observe.logs import set_up_logs
from ..settings import Settings
from . import FELL_SHORT, WRONG_USE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the options."""
    parser.add_argument("--host", help="address to listen on (VOXANNE_HOST)")
    parser.add_argument("--port", help="port to listen on, 0 for any (VOXANNE_PORT)")
    parser.add_argument(
        "--sandbox",
        action="store_true",
        help="no keys: stand-ins for Deepgram, Groq and Twilio, reached on this machine only",
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="print one object when listening; logs to standard error",
    )


def run(arguments: argparse.Namespace) -> int:
    """Serve until stopped."""
    environ = dict(os.environ)
    for option in ("host", "port"):
        if (given := getattr(arguments, option)) is not None:
            environ[f"VOXANNE_{option.upper()}"] = given
    if arguments.sandbox:
        return trio.run(_serve_with_sandbox, environ, arguments.json)
    settings = Settings.load(environ)
    if missing := settings.missing_for_serve():
        sys.stderr.write(_how_to_go_on(missing))
        return WRONG_USE
    return trio.run(_serve, settings, arguments.json)


async def _serve(
    settings: Settings, as_json: bool, more: Callable[[str], str] | None = None
) -> int:
    """Serve; `more` gives a line below the banner, for our own URL."""
    from ..web import interpreter, newcomers
    from ..web.serving import serve  # the server's libraries, only now

    def announce(url: str) -> None:
        interpreter.settle()
        if as_json:
            _announce(url)
        elif more is not None:
            logging.getLogger("voxanne").info(more(url))

    set_up_logs(
        level=settings.log_level,
        format=settings.log_format,
        file=settings.log_file,
        terminal=sys.stderr if as_json else sys.stdout,
    )
    newcomers.allow_files()
    return await serve(settings, announce=announce)


async def _serve_with_sandbox(environ: dict[str, str], as_json: bool) -> int:
    from ..web.groups import first_error
    from ._sandbox_child import run_sandbox

    code, problem = FELL_SHORT, None
    try:
        async with trio.open_nursery() as nursery:
            start = partial(run_sandbox, on_death=nursery.cancel_scope.cancel)
            stand_ins: dict[str, str] = await nursery.start(start)
            ring = partial(_how_to_ring, stand_ins["TWILIO_BASE_URL"])
            code = await _serve(_sandboxed(environ, stand_ins), as_json, ring)
            nursery.cancel_scope.cancel()
    except* ConfigurationError as group:
        problem = first_error(group)
    if problem is not None:
        raise problem
    return code


def _sandboxed(environ: dict[str, str], stand_ins: dict[str, str]) -> Settings:
    """Settings with nothing of a real account: the sandbox's addresses and keys, our own URL, and
    made-up calls kept only where the environment says so."""
    own = {
        "VOXANNE_HOST": environ.get("VOXANNE_HOST", "127.0.0.1"),
        "VOXANNE_PUBLIC_URL": "",
        "VOXANNE_DATABASE_URL": environ.get("VOXANNE_DATABASE_URL", ""),
    }
    chosen = own | stand_ins
    kept = {name: value for name, value in environ.items() if name[: -len("_FILE")] not in chosen}
    return Settings.load(kept | chosen)


def _how_to_ring(stand_ins: str, url: str) -> str:
    script = ["listen", {"say": "Do you do BBL?"}, "listen", {"say": "Thank you, goodbye."}]
    call = json.dumps({"webhook": f"{url}/twiml", "script": [*script, "await_hang_up"]})
    return f"  to ring it  curl {stand_ins}/sandbox/calls -d '{call}'"


def _announce(url: str) -> None:
    print(json.dumps({"url": url, "webhook": f"{url}/twiml", "pid": os.getpid()}), flush=True)


def _how_to_go_on(missing: tuple[str, ...]) -> str:
    return (
        f"Missing: {', '.join(missing)}\n"
        "Set them in the environment or in .env (see .env.example and docs/settings.md).\n"
        "To try without keys: `voxanne demo` is a whole call on this machine, and"
        " `voxanne serve --sandbox` a server on stand-ins.\n"
    )
