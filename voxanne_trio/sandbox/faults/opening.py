"""Faults of a connection before it is answered, at the server's side and at the dial.

`through` stands before a stand-in's handler: it knows which place a request is for, lets a fault
strike, hands the stand-in its own faults, and opens sockets that can fail later. `dialling` stands
before a dial. Where nothing is planned neither does anything.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import partial

import attrs
import trio

from ..client import Dial
from ..wire import Exchange, PeerGone, Request, SocketClosed
from .kinds import OPENING, Act
from .queue import Faults
from .schedule import Schedule, Strike
from .sockets import FaultySocket, reset
from .value import Fault

Handler = Callable[[Exchange], Awaitable[None]]


def place_of(request: Request) -> str:
    """Which place a request is for; none where nothing can be planned."""
    if request.path in {"/v1/listen", "/v2/listen"} and request.is_upgrade:
        return "listen"
    if request.path == "/v1/speak":
        return "speak" if request.is_upgrade else "speak_http"
    return "chat" if request.path == "/openai/v1/chat/completions" else ""


async def through(
    schedule: Schedule, exchange: Exchange, handler: Handler, own: Mapping[str, Faults]
) -> None:
    """Let a stand-in answer a request, with the faults that are planned for it.

    `own` are the stand-ins' queues, by vendor.
    """
    place = place_of(exchange.request)
    if not place or not schedule.concerns(place):
        await handler(exchange)
        return
    number = schedule.number(f"{place} opening")
    strike = schedule.strike(place, lambda kind: kind.act in OPENING, number)
    if strike is not None and not await _opens(strike, exchange, own):
        return
    if not exchange.request.is_upgrade:
        await handler(exchange)
        return
    async with trio.open_nursery() as nursery:
        exchange.make_socket = partial(
            FaultySocket, schedule=schedule, place=place, nursery=nursery
        )
        with suppress(PeerGone, SocketClosed):  # as `serve_stream` does: the socket is over
            await handler(exchange)
        if exchange.socket is not None:
            await exchange.socket.close()
        nursery.cancel_scope.cancel()


async def _opens(strike: Strike, exchange: Exchange, own: Mapping[str, Faults]) -> bool:
    """Whether the stand-in gets the request in spite of the fault."""
    kind, fault = strike.kind, strike.fault
    if kind.act is Act.OWN:
        vendor = "groq" if kind.place == "chat" else "deepgram"
        asked = attrs.evolve(
            Fault(kind=kind.own),
            after=fault.after,
            seconds=strike.seconds,
            status=kind.status or fault.status,
        )
        own[vendor].add_first(asked)
    elif kind.act is Act.SLOW_ANSWER:
        await trio.sleep(strike.seconds)
    elif kind.act is Act.NO_ANSWER:
        await exchange.until_left()
        return False
    else:
        await reset(exchange.stream)
        await exchange.abort()
        return False
    return True


def dialling(schedule: Schedule, dial: Dial, place: Callable[[str], str]) -> Dial:
    """A dial with the faults of the places that its hosts stand for."""

    async def faulty(host: str, port: int) -> trio.abc.Stream:
        strike = await _before_dial(schedule, place(host))
        if strike is not None:
            raise ConnectionRefusedError(111, f"nobody listens at {host}")
        return await dial(host, port)

    return faulty


async def _before_dial(schedule: Schedule, place: str) -> Strike | None:
    """The strike that refuses; one that is slow has passed when this returns."""
    if not schedule.concerns(place):
        return None
    number = schedule.number(f"{place} dial")
    acts = {Act.REFUSED, Act.SLOW_CONNECT}
    strike = schedule.strike(place, lambda kind: kind.act in acts, number)
    if strike is not None and strike.kind.act is Act.SLOW_CONNECT:
        await trio.sleep(strike.seconds)
        return None
    return strike


def before_request(schedule: Schedule, place: str) -> Act | None:
    """What a client does wrong with its next request, as a rule nothing."""
    if not schedule.concerns(place):
        return None
    number = schedule.number(f"{place} opening")
    acts = {Act.TWICE, Act.ABANDONED}
    strike = schedule.strike(place, lambda kind: kind.act in acts, number)
    return None if strike is None else strike.kind.act
