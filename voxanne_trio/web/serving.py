"""`voxanne serve`: one process, one port, from the first banner line to the last call's end.

Owns the listening socket, the signals and the order of stopping; `stopping.py` has the theory. Only
when calls are gone, and Twilio knows what each does next, is Hypercorn told to stop, since at its
own deadline it cuts sockets without a word.
"""

from __future__ import annotations

import errno
import logging
import signal
import socket
from collections.abc import Callable
from functools import partial
from typing import Final

import attrs
import httpx
import trio
from hypercorn.config import Config, Sockets
from hypercorn.trio.run import worker_serve
from hypercorn.utils import LifespanFailureError, wrap_app

from .. import __version__
from ..errors import ConfigurationError
from ..settings import Settings
from . import guard
from .application import VoxanneApp, create_app
from .desk import Answer, Compose, Desk
from .groups import first_error
from .stopping import Stopping, another_replica
from .webhooks import ANSWER_PATH

log = logging.getLogger("voxanne.web")

BACKLOG: Final = 256
GRACE_SECONDS: Final = 2.0
"""Hypercorn's own deadline, for HTTP requests: calls are gone by then."""


async def serve(
    settings: Settings,
    compose: Compose | None = None,
    *,
    answer: Answer | None = None,
    announce: Callable[[str], None] | None = None,
    signals: tuple[signal.Signals, ...] = (signal.SIGTERM, signal.SIGINT),
    task_status: trio.TaskStatus[VoxanneApp] = trio.TASK_STATUS_IGNORED,
) -> int:
    """Answer calls until stopped; the exit code.

    Raises `ConfigurationError`, one line, when the port is in use, the settings cannot be used or
    a vendor refuses our key. A vendor that cannot be reached is only named by `/readyz`. `announce`
    is told our own URL once calls are admitted. `compose` and `answer` are as for `create_app`.
    """
    with listen(settings.host, settings.port) as listener:
        port: int = listener.getsockname()[1]
        settings = with_public_url(settings, port)
        app = create_app(settings, compose, answer=answer)
        transport = httpx.AsyncHTTPTransport()  # now: its certificates take 30 ms to read
        stopping = Stopping(app.desk, partial(another_replica, app.desk, transport))
        problem = ""
        try:
            async with trio.open_nursery() as nursery:
                if signals:
                    await nursery.start(_obey_signals, signals, stopping, nursery.cancel_scope)
                await nursery.start(_run_hypercorn, app, listener, stopping, nursery.cancel_scope)
                nursery.start_soon(stopping.drain)
                nursery.start_soon(_stop_when_broken, app.desk, stopping)
                await app.desk.probed.wait()
                if refused := app.desk.refused_vendors():
                    raise ConfigurationError("; ".join(refused))
                _announce(settings, app.desk, port, announce)
                task_status.started(app)
        except* ConfigurationError as group:
            problem = str(first_error(group))
    if problem:
        raise ConfigurationError(problem)
    return 1 if app.desk.broken.is_set() else 0


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 means any free one. Raises `ConfigurationError`."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror as error:
        raise ConfigurationError(f"VOXANNE_HOST: {host!r} is no address ({error})") from error
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise ConfigurationError(
                f"Port {port} on {host} is in use: stop what uses it, or choose another with"
                " --port or VOXANNE_PORT"
            ) from error
        reason = f"{host} port {port}: cannot listen ({error.strerror})"
        raise ConfigurationError(reason) from error
    return listener


def with_public_url(settings: Settings, port: int) -> Settings:
    """The settings with a public URL: a server on loopback is reached at its own address."""
    if settings.public_url:
        return settings
    return attrs.evolve(settings, public_url=_own_url(settings, port))


def banner(settings: Settings, clinic: str, port: int) -> list[str]:
    """What is running, line by line."""
    return [
        f"Voxanne {__version__} takes calls",
        f"  recogniser  {settings.stt} at {settings.deepgram_base_url}",
        f"  models      {', '.join(settings.llm_models)} at {settings.groq_base_url}",
        f"  voice       {settings.voice}",
        f"  clinic      {clinic}",
        f"  calls       {settings.max_calls} at once",
        f"  listening   {settings.host} port {port}",
        f"  webhook     POST {settings.public_url}{ANSWER_PATH}",
    ]


def hypercorn_config() -> Config:
    """Hypercorn as we run it: no access log, no version told, errors into our log."""
    config = Config()
    config.accesslog = None
    config.errorlog = logging.getLogger("hypercorn.error")
    config.include_server_header = False
    config.graceful_timeout = GRACE_SECONDS
    return config


def _announce(
    settings: Settings, desk: Desk, port: int, announce: Callable[[str], None] | None
) -> None:
    clinic = desk.composition.clinic.name if desk.composition is not None else ""
    for line in banner(settings, clinic, port):
        log.info(line)
    for error in desk.vendors.values():
        if error is not None:
            log.warning("%s: calls are taken all the same, /readyz tells", error)
    if announce is not None:
        announce(_own_url(settings, port))


async def _run_hypercorn(
    app: VoxanneApp,
    listener: socket.socket,
    stopping: Stopping,
    server: trio.CancelScope,
    *,
    task_status: trio.TaskStatus[list[str]] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve until the calls are gone, then end the rest of the server with it."""
    config = hypercorn_config()
    problem = ""
    try:
        await worker_serve(
            wrap_app(app, config.wsgi_max_body_size, "asgi"),
            config,
            sockets=Sockets([], [listener], []),
            shutdown_trigger=partial(_closing_time, stopping),
            task_status=task_status,
        )
    except* LifespanFailureError as group:
        problem = str(app.failure or first_error(group))
    if problem:
        raise ConfigurationError(f"Cannot start: {problem}")
    server.cancel()


async def _closing_time(stopping: Stopping) -> None:
    await stopping.parted()
    guard.GuardedServer.newcomers.cut_idle()


async def _obey_signals(
    signals: tuple[signal.Signals, ...],
    stopping: Stopping,
    server: trio.CancelScope,
    *,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    with trio.open_signal_receiver(*signals) as received:
        task_status.started()
        async for number in received:
            log.info("%s received", signal.Signals(number).name)
            if not stopping.ask():
                server.cancel()


async def _stop_when_broken(desk: Desk, stopping: Stopping) -> None:
    await desk.broken.wait()
    stopping.ask()
    stopping.hurried.set()


def _own_url(settings: Settings, port: int) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104
    host = f"[{host}]" if ":" in host else host
    return f"http://{host}:{port}"
