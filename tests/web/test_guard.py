"""One hostile client must not end another's call: malformed bytes against the real server.

Each input of the table gets a connection of its own; after each the server answers and a call that
is live all the while is untouched.
"""

import socket
import struct
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import pytest
import trio

from voxanne_trio.telephony.media_stream import MediaSocket, SocketGone

from .live import BOUND, Caller, Live, frame, live_server, long_frame, status_of

pytestmark = pytest.mark.sockets

ANSWER = "wait for an answer"
RESET = "reset the connection"
Step = bytes | float | str
Steps = Callable[[Live], Sequence[Step]]

HI = frame(b"hi")
BYE = frame(b"\x03\xe8", 0x88)
GET = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
POST = b"POST /twiml HTTP/1.1\r\nHost: x\r\n"

HOSTILE: dict[str, Steps] = {
    "no HTTP at all": lambda _: [b"\x16\x03\x01\x02\x00\x01\x00" * 20],
    "frame with the upgrade": lambda live: [live.upgrade() + HI],
    "frame before the answer": lambda live: [live.upgrade(), 0.0005, HI],
    "frame with an upgrade of nothing": lambda live: [live.upgrade("/none") + HI],
    "bad version": lambda live: [live.upgrade(version="8")],
    "no key": lambda live: [live.upgrade().replace(b"Sec-WebSocket-Key", b"X-K")],
    "HTTP/1.0 upgrade": lambda live: [live.upgrade(http="1.0")],
    "bad version and a frame": lambda live: [live.upgrade(version="8") + HI],
    "bad extension": lambda live: [
        live.upgrade(
            extra="Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=abc\r\n"
        ),
        ANSWER,
        HI,
    ],
    "unmasked frame": lambda live: [live.upgrade(), ANSWER, b"\x81\x02hi"],
    "reserved bits": lambda live: [live.upgrade(), ANSWER, frame(b"hi", 0xF1)],
    "bad UTF-8": lambda live: [live.upgrade(), ANSWER, frame(b"\xff\xfe")],
    "close of one byte": lambda live: [live.upgrade(), ANSWER, frame(b"x", 0x88)],
    "data after close": lambda live: [live.upgrade(), ANSWER, BYE, 0.02, HI, 0.02, HI],
    "data with the close": lambda live: [live.upgrade(), ANSWER, BYE + HI + HI],
    "endless frame": lambda live: [live.upgrade(), ANSWER, long_frame(2**63 - 1) + b"x" * 1000],
    "bad deflate": lambda live: [
        live.upgrade(extra="Sec-WebSocket-Extensions: permessage-deflate\r\n"),
        ANSWER,
        frame(b"\xff" * 5, 0xC1),
    ],
    "h2c with bad settings": lambda _: [
        GET + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: !!!\r\n\r\n"
    ],
    "h2c without settings": lambda _: [GET + b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n"],
    "HTTP/2 preface, garbage": lambda _: [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 200],
    "HTTP/2 preface": lambda _: [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 0.02],
    "bad chunk": lambda _: [POST + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n"],
    "body cut short": lambda _: [POST + b"Content-Length: 100\r\n\r\nabc"],
    "pipelined": lambda _: [(GET + b"\r\n") * 20],
    "pipelined garbage": lambda _: [GET + b"\r\n\x00\x01\x02"],
    "expects 100": lambda _: [POST + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n", 0.02],
    "no host": lambda _: [b"GET /healthz HTTP/1.1\r\n\r\n"],
    "absolute target": lambda _: [b"GET http://x:99999/healthz HTTP/1.1\r\nHost: x\r\n\r\n"],
    "target of half an address": lambda _: [b"GET http://[::1 HTTP/1.1\r\nHost: x\r\n\r\n"],
    "upgrade, target of half an address": lambda live: [live.upgrade("http://[::1")],
    "OPTIONS *": lambda _: [b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n"],
    "path of no text": lambda _: [b"GET %ff%fe%00 HTTP/1.1\r\nHost: x\r\n\r\n"],
    "upgrade, path of no text": lambda live: [live.upgrade("%ff%fe")],
    "upgrade, path with NUL": lambda live: [live.upgrade("/%ff%00")],
    "host of half an address": lambda _: [GET.replace(b": x", b": [::1") + b"\r\n"],
    "upgrade, half an address": lambda live: [live.upgrade(host="[::1")],
    "big header": lambda _: [GET + b"A: " + b"a" * 200_000 + b"\r\n\r\n"],
    "reset after the upgrade": lambda live: [live.upgrade(), RESET],
    "reset in mid-frame": lambda live: [live.upgrade(), ANSWER, HI * 50, RESET],
    "upgrade with a body": lambda live: [live.upgrade(extra="Content-Length: 5\r\n") + b"abcde"],
    "CONNECT": lambda _: [b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n"],
    "half an upgrade": lambda live: [
        f"GET {live.media_path()} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n\r\n".encode()
    ],
    "upgrade behind a request": lambda live: [GET + b"\r\n" + live.upgrade()],
    # And some of our own making.
    "upgrade with a chunked body": lambda live: [
        live.upgrade(extra="Transfer-Encoding: chunked\r\n") + b"5\r\nabcde\r\n0\r\n\r\n"
    ],
    "ticket of anything": lambda live: [live.upgrade("/ws/media-stream/" + "A" * 9000)],
    "a thousand pings": lambda live: [live.upgrade(), ANSWER, frame(b"p", 0x89) * 1000],
    "empty fragments": lambda live: [live.upgrade(), ANSWER, frame(b"", 1) + frame(b"", 0) * 999],
    "close with a bad code": lambda live: [live.upgrade(), ANSWER, frame(b"\x00\x01", 0x88)],
}


async def throw(live: Live, steps: Sequence[Step]) -> None:
    stream = await live.connect()
    try:
        for step in steps:
            if step == ANSWER:
                with trio.move_on_after(0.5):
                    await stream.receive_some()
            elif step == RESET:
                linger = struct.pack("ii", 1, 0)
                stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                break
            elif isinstance(step, float):
                await trio.sleep(step)
            elif isinstance(step, bytes):
                await stream.send_all(step)
        else:
            with trio.move_on_after(0.02):
                while await stream.receive_some():
                    pass
    except trio.BrokenResourceError:
        pass
    finally:
        await trio.aclose_forcefully(stream)


async def test_hostile_bytes_touch_nobody_else(caplog: pytest.LogCaptureFixture) -> None:
    async with live_server() as live, Caller.ring(live) as bystander:
        tasks = trio.lowlevel.current_statistics().tasks_living
        for name, steps in HOSTILE.items():
            await throw(live, steps(live))
            assert await live.get("/healthz") == 200, name
            await bystander.say(name)
            assert await bystander.hear() == name
            assert not [record for record in caplog.records if record.exc_info], name
        assert len(live.app.desk.calls) <= 1 + len(HOSTILE)
        with trio.fail_after(BOUND):  # nothing of all that is left
            while trio.lowlevel.current_statistics().tasks_living > tasks:  # noqa: ASYNC110
                await trio.sleep(0.02)  # Trio tells nobody when tasks end
        assert len(live.app.desk.calls) == 1


async def until_server_closes(stream: trio.SocketStream) -> float:
    """Read to the end of a connection that we never close ourselves; how long that took."""
    began = trio.current_time()
    try:
        while await stream.receive_some():
            pass
    except trio.BrokenResourceError:
        pass
    return trio.current_time() - began


@pytest.mark.parametrize(
    ("steps", "seconds"),
    [
        (HOSTILE["bad version"], 1.0),
        (HOSTILE["frame with the upgrade"], 1.0),
        (HOSTILE["upgrade with a body"], 1.0),
        (HOSTILE["no key"], 1.0),
        (HOSTILE["unmasked frame"], 1.0),
        (lambda live: [live.upgrade("/none")], 1.0),
        (lambda _: [GET + b"Connection: close\r\n\r\n"], 1.0),
        (lambda live: [live.upgrade(), ANSWER, long_frame(70_000) + b"x" * 70_000], 3.0),
    ],
)
async def test_refused_connections_do_not_stay(steps: Steps, seconds: float) -> None:
    async with live_server() as live, await live.connect() as stream:
        for step in steps(live):
            if isinstance(step, bytes):
                await stream.send_all(step)
            else:
                await stream.receive_some()
        with trio.fail_after(BOUND):
            assert await until_server_closes(stream) < seconds
        await live.no_calls()


class Told:
    """A call that notes how its socket ended."""

    def __init__(self) -> None:
        self.messages: list[int] = []
        self.gone: list[int] = []

    async def __call__(self, media: MediaSocket, services: Any, call_sid: str) -> None:
        del services, call_sid
        try:
            while True:
                self.messages.append(len(await media.receive()))
        except SocketGone as gone:
            self.gone.append(gone.code)
            await media.send("too late")  # must not hold the loop nor raise


async def test_message_limit() -> None:
    call = Told()
    async with live_server(call) as live, Caller.ring(live) as caller:
        await caller.say("x" * 65_536)
        await caller.say("x" * 65_537)
        assert await caller.until_closed() == 1009
        await live.no_calls()
        assert call.messages == [65_536]
        assert call.gone == [1009]


async def send_for_ever(stream: trio.SocketStream, data: bytes) -> None:
    """A message that never ends, from a peer that ignores our close."""
    while True:
        await stream.send_all(data)


async def test_the_limit_counts_bytes_and_fragments() -> None:
    call = Told()
    async with live_server(call) as live:
        for text, code in (("é" * 32_768, None), ("é" * 32_769, 1009)):
            async with Caller.ring(live) as caller:
                await caller.say(text)
                if code is not None:
                    assert await caller.until_closed() == code
        async with await live.connect() as stream:
            await stream.send_all(live.upgrade())
            assert await status_of(stream) == 101
            await stream.send_all(frame(b"a" * 100, 0x01))
            with pytest.raises(trio.BrokenResourceError), trio.fail_after(BOUND):
                await send_for_ever(stream, frame(b"a" * 100, 0x00) * 100)
        await live.no_calls()
        assert call.gone.count(1009) == 2


async def test_nothing_is_compressed() -> None:
    async with live_server() as live, await live.connect() as stream:
        await stream.send_all(
            live.upgrade(extra="Sec-WebSocket-Extensions: permessage-deflate\r\n")
        )
        answer = bytes(await stream.receive_some()).lower()
        assert answer.startswith(b"http/1.1 101")
        assert b"extensions" not in answer
        assert b"protocol" not in answer


@pytest.mark.parametrize("is_lent", [False, True])
async def test_a_peer_that_reads_nothing_is_dropped(
    monkeypatch: pytest.MonkeyPatch, is_lent: bool
) -> None:
    monkeypatch.setattr("voxanne_trio.web.guard.SEND_SECONDS", 0.2)
    ended = trio.Event()

    async def shout(media: MediaSocket, services: Any, call_sid: str) -> None:
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(media.send, "x" * 30_000_000)  # and nothing after it
                with suppress(SocketGone):
                    while True:
                        await media.receive()
                nursery.cancel_scope.cancel()
        finally:
            ended.set()

    async with live_server(shout) as live:
        bystander_status = await live.get("/healthz")
        async with await live.connect() as deaf:
            await deaf.send_all(live.upgrade())
            if is_lent:
                assert await status_of(deaf) == 101
                await deaf.send_all(frame(b"plain"))
            with trio.fail_after(BOUND):
                await ended.wait()
            await live.no_calls()
            assert bystander_status == await live.get("/healthz") == 200


async def test_a_connection_that_says_nothing_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hypercorn.config.Config.keep_alive_timeout", 0.1)
    monkeypatch.setattr("voxanne_trio.web.guard.REQUEST_SECONDS", 0.2)
    async with live_server() as live:
        silent = [b"", b"GET /healthz HTTP/1.1\r\nHos", POST + b"Content-Length: 9\r\n\r\nabc"]
        for words in silent:
            async with await live.connect() as stream:
                await stream.send_all(words)
                with trio.fail_after(BOUND):
                    await until_server_closes(stream)
        async with Caller.ring(live) as caller:
            await trio.sleep(0.4)  # a call is no request: it lasts
            await caller.say("still here")
            assert await caller.hear() == "still here"
