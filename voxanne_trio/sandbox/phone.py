"""One telephone call at Twilio: the webhook, the TwiML it answers with, and the caller's ear.

A call executes documents verb by verb, as Twilio does: `<Connect><Stream>` opens a media stream
and, when that ends, asks `action` what comes next (with `action` set no verb after `</Connect>` is
reached). What Twilio itself would say or dial is spoken into the agent's channel or written in the
journal. Ends when the documents end, or someone hangs up. Refuses to know
what the caller wants: that is the script's business, through the methods that do not wait.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import partial
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import trio

from . import twiml
from .account import Account, Numbers, Webhooks
from .client import NoAnswer, UpgradeRefused, open_socket
from .faults.media import MediaFaults
from .faults.sockets import FaultySocket
from .journal import Journal
from .line import CLEAN, Line, Pickup
from .microphone import Microphone, Spoken
from .playout import RATE, PlayOut
from .sockets import WireSocket
from .stream import Ended, Identity, MediaStream
from .twiml import BadDocument, Verb

HANDSHAKE_SECONDS: Final = 5.0
DIAL_SECONDS: Final = 3.0
"""How long the stand-in's other party rings and talks."""

_CHARACTERS_A_SECOND: Final = 15.0
_MAX_REDIRECTS: Final = 10


