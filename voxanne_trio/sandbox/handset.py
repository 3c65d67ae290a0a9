"""The phone in the caller's hand: its two channels, its keys, and what was heard through it.

Everything that a verb may do to a call is here; what verbs do is theirs, and why a call begins and
ends is `phone`'s. Times are those of Trio's clock.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Final

import attrs
import trio

from .account import Account, Numbers
from .documents import Documents
from .journal import Journal
from .line import CLEAN, Line, Pickup
from .microphone import Microphone
from .playout import RATE, SILENCE, PlayOut
from .webhooks import Webhooks

CHARACTERS_A_SECOND: Final = 15.0
"""How fast a voice is that takes its time but makes no sound."""

_MOST_KEYS: Final = 64
_BREATH_SECONDS: Final = 0.25
"""Voice of the agent with no longer pause is one sound."""


@attrs.frozen
class Sound:
    """Something the caller heard. `by`: `agent` (a stream), `says`, `plays`, `beep`, `ringing`,
    `party` (whoever was dialled)."""

    at: float
    until: float
    by: str
    text: str = ""

    @property
    def seconds(self) -> float:
        return self.until - self.at


class Handset:
    """One call's phone."""

    def __init__(self, account: Account, numbers: Numbers, line: Line = CLEAN) -> None:
        self.sid = account.new_sid("CA")
        self.account = account
        self.numbers = numbers
        self.journal = Journal()
        self.status = "queued"
        self.hung_up = ""
        """Who has ended the call: `caller`, `rest`, `twiml`."""
        self.microphone = Microphone(0.0, account.rng)
        self.playout = PlayOut(0.0)
        if not line.is_clean:
            self.microphone.pickup = Pickup(line, self.playout)
        self.sounds: list[Sound] = []
        """What was heard beside the streams."""
        self.recordings: dict[str, bytes] = {}
        """Messages left after a beep, mu-law, by their sid."""
        self.answered = trio.Event()
        self.listening = trio.Event()
        """Set when somebody first listens to the caller: a stream, a recording, a party."""
        self.webhooks = Webhooks(account, self.journal)
        self.documents = Documents(self.webhooks, self.journal, self.parameters)
        self._gathering: trio.MemorySendChannel[str] | None = None
        self._callbacks: trio.Nursery | None = None

    # What the caller hears.

    async def hear(
        self, by: str, text: str = "", audio: bytes = b"", seconds: float | None = None
    ) -> None:
        """Let something sound, for as long as it is unless told otherwise; cancelled, no longer."""
        began = trio.current_time()
        if audio.strip(SILENCE) and self.answered.is_set():
            self.playout.add(audio, began)
        length = len(audio) / RATE if seconds is None else seconds
        try:
            await trio.sleep(length)
        except trio.Cancelled:
            self.playout.stop(trio.current_time())
            raise
        finally:
            self.sounds.append(Sound(began, trio.current_time(), by, text))

    async def voice(self, text: str) -> bytes:
        """A text in Twilio's voice; silence of its length where it has none."""
        if self.account.voice is not None:
            return await self.account.voice(text)
        return SILENCE * round(len(text) / CHARACTERS_A_SECOND * RATE)

    def heard(self) -> list[Sound]:
        """All that was heard until now, in order, the agent's voice included."""
        now = trio.current_time()
        found = list(self.sounds)
        for start, end in _merged(self.playout.runs):
            at, until = self.playout.time(start), min(now, self.playout.time(end))
            if at < now and not any(s.at - 0.001 <= at < s.until for s in self.sounds):
                found.append(Sound(at, until, "agent"))
        return sorted(found, key=lambda sound: sound.at)

    # What the caller does.

    def listen(self) -> None:
        """Somebody listens to the caller from now on."""
        self.listening.set()

    @contextmanager
    def keys(self) -> Iterator[trio.MemoryReceiveChannel[str]]:
        """The keys that are pressed during the body; more than are read are lost."""
        self._gathering, pressed = trio.open_memory_channel[str](_MOST_KEYS)
        self.listen()
        try:
            yield pressed
        finally:
            self._gathering.close()
            self._gathering = None

    def press_for_twilio(self, digit: str) -> None:
        """A key that no stream hears."""
        if self._gathering is not None:
            self.journal.note("dtmf", digit)
            with suppress(trio.WouldBlock):
                self._gathering.send_nowait(digit)

    # What Twilio tells the server.

    def parameters(self) -> dict[str, str]:
        """What every request about the call says."""
        ours, theirs = self.numbers.to, self.numbers.caller
        known = {
            "AccountSid": self.account.sid,
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

    def notify(self, url: str | None, extra: Mapping[str, str]) -> None:
        """A status callback, beside whatever the call does next; nothing without a URL."""
        if url and self._callbacks is not None:
            where = self.documents.url(url)
            parameters = {**self.parameters(), **extra}
            self._callbacks.start_soon(self.webhooks.notify, where, parameters, extra)

    def seconds_until_quiet(self, since: float, quiet: float) -> float:
        """How long it is until the caller has said nothing for so long; 0 when that is past."""
        voice = self.microphone.voice_until()
        last = since if voice is None else max(since, voice)
        return max(0.0, last + quiet - trio.current_time())


def _merged(runs: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Voiced stretches with the breaths between them."""
    began: int | None = None
    ended = -math.inf
    for start, end in runs:
        if began is not None and start - ended > _BREATH_SECONDS * RATE:
            yield began, int(ended)
            began = None
        began = start if began is None else began
        ended = end
    if began is not None:
        yield began, int(ended)


def silences(sounds: Sequence[Sound], since: float, until: float) -> list[tuple[float, float]]:
    """When the caller heard nothing between two moments, the longest first."""
    found, at = [], since
    for sound in sorted(sounds, key=lambda sound: sound.at):
        if sound.at > at:
            found.append((at, min(sound.at, until)))
        at = max(at, sound.until)
        if at >= until:
            break
    else:
        found.append((at, until))
    return sorted((one for one in found if one[1] > one[0]), key=lambda one: one[0] - one[1])
