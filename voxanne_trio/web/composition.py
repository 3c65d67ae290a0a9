"""The composition root: everything a call stands on, built once from the settings.

The one place where streams, clocks, ids and randomness come from; tests and simulation pass their
own `Outside` and all else stays as it is in production.
"""

from __future__ import annotations

import random
import ssl
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import attrs
import httpx
import trio

from ..blocking import RunSync, in_thread, run_here
from ..call import Services
from ..clinic import Clinic, ClinicProfileError, load_clinic
from ..conversation import Script
from ..errors import ConfigurationError, TransientVendorError, VendorError
from ..health import Breaker
from ..hearing import VoiceDetector, make_ears, prepare_detectors
from ..humanizer import recited, spoken
from ..observe.tape import Tapes
from ..one_write import in_one_write
from ..records import InMemoryRecords, Records
from ..settings import Settings
from ..speaking.hedge import Hedge
from ..speaking.http import HttpSpeaker
from ..speaking.phrases import Phrases
from ..speaking.pool import SocketSpeaker
from ..telephony.rest import TwilioRest
from ..thinking import ToolBox, Way, Ways
from ..thinking.groq_chat import GROQ, GroqThinker
from ..turns import Phrase
from ..upstream import Dialer

if TYPE_CHECKING:
    from ..records.keeping import DatabaseRecords

CONNECTIONS: Final = 200
GREETING_SECONDS: Final = 3.0
"""For the greeting of a fresh install to be synthesised, before calls are asked for."""

PROBE_SECONDS: Final = 5.0
"""For one vendor to answer: one that hangs is told by name."""

KEPT_ALIVE: Final = 50
KEEP_ALIVE_SECONDS: Final = 55.0

FILLERS: Final = (
    "One moment.",
    "Let me check.",
    "Just a second.",
    "Bear with me.",
    "Let me see.",
    "One second, please.",
)
"""What a receptionist says while they look something up; short, for the answer waits behind."""

SECOND: Final = "second llm"
"""The name of the second provider of models, in logs and reports."""


@attrs.frozen(kw_only=True)
class Outside:
    """What comes from outside the product: real here, made up in tests and simulation."""

    dialer: Dialer
    http_transport: httpx.AsyncBaseTransport
    wall_clock: Callable[[], float] = time.time
    random: random.Random = attrs.field(factory=random.SystemRandom)
    run_sync: RunSync = run_here

    @classmethod
    def real(cls) -> Outside:
        """The network, the clock on the wall, the system's randomness, and threads for the disk."""
        context = ssl.create_default_context()
        return cls(
            dialer=Dialer(ssl_context=context),
            http_transport=httpx.AsyncHTTPTransport(
                verify=context,
                limits=httpx.Limits(
                    max_connections=CONNECTIONS,
                    max_keepalive_connections=KEPT_ALIVE,
                    keepalive_expiry=KEEP_ALIVE_SECONDS,
                ),
            ),
            run_sync=in_thread,
        )


