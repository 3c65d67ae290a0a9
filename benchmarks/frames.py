"""What one inbound frame costs the server, and nothing else: `python -m benchmarks.frames`.

The real server with its real media endpoint; a call does no more than put each frame into the
recogniser's ring. Streams send a frame every 20 ms, evenly spread, as calls do: what a frame costs
is mostly being woken for it, so sending them faster would measure something else.
"""

from __future__ import annotations

import argparse
import base64
import json
import logging
import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, Final

import trio

if not __package__:  # started as a file: the package is beside us
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.child import LoopLag, answer_orders, say
from benchmarks.load import Server
from voxanne_trio.hearing import AudioRing
from voxanne_trio.sandbox import signing
from voxanne_trio.sandbox.client import open_socket
from voxanne_trio.sandbox.sockets import WireSocket
from voxanne_trio.settings import Settings
from voxanne_trio.telephony.media_stream import MediaSocket, MediaStream
from voxanne_trio.web.application import VoxanneApp
from voxanne_trio.web.media import PATH
from voxanne_trio.web.serving import serve

ROOT: Final = Path(__file__).resolve().parent.parent
FRAME_SECONDS: Final = 0.02
TOKEN: Final = "benchmark"
NOBODY: Final = "http://127.0.0.1:9"
CALL: Final = f"CA{0:032x}"
FORMAT: Final = {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}
START: Final = {
    "event": "start",
    "streamSid": "MZ1",
    "start": {
        "accountSid": "AC1",
        "streamSid": "MZ1",
        "callSid": CALL,
        "tracks": ["inbound"],
        "mediaFormat": FORMAT,
    },
}
MEDIA: Final = {
    "event": "media",
    "sequenceNumber": "12345",
    "media": {
        "track": "inbound",
        "chunk": "12345",
        "timestamp": "246912",
        "payload": base64.b64encode(bytes(range(160))).decode(),
    },
    "streamSid": "MZ1",
}


async def hear(socket: MediaSocket, services: Any, call_sid: str) -> None:
    """A call that only listens."""
    del services, call_sid
    stream = await MediaStream.open(socket)
    await stream.read(hear=AudioRing().put, tell=lambda event: None)


async def server(streams: int) -> None:
    """The child: serve `hear`, tell the streams' URLs."""
    settings = Settings(
        deepgram_api_key="-", deepgram_base_url=NOBODY, groq_api_key="-", groq_base_url=NOBODY,
        twilio_account_sid="AC1", twilio_auth_tokens=(TOKEN,), host="127.0.0.1", port=0,
        cache_dir="", database_url="", max_calls=streams,
    )  # fmt: skip
    urls: list[str] = []
    logging.disable()  # there are no vendors, and it says so
    async with trio.open_nursery() as nursery:
        app: VoxanneApp = await nursery.start(
            partial(serve, settings, answer=hear, announce=urls.append, signals=())
        )
        origin = "ws" + urls[0].removeprefix("http")
        paths = [PATH + app.desk.tickets.issue(CALL) for _ in range(streams)]
        say({"webhook": json.dumps([origin + path for path in paths])})
        await answer_orders(dict, LoopLag())
        nursery.cancel_scope.cancel()


async def measure(streams: int, seconds: float, rounds: int) -> list[float]:
    """Microseconds of the server's CPU a frame, for each round."""
    cores = sorted(os.sched_getaffinity(0))
    process = await trio.lowlevel.open_process(
        [sys.executable, "-m", "benchmarks.frames", "--serve", str(streams)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT,
    )  # fmt: skip
    os.sched_setaffinity(process.pid, {cores[0]})
    os.sched_setaffinity(0, {cores[-1]})
    child, found = Server(process), list[float]()
    try:
        await child.start()
        sockets = [await _ring(url) for url in json.loads(child.webhook)]
        for _ in range(rounds):
            before = await child.ask()
            sent = await _talk(sockets, seconds)
            found.append(((await child.ask())["ran"] - before["ran"]) / sent * 1e6)
    finally:
        process.kill()
    return found


async def _ring(url: str) -> WireSocket:
    signature = signing.signature(TOKEN, url, ())
    socket = await open_socket(
        trio.open_tcp_stream, url, headers=[("x-twilio-signature", signature)]
    )
    await socket.send(json.dumps(START))
    return socket


async def _talk(sockets: list[WireSocket], seconds: float) -> int:
    media, frames = json.dumps(MEDIA, separators=(",", ":")), round(seconds / FRAME_SECONDS)
    began = trio.current_time() + 0.05

    async def send(number: int, socket: WireSocket) -> None:
        for frame in range(frames):
            due = began + (frame + number / len(sockets)) * FRAME_SECONDS
            await trio.sleep_until(due)
            await socket.send(media)

    async with trio.open_nursery() as nursery:
        for number, socket in enumerate(sockets):
            nursery.start_soon(send, number, socket)
    await trio.sleep(0.1)
    return frames * len(sockets)


def main() -> None:
    """Measure and print a line for each number of streams."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.frames", description=__doc__)
    parser.add_argument("--streams", type=int, nargs="+", default=[1, 10, 25, 50])
    parser.add_argument("--seconds", type=float, default=5.0, help="length of a round (5)")
    parser.add_argument("--rounds", type=int, default=3, help="the median of these counts (3)")
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        trio.run(server, options.serve)
        return
    cores = os.sched_getaffinity(0)
    for streams in options.streams:
        os.sched_setaffinity(0, cores)
        found = trio.run(measure, streams, options.seconds, options.rounds)
        print(f"{streams} streams: {median(found):.0f} us a frame", flush=True)


if __name__ == "__main__":
    main()
