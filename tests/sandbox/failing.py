"""Clients that look at a failing stand-in: what came, when, and how the connection ended.

They use the product's libraries (trio-websocket, httpx), never the stand-in's own framing.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, ClassVar

import attrs
import h11
import httpx
import trio
import trio.testing
from trio_websocket import ConnectionClosed, WebSocketConnection, wrap_client_stream

from tests.sandbox.rig import FLUX, NOVA, SPEAK, scripted, tones
from voxanne_trio.sandbox.completions import Answer
from voxanne_trio.sandbox.deepgram import Deepgram
from voxanne_trio.sandbox.faults import Fault, Schedule
from voxanne_trio.sandbox.faults.opening import through
from voxanne_trio.sandbox.groq import CHAT, Groq
from voxanne_trio.sandbox.memory import MemoryStream, Network, http_transport, pair
from voxanne_trio.sandbox.profiles import Profile
from voxanne_trio.sandbox.server import seeded
from voxanne_trio.sandbox.wire import Exchange, serve_stream

TARGETS = {"listen": FLUX, "nova": NOVA, "speak": SPEAK}
PATIENCE = 30.0
SAID = "one two three"


@attrs.define
class Seen:
    """What a client has seen of one socket."""

    messages: list[tuple[float, str | bytes]] = attrs.field(factory=list)
    closed: tuple[int, str | None] | None = None
    """A close frame's code and reason."""

    lost_at: float | None = None
    """When the connection was gone without a close frame."""

    pong: bool | None = None

    @property
    def texts(self) -> list[str]:
        return [message for _, message in self.messages if isinstance(message, str)]

    @property
    def types(self) -> list[str]:
        """The messages' types in order; audio is `audio`, what is no JSON is `broken`."""
        return [_type(message) for _, message in self.messages]

    @property
    def is_open(self) -> bool:
        return self.closed is None and self.lost_at is None


def _type(message: str | bytes) -> str:
    if isinstance(message, bytes):
        return "audio"
    try:
        said = json.loads(message)
    except ValueError:
        return "broken"
    return str(said.get("event") or said["type"])


@attrs.define
class FailingDeepgram:
    """A stand-in behind a schedule; both are armed from the start."""

    schedule: Schedule
    deepgram: Deepgram = attrs.field(factory=lambda: scripted(SAID, SAID))

    @classmethod
    def by(cls, *faults: Fault, armed: bool = True) -> FailingDeepgram:
        schedule = Schedule(faults)
        if armed:
            schedule.arm()
        return cls(schedule)

    async def handle(self, exchange: Exchange) -> None:
        own = {"deepgram": self.deepgram.faults}
        await through(self.schedule, exchange, self.deepgram.handle, own)

    async def look(
        self, place: str, use: Callable[[WebSocketConnection], Awaitable[None]] | None = None
    ) -> Seen:
        """Open a socket, use it as a call would, and tell what was seen."""
        near, far = pair()
        seen = Seen()
        async with near, trio.open_nursery() as nursery:
            nursery.start_soon(serve_stream, far, self.handle)
            await _open(near, nursery, place, seen, use or USES[place])
            nursery.cancel_scope.cancel()
        return seen

    async def opening(self, place: str) -> Answered:
        """What an upgrade gets."""
        near, far = pair()
        async with near, trio.open_nursery() as nursery:
            nursery.start_soon(serve_stream, far, self.handle)
            answer = await answer_to_upgrade(near, place)
            nursery.cancel_scope.cancel()
        return answer


Answered = httpx.Response | trio.BrokenResourceError | None
"""An answer, the end of the connection, or nothing at all."""


