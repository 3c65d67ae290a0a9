"""Calls whose stream has failed and about which Twilio does not ask us: they are fetched by REST.

When a stream ends, or never begins, Twilio asks `/twiml/after`; that is the road. Should it not be
taken within a few seconds, the caller is listening to silence, and the live call is given the same
document by REST. A call that has another stream by then, or is over, is left alone. Bounded: past
`MOST_CALLS` waiting, a failure is only logged.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

import trio

from ..errors import VendorError
from ..observe.logs import CallLog

ASKED_WITHIN_SECONDS: Final = 5.0
MOST_CALLS: Final = 1_000
AT_ONCE: Final = 8

Document = Callable[[str, str], Awaitable[str | None]]
"""For the call and its failed stream; None where the call needs none."""

Update = Callable[[str, str], Awaitable[bool]]
"""Give a live call this TwiML; whether it was one. Raises `VendorError`."""


class Rescue:
    """The calls that may need it; `run` fetches them."""

    def __init__(self) -> None:
        self._waiting: dict[str, tuple[float, str]] = {}  # in the order of their times
        self._changed = trio.Event()

    def stream_failed(self, call_sid: str, stream_sid: str) -> None:
        """Twilio says so; a moment later it should ask what comes next."""
        self._waiting.pop(call_sid, None)  # its time is the latest now
        if call_sid and len(self._waiting) < MOST_CALLS:
            self._waiting[call_sid] = (trio.current_time() + ASKED_WITHIN_SECONDS, stream_sid)
            self._changed.set()

    def heard_of(self, call_sid: str) -> None:
        """Twilio has asked about the call, or it is over."""
        self._waiting.pop(call_sid, None)

    async def run(self, document: Document, update: Update) -> None:
        """Fetch those that are not heard of in time, until cancelled."""
        limit = trio.CapacityLimiter(AT_ONCE)
        async with trio.open_nursery() as nursery:
            while True:
                if not self._waiting:
                    self._changed = trio.Event()
                    await self._changed.wait()
                    continue
                call_sid, (due, stream_sid) = next(iter(self._waiting.items()))
                if due > trio.current_time():
                    await trio.sleep_until(due)
                    continue  # it may have been heard of
                del self._waiting[call_sid]
                nursery.start_soon(_fetch, call_sid, stream_sid, document, update, limit)


async def _fetch(
    call_sid: str, stream_sid: str, document: Document, update: Update, limit: trio.CapacityLimiter
) -> None:
    log = CallLog(call_sid)
    async with limit:
        try:
            if (text := await document(call_sid, stream_sid)) is not None:
                log.warning("Nobody asked what comes after a failed stream: fetched by REST")
                if not await update(call_sid, text):
                    log.info("The call was over by then")
        except VendorError as error:
            log.error("The call cannot be fetched: %s", error)
        except Exception:
            log.exception("The call cannot be fetched")  # and no other call pays for it
