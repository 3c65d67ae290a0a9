"""The ASGI application: Quart-Trio for webhooks and health, our own endpoint for media streams.

Builds the desk, starts the services with the server's lifespan and stops them with it. Works under
any Hypercorn Trio worker, which it guards by being imported.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import trio
from quart_trio import QuartTrio

from ..errors import ConfigurationError
from ..settings import Settings
from ..telephony.media_stream import MediaSocket
from ..telephony.tickets import Tickets
from . import guard
from .after import After
from .desk import Answer, Compose, Composition, Desk, watch_vendors
from .groups import first_error
from .health import add_health
from .media import MediaEndpoint
from .requests import InTurn
from .webhooks import add_webhooks

log = logging.getLogger("voxanne.web")


class VoxanneApp(QuartTrio):
    """The application with its desk, by which the server drains it."""

    desk: Desk
    failure: BaseException | None = None
    """Why the services could not be started."""


def create_app(
    settings: Settings,
    compose: Compose | None = None,
    *,
    answer: Answer | None = None,
    wall_clock: Callable[[], float] = time.time,
    entropy: Callable[[int], bytes] = secrets.token_bytes,
) -> VoxanneApp:
    """The application for these settings.

    `compose` builds what calls share, `answer` takes one call; both default to the product's
    own and are given by tests. `entropy(n)` gives n unguessable bytes.
    """
    guard.install()
    app = VoxanneApp("voxanne_trio.web", static_folder=None)
    tickets = Tickets(
        settings.twilio_auth_tokens,
        settings.ticket_seconds,
        wall_clock=wall_clock,
        entropy=entropy,
    )
    app.desk = Desk(settings=settings, tickets=tickets, wall_clock=wall_clock)
    add_health(app, app.desk)
    add_webhooks(app, app.desk)
    app.asgi_app = MediaEndpoint(  # type: ignore[method-assign]  # Quart's way for middleware
        app.desk, answer or _answer, InTurn(app.asgi_app)
    )
    hosting = _Hosting(app, compose or _compose)
    app.before_serving(hosting.start)
    app.after_serving(hosting.stop)
    return app


class _Hosting:
    """The services' life within the server's."""

    def __init__(self, app: VoxanneApp, compose: Compose) -> None:
        self._app = app
        self._compose = compose
        self._scope = trio.CancelScope()

    async def start(self) -> None:
        try:
            composition = self._compose(self._app.desk.settings)
            await self._app.nursery.start(self._run, composition, name="services")
        except Exception as error:
            self._app.failure = first_error(error)
            if not isinstance(self._app.failure, ConfigurationError):
                log.exception("What calls share cannot be started")
            raise
        self._app.desk.composition = composition

    async def stop(self) -> None:
        self._app.desk.composition = None
        self._scope.cancel()

    async def _run(
        self,
        composition: Composition,
        *,
        task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        desk, started = self._app.desk, False
        try:
            with self._scope:
                async with trio.open_nursery() as nursery:
                    await nursery.start(composition.run)
                    await nursery.start(desk.pump.run, name="pump")
                    started = True
                    nursery.start_soon(watch_vendors, desk, composition, name="watch vendors")
                    if (rest := composition.rest) is not None:
                        document = After(desk).rescuing
                        rescue = partial(desk.rescue.run, document, rest.update_call)
                        nursery.start_soon(rescue, name="rescue")
                    task_status.started()
        except Exception:
            if not started:
                raise
            log.exception("What calls share has failed: the server stops")
            desk.broken.set()


def _compose(settings: Settings) -> Composition:
    from .composition import Composition as Product

    return Product(settings)


async def _answer(socket: MediaSocket, services: Any, call_sid: str) -> None:
    from ..call import answer

    await answer(socket, services, call_sid=call_sid)
