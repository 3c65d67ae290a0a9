"""`voxanne serve`: one process, one port, from the first banner line to the last call's end.

Owns the listening socket, the signals and the order of stopping. Theory of operation: the first
signal drains (`/readyz` says 503, no call is admitted, live calls go on until they end or
`drain_seconds` have passed), the second stops waiting, the third stops everything. Only when calls
are gone is Hypercorn told to stop, since at its own deadline it cuts sockets without a word.
"""

from __future__ import annotations

import logging
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

import attrs
import trio
from hypercorn.config import Config, Sockets
from hypercorn.trio.run import worker_serve
from hypercorn.utils import LifespanFailureError, wrap_app

from .. import __version__
from ..errors import ConfigurationError
from ..settings import Settings
from .application import VoxanneApp, create_app
from .desk import Desk, MakeServices
from .webhooks import ANSWER_PATH

log = logging.getLogger("voxanne.web")

BACKLOG: Final = 256
POLITE_SECONDS: Final = 5.0
"""For calls that are cut at the drain's deadline to close their sockets."""

GRACE_SECONDS: Final = 2.0
"""Hypercorn's own deadline, for HTTP requests: calls are gone by then."""


@attrs.define(eq=False)
class Stopping:
    """How the server is asked to stop, step by step."""

    desk: Desk
    wanted: trio.Event = attrs.field(factory=trio.Event)
    hurried: trio.Event = attrs.field(factory=trio.Event)
    calls_gone: trio.Event = attrs.field(factory=trio.Event)

    def ask(self) -> bool:
        """One more step: drain, then hurry; False when there is no further polite step."""
        if not self.wanted.is_set():
            self.desk.draining = True
            self.wanted.set()
            return True
        was_hurried = self.hurried.is_set()
        self.hurried.set()
        return not was_hurried

    async def drain(self) -> None:
        """Wait to be asked, then for the calls, at most `drain_seconds`; cut those that remain."""
        await self.wanted.wait()
        calls = self.desk.calls
        log.info("Draining: %d live calls, no new ones", len(calls))
        with trio.move_on_after(self.desk.settings.drain_seconds):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_then_cancel, self.hurried.wait, nursery.cancel_scope)
                nursery.start_soon(_then_cancel, calls.wait_none, nursery.cancel_scope)
        if calls:
            log.warning("Ending %d live calls", len(calls))
            calls.end_all()
            with trio.move_on_after(POLITE_SECONDS):
                await calls.wait_none()
        self.calls_gone.set()


async def serve(
    settings: Settings,
    make_services: MakeServices | None = None,
    *,
    announce: Callable[[str], None] | None = None,
    signals: tuple[signal.Signals, ...] = (signal.SIGTERM, signal.SIGINT),
    task_status: trio.TaskStatus[VoxanneApp] = trio.TASK_STATUS_IGNORED,
) -> int:
    """Answer calls until stopped; the exit code.

    Raises `ConfigurationError`, one line, when the port is in use, the services cannot be built or
    a vendor refuses our key. A vendor that cannot be reached is only named by `/readyz`. `announce`
    is told our own URL once calls are admitted.
    """
    with listen(settings.host, settings.port) as listener:
        port = listener.getsockname()[1]
        settings = with_public_url(settings, port)
        app = create_app(settings, make_services)
        stopping = Stopping(app.desk)
        problem: list[str] = []
        async with trio.open_nursery() as nursery, _reporting(problem):
            await nursery.start(_obey_signals, signals, stopping, nursery.cancel_scope)
            await nursery.start(_run_hypercorn, app, listener, stopping, problem)
            nursery.start_soon(stopping.drain)
            nursery.start_soon(_stop_when_broken, app.desk, stopping)
            await app.desk.probed.wait()
            if refused := app.desk.refused_vendors():
                problem.append("; ".join(refused))
                nursery.cancel_scope.cancel()
            else:
                for line in banner(settings, app.desk, port):
                    log.info(line)
                (announce or _ignore)(_own_url(settings, port))
                task_status.started(app)
    if problem:
        raise ConfigurationError(problem[0])
    return 1 if app.desk.broken.is_set() else 0
