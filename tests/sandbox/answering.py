"""A minimal server to be called: fixed TwiML, and a media stream that a test drives by hand."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl

import attrs
import trio

from voxanne_trio.sandbox.account import Account, Numbers, Speak
from voxanne_trio.sandbox.faults import Schedule
from voxanne_trio.sandbox.memory import Network
from voxanne_trio.sandbox.stream import Link
from voxanne_trio.sandbox.twilio import Behaviour, PhoneCall, Twilio
from voxanne_trio.sandbox.wire import Exchange, Request, ServerSocket, SocketClosed, serve_stream

SID = "AC0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f"
TOKEN = "made_up_auth_token_0123456789abcd"
ORIGIN = "https://voice.example.com"
LOUD = b"\x10" * 160
CONNECT = (
    '<Response><Connect action="/twiml/after"><Stream url="wss://voice.example.com/ws/t1" '
    'statusCallback="/twilio/stream"><Parameter name="call_token" value="t" /></Stream>'
    "</Connect></Response>"
)
HANGUP = "<Response><Hangup/></Response>"


@attrs.define
class Line:
    """The server's end of one media stream."""

    socket: ServerSocket
    messages: list[tuple[float, dict[str, Any]]] = attrs.field(factory=list)
    sid: str = ""

    async def receive(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(await self.socket.receive())
        self.messages.append((trio.current_time(), message))
        self.sid = message.get("streamSid", "")
        return message

    async def receive_until(self, event: str) -> dict[str, Any]:
        while (message := await self.receive())["event"] != event:
            pass
        return message

    async def drain(self) -> None:
        try:
            while True:
                await self.receive()
        except SocketClosed:
            pass

    async def send(self, message: dict[str, Any]) -> None:
        await self.socket.send(json.dumps({**message, "streamSid": self.sid}))

    async def play(self, audio: bytes) -> None:
        payload = base64.b64encode(audio).decode()
        await self.send({"event": "media", "media": {"payload": payload}})

    async def mark(self, name: str) -> None:
        await self.send({"event": "mark", "mark": {"name": name}})

    async def clear(self) -> None:
        await self.send({"event": "clear"})

    def of(self, event: str) -> list[tuple[float, dict[str, Any]]]:
        return [(at, message) for at, message in self.messages if message["event"] == event]


async def refuse(exchange: Exchange) -> None:
    """Answer an upgrade with 403."""
    await exchange.respond(403, "no")


@attrs.define
class Answering:
    """The server: TwiML by path, what it was asked, and who drives a stream."""

    drive: Callable[[Line], Awaitable[None]]
    documents: dict[str, str] = attrs.field(factory=dict)
    upgrade: Callable[[Exchange], Awaitable[None]] | None = None
    requests: list[Request] = attrs.field(factory=list)

    async def handle(self, exchange: Exchange) -> None:
        self.requests.append(exchange.request)
        if not exchange.request.is_upgrade:
            document = self.documents.get(exchange.request.path, "<Response/>")
            status, body = (500, "") if document == "500" else (200, document)
            await exchange.respond(status, body, [("content-type", "text/xml")])
        elif self.upgrade is not None:
            await self.upgrade(exchange)
        else:
            await self.drive(Line(await exchange.accept()))

    def forms(self, path: str) -> list[dict[str, str]]:
        return [
            dict(parse_qsl(request.body.decode(), keep_blank_values=True))
            for request in self.requests
            if request.path == path
        ]


@asynccontextmanager
async def twilio_for(
    server: Answering,
    *,
    link: Link | None = None,
    schedule: Schedule | None = None,
    voice: Speak | None = None,
) -> AsyncIterator[Twilio]:
    """An account whose calls reach that server, on a virtual network without jitter."""
    server.documents = {"/twiml": CONNECT, "/twiml/after": HANGUP} | server.documents
    async with trio.open_nursery() as nursery:
        network = Network(nursery)
        network.listen("voice.example.com", lambda stream: serve_stream(stream, server.handle))
        yield Twilio(
            Account(
                sid=SID,
                auth_token=TOKEN,
                dial=network.dial,
                rng=random.Random(7),
                wall=lambda: 1_795_340_254.0,
                link=link or Link(delay_ms=8, jitter_ms=0),
                schedule=schedule or Schedule(),
                voice=voice,
            )
        )
        nursery.cancel_scope.cancel()


async def ring(
    server: Answering,
    behaviour: Behaviour | None = None,
    *,
    link: Link | None = None,
    voice: Speak | None = None,
    **numbers: Any,
) -> PhoneCall:
    """One call from start to end."""
    async with twilio_for(server, link=link, voice=voice) as twilio:
        call = twilio.new_call(Numbers(webhook=f"{ORIGIN}/twiml", **numbers))
        with trio.fail_after(600):
            return await twilio.place(call, behaviour)
