"""One `/v1/speak` socket: lent to a reply, given back, lent again, until something ends it.

Theory of operation. A socket is *opening*, then *free*, *lent*, or *clearing*: a lease given back
with work outstanding posts `Clear`, and the socket is free again when `Cleared` has come; what the
vendor sends until then is discarded. The vendor answers in order, so this is all it takes for the
next lease to be clean. Whatever goes wrong ends the socket, never repairs it: the pool opens
another.

One task writes, one reads, one keeps watch. Leases never wait for the connection: what `write`,
`flush` and giving back have to say is written at once as far as the kernel takes it, and the rest
is the writer's, so a cancelled reply cannot leave half a frame.

The reader waits for the vendor no longer than `Flushed` or `Cleared` may take; the time in which
the lease itself is behind does not count.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import trio
from trio_websocket import ConnectionClosed, WebSocketConnection
from wsproto.utilities import LocalProtocolError

from ..errors import BadMessage, TransientVendorError, VendorError
from ..line import flush_messages, next_message, write_message
from ..upstream import Dialer, open_websocket
from . import Flushed
from .inbox import Inbox
from .wire import (
    CHARACTERS_PER_MINUTE,
    CLEAR,
    FLUSH,
    FLUSHES_PER_MINUTE,
    SlidingMinute,
    SpeakMessage,
    headers,
    parse,
    pieces,
    socket_url,
    speak,
)

log = logging.getLogger(__name__)

OUTGOING: Final = 256
"""Messages that may wait for the writer; more means that the vendor does not read: the socket is
ended, so none is ever dropped while the rest goes on."""

_WRITTEN: Final = ""
"""In the place of a message that was written, but not all of it is on the wire."""

SEND_SECONDS: Final = 5.0
FLUSHED_SECONDS: Final = 8.0
FLUSHED_SECONDS_PER_CHARACTER: Final = 0.1
"""How long `Flushed` may take: slower than speech itself (15 characters a second)."""
CLEARED_SECONDS: Final = 2.0
STALLED_SECONDS: Final = 0.45
"""A socket that owes audio and has given none for so long, when it is given back, is replaced: who
has given it up for that must not be lent it again."""

PING_SECONDS: Final = 10.0
PONG_SECONDS: Final = 10.0
MAX_AGE_SECONDS: Final = 50 * 60.0
"""The vendor ends a session at 60 minutes; a lease begun before this age is over by then."""

LEASE_FLUSHES: Final = 4
LEASE_CHARACTERS: Final = 600
"""Room in the minute that a socket must have to be lent: what a longer reply uses."""


class SpeakSocket:
    """A connection to one voice. `changed` is called whenever it may have become free."""

    def __init__(
        self,
        changed: Callable[[], None],
        is_surplus: Callable[[SpeakSocket], bool],
        speed: float = 1.0,
    ) -> None:
        self.speed = speed
        self._changed = changed
        self._is_surplus = is_surplus
        self._connection: WebSocketConnection | None = None
        self._post_to, self._posted = trio.open_memory_channel[str](OUTGOING)
        self._unwritten = 0  # messages that are the writer's
        self._flush_use = SlidingMinute(FLUSHES_PER_MINUTE)
        self._character_use = SlidingMinute(CHARACTERS_PER_MINUTE)
        self._lease: SocketLease | None = None
        self._unflushed = 0  # characters written since the last flush
        self._owed: deque[int] = deque()  # per `Flush` on its way: flushes of the lease it answers
        self._refusal: VendorError | None = None  # for the lease, behind what is owed to it
        self._quiet_since = float("inf")  # while audio is owed: since when none has come
        self._clears = 0  # `Cleared` to come
        self._deadline = float("inf")  # for the vendor's next answer
        self._waiting = trio.CancelScope()
        self._life = trio.CancelScope()
        self._retiring = False
        self.opened_at: float | None = None
        self.idle_since = float("inf")
        self.leases = 0
        self.failure: VendorError | None = None
        """Why it has ended, where that was not our own wish."""

    async def run(
        self,
        dialer: Dialer,
        base_url: str,
        api_key: str,
        voice: str,
        opened: Callable[[], None],
    ) -> None:
        """Open, say so, and live until the end. Raises a `VendorError` where the handshake
        failed; after that `failure` says what happened."""
        url = socket_url(base_url, voice, self.speed)
        try:
            async with open_websocket(
                dialer, url, vendor="deepgram", headers=headers(api_key)
            ) as socket:
                with self._life:
                    async with trio.open_nursery() as nursery:
                        self.opened_at = self.idle_since = trio.current_time()
                        self._connection = socket
                        nursery.start_soon(self._write, socket)
                        nursery.start_soon(self._read, socket)
                        nursery.start_soon(self._keep, socket)
                        opened()
        finally:
            self._end(TransientVendorError("deepgram", "the speak socket has ended"))

    # What the pool asks and does

    @property
    def is_free(self) -> bool:
        """Open, clean, and lent to nobody."""
        return (
            self.opened_at is not None
            and self._lease is None
            and not self._clears
            and not self._retiring
            and self.failure is None
        )

    @property
    def is_lent(self) -> bool:
        return self._lease is not None

    def has_room(self) -> bool:
        """Whether this minute's limits leave enough for a reply."""
        now = trio.current_time()
        return (
            self._flush_use.room(now) >= LEASE_FLUSHES
            and self._character_use.room(now) >= LEASE_CHARACTERS
        )

    def load(self) -> float:
        """The share of the nearer limit that this minute has used."""
        now = trio.current_time()
        return max(
            self._flush_use.used(now) / FLUSHES_PER_MINUTE,
            self._character_use.used(now) / CHARACTERS_PER_MINUTE,
        )

    def lend(self) -> SocketLease:
        """Lend it to a reply; what is written before it is open waits for that."""
        assert self._lease is None
        self.leases += 1
        self._lease = SocketLease(self)
        return self._lease

    def take_back(self, lease: SocketLease) -> None:
        """The reply is gone, its work with it."""
        if self._lease is not lease:
            return
        self._lease = self._refusal = None
        lease.inbox.close()
        self.idle_since = trio.current_time()
        if self._owed and trio.current_time() - self._quiet_since >= STALLED_SECONDS:
            self._end(TransientVendorError("deepgram", "gave no audio in time"))
        elif self._owed or self._unflushed:
            self._owed.clear()
            self._unflushed = 0
            self._clears += 1
            self._post(CLEAR)
            self._expect(CLEARED_SECONDS)
        else:
            self._freed()

    def retire(self) -> None:
        """End it as soon as nobody uses it."""
        self._retiring = True
        if self._lease is None and not self._clears:
            self._life.cancel()

    # What a lease does

    def speak(self, lease: SocketLease, text: str) -> None:
        if self._lease is not lease or lease.is_broken:
            return
        now = trio.current_time()
        for piece in pieces(text):
            spaced = piece + " "  # the vendor joins texts as they are
            if self._character_use.room(now) < len(spaced):
                self._refuse(lease, "character limit of the socket")
                return
            self._character_use.add(now, len(spaced))
            self._unflushed += len(spaced)
            self._post(speak(spaced))

    def flush(self, lease: SocketLease) -> None:
        if self._lease is not lease or lease.is_broken:
            return
        now = trio.current_time()
        if not self._unflushed:  # the vendor might not answer a flush of nothing
            if self._owed:
                self._owed[-1] += 1
            else:
                lease.inbox.mark()
        elif self._flush_use.room(now) < 1:
            self._refuse(lease, "flush limit of the socket")
        else:
            patience = FLUSHED_SECONDS + self._unflushed * FLUSHED_SECONDS_PER_CHARACTER
            self._expect(patience + (max(0, self._deadline - now) if self._owed else 0))
            self._quiet_since = self._quiet_since if self._owed else now
            self._flush_use.add(now, 1)
            self._owed.append(1)
            self._unflushed = 0
            self._post(FLUSH)

    def _refuse(self, lease: SocketLease, reason: str) -> None:
        """Take no more from the lease; what it has asked for before still comes."""
        lease.is_broken = True
        self._refusal = TransientVendorError("deepgram", reason)
        if not self._owed:
            lease.fail(self._refusal)

    # The tasks

    async def _write(self, socket: WebSocketConnection) -> None:
        with self._ending_with_the_connection():
            async for message in self._posted:
                if message:
                    write_message(socket, message)
                try:
                    await flush_messages(socket, SEND_SECONDS)
                except trio.TooSlowError:
                    self._end(TransientVendorError("deepgram", "does not read what we send"))
                self._unwritten -= 1

    async def _read(self, socket: WebSocketConnection) -> None:
        with self._ending_with_the_connection():
            while True:
                audio = b""
                with trio.CancelScope(deadline=self._deadline) as self._waiting:
                    audio = await self._read_on(socket)
                if self._waiting.cancelled_caught:
                    if trio.current_time() < self._deadline:
                        continue  # the answer came just as the time was up
                    what = "Cleared" if self._clears else "Flushed"
                    self._end(TransientVendorError("deepgram", f"no {what} in time"))
                elif (lease := self._lease) is not None:
                    began, self._quiet_since = trio.current_time(), float("inf")
                    await lease.inbox.put(audio)
                    self._quiet_since = trio.current_time()
                    if self._lease is lease:
                        self._deadline += trio.current_time() - began

    async def _read_on(self, socket: WebSocketConnection) -> bytes:
        """Hand over what comes as long as nothing has to wait; then the audio that has to."""
        while True:
            message = await next_message(socket)
            if isinstance(message, str):
                self._heard(message)
            elif self._lease is not None and not self._clears:
                if not self._lease.inbox.has_room:
                    return message
                self._lease.inbox.add(message)
                self._quiet_since = trio.current_time()

    async def _keep(self, socket: WebSocketConnection) -> None:
        with self._ending_with_the_connection():
            while True:
                await trio.sleep(PING_SECONDS)
                assert self.opened_at is not None
                if self._lease is None:  # in a lease the deadlines keep watch
                    with trio.move_on_after(PONG_SECONDS) as patience:
                        await socket.ping()
                    if patience.cancelled_caught and self._lease is None:
                        self._end(TransientVendorError("deepgram", "no pong"))
                    elif patience.cancelled_caught:
                        self.retire()
                too_old = trio.current_time() - self.opened_at >= MAX_AGE_SECONDS
                if too_old or self._is_surplus(self):
                    self.retire()

    # What they share

    def _heard(self, text: str) -> None:
        try:
            message = parse(text)
        except BadMessage as error:
            log.warning("deepgram speak: bad message ignored: %s", error)
            return
        match message.type:
            case "Flushed" if self._owed and not self._clears:
                self._on_flushed()
            case "Cleared" if self._clears:
                self._clears -= 1
                self._freed()
            case "Warning":
                self._warned(message)
            case "Error":
                self._end(TransientVendorError("deepgram", message.detail or "error"))

    def _on_flushed(self) -> None:
        assert self._lease is not None
        self._quiet_since = trio.current_time()
        for _ in range(self._owed.popleft()):
            self._lease.inbox.mark()
        if not self._owed:
            self._answered_by(float("inf"))
            if self._refusal is not None:
                self._lease.fail(self._refusal)

    def _warned(self, message: SpeakMessage) -> None:
        log.warning("deepgram speak: %s", message.detail)
        if message.refuses_flush:
            self._flush_use.exhaust(trio.current_time())
            if self._lease is not None and not self._clears:
                self._lease.fail(TransientVendorError("deepgram", message.detail))

    def _freed(self) -> None:
        if self._clears:
            return
        self._answered_by(float("inf"))
        if self._retiring:
            self._life.cancel()
        self._changed()

    def _expect(self, seconds: float) -> None:
        self._answered_by(trio.current_time() + seconds)

    def _answered_by(self, deadline: float) -> None:
        self._deadline = self._waiting.deadline = deadline

    def _post(self, message: str) -> None:
        """Write it at once where nothing is in the way; what is left of it is the writer's."""
        try:
            if self._connection is not None and not self._unwritten:
                if write_message(self._connection, message):
                    return
                message = _WRITTEN
            self._post_to.send_nowait(message)
            self._unwritten += 1
        except ConnectionClosed:
            return  # whoever reads is told, and ends it
        except trio.WouldBlock:
            self._end(TransientVendorError("deepgram", "does not read what we send"))

    def _end(self, failure: VendorError) -> None:
        if self.failure is None:
            self.failure = failure
        if self._lease is not None:
            self._lease.fail(self.failure)
        self._life.cancel()

    @contextmanager
    def _ending_with_the_connection(self) -> Iterator[None]:
        try:
            yield
        except ConnectionClosed as closed:
            reason = closed.reason
            said = f"closed the socket ({reason.reason})" if reason and reason.reason else "hung up"
            code = reason.code if reason else None
            self._end(TransientVendorError("deepgram", said, status=code))
        except (LocalProtocolError, trio.BrokenResourceError, trio.ClosedResourceError) as error:
            self._end(TransientVendorError("deepgram", f"hung up ({type(error).__name__})"))


class SocketLease:
    """A `Lease` on a socket; see the protocol."""

    way = "socket"

    def __init__(self, socket: SpeakSocket) -> None:
        self._socket = socket
        self.inbox = Inbox()
        self.is_broken = False

    def write(self, text: str) -> None:
        self._socket.speak(self, text)

    def flush(self) -> None:
        self._socket.flush(self)

    async def receive(self) -> bytes | Flushed:
        return await self.inbox.get()

    def fail(self, failure: VendorError) -> None:
        """No more will come over this lease."""
        self.is_broken = True
        self.inbox.fail(failure)