class PhoneCall:
    """A call; `run` is its whole life. Positions and times are those of its two channels."""

    def __init__(self, account: Account, numbers: Numbers, line: Line = CLEAN) -> None:
        self.sid = account.new_sid("CA")
        self.numbers = numbers
        self.journal = Journal()
        self.status = "queued"
        self.microphone = Microphone(0.0, account.rng)
        self.playout = PlayOut(0.0)
        if not line.is_clean:
            self.microphone.pickup = Pickup(line, self.playout)
        self.stream: MediaStream | None = None
        self.answered = trio.Event()
        self.streaming = trio.Event()
        self.ended = trio.Event()
        self._account = account
        self._webhooks = Webhooks(account, self.journal)
        self._base = numbers.webhook
        self._interrupted = trio.Event()
        self._hung_up = ""
        self._replacement: list[Verb] | None = None
        self._callbacks: trio.Nursery | None = None

    # For the caller, and for REST. None of it waits.

    def say(self, audio: bytes, spoken: Spoken | None = None) -> tuple[float, float]:
        """Speak into the phone from now on, or after what is being said. First and last voice."""
        now = trio.current_time()
        start = self.microphone.time(self.microphone.speak(audio, now, spoken))
        end = self.microphone.voice_until() or start
        return self.microphone.voice_after(start) or start, max(start, end)

    async def press(self, digit: str) -> None:
        """Press a key; it counts only while a stream is open."""
        if self.stream is not None:
            await self.stream.press(digit)

    def hang_up(self, by: str = "caller") -> None:
        """End the call."""
        if not self._hung_up and not self.ended.is_set():
            self._hung_up = by
            self.journal.note("hang_up", by)
            self._interrupt()

    def redirect(self, document: bytes) -> None:
        """Replace the TwiML that runs. Raises `BadDocument`."""
        self._replacement = twiml.parse(document, "text/xml")
        self.journal.note("redirect")
        self._interrupt()

    @property
    def in_progress(self) -> bool:
        return self.status in {"ringing", "in-progress"} and not self._hung_up

    def recording(self) -> tuple[bytes, bytes]:
        """The caller's and the agent's channel, mu-law, from the answer to now, equally long."""
        length = min(
            self.playout.position(trio.current_time()),
            max(len(self.microphone.audio), len(self.playout.audio)),
        )
        caller, agent = bytes(self.microphone.audio), bytes(self.playout.audio)
        return caller[:length].ljust(length, b"\xff"), agent[:length].ljust(length, b"\xff")

    def _interrupt(self) -> None:
        self._interrupted.set()
        if self.stream is not None:
            self.stream.stop()

    # The life of the call.

    async def run(self) -> None:
        """Ring, execute what the webhook answers, end. Never raises for the server's faults."""
        started = trio.current_time()
        self.status = "ringing"
        self.journal.note("ringing")
        try:
            async with trio.open_nursery() as nursery:
                self._callbacks = nursery
                document = await self._first_document()
                self._answer()
                steps = 0
                while document is not None and steps <= 100:
                    document = await self._execute(document)
                    steps += 1
                self._end()
                if self.numbers.status_callback:
                    await self._completed(trio.current_time() - started)
        finally:
            self._end()

    def _answer(self) -> None:
        now = trio.current_time()
        self.status = "in-progress"
        self.microphone.origin = self.playout.origin = now
        self.journal.note("answered")
        self.answered.set()

    def _end(self) -> None:
        if not self.ended.is_set():
            self.status = "completed"
            self.journal.note("completed", self._hung_up or "documents ended")
            self.ended.set()

    async def _first_document(self) -> list[Verb] | None:
        return await self._fetch(self.numbers.webhook)

    async def _fetch(self, url: str, **extra: str) -> list[Verb] | None:
        """A document from the server; else from the fallback; else Twilio's own apology, None."""
        try:
            return await self._document(url, extra)
        except (NoAnswer, BadDocument) as error:
            self.journal.note("document_failed", {"url": url, "error": str(error)})
            failed = {"ErrorUrl": url, "ErrorCode": str(getattr(error, "code", 11200))}
        if self.numbers.fallback and url != self.numbers.fallback:
            try:
                return await self._document(self.numbers.fallback, extra | failed)
            except (NoAnswer, BadDocument) as error:
                self.journal.note("document_failed", {"url": url, "error": str(error)})
        await self._say("We are sorry, an application error has occurred. Goodbye.")
        return None

    async def _document(self, url: str, extra: Mapping[str, str]) -> list[Verb]:
        for _ in range(_MAX_REDIRECTS + 1):
            response = await self._webhooks.post(url, {**self._parameters(), **extra})
            if response.status not in {301, 302, 303, 307, 308}:
                break
            url = urljoin(url, response.headers.get("location", ""))
        else:
            raise BadDocument(11215, "too many redirects")
        if response.status >= 300:
            raise BadDocument(11200, f"status {response.status}")
        verbs = twiml.parse(response.body, response.headers.get("content-type", ""))
        self.journal.note(
            "document", {"url": url, "body": response.body.decode("utf-8", "replace")}
        )
        self._base = url
        return verbs

    def _parameters(self) -> dict[str, str]:
        ours, theirs = self.numbers.to, self.numbers.caller
        known = {
            "AccountSid": self._account.sid,
            "ApiVersion": "2010-04-01",
            "CallSid": self.sid,
            "CallStatus": self.status,
            "Called": ours,
            "Caller": theirs,
            "Direction": "inbound",
            "From": theirs,
            "To": ours,
        }
        places = ("City", "State", "Zip")
        blank = {f"{who}{place}": "" for who in ("From", "To") for place in places}
        return known | blank | {"FromCountry": "US", "ToCountry": "US"}

    async def _completed(self, seconds: float) -> None:
        extra = {"CallDuration": str(round(seconds)), "CallbackSource": "call-progress-events"}
        stamp = format_datetime(datetime.fromtimestamp(self._account.wall(), UTC))
        extra |= {"Timestamp": stamp, "SequenceNumber": "0"}
        url = self.numbers.status_callback
        await self._webhooks.notify(url, self._parameters(), extra)

    # Verbs. Each returns the document that takes over; None goes on to the next verb.

    async def _execute(self, document: list[Verb]) -> list[Verb] | None:
        """Run a document to its end. The one that takes over, or None: the call is over."""
        for verb in document:
            if self._hung_up:
                return None
            following = await self._verb(verb)
            if self._replacement is not None and not self._hung_up:
                following, self._replacement = self._replacement, None
                self._interrupted = trio.Event()
            if following is not None:
                return following
        return None

    async def _verb(self, verb: Verb) -> list[Verb] | None:
        self.journal.note("verb", {"name": verb.name, **verb.attributes, "text": verb.text})
        if verb.name == "Say":
            await self._say(verb.text)
        elif verb.name == "Pause":
            await self._wait(float(verb.attributes.get("length", "1")))
        elif verb.name == "Redirect":
            return await self._fetch(urljoin(self._base, verb.text))
        elif verb.name in {"Hangup", "Reject"}:
            self.hang_up("twiml")
        elif verb.name == "Dial":
            return await self._dial(verb)
        elif verb.name == "Connect":
            return await self._connect(verb)
        return None  # Play, Record, Gather, Start and Stop are written in the journal, no more

    async def _say(self, text: str) -> None:
        self.journal.note("twilio_says", text)
        seconds = len(text) / _CHARACTERS_A_SECOND
        if self._account.voice is not None and self.answered.is_set():
            audio = await self._account.voice(text)
            self.playout.add(audio, trio.current_time())
            seconds = len(audio) / RATE
        await self._wait(seconds)

    async def _wait(self, seconds: float) -> None:
        with trio.move_on_after(seconds):
            await self._interrupted.wait()

    async def _dial(self, verb: Verb) -> list[Verb] | None:
        numbers = [verb.text, *(noun.text for noun in verb.nouns)]
        self.journal.note("dial", next((number for number in numbers if number), ""))
        await self._wait(DIAL_SECONDS)
        action = verb.attributes.get("action")
        if action is None or self._hung_up:
            return None
        result = {"DialCallStatus": "completed", "DialBridged": "true", "DialCallDuration": "3"}
        child = self._account.new_sid("CA")
        return await self._fetch(urljoin(self._base, action), DialCallSid=child, **result)

    # Streams.

    async def _connect(self, verb: Verb) -> list[Verb] | None:
        streams = [noun for noun in verb.nouns if noun.name == "Stream"]
        if streams:
            await self._stream(streams[0])
        if self._hung_up or self._replacement is not None:
            return None
        action = verb.attributes.get("action")
        return None if action is None else await self._fetch(urljoin(self._base, action))

    async def _stream(self, noun: Verb) -> None:
        parameters = {
            child.attributes.get("name", ""): child.attributes.get("value", "")
            for child in noun.nouns
            if child.name == "Parameter"
        }
        identity = Identity(self._account.sid, self.sid, self._account.new_sid("MZ"), parameters)
        error = await self._run_stream(noun, identity)
        event = {"StreamEvent": "stream-error", "StreamError": error} if error else {}
        await self._tell(noun, identity, event or {"StreamEvent": "stream-stopped"})

    async def _run_stream(self, noun: Verb, identity: Identity) -> str:
        """Open the stream and run it to its end; the text of its error, if it had one."""
        if error := self._refuse(noun, identity):
            return error
        async with trio.open_nursery() as nursery:
            error = await self._run_socket(noun, identity, nursery)
            nursery.cancel_scope.cancel()
        return error

    async def _run_socket(self, noun: Verb, identity: Identity, nursery: trio.Nursery) -> str:
        url, schedule = noun.attributes.get("url", ""), self._account.schedule
        number = schedule.number("media") if schedule.concerns("media") else 0
        make_socket: Callable[..., WireSocket] = WireSocket
        faults = None
        if schedule.concerns("media"):
            faults = MediaFaults(schedule, self.playout, number)
            make_socket = partial(
                FaultySocket, schedule=schedule, place="media", nursery=nursery, number=number
            )
        headers = [
            ("User-Agent", "Twilio.TmeWs/1.0"),
            ("x-twilio-signature", self._webhooks.signature(url)),
        ]
        socket = None
        try:
            with trio.move_on_after(HANDSHAKE_SECONDS):
                dial = self._account.dial_for("media")
                socket = await open_socket(dial, url, headers=headers, make_socket=make_socket)
        except NoAnswer as failure:
            return self._failed(f"31902 {failure}")
        except UpgradeRefused as failure:
            return self._failed(f"31920 handshake: {failure}")
        if socket is None:
            return self._failed("31901 no answer to the connection request")
        self.journal.note("stream_opened", url)
        await self._tell(noun, identity, {"StreamEvent": "stream-started"})
        self.stream = MediaStream(
            socket, identity, self.microphone, self.playout, self.journal,
            link=self._account.link, rng=self._account.rng, faults=faults,
        )  # fmt: skip
        if self._hung_up or self._replacement is not None:
            self.stream.stop()
        self.streaming.set()
        try:
            ended = await self.stream.run()
        finally:
            self.stream = None
        return self._failed(_error(ended)) if ended.kind == "lost" else ""

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
        self.journal.note("stream_error", error)
        return error

    async def _tell(self, noun: Verb, identity: Identity, event: Mapping[str, str]) -> None:
        """The stream's status callback, beside whatever the call does next."""
        url = noun.attributes.get("statusCallback")
        if url is None or self._callbacks is None:
            return
        stamp = datetime.fromtimestamp(self._account.wall(), UTC).isoformat()
        extra: dict[str, Any] = {
            "StreamSid": identity.stream_sid,
            "StreamName": noun.attributes.get("name", identity.stream_sid),
            "Timestamp": stamp.replace("+00:00", "Z"),
            **event,
        }
        notify = self._webhooks.notify
        self._callbacks.start_soon(notify, urljoin(self._base, url), self._parameters(), extra)


def _error(ended: Ended) -> str:
    code = {1002: 31924, 1006: 31903}.get(ended.code, 31921)
    return f"{code} {ended.reason}".strip()
