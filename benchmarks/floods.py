"""What a flood costs those who are on the phone: `python -m benchmarks.floods`.

One server answers calls three times over: alone, under a flood, and alone again; for each kind of
flood. Vendors, telephone network and callers are those of `benchmarks.calls`, the flood comes from
a process of its own. See docs/operations.md for what was found.

    idle       connections that never speak, opened anew as they are closed
    headers    a header that comes a byte a second
    bodies     a webhook whose body comes a byte a second
    unsigned   webhooks that Twilio has not signed, as fast as they are refused
    frames     a stream of tiny messages, as fast as it is read, opened anew
    pings      the same of pings
"""

from __future__ import annotations

import argparse
import base64
import json
import logging
import os
import resource
import subprocess
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from urllib.parse import urlsplit

import trio

if not __package__:  # started as a file: the package is beside us
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.child import LoopLag
from benchmarks.figures import percentiles
from benchmarks.load import Load, Seen, Server, Stand, _one_round, start
from voxanne_trio.sandbox import signing
from voxanne_trio.sandbox.client import fetch
from voxanne_trio.sandbox.server import serve

PROFILE: Final = "fixed:260,110,90"
ROOT: Final = Path(__file__).resolve().parent.parent
OPENED_AT_ONCE: Final = 200
"""By the flood: the kernel's queue of connections that nobody has accepted yet is finite."""

POST: Final = (
    b"POST /twiml HTTP/1.1\r\nHost: voice\r\nX-Twilio-Signature: AAAA\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n"
)
BODY: Final = b"CallSid=CA" + b"0" * 32 + b"&From=%2B15005550100&CallStatus=ringing"


# The flood, in a process of its own


class Flood:
    """So many connections to a server, kept up until the process is killed."""

    def __init__(self, port: int, count: int, token: str) -> None:
        self._port = port
        self._count = count
        self._token = token
        self._opening = trio.CapacityLimiter(OPENED_AT_ONCE)
        self.open = 0
        self.opened = 0

    async def run(self, kind: str) -> None:
        """Never returns."""
        act: Callable[[trio.SocketStream], Awaitable[None]] = getattr(self, f"_{kind}")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._report)
            for _ in range(self._count):
                nursery.start_soon(self._keep_up, act)

    async def _keep_up(self, act: Callable[[trio.SocketStream], Awaitable[None]]) -> None:
        while True:
            with suppress(OSError, trio.BrokenResourceError, trio.ClosedResourceError):
                async with self._opening:
                    stream = await trio.open_tcp_stream("127.0.0.1", self._port)
                self.open += 1
                self.opened += 1
                try:
                    await act(stream)
                finally:
                    self.open -= 1
                    await trio.aclose_forcefully(stream)
            await trio.sleep(0.1)

    async def _report(self) -> None:
        while True:
            print(json.dumps({"open": self.open, "opened": self.opened}), flush=True)
            await trio.sleep(0.5)

    async def _idle(self, stream: trio.SocketStream) -> None:
        await stream.receive_some(1)

    async def _headers(self, stream: trio.SocketStream) -> None:
        await _trickle(stream, b"GET /healthz HTTP/1.1\r\nX-Slow: " + b"a" * 600)

    async def _bodies(self, stream: trio.SocketStream) -> None:
        await stream.send_all(POST + b"Content-Length: 600\r\n\r\n")
        await _trickle(stream, b"a" * 600)

    async def _unsigned(self, stream: trio.SocketStream) -> None:
        request = POST + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY
        while True:
            await stream.send_all(request)
            if not await stream.receive_some():
                return

    async def _frames(self, stream: trio.SocketStream) -> None:
        await self._flood_stream(stream, b"\x81\x81\0\0\0\0x")

    async def _pings(self, stream: trio.SocketStream) -> None:
        await self._flood_stream(stream, b"\x89\x80\0\0\0\0")

    async def _flood_stream(self, stream: trio.SocketStream, frame: bytes) -> None:
        """A stream as Twilio opens it, ticket, signature and all, and then no call's messages."""
        sid = f"CA{self.opened:032x}"
        path = await self._ticketed(sid)
        url = f"ws://127.0.0.1:{self._port}{path}"
        start = json.dumps(_start_message(sid)).encode()
        head = (
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {base64.b64encode(bytes(16)).decode()}\r\n"
            "Sec-WebSocket-Version: 13\r\n"
            f"X-Twilio-Signature: {signing.signature(self._token, url, ())}\r\n\r\n"
        )
        await stream.send_all(head.encode())
        await stream.receive_some()
        length = bytes((0x81, 0xFE)) + len(start).to_bytes(2, "big") + bytes(4)
        await stream.send_all(length + start)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_swallow, stream, nursery.cancel_scope)
            with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
                while True:
                    await stream.send_all(frame * 1_000)
            nursery.cancel_scope.cancel()

    async def _ticketed(self, sid: str) -> str:
        """Ring as Twilio does; the path of the stream that is asked for."""
        url, form = f"http://127.0.0.1:{self._port}/twiml", {"CallSid": sid}
        headers = [
            ("X-Twilio-Signature", signing.signature(self._token, url, form.items())),
            ("Content-Type", "application/x-www-form-urlencoded"),
        ]
        body = f"CallSid={sid}".encode()
        answer = await fetch(trio.open_tcp_stream, "POST", url, headers=headers, body=body)
        return "/ws/" + answer.body.decode().partition("/ws/")[2].partition('"')[0]


