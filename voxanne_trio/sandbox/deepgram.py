"""Deepgram's stand-in: one account with listen v1, listen v2 and speak, on any wire.

`handle` serves one request; `run` keeps what recognition needs alive (worker processes; nothing in
scripted mode). Who may come in, how many at once and with which parameters is decided here; what
is said on a stream is the business of its protocol. `late_ms` and `late` tell by how much and how
often the stand-in itself missed a delay that its profile promised: whoever reads latencies counts
that as the stand-in's, not as the product's.
"""

from __future__ import annotations

import logging
import random
import re
import uuid
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

import attrs
import trio

from . import speak_http
from .faults import Fault, Faults
from .hearing import Hearing
from .listen_v1 import NovaListen, StreamFacts
from .listen_v2 import FluxListen
from .listening import ListenSocket, Machine
from .parameters import FluxSettings, NovaSettings, flux_settings, nova_settings
from .profiles import Profile
from .refusals import (
    Refusal,
    no_such_model,
    not_authorised,
    of_status,
    refuse,
    too_many,
    unavailable,
)
from .speak import SpeakSocket
from .speech import Speaker
from .voice import Voices
from .wire import Exchange, Request
from .words import NoSession, Recogniser, Session

log = logging.getLogger(__name__)

FAULTS: Final = (
    "listen_status",  # refuse the upgrade with `status`
    "listen_cut",  # the connection breaks after `after` messages
    "listen_mute",  # nothing is said any more after `after` messages, audio is still read
    "speak_status",  # refuse with `status`
    "speak_cut",  # the connection breaks after `after` bytes of audio
    "speak_stall",  # no more audio after `after` bytes, and no end
)
LATE_SECONDS: Final = 0.005
"""Less than this is the scheduler's, not worth a word."""

_RECENT_SECONDS: Final = 2.0


class DeepgramFaults(Faults):
    """Faults for listening and for speaking, each kind taken by the requests it means."""

    def take_for(self, service: str) -> Fault | None:
        """The fault for a request to `listen` or `speak`, if there is one."""
        return self.take(lambda fault: fault.kind.startswith(service))


@attrs.frozen(kw_only=True)
class Limits:
    """How many streams of a kind may be open at once."""

    listen: int = 150
    speak_sockets: int = 45
    speak_requests: int = 15


def _now() -> datetime:
    return datetime.now(UTC)


