"""Deepgram's `/v1/listen` (nova-3) as a state machine: frames, texts, clock times in, messages out.

Results cover the stream without gap: each final one takes the range from the end of the last. A
pause of `endpointing` (and of the profile's delay, drawn for every utterance) ends an utterance
with `speech_final`; a long utterance is finalised in parts at its short pauses; silence yields
finals without words. Interim results come about once a second. The stream's clock is its audio:
gaps do not advance it. Refuses to know sockets.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable
from typing import Any, Final

import attrs

from .hearing import LONG_PAUSE, Hearing
from .parameters import NovaSettings, too_many_tokens
from .words import Word, bare, confidence, transcript, written

INTERIM_SECONDS: Final = 1.0
QUIET_FINAL_SECONDS: Final = 4.0
"""A range without voice becomes a final without words after this."""

LONG_RANGE_SECONDS: Final = 3.0
"""A range of this length is finalised at the next short pause."""

ENTITY_SECONDS: Final = 3.0
"""How long a final that may end in the middle of an entity is held back."""

IDLE_SECONDS: Final = 10.0
CONFIGURE_SECONDS: Final = 0.05
SHORTEST_FLUSH_SECONDS: Final = 0.1
"""With less audio than this a Finalize gets no answer."""

_ENTITIES: Final = frozenset(
    {"zero", "oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"}
    | {"january", "february", "march", "april", "may", "june", "july", "august", "september"}
    | {"october", "november", "december", "at", "dot", "street"}
)

Message = dict[str, Any]


@attrs.frozen(kw_only=True)
class StreamFacts:
    """What a stream's messages say about it; times on Trio's clock, `created` on the wall's."""

    request_id: str
    model_uuid: str
    created: str
    opened_at: float


