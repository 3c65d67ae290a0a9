"""Two ways to one voice: a socket when the pool has one, else HTTP."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from ..errors import VendorError
from . import Lease, Speaker

log = logging.getLogger(__name__)


class PairedSpeaker:
    """A `Speaker` that chooses. A lease that breaks later is its holder's affair: `second` is
    there for going on over the other way."""

    def __init__(self, first: Speaker, second: Speaker) -> None:
        self.first = first
        self.second = second

    @asynccontextmanager
    async def lease(self) -> AsyncIterator[Lease]:
        """See `Speaker.lease`; refused only when both ways are."""
        async with AsyncExitStack() as stack:
            try:
                lease = await stack.enter_async_context(self.first.lease())
            except VendorError as error:
                log.info("TTS goes the second way: %s", error)
                lease = await stack.enter_async_context(self.second.lease())
            yield lease
