"""Floods: what is bounded, and that a call that is up, and one that rings, notice nothing.

The bounds are tested in virtual time; the rest on real sockets, with as many connections as a test
may have. `benchmarks/floods.py` has ten thousand, and the figures.
"""

import resource
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
import trio
from trio.testing import MockClock, memory_stream_pair, wait_all_tasks_blocked

from voxanne_trio.audio import silence
from voxanne_trio.humanizer import Sentence
from voxanne_trio.telephony.media_stream import MediaSocket, SocketGone
from voxanne_trio.telephony.playback import Pacing, Playback
from voxanne_trio.telephony.signature import sign
from voxanne_trio.telephony.speech import Speech
from voxanne_trio.web.accepting import Acceptor
from voxanne_trio.web.guard import GuardedServer
from voxanne_trio.web.newcomers import Newcomers
from voxanne_trio.web.requests import AT_ONCE, BODY_SECONDS, InTurn

from .live import BOUND, Caller, Live, frame, live_server, status_of
from .support import CALL, PUBLIC, TOKEN
from .test_guard import Told

CONNECTIONS = 2_000


# Bounds


async def test_who_has_been_of_no_use_for_longest_gives_way() -> None:
    newcomers, connections = Newcomers(3), [trio.CancelScope() for _ in range(7)]
    for connection in connections[:3]:
        newcomers.came(connection)
    newcomers.is_asking(connections[0])
    newcomers.came(connections[3])
    assert cut(connections) == [1]  # 0 is being answered
    newcomers.is_idle(connections[0])
    newcomers.came(connections[4])
    assert cut(connections) == [1, 2]  # 0 was of use after it
    newcomers.left(connections[3])  # a stream was accepted
    newcomers.is_idle(connections[3])
    assert len(newcomers) == 2
    for connection in connections[:5]:
        newcomers.is_asking(connection)
    newcomers.came(connections[5])
    newcomers.is_asking(connections[5])
    newcomers.came(connections[6])
    assert cut(connections) == [1, 2, 6]  # all others are being answered
    assert (len(newcomers), newcomers.cut) == (3, 3)


def cut(connections: list[trio.CancelScope]) -> list[int]:
    return [number for number, scope in enumerate(connections) if scope.cancel_called]


class Backlog:
    """Connections that wait to be accepted; each takes a step of three milliseconds."""

    def __init__(self) -> None:
        self.stream = memory_stream_pair()[0]

    async def accept(self) -> Any:
        await trio.sleep(0.003)
        return self.stream


async def test_in_a_flood_two_thirds_of_the_time_stay_with_the_calls(
    autojump_clock: MockClock,
) -> None:
    newcomers = Newcomers(16)  # two are many
    with trio.socket.socket() as unused:
        await unused.bind(("127.0.0.1", 0))
        unused.listen()
        acceptor = Acceptor(unused, newcomers)
    backlog: Any = Backlog()
    acceptor._listener = backlog
    accepted = []
    for _ in range(4):
        await acceptor.accept()
        accepted.append(round(trio.current_time() * 1000))
        newcomers.came(trio.CancelScope())
    assert accepted == [3, 6, 15, 24]
    with trio.move_on_after(0.004):
        await acceptor.accept()
    with pytest.raises(trio.ClosedResourceError):  # cancelled as it rests, it leaves none open
        await backlog.stream.send_all(b"x")


class Client:
    """One HTTP request at an ASGI application, its body in pieces; None: nothing more comes."""

    def __init__(
        self, *pieces: bytes | None, headers: tuple[tuple[bytes, bytes], ...] = ()
    ) -> None:
        self.scope = {"type": "http", "headers": list(headers)}
        self._pieces = list(pieces)
        self.status: int | None = None
        self.at = 0.0

    async def receive(self) -> dict[str, Any]:
        piece = self._pieces.pop(0)
        if piece is None:
            await trio.sleep_forever()
        return {"type": "http.request", "body": piece, "more_body": bool(self._pieces)}

    async def send(self, message: dict[str, Any]) -> None:
        self.status = message.get("status", self.status)
        self.at = self.at or trio.current_time()


class Answering:
    """An application that takes a second for each request, and notes what it got."""

    def __init__(self) -> None:
        self.most = self.now = 0
        self.bodies: list[bytes] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.now += 1
        self.most = max(self.most, self.now)
        message = await receive()
        self.bodies.append(message["body"])
        await trio.sleep(1)
        self.now -= 1
        await send({"type": "http.response.start", "status": 200})
        await trio.sleep(60)  # a long answer


async def asked(app: InTurn, *clients: Client) -> None:
    async with trio.open_nursery() as nursery:
        for client in clients:
            nursery.start_soon(app, client.scope, client.receive, client.send)
            await wait_all_tasks_blocked()