class NovaListen:
    """One stream. After each call `outbox` holds what to send, and `close` how to close then."""

    def __init__(
        self,
        hearing: Hearing,
        settings: NovaSettings,
        draw_delay: Callable[[], float],
        facts: StreamFacts,
    ) -> None:
        self.hearing = hearing
        self._settings = settings
        self._draw_delay = draw_delay
        self._facts = facts
        self._delay = hearing.end_after(draw_delay())
        self._digest = hashlib.sha256()
        self._heard_at = facts.opened_at
        self._any_audio = False
        self._configuring: tuple[float, Message] | None = None
        self._closing = False
        self._finalizing = False
        self._overdue = False
        self._announced = False
        self._polled_at = facts.opened_at
        self._range_start = 0.0
        self._given = 0
        self._next_interim = INTERIM_SECONDS
        self._word_end: float | None = None
        self.outbox: list[Message] = []
        self.close: tuple[int, str] | None = None
        self.late: list[float] = []

    def audio(self, data: bytes, now: float) -> None:
        """Audio that arrived at `now`. An empty message is no audio."""
        if not data:
            self.close = (1008, "DATA-0000")
            return
        self._heard_at, self._any_audio = now, True
        self._digest.update(data)
        for frame in self.hearing.frames(data):
            settled = self._settled
            if self.hearing.step(frame, now):
                self._voice_began(settled=settled)
            self.poll(now)
            self._tick()

    def text(self, data: str, now: float) -> None:
        """A text message that arrived at `now`."""
        if self._any_audio:  # a KeepAlive alone does not keep a stream that never had audio
            self._heard_at = now
        try:
            message = json.loads(data)
            kind = message.get("type") if isinstance(message, dict) else None
        except ValueError:
            kind = None
        if kind == "CloseStream":
            self._closing = True
            self.hearing.hush()
        elif kind == "Finalize":
            self._finalizing = True
            self.hearing.hush()
        elif kind == "Configure":
            self._configure(message, now)
        elif kind != "KeepAlive":
            self._unknown(kind, data)
        self.poll(now)

    def poll(self, now: float) -> None:
        """Say what is due at `now`, by the audio, the clock and the words."""
        self._polled_at = now
        hearing = self.hearing
        if self._configuring is not None and now >= self._configuring[0]:
            self.outbox.append(self._configuring[1])
            self._configuring = None
        if hearing.open and not hearing.speaking:
            if hearing.session.settled:
                self._pause(now)
            elif hearing.paused(self._end_after, now):
                self._overdue = True
        if (self._closing or self._finalizing) and not (hearing.open and not self._settled):
            self._flush()
        if now >= self._heard_at + IDLE_SECONDS:
            self.close = (1011, "NET-0001")

    @property
    def _settled(self) -> bool:
        return not self.hearing.speaking and self.hearing.session.settled

    @property
    def due(self) -> float:
        """The clock time at which `poll` is next wanted, apart from audio and words."""
        times = [self._heard_at + IDLE_SECONDS]
        if self._configuring is not None:
            times.append(self._configuring[0])
        if self.hearing.open and not self.hearing.speaking:
            times.append(self.hearing.last_voiced_at + self._end_after)
        return min((time for time in times if time > self._polled_at), default=math.inf)

    @property
    def _end_after(self) -> float:
        """Seconds of silence that end this utterance; never, with endpointing switched off."""
        if self._settings.endpointing is None:
            return math.inf
        after = max(self._settings.endpointing, self._delay)
        words = self._range_words()
        if self._settings.slow_entities and words and bare(words[-1].text) in _ENTITIES:
            return max(after, ENTITY_SECONDS)
        return after

    def _voice_began(self, *, settled: bool) -> None:
        """Voice has begun, or goes on after a pause in which the words had settled or not."""
        until = self.hearing.stretch_at
        if settled and until - self._range_start >= LONG_RANGE_SECONDS and self._range_words():
            self._results(is_final=True, until=until)
        if self._settings.vad_events and not self._announced:
            message = {"type": "SpeechStarted", "channel": [0, 1]}
            self.outbox.append({**message, "timestamp": round(self.hearing.voice_at, 2)})
        self._announced = True

    def _pause(self, now: float) -> None:
        """Voice has paused and its words are settled: is that the end, or the end of a part?"""
        hearing = self.hearing
        over = hearing.paused(self._end_after, now) and hearing.session.may_end(hearing.pause)
        if over or hearing.pause >= LONG_PAUSE:
            hearing.session.conclude()
        if not hearing.words():
            if hearing.pause >= LONG_PAUSE:
                self._next_utterance()
        elif over:
            if self._overdue:
                self.late.append(now - hearing.last_voiced_at - self._end_after)
            self._results(is_final=True, speech_final=True)
            self._next_utterance()
        elif self._settings.endpointing is None and hearing.pause >= LONG_PAUSE:
            self._results(is_final=True)
            self._next_utterance()

    def _next_utterance(self) -> None:
        self.hearing.finish()
        self._given = 0
        self._announced = self._overdue = False
        self._delay = self.hearing.end_after(self._draw_delay())

    def _tick(self) -> None:
        """What comes by the audio's clock alone."""
        hearing = self.hearing
        if not hearing.open and self._range >= QUIET_FINAL_SECONDS:
            self._results(is_final=True)
        elif self._settings.interim_results and hearing.position >= self._next_interim - 1e-6:
            self._results()
        after = self._settings.utterance_end
        if after is None or self._word_end is None or hearing.speaking:
            return
        if hearing.position - self._word_end >= after:
            end = round(self._word_end, 2)
            self.outbox.append({"type": "UtteranceEnd", "channel": [0, 1], "last_word_end": end})
            self._word_end = None

    def _flush(self) -> None:
        """Everything is settled: say the rest, as Finalize or CloseStream wants it."""
        if self.hearing.open:
            self.hearing.session.conclude()
        if self._closing or self._range >= SHORTEST_FLUSH_SECONDS:
            self._results(is_final=True, speech_final=True, from_finalize=self._finalizing)
        if self.hearing.open:
            self._next_utterance()
        if self._closing:
            self.outbox.append(self._metadata())
            self.close = (1000, "")
        self._finalizing = False

    @property
    def _range(self) -> float:
        """Seconds since the last final."""
        return self.hearing.position - self._range_start

    def _range_words(self) -> tuple[Word, ...]:
        return self.hearing.words()[self._given :]

    def _results(
        self,
        *,
        is_final: bool = False,
        speech_final: bool = False,
        from_finalize: bool = False,
        until: float | None = None,
    ) -> None:
        """Say what the range holds, up to now or to an earlier time."""
        end = self.hearing.position if until is None else until
        message = {
            "type": "Results",
            "channel_index": [0, 1],
            "duration": round(end - self._range_start, 2),
            "start": round(self._range_start, 2),
            "is_final": is_final,
            "speech_final": speech_final,
            "channel": {"alternatives": [self._alternative(complete=speech_final)]},
            "metadata": {
                "request_id": self._facts.request_id,
                "model_info": self._model_info(),
                "model_uuid": self._facts.model_uuid,
            },
            "from_finalize": from_finalize,
        }
        self.outbox.append(message)
        self._next_interim = self.hearing.position + INTERIM_SECONDS
        if is_final:
            if words := self.hearing.words():
                self._word_end = words[-1].end
            self._given = len(words)
            self._range_start = end

    def _alternative(self, *, complete: bool) -> Message:
        """The words of the range, written as the stream was asked to."""
        words = self.hearing.words()
        texts = written(words, complete=complete)
        if not self._settings.punctuate:
            texts = [bare(text) for text in texts]
        said = list(zip(words, texts, strict=True))[self._given :]
        return {
            "transcript": transcript([text for _, text in said]),
            "confidence": confidence([word for word, _ in said]),
            "words": [
                {
                    "word": bare(text),
                    "start": round(word.start, 2),
                    "end": round(word.end, 2),
                    "confidence": word.confidence,
                    "punctuated_word": text,
                }
                for word, text in said
            ],
        }

    def _model_info(self) -> Message:
        arch = "-".join(self._settings.model.split("-")[:2])
        return {"name": f"general-{arch}", "version": "2026-09-30.0", "arch": arch}

    def _metadata(self) -> Message:
        return {
            "type": "Metadata",
            "transaction_key": "deprecated",
            "request_id": self._facts.request_id,
            "sha256": self._digest.hexdigest(),
            "created": self._facts.created,
            "duration": round(self.hearing.position, 2),
            "channels": 1,
            "models": [self._facts.model_uuid],
            "model_info": {self._facts.model_uuid: self._model_info()},
        }

    def _configure(self, message: Message, now: float) -> None:
        """One Configure at a time; the answer takes a moment."""
        keyterms = message.get("keyterms", [])
        if self._configuring is not None:
            text = "The answer to the previous Configure is still to come."
            self.outbox.append(self._failure("CONFIGURE_ALREADY_PENDING", text))
        elif too_many_tokens(keyterms):
            text = "There are too many tokens in the keyterms."
            self.outbox.append(self._failure("CONFIGURE_KEYTERM_LIMIT_EXCEEDED", text))
        else:
            answer = {"type": "ConfigureSuccess", "request_id": self._facts.request_id}
            self._configuring = (now + CONFIGURE_SECONDS, {**answer, "keyterms": keyterms})

    def _failure(self, code: str, description: str) -> Message:
        answer = {"type": "ConfigureFailure", "request_id": self._facts.request_id}
        return {**answer, "code": code, "description": description}

    def _unknown(self, kind: object, data: str) -> None:
        text = f"Could not deserialize last text message: unknown variant `{kind}`"
        self.outbox.append(
            {"type": "Error", "variant": "SchemaError", "description": text, "message": data}
        )
