"""What is written of a call, one fact an entry, and the bounded queue in which entries wait.

Each entry says the same when it is written a second time, so that a write whose end was not seen
can be repeated. What is of a stream names it: a server that hears late that its stream is lost
does not change what another has since made of the call.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Mapping
from typing import ClassVar, Final

import attrs
import trio

from ..events import Sensitive
from .records import Then, TurnRecord

MOST_ENTRIES: Final = 50_000
MOST_BYTES: Final = 64 * 1024 * 1024
"""Some hours of a hundred calls at once without a database."""

OVERHEAD_BYTES: Final = 2_000
"""Of an entry beside its texts: names, figures, objects."""


@attrs.frozen
class StreamBegan:
    """A stream of a call began; with its first, the call did."""

    call_sid: str
    stream_sid: str
    started_at: float
    worth: ClassVar = 2
    """How much is lost with an entry: the least goes first where there is no room for all."""

    @property
    def size(self) -> int:
        return OVERHEAD_BYTES


@attrs.frozen
class Asked:
    """These words of the caller are being answered; the turn that answers them has them again."""

    call_sid: str
    stream_sid: str
    caller: Sensitive
    worth: ClassVar = 0

    @property
    def size(self) -> int:
        return OVERHEAD_BYTES + len(self.caller.reveal())


@attrs.frozen
class TurnHeard:
    """A turn is over."""

    call_sid: str
    stream_sid: str
    turn: TurnRecord
    worth: ClassVar = 1

    @property
    def size(self) -> int:
        turn = self.turn
        caller = turn.caller.reveal() if turn.caller is not None else ""
        texts = (caller, turn.agent, turn.spoken, turn.heard)
        results = (tool.result.reveal() for tool in turn.tools if tool.result is not None)
        return OVERHEAD_BYTES + sum(map(len, texts)) + sum(map(len, results))


@attrs.frozen
class StreamEnded:
    """A stream is over, and what the call does next."""

    call_sid: str
    stream_sid: str
    outcome: str
    then: Then
    duration_ms: int
    counts: Mapping[str, int]
    worth: ClassVar = 2

    @property
    def size(self) -> int:
        return OVERHEAD_BYTES


@attrs.frozen
class RecordingLeft:
    """A voicemail is kept at this URL, whichever stream the call had then."""

    call_sid: str
    url: str = attrs.field(repr=False)
    worth: ClassVar = 2

    @property
    def size(self) -> int:
        return OVERHEAD_BYTES + len(self.url)


OfStream = StreamBegan | Asked | TurnHeard | StreamEnded
Entry = OfStream | RecordingLeft


class Waiting:
    """Entries that wait to be written, oldest first.

    Bounded in their number and bytes: past that the oldest of those of least worth goes, counted.
    """

    def __init__(self, most: int = MOST_ENTRIES, most_bytes: int = MOST_BYTES) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._entries: OrderedDict[int, Entry] = OrderedDict()
        self._by_worth: tuple[deque[int], ...] = (deque(), deque(), deque())
        self._bytes = 0
        self._came = trio.Event()
        self.count = 0
        """Entries that ever came."""
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def oldest(self) -> int:
        """The number of the oldest entry, counted from 0 as they came; of the next, where there is
        none."""
        return next(iter(self._entries), self.count)

    def put(self, entry: Entry) -> None:
        """Never waits."""
        self._entries[self.count] = entry
        self._by_worth[entry.worth].append(self.count)
        self.count += 1
        self._bytes += entry.size
        while len(self) > self._most or (self._bytes > self._most_bytes and len(self) > 1):
            self._drop_one()
        self._came.set()

    def take(self, most: int, most_bytes: int) -> list[Entry]:
        """The oldest entries: at least one where there is any."""
        taken: list[Entry] = []
        size = 0
        for number in self._first(most):
            size += self._entries[number].size
            if taken and size > most_bytes:
                break
            taken.append(self._remove(number))
        for numbers in self._by_worth:
            self._forget_gone(numbers)
        return taken

    async def wait(self) -> None:
        """Return once there is an entry."""
        while not self._entries:
            self._came = trio.Event()
            await self._came.wait()

    def _first(self, most: int) -> list[int]:
        return [number for number, _ in zip(self._entries, range(most), strict=False)]

    def _drop_one(self) -> None:
        for numbers in self._by_worth:
            self._forget_gone(numbers)
            if numbers:
                self._remove(numbers.popleft())
                self.dropped += 1
                return

    def _remove(self, number: int) -> Entry:
        entry = self._entries.pop(number)
        self._bytes -= entry.size
        return entry

    def _forget_gone(self, numbers: deque[int]) -> None:
        while numbers and numbers[0] not in self._entries:
            numbers.popleft()
