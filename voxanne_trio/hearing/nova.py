"""Deepgram nova-3 on `/v1/listen`: a recogniser of words, whose pauses we read as turns.

Results come for ranges of audio: interim ones may change, final ones never. A turn is all finals
up to the one marked `speech_final`, or up to an `UtteranceEnd` where noise kept the endpointer
waiting; an `UtteranceEnd` for words that have already ended a turn means nothing, and neither do
the empty finals of silence. `SpeechStarted` is quick but fires on noise, may repeat or be missing.

When the caller's stream stops, it is fed silence until what was said has ended; after that a
keep-alive is enough, if only some audio followed the opening.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Sequence
from typing import Final

from ..settings import Settings
from ..upstream import Dialer
from .address import AUDIO, about_the_call, bounded_keyterms, listen_url
from .draft import Heard, Sign, joined
from .listening import Listening
from .messages import (
    Configured,
    ConfigureRefused,
    Failed,
    Results,
    SpeechNoticed,
    UtteranceEnded,
    Word,
    parse_v1,
)
from .ring import AudioRing
from .session import Tell
from .wishes import Wishes

log = logging.getLogger("voxanne.hearing")

_MODEL: Final = "nova-3"
_UTTERANCE_END_MS: Final = 1_000
_SILENCE_FED_MS: Final = 2_000
"""Longer than both ways in which nova-3 ends an utterance."""
_FINALIZE: Final = '{"type":"Finalize"}'


class Nova:
    """`Ears` that hear through nova-3, for one call."""

    name = "nova"
    greets = False
    keep_alive = '{"type":"KeepAlive"}'

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
        self._wishes = Wishes(lambda wish: wish)
        self._post: Callable[[str], bool] | None = None
        # The finals of this turn; up to where they go, and up to where the last turn went.
        self._text = ""
        self._words: tuple[Word, ...] = ()
        self._settled = 0.0
        self._ended = 0.0
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
        self.finalize()

    def be_patient(self, patient: bool) -> None:
        """Nothing can be asked of nova-3: the floor itself holds the end of such a turn."""

    def finalize(self) -> bool:
        """Ask to settle what was heard, which ends the turn; False without a socket.

        There may be no answer when little was heard.
        """
        return self._post is not None and self._post(_FINALIZE)

    def configure(self, *, keyterms: Sequence[str]) -> None:
        """Change the words to expect, from here on; on later sockets too."""
        self._wishes.wish({"keyterms": bounded_keyterms(keyterms)})

    # What a session asks of a recogniser.

    def url(self) -> str:
        return listen_url(
            self._settings,
            "v1",
            [
                ("model", self._settings.stt_model or _MODEL),
                ("language", "en-US"),
                *AUDIO,
                ("channels", "1"),
                ("interim_results", "true"),
                ("endpointing", str(self._settings.endpointing_ms)),
                ("utterance_end_ms", str(_UTTERANCE_END_MS)),
                ("vad_events", "true"),
                ("smart_format", "true"),
                ("no_delay", "true"),  # or formatting may hold a final back for seconds
                ("numerals", "true"),
                *about_the_call(
                    self._call_sid, self._wishes.granted.get("keyterms", self._keyterms)
                ),
            ],
        )

    def opened(self, post: Callable[[str], bool]) -> None:
        self._text, self._words = "", ()
        self._settled = self._ended = 0.0
        self._post = post
        self._wishes.opened(post)

    def closed(self) -> None:
        self._post = None
        self._wishes.closed()

    def wants_silence(self, stopped_ms: float) -> bool:
        return stopped_ms < _SILENCE_FED_MS

    def hear(self, message: str | bytes) -> list[Heard]:
        match parse_v1(message):
            case Results() as results:
                return self._final(results) if results.is_final else self._interim(results)
            case SpeechNoticed(timestamp=timestamp):
                return [Heard(Sign.STARTED, self._text, self._words, started=timestamp)]
            case UtteranceEnded(last_word_end=last_word_end):
                return self._utterance_end(last_word_end)
            case Configured():
                self._wishes.answered(granted=True)
            case ConfigureRefused(code=code, description=description):
                log.warning("nova refused a change: %s %s", code, description)
                self._wishes.answered(granted=False)
            case Failed(code=code, description=description):
                log.warning("nova did not understand us: %s %s", code, description)
        return []

    def _interim(self, results: Results) -> list[Heard]:
        text = joined(self._text, results.transcript)
        words = self._words + results.words
        return [Heard(Sign.WORDS, text, words, until=results.end, settled=self._settled)]

    def _final(self, results: Results) -> list[Heard]:
        if said := results.transcript.strip():
            self._text = joined(self._text, said)
            self._words += results.words
        self._settled = max(self._settled, results.end)
        if self._text and (results.speech_final or results.from_finalize):
            return self._end()
        until = self._settled
        return [Heard(Sign.WORDS, self._text, self._words, until=until, settled=until)]

    def _utterance_end(self, last_word_end: float) -> list[Heard]:
        if not self._text or last_word_end <= self._ended:
            return []
        return self._end()

    def _end(self) -> list[Heard]:
        ended = Heard(
            Sign.ENDED, self._text, self._words, until=self._settled, settled=self._settled
        )
        self._text, self._words, self._ended = "", (), self._settled
        return [ended]