async def _trickle(stream: trio.SocketStream, data: bytes) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_swallow, stream, nursery.cancel_scope)
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            for byte in data:
                await stream.send_all(bytes([byte]))
                await trio.sleep(1)
        nursery.cancel_scope.cancel()


async def _swallow(stream: trio.SocketStream, over: trio.CancelScope) -> None:
    with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
        while await stream.receive_some():
            pass
    over.cancel()


def _start_message(sid: str) -> dict[str, Any]:
    media = {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}
    start = {"accountSid": "AC1", "streamSid": "MZ1", "callSid": sid, "tracks": ["inbound"]}
    return {
        "event": "start",
        "sequenceNumber": "1",
        "streamSid": "MZ1",
        "start": {**start, "mediaFormat": media, "customParameters": {}},
    }


# The measurement


async def measure(kinds: Sequence[str], counts: dict[str, int], calls: int, seconds: float) -> None:
    """For each kind: calls without, with and without the flood, on one server; a line each."""
    first, *_, last = sorted(os.sched_getaffinity(0))
    load = Load(
        server="product",
        calls=calls,
        seconds=seconds,
        profile=PROFILE,
        server_core=first,
        load_core=last,
    )
    os.sched_setaffinity(0, {last})
    for kind in kinds:
        stand, lag = Stand(PROFILE), LoopLag()
        with TemporaryDirectory() as directory:
            async with trio.open_nursery() as nursery:
                port: int = await nursery.start(serve, stand.sandbox, 0)
                nursery.start_soon(lag.run)
                url = f"http://127.0.0.1:{port}"
                process = await start(load, stand.plan, url, Path(directory))
                try:
                    server = Server(process)
                    await server.start()
                    await stand.place(server.webhook, 1, 1)
                    await _three_rounds(kind, counts[kind], load, stand, server, lag)
                finally:
                    process.kill()
                    nursery.cancel_scope.cancel()


