"""A request leaves in one piece, whole, and what goes wrong is told as without us."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Iterable
from typing import Any

import attrs
import httpcore
import httpx
import pytest
import trio

from voxanne_trio.one_write import MOST_BYTES, in_one_write

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
REFUSAL = b"HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


@attrs.define(eq=False)
class Peer(httpcore.AsyncNetworkStream):
    """One connection's other end: it gives its answers, one for each read."""

    answers: list[bytes]
    breaks: Exception | None = None
    writes: list[bytes] = attrs.field(factory=list)
    timeouts: list[float | None] = attrs.field(factory=list)
    secured: bool = False
    closed: bool = False

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self.answers.pop(0) if self.answers else b""

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if self.breaks is not None:
            raise self.breaks
        self.writes.append(buffer)
        self.timeouts.append(timeout)

    async def aclose(self) -> None:
        self.closed = True

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        self.secured = True
        return self

    def get_extra_info(self, info: str) -> Any:
        return False if info == "is_readable" else None


@attrs.define(eq=False)
class Backend(httpcore.AsyncNetworkBackend):
    peer: Peer
    dialled: list[tuple[str, int]] = attrs.field(factory=list)

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        self.dialled.append((host, port))
        return self.peer


def client(peer: Peer) -> httpx.AsyncClient:
    transport = httpx.AsyncHTTPTransport()
    transport._pool = httpcore.AsyncConnectionPool(network_backend=Backend(peer))
    assert in_one_write(in_one_write(transport)) is transport  # a second time changes nothing
    return httpx.AsyncClient(transport=transport, timeout=httpx.Timeout(5.0, write=3.0))


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_head_and_body_leave_together(scheme: str) -> None:
    peer = Peer([ANSWER, ANSWER])
    async with client(peer) as asking:
        for words in (b"one", b"two"):
            answer = await asking.post(f"{scheme}://vendor.test/chat", content=words)
            assert answer.content == b"ok"
    assert peer.secured is (scheme == "https")
    assert [written.rpartition(b"\r\n\r\n")[2] for written in peer.writes] == [b"one", b"two"]
    assert all(written.startswith(b"POST /chat HTTP/1.1\r\n") for written in peer.writes)
    assert peer.timeouts == [3.0, 3.0]
    assert peer.closed


async def test_a_large_request_is_sent_as_it_comes_and_whole() -> None:
    peer, piece, pieces = Peer([ANSWER]), b"~" * 1_000, 3 * MOST_BYTES // 1_000

    async def body() -> AsyncIterator[bytes]:
        for _ in range(pieces):
            yield piece
            await trio.lowlevel.checkpoint()

    headers = {"content-length": str(pieces * len(piece))}
    async with client(peer) as asking:
        await asking.post("http://vendor.test/", content=body(), headers=headers)
    assert len(peer.writes) == 3
    assert max(map(len, peer.writes)) <= MOST_BYTES + len(piece)
    assert b"".join(peer.writes).endswith(b"\r\n\r\n" + piece * pieces)


async def test_an_answer_to_a_request_that_could_not_be_sent_is_read() -> None:
    async with client(Peer([REFUSAL], breaks=httpcore.WriteError("reset"))) as asking:
        answer = await asking.post("http://vendor.test/", content=b"one")
    assert answer.status_code == 413


async def test_a_request_that_takes_too_long_to_be_sent_is_told_so() -> None:
    async with client(Peer([ANSWER], breaks=httpcore.WriteTimeout())) as asking:
        with pytest.raises(httpx.WriteTimeout):
            await asking.post("http://vendor.test/", content=b"one")


async def test_other_transports_are_left_as_they_are() -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200))
    assert in_one_write(transport) is transport
