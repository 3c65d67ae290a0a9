"""Twilio's stand-in: an account that places calls on a server, and answers its REST requests.

A call placed here is an inbound call for the server: a signed webhook, the TwiML it answers with, a
media stream. What the caller does is a `Behaviour`, given the call once somebody listens to it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

import trio

from . import rest
from .account import Account, Numbers
from .faults import Faults
from .line import CLEAN, Line
from .phone import PhoneCall
from .wire import Exchange

__all__ = ["Account", "Behaviour", "Numbers", "PhoneCall", "Twilio"]

KEPT_CALLS: Final = 200
"""Ended calls that REST still knows; their audio goes with them."""

Behaviour = Callable[[PhoneCall], Awaitable[Any]]


class Twilio:
    """One account."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.calls: dict[str, PhoneCall] = {}
        self.faults = Faults(rest.FAULTS)
        """What its REST API does wrong next."""
        self._rest = rest.Rest(
            account.sid, account.auth_token, self.calls, self.faults, account.wall
        )

    async def handle(self, exchange: Exchange) -> None:
        """Answer one REST request."""
        await self._rest.handle(exchange)

    def new_call(self, numbers: Numbers, line: Line = CLEAN) -> PhoneCall:
        """A call that has not rung yet; its sid is known."""
        call = PhoneCall(self.account, numbers, line)
        self.calls[call.sid] = call
        while len(self.calls) > KEPT_CALLS:
            oldest = next(iter(self.calls))
            if not self.calls[oldest].ended.is_set():
                break
            del self.calls[oldest]
        return call

    async def place(self, call: PhoneCall, behaviour: Behaviour | None = None) -> PhoneCall:
        """Run a call to its end, with the caller's behaviour beside it.

        The behaviour starts when somebody first listens (or the call has ended without that, so
        that it can report it) and is cancelled if it outlives the call by more than a second.
        """
        async with trio.open_nursery() as nursery:
            if behaviour is not None:
                nursery.start_soon(self._behave, call, behaviour, name=f"caller {call.sid}")
            await call.run()
            nursery.cancel_scope.deadline = trio.current_time() + 1
        return call

    async def _behave(self, call: PhoneCall, behaviour: Behaviour) -> None:
        async with trio.open_nursery() as nursery:
            for event in (call.listening, call.ended):
                nursery.start_soon(_cancel_after, event, nursery.cancel_scope)
        await behaviour(call)


async def _cancel_after(event: trio.Event, scope: trio.CancelScope) -> None:
    await event.wait()
    scope.cancel()
