"""The vendors' ends of the wires, watched: when the server's share of a turn begins and ends.

Each turn carries a word of its own (its *tag*), which the caller says, the recogniser writes and
the model repeats; so every message of the turn can be told apart wherever it passes, on sockets
that calls share too. Moments are noted at the stand-ins' sockets, outside the server, and a stand-
in's own lateness falls between two of the server's shares, not into one.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import product
from typing import Any, Final

import trio

from voxanne_trio.sandbox.completions import Answer
from voxanne_trio.sandbox.groq import CHAT
from voxanne_trio.sandbox.wire import Exchange, ServerSocket

Handler = Callable[[Exchange], Awaitable[None]]

SECOND: Final = "Welcome"
"""Begins the model's second sentence: with it the first is known to be complete."""

_TAG: Final = re.compile("zz[a-z]{4}", re.IGNORECASE)


def tags() -> list[str]:
    """Words that nobody says."""
    return ["zz" + "".join(letters) for letters in product("abdefgiklmnoprstuv", repeat=4)]


def question(tag: str) -> str:
    """What the caller says: about two and a half seconds."""
    return f"{tag} when are you open?"


def reply(messages: Sequence[Mapping[str, Any]], _: Sequence[str]) -> Answer:
    """What the model says: about four seconds, in three sentences."""
    tag = _last_tag(str([message["content"] for message in messages if message["role"] == "user"]))
    return Answer(f"Sure, {tag} it is. {SECOND} from nine to six. Shall I book that?")


class Wires:
    """The moments of every turn, by tag; times on Trio's clock."""

    def __init__(self) -> None:
        self.turns: dict[str, dict[str, float]] = {}

    def note(self, tag: str, moment: str) -> None:
        """Something of a turn passed; the first time counts."""
        self.turns.setdefault(tag, {}).setdefault(moment, trio.current_time())

    def watch(self, handle: Handler) -> Handler:
        """The same handler of requests, watched."""

        async def handle_watched(exchange: Exchange) -> None:
            watched: Any = _Exchange(exchange, self)
            await handle(watched)

        return handle_watched


class _Exchange:
    """An exchange whose moments are noted."""

    def __init__(self, exchange: Exchange, wires: Wires) -> None:
        self.request = exchange.request
        self.respond = exchange.respond
        self.start = exchange.start
        self.finish = exchange.finish
        self.abort = exchange.abort
        self._exchange = exchange
        self._wires = wires
        self._tag = _last_tag(self.request.body.decode()) if self.request.body else ""
        self._is_chat = self.request.path == CHAT
        if self._tag:
            wires.note(self._tag, "llm_in" if self._is_chat else "tts_in")

    async def accept(self, headers: Sequence[tuple[str, str]] = ()) -> Any:
        socket = await self._exchange.accept(headers)
        kind = _Listen if self.request.path.endswith("/listen") else _Speak
        return kind(socket, self._wires)

    async def send(self, data: bytes) -> None:
        await self._exchange.send(data)
        if self._tag and not self._is_chat:
            self._wires.note(self._tag, "tts_out")
        elif self._tag and SECOND.encode() in data:
            self._wires.note(self._tag, "llm_out")


class _Socket:
    def __init__(self, socket: ServerSocket, wires: Wires) -> None:
        self.close = socket.close
        self.abort = socket.abort
        self.receive: Callable[[], Awaitable[str | bytes]] = socket.receive
        self._socket = socket
        self._wires = wires


class _Listen(_Socket):
    """Notes when the recogniser has said that a turn is over."""

    async def send(self, message: str | bytes) -> None:
        await self._socket.send(message)
        if isinstance(message, str) and '"EndOfTurn"' in message and (tag := _last_tag(message)):
            self._wires.note(tag, "decided")


class _Speak(_Socket):
    """Notes when the first sentence of a turn was asked for, and when its first audio left."""

    def __init__(self, socket: ServerSocket, wires: Wires) -> None:
        super().__init__(socket, wires)
        self.receive = self._receive
        self._written = ""
        self._awaited = ""

    async def _receive(self) -> str | bytes:
        message = await self._socket.receive()
        if isinstance(message, str):
            if tag := _last_tag(message):
                self._written = tag
            elif '"Flush"' in message and self._written:
                self._wires.note(self._written, "tts_in")
                self._written, self._awaited = "", self._written
        return message

    async def send(self, message: str | bytes) -> None:
        await self._socket.send(message)
        if self._awaited and isinstance(message, bytes):
            self._wires.note(self._awaited, "tts_out")
            self._awaited = ""


def _last_tag(text: str) -> str:
    found = _TAG.findall(text)
    return found[-1].lower() if found else ""
