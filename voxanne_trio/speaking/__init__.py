"""Speaking: text in, mu-law out; whichever voice says it.

A `Lease` is one reply's way to a voice. The adapters (`pool`, `http`) are imported by the
composition root; this page is all that the call knows of them.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Protocol

import attrs

__all__ = ["Flushed", "Lease", "Speaker"]


@attrs.frozen
class Flushed:
    """All audio of one flush has been given."""


class Lease(Protocol):
    """One reply's way to a voice, for one task that receives and any that write.

    Writing after the lease was given back, or after it failed, does nothing: `receive` is where
    a failure shows.
    """

    @property
    def way(self) -> str:
        """`socket` or `http`, for the log."""

    def write(self, text: str) -> None:
        """Text to be said next; whole words, the lease adds the space between. Never waits."""

    def flush(self) -> None:
        """Have what was written synthesised. Never waits; each flush is answered by `Flushed`."""

    async def receive(self) -> bytes | Flushed:
        """The next audio (raw mu-law 8 kHz, any number of bytes), then `Flushed`, for each flush.

        Cancellation loses nothing. Raises `TransientVendorError` or `PermanentVendorError` when
        the way is broken, after the audio that still came over it.
        """
        ...


class Speaker(Protocol):
    """Who leases ways to one voice."""

    def lease(self, speed: float = 1.0) -> AbstractAsyncContextManager[Lease]:
        """A way for one reply, at a speed (1 is the voice's own, less is slower). Leaving, also by
        cancellation, gives it back at once. Entering raises `TransientVendorError` or
        `PermanentVendorError` when there is no way."""
        ...
