"""Connections from which we want nothing yet: how many there may be, and which give way.

Anybody can open a connection and say nothing, or a header a second. Each costs a file and some
memory, and both have an end; so those on which no stream was accepted are counted, and when there
are too many the one that has been of no use for longest is cut. One that is just being answered
comes last: whoever means it has asked within milliseconds and is gone again. An accepted stream is
no newcomer any more: nothing here can touch a call. Refuses to know what a connection is.
"""

from __future__ import annotations

import resource
from contextlib import suppress
from typing import Final

import trio

MOST: Final = 1_000
SHARE_OF_FILES: Final = 4
"""At most a quarter of the files that the process may have: calls need the rest, four each."""


SHARE_THAT_IS_MANY: Final = 8

MANY_FILES: Final = 65_536


def allow_files() -> None:
    """Let the process have as many files as it may, up to what any server needs: the limit that a
    shell gives by itself is for programs that use `select`."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MANY_FILES if hard == resource.RLIM_INFINITY else min(MANY_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def most() -> int:
    """How many newcomers there may be in this process."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST if files == resource.RLIM_INFINITY else max(1, min(MOST, files // SHARE_OF_FILES))


class Newcomers:
    """Of one process; each is named by the scope that cuts it."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.cut = 0
        """How many have had to give way."""
        self._idle: dict[trio.CancelScope, None] = {}
        self._asking: dict[trio.CancelScope, None] = {}

    def __len__(self) -> int:
        return len(self._idle) + len(self._asking)

    @property
    def are_many(self) -> bool:
        """Whether there are more than those have who mean it."""
        return len(self) * SHARE_THAT_IS_MANY >= self.most

    def came(self, connection: trio.CancelScope) -> None:
        """One more: too many of them, and the oldest is cut."""
        self._idle[connection] = None
        if len(self) > self.most:
            self._cut_one()

    def is_asking(self, connection: trio.CancelScope) -> None:
        """It has made a request, which is being answered."""
        if connection in self._idle:
            del self._idle[connection]
            self._asking[connection] = None

    def is_idle(self, connection: trio.CancelScope) -> None:
        """It has been answered."""
        if self._asking.pop(connection, self) is None:
            self._idle[connection] = None

    def left(self, connection: trio.CancelScope) -> None:
        """It has gone, or is no newcomer any more."""
        self._idle.pop(connection, None)
        self._asking.pop(connection, None)

    def cut_idle(self) -> None:
        """The server stops: nobody who is idle now is waited for."""
        for connection in self._idle:
            connection.cancel()

    def _cut_one(self) -> None:
        oldest = next(iter(self._idle or self._asking))
        self.left(oldest)
        self.cut += 1
        oldest.cancel()
