"""The media endpoint: who is admitted, what a call's boundary holds back, in virtual time."""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import attrs
import pytest
import trio
from trio.testing import MockClock

from voxanne_trio.telephony.media_stream import MediaSocket, SocketGone
from voxanne_trio.telephony.tickets import Tickets
from voxanne_trio.web.desk import Answer, Desk
from voxanne_trio.web.media import PATH, AsgiSocket, MediaEndpoint

from .support import CALL, NOW, SETTINGS, FakeServices, echo, stream_signature


def new_desk(*, by: int = 0, **changes: Any) -> Desk:
    numbers = count(by)  # its tickets' nonces
    tickets = Tickets(
        SETTINGS.twilio_auth_tokens,
        60,
        wall_clock=lambda: NOW,
        entropy=lambda length: next(numbers).to_bytes(length, "big"),
    )
    settings = attrs.evolve(SETTINGS, **changes)
    return Desk(settings=settings, tickets=tickets, composition=FakeServices())


class Peer:
    """The ASGI server's side of one WebSocket."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.tell, self._events = trio.open_memory_channel[dict[str, Any]](9)
        self.tell.send_nowait({"type": "websocket.connect"})

    async def receive(self) -> dict[str, Any]:
        return await self._events.receive()

    async def send(self, event: Any) -> None:
        await trio.lowlevel.checkpoint()
        self.sent.append(event)

    @property
    def types(self) -> list[str]:
        return [event["type"].removeprefix("websocket.") for event in self.sent]

    @property
    def status(self) -> int | None:
        return next((event["status"] for event in self.sent if "status" in event), None)


async def elsewhere(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "elsewhere"})


def scope_of(path: str, signature: str | None = None, *, extension: bool = True) -> dict[str, Any]:
    signed = stream_signature(path) if signature is None else signature
    return {
        "type": "websocket",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"x-twilio-signature", signed.encode("latin-1"))],
        "extensions": {"websocket.http.response": {}} if extension else {},
    }


async def upgrade(desk: Desk, scope: dict[str, Any], answer: Answer = echo) -> Peer:
    peer = Peer()
    peer.tell.send_nowait({"type": "websocket.disconnect", "code": 1000})
    await MediaEndpoint(desk, answer, elsewhere)(scope, peer.receive, peer.send)
    return peer


async def test_a_call_is_taken() -> None:
    desk, heard = new_desk(), []

    async def answer(socket: MediaSocket, services: Any, call_sid: str) -> None:
        heard.append((call_sid, services, len(desk.calls)))
        with pytest.raises(SocketGone) as gone:
            await socket.receive()
        assert gone.value.code == 1000

    peer = await upgrade(desk, scope_of(PATH + desk.tickets.issue(CALL)), answer)
    assert heard == [(CALL, desk.composition, 1)]
    assert peer.sent == [{"type": "websocket.accept", "subprotocol": None, "headers": []}]
    assert not desk.calls


async def test_a_new_stream_of_a_call_ends_the_one_that_has_not_noticed() -> None:
    desk = new_desk(max_calls=1)
    log: list[str] = []

    async def answer(socket: MediaSocket, services: Any, call_sid: str) -> None:
        number = len(log)
        log.append(f"begins {number}")
        try:
            await socket.receive()
        except SocketGone:
            log.append(f"is left {number}")
        finally:
            log.append(f"ends {number}")

    async with trio.open_nursery() as nursery:
        silent = Peer()  # half-open: nothing comes of it any more
        endpoint = MediaEndpoint(desk, answer, elsewhere)
        for peer in (silent, Peer()):
            scope = scope_of(PATH + desk.tickets.issue(CALL))
            nursery.start_soon(endpoint, scope, peer.receive, peer.send)
            await trio.testing.wait_all_tasks_blocked()
        assert log == ["begins 0", "ends 0", "begins 2"]
        assert (len(desk.calls), silent.types) == (1, ["accept", "close"])
        peer.tell.send_nowait({"type": "websocket.disconnect", "code": 1000})
    assert not desk.calls


async def test_a_ticket_admits_once() -> None:
    desk = new_desk()
    scope = scope_of(PATH + desk.tickets.issue(CALL))
    assert (await upgrade(desk, scope)).types == ["accept"]
    assert (await upgrade(desk, scope)).status == 403


def drain(desk: Desk) -> None:
    desk.draining = True


def part(desk: Desk) -> None:
    desk.draining = desk.parting = True


def forget(desk: Desk) -> None:
    desk.composition = None


def fill(desk: Desk) -> None:
    desk.settings = attrs.evolve(desk.settings, max_calls=0)


@pytest.mark.parametrize(
    ("change", "path", "signature", "status"),
    [
        (None, PATH + "{ticket}", "", 403),
        (None, PATH + "{ticket}", "é", 403),
        (None, PATH + "{ticket}", stream_signature(PATH + "other"), 403),
        (None, PATH + "x{ticket}", None, 403),
        (None, PATH, None, 403),
        (drain, PATH + "{other}", None, 503),
        (part, PATH + "{ticket}", None, 503),
        (forget, PATH + "{ticket}", None, 503),
        (fill, PATH + "{ticket}", None, 503),
        (drain, PATH + "{ticket}", "", 403),
    ],
)
async def test_refused_before_the_upgrade(
    change: Callable[[Desk], None] | None, path: str, signature: str | None, status: int
) -> None:
    desk = new_desk()
    tickets = {"ticket": desk.tickets.issue(CALL), "other": new_desk(by=9).tickets.issue(CALL)}
    scope = scope_of(path.format(**tickets), signature)
    if change is not None:
        change(desk)
    peer = await upgrade(desk, scope)
    assert peer.types == ["http.response.start", "http.response.body"]
    assert peer.status == status


async def test_refused_where_only_a_close_goes() -> None:
    peer = await upgrade(new_desk(), scope_of(PATH, extension=False))
    assert peer.types == ["close"]


async def test_a_draining_server_takes_what_it_has_sent_for_itself_once() -> None:
    desk = new_desk()
    scope = scope_of(PATH + desk.tickets.issue(CALL))
    desk.draining = True
    assert (await upgrade(desk, scope)).types == ["accept"]
    assert (await upgrade(desk, scope)).status == 503


async def test_everything_else_is_not_ours() -> None:
    assert (await upgrade(new_desk(), scope_of("/ws/other"))).types == ["elsewhere"]


@asynccontextmanager
async def a_cancelled() -> AsyncIterator[trio.Cancelled]:
    """A cancellation that has left its scope."""
    with trio.CancelScope() as scope:
        scope.cancel()
        try:
            await trio.lowlevel.checkpoint()
        except trio.Cancelled as error:  # noqa: ASYNC103 - it is to leak
            caught = error
    yield caught


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("a bug"),
        ExceptionGroup("a nursery", [ValueError("a bug"), ValueError("another")]),
        SystemExit(3),
        BaseExceptionGroup("worse", [GeneratorExit()]),
    ],
)
async def test_a_bug_ends_its_call_only(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    async def answer(socket: MediaSocket, services: Any, call_sid: str) -> None:
        raise error

    desk = new_desk()
    peer = await upgrade(desk, scope_of(PATH + desk.tickets.issue(CALL)), answer)
    assert peer.sent[-1] == {"type": "websocket.close", "code": 1011, "reason": "internal error"}
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.exc_info is not None
    assert repr(record.exc_info[1]) == repr(error)
    assert vars(record)["call_sid"] == CALL


@pytest.mark.parametrize("with_bug", [False, True])
async def test_a_leaked_cancellation_is_logged_too(
    with_bug: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async def answer(socket: MediaSocket, services: Any, call_sid: str) -> None:
        async with a_cancelled() as cancelled:
            if with_bug:
                raise BaseExceptionGroup("mixed", [cancelled, ValueError("a bug")])
            raise cancelled

    desk = new_desk()
    peer = await upgrade(desk, scope_of(PATH + desk.tickets.issue(CALL)), answer)
    assert peer.sent[-1]["code"] == 1011
    assert ("a bug" if with_bug else "leaked") in caplog.text


async def test_the_drain_cuts_politely(autojump_clock: MockClock) -> None:
    async def answer(socket: MediaSocket, services: Any, call_sid: str) -> None:
        await trio.sleep_forever()

    desk = new_desk()
    async with trio.open_nursery() as nursery:
        peer = Peer()
        scope = scope_of(PATH + desk.tickets.issue(CALL))
        nursery.start_soon(MediaEndpoint(desk, answer, elsewhere), scope, peer.receive, peer.send)
        await trio.testing.wait_all_tasks_blocked()
        assert len(desk.calls) == 1
        desk.calls.end_all()
        await desk.calls.wait_none()
    assert peer.sent[-1] == {"type": "websocket.close", "code": 1001, "reason": "going away"}


async def test_a_close_that_hangs_is_bounded(autojump_clock: MockClock) -> None:
    class Stuck(Peer):
        async def send(self, event: Any) -> None:
            await super().send(event)
            if event["type"] == "websocket.close":
                await trio.sleep_forever()

    async def answer(socket: MediaSocket, services: Any, call_sid: str) -> None:
        return

    desk, peer = new_desk(), Stuck()
    began = trio.current_time()
    scope = scope_of(PATH + desk.tickets.issue(CALL))
    await MediaEndpoint(desk, answer, elsewhere)(scope, peer.receive, peer.send)
    assert trio.current_time() - began == 2


async def test_the_socket_after_its_end() -> None:
    """A writer that goes on must not hold the loop, and a second close says nothing."""
    peer = Peer()
    socket = AsgiSocket(peer.receive, peer.send)
    peer.tell.send_nowait({"type": "websocket.receive", "text": "a", "bytes": None})
    peer.tell.send_nowait({"type": "websocket.receive", "text": None, "bytes": b"b"})
    peer.tell.send_nowait({"type": "websocket.receive", "text": ""})
    await socket._receive()
    assert [await socket.receive() for _ in range(3)] == ["a", b"b", ""]
    await socket.send("x")
    await socket.close(1000)
    sent = len(peer.sent)
    for act in (socket.send("y"), socket.close(1011)):
        with trio.testing.assert_checkpoints():
            await act
    assert len(peer.sent) == sent
    peer.tell.send_nowait({"type": "websocket.disconnect"})
    for _ in range(2):
        with trio.testing.assert_checkpoints(), pytest.raises(SocketGone):
            await socket.receive()