async def test_requests_are_answered_a_few_at_a_time_in_their_order(
    autojump_clock: MockClock,
) -> None:
    answering = Answering()
    clients = [Client(bytes([number])) for number in range(3 * AT_ONCE)]
    await asked(InTurn(answering), *clients)
    assert answering.most == AT_ONCE
    order = [body[0] // AT_ONCE for body in answering.bodies]
    assert order == sorted(order)  # eight at a time; those who begin at once do so in any order
    assert [client.at for client in clients] == [1.0] * AT_ONCE + [2.0] * AT_ONCE + [3.0] * AT_ONCE


async def test_a_body_that_does_not_come_takes_nobodys_turn(autojump_clock: MockClock) -> None:
    slow = [Client(b"CallSid=", None) for _ in range(5 * AT_ONCE)]
    quick = Client(b"CallSid=CA1")
    await asked(InTurn(Answering()), *slow, quick)
    assert (quick.status, quick.at) == (200, 1.0)
    assert {(client.status, client.at) for client in slow} == {(408, BODY_SECONDS)}


@pytest.mark.parametrize(
    "client",
    [
        Client(b"", headers=((b"content-length", b"65537"),)),
        Client(*[b"x" * 1_000] * 66),
    ],
)
async def test_a_body_that_is_too_long_is_not_kept(client: Client) -> None:
    answering = Answering()
    await asked(InTurn(answering), client)
    assert (client.status, answering.bodies) == (413, [])


# On real sockets


class Talks:
    """A call on which we talk for a while, by the product's own playback."""

    def __init__(self, seconds: int) -> None:
        self._seconds = seconds
        self.gaps: int | None = None
        self.begun = trio.Event()
        self.over = trio.Event()

    async def __call__(self, media: MediaSocket, services: Any, call_sid: str) -> None:
        playback = Playback("MZ1", Pacing(lead_ms=1_000), lambda event: self.begun.set())
        speech = Speech(1, playback.pace)
        speech.begin((Sentence.verbatim("A long story."),))
        speech.add(silence(50 * self._seconds))
        speech.end_passage()
        playback.play(speech)
        playback.finished(speech)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(playback.run, media.send)
            await trio.sleep(self._seconds)
            nursery.cancel_scope.cancel()
        self.gaps = playback.gaps
        self.over.set()


@asynccontextmanager
async def idlers(live: Live, count: int) -> AsyncIterator[None]:
    """So many connections that never speak, each opened anew when it is closed."""
    opening = trio.CapacityLimiter(50)

    async def idle() -> None:
        while True:
            async with opening:
                stream = await live.connect()
            async with stream:
                with suppress(trio.BrokenResourceError):
                    await stream.receive_some()
            await trio.sleep(0.5)

    async with trio.open_nursery() as nursery:
        for _ in range(count):
            nursery.start_soon(idle)
        yield
        nursery.cancel_scope.cancel()


async def signed_webhook(live: Live) -> int:
    """The status that Twilio gets for a call that rings."""
    body = f"CallSid={CALL}"
    signature = sign(TOKEN, f"{PUBLIC}/twiml", [("CallSid", CALL)])
    request = (
        f"POST /twiml HTTP/1.1\r\nHost: x\r\nX-Twilio-Signature: {signature}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    )
    async with await live.connect() as stream:
        await stream.send_all(request.encode())
        return await status_of(stream)


@pytest.mark.sockets
async def test_two_thousand_who_never_speak(monkeypatch: pytest.MonkeyPatch) -> None:
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    count = min(CONNECTIONS, files // 3)
    most = count // 10
    call = Talks(4)
    async with live_server(call) as live:
        monkeypatch.setattr(GuardedServer.newcomers, "most", most)
        cut_before = GuardedServer.newcomers.cut
        tasks = trio.lowlevel.current_statistics().tasks_living
        async with Caller.ring(live), idlers(live, count):
            with trio.fail_after(20):
                await call.begun.wait()
                while GuardedServer.newcomers.cut < cut_before + most:  # noqa: ASYNC110 - it tells nobody
                    await trio.sleep(0.05)
                assert len(GuardedServer.newcomers) <= most
                theirs = count + trio.lowlevel.current_statistics().tasks_living - tasks
                assert theirs < 3 * count  # the flood's own tasks, and few of ours
                assert await signed_webhook(live) == 200
                await call.over.wait()
        assert call.gaps == 0
        await live.no_calls()


@pytest.mark.sockets
async def test_webhooks_that_nobody_signed_delay_those_of_twilio_and_no_more() -> None:
    async with live_server() as live, Caller.ring(live) as bystander:
        refused: list[int] = []

        async def knock() -> None:
            async with await live.connect() as stream:
                for _ in range(5):
                    body = b"CallSid=CA1"
                    await stream.send_all(
                        b"POST /twiml HTTP/1.1\r\nHost: x\r\nX-Twilio-Signature: AAAA\r\n"
                        b"Content-Type: application/x-www-form-urlencoded\r\n"
                        b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
                    )
                    refused.append(await status_of(stream))

        with trio.fail_after(20):
            async with trio.open_nursery() as nursery:
                for _ in range(100):
                    nursery.start_soon(knock)
                await bystander.say("still here")
                assert await bystander.hear() == "still here"
                assert await signed_webhook(live) == 200
        assert refused == [403] * 500


@pytest.mark.sockets
@pytest.mark.parametrize("flood", [frame(b"x"), frame(b"", 0x89), frame(b"", 0x01), frame(b"", 2)])
async def test_a_stream_of_tiny_frames_is_closed_and_the_others_go_on(flood: bytes) -> None:
    told = Told()

    async def answer(media: MediaSocket, services: Any, call_sid: str) -> None:
        first = str(await media.receive())
        if first == "flood":
            await told(media, services, call_sid)
            return
        await media.send(first)
        while True:
            try:
                await media.send(str(await media.receive()))
            except SocketGone:
                return

    async with live_server(answer) as live, Caller.ring(live) as bystander:
        await bystander.say("hello")
        assert await bystander.hear() == "hello"
        async with Caller.ring(live) as flooder, trio.open_nursery() as nursery:
            await flooder.say("flood")

            async def pour() -> None:
                with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
                    while True:
                        await flooder.stream.send_all(flood * 100)

            async def swallow() -> None:
                with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
                    while await flooder.stream.receive_some():
                        pass

            nursery.start_soon(pour)
            nursery.start_soon(swallow)
            with trio.fail_after(4 * BOUND):
                while not told.gone:
                    await bystander.say("still here")
                    assert await bystander.hear() == "still here"
            nursery.cancel_scope.cancel()
        assert told.gone in ([1008], [1002])  # 1002: what wsproto will not have
        await bystander.say("and after")
        assert await bystander.hear() == "and after"
