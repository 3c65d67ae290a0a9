"""The front desk: what every request needs, shared by webhooks, media endpoint and health.

Holds the process's state as seen from outside: its settings and services, whether it admits calls,
and which are live. Refuses to know HTTP and what is said on a call.
"""

from __future__ import annotations

import logging
import math
import secrets
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, Protocol

import attrs
import trio

from ..clinic import Clinic
from ..errors import PermanentVendorError
from ..events import Draining
from ..records.records import Records
from ..settings import Settings
from ..telephony.media_stream import MediaSocket
from ..telephony.tickets import Tickets
from .pump import Pump
from .rescue import Rescue


class CallUpdates(Protocol):
    """How a live call is given other TwiML; see `TwilioRest.update_call`."""

    async def update_call(self, call_sid: str, document: str) -> bool: ...


log = logging.getLogger("voxanne.web")


class Composition(Protocol):
    """What the composition root has built; the web reads only these."""

    @property
    def services(self) -> Any:
        """What a call stands on."""
        ...

    @property
    def clinic(self) -> Clinic:
        """The clinic that callers reach."""
        ...

    @property
    def records(self) -> Records:
        """Calls and their turns."""
        ...

    @property
    def can_speak(self) -> bool:
        """Whether a caller who is connected now will hear us, as far as can be known."""
        ...

    @property
    def rest(self) -> CallUpdates | None:
        """How calls without a stream are reached; None where there is no account."""
        ...

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Keep what calls share alive, until cancelled."""
        ...

    async def probe(self) -> Mapping[str, Exception | None]:
        """Ask each vendor once; what is wrong with it, or None."""
        ...


Compose = Callable[[Settings], Composition]
Answer = Callable[[MediaSocket, Any, str], Awaitable[None]]
"""Takes one call: its socket, the services, and the call sid for which the stream was asked."""


SETTLE_SECONDS: Final = 1.0

RINGING_SECONDS: Final = 5.0
"""How long a stream that we have sent for is waited for; Twilio opens it within a second or two."""


@attrs.define(eq=False)
class LiveCall:
    """A call in progress, as the server has it: how to cut it, and whom to tell that we stop."""

    scope: trio.CancelScope
    tell: Callable[[Draining], None] | None = None
    ended: trio.Event = attrs.field(factory=trio.Event)

    def take_leave(self, notice: Draining) -> None:
        """Tell the call; one that cannot be told is cut, and so is one that fails over it."""
        try:
            if self.tell is not None:
                self.tell(notice)
                return
        except Exception:
            log.exception("A call fails as it is told that the server stops")
        self.scope.cancel()


@attrs.define(eq=False)
class LiveCalls:
    """The calls in progress: how many, when there are none or some, and how to end them."""

    _live: set[LiveCall] = attrs.field(factory=set)
    _by_sid: dict[str, LiveCall] = attrs.field(factory=dict)
    _none: trio.Event = attrs.field(factory=trio.Event)
    _some: trio.Event = attrs.field(factory=trio.Event)
    last_ended_at: float = -math.inf
    """When the last call ended (Trio clock)."""

    def __len__(self) -> int:
        return len(self._live)

    @contextmanager
    def taking_one(self) -> Iterator[LiveCall]:
        """A call is live for the length of the body, and can be cut by its scope."""
        if not self._live:
            self._none = trio.Event()
            self._some.set()
        with trio.CancelScope() as scope:
            call = LiveCall(scope)
            self._live.add(call)
            try:
                yield call
            finally:
                call.ended.set()
                self._live.discard(call)
                self.last_ended_at = trio.current_time()
                if not self._live:
                    self._some = trio.Event()
                    self._none.set()

    def __contains__(self, call_sid: str) -> bool:
        """Whether a call of that sid is live."""
        return call_sid in self._by_sid

    @contextmanager
    def being(self, call_sid: str, live: LiveCall) -> Iterator[None]:
        """The live call is the one of that sid, for the length of the body."""
        self._by_sid[call_sid] = live
        try:
            yield
        finally:
            if self._by_sid.get(call_sid) is live:
                del self._by_sid[call_sid]

    async def end(self, call_sid: str) -> None:
        """Cut what is live of a call, and return when that has been settled, or after a while.

        A call has one stream at a time: where a new one opens, the old is dead, even if its socket
        has not noticed.
        """
        if (live := self._by_sid.get(call_sid)) is not None:
            live.scope.cancel()
            with trio.move_on_after(SETTLE_SECONDS):
                await live.ended.wait()

    async def wait_none(self) -> None:
        """Return once no call is live."""
        while self._live:
            await self._none.wait()

    async def wait_some(self) -> None:
        """Return once a call is live."""
        await self._some.wait()

    def take_leave(self, handover: bool) -> None:
        """Tell every live call that the server stops: each ends by itself, in a few seconds."""
        for call in tuple(self._live):
            call.take_leave(Draining(handover))

    def end_all(self) -> None:
        """Cut every live call."""
        for call in tuple(self._live):
            call.scope.cancel()


@attrs.define(eq=False)
class Desk:
    """State of one server process."""

    settings: Settings
    tickets: Tickets
    composition: Composition | None = None
    calls: LiveCalls = attrs.field(factory=LiveCalls)
    draining: bool = False
    parting: bool = False
    """Whether live calls are being handed over or ended: from now on none is taken."""
    instance: str = attrs.field(factory=lambda: secrets.token_hex(8))
    """Tells this process from others behind the same proxy."""
    vendors: Mapping[str, Exception | None] = attrs.field(factory=dict)
    probed: trio.Event = attrs.field(factory=trio.Event)
    broken: trio.Event = attrs.field(factory=trio.Event)
    wall_clock: Callable[[], float] = time.time
    rescue: Rescue = attrs.field(factory=Rescue)
    pump: Pump = attrs.field(factory=Pump)
    """Reads the streams of all calls; runs with the services."""

    @property
    def status(self) -> str:
        """`starting`, `draining` or `ready`."""
        if self.draining:
            return "draining"
        return "ready" if self.composition is not None and self.probed.is_set() else "starting"

    @property
    def is_full(self) -> bool:
        """Whether one more call would be too many."""
        return len(self.calls) >= self.settings.max_calls

    @property
    def is_booked_up(self) -> bool:
        """Whether one more that rings would be too many: those whose streams we have sent for are
        on their way, and many may ring at once."""
        coming = self.tickets.awaited(RINGING_SECONDS)
        return len(self.calls) + coming >= self.settings.max_calls

    def takes(self, ticket: str) -> bool:
        """Whether a stream with this ticket may open now. A draining server keeps its word: it
        still takes what it has sent for itself, a call that was ringing or lost its stream."""
        if self.composition is None or self.parting:
            return False
        return not self.draining or self.tickets.issued_here(ticket)

    def refused_vendors(self) -> list[str]:
        """Vendors that will not serve us as we are configured, each with its reason."""
        return [str(error) for error in self.vendors.values() if _is_refusal(error)]

    def url(self, path: str) -> str:
        """A path of ours as Twilio is told it."""
        return self.settings.public_url + path

    def stream_url(self, path: str) -> str:
        """The same as a WebSocket's URL: `https` becomes `wss`, `http` becomes `ws`."""
        return "ws" + self.settings.public_url.removeprefix("http") + path


PROBE_SECONDS: Final = 6.0
PROBE_AGAIN_SECONDS: Final = 30.0


async def watch_vendors(desk: Desk, composition: Composition) -> None:
    """Probe the vendors; again now and then while one cannot be reached."""
    while True:
        with trio.move_on_after(PROBE_SECONDS) as probing:
            desk.vendors = await composition.probe()
        if probing.cancelled_caught:
            desk.vendors = {"vendors": TimeoutError(f"no answer within {PROBE_SECONDS:g} s")}
        desk.probed.set()
        if not any(desk.vendors.values()):
            return
        await trio.sleep(PROBE_AGAIN_SECONDS)


def _is_refusal(error: Exception | None) -> bool:
    return isinstance(error, PermanentVendorError)
