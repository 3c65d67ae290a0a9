"""Deepgram's wire over in-memory streams, and callers whose words are in their audio.

A `Deepgram` runs one script per connection, in order; each `Line` of it records what came in, with
its virtual time. A `Transcriber` is an honest recogniser for audio made by `speech`: every word is
a run of one byte value, so that a word heard twice, cut or lost shows in the text.
"""

from __future__ import annotations

import json
import random
from collections.abc import Awaitable, Callable, Sequence
from itertools import groupby
from typing import Any

import attrs
import trio
import trio_websocket

from voxanne_trio.audio import BYTES_PER_MS, FRAME_BYTES, SILENCE
from voxanne_trio.events import (
    HearingEvent,
    HearingLost,
    HearingRestored,
    SpeechStarted,
    TurnEnded,
)
from voxanne_trio.hearing import AudioRing, Ears, make_ears
from voxanne_trio.sandbox.memory import MemoryStream, Network
from voxanne_trio.settings import Settings
from voxanne_trio.upstream import Dialer, OpenStream

HOST = "deepgram.test"
SETTINGS = Settings(deepgram_api_key="dg_key", deepgram_base_url=f"http://{HOST}")
NOVA = attrs.evolve(SETTINGS, stt="nova")
WORD_MS = 300
GAP_MS = 60


@attrs.define(eq=False)
class Line:
    """One accepted connection, from the vendor's side."""

    socket: trio_websocket.WebSocketConnection
    stream: MemoryStream
    path: str
    headers: dict[str, str]
    opened_at: float
    received: list[tuple[float, str | bytes]] = attrs.field(factory=list)
    closed: bool = False
    on_audio: Callable[[bytes], list[dict[str, Any]]] | None = None
    news: trio.Event = attrs.field(factory=trio.Event)

    @property
    def audio(self) -> bytes:
        return b"".join(message for _, message in self.received if isinstance(message, bytes))

    @property
    def texts(self) -> list[tuple[float, str]]:
        return [(at, message) for at, message in self.received if isinstance(message, str)]

    async def send(self, message: dict[str, Any]) -> None:
        await self.socket.send_message(json.dumps(message))

    async def until(self, done: Callable[[], bool]) -> None:
        """Wait until what was received satisfies a condition."""
        while not done():
            self.news = trio.Event()
            await self.news.wait()

    async def read(self) -> None:
        try:
            while True:
                message = await self.socket.get_message()
                self.received.append((trio.current_time(), message))
                self.news.set()
                if self.on_audio is not None and isinstance(message, bytes):
                    for answer in self.on_audio(message):
                        await self.send(answer)
        except trio_websocket.ConnectionClosed:
            self.closed = True


Script = Callable[[Line], Awaitable[None]]


@attrs.frozen
class Refusal:
    status: int
    headers: tuple[tuple[bytes, bytes], ...] = ()


async def stay(line: Line) -> None:
    """Take everything, say nothing."""
    del line
    await trio.sleep_forever()


async def greet(line: Line) -> None:
    await line.send({"type": "Connected", "request_id": "r", "sequence_id": 0})
    await trio.sleep_forever()


class Deepgram:
    """The vendor: connection n runs script n, later ones the last."""

    def __init__(self, *scripts: Script | Refusal) -> None:
        self.scripts: Sequence[Script | Refusal] = scripts
        self.lines: list[Line] = []
        self.tried_at: list[float] = []

    async def handle(self, stream: MemoryStream) -> None:
        script = self.scripts[min(len(self.tried_at), len(self.scripts) - 1)]
        self.tried_at.append(trio.current_time())
        async with stream, trio.open_nursery() as nursery:
            request = await trio_websocket.wrap_server_stream(nursery, stream)
            if isinstance(script, Refusal):
                await request.reject(script.status, extra_headers=list(script.headers), body=b"no")
            else:
                headers = {name.decode(): value.decode() for name, value in request.headers}
                line = Line(
                    await request.accept(
                        extra_headers=[(b"dg-request-id", f"id-{len(self.tried_at)}".encode())]
                    ),
                    stream,
                    request.path,
                    headers,
                    trio.current_time(),
                )
                self.lines.append(line)
                nursery.start_soon(line.read)
                try:
                    await script(line)
                except trio_websocket.ConnectionClosed:
                    line.closed = True
            nursery.cancel_scope.cancel()


@attrs.define
class Call:
    """One call's hearing on a virtual network, and everything it told."""

    nursery: trio.Nursery
    vendor: Deepgram
    settings: Settings = SETTINGS
    keyterms: tuple[str, ...] = ()
    dial: OpenStream | None = None
    """How the vendor is reached, where not over the virtual network."""
    ring: AudioRing = attrs.field(factory=AudioRing)
    told: list[tuple[float, HearingEvent]] = attrs.field(factory=list)
    began: float = attrs.field(factory=trio.current_time)
    scope: trio.CancelScope = attrs.field(factory=trio.CancelScope)
    network: Network = attrs.field(init=False)
    ears: Ears = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.network = Network(self.nursery)
        self.network.listen(HOST, self.vendor.handle)
        self.ears = make_ears(
            self.settings,
            Dialer(open_stream=self.dial or self.network.dial),
            call_sid="CA1",
            keyterms=self.keyterms,
            rng=random.Random(7),
        )

    def tell(self, event: HearingEvent) -> None:
        self.told.append((trio.current_time() - self.began, event))

    async def listen(self) -> None:
        with self.scope:
            await self.ears.listen(self.ring, self.tell)

    async def say(self, audio: bytes) -> None:
        """Put audio in frames of 20 ms, in real time; returns when the last has arrived."""
        for begin in range(0, len(audio), FRAME_BYTES):
            await trio.sleep(0.02)
            self.ring.put(audio[begin : begin + FRAME_BYTES], trio.current_time())

    @property
    def events(self) -> list[HearingEvent]:
        return [event for _, event in self.told]

    @property
    def settled(self) -> bool:
        """Whether every stream to the vendor has been closed by us."""
        return all(stream._closed for stream in self.network.streams)

    @property
    def turns(self) -> list[str]:
        return [event.text.reveal() for event in self.events if isinstance(event, TurnEnded)]

    @property
    def losses(self) -> list[tuple[float, HearingEvent]]:
        return [(at, e) for at, e in self.told if isinstance(e, HearingLost | HearingRestored)]


