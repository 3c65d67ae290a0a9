"""Calls whose stream has failed and about which Twilio does not ask us: they are fetched by REST.

When a stream ends, or never begins, Twilio asks `/twiml/after`; that is the road. Should it not be
taken within a few seconds, the caller is listening to silence, and the live call is given the same
document by REST. A call that has another stream by then, or is over, is left alone. Bounded: past
`MOST_CALLS` waiting, a failure is only logged.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import attrs
import trio

from ..errors import VendorError
from ..observe.logs import CallLog

ASKED_WITHIN_SECONDS: Final = 5.0
MOST_CALLS: Final = 1_000
AT_ONCE: Final = 8

Query = Mapping[str, str]

Document = Callable[[str, str, Query], Awaitable[str | None]]
"""For the call, its failed stream, and the query of the URL at which Twilio told of it; None where
the call needs none."""

Update = Callable[[str, str], Awaitable[bool]]
"""Give a live call this TwiML; whether it was one. Raises `VendorError`."""


@attrs.frozen
class _Failed:
    """A stream that failed, and when Twilio should have asked about it (Trio clock)."""

    stream_sid: str
    query: Query
    asked_until: float


class Rescue:
    """The calls that may need it; `run` fetches them."""

    def __init__(self) -> None:
        self._waiting: dict[str, _Failed] = {}  # in the order of their times
        self._changed = trio.Event()

    def stream_failed(self, call_sid: str, stream_sid: str, query: Query) -> None:
        """Twilio says so; a moment later it should ask what comes next."""
        self._waiting.pop(call_sid, None)  # its time is the latest now
        if call_sid and len(self._waiting) < MOST_CALLS:
            until = trio.current_time() + ASKED_WITHIN_SECONDS
            self._waiting[call_sid] = _Failed(stream_sid, query, until)
            self._changed.set()

    def heard_of(self, call_sid: str) -> None:
        """Twilio has asked about the call, or it is over."""
        self._waiting.pop(call_sid, None)

    async def run(self, document: Document, update: Update) -> None:
        """Fetch those that are not heard of in time, until cancelled."""
        free = trio.Semaphore(AT_ONCE)

        async def fetch(call_sid: str, failed: _Failed) -> None:
            try:
                await _fetch(call_sid, failed, document, update)
            finally:
                free.release()

        async with trio.open_nursery() as nursery:
            while True:
                await free.acquire()  # first: who waits for it may be heard of meanwhile
                nursery.start_soon(fetch, *await self._next())

    async def _next(self) -> tuple[str, _Failed]:
        """The next call that is due, which is then forgotten."""
        while True:
            if not self._waiting:
                self._changed = trio.Event()
                await self._changed.wait()
                continue
            call_sid, failed = next(iter(self._waiting.items()))
            if failed.asked_until <= trio.current_time():
                del self._waiting[call_sid]
                return call_sid, failed
            await trio.sleep_until(failed.asked_until)  # it may be heard of


async def _fetch(call_sid: str, failed: _Failed, document: Document, update: Update) -> None:
    log = CallLog(call_sid)
    try:
        text = await document(call_sid, failed.stream_sid, failed.query)
        if text is not None:
            log.warning("Nobody asked what comes after a failed stream: fetched by REST")
            if not await update(call_sid, text):
                log.info("The call was over by then")
    except VendorError as error:
        log.error("The call cannot be fetched: %s", error)
    except Exception:
        log.exception("The call cannot be fetched, by a fault of ours")
