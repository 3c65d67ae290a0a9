"""A whole call in virtual time: the product's real code and wires, the stand-ins, no sockets.

Rules of tests built on it: time is `autojump_clock` (or a `virtual_run`); no threads; a caller acts
by a script or by virtual time, never by sleeping for real; what reached the wire is asserted
exactly.
"""

from __future__ import annotations

import random
import ssl
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

import attrs
import trio

from ..clinic import load_clinic
from ..records import CallRecord
from ..sandbox import memory
from ..sandbox.caller import read_script, utterances
from ..sandbox.client import Dial
from ..sandbox.deepgram import Deepgram
from ..sandbox.faults import Schedule
from ..sandbox.faults.opening import dialling
from ..sandbox.groq import Groq
from ..sandbox.line import CLEAN, Line
from ..sandbox.profiles import Profile
from ..sandbox.receptionist import Receptionist
from ..sandbox.scripted import Scripted
from ..sandbox.server import Placed, Sandbox, seeded
from ..sandbox.sounds import AudibleCallers
from ..sandbox.stream import Link
from ..sandbox.twilio import Account, Numbers, Twilio
from ..sandbox.voice import Voices
from ..settings import Settings
from ..upstream import Dialer
from ..web.application import create_app
from ..web.composition import Composition, Outside
from ..web.desk import Answer
from ..web.guard import GuardedServer
from ..web.stopping import Stopping, another_replica
from .faults import place_of

TOKEN: Final = "made_up_auth_token"  # noqa: S105 - of an account that does not exist
WALL: Final = 1_800_000_000.0
PUBLIC: Final = "http://voxanne.test"
WARM_SECONDS: Final = 5.0
"""Of virtual time, after which the phrases are synthesised and the speak sockets are open."""

LONGEST_WARM_SECONDS: Final = 60.0
"""The same, where the vendors are slow."""

_NO_TLS: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Wires are plain in here; a context with the system's certificates takes 30 ms to make."""

SETTINGS: Final = Settings(
    deepgram_api_key="dg",
    deepgram_base_url="http://deepgram.test",
    groq_api_key="gq",
    groq_base_url="http://groq.test",
    twilio_account_sid="AC" + "0" * 32,
    twilio_auth_tokens=(TOKEN,),
    public_url=PUBLIC,
    cache_dir="",
    database_url="",
)


def wall() -> float:
    """The clock on the wall of the simulated world."""
    return WALL + trio.current_time()


@attrs.define(eq=False)
class World:
    """The network with everybody on it."""

    network: memory.Network
    composition: Composition
    sandbox: Sandbox
    deepgram: Deepgram
    groq: Groq
    nursery: trio.Nursery
    asked: list[list[Mapping[str, Any]]]
    """The messages of each request to the model."""
    stopping: Stopping
    """How the server is asked to stop."""

    async def ring(
        self, *script: Any, then: Sequence[str] = (), line: Line = CLEAN, seed: int = 0
    ) -> Placed:
        """A call whose caller follows the script, to its end. `then`: more words the recogniser
        will find in the audio, for tests that speak by hand."""
        placed = self.call(*script, then=then, line=line, seed=seed)
        await self.sandbox.place(placed)
        return placed

    def call(
        self, *script: Any, then: Sequence[str] = (), line: Line = CLEAN, seed: int = 0
    ) -> Placed:
        """A call that has not rung yet; `seed` is that of the caller's coughs."""
        numbers = Numbers(webhook=PUBLIC + "/twiml")
        placed = self.sandbox.new_call(numbers, script, line, seed)
        assert self.sandbox.scripts is not None
        self.sandbox.scripts.register(placed.call.sid, [*utterances(read_script(script)), *then])
        return placed

    async def record(self, placed: Placed) -> CallRecord:
        """The product's record of a call."""
        record = await self.composition.records.find(placed.call.sid)
        assert record is not None
        return record


