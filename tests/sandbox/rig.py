"""A Deepgram stand-in on in-memory streams in virtual time, and a client that speaks its wires.

The client is trio-websocket, the product's library and not the stand-in's: a mistake in the
stand-in's framing does not cancel out. Every message that is received is checked with the typed
model of the official SDK for its `type`.
"""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import attrs
import h11
import httpx
import trio
from deepgram.listen.v1 import types as listen_v1
from deepgram.listen.v2 import types as listen_v2
from deepgram.speak.v1 import types as speak_v1
from trio_websocket import ConnectionClosed, WebSocketConnection, wrap_client_stream

from voxanne_trio.sandbox.deepgram import Deepgram, Limits
from voxanne_trio.sandbox.endpointer import FRAME_BYTES
from voxanne_trio.sandbox.memory import pair
from voxanne_trio.sandbox.profiles import Profile
from voxanne_trio.sandbox.scripted import Scripted
from voxanne_trio.sandbox.voice import ToneVoices
from voxanne_trio.sandbox.wire import serve_stream

FLUX: Final = "/v2/listen?model=flux-general-en&encoding=mulaw&sample_rate=8000&tag=CA1"
NOVA: Final = (
    "/v1/listen?model=nova-3&encoding=mulaw&sample_rate=8000&interim_results=true&endpointing=300"
    "&utterance_end_ms=1000&vad_events=true&smart_format=true&no_delay=true&tag=CA1"
)
SPEAK: Final = "/v1/speak?model=aura-2-thalia-en&encoding=mulaw&sample_rate=8000"
SILENCE: Final = b"\xff"
FRAME: Final = 0.02

DATA: Final = Path(__file__).parent.parent / "data"

MODELS: Final[Mapping[str, Mapping[str, Any]]] = {
    "/v1/listen": {
        "Results": listen_v1.ListenV1Results,
        "SpeechStarted": listen_v1.ListenV1SpeechStarted,
        "UtteranceEnd": listen_v1.ListenV1UtteranceEnd,
        "Metadata": listen_v1.ListenV1Metadata,
        "ConfigureSuccess": listen_v1.ListenV1ConfigureSuccess,
        "ConfigureFailure": listen_v1.ListenV1ConfigureFailure,
        "Error": listen_v1.ListenV1Error,
    },
    "/v2/listen": {
        "Connected": listen_v2.ListenV2Connected,
        "TurnInfo": listen_v2.ListenV2TurnInfo,
        "ConfigureSuccess": listen_v2.ListenV2ConfigureSuccess,
        "ConfigureFailure": listen_v2.ListenV2ConfigureFailure,
        "Warning": listen_v2.ListenV2Warning,
        "Error": listen_v2.ListenV2FatalError,
    },
    "/v1/speak": {
        "Metadata": speak_v1.SpeakV1Metadata,
        "Flushed": speak_v1.SpeakV1Flushed,
        "Cleared": speak_v1.SpeakV1Cleared,
        "Warning": speak_v1.SpeakV1Warning,
    },
}

Heard = tuple[float, dict[str, Any] | bytes]


def stand_in(profile: str = "fixed:260,110,90", **options: Any) -> Deepgram:
    """A scripted stand-in with voices of tone."""
    rng = random.Random(1)
    return Deepgram(Profile.named(profile, rng), ToneVoices(), Scripted(), rng, **options)


def limited(**limits: int) -> Deepgram:
    """A stand-in that serves only so many at once."""
    return stand_in(limits=Limits(**limits))


def scripted(*utterances: str, profile: str = "fixed:260,110,90") -> Deepgram:
    """A stand-in that knows what the stream with the tag of `FLUX` and `NOVA` will say."""
    deepgram = stand_in(profile)
    assert isinstance(deepgram.recogniser, Scripted)
    deepgram.recogniser.register("CA1", utterances)
    return deepgram


