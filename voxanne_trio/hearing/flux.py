"""Deepgram Flux on `/v2/listen`: a recogniser that knows turns.

Its turns are a state machine of its own: `StartOfTurn`, any number of `EagerEndOfTurn` and
`TurnResumed` pairs, `EndOfTurn`; `Update` about every quarter of a second of audio, in any state,
with the whole turn so far, of which anything may still change. Its clock is the audio it gets: when
the caller's stream stops it must be fed silence, or no turn ever ends. It knows no keep-alive, and
takes a text it does not know, or a query parameter it does not know, as fatal.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Sequence
from typing import Any, Final

from ..errors import PermanentVendorError, TransientVendorError, VendorError
from ..settings import Settings
from ..upstream import Dialer
from .address import AUDIO, about_the_call, bounded_keyterms, listen_url
from .draft import Heard, Sign
from .listening import Listening
from .messages import (
    Configured,
    ConfigureRefused,
    Connected,
    Failed,
    TurnInfo,
    Warned,
    parse_v2,
)
from .ring import AudioRing
from .session import VENDOR, Tell
from .wishes import Wishes

log = logging.getLogger("voxanne.hearing")

_MODEL: Final = "flux-general-en"
_FORCE_END_TURN: Final = '{"type":"ForceEndTurn"}'
_SIGNS: Final = {
    "StartOfTurn": Sign.STARTED,
    "Update": Sign.WORDS,
    "EagerEndOfTurn": Sign.EAGER,
    "TurnResumed": Sign.RESUMED,
    "EndOfTurn": Sign.ENDED,
}
_PATIENT: Final = 0.9
"""The end-of-turn confidence that is asked for while a number or a name is being spelled out."""

_UNPARSABLE: Final = "UNPARSABLE_CLIENT_MESSAGE"
_REFUSALS: Final = frozenset(
    {
        "ASR_PAYMENT_REQUIRED",
        "INSUFFICIENT_PERMISSIONS",
        "INVALID_AUTH",
        "INVALID_QUERY_PARAMETER",
        "UNSUPPORTED_MEDIA_TYPE",
    }
)
"""Errors of the key or the query, as an upgrade that is refused names them: the next socket would
fail in the same way."""

_THRESHOLDS: Final = ("eot_threshold", "eager_eot_threshold", "eot_timeout_ms")


class Flux:
    """`Ears` that hear through Flux, for one call."""

    name = "flux"
    greets = True
    keep_alive = ""

    def __init__(
        self,
        settings: Settings,
        dialer: Dialer,
        *,
        call_sid: str,
        keyterms: Sequence[str],
        rng: random.Random,
    ) -> None:
        self._settings = settings
        self._dialer = dialer
        self._call_sid = call_sid
        self._keyterms = list(keyterms)
        self._rng = rng
        self._wishes = Wishes(_configure)
        self._post: Callable[[str], bool] | None = None
        self._ready = False
        self._forced = False
        self._can_force = True
        self._listening: Listening | None = None

    async def listen(self, audio: AudioRing, tell: Tell) -> None:
        """Hear the call until cancelled; see `Ears`."""
        self._listening = Listening(
            self,
            self._settings,
            self._dialer,
            self._rng,
            call_sid=self._call_sid,
            audio=audio,
            tell=tell,
        )
        await self._listening.run()

    @property
    def covered_until(self) -> float | None:
        """See `Ears`."""
        return None if self._listening is None else self._listening.covered_until

    def end_turn(self) -> None:
        """See `Ears`."""
        self.force_end_turn()

    def be_patient(self, patient: bool) -> None:
        """See `Ears`."""
        usual = self._settings.eot_threshold
        self.configure(eot_threshold=max(_PATIENT, usual) if patient else usual)

    def force_end_turn(self) -> bool:
        """Ask to end the turn with what was heard; False where it cannot be asked now.

        Without a turn nothing happens. A host that does not know the message ends the socket; it
        is then not asked again, and the caller of this decides alone.
        """
        if self._post is None or not self._ready or not self._can_force:
            return False
        self._forced = self._post(_FORCE_END_TURN)
        return self._forced

    def configure(
        self,
        *,
        eot_threshold: float | None = None,
        eager_eot_threshold: float | None = None,
        eot_timeout_ms: int | None = None,
        keyterms: Sequence[str] | None = None,
    ) -> None:
        """Change how turns end, or the words to expect, from here on; on later sockets too."""
        wish: dict[str, Any] = {
            "eot_threshold": eot_threshold,
            "eager_eot_threshold": eager_eot_threshold,
            "eot_timeout_ms": eot_timeout_ms,
            "keyterms": None if keyterms is None else bounded_keyterms(keyterms),
        }
        self._wishes.wish({name: value for name, value in wish.items() if value is not None})

    # What a session asks of a recogniser.

    def url(self) -> str:
        settings, granted = self._settings, self._wishes.granted
        thresholds = {
            "eot_threshold": settings.eot_threshold,
            "eager_eot_threshold": settings.eager_eot_threshold or None,
            "eot_timeout_ms": settings.eot_timeout_ms,
        } | {name: granted[name] for name in _THRESHOLDS if name in granted}
        return listen_url(
            settings,
            "v2",
            [
                ("model", settings.stt_model or _MODEL),
                *AUDIO,
                *((name, f"{value:g}") for name, value in thresholds.items() if value is not None),
                *about_the_call(self._call_sid, granted.get("keyterms", self._keyterms)),
            ],
        )

    def opened(self, post: Callable[[str], bool]) -> None:
        self._post = post

    def closed(self) -> None:
        self._post = None
        self._ready = self._forced = False
        self._wishes.closed()

    def wants_silence(self, stopped_ms: float) -> bool:
        del stopped_ms
        return True

    def hear(self, message: str | bytes) -> list[Heard]:
        match parse_v2(message):
            case Connected():
                self._ready = True
                if self._post is not None:
                    self._wishes.opened(self._post)
                return [Heard(Sign.READY)]
            case TurnInfo() as turn:
                self._forced &= turn.event != "EndOfTurn"
                return _heard(turn)
            case Configured():
                self._wishes.answered(granted=True)
            case ConfigureRefused(code=code, description=description):
                log.warning("flux refused a change: %s %s", code, description)
                self._wishes.answered(granted=False)
            case Warned(code=code, description=description):
                self._forced &= not code.startswith("FORCE_END_TURN")
                log.info("flux warns: %s %s", code, description)
            case Failed(code=code, description=description):
                raise self._failure(code, description)
        return []

    def _failure(self, code: str, description: str) -> VendorError:
        """The end of a socket. What an older host did not understand is not said to it again."""
        if code == _UNPARSABLE and self._forced:
            self._can_force = False
        elif code == _UNPARSABLE:
            self._wishes.withdraw()
        kind = PermanentVendorError if code in _REFUSALS else TransientVendorError
        return kind(VENDOR, f"{code} {description}".strip())


def _heard(turn: TurnInfo) -> list[Heard]:
    sign = _SIGNS.get(turn.event)
    if sign is None:
        return []
    return [Heard(sign, turn.transcript.strip(), turn.words, until=turn.window_end)]


def _configure(wish: dict[str, Any]) -> dict[str, Any]:
    thresholds = {name: wish[name] for name in _THRESHOLDS if name in wish}
    message: dict[str, Any] = {"thresholds": thresholds} if thresholds else {}
    if "keyterms" in wish:
        message["keyterms"] = wish["keyterms"]
    return message
