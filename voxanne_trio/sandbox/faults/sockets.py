"""A WebSocket of a stand-in that fails as a schedule says, message by message or at its time.

It takes the place of a `WireSocket` on either side and is one until something strikes: no byte
differs. Whoever uses it sees what the failing side itself would see: nothing after a mute, a
closed socket after a reset. Slow messages go out from a task of their own, in order. Refuses to
know what messages mean beyond their type.
"""

from __future__ import annotations

import json
import socket
import struct
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, Final

import trio

from ..sockets import SocketClosed, WireSocket
from .kinds import Act, Kind
from .schedule import Schedule, Strike

HALF_OPEN_SECONDS: Final = 120.0
"""A connection whose other end is gone without a word is given up after this."""

_STALE_PIECES: Final = 2
_LOST: Final = 1006
_AT_ANY_TIME: Final = frozenset(
    {Act.RESET, Act.HALF_OPEN, Act.MUTE, Act.SLOW, Act.CLOSE, Act.SAY_AND_CLOSE}
)
_WITH_ANY_MESSAGE: Final = _AT_ANY_TIME | {Act.HALF_FRAME, Act.UNKNOWN}
_WITH_TEXT: Final = frozenset({Act.CUT_TEXT, Act.WRONG_FIELDS})
_WITH_TYPE: Final = frozenset({Act.LOSE, Act.STALE_AUDIO})
_ON_COMMAND: Final = frozenset({Act.ANSWER, Act.ANSWER_AND_CLOSE})


