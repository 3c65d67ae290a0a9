"""A line to a recogniser that lasts for the whole call, over as many sockets as it takes.

Owns what all recognisers share beyond one socket: connecting, reconnecting with back-off, replaying
what was lost, and when to say that hearing is lost. A socket that opens is not yet success: it is
when something was heard on it, or when it has lived for a second. Only then are the attempts
forgotten, and is a loss that was told told to be over. Where one socket after the other was mute,
living proves nothing any more; then hearing is lost although they all open.

Failures of the vendor end here; what escapes is a bug.
"""

from __future__ import annotations

import logging
import random
from typing import Final

import trio
import trio_websocket

from ..errors import PermanentVendorError, TransientVendorError, VendorError
from ..events import HearingLost, HearingRestored
from ..settings import Settings
from ..upstream import Dialer, open_websocket
from .alarm import Alarm
from .draft import Draft
from .ring import AudioRing
from .session import VENDOR, Recogniser, Session, Tell
from .watchdog import Watchdog

log = logging.getLogger("voxanne.hearing")

FIRST_BACKOFF_SECONDS: Final = 0.1
LONGEST_BACKOFF_SECONDS: Final = 2.0
LONGEST_RETRY_AFTER_SECONDS: Final = 5.0
FIRST_PATIENCE_SECONDS: Final = 2.0
PATIENCE_SECONDS: Final = 4.0
"""For the handshake, and for the greeting: the first try is soon given up, since another may have
better luck before the caller notices; later ones are given the time that a slow vendor needs."""


class Listening:
    """One call being heard."""

    def __init__(
        self,
        recogniser: Recogniser,
        settings: Settings,
        dialer: Dialer,
        rng: random.Random,
        *,
        call_sid: str,
        audio: AudioRing,
        tell: Tell,
    ) -> None:
        self._recogniser = recogniser
        self._dialer = dialer
        self._rng = rng
        self._call_sid = call_sid
        self._audio = audio
        self._tell = tell
        self._batch_ms = settings.stt_batch_ms
        self._headers = [(b"Authorization", f"Token {settings.deepgram_api_key}".encode())]
        self._draft = Draft(audio.arrived_at)
        self._alarm = Alarm(settings.hearing_limit_ms / 1000, self._lose)
        self._watchdog = Watchdog(settings.hearing_mute_ms)
        self._attempts = 0
        self._reason = "no answer yet"
        self._words_lost = False

    async def run(self) -> None:
        """Hear the call until cancelled; returns only when we are refused for good."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._alarm.run)
            await self._stay_connected()
            nursery.cancel_scope.cancel()

    @property
    def covered_until(self) -> float | None:
        """See `Ears.covered_until`."""
        return self._draft.covered_until

    async def _stay_connected(self) -> None:
        self._alarm.worry()
        while True:
            try:
                await self._connect()
            except PermanentVendorError as error:
                self._failed(error)
                self._alarm.ring()
                return
            except TransientVendorError as error:
                self._failed(error)
                self._alarm.worry()
                if self._watchdog.is_deaf:
                    self._alarm.ring()
                await trio.sleep(self._back_off(error.retry_after))

    async def _connect(self) -> None:
        """One socket to its end, which is always a `VendorError`."""
        url = self._recogniser.url()
        patience = PATIENCE_SECONDS if self._attempts else FIRST_PATIENCE_SECONDS
        async with open_websocket(
            self._dialer, url, vendor=VENDOR, headers=self._headers, connect_seconds=patience
        ) as socket:
            self._alarm.hold()
            request_id = _request_id(socket)
            log.info("%s hears %s (request %s)", self._recogniser.name, self._call_sid, request_id)
            if not self._audio.rewind(self._draft.replay_from_ms):
                self._words_lost = True
            session = Session(
                self._recogniser,
                self._draft,
                self._audio,
                self._tell,
                batch_ms=self._batch_ms,
                greeting_seconds=patience,
                watchdog=self._watchdog,
                prove=self._restore,
            )
            try:
                await session.run(socket)
            except VendorError as error:
                error.request_id = error.request_id or request_id
                raise

    def _failed(self, error: VendorError) -> None:
        self._attempts += 1
        self._reason = str(error)
        log.warning(
            "%s lost %s (attempt %d, request %s): %s",
            self._recogniser.name,
            self._call_sid,
            self._attempts,
            error.request_id or "unknown",
            error,
        )

    def _back_off(self, retry_after: float | None) -> float:
        longest = FIRST_BACKOFF_SECONDS * 2.0 ** min(self._attempts - 1, 10)
        wait = self._rng.uniform(0.5, 1.0) * min(longest, LONGEST_BACKOFF_SECONDS)
        return max(wait, min(retry_after or 0.0, LONGEST_RETRY_AFTER_SECONDS))

    def _lose(self) -> None:
        self._tell(HearingLost(self._reason, self._attempts))

    def _restore(self) -> None:
        told, lost = self._alarm.rang, self._words_lost
        self._alarm.calm()
        self._attempts, self._words_lost = 0, False
        if told or lost:
            self._tell(HearingRestored(words_lost=lost))


def _request_id(socket: trio_websocket.WebSocketConnection) -> str:
    for name, value in socket.handshake_headers:
        if name.lower() == b"dg-request-id":
            return value.decode("ascii", "replace")
    return "unknown"
