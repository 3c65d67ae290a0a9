"""A task that works for a lease, for as long as that is held."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import trio


@asynccontextmanager
async def beside(work: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Run `work` beside the body, and cancel it with the body's end.

    What the body raises comes out as it is, not in the group of a nursery: the holder of a lease
    need not know that there is a task behind it.
    """
    failure: Exception | None = None
    async with trio.open_nursery() as nursery:
        nursery.start_soon(work)
        try:
            yield
        except Exception as error:  # noqa: BLE001 - raised again below, out of the nursery's group
            failure = error
        finally:
            nursery.cancel_scope.cancel()
    if failure is not None:
        raise failure
