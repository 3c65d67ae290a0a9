"""How a server stops, step by step, and what becomes of its calls.

Theory of operation. Asked once, the server drains: `/readyz`, `/twiml` and the upgrade of a stream
that it has not sent for itself answer 503, so that a proxy tries another replica and, where there
is none, Twilio takes the number's fallback. It still listens and answers `/twiml/after`; live calls
go on until they end. At the deadline, `drain_seconds` later or when asked a second time, it parts
with those that are left. Where another replica answers at our public URL, a call's stream is closed
once nobody is in mid-sentence, and `/twiml/after` has the call go on there; otherwise the caller is
told that the call ends. Whatever is left after `PARTING_SECONDS` is cut. Asked a third time, all
ends at once, which is `serve`'s to do. The server is only done when no call has ended and no stream
has been sent for within the last seconds: Twilio may be on its way back.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Final

import attrs
import httpx
import trio

from .desk import RINGING_SECONDS, Desk

log = logging.getLogger("voxanne.web")

AFTER_SECONDS: Final = 2.0
"""For Twilio to ask `/twiml/after`, once a call's stream has ended: where nobody answers, the
caller hears that "an application error has occurred"."""

PARTING_SECONDS: Final = 15.0
"""For live calls to be handed over, or to hear the goodbye."""

POLITE_SECONDS: Final = 5.0
"""For calls that are cut to close their sockets."""

SEARCH_SECONDS: Final = 3.0
"""For another replica to be found: a proxy may still send some requests to us."""

SEARCH_PAUSE_SECONDS: Final = 0.25


async def nobody_else() -> bool:
    """There is no other replica."""
    await trio.lowlevel.checkpoint()
    return False


@attrs.define(eq=False)
class Stopping:
    """How the server is asked to stop. `another_replica` says whether there is one."""

    desk: Desk
    another_replica: Callable[[], Awaitable[bool]] = nobody_else
    wanted: trio.Event = attrs.field(factory=trio.Event)
    hurried: trio.Event = attrs.field(factory=trio.Event)
    calls_gone: trio.Event = attrs.field(factory=trio.Event)

    def ask(self) -> bool:
        """One more step: drain, then hurry; False when there is no further polite step."""
        if not self.wanted.is_set():
            self.desk.draining = True
            self.wanted.set()
            return True
        was_hurried = self.hurried.is_set()
        self.hurried.set()
        return not was_hurried

    async def drain(self) -> None:
        """Wait to be asked, then for the calls, at most `drain_seconds`; part with the rest."""
        await self.wanted.wait()
        log.info("Draining: %d live calls, no new ones", len(self.desk.calls))
        with trio.move_on_after(self.desk.settings.drain_seconds):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_then_cancel, self.hurried.wait, nursery.cancel_scope)
                nursery.start_soon(_then_cancel, self._all_over, nursery.cancel_scope)
        if self.desk.calls:
            await self._part()
        self.desk.parting = True
        self.calls_gone.set()

    async def parted(self) -> None:
        """Wait until the calls are gone, and what they do next has been asked for."""
        await self.calls_gone.wait()
        await trio.sleep_until(self.desk.calls.last_ended_at + AFTER_SECONDS)

    async def _all_over(self) -> None:
        """No call is live, and none is on its way to us."""
        calls, tickets = self.desk.calls, self.desk.tickets
        while True:
            await calls.wait_none()
            asked = calls.last_ended_at + AFTER_SECONDS - trio.current_time()
            wait_seconds = max(asked, tickets.awaited_seconds(RINGING_SECONDS))
            if wait_seconds <= 0:
                return
            with trio.move_on_after(wait_seconds):
                await calls.wait_some()

    async def _part(self) -> None:
        calls = self.desk.calls
        handover = await self.another_replica()
        self.desk.parting = True
        if not calls:
            return  # they have ended meanwhile
        how = "handing them over" if handover else "no other replica answers, ending them"
        log.warning("%d live calls are left: %s", len(calls), how)
        calls.take_leave(handover)
        with trio.move_on_after(PARTING_SECONDS):
            await calls.wait_none()
        if calls:
            log.warning("Cutting %d live calls", len(calls))
            calls.end_all()
            with trio.move_on_after(POLITE_SECONDS):
                await calls.wait_none()


async def another_replica(desk: Desk, transport: httpx.AsyncBaseTransport) -> bool:
    """Whether someone else answers at our public URL and takes calls. At most `SEARCH_SECONDS`;
    whatever goes wrong with it, there is nobody."""
    url = desk.url("/readyz")
    with trio.move_on_after(SEARCH_SECONDS):
        async with httpx.AsyncClient(transport=transport, timeout=SEARCH_SECONDS) as client:
            while True:
                if await _is_another(client, url, desk.instance):
                    return True
                await trio.sleep(SEARCH_PAUSE_SECONDS)
    return False


async def _is_another(client: httpx.AsyncClient, url: str, own: str) -> bool:
    try:
        # On a connection of its own: one that is kept may stay with the replica that it has found.
        answer = await client.get(url, headers={"Connection": "close"})
        body = answer.json() if answer.status_code == 200 else {}
    except (httpx.HTTPError, ValueError):
        return False
    instance = body.get("instance") if isinstance(body, dict) else None
    return isinstance(instance, str) and instance not in {"", own}


async def _then_cancel(wait: Callable[[], Awaitable[None]], scope: trio.CancelScope) -> None:
    await wait()
    scope.cancel()