async def _three_rounds(
    kind: str, count: int, load: Load, stand: Stand, server: Server, lag: LoopLag
) -> None:
    print(f"\n{kind}, {count:,} connections", flush=True)
    for when in ("before", "during", "after"):
        seen = Seen(load=load)
        flood = None
        if when == "during":
            port = urlsplit(server.webhook).port
            flood = await _start_flood(kind, count, port or 0, stand.plan.auth_token)
            await trio.sleep(4)
        try:
            ringing = await _ringing_ms(server.webhook, stand.plan.auth_token)
            held = await server.ask()
            await _one_round(stand, server, seen, lag)
        finally:
            if flood is not None:
                flood.kill()
        print(f"  {when:<7} {_told(seen, held, ringing)}", flush=True)
    await trio.sleep(12)
    held = await server.ask()
    print(f"  left    {held['rss_mb']:.0f} MB, {held['tasks']} tasks, {held['files']} files")


def _told(seen: Seen, held: dict[str, Any], ringing: list[float]) -> str:
    figures = {
        "response": [turn.response for turn in seen.turns if turn.response is not None],
        "lag": seen.lag_ms,
    }
    told = []
    for name, values in figures.items():
        found = percentiles(values)
        most = max(values, default=0)
        told.append(f"{name} {found.get('p50', 0):.0f} / {found.get('p95', 0):.0f} / {most:.0f} ms")
    return "; ".join(
        [
            *told,
            f"webhook {percentiles(ringing).get('p50', 0):.0f} / {max(ringing):.0f} ms",
            f"{seen.server_gaps} + {len(seen.phone_gaps_ms)} underruns",
            f"{seen.lost} turns lost, {len(seen.problems)} problems",
            f"{held['rss_mb']:.0f} then {seen.most_mb:.0f} MB, {held['files']} files",
            f"CPU {seen.server_cpu / seen.wall + seen.idle_share:.0%},"
            f" waited {seen.server_waited / seen.wall:.0%}",
        ]
    )


async def _ringing_ms(webhook: str, token: str) -> list[float]:
    """How long a signed webhook takes, connection and all: twenty of them."""
    found = []
    form = {"CallSid": f"CA{1:032x}", "CallStatus": "completed"}
    url = webhook.replace("/twiml", "/twilio/status")
    headers = [
        ("X-Twilio-Signature", signing.signature(token, url, form.items())),
        ("Content-Type", "application/x-www-form-urlencoded"),
    ]
    body = "&".join("=".join(pair) for pair in form.items()).encode()
    for _ in range(20):
        began = trio.current_time()
        await fetch(trio.open_tcp_stream, "POST", url, headers=headers, body=body)
        found.append((trio.current_time() - began) * 1000)
        await trio.sleep(0.05)
    return found


async def _start_flood(kind: str, count: int, port: int, token: str) -> trio.Process:
    command = [sys.executable, "-m", "benchmarks.floods", "--flood", kind]
    command += ["--connections", str(count), "--port", str(port), "--token", token]
    process: trio.Process = await trio.lowlevel.open_process(
        command, cwd=ROOT, stdout=subprocess.DEVNULL
    )
    return process


COUNTS: Final = {
    "idle": 10_000,
    "headers": 10_000,
    "bodies": 2_000,
    "unsigned": 64,
    "frames": 1,
    "pings": 1,
}


def main() -> None:
    """Measure each kind, or be the flood."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.floods", description=__doc__)
    parser.add_argument("--kinds", nargs="+", choices=COUNTS, default=list(COUNTS))
    parser.add_argument("--connections", type=int, help="in place of each kind's own number")
    parser.add_argument("--calls", type=int, default=5, help="calls at once (5)")
    parser.add_argument("--seconds", type=float, default=16.0, help="length of a call (16)")
    parser.add_argument("--flood", choices=COUNTS, help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--token", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if options.flood:
        trio.run(Flood(options.port, options.connections, options.token).run, options.flood)
        return
    logging.getLogger("voxanne_trio.sandbox").setLevel(logging.ERROR)
    counts = {kind: options.connections or count for kind, count in COUNTS.items()}
    trio.run(partial(measure, options.kinds, counts, options.calls, options.seconds))


if __name__ == "__main__":
    main()
