"""One question, put to one way after another until one answers: fall-over and the second request.

A nursery with a task for each request. The first is asked; when it fails, or is slower to begin
than nine in ten of its answers were, the next is asked as well, and whichever gives the first word
has won: the other is cancelled, which closes its connection. So at most two are asked at once.

The second request goes to the *next* way, not to the same one again: what makes a model late is
most often its own queue, in which a second request would stand too, and it would be paid from the
quota that runs short first. Only where there is one way alone it is asked again.

A way has `first_token_seconds` to begin and, once it has, `stall_seconds` from one word to the
next; time in which its words are taken away from here is not counted.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import attrs
import trio

from ..errors import TransientVendorError, VendorError
from .quota import Thrift
from .thoughts import Finished, ThinkingRequest, Thought, Words
from .ways import TOO_MANY, Way


@attrs.define(eq=False)
class _Attempt:
    """One request."""

    way: Way
    began: float
    scope: trio.CancelScope
    is_probe: bool
    ended_before: int
    has_begun: bool = False
    is_lost: bool = False  # another has won


@attrs.define(eq=False, kw_only=True)
class Race:
    """Ask `ways`, in that order, until one has answered; `run` it once.

    `take` gets the winner's thoughts in order, and only the winner's. `note` is told of each way
    that failed.
    """

    ways: Sequence[Way]
    request_for: Callable[[Way], ThinkingRequest]
    take: Callable[[Thought], Awaitable[None]]
    note: Callable[[Way, VendorError], None]
    first_token_seconds: float
    stall_seconds: float
    failed: list[Way] = attrs.field(factory=list)
    broke: VendorError | None = None
    """Why the winner did not answer to its end."""
    _winner: _Attempt | None = None
    _running: list[_Attempt] = attrs.field(factory=list)
    _ended: int = 0
    _is_hedged: bool = False
    _last_failure: VendorError | None = None
    _changed: trio.Event = attrs.field(factory=trio.Event)

    @property
    def winner(self) -> Way | None:
        """Who has begun to answer."""
        return None if self._winner is None else self._winner.way

    async def run(self) -> None:
        """Ask until one has answered, or has broken off (`broke`).

        Raises the last `VendorError` when none of them began. Cancelling it closes all that was
        asked.
        """
        waiting = list(self.ways)
        if len(waiting) == 1:
            waiting *= 2
        first = self._begin(waiting.pop(self._best_of(waiting)))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._ask_others, nursery, first, waiting)
            await self._ask(first)  # here, not in a task: a caller waits for each step of the loop
        if self._winner is None:
            assert self._last_failure is not None
            raise self._last_failure

    async def _ask_others(self, nursery: trio.Nursery, last: _Attempt, waiting: list[Way]) -> None:
        await self._until_another_is_wanted(last, waiting)
        while waiting and self._winner is None:
            way = waiting.pop(self._best_of(waiting))
            if way in self.failed and not _is_worth_another_try(self._last_failure):
                continue
            last = self._begin(way)
            nursery.start_soon(self._ask, last, name=f"ask {way.model}")
            await self._until_another_is_wanted(last, waiting)

    def _begin(self, way: Way) -> _Attempt:
        """A request, which counts as running from now on."""
        now = trio.current_time()
        attempt = _Attempt(way, now, trio.CancelScope(), way.health.begin(now), self._ended)
        self._running.append(attempt)
        return attempt

    def _best_of(self, waiting: Sequence[Way]) -> int:
        """The first that nothing speaks against by now, else the first."""
        now = trio.current_time()
        return next((n for n, way in enumerate(waiting) if way.is_ready(now)), 0)

    async def _until_another_is_wanted(self, attempt: _Attempt, waiting: Sequence[Way]) -> None:
        """Until one of those that are asked has won or failed, or the last is unusually slow."""
        hedge_at = float("inf")
        if not self._is_hedged and self._may_hedge(waiting):
            hedge_at = attempt.began + attempt.way.hedge_seconds
        with trio.move_on_at(hedge_at) as patience:
            while self._winner is None and self._ended == attempt.ended_before:
                self._changed = trio.Event()
                await self._changed.wait()
        self._is_hedged |= patience.cancelled_caught

    def _may_hedge(self, waiting: Sequence[Way]) -> bool:
        return bool(waiting) and waiting[self._best_of(waiting)].thrift() < Thrift.NO_HEDGING

    async def _ask(self, attempt: _Attempt) -> None:
        failure: VendorError | None = None
        attempt.scope.deadline = attempt.began + self.first_token_seconds
        try:
            with attempt.scope:
                await self._listen(attempt)
        except VendorError as error:
            failure = error
        finally:
            self._running.remove(attempt)
            self._ended += 1
            self._settle(attempt, failure)
            self._changed.set()

    async def _listen(self, attempt: _Attempt) -> None:
        way, scope = attempt.way, attempt.scope
        async with way.thinker.think(self.request_for(way)) as thoughts:
            async for thought in thoughts:
                if attempt.is_lost:
                    return
                if not attempt.has_begun:
                    if not _is_content(thought):
                        continue
                    self._win(attempt)
                scope.deadline = float("inf")
                await self.take(thought)
                scope.deadline = trio.current_time() + self.stall_seconds
        if not attempt.has_begun:
            raise TransientVendorError(way.health.vendor, "had nothing to say")

    def _win(self, attempt: _Attempt) -> None:
        attempt.has_begun = True
        attempt.way.waited(trio.current_time() - attempt.began)
        self._winner = attempt
        self._changed.set()
        for other in self._running:
            if other is not attempt:
                other.is_lost = True
                other.scope.cancel()

    def _settle(self, attempt: _Attempt, failure: VendorError | None) -> None:
        """What a request has shown of its way, whatever ended it."""
        now, way = trio.current_time(), attempt.way
        if attempt.scope.cancelled_caught and not attempt.is_lost:
            limit = self.stall_seconds if attempt.has_begun else self.first_token_seconds
            what = "stalled for" if attempt.has_begun else "no content within"
            reason = f"{what} {limit * 1000:.0f} ms"
            failure = TransientVendorError(way.health.vendor, reason)
        if not attempt.has_begun and attempt.scope.cancelled_caught:
            way.waited(now - attempt.began)
        if failure is None or attempt.is_lost:
            # Cut off by the caller, it had still answered as it should until then.
            if attempt.has_begun:
                way.health.worked()
            else:
                way.health.abandoned(is_probe=attempt.is_probe)
            return
        way.failed(failure, now, is_probe=attempt.is_probe)
        self.failed.append(way)
        self.note(way, failure)
        if attempt is self._winner:
            self.broke = failure
        else:
            self._last_failure = failure


def _is_worth_another_try(failure: VendorError | None) -> bool:
    return isinstance(failure, TransientVendorError) and failure.status != TOO_MANY


def _is_content(thought: Thought) -> bool:
    """Whether a way has begun to answer by it: hidden reasoning and blanks are no beginning."""
    if isinstance(thought, Words):
        return bool(thought.text.strip())
    return not isinstance(thought, Finished)