async def answer_to_upgrade(stream: trio.abc.Stream, place: str) -> Answered:
    """Ask for a socket on a new connection."""
    headers = {
        "authorization": "Token key",
        "upgrade": "websocket",
        "connection": "Upgrade",
        "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    request = httpx.Request("GET", f"http://api.deepgram.com{TARGETS[place]}", headers=headers)
    with trio.move_on_after(PATIENCE):
        try:
            return await _answer(stream, request)
        except trio.BrokenResourceError as broken:
            return broken
    return None


async def _answer(near: trio.abc.Stream, request: httpx.Request) -> httpx.Response:
    http = h11.Connection(h11.CLIENT)
    head = h11.Request(method="GET", target=request.url.raw_path, headers=request.headers.raw)
    await near.send_all((http.send(head) or b"") + (http.send(h11.EndOfMessage()) or b""))
    response: h11.Response | None = None
    body = b""
    while not isinstance(event := http.next_event(), h11.EndOfMessage):
        if event is h11.NEED_DATA:
            http.receive_data(bytes(await near.receive_some()))
        elif isinstance(event, h11.Response):
            response = event
        elif isinstance(event, h11.Data):
            body += bytes(event.data)
    assert response is not None
    return httpx.Response(response.status_code, headers=list(response.headers), content=body)


async def _open(
    near: MemoryStream,
    nursery: trio.Nursery,
    place: str,
    seen: Seen,
    use: Callable[[WebSocketConnection], Awaitable[None]],
) -> None:
    headers = [(b"authorization", b"Token key")]
    with trio.fail_after(PATIENCE):  # it would wait for ever for a peer that has gone
        socket = await wrap_client_stream(
            nursery,
            near,  # type: ignore[arg-type]  # names sockets; any stream will do
            "api.deepgram.com",
            TARGETS[place],
            extra_headers=headers,
        )
    async with trio.open_nursery() as using:
        using.start_soon(_note, socket, seen)
        try:
            await use(socket)
            await _ping(socket, seen)
        except ConnectionClosed:
            pass
        await trio.testing.wait_all_tasks_blocked()
        using.cancel_scope.cancel()


async def _note(socket: WebSocketConnection, seen: Seen) -> None:
    try:
        while True:
            message = await socket.get_message()
            seen.messages.append((trio.current_time(), message))
    except ConnectionClosed as closed:
        reason = closed.reason
        if reason is None or reason.code == 1006:
            seen.lost_at = trio.current_time()
        else:
            seen.closed = (int(reason.code), reason.reason)


async def _ping(socket: WebSocketConnection, seen: Seen) -> None:
    with trio.move_on_after(3) as patience:
        await socket.ping()
    seen.pong = not patience.cancelled_caught


async def speak_to(socket: WebSocketConnection) -> None:
    """A caller's turn: silence, three words, silence."""
    audio = b"\xff" * 4_000 + tones(SAID)
    audio += b"\xff" * (24_000 - len(audio) % 160)
    for at in range(0, len(audio), 640):
        await socket.send_message(audio[at : at + 640])
        await trio.sleep(0.08)


async def have_spoken(socket: WebSocketConnection) -> None:
    """Two sentences with a flush each, then a third that is cleared."""
    for text in ("Hello there.", "How can I help you today?"):
        await socket.send_message(json.dumps({"type": "Speak", "text": text}))
        await socket.send_message(json.dumps({"type": "Flush"}))
        await trio.sleep(1.5)
    await socket.send_message(json.dumps({"type": "Speak", "text": "We are open every day."}))
    await socket.send_message(json.dumps({"type": "Flush"}))
    await trio.sleep(0.2)
    await socket.send_message(json.dumps({"type": "Clear"}))
    await trio.sleep(1.0)


USES = {"listen": speak_to, "nova": speak_to, "speak": have_spoken}


# HTTP.


@attrs.define
class Hosts:
    """Deepgram and Groq on a network, behind one schedule, and an httpx client for them."""

    client: httpx.AsyncClient
    schedule: Schedule
    network: Network

    async def asked(self, place: str) -> httpx.Response | httpx.HTTPError:
        """The answer to a request of that place, or how it failed."""
        try:
            return await (self.chat() if place == "chat" else self.speak())
        except httpx.HTTPError as error:
            return error

    chat_url = f"http://groq.test{CHAT}"
    question: ClassVar[dict[str, Any]] = {
        "model": "openai/gpt-oss-20b",
        "stream": True,
        "messages": [{"role": "user", "content": "Hi"}],
    }

    async def chat(self) -> httpx.Response:
        return await self.client.post(self.chat_url, json=self.question)

    async def speak(self) -> httpx.Response:
        url = f"http://deepgram.test{SPEAK}&container=none"
        return await self.client.post(url, json={"text": "We are open every day until six."})


@asynccontextmanager
async def hosts(*faults: Fault) -> AsyncIterator[Hosts]:
    """Everything up, the schedule armed."""
    schedule = Schedule(faults)
    schedule.arm()
    deepgram = scripted()
    groq = Groq(
        Profile.named("fixed:260,110,90", seeded(0, "profile")),
        lambda messages, tools: Answer("We are open every day. Come in whenever you like."),
        rng=seeded(0, "groq"),
        wall=lambda: 1_800_000_000.0,
    )
    own = {"deepgram": deepgram.faults, "groq": groq.faults}

    def serving(handle: Callable[[Exchange], Awaitable[None]]) -> Callable[[Any], Awaitable[None]]:
        async def guarded(exchange: Exchange) -> None:
            await through(schedule, exchange, handle, own)

        return lambda stream: serve_stream(stream, guarded)

    async with trio.open_nursery() as nursery:
        network = Network(nursery)
        network.listen("deepgram.test", serving(deepgram.handle))
        network.listen("groq.test", serving(groq.handle))
        headers = {"authorization": "Bearer key"}
        client = httpx.AsyncClient(
            transport=http_transport(network.dial), headers=headers, timeout=PATIENCE
        )
        async with client:
            yield Hosts(client, schedule, network)
        nursery.cancel_scope.cancel()


async def healthy(place: str) -> Seen:
    seen = await FailingDeepgram.by().look(place)
    assert seen.is_open
    assert seen.pong
    return seen


def messages(seen: Seen) -> list[str | bytes]:
    """The messages, without what is made up anew for each connection."""
    return [_comparable(message) for _, message in seen.messages]


def _comparable(message: str | bytes) -> str | bytes:
    if isinstance(message, bytes) or not message.endswith("}"):
        return message
    said = json.loads(message)
    for name in ("request_id", "model_uuid", "model_version"):
        said.pop(name, None)
    return json.dumps(said)
