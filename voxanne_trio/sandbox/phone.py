"""One telephone call at Twilio: the webhook, the TwiML it answers with, and how the call ends.

A call executes documents verb by verb, as Twilio does: `<Connect><Stream>` opens a media stream
and, when that ends, however it ends, asks `action` what comes next (with `action` set no verb after
`</Connect>` is reached). The caller's two channels go on through all of it. Ends when the documents
end, or someone hangs up. Refuses to know what the caller wants: that is the script's business,
through the methods that do not wait.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Final

import trio

from . import twiml, verbs
from .account import Account, Numbers
from .dialling import dial
from .documents import Ask, Document
from .handset import Handset
from .line import CLEAN, Line
from .microphone import Spoken
from .stream import MediaStream
from .streams import Streams
from .twiml import Verb

_MOST_DOCUMENTS: Final = 100

Perform = Callable[[Handset, Verb], Awaitable[Ask | None]]


class PhoneCall(Handset):
    """A call; `run` is its whole life. Positions and times are those of its two channels."""

    def __init__(self, account: Account, numbers: Numbers, line: Line = CLEAN) -> None:
        super().__init__(account, numbers, line)
        self.ended = trio.Event()
        self._streams = Streams(self)
        self._performing = trio.CancelScope()
        self._replacement: Document | None = None
        self._perform: Mapping[str, Perform] = {
            "Say": verbs.say,
            "Play": verbs.play,
            "Pause": verbs.pause,
            "Redirect": verbs.redirect,
            "Record": verbs.record,
            "Gather": verbs.gather,
            "Dial": dial,
        }

    # For the caller, and for REST. None of it waits.

    @property
    def stream(self) -> MediaStream | None:
        """The stream that is open."""
        return self._streams.current

    @property
    def streaming(self) -> trio.Event:
        """Set when the first stream is open."""
        return self._streams.opened

    def say(self, audio: bytes, spoken: Spoken | None = None) -> tuple[float, float]:
        """Speak into the phone from now on, or after what is being said. First and last voice."""
        now = trio.current_time()
        start = self.microphone.time(self.microphone.speak(audio, now, spoken))
        end = self.microphone.voice_until() or start
        return self.microphone.voice_after(start) or start, max(start, end)

    async def press(self, digit: str) -> None:
        """Press a key; it counts only while a stream is open, or Twilio waits for keys."""
        if self.stream is not None:
            await self.stream.press(digit)
        else:
            self.press_for_twilio(digit)

    def hang_up(self, by: str = "caller") -> None:
        """End the call."""
        if not self.hung_up and not self.ended.is_set():
            self.hung_up = by
            self.journal.note("hang_up", by)
            self._interrupt()

    def redirect(self, document: bytes) -> None:
        """Replace the TwiML that runs. Raises `BadDocument`."""
        self._replace(twiml.parse(document, "text/xml"))

    def redirect_to(self, url: str, method: str = "POST") -> None:
        """Replace the TwiML that runs by what that URL answers."""
        self._replace([Verb("Redirect", {"method": method}, url)])

    def _replace(self, document: Document) -> None:
        self._replacement = document
        self.journal.note("redirect")
        self._interrupt()

    @property
    def in_progress(self) -> bool:
        return self.status in {"ringing", "in-progress"} and not self.hung_up

    def recording(self) -> tuple[bytes, bytes]:
        """The caller's and the agent's channel, mu-law, from the answer to now, equally long."""
        length = min(
            self.playout.position(trio.current_time()),
            max(len(self.microphone.audio), len(self.playout.audio)),
        )
        caller, agent = bytes(self.microphone.audio), bytes(self.playout.audio)
        return caller[:length].ljust(length, b"\xff"), agent[:length].ljust(length, b"\xff")

    def _interrupt(self) -> None:
        """A stream says `stop` first; anything else just ends."""
        if not self._streams.stop():
            self._performing.cancel()

    # The life of the call.

    async def run(self) -> None:
        """Ring, execute what the webhook answers, end. Never raises for the server's faults."""
        started = trio.current_time()
        self.status = "ringing"
        self.journal.note("ringing")
        try:
            async with trio.open_nursery() as nursery:
                self._callbacks = nursery
                document: Document | None = await self._fetch(Ask(self.numbers.webhook))
                self._answer()
                for _ in range(_MOST_DOCUMENTS):
                    if document is not None:
                        document = await self._execute(document)
                self._end()
                self._tell_completed(trio.current_time() - started)
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
            self.journal.note("completed", self.hung_up or "documents ended")
            self.ended.set()

    def _tell_completed(self, seconds: float) -> None:
        extra = {"CallDuration": str(round(seconds)), "CallbackSource": "call-progress-events"}
        stamp = format_datetime(datetime.fromtimestamp(self.account.wall(), UTC))
        self.notify(
            self.numbers.status_callback, extra | {"Timestamp": stamp, "SequenceNumber": "0"}
        )

    async def _fetch(self, ask: Ask) -> Document:
        return await self.documents.fetch(ask, self.numbers.fallback)

    async def _execute(self, document: Document) -> Document | None:
        """Run a document to its end. The one that takes over, or None: the call is over."""
        for verb in document:
            if self.hung_up:
                return None
            asked = await self._run(verb)
            if self.hung_up:
                return None
            following = self._replaced()
            if following is None and asked is not None:
                following = await self._fetch(asked)
                following = self._replaced() or following
            if following is not None:
                return following
        return None

    async def _run(self, verb: Verb) -> Ask | None:
        """One verb, until it is over or the call is told something else."""
        self.journal.note("verb", {"name": verb.name, **verb.attributes, "text": verb.text})
        if verb.name in {"Hangup", "Reject"}:
            self.hang_up("twiml")
        elif verb.name == "Connect":
            return await self._connect(verb)
        elif (perform := self._perform.get(verb.name)) is not None:
            with trio.CancelScope() as self._performing:
                return await perform(self, verb)
        return None  # Start and Stop are written in the journal, no more

    def _replaced(self) -> Document | None:
        replacement, self._replacement = self._replacement, None
        return replacement

    async def _connect(self, verb: Verb) -> Ask | None:
        for noun in verb.nouns[:1]:
            if noun.name == "Stream":
                await self._streams.run(noun)
        action = verb.attributes.get("action")
        return None if action is None else Ask(action, method=verb.attributes.get("method", "POST"))