def plain(event: HearingEvent) -> tuple[str, str]:
    """An event's name and words, for comparison."""
    text = getattr(event, "text", None)
    return type(event).__name__, text.reveal() if text is not None else ""


def started(events: Sequence[HearingEvent]) -> int:
    return sum(isinstance(event, SpeechStarted) for event in events)


def quiet(milliseconds: int) -> bytes:
    return SILENCE * (milliseconds * BYTES_PER_MS)


def speech(*words: int) -> bytes:
    """Words by number, 1 to 100, each 300 ms of its own loud byte, with short gaps."""
    return b"".join(bytes([word]) * (WORD_MS * BYTES_PER_MS) + quiet(GAP_MS) for word in words)


def spelled(*words: int) -> str:
    return " ".join(f"w{word}" for word in words)


@attrs.frozen
class Spoken:
    text: str
    start: float
    end: float


class Transcriber:
    """Runs of bytes to words, over all audio of one connection; a cut word is written `w5~`."""

    def __init__(self) -> None:
        self.words: list[Spoken] = []
        self._heard = 0
        self._run = 0
        self._length = 0

    @property
    def heard_ms(self) -> float:
        return self._heard / BYTES_PER_MS

    @property
    def quiet_ms(self) -> float:
        return self._length / BYTES_PER_MS if self._run == SILENCE[0] else 0.0

    def feed(self, audio: bytes) -> None:
        for byte, run in groupby(audio):
            if byte != self._run:
                if (word := self._present()) is not None:
                    self.words.append(word)
                self._run, self._length = byte, 0
            length = sum(1 for _ in run)
            self._length += length
            self._heard += length

    def _present(self) -> Spoken | None:
        milliseconds = self._length / BYTES_PER_MS
        if not 0 < self._run <= 100 or milliseconds < 20:
            return None
        whole = "" if milliseconds == WORD_MS else "~"
        end = self.heard_ms / 1000
        return Spoken(f"w{self._run}{whole}", end - milliseconds / 1000, end)

    def so_far(self) -> list[Spoken]:
        """All words, the one being spoken included."""
        present = self._present()
        return [*self.words, present] if present else list(self.words)


def _items(words: list[Spoken]) -> list[dict[str, Any]]:
    return [
        {"word": word.text, "start": word.start, "end": word.end, "confidence": 0.9}
        for word in words
    ]


class FluxMachine:
    """Flux on what a `Transcriber` hears: an update every 240 ms, the end after 400 ms of quiet."""

    def __init__(self) -> None:
        self.ears = Transcriber()
        self._done = 0
        self._active = False
        self._next_update_ms = 240.0

    def __call__(self, audio: bytes) -> list[dict[str, Any]]:
        self.ears.feed(audio)
        words = self.ears.so_far()[self._done :]
        if words and not self._active:
            self._active = True
            return [self._turn("StartOfTurn", words)]
        if self._active and self.ears.quiet_ms >= 400:
            self._active = False
            self._done += len(words)
            return [self._turn("EndOfTurn", words)]
        if self.ears.heard_ms >= self._next_update_ms:
            self._next_update_ms += 240
            return [self._turn("Update", words)]
        return []

    def _turn(self, event: str, words: list[Spoken]) -> dict[str, Any]:
        return {
            "type": "TurnInfo",
            "event": event,
            "turn_index": 0,
            "audio_window_start": 0.0,
            "audio_window_end": self.ears.heard_ms / 1000,
            "transcript": " ".join(word.text for word in words),
            "words": _items(words),
            "end_of_turn_confidence": 0.5,
        }

    async def script(self, line: Line) -> None:
        line.on_audio = self
        await greet(line)


class NovaMachine:
    """nova-3 on what a `Transcriber` hears: interim results, finals in the pauses."""

    def __init__(self) -> None:
        self.ears = Transcriber()
        self._done = 0
        self._open = False
        self._from = 0.0
        self._next_interim_ms = 500.0

    def __call__(self, audio: bytes) -> list[dict[str, Any]]:
        self.ears.feed(audio)
        words = self.ears.so_far()[self._done :]
        if (words or self._open) and self.ears.quiet_ms >= 300:
            self._open = False
            self._done += len(words)
            return [self._results(words, final=True, speech_final=True)]
        if len(words) >= 3 and self.ears.quiet_ms >= 40:
            self._open = True
            self._done += len(words)
            return [self._results(words, final=True, speech_final=False)]
        if self.ears.heard_ms >= self._next_interim_ms:
            self._next_interim_ms += 500
            return [self._results(words, final=False, speech_final=False)]
        return []

    def _results(self, words: list[Spoken], *, final: bool, speech_final: bool) -> dict[str, Any]:
        start, end = self._from, self.ears.heard_ms / 1000
        if final:
            self._from = end
        return {
            "type": "Results",
            "start": start,
            "duration": end - start,
            "is_final": final,
            "speech_final": speech_final,
            "channel": {
                "alternatives": [
                    {
                        "transcript": " ".join(word.text for word in words),
                        "words": _items(words),
                    }
                ]
            },
        }

    async def script(self, line: Line) -> None:
        line.on_audio = self
        await trio.sleep_forever()