@asynccontextmanager
async def world(
    *,
    profile: str = "fixed:260,110,90",
    seed: int = 0,
    link: Link | None = None,
    warm_phrases: bool = True,
    voices: Voices | None = None,
    answer: Answer | None = None,
    deepgram: Callable[..., Deepgram] = Deepgram,
    schedule: Schedule | None = None,
    replicas: int = 1,
    **settings: Any,
) -> AsyncIterator[World]:
    """Start everything, and end it with the body.

    `answer` takes each call in place of the product's own (which it may well ask), `voices` and
    `deepgram` are other forms of the stand-ins, `schedule` is what goes wrong on the wires. Of
    several replicas, which share their records, the first is asked first and is the one that can
    be stopped; all else are settings.
    """
    async with trio.open_nursery() as nursery:
        network = memory.Network(nursery)
        delays = Profile.named(profile, seeded(seed, "profile"))
        scripts = Scripted()
        voices = voices or AudibleCallers()
        asked: list[list[Mapping[str, Any]]] = []
        vendor = deepgram(
            delays,
            voices,
            scripts,
            seeded(seed, "deepgram"),
            wall=lambda: datetime.fromtimestamp(wall(), UTC),
        )
        groq = Groq(delays, _answering(asked), rng=seeded(seed, "groq"), wall=wall)
        sandbox = Sandbox(
            profile=delays,
            groq=groq,
            twilio=Twilio(_account(network, seed, link, schedule)),
            deepgram=vendor,
            scripts=scripts,
            speak=voices.caller().speak,
        )
        network.listen("deepgram.test", sandbox.handler)
        network.listen("groq.test", sandbox.handler)
        dial = dialling(sandbox.schedule, network.dial, place_of)
        compositions = [
            Composition(attrs.evolve(SETTINGS, **settings), _outside(dial, seed + number))
            for number in range(replicas)
        ]
        served = _replicas(compositions, network, seed, answer)
        network.listen("voxanne.test", partial(_proxy, served))
        for one in served:
            await nursery.start(_serve, one.server, one.stopping)
        if warm_phrases:
            await _warm(compositions)
        first, stopping = compositions[0], served[0].stopping
        yield World(network, first, sandbox, vendor, groq, nursery, asked, stopping)
        nursery.cancel_scope.cancel()


@attrs.frozen
class _Served:
    """A replica and how it is asked to stop."""

    server: memory.MemoryServer
    stopping: Stopping


async def _proxy(served: Sequence[_Served], stream: trio.abc.Stream) -> None:
    """Like a proxy that asks `/readyz`: the first replica that is not about to stop."""
    ready = (one for one in served if not one.stopping.wanted.is_set())
    await next(ready, served[0]).server.handle(stream)


def _share_records(composition: Composition, first: Composition) -> None:
    """As replicas do that have one database."""
    composition.records = first.records
    composition.services = attrs.evolve(composition.services, records=first.records)


def _same(composition: Composition, settings: Settings) -> Composition:
    """The composition, for whoever wants to make one."""
    del settings
    return composition


def _replicas(
    compositions: Sequence[Composition], network: memory.Network, seed: int, answer: Answer | None
) -> list[_Served]:
    """A server for each; they share the records of the first."""
    served: list[_Served] = []
    for number, one in enumerate(compositions):
        if number:
            _share_records(one, compositions[0])
        entropy = seeded(seed, f"entropy {number}" if number else "entropy").randbytes
        app = create_app(
            one.settings, partial(_same, one), answer=answer, wall_clock=wall, entropy=entropy
        )
        look = partial(another_replica, app.desk, memory.http_transport(network.dial))
        server = memory.MemoryServer(app, server=GuardedServer)
        served.append(_Served(server, Stopping(app.desk, look)))
    return served


async def _warm(compositions: Sequence[Composition]) -> None:
    await trio.sleep(WARM_SECONDS)
    with trio.move_on_after(LONGEST_WARM_SECONDS):
        while any(one.missing_phrases()[0] for one in compositions):  # noqa: ASYNC110 - nobody tells when
            await trio.sleep(1)


async def _serve(
    server: memory.MemoryServer, stopping: Stopping, *, task_status: trio.TaskStatus[None]
) -> None:
    """The server until it has been asked to stop and its calls are gone, as `serve` does it."""
    async with trio.open_nursery() as nursery:
        await nursery.start(partial(server.run))
        nursery.start_soon(stopping.drain)
        task_status.started()
        await stopping.parted()
        nursery.cancel_scope.cancel()


def _answering(asked: list[list[Mapping[str, Any]]]) -> Callable[..., Any]:
    receptionist = Receptionist(load_clinic())

    def answer(messages: Sequence[Mapping[str, Any]], tools: Sequence[str]) -> Any:
        asked.append(list(messages))
        return receptionist.answer(messages, tools)

    return answer


def _account(
    network: memory.Network, seed: int, link: Link | None, schedule: Schedule | None
) -> Account:
    return Account(
        sid=SETTINGS.twilio_account_sid,
        auth_token=TOKEN,
        dial=network.dial,
        rng=seeded(seed, "twilio"),
        wall=wall,
        link=link or Link(rng=seeded(seed, "link")),
        schedule=schedule or Schedule(),
    )


def _outside(dial: Dial, seed: int) -> Outside:
    return Outside(
        dialer=Dialer(open_stream=dial, ssl_context=_NO_TLS),
        http_transport=memory.http_transport(dial),
        wall_clock=wall,
        random=random.Random(seed),  # noqa: S311 - reproducible on purpose
    )
