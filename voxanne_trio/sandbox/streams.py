"""The media streams of one call, one after the other: handshake, refusals, status callbacks.

Whatever ends one, the phone's channels go on; what Twilio had queued of the agent's audio is lost
with it. Refuses to know what the call does afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Final
from urllib.parse import urlsplit

import trio

from .client import NoAnswer, UpgradeRefused, open_socket
from .faults.media import MediaFaults
from .faults.sockets import FaultySocket
from .handset import Handset
from .sockets import WireSocket
from .stream import Ended, Identity, MediaStream
from .twiml import Verb

HANDSHAKE_SECONDS: Final = 5.0


class Streams:
    """Of one call; at most one is open."""

    def __init__(self, phone: Handset) -> None:
        self._phone = phone
        self.current: MediaStream | None = None
        self.opened = trio.Event()
        """Set when the first is open."""
        self._running = False
        self._stopping = False

    def stop(self) -> bool:
        """End the one that is open or about to be; whether there is one."""
        self._stopping = self._running
        if self.current is not None:
            self.current.stop()
        return self._running

    async def run(self, noun: Verb) -> None:
        """Open a stream and run it to its end, however that comes about."""
        account = self._phone.account
        parameters = {
            child.attributes.get("name", ""): child.attributes.get("value", "")
            for child in noun.nouns
            if child.name == "Parameter"
        }
        identity = Identity(account.sid, self._phone.sid, account.new_sid("MZ"), parameters)
        self._running, self._stopping = True, False
        try:
            error = await self._run(noun, identity)
        finally:
            self._running = False
            self._phone.playout.stop(trio.current_time())
        event = {"StreamEvent": "stream-error", "StreamError": error} if error else {}
        self._tell(noun, identity, event or {"StreamEvent": "stream-stopped"})
        if not self._stopping:
            await trio.sleep(account.seam_seconds)

    async def _run(self, noun: Verb, identity: Identity) -> str:
        """The text of its error, if it had one."""
        if error := self._refuse(noun, identity):
            return error
        async with trio.open_nursery() as nursery:
            error = await self._run_socket(noun, identity, nursery)
            nursery.cancel_scope.cancel()
        return error

    async def _run_socket(self, noun: Verb, identity: Identity, nursery: trio.Nursery) -> str:
        phone = self._phone
        url, schedule = noun.attributes.get("url", ""), phone.account.schedule
        number = schedule.number("media") if schedule.concerns("media") else 0
        make_socket: Callable[..., WireSocket] = WireSocket
        faults = None
        if schedule.concerns("media"):
            faults = MediaFaults(schedule, phone.playout, number)
            make_socket = partial(
                FaultySocket, schedule=schedule, place="media", nursery=nursery, number=number
            )
        socket = await self._open(url, make_socket)
        if isinstance(socket, str):
            return socket
        phone.journal.note("stream_opened", url)
        self._tell(noun, identity, {"StreamEvent": "stream-started"})
        self.current = MediaStream(
            socket, identity, phone.microphone, phone.playout, phone.journal,
            link=phone.account.link, rng=phone.account.rng, faults=faults,
        )  # fmt: skip
        if self._stopping:
            self.current.stop()
        self.opened.set()
        phone.listen()
        try:
            ended = await self.current.run()
        finally:
            self.current = None
        return self._failed(_error(ended)) if ended.kind == "lost" else ""

    async def _open(self, url: str, make_socket: Callable[..., WireSocket]) -> WireSocket | str:
        """The open socket, or what went wrong."""
        headers = [
            ("User-Agent", "Twilio.TmeWs/1.0"),
            ("x-twilio-signature", self._phone.webhooks.signature(url)),
        ]
        try:
            with trio.move_on_after(HANDSHAKE_SECONDS):
                dial = self._phone.account.dial_for("media")
                return await open_socket(dial, url, headers=headers, make_socket=make_socket)
        except NoAnswer as failure:
            return self._failed(f"31902 {failure}")
        except UpgradeRefused as failure:
            return self._failed(f"31920 handshake: {failure}")
        return self._failed("31901 no answer to the connection request")

    def _refuse(self, noun: Verb, identity: Identity) -> str:
        """Why a stream is not even tried."""
        url = urlsplit(noun.attributes.get("url", ""))
        if url.scheme not in {"ws", "wss"} or not url.hostname:
            return self._failed("31922 the scheme of the stream's url is not wss")
        if url.query:
            return self._failed("31920 the stream's url has a query string")
        if noun.attributes.get("track", "inbound_track") != "inbound_track":
            return self._failed("31941 invalid track")
        if any(len(name) + len(value) >= 500 for name, value in identity.parameters.items()):
            return self._failed("parameter of 500 characters or more")
        return ""

    def _failed(self, error: str) -> str:
        self._phone.journal.note("stream_error", error)
        return error

    def _tell(self, noun: Verb, identity: Identity, event: Mapping[str, str]) -> None:
        stamp = datetime.fromtimestamp(self._phone.account.wall(), UTC).isoformat()
        about = {
            "StreamSid": identity.stream_sid,
            "StreamName": noun.attributes.get("name", identity.stream_sid),
            "Timestamp": stamp.replace("+00:00", "Z"),
        }
        self._phone.notify(noun.attributes.get("statusCallback"), {**about, **event})


def _error(ended: Ended) -> str:
    code = {1002: 31924, 1006: 31903}.get(ended.code, 31921)
    return f"{code} {ended.reason}".strip()