class FaultySocket(WireSocket):
    """One socket at one place; it owns its stream from the handshake on."""

    def __init__(
        self,
        stream: trio.abc.Stream,
        *,
        client: bool,
        early: bytes = b"",
        schedule: Schedule,
        place: str,
        nursery: trio.Nursery,
        number: int = 0,
    ) -> None:
        super().__init__(stream, client=client, early=early)
        self._schedule = schedule
        self._place = place
        self._nursery = nursery
        self._number = number or schedule.number(place)
        self._said: Counter[str] = Counter()
        self._asked: Counter[str] = Counter()
        self._pieces: deque[bytes] = deque(maxlen=_STALE_PIECES)
        self._is_mute = self._is_deaf = False
        self._reading: trio.CancelScope | None = None
        self._late: _LateMessages | None = None

    # What the stand-in does with it.

    async def send(self, message: str | bytes) -> None:
        """As `WireSocket.send`, unless a fault strikes this message."""
        if self._is_mute:
            await trio.lowlevel.checkpoint()
            return
        kind = _type_of(message)
        strike = self._strike(lambda known: _can_strike(known, kind, message))
        self._count(kind, message)
        if strike is None or not await self._instead(strike, message):
            await self._pass(message)

    async def receive(self) -> str | bytes:
        """As `WireSocket.receive`, unless a fault strikes meanwhile."""
        while True:
            if self._is_deaf:
                await self._stay_deaf()
            message: str | bytes | None = None
            with self._schedule.woken(self._place) as self._reading:
                message = await super().receive()
            if message is None:
                await self._strike_at_its_time()
            elif not await self._answered(message):
                return message

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """As `WireSocket.close`, after the last late message; who is mute says no farewell."""
        if self._is_mute:
            await self.abort()
        if self._late is not None:
            await self._late.delivered()
        await super().close(code, reason)

    # What strikes.

    def _count(self, kind: str, message: str | bytes) -> None:
        self._said[kind] += 1
        if isinstance(message, bytes):
            self._pieces.append(message)

    def _done(self, kind: Kind) -> int:
        if kind.act in _ON_COMMAND:
            return self._asked[kind.of]
        return self._said[kind.of] if kind.of else self._said.total()

    def _strike(self, can: Callable[[Kind], bool]) -> Strike | None:
        def can_now(kind: Kind) -> bool:
            return can(kind) and not (kind.act is Act.SLOW and self._is_late)

        return self._schedule.strike(self._place, can_now, self._number, self._done)

    @property
    def _is_late(self) -> bool:
        return self._late is not None and trio.current_time() < self._late.until

    def _use(self) -> None:
        """Who was open before the schedule was armed is numbered when it is first used."""
        if not self._number:
            self._number = self._schedule.number(self._place)

    async def _strike_at_its_time(self) -> None:
        self._use()
        strike = self._strike(lambda known: known.act in _AT_ANY_TIME)
        if strike is not None:
            await self._instead(strike, "")

    async def _answered(self, message: str | bytes) -> bool:
        """Whether a command has had a fault's answer, so that the stand-in is not to see it."""
        self._use()
        kind = _type_of(message)
        strike = self._strike(lambda known: known.act in _ON_COMMAND and known.of == kind)
        self._asked[kind] += 1
        if strike is None:
            return False
        await self._pass(json.dumps(strike.kind.says))
        if strike.kind.act is Act.ANSWER_AND_CLOSE:
            await self.close(strike.kind.code, strike.kind.reason)
            raise SocketClosed(_LOST, "closed by a fault")
        return True

    async def _instead(self, strike: Strike, message: str | bytes) -> bool:
        """Do what the fault does; whether the message itself is not to be sent any more."""
        act = strike.kind.act
        if act is Act.SLOW:
            self._begin_to_be_late(strike)
            return False
        if act is Act.UNKNOWN:
            await self._pass(json.dumps(_unknown(message)))
            return False
        if act is Act.STALE_AUDIO:
            await self._pass(message)
            for piece in tuple(self._pieces):
                await self._pass(piece)
        elif act is Act.CUT_TEXT and isinstance(message, str):
            await self._pass(message[: len(message) * 2 // 3])
        elif act is Act.WRONG_FIELDS and isinstance(message, str):
            await self._pass(json.dumps(_wrong(json.loads(message))))
        elif act in {Act.MUTE, Act.HALF_OPEN}:
            self._fall_silent(deaf=act is Act.HALF_OPEN)
        elif act is not Act.LOSE:
            await self._end_by(strike, message)
        return True

    def _fall_silent(self, *, deaf: bool) -> None:
        self._is_mute, self._is_deaf = True, deaf
        if deaf and self._reading is not None:
            self._reading.cancel()

    async def _stay_deaf(self) -> None:
        await trio.sleep(HALF_OPEN_SECONDS)
        await self.abort()
        raise SocketClosed(_LOST, "half-open for too long")

    async def _end_by(self, strike: Strike, message: str | bytes) -> None:
        """Reset, half a frame, or a close with its code."""
        kind = strike.kind
        if kind.act is Act.RESET:
            await reset(self._stream)
            await self.abort()
        elif kind.act is Act.HALF_FRAME:
            frame = self._framing.message(message)
            with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
                await self._stream.send_all(frame[: len(frame) // 2])
            await self.abort()
        else:
            if kind.act is Act.SAY_AND_CLOSE:
                await self._pass(json.dumps(kind.says))
            await self.close(kind.code, kind.reason)
        raise SocketClosed(_LOST, "ended by a fault")

    # Slow messages.

    def _begin_to_be_late(self, strike: Strike) -> None:
        if self._late is None:
            self._late = _LateMessages(super().send)
            self._nursery.start_soon(self._late.run)
        self._late.seconds = strike.seconds
        self._late.until = self._schedule.ends_at(strike)

    async def _pass(self, message: str | bytes) -> None:
        """Send it now, or when it is due."""
        if self._late is None:
            await super().send(message)
        else:
            await trio.lowlevel.checkpoint()
            self._late.post(message)


class _LateMessages:
    """Messages that are sent some time after they were posted, in their order."""

    def __init__(self, send: Callable[[str | bytes], Awaitable[None]]) -> None:
        self._send = send
        self._waiting: deque[tuple[float, str | bytes]] = deque()
        self._changed = trio.Event()
        self._over = False
        self.seconds = 0.0
        self.until = 0.0

    def post(self, message: str | bytes) -> None:
        now = trio.current_time()
        due = now + (self.seconds if now < self.until else 0.0)
        if self._waiting:
            due = max(due, self._waiting[-1][0])
        self._waiting.append((due, message))
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = trio.Event()

    async def run(self) -> None:
        try:
            while True:
                while not self._waiting:
                    await self._changed.wait()
                due, message = self._waiting[0]
                await trio.sleep_until(due)
                await self._send(message)
                self._waiting.popleft()
                self._wake()
        except SocketClosed:
            pass
        finally:
            self._over = True
            self._wake()

    async def delivered(self) -> None:
        while self._waiting and not self._over:
            await self._changed.wait()


async def reset(stream: trio.abc.Stream) -> None:
    """Cut a connection as TCP's RST does: in memory, or a socket of the system."""
    if isinstance(stream, trio.SocketStream):
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    elif (in_memory := getattr(stream, "reset", None)) is not None:
        in_memory()
    await trio.aclose_forcefully(stream)


def _can_strike(kind: Kind, said: str, message: str | bytes) -> bool:
    if kind.act in _WITH_TYPE:
        return kind.of == said
    return kind.act in _WITH_ANY_MESSAGE or (kind.act in _WITH_TEXT and isinstance(message, str))


def _type_of(message: str | bytes) -> str:
    """A JSON message's type, in either vendor's field; audio has none."""
    said = _said(message)
    return str(said.get("type", said.get("event", "")))


def _said(message: str | bytes) -> dict[str, Any]:
    if isinstance(message, bytes):
        return {}
    try:
        data = json.loads(message)
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


def _unknown(message: str | bytes) -> dict[str, Any]:
    """A message of no known type, in the vendor's form."""
    said = _said(message)
    if "event" in said and "type" not in said:
        return {"event": "unforeseen", "unforeseen": {"since": "2027"}}
    return {"type": "Unforeseen", "since": "2027"}


def _wrong(message: Mapping[str, Any]) -> dict[str, Any]:
    """The same fields, each of another type than it should be; only the message's type is kept."""
    return {
        name: value if name in {"type", "event"} else _of_another_type(value)
        for name, value in message.items()
    }


def _of_another_type(value: Any) -> Any:
    if isinstance(value, str | bool) or value is None:
        return [value]
    return "seven" if isinstance(value, int | float) else 7