def tones(text: str) -> bytes:
    """Speech of the sandbox's caller, in whole frames."""
    audio = ToneVoices().caller().say(text)
    return audio[: len(audio) // FRAME_BYTES * FRAME_BYTES]


async def say(client: Client, text: str, *, after: float = 0.5) -> float:
    """Say something after a silence. When the last of it was sent."""
    await client.silence(after)
    await client.hear(tones(text), FRAME_BYTES)
    return trio.current_time()


@attrs.define
class Client:
    """One socket to the stand-in; `heard` keeps everything it said, with its virtual time."""

    socket: WebSocketConnection
    path: str
    heard: list[Heard] = attrs.field(factory=list)
    closed: tuple[int, str | None] | None = None
    news: trio.Event = attrs.field(factory=trio.Event)
    """Set when something has come; then there is a new one."""

    @property
    def said(self) -> list[dict[str, Any]]:
        """The text messages."""
        return [message for _, message in self.heard if isinstance(message, dict)]

    @property
    def audio(self) -> bytes:
        return b"".join(message for _, message in self.heard if isinstance(message, bytes))

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The messages of one type, or of one event."""
        return [said for said in self.said if kind in {said["type"], said.get("event")}]

    def at(self, kind: str, number: int = 0) -> float:
        """When the n-th message of a type or event came."""
        times = [
            at
            for at, said in self.heard
            if isinstance(said, dict) and kind in {said["type"], said.get("event")}
        ]
        return times[number]

    async def listen(self) -> None:
        try:
            while True:
                message = await self.socket.get_message()
                self._take(json.loads(message) if isinstance(message, str) else message)
        except ConnectionClosed as closed:
            if closed.reason is not None:
                self.closed = (closed.reason.code, closed.reason.reason)

    def _take(self, said: dict[str, Any] | bytes) -> None:
        if isinstance(said, dict):
            MODELS[self.path][said["type"]].model_validate(said)
        self.heard.append((trio.current_time(), said))
        self.news.set()
        self.news = trio.Event()

    async def send(self, **message: Any) -> None:
        await self.socket.send_message(json.dumps(message))

    async def hear(self, audio: bytes, chunk: int = 640) -> None:
        """Send audio at the pace it plays, each chunk when its last sample has been spoken."""
        for at in range(0, len(audio), chunk):
            piece = audio[at : at + chunk]
            await trio.sleep(len(piece) / 8_000)
            await self.socket.send_message(piece)

    async def silence(self, seconds: float) -> None:
        await self.hear(SILENCE * round(seconds * 8_000))


@asynccontextmanager
async def connected(deepgram: Deepgram, target: str, key: str = "key") -> AsyncIterator[Client]:
    """A socket that is open, with a task that takes what comes."""
    near, far = pair()
    headers = [(b"authorization", f"Token {key}".encode())]
    async with near, trio.open_nursery() as nursery:
        nursery.start_soon(serve_stream, far, deepgram.handle)
        socket = await wrap_client_stream(
            nursery,
            near,  # type: ignore[arg-type]  # names sockets; any stream will do
            "api.deepgram.com",
            target,
            extra_headers=headers,
        )
        client = Client(socket, target.partition("?")[0])
        nursery.start_soon(client.listen)
        yield client
        nursery.cancel_scope.cancel()


def events(client: Client) -> Sequence[str]:
    """The turn events and other messages in order, without Updates."""
    return order(client.said)


def order(messages: Sequence[Mapping[str, Any]]) -> list[str]:
    """What the messages are, in order, without Updates."""
    names = (said.get("event", said["type"]) for said in messages)
    return [name for name in names if name != "Update"]


def sample(sequence: str) -> list[dict[str, Any]]:
    """One recorded sequence of the wire, line by line."""
    lines = (DATA / "deepgram_messages.jsonl").read_text(encoding="utf-8").splitlines()
    records: list[dict[str, Any]] = [json.loads(line) for line in lines]
    return [record for record in records if record["seq"] == sequence]


def same_shape(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> bool:
    """Whether a message has the recorded one's keys with the same kinds of value."""
    return {name: _kind(value) for name, value in ours.items()} == {
        name: _kind(value) for name, value in theirs.items()
    }


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    return "number" if isinstance(value, int | float) else type(value).__name__


async def refusal(deepgram: Deepgram, target: str, key: str = "key") -> httpx.Response:
    """The answer to an upgrade that is not accepted."""
    near, far = pair()
    request = httpx.Request(
        "GET",
        f"ws://api.deepgram.com{target}",
        headers={
            "authorization": f"Token {key}",
            "upgrade": "websocket",
            "connection": "Upgrade",
            "sec-websocket-version": "13",
            "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
        },
    )
    connection = h11.Connection(h11.CLIENT)
    async with near, trio.open_nursery() as nursery:
        nursery.start_soon(serve_stream, far, deepgram.handle)
        head = h11.Request(method="GET", target=request.url.raw_path, headers=request.headers.raw)
        await near.send_all(
            (connection.send(head) or b"") + (connection.send(h11.EndOfMessage()) or b"")
        )
        answer: h11.Response | None = None
        body = b""
        while not isinstance(event := connection.next_event(), h11.EndOfMessage):
            if event is h11.NEED_DATA:
                connection.receive_data(await near.receive_some())
            elif isinstance(event, h11.Response):
                answer = event
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
        nursery.cancel_scope.cancel()
    assert answer is not None
    return httpx.Response(answer.status_code, headers=list(answer.headers), content=body)