class Deepgram:
    """The account. `profile` may be replaced at any time; streams that are open keep theirs."""

    def __init__(
        self,
        profile: Profile,
        voices: Voices,
        recogniser: Recogniser,
        rng: random.Random,
        *,
        wrong_keys: Collection[str] = ("wrong",),
        keys: Collection[str] | None = None,
        limits: Limits | None = None,
        wall: Callable[[], datetime] = _now,
    ) -> None:
        self.profile = profile
        self.voices = voices
        self.recogniser = recogniser
        self.faults = DeepgramFaults(FAULTS)
        self.late = 0
        self.late_ms = 0.0
        self.latest_ms = 0.0
        """The most it was late at once."""
        self.open: Counter[str] = Counter()
        """Streams and requests that are being served, by kind."""
        self._spoken: deque[tuple[float, str]] = deque(maxlen=20)
        self._rng = rng
        self._keys = keys
        self._wrong_keys = wrong_keys
        self._limits = limits or Limits()
        self._wall = wall

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Keep what recognition needs alive until cancelled. Ready when it can hear."""
        await self.recogniser.run(task_status=task_status)

    async def handle(self, exchange: Exchange) -> None:
        """Answer one request."""
        request_id = self._uuid()
        request = exchange.request
        try:
            self._authorise(request)
            if request.path == "/v1/speak" and request.is_upgrade:
                await self._speak_socket(exchange, request_id)
            elif request.path == "/v1/speak" and request.method == "POST":
                await self._speak_http(exchange, request_id)
            elif request.path == "/v2/listen" and request.is_upgrade:
                await self._listen(exchange, request_id, flux_settings(request.query))
            elif request.path == "/v1/listen" and request.is_upgrade:
                await self._listen(exchange, request_id, nova_settings(request.query))
            else:
                raise Refusal(404, "NOT_FOUND", f"Nothing is served at {request.path}.")
        except NoSession:
            await refuse(exchange, too_many(), request_id)
        except Refusal as refusal:
            await refuse(exchange, refusal, request_id)

    def _authorise(self, request: Request) -> None:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        known = self._keys is None or key in self._keys
        if scheme.lower() not in {"token", "bearer"} or not key or not known:
            raise not_authorised()
        if key in self._wrong_keys:
            raise not_authorised()

    def _fault(self, service: str) -> Fault | None:
        """What is to go wrong with this request. Raises `Refusal` where that is a status."""
        fault = self.faults.take_for(service)
        if fault is not None and fault.kind == f"{service}_status":
            raise of_status(fault.status)
        if fault is None and self.profile.fails():
            raise unavailable()
        return fault

    @contextmanager
    def _counted(self, kind: str, limit: int) -> Iterator[None]:
        if self.open[kind] >= limit:
            raise too_many()
        self.open[kind] += 1
        try:
            yield
        finally:
            self.open[kind] -= 1

    async def _listen(
        self, exchange: Exchange, request_id: str, settings: FluxSettings | NovaSettings
    ) -> None:
        fault = self._fault("listen")
        with self._counted("listen", self._limits.listen):
            async with self.recogniser.session(settings.tags) as session:
                machine = self._machine(settings, session, request_id)
                socket = await exchange.accept([("dg-request-id", request_id)])
                listening = ListenSocket(socket, machine, self._note_late, fault)
                session.changed = listening.words_came
                await listening.run()

    def _machine(
        self, settings: FluxSettings | NovaSettings, session: Session, request_id: str
    ) -> Machine:
        hearing, delay = Hearing(session), self.profile.end_of_turn
        if isinstance(settings, FluxSettings):
            return FluxListen(hearing, settings, delay, request_id)
        about = StreamFacts(
            request_id=request_id,
            model_uuid=self._uuid(),
            created=self._wall().isoformat().replace("+00:00", "Z"),
            opened_at=trio.current_time(),
        )
        return NovaListen(hearing, settings, delay, about)

    async def _speak_socket(self, exchange: Exchange, request_id: str) -> None:
        query = dict(exchange.request.query)
        speak_http.check_format(query, socket=True)
        speaker = self._speaker(query)
        fault = self._fault("speak")
        with self._counted("speak_socket", self._limits.speak_sockets):
            socket = await exchange.accept([("dg-request-id", request_id)])
            await SpeakSocket(socket, speaker, request_id, fault).run()

    async def _speak_http(self, exchange: Exchange, request_id: str) -> None:
        query = dict(exchange.request.query)
        speak_http.check_format(query, socket=False)
        text = speak_http.text_of(exchange.request)
        speaker = self._speaker(query)
        fault = self._fault("speak")
        with self._counted("speak_request", self._limits.speak_requests):
            bare = query.get("container") == "none"
            await speak_http.speak(exchange, text, speaker, request_id, bare=bare, fault=fault)

    def _speaker(self, query: dict[str, str]) -> Speaker:
        model = query.get("model", "aura-asteria-en")
        if not _MODEL.fullmatch(model):
            raise no_such_model()
        return Speaker(
            model=model,
            model_uuid=self._uuid(),
            voice=self.voices.agent(model),
            first_byte=self.profile.first_byte,
            late=self._note_late,
            speed=speak_http.speed_of(query),
            said=lambda text: self._spoken.append((trio.current_time(), text)),
        )

    def overheard(self) -> str:
        """What an agent that has just begun to be heard is saying: the text it was given first.

        Of all calls: where several talk at once, an echo may have another's words.
        """
        recent = trio.current_time() - _RECENT_SECONDS
        lately = [text for at, text in self._spoken if at >= recent]
        return lately[0] if lately else self._spoken[-1][1] if self._spoken else ""

    def _note_late(self, seconds: float) -> None:
        """The stand-in itself was slower than its profile."""
        if seconds > LATE_SECONDS:
            self.late += 1
            self.late_ms += seconds * 1000
            self.latest_ms = max(self.latest_ms, seconds * 1000)
            log.warning("the Deepgram stand-in was late by %.0f ms of its own", seconds * 1000)

    def _uuid(self) -> str:
        return str(uuid.UUID(int=self._rng.getrandbits(128), version=4))


_MODEL: Final = re.compile(r"aura-(2-)?[a-z]+-[a-z]{2}")