class Composition:
    """The rooms, joined. `run` must run for as long as calls are taken."""

    def __init__(self, settings: Settings, outside: Outside | None = None) -> None:
        self.settings = settings
        self.outside = outside = outside or Outside.real()
        self.clinic = _clinic(settings)
        self._keeping = _database_records(settings, outside)
        self.records: Records = self._keeping or InMemoryRecords()
        self._http_client = httpx.AsyncClient(
            transport=in_one_write(outside.http_transport),
            timeout=httpx.Timeout(15.0, connect=4.0),
        )
        self._sockets = SocketSpeaker(
            outside.dialer,
            api_key=settings.deepgram_api_key,
            base_url=settings.deepgram_base_url,
            voice=settings.voice,
            warm=settings.speak_warm_sockets,
            most=settings.speak_max_sockets,
            jitter=outside.random.random,
        )
        self._http_speaker = HttpSpeaker(
            self._http_client,
            api_key=settings.deepgram_api_key,
            base_url=settings.deepgram_base_url,
            voice=settings.voice,
        )
        ways, after_ms = (self._sockets, self._http_speaker), settings.tts_hedge_ms
        self._speakers = tuple(Hedge(*order, after_ms=after_ms) for order in (ways, ways[::-1]))
        self._thinkers = thinkers_of(settings, self._http_client)
        self.thinking = ways_to_think(settings, self._thinkers)
        self.rest = TwilioRest(
            self._http_client,
            account_sid=settings.twilio_account_sid,
            auth_token=next(iter(settings.twilio_auth_tokens), ""),
            base_url=settings.twilio_base_url,
            jitter=outside.random.random,
        )
        self._lines = lines_of(self.clinic)
        first = (self._lines[Phrase.GREETING], self._lines[Phrase.APOLOGY], *FILLERS)
        self._spoken = [spoken(recited(line)) for line in (*first, *self._lines.values())]
        self._phrases = Phrases.load(settings.voice, self._spoken, settings.cache_dir)
        self._tapes = _tapes(settings, outside)
        self.services = self._services()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Keep calls, speak sockets warm and phrases ready until cancelled.

        Raises `ConfigurationError` where calls can never be kept.
        """
        for thinker in self._thinkers.values():
            thinker.prewarm()
        prepare_detectors()
        async with self._http_client, trio.open_nursery() as nursery:
            if self._keeping is not None:
                await nursery.start(self._keeping.run, name="records")
            await nursery.start(self._sockets.run, name="speak sockets")
            nursery.start_soon(
                partial(
                    self._phrases.warm,
                    self._speakers[1],
                    self._spoken,
                    run_sync=self.outside.run_sync,
                ),
                name="phrases",
            )
            if self._tapes is not None:
                nursery.start_soon(self._tapes.run, name="tapes")
            task_status.started()

    @property
    def can_speak(self) -> bool:
        """Whether a caller who is connected now will hear at least the greeting, as far as can be
        known: it is cached, or the voice has not failed to make it."""
        greeting = self._spoken[0]
        return self._phrases.get(greeting) is not None or self._phrases.trouble is None

    async def _greeting_has_come(self) -> None:
        with trio.move_on_after(GREETING_SECONDS):
            await self._phrases.until_there(self._spoken[0])

    async def probe(self) -> Mapping[str, Exception | None]:
        """Ask each vendor once; what is wrong with it, or None. Waits for the greeting, too, but
        not for long: who says that it is ready should be able to say more."""
        found: dict[str, Exception | None] = {}

        async def ask(vendor: str, probe: Callable[[], object]) -> None:
            found[vendor] = TransientVendorError(vendor, f"no answer within {PROBE_SECONDS:g} s")
            with trio.move_on_after(PROBE_SECONDS):
                try:
                    await probe()  # type: ignore[misc]
                    found[vendor] = None
                except VendorError as error:
                    found[vendor] = error

        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._greeting_has_come)
            nursery.start_soon(ask, "deepgram", self._http_speaker.probe)
            for vendor, thinker in self._thinkers.items():
                nursery.start_soon(ask, vendor, thinker.probe)
        return found

    def missing_phrases(self) -> tuple[int, int]:
        """How many cached phrases there are not, and of how many."""
        wanted = dict.fromkeys(self._spoken)
        return len(self._phrases.missing(wanted)), len(wanted)

    def _services(self) -> Services:
        settings, outside = self.settings, self.outside
        terms = self.clinic.recogniser_terms()
        return Services(
            settings=settings,
            script=Script(
                clinic=self.clinic,
                lines=self._lines,
                phrases=self._phrases,
                fillers=FILLERS,
                tools=ToolBox(),
                history_tokens=settings.history_tokens,
                clinic_time=partial(clinic_time, self.clinic, outside.wall_clock),
            ),
            records=self.records,
            thinking=self.thinking,
            speakers=self._speakers,
            make_ears=lambda call_sid: make_ears(
                settings, outside.dialer, call_sid=call_sid, keyterms=terms, rng=outside.random
            ),
            make_detector=lambda far_end: VoiceDetector(far_end=far_end),
            wall_clock=outside.wall_clock,
            watch=self._tapes.watch if self._tapes is not None else None,
        )


def thinkers_of(settings: Settings, client: httpx.AsyncClient) -> dict[str, GroqThinker]:
    """Whoever can be asked for an answer, by vendor, the first one first."""
    make = partial(
        GroqThinker,
        client,
        max_completion_tokens=settings.llm_max_completion_tokens,
        temperature=settings.llm_temperature,
    )
    found = {GROQ: make(api_key=settings.groq_api_key, base_url=settings.groq_base_url)}
    if settings.llm_second_url and settings.llm_second_models:
        key, url = settings.llm_second_key, settings.llm_second_url
        found[SECOND] = make(api_key=key, base_url=url, vendor=SECOND)
    return found


def ways_to_think(settings: Settings, thinkers: Mapping[str, GroqThinker]) -> Ways:
    """The table of models: those of the first vendor, then those of the second."""
    if not settings.llm_models:
        raise ConfigurationError("VOXANNE_LLM_MODELS: no model")
    models = {GROQ: settings.llm_models, SECOND: settings.llm_second_models}
    health = {vendor: Breaker(vendor=vendor) for vendor in thinkers}
    return Ways(
        Way(thinker, model, health[vendor])
        for vendor, thinker in thinkers.items()
        for model in models[vendor]
    )


def _database_records(settings: Settings, outside: Outside) -> DatabaseRecords | None:
    if not settings.database_url:
        return None
    from ..records.database import Database  # its libraries, only where they are used
    from ..records.keeping import DatabaseRecords

    return DatabaseRecords(Database(settings.database_url), outside.run_sync)


def _tapes(settings: Settings, outside: Outside) -> Tapes | None:
    if not settings.tape_dir:
        return None
    return Tapes(Path(settings.tape_dir), words=settings.tape_words, run_sync=outside.run_sync)


def lines_of(clinic: Clinic) -> dict[Phrase, str]:
    """What is said without asking the model, for one clinic. In this order they are synthesised:
    first what is needed when nothing else works."""
    return {
        Phrase.GREETING: clinic.greeting,
        Phrase.APOLOGY: "I'm sorry, I had a little trouble there. Could you say that once more?",
        Phrase.TROUBLE: (
            "I'm sorry, I'm having technical trouble right now. "
            "Please call again in a few minutes. Goodbye."
        ),
        Phrase.TRANSFER_FOR_TROUBLE: (
            "I'm sorry, I'm having technical trouble right now. I'll put you through to the clinic."
        ),
        Phrase.VOICEMAIL_FOR_TROUBLE: (
            "I'm sorry, I'm having technical trouble right now. I'll take you to our voicemail."
        ),
        Phrase.CUT_OFF: "Sorry, we were cut off.",
        Phrase.SAY_AGAIN: "Sorry, could you say that again?",
        Phrase.SURE: "Sure.",
        Phrase.GOODBYE: "Thanks for calling. Goodbye.",
        Phrase.STILL_THERE: "Are you still there?",
        Phrase.STILL_THERE_AGAIN: "I can't hear you. If you're there, please say something.",
        Phrase.TRANSFER: "Of course. I'll put you through to the clinic now.",
        Phrase.CLOSED: (
            "I'm sorry, nobody is at the clinic right now. Would you like to leave a message?"
        ),
        Phrase.VOICEMAIL: "Sure, I'll take you to our voicemail.",
        Phrase.TIME_IS_SHORT: "Just so you know, we have about a minute left on this call.",
        Phrase.TIME_IS_UP: (
            "I'm sorry, we've come to the end of our time. "
            "Please call again if you need anything else. Goodbye."
        ),
        Phrase.WE_MUST_END: (
            "I'm sorry, we have to end this call now. Please call again in a few minutes. Goodbye."
        ),
    }


def clinic_time(clinic: Clinic, wall_clock: Callable[[], float]) -> str:
    """The present time at the clinic in words a model understands."""
    now = datetime.fromtimestamp(wall_clock(), UTC).astimezone(ZoneInfo(clinic.time_zone))
    return f"{now:%A, %B} {now.day}, {now.year}, {now:%I:%M %p}".replace(", 0", ", ")


def _clinic(settings: Settings) -> Clinic:
    try:
        clinic = load_clinic(settings.clinic)
        ZoneInfo(clinic.time_zone)
    except ClinicProfileError as error:
        raise ConfigurationError(f"VOXANNE_CLINIC: {error}") from error
    except (ZoneInfoNotFoundError, ValueError) as error:
        zone = clinic.time_zone
        raise ConfigurationError(f"VOXANNE_CLINIC: time_zone {zone!r} is not known") from error
    return clinic
