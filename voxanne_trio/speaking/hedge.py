"""Several ways to one voice as one: the next is asked beside the first once that is late.

Theory of operation. A lease begins on the first way. If that fails, or gives nothing for `after_ms`
from the first flush, all that was written so far is written to the next way as well, and goes on
being so. The first way that answers is the lease from then on; the others are given back. So a slow
way costs the wait for the next one, never what it would have needed itself, and nothing has to be
known of anybody's health. What breaks later is told to the holder, who knows what was heard.
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import trio

from ..errors import VendorError
from . import Flushed, Lease, Speaker
from .beside import beside


class Hedge:
    """A `Speaker` over others, the one to be tried first before the rest."""

    def __init__(self, *speakers: Speaker, after_ms: int) -> None:
        self._speakers = speakers
        self._after = after_ms / 1000

    @asynccontextmanager
    async def lease(self, speed: float = 1.0) -> AsyncIterator[HedgedLease]:
        """See `Speaker.lease`. Entering does not wait and raises nothing: where there is no way at
        all, receiving says so. At most one way is kept once one has answered."""
        lease = HedgedLease()
        async with beside(partial(lease.seek, self._speakers, speed, self._after)):
            yield lease


class HedgedLease:
    """A `Lease` on the first way that answers; see the protocol."""

    def __init__(self) -> None:
        self._said: list[str | Flushed] = []  # a reply's text at most, until a way is chosen
        self._asked_at = math.inf
        self._after = math.inf
        self._tries: set[trio.CancelScope] = set()
        self._leases: list[Lease] = []
        self._chosen: Lease | None = None
        self._first: bytes | Flushed | None = None
        self._failure: VendorError | None = None
        self._patience = trio.CancelScope()
        self._settled = trio.Event()

    @property
    def way(self) -> str:
        """The way that was chosen, or may yet be."""
        return self._leases[0].way if self._leases else "no way"

    def write(self, text: str) -> None:
        if self._chosen is None:
            self._said.append(text)
        for lease in self._leases:
            lease.write(text)

    def flush(self) -> None:
        if self._chosen is None:
            self._said.append(Flushed())
        for lease in self._leases:
            lease.flush()
        if self._asked_at == math.inf:
            self._asked_at = trio.current_time()
            self._patience.deadline = self._asked_at + self._after

    async def receive(self) -> bytes | Flushed:
        await self._settled.wait()
        if self._first is not None:
            first, self._first = self._first, None
            return first
        if self._chosen is None:
            assert self._failure is not None
            raise self._failure
        return await self._chosen.receive()

    async def seek(self, speakers: tuple[Speaker, ...], speed: float, after: float) -> None:
        """Try one way after another until one has answered; keep that until cancelled."""
        self._after = after
        async with trio.open_nursery() as nursery:
            for number, speaker in enumerate(speakers, 1):
                with trio.CancelScope(deadline=self._asked_at + number * after) as self._patience:
                    nursery.start_soon(self._try, speaker, speed)
                    await trio.sleep_forever()
                if self._chosen is not None:
                    break
        self._settled.set()  # only where no way is left

    async def _try(self, speaker: Speaker, speed: float) -> None:
        lease: Lease | None = None
        with trio.CancelScope() as scope:
            self._tries.add(scope)
            try:
                async with speaker.lease(speed) as lease:
                    self._join(lease)
                    self._choose(lease, await lease.receive(), scope)
                    await trio.sleep_forever()
            except VendorError as error:
                self._failure = error
                self._patience.cancel()
            finally:
                self._tries.discard(scope)
                if lease in self._leases:
                    self._leases.remove(lease)

    def _join(self, lease: Lease) -> None:
        self._leases.append(lease)
        for said in self._said:
            if isinstance(said, Flushed):
                lease.flush()
            else:
                lease.write(said)

    def _choose(self, lease: Lease, first: bytes | Flushed, scope: trio.CancelScope) -> None:
        if self._chosen is not None:
            scope.cancel()  # both answered in the same moment
            return
        self._chosen, self._first, self._leases, self._said = lease, first, [lease], []
        for other in self._tries - {scope}:
            other.cancel()
        self._patience.cancel()
        self._settled.set()
