"""A whole call in virtual time: the product's real code and wires, the stand-ins, no sockets.

Rules of tests built on it: time is `autojump_clock`; no threads; a caller acts by a script or by
virtual time, never by sleeping for real; what reached the wire is asserted exactly.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any

import attrs
import trio

from voxanne_trio.clinic import load_clinic
from voxanne_trio.records import CallRecord
from voxanne_trio.sandbox import memory
from voxanne_trio.sandbox.caller import read_script, utterances
from voxanne_trio.sandbox.deepgram import Deepgram
from voxanne_trio.sandbox.groq import Groq
from voxanne_trio.sandbox.profiles import Profile
from voxanne_trio.sandbox.receptionist import Receptionist
from voxanne_trio.sandbox.scripted import Scripted
from voxanne_trio.sandbox.server import Placed, Sandbox, seeded
from voxanne_trio.sandbox.stream import Link
from voxanne_trio.sandbox.twilio import Account, Numbers, Twilio
from voxanne_trio.sandbox.voice import ToneVoices
from voxanne_trio.settings import Settings
from voxanne_trio.upstream import Dialer
from voxanne_trio.web.application import create_app
from voxanne_trio.web.composition import Composition, Outside
from voxanne_trio.web.guard import GuardedServer

TOKEN = "made_up_auth_token"
WALL = 1_800_000_000.0
PUBLIC = "http://voxanne.test"
SETTINGS = Settings(
    deepgram_api_key="dg",
    deepgram_base_url="http://deepgram.test",
    groq_api_key="gq",
    groq_base_url="http://groq.test",
    twilio_account_sid="AC" + "0" * 32,
    twilio_auth_tokens=(TOKEN,),
    public_url=PUBLIC,
    cache_dir="",
)


def wall() -> float:
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

    async def ring(self, *script: Any, then: Sequence[str] = ()) -> Placed:
        """A call whose caller follows the script, to its end. `then`: more words the recogniser
        will find in the audio, for tests that speak by hand."""
        placed = self.call(*script, then=then)
        await self.sandbox.place(placed)
        return placed

    def call(self, *script: Any, then: Sequence[str] = ()) -> Placed:
        """A call that has not rung yet."""
        placed = self.sandbox.new_call(Numbers(webhook=PUBLIC + "/twiml"), script)
        assert self.sandbox.scripts is not None
        self.sandbox.scripts.register(placed.call.sid, [*utterances(read_script(script)), *then])
        return placed

    async def record(self, placed: Placed) -> CallRecord:
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
    **settings: Any,
) -> AsyncIterator[World]:
    """Start everything, and end it with the body."""
    async with trio.open_nursery() as nursery:
        network = memory.Network(nursery)
        delays = Profile.named(profile, seeded(seed, "profile"))
        scripts = Scripted()
        voices = ToneVoices()
        asked: list[list[Mapping[str, Any]]] = []
        receptionist = Receptionist(load_clinic())

        def answer(messages: Sequence[Mapping[str, Any]], tools: Sequence[str]) -> Any:
            asked.append(list(messages))
            return receptionist.answer(messages, tools)

        deepgram = Deepgram(
            delays,
            voices,
            scripts,
            seeded(seed, "deepgram"),
            wall=lambda: datetime.fromtimestamp(wall(), UTC),
        )
        groq = Groq(delays, answer, rng=seeded(seed, "groq"), wall=wall)
        account = Account(
            sid=SETTINGS.twilio_account_sid,
            auth_token=TOKEN,
            dial=network.dial,
            rng=seeded(seed, "twilio"),
            wall=wall,
            link=link or Link(rng=seeded(seed, "link")),
        )
        sandbox = Sandbox(
            profile=delays,
            groq=groq,
            twilio=Twilio(account),
            deepgram=deepgram,
            scripts=scripts,
            speak=voices.caller().speak,
        )
        network.listen("deepgram.test", sandbox.handler)
        network.listen("groq.test", sandbox.handler)
        composition = Composition(
            attrs.evolve(SETTINGS, **settings),
            Outside(
                dialer=Dialer(open_stream=network.dial),
                http_transport=memory.http_transport(network.dial),
                wall_clock=wall,
                random=random.Random(seed),
            ),
        )
        app = create_app(
            composition.settings,
            lambda _: composition,
            wall_clock=wall,
            entropy=seeded(seed, "entropy").randbytes,
        )
        server = memory.MemoryServer(app, server=GuardedServer)
        network.listen("voxanne.test", server.handle)
        await nursery.start(partial(server.run))
        if warm_phrases:
            await trio.sleep(5)  # of virtual time: the phrases are synthesised
        yield World(network, composition, sandbox, deepgram, groq, nursery, asked)
        nursery.cancel_scope.cancel()
