"""Deepgram's `/v1/speak` over a WebSocket: texts in, audio out, with Aura-2's rules and limits.

Text gathers until Flush, which has it spoken; `Flushed` comes after all audio of its Flush. Clear
drops what was not sent: a last stale piece still comes before `Cleared`, as it may with the real
service. Close speaks what is left first. One task reads, one speaks; the one that speaks is never
cancelled while it sends. Refuses to know which voice it is.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Final

import attrs
import trio

from .faults import Fault
from .speech import Speaker, Speech
from .wire import ServerSocket, SocketClosed

SPEAK_CHARACTERS: Final = 2_000
CHARACTERS_A_MINUTE: Final = 2_400
FLUSHES_A_MINUTE: Final = 20
SESSION_SECONDS: Final = 3_600.0
IDLE_SECONDS: Final = 60.0

Task = Callable[[], Awaitable[None]]

_MINUTE: Final = 60.0
_QUEUED: Final = 64
"""Commands a client may have waiting; then its socket is not read."""


@attrs.define
class _Minute:
    """What was done in the last minute, and how much may be."""

    limit: int
    done: deque[tuple[float, int]] = attrs.field(factory=deque)
    total: int = 0

    def allows(self, amount: int, now: float) -> bool:
        """Count this, unless it is too much."""
        while self.done and self.done[0][0] <= now - _MINUTE:
            self.total -= self.done.popleft()[1]
        if self.total + amount > self.limit:
            return False
        self.done.append((now, amount))
        self.total += amount
        return True


@attrs.frozen
class _Command:
    """Something for the task that speaks, in the order it was asked for."""

    kind: str
    epoch: int
    at: float
    text: str = ""


@attrs.frozen
class _Over(Exception):
    """The socket is to be closed so."""

    code: int
    reason: str


class SpeakSocket:
    """One socket; `run` serves it to its end."""

    def __init__(
        self,
        socket: ServerSocket,
        speaker: Speaker,
        request_id: str,
        fault: Fault | None = None,
    ) -> None:
        self._socket = socket
        self._speaker = speaker
        self._request_id = request_id
        self._fault = fault
        self._text = ""
        self._epoch = 0
        self._end = _Over(1011, "NET-0003")
        self._sequence = 0
        self._sent_bytes = 0
        self._flushes = _Minute(FLUSHES_A_MINUTE)
        self._characters = _Minute(CHARACTERS_A_MINUTE)
        self._pace = trio.CancelScope()
        self._orders, self._commands = trio.open_memory_channel[_Command](_QUEUED)

    async def run(self) -> None:
        """Serve until either side closes."""
        with trio.move_on_after(SESSION_SECONDS):
            async with trio.open_nursery() as nursery:
                for task in (self._listen, self._speak):
                    nursery.start_soon(self._until_over, task, nursery.cancel_scope)
        await self._socket.close(self._end.code, self._end.reason)

    async def _until_over(self, task: Task, all_tasks: trio.CancelScope) -> None:
        try:
            await task()
        except _Over as over:
            self._end = over
        except SocketClosed:
            pass  # whoever closed it needs no farewell
        all_tasks.cancel()

    async def _listen(self) -> None:
        await self._say(
            "Metadata",
            request_id=self._request_id,
            model_name=self._speaker.model,
            model_version="2026-05-01.0",
            model_uuid=self._speaker.model_uuid,
            additional_model_uuids=[],
        )
        while True:
            with trio.move_on_after(IDLE_SECONDS) as patience:
                message = await self._socket.receive()
            if patience.cancelled_caught:
                raise _Over(1011, "NET-0001")
            await self._take(message)

    async def _take(self, message: str | bytes) -> None:
        if isinstance(message, bytes):
            raise _Over(1003, "MESSAGE-0000")
        try:
            command = json.loads(message)
            kind, text = command["type"], command.get("text")
        except (ValueError, TypeError, KeyError, AttributeError):
            raise _Over(1008, "DATA-0000") from None
        if kind == "Speak" and isinstance(text, str):
            self._write(text)
        elif kind == "Flush":
            await self._flush()
        elif kind == "Clear":
            self._text = ""
            self._epoch += 1
            self._pace.cancel()
            await self._order("Clear")
        elif kind == "Close":
            if self._text:
                await self._order("Flush", self._text)
            await self._order("Close")
        else:
            raise _Over(1008, "DATA-0000")

    def _write(self, text: str) -> None:
        if len(text) > SPEAK_CHARACTERS:
            raise _Over(1009, "BIG-0001")
        if not self._characters.allows(len(text), trio.current_time()):
            raise _Over(1008, "DATA-0001")
        self._text += text

    async def _flush(self) -> None:
        if not self._flushes.allows(1, trio.current_time()):
            text = f"Flush was ignored: more than {FLUSHES_A_MINUTE} in 60 seconds."
            await self._say("Warning", description=text, code="FLUSH_RATE_LIMITED")
            return
        text, self._text = self._text, ""
        await self._order("Flush", text)

    async def _order(self, kind: str, text: str = "") -> None:
        await self._orders.send(_Command(kind, self._epoch, trio.current_time(), text))

    async def _speak(self) -> None:
        """Do what is asked, in order; what a Clear has overtaken is left out."""
        async for command in self._commands:
            if command.kind == "Close":
                raise _Over(1000, "")
            if command.kind == "Clear":
                await self._answer("Cleared")
            elif command.epoch == self._epoch and await self._utter(command):
                await self._answer("Flushed")

    async def _utter(self, command: _Command) -> bool:
        """Send a flush's audio. False when a Clear came in between."""
        speech = Speech(self._speaker, command.text, command.at)
        while command.epoch == self._epoch:
            with trio.CancelScope() as self._pace:
                piece = await speech.piece()
                if not piece:
                    return True
            if self._pace.cancelled_caught:
                piece = speech.stale()
            if piece:
                await self._send_audio(piece)
        return False

    async def _send_audio(self, piece: bytes) -> None:
        fault = self._fault
        if fault is not None and self._sent_bytes >= fault.after:
            if fault.kind == "speak_cut":
                await self._socket.abort()
                raise SocketClosed(1006)
            if fault.kind == "speak_stall":
                await trio.sleep_forever()
        self._sent_bytes += len(piece)
        await self._socket.send(piece)

    async def _answer(self, kind: str) -> None:
        sequence, self._sequence = self._sequence, self._sequence + 1
        await self._say(kind, sequence_id=sequence)

    async def _say(self, kind: str, **fields: Any) -> None:
        await self._socket.send(json.dumps({"type": kind, **fields}))
