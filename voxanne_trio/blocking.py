"""Where work that blocks (a disk, a database) is run: a thread in production, at once elsewhere.

The hop is injected, so that simulation has no threads and stays on virtual time.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

import trio

Result = TypeVar("Result")


class RunSync(Protocol):
    """Runs what blocks, and gives what it returned or raises what it raised.

    Cancelled, it waits for the work all the same, unless it may abandon it: then the work goes on
    unseen, and holds its place with the limiter until it is done.
    """

    def __call__(
        self,
        work: Callable[[], Result],
        /,
        *,
        abandon_on_cancel: bool = ...,
        limiter: trio.CapacityLimiter | None = ...,
    ) -> Awaitable[Result]: ...


async def in_thread(
    work: Callable[[], Result],
    /,
    *,
    abandon_on_cancel: bool = False,
    limiter: trio.CapacityLimiter | None = None,
) -> Result:
    """Run it in a thread of Trio's: in production."""
    return await trio.to_thread.run_sync(work, abandon_on_cancel=abandon_on_cancel, limiter=limiter)


async def run_here(
    work: Callable[[], Result],
    /,
    *,
    abandon_on_cancel: bool = False,
    limiter: trio.CapacityLimiter | None = None,
) -> Result:
    """Run what blocks here and now: for tests, and where nothing is served yet."""
    del abandon_on_cancel, limiter
    await trio.lowlevel.checkpoint()
    return work()
