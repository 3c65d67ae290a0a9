"""Deepgram's `/v1/speak` over a WebSocket: texts in, audio out, with Aura-2's rules and limits.

Text gathers until Flush. Then the voice speaks it: the first byte leaves after the profile's delay,
counted from the Flush, the voice's own computing within it; the rest follows several times faster
than it plays, in pieces that know nothing of 20 ms frames. `Flushed` comes after all audio of its
Flush. `Clear` drops what was not sent; a last stale piece may still come before `Cleared`, as it
does with the real service. Refuses to know which voice that is.
"""

from __future__ import annotations

import json
import math
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

import attrs
import trio

from .faults import Fault
from .mulaw import RATE
from .voice import Voice, between_pieces, pieces
from .wire import ServerSocket, SocketClosed

SPEAK_CHARACTERS: Final = 2_000
CHARACTERS_A_MINUTE: Final = 2_400
FLUSHES_A_MINUTE: Final = 20
SESSION_SECONDS: Final = 3_600.0
IDLE_SECONDS: Final = 60.0
MINUTE: Final = 60.0

_SPEED: Final = 8.0
"""How much faster than it plays audio is made."""

_PIECE_SIZES: Final = (1_111, 1_600, 737, 1_283, 1_600, 1_999)
"""Bytes of the pieces audio leaves in, over and over; none is a whole number of frames but 1,600."""

_QUEUED: Final = 64
"""Commands a client may have waiting; then its socket is not read."""


async def synthesise(
    voice: Voice, text: str, delay: float, speed: float, late: Callable[[float], None]
) -> AsyncIterator[bytes]:
    """The audio of a text, piece by piece, at the pace the service would send it."""
    asked = trio.current_time()
    due = asked + delay
    number = 0
    for count, piece in enumerate(pieces(text)):
        audio = await voice.speak(piece, speed)
        if count:
            audio = between_pieces() + audio
        elif (over := trio.current_time() - due) > 0:
            late(over)
        at = 0
        while at < len(audio):
            size = _PIECE_SIZES[number % len(_PIECE_SIZES)]
            number += 1
            await trio.sleep_until(due)
            yield audio[at : at + size]
            at += size
            due = max(due, trio.current_time() - 0.05) + size / RATE / _SPEED


@attrs.define
class _Window:
    """What happened in the last minute."""

    limit: int
    events: deque[tuple[float, int]] = attrs.field(factory=deque)
    total: int = 0

    def allows(self, now: float, amount: int = 1) -> bool:
        """Count this and say whether it is within the limit; what is not is not counted."""
        while self.events and self.events[0][0] <= now - MINUTE:
            self.total -= self.events.popleft()[1]
        if self.total + amount > self.limit:
            return False
        self.events.append((now, amount))
        self.total += amount
        return True


@attrs.frozen(kw_only=True)
class SpeakSettings:
    """What the socket was opened with, and what its audio comes from."""

    model: str
    voice: Voice
    speed: float
    first_byte: Callable[[], float]
    late: Callable[[float], None]
    request_id: str
    model_uuid: str


class _Over(Exception):
    """The socket is to be closed."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


class SpeakSocket:
    """One socket: a reader takes commands, one task speaks."""

    def __init__(
        self, socket: ServerSocket, settings: SpeakSettings, fault: Fault | None = None
    ) -> None:
        self._socket = socket
        self._settings = settings
        self._fault = fault
        self._text = ""
        self._sequence = 0
        self._flushes = _Window(FLUSHES_A_MINUTE)
        self._characters = _Window(CHARACTERS_A_MINUTE)
        self._speaking = trio.CancelScope()
        self._waiting, self._commands = trio.open_memory_channel[tuple[str, str]](_QUEUED)
        self._sent_bytes = 0

    async def run(self) -> None:
        """Serve until either side closes."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._speak)
            end: tuple[int, str] = (1011, "NET-0003")
            with trio.move_on_after(SESSION_SECONDS):
                end = await self._listen()
            nursery.cancel_scope.cancel()
        await self._socket.close(*end)

    async def _listen(self) -> tuple[int, str]:
        settings = self._settings
        metadata = {
            "type": "Metadata",
            "request_id": settings.request_id,
            "model_name": settings.model,
            "model_version": "2026-05-01.0",
            "model_uuid": settings.model_uuid,
            "additional_model_uuids": [],
        }
        try:
            await self._say(metadata)
            while True:
                with trio.move_on_after(IDLE_SECONDS) as patience:
                    message = await self._socket.receive()
                if patience.cancelled_caught:
                    return 1011, "NET-0001"
                await self._take(message)
        except _Over as over:
            return over.code, over.reason
        except SocketClosed:
            return 1000, ""

    async def _take(self, message: str | bytes) -> None:
        if isinstance(message, bytes):
            raise _Over(1003, "MESSAGE-0000")
        try:
            command = json.loads(message)
            kind, text = command["type"], command.get("text", "")
        except (ValueError, TypeError, KeyError, AttributeError):
            raise _Over(1008, "DATA-0000") from None
        if kind == "Speak" and isinstance(text, str):
            self._write(text)
        elif kind == "Flush":
            await self._flush()
        elif kind == "Clear":
            await self._clear()
        elif kind == "Close":
            await self._finish()
        else:
            raise _Over(1008, "DATA-0000")
