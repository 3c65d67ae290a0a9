"""A bare relay: the least that any server of this kind must do, for comparison.

Quart-Trio on Hypercorn, as they come. Frames of the caller go to one upstream socket in batches of
80 ms; when the upstream says that a turn has ended, canned audio goes back in messages of 100 ms,
no further ahead than the product would send it. There is no logic: no model, no voice, no marks, no
interruption, no check of anything.
"""

from __future__ import annotations

import base64
import json
import os
from functools import partial
from typing import Any, Final

import trio
import trio_websocket
from hypercorn.config import Config
from hypercorn.trio import serve
from quart import Response, websocket
from quart_trio import QuartTrio

from .child import LoopLag, answer_orders, clock, say

BATCH_BYTES: Final = 640
MESSAGE_BYTES: Final = 800
LEAD_SECONDS: Final = 0.3
AUDIO: Final = (b"\x8e\x0e" * 4_000 + b"\xff" * 400) * 4
"""About four seconds of noise with pauses: as long as the product's answers."""

LISTEN: Final = (
    "/v2/listen?model=flux-general-en&encoding=mulaw&sample_rate=8000"
    "&eot_threshold=0.7&eager_eot_threshold=0.4&tag="
)


class Relay:
    """The application and the one number it needs: where the upstream is."""

    def __init__(self, upstream: str) -> None:
        self._upstream = upstream
        self.live = 0
        self.app = QuartTrio("benchmarks.relay", static_folder=None)
        self.app.post("/twiml")(self._twiml)
        self.app.post("/twiml/after")(self._after)
        self.app.websocket("/media")(self._media)
        self.port = 0

    async def _twiml(self) -> Response:
        url = f"ws://127.0.0.1:{self.port}/media"
        verbs = f'<Connect action="/twiml/after"><Stream url="{url}"/></Connect>'
        return Response(f"<Response>{verbs}</Response>", content_type="text/xml")

    async def _after(self) -> Response:
        return Response("<Response><Hangup/></Response>", content_type="text/xml")

    async def _media(self) -> None:
        await websocket.receive()  # connected
        start = json.loads(await websocket.receive())["start"]
        url = f"{self._upstream}{LISTEN}{start['callSid']}"
        headers = [(b"authorization", b"Token benchmark")]
        self.live += 1
        try:
            async with (
                trio_websocket.open_websocket_url(url, extra_headers=headers) as upstream,
                trio.open_nursery() as nursery,
            ):
                talking = partial(self._talk, upstream, start["streamSid"])
                nursery.start_soon(talking)
                await self._forward(upstream)
                nursery.cancel_scope.cancel()
        finally:
            self.live -= 1

    async def _forward(self, upstream: trio_websocket.WebSocketConnection) -> None:
        batch = bytearray()
        while True:
            message = json.loads(await websocket.receive())
            if message["event"] == "stop":
                return
            if message["event"] == "media":
                batch += base64.b64decode(message["media"]["payload"])
                if len(batch) >= BATCH_BYTES:
                    await upstream.send_message(bytes(batch))
                    batch.clear()

    async def _talk(self, upstream: trio_websocket.WebSocketConnection, stream_sid: str) -> None:
        await _play(stream_sid)
        while True:
            if '"EndOfTurn"' in await upstream.get_message():
                await _play(stream_sid)


async def _play(stream_sid: str) -> None:
    due = trio.current_time() - LEAD_SECONDS
    for begin in range(0, len(AUDIO), MESSAGE_BYTES):
        await trio.sleep_until(due)
        payload = base64.b64encode(AUDIO[begin : begin + MESSAGE_BYTES]).decode()
        media = {"event": "media", "streamSid": stream_sid, "media": {"payload": payload}}
        await websocket.send(json.dumps(media))
        due += MESSAGE_BYTES / 8_000


async def main() -> None:
    """Serve until the parent hangs up."""
    relay = Relay("ws" + os.environ["DEEPGRAM_BASE_URL"].removeprefix("http"))
    config = Config()
    config.bind = ["127.0.0.1:0"]
    config.accesslog = config.errorlog = None
    lag = LoopLag()
    async with trio.open_nursery() as nursery:
        serving: Any = partial(serve, relay.app, config)
        bound: list[str] = await nursery.start(serving)
        relay.port = int(bound[0].rsplit(":", 1)[1])
        nursery.start_soon(lag.run)
        say({"webhook": f"{bound[0]}/twiml"})
        await answer_orders(lambda: {"live": relay.live}, lag)
        nursery.cancel_scope.cancel()


if __name__ == "__main__":
    trio.run(main, clock=clock())
